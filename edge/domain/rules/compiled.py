"""A ruleset that was read, checked and compiled."""

from functools import lru_cache
from typing import Any

import msgspec

from edge.domain import celengine as cel
from edge.domain.refusals import RefusedError
from edge.domain.rules.check import DOCUMENT_BYTES_MAX, check
from edge.domain.rules.document import Document, Transition


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
        expressions += [each.when for carrier in document.carriers for each in carrier.forbids]
        self.carriers = {carrier.id: carrier for carrier in document.carriers}
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

    def pool_low(self, carrier: str) -> int:
        """Return the number of free waybill numbers below which the hub is told."""
        known = self.carriers.get(carrier)
        return known.pool_low if known else 0

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
