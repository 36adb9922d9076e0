"""The page about the workflow is what the table says."""

from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from edge.domain.gates import GATES
from edge.domain.refusals import FAULTS
from edge.domain.rules import load_ruleset
from edge.domain.workflow_doc import FAULT_MEANING, workflow_page
from edge.domain.workflow_picture import LANGUAGES, picture
from tests.domain.site import Site, changed_rules

PAGE = Path(__file__).parents[2] / "docs" / "WORKFLOW.md"


def test_the_page_is_up_to_date(site: Site) -> None:
    """docs/WORKFLOW.md is what the shipped ruleset says; write it again by: make docs (FLOW-2)."""
    assert PAGE.read_text("utf-8") == workflow_page(site.rules)


def test_the_page_names_everything(site: Site) -> None:
    """Every state, action, gate and refusal stands on the page; another ruleset makes another."""
    page = workflow_page(site.rules)
    flow = site.rules.document.workflow
    names = [*site.rules.states, *(way.action for way in flow.transitions), *GATES, *FAULTS]
    assert [name for name in names if f"`{name}`" not in page] == []
    assert set(FAULTS.values()) - set(FAULT_MEANING) == set()
    assert workflow_page(Site(rules=changed_rules()).rules) != page


def words(svg: str) -> str:
    """Return the text of a drawing without spaces; it must be well-formed XML."""
    return "".join("".join(ET.fromstring(svg).itertext()).split())  # noqa: S314 - our own


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_shows_every_state_and_way(site: Site, language: str) -> None:
    """Each state and action stands in the drawing by name, and the drawing is well-formed XML."""
    text = picture(site.rules, language, "packing")
    assert (PAGE.parent / "img" / f"workflow-{language}.svg").read_text("utf-8") == picture(
        site.rules, language
    )
    shown = words(text)
    names = [state.name for state in site.rules.document.workflow.states]
    names += [site.rules.action_name(action) for action in site.rules.actions]
    said = [name.zh if language == "zh" else name.en for name in names]
    assert [each for each in said if "".join(each.split()) not in shown] == []
    assert text.count(' now"') == 1


def test_another_ruleset_makes_another_picture() -> None:
    """A state that no code knows is drawn where its ways lead (FLOW-2)."""
    document = msgspec.json.decode(changed_rules())
    document["workflow"]["states"].append(
        {
            "id": "photo",
            "kind": "floor",
            "owner": "chief",
            "name": {"zh": "拍照 <&>", "en": "Photo"},
            "auto": ["photo.end"],
        }
    )
    document["workflow"]["actions"]["photo.end"] = {"zh": "拍完", "en": "Taken"}
    document["workflow"]["transitions"] += [
        {"action": "order.hold", "from": ["picked"], "to": "photo"},
        {"action": "photo.end", "from": ["photo"], "to": "packing"},
    ]
    document["roles"]["session.close"].append("chief")
    found = picture(load_ruleset(msgspec.json.encode(document)), "zh")
    assert ("拍照<&>" in words(found), "拍完" in words(found)) == (True, True)
