"""What is written about rulesets is what the code reads (RULE-1)."""

import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import msgspec

from edge.domain.ruleset_doc import ruleset_page, ruleset_schema
from edge.domain.trial import judge
from tests.domain.site import RULES

DOCS: Final = Path(__file__).parents[2] / "docs"


def test_page_and_schema_are_up_to_date() -> None:
    """docs/RULESET.md and docs/ruleset.schema.json are generated; write them by: make docs."""
    assert (DOCS / "RULESET.md").read_text("utf-8") == ruleset_page()
    assert (DOCS / "ruleset.schema.json").read_text("utf-8") == ruleset_schema()


def test_the_schema_takes_the_default_ruleset_and_refuses_others() -> None:
    """An editor that knows the schema agrees with the box about the shape of a document."""
    schema = msgspec.json.decode(ruleset_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    document: dict[str, Any] = msgspec.toml.decode(RULES)
    assert jsonschema.Draft202012Validator(schema).is_valid(document)
    states = document["workflow"]["states"]
    empty = states[0] | {"name": {"zh": " ", "en": "Received"}}
    away = document["workflow"]["transitions"][0] | {"gates": ["weather_fine"]}
    for wrong in (
        {"meta": {"id": "x"}},
        {"colour": 1},
        {"gifts": [{"id": "g"}]},
        {"roles": document["roles"] | {"pick.everything": ["picker"]}},
        {"workflow": document["workflow"] | {"states": [empty, *states[1:]]}},
        {"workflow": document["workflow"] | {"transitions": [away]}},
    ):
        assert not jsonschema.Draft202012Validator(schema).is_valid(document | wrong), wrong


def test_the_examples_of_the_page_are_good() -> None:
    """The default ruleset with every example of the page passes all checks, samples included."""
    examples = re.findall(r"```toml\n(.*?)```", ruleset_page(), re.DOTALL)
    assert len(examples) == 3
    judge("\n".join([RULES.decode(), *examples]).encode())
