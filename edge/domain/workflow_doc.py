"""The workflow of a ruleset as a page for people: states, ways, gates, refusals, a picture."""

from collections.abc import Iterable, Sequence
from typing import Final

from edge.domain.gates import GATES
from edge.domain.refusals import FAULTS, HTTP_STATUS, Fault
from edge.domain.rules import Ruleset, Transition

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
    Fault.STATE: "The floor's state says no: somebody was faster, something is not done yet",
    Fault.DATA: "What was scanned or typed is not what is needed",
    Fault.LIMIT: "Too much at once",
    Fault.US: "The box is at fault",
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
_LEFT_OUT: Final = """\
`hold` stands for every `hold_…`. `order.cancel`, which leads to `cancelled` or `put_back`, is left
out.
"""
_REFUSED: Final = """\
A refused command changes nothing and is on record. Texts by code are in
`ui_pwa/locales/zh.json` and `en.json`.
"""


def workflow_page(rules: Ruleset) -> str:
    """Return the page in Markdown."""
    flow = rules.document.workflow
    states = [
        (f"`{state.id}`", state.name.zh, state.name.en, state.kind, state.owner)
        for state in flow.states
    ]
    ways = [
        (
            f"`{way.action}`",
            _codes(way.sources),
            f"`{way.to}`",
            _codes(way.gates) or "–",
            "open" if way.frozen else "closed",
        )
        for way in flow.transitions
    ]
    holds = [(f"`{hold.state}`", _code(hold.when)) for hold in flow.holds]
    gates = [(f"`{name}`", _first_line(gate.check.__doc__)) for name, gate in GATES.items()]
    roles = [(f"`{kind}`", ", ".join(who)) for kind, who in rules.document.roles.items()]
    parts = [
        _HEAD.format(label=rules.label),
        "## States\n",
        _table(("state", "zh", "en", "kind", "owner"), states),
        *[f"- *{kind}*: {meaning}" for kind, meaning in KINDS.items()],
        "\n## Ways\n",
        _table(("action", "from", "to", "gates", "while frozen"), ways),
        _HOLD,
        "## Where an order waits at acceptance\n",
        "The first rule that is true of it decides ([CEL](https://cel.dev)).\n",
        _table(("state", "when"), holds),
        "## Gates\n",
        _table(("gate", "is open when"), gates),
        "## Who may do what\n",
        _table(("command", "any of the roles"), roles),
        "## The picture\n",
        _mermaid(flow.transitions),
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


def _mermaid(ways: Sequence[Transition]) -> str:
    """Return the state diagram. Cancelling is left out: it leads on from nearly everywhere."""
    seen: dict[tuple[str, str], list[str]] = {}
    for way in ways:
        for source in way.sources:
            if way.to and way.action != "order.cancel":
                seen.setdefault((_group(source), way.to), []).append(way.action)
    lines = ["```mermaid", "stateDiagram-v2", "  [*] --> received"]
    if any(_group(source) == "hold" for source, _ in seen):
        lines.append("  received --> hold: a rule says wait")
    for (source, target), actions in seen.items():
        lines.append(f"  {source} --> {target}: {', '.join(dict.fromkeys(actions))}")
    return "\n".join([*lines, "```", "", _LEFT_OUT])


def _group(state: str) -> str:
    return "hold" if state.startswith("hold_") else state


def _first_line(text: str | None) -> str:
    assert text is not None, "a gate says in its docstring when it is open"
    return text.partition("\n")[0]


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, ""])
