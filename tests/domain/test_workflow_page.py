"""The page about the workflow is what the table says."""

from pathlib import Path

from edge.domain.gates import GATES
from edge.domain.refusals import FAULTS
from edge.domain.workflow_doc import FAULT_MEANING, workflow_page
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
