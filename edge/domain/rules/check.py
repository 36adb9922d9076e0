"""What a ruleset must be before it is used."""

import re
from typing import Final

from edge.domain import celengine as cel
from edge.domain.rules.document import Document

DOCUMENT_BYTES_MAX: Final = 200_000
"""A ruleset is journalled whole, so it fits an entry."""
EXPRESSION_CHARS_MAX: Final = 500
GRADES: Final = ("none", "accepted", "sent", "printer_confirmed", "scan_confirmed")
"""Grades of proof that a label is on the parcel, from least to most."""
STATE_KINDS: Final = ("start", "hold", "floor", "end")
NEEDED_STATES: Final = {
    "received": "start",
    "ready": "floor",
    "picking": "floor",
    "packing": "floor",
    "packed_checked": "floor",
    "shipped": "floor",
    "put_back": "floor",
    "cancelled": "end",
}
"""States that the floor's own actions know by name."""
VOCABULARY: Final = frozenset({"order"})
_MACRO_VARIABLE: Final = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")


def check(document: Document) -> list[str]:
    """Return every problem of a ruleset, each with its place."""
    from edge.domain.gates import GATES  # noqa: PLC0415 - gates judge orders by a ruleset

    states = [state.id for state in document.workflow.states]
    known = set(states)
    problems = [f"workflow.states: {each} twice" for each in known if states.count(each) > 1]
    kinds = {state.id: state.kind for state in document.workflow.states}
    waiting = {state for state, kind in kinds.items() if kind == "hold"}
    problems += [
        f"workflow.states: {state} must be there, of kind {kind}"
        for state, kind in NEEDED_STATES.items()
        if kinds.get(state) != kind
    ]
    for state, kind in kinds.items():
        if kind not in STATE_KINDS:
            problems.append(f"workflow.states: {state}: kind {kind} is none of {STATE_KINDS}")
        if kind == "start" and state != "received":
            problems.append(f"workflow.states: {state}: only received is of kind start")
    for at, transition in enumerate(document.workflow.transitions):
        place = f"workflow.transitions[{at}] ({transition.action})"
        unknown = {*transition.sources, transition.to} - known
        problems += [f"{place}: unknown state {state}" for state in sorted(unknown)]
        problems += [f"{place}: unknown gate {g}" for g in transition.gates if g not in GATES]
        if transition.to == "shipped" and (
            transition.frozen or not {"all_checked", "label_proved"} <= set(transition.gates)
        ):
            problems.append(
                f"{place}: shipped needs the gates all_checked and label_proved, and no freeze"
            )
    for at, hold in enumerate(document.workflow.holds):
        if hold.state not in waiting:
            problems.append(f"workflow.holds[{at}]: {hold.state} is not a state of kind hold")
        problems += _check_expression(f"workflow.holds[{at}].when", hold.when)
    for at, gift in enumerate(document.gifts):
        problems += _check_expression(f"gifts[{at}].when", gift.when)
    problems += _check_carriers(document)
    if document.labels.proof_least not in GRADES[1:]:
        problems.append(f"labels.proof_least: one of {', '.join(GRADES[1:])}")
    return problems


def _check_carriers(document: Document) -> list[str]:
    problems = []
    ids = [carrier.id for carrier in document.carriers]
    for at, carrier in enumerate(document.carriers):
        place = f"carriers[{at}] ({carrier.id})"
        services = [service.id for service in carrier.services]
        if not carrier.id or "/" in carrier.id or ids.count(carrier.id) > 1:
            problems.append(f"{place}: an id of its own, without a slash")
        problems += [f"{place}: service {s} twice" for s in set(services) if services.count(s) > 1]
        if carrier.pool_low < 0:
            problems.append(f"{place}: pool_low is a number of waybills, from 0")
        for no, forbid in enumerate(carrier.forbids):
            problems += _check_expression(f"carriers[{at}].forbids[{no}].when", forbid.when)
    return problems


def _check_expression(place: str, text: str) -> list[str]:
    if len(text) > EXPRESSION_CHARS_MAX:
        return [f"{place}: longer than {EXPRESSION_CHARS_MAX} characters"]
    try:
        program = cel.compile(text)
    except ValueError as error:
        return [f"{place}: {error}"]
    bound = set(_MACRO_VARIABLE.findall(text))
    unknown = set(program.references()["variables"]) - VOCABULARY - bound
    return [f"{place}: unknown name {name}" for name in sorted(unknown)]
