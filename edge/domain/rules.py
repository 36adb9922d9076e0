"""Rulesets: one versioned document that says what may happen on this floor.

Expressions are CEL (https://cel.dev), compiled once. A ruleset is checked as a whole before it is
used; every problem is reported with its place. An expression that fails at run time fails closed.
"""

import re
from functools import lru_cache
from typing import Any, Final

import msgspec

from edge.domain import celengine as cel
from edge.domain.model import Name
from edge.domain.refusals import RefusedError

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


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part of a ruleset document."""


class Meta(_Part, frozen=True):
    """Which ruleset this is."""

    id: str
    version: int


class State(_Part, frozen=True):
    """A state. `kind`: start, hold (waits for somebody), floor (in work) or end."""

    id: str
    kind: str
    owner: str
    name: Name


class Transition(_Part, frozen=True, rename={"sources": "from"}):
    """A way from states to a state, by an action, through gates."""

    action: str
    sources: tuple[str, ...]
    to: str
    gates: tuple[str, ...] = ()
    frozen: bool = False


class HoldRule(_Part, frozen=True):
    """Where an order waits when `when` is true of it."""

    state: str
    when: str


class Workflow(_Part, frozen=True):
    """States, transitions, and holds at acceptance."""

    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    holds: tuple[HoldRule, ...] = ()


class OrderTypes(_Part, frozen=True):
    """Types of order that this floor knows."""

    known: tuple[str, ...] = ()


class Give(_Part, frozen=True):
    """A gift."""

    sku: str
    qty: int = 1
    tracked: bool = True


class GiftRule(_Part, frozen=True):
    """What is given when `when` is true of an order."""

    id: str
    when: str
    give: tuple[Give, ...]


class Picking(_Part, frozen=True):
    """How pieces are counted."""

    each_max: int = 5
    tote_required: bool = True


class Labels(_Part, frozen=True):
    """What a label must prove before its order ships."""

    proof_least: str = "scan_confirmed"


class Freezes(_Part, frozen=True):
    """Seconds between the receipt of an interception and its effect, by category."""

    countdown_s: dict[str, int] = {}


class Lanes(_Part, frozen=True):
    """Which tag puts an order into the fast lane."""

    fast_tag: str = "24H"


class Priorities(_Part, frozen=True):
    """What makes an order urgent."""

    remark_words: tuple[str, ...] = ()


class Reason(_Part, frozen=True):
    """A reason that a person may choose."""

    code: str
    zh: str
    en: str


class Document(_Part, frozen=True):
    """A ruleset as it is written."""

    meta: Meta
    workflow: Workflow
    order_types: OrderTypes = OrderTypes()
    roles: dict[str, tuple[str, ...]] = {}
    gifts: tuple[GiftRule, ...] = ()
    picking: Picking = Picking()
    labels: Labels = Labels()
    freezes: Freezes = Freezes()
    lanes: Lanes = Lanes()
    priorities: Priorities = Priorities()
    reasons: dict[str, tuple[Reason, ...]] = {}


class RulesetError(Exception):
    """A ruleset cannot be used. `problems` names every fault with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Ruleset:
    """A checked and compiled ruleset."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.label = f"{document.meta.id}@{document.meta.version}"
        self.states = {state.id: state for state in document.workflow.states}
        self._by_action: dict[tuple[str, str], list[Transition]] = {}
        for transition in document.workflow.transitions:
            for source in transition.sources:
                self._by_action.setdefault((transition.action, source), []).append(transition)
        expressions = [hold.when for hold in document.workflow.holds]
        expressions += [gift.when for gift in document.gifts]
        self._programs = {text: cel.compile(text) for text in expressions}

    def transitions(self, action: str, state: str) -> list[Transition]:
        """Return the ways out of `state` by `action`, in the order they are tried."""
        return self._by_action.get((action, state), [])

    def actions_from(self, state: str) -> list[str]:
        """Return the actions that lead out of `state`."""
        return [action for action, source in self._by_action if source == state]

    def context(self, order: dict[str, Any]) -> cel.Context:
        """Return a context in which any number of this ruleset's expressions can be asked."""
        context = cel.Context()
        context.add_variable("order", order)
        return context

    def is_true(self, expression: str, context: cel.Context) -> bool:
        """Evaluate one of this ruleset's expressions.

        Raises:
            RefusedError: `rule_error`, where it raises or answers something else than a bool.
        """
        try:
            answer = self._programs[expression].execute(context)
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise RefusedError("rule_error", rule=expression, problem=str(error)) from error
        if not isinstance(answer, bool):
            raise RefusedError("rule_error", rule=expression, problem="not a yes or no")
        return answer

    def countdown_us(self, category: str) -> int:
        """Return µs from the receipt of an interception to its effect."""
        return self.document.freezes.countdown_s.get(category, 15) * 1_000_000

    def may(self, roles: tuple[str, ...], kind: str) -> bool:
        """Tell whether one of `roles` may send commands of `kind`."""
        return not set(roles).isdisjoint(self.document.roles.get(kind, ()))

    def knows_reason(self, group: str, code: str) -> bool:
        """Tell whether `code` is a reason of `group`."""
        return any(reason.code == code for reason in self.document.reasons.get(group, ()))


@lru_cache(maxsize=8)
def load_ruleset(raw: bytes) -> Ruleset:
    """Decode (TOML, or JSON if it begins with a brace), check and compile a ruleset.

    Raises:
        RulesetError: with every problem found.
    """
    if len(raw) > DOCUMENT_BYTES_MAX:
        raise RulesetError([f"larger than {DOCUMENT_BYTES_MAX} bytes"])
    decode = msgspec.json.decode if raw.lstrip()[:1] == b"{" else msgspec.toml.decode
    try:
        document = decode(raw, type=Document)
    except (ValueError, RecursionError) as error:
        raise RulesetError([str(error)]) from error
    if problems := check(document):
        raise RulesetError(problems)
    return Ruleset(document)


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
    if document.labels.proof_least not in GRADES[1:]:
        problems.append(f"labels.proof_least: one of {', '.join(GRADES[1:])}")
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
