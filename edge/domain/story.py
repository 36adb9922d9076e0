"""The timeline of an order as a screen shows it: each step with its why (AUD-2).

A step answers which action it was, by which rule of which ruleset, on what data, who did it where,
and who approved it. Refusals are steps like others.
"""

from typing import Any, Final

import msgspec

from edge.domain.model import Name

_WHY: Final = ("rule", "when", "gates")
"""Fields of an entry's data that say by which rule it came about."""
_APART: Final = frozenset({*_WHY, "saw", "action", "from", "to", "order", "approved_by", "dseq"})


class Who(msgspec.Struct, frozen=True, gc=False):
    """A person by id and name."""

    id: str
    name: Name


class Moved(msgspec.Struct, frozen=True, gc=False, rename={"source": "from"}):
    """A change of state."""

    source: str
    to: str


class Said(msgspec.Struct, frozen=True, gc=False):
    """A "no": texts by code are in the locale files."""

    code: str
    facts: dict[str, Any]


class StoryStep(msgspec.Struct, frozen=True, gc=False):
    """One entry of an order's timeline."""

    seq: int
    at: int
    kind: str
    action: str
    moved: Moved | None
    rule: str | None
    gates: tuple[str, ...]
    rules: str
    """Version of the ruleset that decided."""
    saw: dict[str, Any]
    """What the rule looked at."""
    data: dict[str, Any]
    who: Who
    device: str
    via: str
    cause: str
    """Command that the step came of; the steps of one command share it."""
    approved_by: tuple[Who, ...]
    refused: Said | None


def people_of(entries: list[dict[str, Any]]) -> set[str]:
    """Return everybody whose name a story needs."""
    found = {entry["actor"] for entry in entries}
    for entry in entries:
        found |= set(_signers(entry))
    return found


def story(entries: list[dict[str, Any]], names: dict[str, Name]) -> list[StoryStep]:
    """Return the steps of a timeline, oldest first."""
    signed: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        if signers := _signers(entry):
            signed[entry["cause"]] = signers
    return [_step(entry, names, signed.get(entry["cause"], ())) for entry in entries]


def _signers(entry: dict[str, Any]) -> tuple[str, ...]:
    data = entry["data"]
    found = data.get("by") if entry["kind"] == "approval.decided" else data.get("approved_by")
    return tuple(found) if isinstance(found, list) else ()


def _step(entry: dict[str, Any], names: dict[str, Name], signers: tuple[str, ...]) -> StoryStep:
    data, kind = entry["data"], entry["kind"]
    is_no = kind in ("command.refused", "instruction.refused", "instruction.set_aside")
    rule = data.get("rule") or data.get("when")
    action = data.get("action") or (data.get("command") or data.get("kind") if is_no else kind)
    return StoryStep(
        seq=entry["seq"],
        at=entry["at"],
        kind=kind,
        action=str(action),
        moved=Moved(data["from"], data["to"]) if kind == "order.moved" else None,
        rule=str(rule) if rule else None,
        gates=tuple(data.get("gates", ())),
        rules=entry["rules"],
        saw=dict(data.get("saw") or {}),
        data={} if is_no else {name: data[name] for name in data if name not in _APART},
        who=_who(entry["actor"], names),
        device=entry["device"],
        via=entry["via"],
        cause=entry["cause"],
        approved_by=tuple(_who(each, names) for each in signers),
        refused=Said(data["code"], dict(data.get("facts") or {})) if is_no else None,
    )


def _who(person: str, names: dict[str, Name]) -> Who:
    return Who(person, names.get(person) or Name(person, person))
