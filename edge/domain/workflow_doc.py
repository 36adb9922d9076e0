"""The workflow of a ruleset as a page for people: states, ways, gates, refusals, a picture."""

from collections.abc import Iterable, Sequence
from typing import Final

from edge.domain.arrivals import ENTER
from edge.domain.gates import GATES
from edge.domain.refusals import FAULTS, HTTP_STATUS, Fault
from edge.domain.rules import Ruleset

KINDS: Final = {
    "start": "where every order begins; none rests here",
    "hold": "waits for somebody's decision",
    "floor": "in work",
    "end": "nothing leads on",
}
FAULT_MEANING: Final = {
    Fault.MALFORMED: "The message cannot be understood",
    Fault.SIGNED_OUT: "Nobody is signed in",
    Fault.ROLE: "The sender may not do this",
    Fault.UNKNOWN: "There is no such thing",
    Fault.GONE: "It was here, and is kept elsewhere now",
    Fault.STATE: "The floor's state says no: somebody was faster, something is not done yet",
    Fault.DATA: "What was scanned or typed is not what is needed",
    Fault.LIMIT: "Too much at once",
    Fault.US: "The box is at fault",
    Fault.NO_ROOM: "The box has no room for it now",
}

_HEAD: Final = """\
# The workflow of an order

Written by `make docs` from the ruleset `{label}` and the code that obeys it; a test fails when this
page is out of date. States, ways, waiting rules, gift rules, roles and thresholds are data: the hub
can send another ruleset, and a new state needs no release.

An order changes its state only by an action that carries its evidence. An action takes the first
way in the table whose gates are all open. An open *freeze* closes every way but those marked so.
"""
_HOLD: Final = """\
The hub's `order.hold` puts an order that nobody has begun to pick into a waiting state.
"""
_STATES: Final = """\
`enter` is done when an order comes to a state: each does nothing where nothing is to be done. The
actions of `auto` are then taken by themselves, as soon as their gates are open.
"""
_PICTURE: Final = """\
![The workflow, in Chinese](img/workflow-zh.svg)

![The workflow, in English](img/workflow-en.svg)

A running box draws its active ruleset at `/api/v1/workflow.svg?lang=zh&order=…`; the state of the
order stands out. Ways that would cross the middle are written on their cards.
"""
_REFUSED: Final = """\
A refused command changes nothing and is on record. Texts by code are in
`ui_pwa/locales/zh.json` and `en.json`.
"""


def workflow_page(rules: Ruleset) -> str:
    """Return the page in Markdown."""
    flow = rules.document.workflow
    states = [
        (
            f"`{state.id}`",
            state.name.zh,
            state.name.en,
            state.kind,
            state.desk or "–",
            state.owner,
            _codes(state.enter) or "–",
            _codes(state.auto) or "–",
        )
        for state in flow.states
    ]
    ways = [
        (
            f"`{way.action}`",
            rules.action_name(way.action).zh,
            rules.action_name(way.action).en,
            _codes(way.sources),
            f"`{way.to}`" if way.to else "stays",
            _codes(way.gates) or "–",
            "open" if way.frozen else "closed",
        )
        for way in flow.transitions
    ]
    holds = [(f"`{hold.state}`", _code(hold.when)) for hold in flow.holds]
    gates = [
        (f"`{code}`", each.name.zh, each.name.en, each.opens.zh, each.opens.en)
        for code, each in GATES.items()
    ]
    effects = [(f"`{code}`", each.name.zh, each.name.en) for code, each in ENTER.items()]
    carrier = [(f"`{each}`", f"`{action}`") for each, action in flow.carrier_actions.items()]
    roles = [(f"`{kind}`", ", ".join(who)) for kind, who in rules.document.roles.items()]
    parts = [
        _HEAD.format(label=rules.label),
        "## The picture\n",
        _PICTURE,
        "## States\n",
        _table(("state", "zh", "en", "kind", "desk", "owner", "enter", "auto"), states),
        *[f"- *{kind}*: {meaning}" for kind, meaning in KINDS.items()],
        "",
        _STATES,
        "## Ways\n",
        _table(("action", "zh", "en", "from", "to", "gates", "while frozen"), ways),
        _HOLD,
        "## What a carrier's status does\n",
        _table(("status", "action"), carrier),
        "## Where an order waits at acceptance\n",
        "The first rule that is true of it decides ([CEL](https://cel.dev)).\n",
        _table(("state", "when"), holds),
        "## Gates\n",
        _table(("gate", "zh", "en", "is open when (zh)", "is open when (en)"), gates),
        "## What is done on entry\n",
        _table(("effect", "zh", "en"), effects),
        "## Who may do what\n",
        _table(("command", "any of the roles"), roles),
        "## Refusals\n",
        _REFUSED,
        *_refusals(),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _refusals() -> Iterable[str]:
    for fault, meaning in FAULT_MEANING.items():
        codes = [code for code, whose in FAULTS.items() if whose is fault]
        if codes:
            yield f"- **{meaning}** ({HTTP_STATUS[fault]}): {_codes(sorted(codes))}"


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, ""])
