"""Circuit breakers: rules that freeze an order and ask for a decision (FRZ-7).

A breaker is tried when an order is accepted and whenever its content changes. One that cannot be
answered counts as a hit. What a supervisor released does not trip by the same rule again.
"""

from typing import Any, Final

from edge.domain.alarms import tell_rule_error
from edge.domain.approving import ApprovalKind, register_approval, request_approval
from edge.domain.effects import alarm_holders, close_freeze
from edge.domain.facts import order_facts, seen_of
from edge.domain.model import Approval, Freeze, Order
from edge.domain.refusals import Refusal, RefusedError
from edge.domain.rulesets import active_rules
from edge.domain.turn import Turn
from edge.domain.workflow import order_refs, settle
from edge.domain.world import World

BREAKER: Final = "breaker"
"""Category of such freezes, and the kind of approval that ends them."""


def trip(turn: Turn, order_id: str) -> None:
    """Freeze the order by every breaker that it hits now."""
    order = turn.world.the(Order, order_id)
    if not turn.rules.document.breakers or turn.rules.states[order.state].kind == "end":
        return
    asked = seen_of(turn, order).asked
    known = {each.reason for each in order.freezes if each.category == BREAKER}
    for rule in turn.rules.document.breakers:
        if rule.id in known or rule.id in order.released:
            continue
        try:
            hit = turn.rules.is_true(rule.when, asked)
        except RefusedError as error:
            tell_rule_error(turn, f"order:{order.id}", error.refusal)
            hit = True
        if hit:
            _freeze(turn, order.id, rule.id, rule.when)


def _freeze(turn: Turn, order_id: str, rule: str, when: str) -> None:
    order, freeze = turn.world.the(Order, order_id), turn.env.new_id()
    turn.emit(
        "freeze.opened",
        f"order:{order.id}",
        (*order_refs(order), f"freeze:{freeze}"),
        order=order.id,
        freeze=freeze,
        category=BREAKER,
        instruction="",
        due_us=0,
        reason=rule,
        when=when,
    )
    request_approval(turn, BREAKER, order.id, rule, {"rule": rule})
    alarm_holders(turn, order, BREAKER, 0)


def _frozen_by(world: World, asked: Approval) -> Freeze | None:
    freezes = world.the(Order, asked.order).freezes
    tripped = (each for each in freezes if each.category == BREAKER)
    return next((each for each in tripped if each.reason == asked.data.get("rule")), None)


def _facts(world: World, asked: Approval) -> dict[str, Any]:
    order = world.the(Order, asked.order)
    return {
        "rule": asked.data.get("rule", ""),
        "order": order_facts(world, order, active_rules(world)),
    }


def _why_not(world: World, asked: Approval) -> Refusal | None:
    if _frozen_by(world, asked) is None:
        return Refusal("freeze_closed", {"order": asked.order})
    return None


def _release(turn: Turn, approval: Approval) -> None:
    freeze = _frozen_by(turn.world, approval)
    assert freeze is not None
    close_freeze(turn, approval.order, freeze, "released", approval=approval.id)
    settle(turn, turn.world.the(Order, approval.order))


register_approval(BREAKER, ApprovalKind(_facts, _release, _why_not, expired=None))
