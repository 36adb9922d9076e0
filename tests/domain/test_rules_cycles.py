"""Automatic actions come to rest: a ruleset in which they go round is refused (RULE-1)."""

import itertools
from typing import Any, Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain.rules import problem, read
from tests.domain.site import RULES, Site

TREE: Final[dict[str, Any]] = msgspec.toml.decode(RULES)
NAMES: Final = ("one", "two", "three", "four")
PAIRS: Final = [(a, b) for a, b in itertools.product(NAMES, NAMES)]


def ruleset(leads: dict[str, list[str]]) -> bytes:
    """Return a ruleset where a new order goes to `one`, and then by itself where `leads` says."""
    states = [
        {
            "id": name,
            "kind": "hold",
            "owner": "keeper",
            "name": {"zh": name, "en": name},
            "auto": [f"{name}.{to}" for to in leads.get(name, ())],
        }
        for name in NAMES
    ]
    ways: list[dict[str, Any]] = [
        {"action": f"{name}.{to}", "from": [name], "to": to} for name in leads for to in leads[name]
    ]
    ways.append({"action": "order.cancel", "from": list(NAMES), "to": "cancelled", "frozen": True})
    own = TREE["workflow"]
    kept = {name: TREE[name] for name in ("meta", "roles", "return_codes", "reasons")}
    workflow = {
        "states": [*own["states"], *states],
        "transitions": [*own["transitions"], *ways],
        "holds": [{"id": "all", "state": "one", "when": "true"}],
        "carrier_actions": own["carrier_actions"],
        "actions": own["actions"] | {way["action"]: {"zh": "走", "en": "Go"} for way in ways},
    }
    return msgspec.json.encode({**kept, "workflow": workflow})


def goes_round(leads: dict[str, list[str]]) -> bool:
    """Tell whether some state can be come back to, by trying every walk of that many steps."""
    at = set(NAMES)
    for _ in NAMES:
        at = {to for name in at for to in leads.get(name, ())}
    return bool(at)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.sets(st.sampled_from(PAIRS), max_size=6))
def test_what_passes_comes_to_rest(pairs: set[tuple[str, str]]) -> None:
    """A ruleset is refused exactly where a ring is in it; one that passes never runs on and on."""
    leads: dict[str, list[str]] = {}
    for name, to in sorted(pairs):
        leads.setdefault(name, []).append(to)
    raw = ruleset(leads)
    found = read(raw)[2]
    assert {each.code for each in found} == ({"automatic_cycle"} if goes_round(leads) else set())
    if not found:
        site = Site(rules=raw)
        assert site.assign().facts.get("code", "ok") == "ok"
        assert site.state() in {*NAMES} - leads.keys()


def test_a_cycle_is_told_with_its_place() -> None:
    """The action that closes the ring is named with line, path, the whole ring and what to do."""
    text = RULES.decode()
    assert text.count('auto = ["return.finish"]') == 1
    looped = text.replace(
        'desk = "back"\nenter = ["lift_return"]',
        'desk = "back"\nenter = ["lift_return"]\nauto = ["return.again"]',
    ).replace(
        "# ---- what the actions are called",
        '[[workflow.transitions]]\naction = "return.again"\n'
        'from = ["returned"]\nto = "returning"\n\n'
        "# ---- what the actions are called",
    )
    name = '"return.again" = { zh = "再退", en = "Back again" }'
    looped = looped.replace("[workflow.actions]", f"[workflow.actions]\n{name}", 1)
    line = looped[: looped.index('auto = ["return.again"]')].count("\n") + 1
    assert read(looped.encode())[2] == [
        problem(
            "workflow.states[23].auto[0]",
            line,
            "automatic_cycle",
            {"ring": "returning → returned → returning", "action": "return.again"},
        )
    ]


def test_acceptance_is_part_of_the_ring() -> None:
    """What comes back to the first state is accepted at once: that may close a ring (RULE-1)."""
    text = RULES.decode().replace('auto = ["pick.finish"] ', 'auto = ["order.update"] ', 1)
    found = read(text.encode())[2]
    assert [each.text.en for each in found] == [
        "automatic actions go round for ever: received → ready → received"
    ]


def test_a_state_that_leads_to_itself_is_one_too() -> None:
    """An automatic action that leads to its own state is a ring of one (RULE-1)."""
    found = read(ruleset({"one": ["one"]}))[2]
    assert [each.text.en for each in found] == ["automatic actions go round for ever: one → one"]
