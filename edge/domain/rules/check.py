"""What a ruleset must be before it is used.

`read` goes through a document once and reports every fault with its place: syntax, shape, names
that name nothing, expressions, and what the functions of `CHECKS` know of the parts. Each of those
looks at one thing; add another beside them.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from edge.domain.rules.document import TIMER_EVENTS, Document
from edge.domain.rules.expressions import check_condition
from edge.domain.rules.graph import check_graph
from edge.domain.rules.problems import Path, Problem, Report, RulesetError, problem
from edge.domain.rules.shape import Mark, Shape
from edge.domain.rules.source import locate, parse
from edge.domain.rules.wording import choices

DOCUMENT_BYTES_MAX: Final = 200_000
"""A ruleset is journalled whole, so it fits an entry."""
RETRIES_MAX: Final = 10
RETRY_PAUSE_MS_MAX: Final = 60_000
QUEUE_TIME_MAX: Final = 10_000
"""Seconds or minutes, by the field's unit."""
EVIDENCE_KINDS: Final = ("photo", "video")
GRADES: Final = ("none", "accepted", "sent", "printer_confirmed", "scan_confirmed")
"""Grades of proof that a label is on the parcel, from least to most."""
STATE_KINDS: Final = ("start", "hold", "floor", "end")
NEEDED_STATES: Final = {"shipped": "floor"}
"""States that the code knows by name: the one that needs proof, whatever leads to it."""


def read(raw: bytes) -> tuple[Document | None, list[str], list[Problem]]:
    """Return a document, its conditions, and every problem with its place.

    The document is None where it could not be read as one; with problems it is not to be used.
    """
    if len(raw) > DOCUMENT_BYTES_MAX:
        return None, [], [problem("", 0, "size", {"most": DOCUMENT_BYTES_MAX})]
    try:
        tree = parse(raw)
    except RulesetError as error:
        return None, [], error.problems
    report = Report(locate(raw))
    shape = Shape(report)
    mended = shape.read(msgspec.inspect.type_info(Document), tree)
    try:
        document = msgspec.convert(mended, Document)
    except msgspec.ValidationError as error:
        if not report.count:
            report.fault((), "wrong_type.said", said=str(error))
        return None, [], report.problems
    conditions = _check_marks(report, document, shape.marks)
    for check in CHECKS:
        check(document, report)
    return document, conditions, report.problems


def _check_marks(report: Report, document: Document, marks: Iterable[Mark]) -> list[str]:
    """Hold names to what there is, and conditions to the vocabulary; return the conditions."""
    known = _known(document)
    conditions = {}
    for mark in marks:
        if mark.sort != "condition":
            if mark.value not in known[mark.sort]:
                report.unknown(mark.path, mark.sort, mark.value[:80], known[mark.sort])
        elif mark.value not in conditions:
            conditions[mark.value] = mark.path
            check_condition(report, mark.path, mark.value, ("order",))
    return list(conditions)


def _known(document: Document) -> dict[str, set[str]]:
    """Return what there is of each sort of thing that a document may name."""
    from edge.domain.arrivals import ENTER  # noqa: PLC0415
    from edge.domain.commands import KINDS  # noqa: PLC0415 - commands and gates are judged by rules
    from edge.domain.gates import GATES  # noqa: PLC0415

    return {
        "state": {state.id for state in document.workflow.states},
        "action": {way.action for way in document.workflow.transitions},
        "effect": set(ENTER),
        "gate": set(GATES),
        "role": {role for roles in document.roles.values() for role in roles},
        "command": set(KINDS),
    }


def _states(document: Document, report: Report) -> None:
    """The states that the floor needs are there, each once, each of a kind."""
    states = document.workflow.states
    path: Path = ("workflow", "states")
    report.unique(path, "id", [state.id for state in states])
    kinds = {state.id: state.kind for state in states}
    for state, kind in NEEDED_STATES.items():
        if kinds.get(state) != kind:
            report.fault(path, "needed_state", state=state, kind=kind)
    for at, state_ in enumerate(states):
        place = (*path, at, "kind")
        if state_.kind not in STATE_KINDS:
            report.unknown(place, "kind", state_.kind, STATE_KINDS)
    if [state_.kind for state_ in states].count("start") != 1:
        report.fault(path, "one_start")


def _actions(document: Document, report: Report) -> None:
    """Every action is taken by something: a command, the state itself, or a carrier's status."""
    from edge.domain.workflow import TAKEN  # noqa: PLC0415 - the workflow asks the rules

    flow = document.workflow
    taken = TAKEN | {each for state in flow.states for each in state.auto}
    taken |= set(flow.carrier_actions.values())
    for at, way in enumerate(flow.transitions):
        place: Path = ("workflow", "transitions", at, "action")
        if way.action not in taken:
            report.unknown(place, "action", way.action, taken)
        elif way.action not in flow.actions:
            report.fault(place, "unnamed_action", action=way.action)


def _ways_to_shipped(document: Document, report: Report) -> None:
    """Nothing ships without a check and a proof, nor while it is frozen (FLOW-4)."""
    for at, way in enumerate(document.workflow.transitions):
        if way.to == "shipped" and (
            way.frozen or not {"all_checked", "label_proved"} <= set(way.gates)
        ):
            report.fault(("workflow", "transitions", at), "shipped_unproved")


def _holds(document: Document, report: Report) -> None:
    """Who waits, waits in a state of kind hold."""
    waiting = {state.id for state in document.workflow.states if state.kind == "hold"}
    for at, hold in enumerate(document.workflow.holds):
        if hold.state not in waiting:
            place: Path = ("workflow", "holds", at, "state")
            advice = choices(hold.state, waiting)
            report.fault(place, "not_a_hold", advice=advice, state=hold.state)


def _carriers(document: Document, report: Report) -> None:
    """Carriers, their services and what they forbid stand once each."""
    report.unique(("carriers",), "id", [carrier.id for carrier in document.carriers])
    for at, carrier in enumerate(document.carriers):
        place = ("carriers", at)
        services = [service.id for service in carrier.services]
        report.unique((*place, "services"), "id", services)
        report.unique((*place, "forbids"), "id", [forbid.id for forbid in carrier.forbids])


def _evidence(document: Document, report: Report) -> None:
    """Evidence is of a kind that can be attached."""
    for at, rule in enumerate(document.evidence):
        for no, kind in enumerate(rule.kinds):
            if kind not in EVIDENCE_KINDS:
                report.unknown(("evidence", at, "kinds", no), "kind", kind, EVIDENCE_KINDS)


def _thresholds(document: Document, report: Report) -> None:
    """A label must prove something."""
    grade = document.labels.proof_least
    if grade not in GRADES[1:]:
        report.unknown(("labels", "proof_least"), "grade", grade, GRADES[1:])


def _print_queue(document: Document, report: Report) -> None:
    """Waits and retries are bounded."""
    queue = document.labels.queue
    place: Path = ("labels", "queue")
    for name in ("proof_s", "settle_s", "hold_min", "slip_after_s", "expire_min"):
        if not 1 <= getattr(queue, name) <= QUEUE_TIME_MAX:
            report.fault((*place, name), "out_of_range.number", least=1, most=QUEUE_TIME_MAX)
    pauses = queue.retry_pauses_ms
    if len(pauses) > RETRIES_MAX or not all(0 <= each <= RETRY_PAUSE_MS_MAX for each in pauses):
        report.fault(
            (*place, "retry_pauses_ms"), "out_of_range.pauses",
            pauses=f"{pauses}", most=RETRIES_MAX, most_ms=RETRY_PAUSE_MS_MAX,
        )  # fmt: skip


def _ids(document: Document, report: Report) -> None:
    """What is named, is named once."""
    report.unique(("gifts",), "id", [gift.id for gift in document.gifts])
    for at, gift in enumerate(document.gifts):
        report.unique(("gifts", at, "give"), "sku", [give.sku for give in gift.give])
    quotas = document.stock.quotas
    report.unique(("stock", "quotas"), "id", [quota.id for quota in quotas])
    report.unique(("print_ahead",), "id", [rule.id for rule in document.print_ahead])
    codes = [each.code for each in document.return_codes]
    report.unique(("return_codes",), "code", codes)
    report.unique(("breakers",), "id", [rule.id for rule in document.breakers])
    report.unique(("priorities", "rules"), "id", [rule.id for rule in document.priorities.rules])
    for group, reasons in document.reasons.items():
        report.unique(("reasons", group), "code", [reason.code for reason in reasons])


def _timers(document: Document, report: Report) -> None:
    """Timers start and end by events that there are."""
    report.unique(("timers",), "id", [rule.id for rule in document.timers])
    for at, rule in enumerate(document.timers):
        for field in ("starts", "ends"):
            for n, event in enumerate(getattr(rule, field)):
                if event.partition(":")[0] not in TIMER_EVENTS:
                    report.unknown(("timers", at, field, n), "event", event, TIMER_EVENTS)


def _approvals(document: Document, report: Report) -> None:
    """Each approval is of a kind that there is, and needs 1 to 3 signatures."""
    from edge.domain import decide  # noqa: F401, PLC0415 - every kind is registered with it
    from edge.domain.approving import SIGNATURES_MAX, approval_kinds  # noqa: PLC0415

    for kind, policy in document.approvals.items():
        place: Path = ("approvals", kind)
        if kind not in approval_kinds():
            report.unknown(place, "approval", kind, approval_kinds())
        if not 1 <= len(policy.sign) <= SIGNATURES_MAX or not all(policy.sign):
            count = len(policy.sign)
            report.fault((*place, "sign"), "signatures", count=count, most=SIGNATURES_MAX)


CHECKS: Final[tuple[Callable[[Document, Report], None], ...]] = (
    _states,
    _actions,
    check_graph,
    _ways_to_shipped,
    _holds,
    _carriers,
    _evidence,
    _thresholds,
    _print_queue,
    _timers,
    _approvals,
    _ids,
)
"""What is checked of a document that has its shape."""
