"""What makes an order urgent: rules of the ruleset at acceptance and update, timers, a rush."""

from edge.domain.alarms import tell_rule_error
from edge.domain.facts import seen_of
from edge.domain.model import Order
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.workflow import order_refs


def prioritise(turn: Turn, order_id: str, rule: str, priority: str) -> None:
    """Put an order, and its task with it, before others; told to the floor by its entry."""
    order = turn.world.the(Order, order_id)
    if order.priority != priority and turn.rules.states[order.state].kind != "end":
        turn.emit(
            "order.prioritised",
            f"order:{order.id}",
            order_refs(order),
            order=order.id,
            rule=rule,
            priority=priority,
        )


def judge_priority(turn: Turn, order_id: str) -> None:
    """Give the order the priority of the first rule that is true of it (RULE-5).

    One that fails to answer makes nothing urgent, and is told to the supervisor.
    """
    order = turn.world.the(Order, order_id)
    rules = turn.rules.document.priorities.rules
    if not rules:
        return
    asked = seen_of(turn, order).asked
    for rule in rules:
        try:
            hit = turn.rules.is_true(rule.when, asked)
        except RefusedError as error:
            tell_rule_error(turn, f"order:{order.id}", error.refusal)
            hit = False
        if hit:
            prioritise(turn, order.id, rule.id, rule.priority)
            return
