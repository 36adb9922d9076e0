"""A ruleset that was read, checked and compiled."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from edge.domain import celengine as cel
from edge.domain.model import Name
from edge.domain.refusals import RefusedError
from edge.domain.rules.check import read
from edge.domain.rules.document import ApprovalPolicy, Document, TimerRule, Transition
from edge.domain.rules.expressions import FAILURES, NESTED_ITEMS_MAX, asked_names, is_nested
from edge.domain.rules.problems import RulesetError

SEEN_ITEMS_MAX: Final = 20
"""Items of a list that an entry repeats."""


class Asked(NamedTuple):
    """What expressions are asked about."""

    context: cel.Context
    longest: int
    """Items in the longest list."""


class Ruleset:
    """A checked and compiled ruleset."""

    def __init__(self, document: Document, conditions: Iterable[str]) -> None:
        self.document = document
        self.label = f"{document.meta.id}@{document.meta.version}"
        self.states = {state.id: state for state in document.workflow.states}
        self.start = next(state.id for state in document.workflow.states if state.kind == "start")
        self.actions = tuple(dict.fromkeys(way.action for way in document.workflow.transitions))
        self._by_action: dict[tuple[str, str], list[Transition]] = {}
        for transition in document.workflow.transitions:
            for source in transition.sources:
                self._by_action.setdefault((transition.action, source), []).append(transition)
        self.carriers = {carrier.id: carrier for carrier in document.carriers}
        self._timers = {rule.id: rule for rule in document.timers}
        self._started: dict[str, list[TimerRule]] = {}
        self._ended: dict[str, list[TimerRule]] = {}
        for rule in document.timers:
            for event in rule.starts:
                self._started.setdefault(event, []).append(rule)
            for event in rule.ends:
                self._ended.setdefault(event, []).append(rule)
        self._programs = {text: cel.compile(text) for text in conditions}
        self._asks = {text: asked_names(text, "order") for text in self._programs}
        self._nested = frozenset(text for text in self._programs if is_nested(text))

    def transitions(self, action: str, state: str) -> list[Transition]:
        """Return the ways out of `state` by `action`, in the order they are tried."""
        return self._by_action.get((action, state), [])

    def action_name(self, action: str) -> Name:
        """Return what an action is called."""
        return self.document.workflow.actions.get(action) or Name(action, action)

    def allows(self, action: str, state: str) -> bool:
        """Tell whether `state` knows `action` at all, whatever its gates say."""
        return (action, state) in self._by_action

    def desk(self, state: str) -> str:
        """Return the part of the floor that `state` belongs to: pick, pack, dock, back or none."""
        return self.states[state].desk

    def is_over(self, state: str) -> bool:
        """Tell whether nobody is to pick, pack or send an order in `state` any more."""
        found = self.states[state]
        return found.kind == "end" or found.desk == "back"

    def actions_from(self, state: str) -> list[str]:
        """Return the actions that lead out of `state`."""
        return [action for action, source in self._by_action if source == state]

    def context(self, order: dict[str, Any]) -> Asked:
        """Return what any number of this ruleset's expressions can be asked about."""
        context = cel.Context()
        context.add_variable("order", order)
        longest = max((len(each) for each in order.values() if isinstance(each, list)), default=0)
        return Asked(context, longest)

    def is_true(self, expression: str, asked: Asked) -> bool:
        """Evaluate one of this ruleset's expressions.

        Raises:
            RefusedError: `rule_error`, where it raises, answers something else than a bool, or
                would take too long.
        """
        if expression in self._nested and asked.longest > NESTED_ITEMS_MAX:
            problem = f"a nested macro over more than {NESTED_ITEMS_MAX} items"
            raise RefusedError("rule_error", rule=expression, problem=problem)
        try:
            answer = self._programs[expression].execute(asked.context)
        except FAILURES as error:
            raise RefusedError("rule_error", rule=expression, problem=str(error)) from error
        if not isinstance(answer, bool):
            raise RefusedError("rule_error", rule=expression, problem="not a yes or no")
        return answer

    def saw(self, expression: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Return what of `facts` an expression asks about; of long lists their length."""
        return {
            name: f"{len(facts[name])} items"
            if isinstance(facts[name], list) and len(facts[name]) > SEEN_ITEMS_MAX
            else facts[name]
            for name in self._asks[expression]
            if name in facts
        }

    def countdown_us(self, category: str) -> int:
        """Return µs from the receipt of an interception to its effect."""
        return self.document.freezes.countdown_s.get(category, 15) * 1_000_000

    def contradict(self, one: str, other: str) -> bool:
        """Tell whether interceptions of two categories cannot both be meant."""
        pairs = self.document.freezes.contradictions
        return (one, other) in pairs or (other, one) in pairs

    def timer(self, rule_id: str) -> TimerRule | None:
        """Return a timer by its id."""
        return self._timers.get(rule_id)

    def timers_from(self, event: str) -> list[TimerRule]:
        """Return the timers that `event` starts."""
        return self._started.get(event, [])

    def timers_until(self, event: str) -> list[TimerRule]:
        """Return the timers that `event` ends."""
        return self._ended.get(event, [])

    def pool_low(self, carrier: str) -> int:
        """Return the number of free waybill numbers below which the hub is told."""
        known = self.carriers.get(carrier)
        return known.pool_low if known else 0

    def approval(self, kind: str) -> ApprovalPolicy:
        """Return who asks and who signs for `kind`; a supervisor alone where nothing is said."""
        unnamed = ApprovalPolicy(name=Name(kind, kind), answers={})
        return self.document.approvals.get(kind, unnamed)

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
    document, conditions, problems = read(raw)
    if document is None or problems:
        raise RulesetError(problems)
    return Ruleset(document, conditions)


@lru_cache(maxsize=8)
def in_force(raw: bytes, left: tuple[bytes, ...] = ()) -> Ruleset:
    """Compile a ruleset that was accepted once, whatever a newer Floorgate thinks of it.

    States that it lacks and a ruleset in `left` has are kept, with their ways out.

    Raises:
        RulesetError: it is no ruleset at all any more.
    """
    document, conditions, problems = read(raw)
    if document is None:
        raise RulesetError(problems)
    workflow = document.workflow
    for each in left:
        more = in_force(each).document.workflow
        known = {state.id for state in workflow.states}
        states = tuple(state for state in more.states if state.id not in known)
        kept = {state.id for state in states}
        ways = tuple(
            msgspec.structs.replace(way, sources=tuple(s for s in way.sources if s in kept))
            for way in more.transitions
            if kept.intersection(way.sources)
        )
        workflow = msgspec.structs.replace(
            workflow,
            states=(*workflow.states, *states),
            transitions=(*workflow.transitions, *ways),
        )
    return Ruleset(msgspec.structs.replace(document, workflow=workflow), conditions)
