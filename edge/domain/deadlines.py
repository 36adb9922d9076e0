"""Timers of the ruleset: armed and disarmed by what happens to an order (FLOW-11, FLOW-12).

`follow` reads the entries of a decision. One that a timer starts by arms it, one that it ends by
disarms it; an order that has ended has no timers. A timer that is due already when it starts fires
at once. What runs keeps the delay it was armed with; what it does is read when it fires, from the
ruleset that decides then, and a timer that is no longer in there does nothing.
"""

from typing import Final

from edge.domain.alarms import raise_alarm, tell_rule_error
from edge.domain.entries import Draft
from edge.domain.facts import seen_of
from edge.domain.model import Assignment, Deadlines, Order, Timer
from edge.domain.priorities import prioritise
from edge.domain.refusals import RefusedError
from edge.domain.rules.compiled import Asked
from edge.domain.rules.document import TIMER_EVENTS, TimerRule
from edge.domain.timing import US_PER_S, arm_timer, disarm_timer, on_fire
from edge.domain.turn import Turn

PURPOSE: Final = "order.deadline"


def follow(turn: Turn) -> None:
    """Arm and disarm what the entries of this decision start and end."""
    for draft in tuple(turn.drafts):
        if draft.kind not in TIMER_EVENTS:
            continue
        value = str(draft.data.get(TIMER_EVENTS[draft.kind], ""))
        for order_id in _orders(draft):
            _follow(turn, draft, order_id, (draft.kind, f"{draft.kind}:{value}"))


def _orders(draft: Draft) -> list[str]:
    if "order" in draft.data:
        return [draft.data["order"]]
    return [ref.partition(":")[2] for ref in draft.refs if ref.startswith("order:")]


def _follow(turn: Turn, draft: Draft, order_id: str, events: tuple[str, ...]) -> None:
    order = turn.world.the(Order, order_id)
    if draft.kind == "order.moved" and turn.rules.states[draft.data["to"]].kind == "end":
        _disarm(turn, order_id, None)
        return
    asked: Asked | None = None
    for event in events:
        for rule in turn.rules.timers_from(event):
            if rule.id in _armed(turn, order_id):
                continue
            asked = asked or seen_of(turn, order).asked
            if _concerns(turn, order, rule, asked):
                _start(turn, draft, order, rule, set(events))
        for rule in turn.rules.timers_until(event):
            _disarm(turn, order_id, rule.id)


def _armed(turn: Turn, order_id: str) -> dict[str, str]:
    found = turn.world.get(Deadlines, order_id)
    return found.timers if found else {}


def _concerns(turn: Turn, order: Order, rule: TimerRule, asked: Asked) -> bool:
    """Tell whether a timer is for this order; one that cannot be answered is."""
    try:
        return turn.rules.is_true(rule.when, asked)
    except RefusedError as error:
        tell_rule_error(turn, f"order:{order.id}", error.refusal)
        return True


def _start(turn: Turn, draft: Draft, order: Order, rule: TimerRule, events: set[str]) -> None:
    content = turn.world.the(Assignment, order.id)
    # the hub's own time of issue counts where the box's clock is behind it
    now_us = max(draft.at_us, draft.data.get("issued_at", 0))
    since_us = {
        "event": now_us,
        "paid": content.paid_us or now_us,
        "created": content.created_us or now_us,
    }[rule.since]
    if rule.plus_promise and not content.promise_us:
        return
    due_us = since_us + rule.after_s * US_PER_S + (content.promise_us if rule.plus_promise else 0)
    left_us = max(0, due_us - now_us)
    if left_us and not events.isdisjoint(rule.ends):
        return
    arm_timer(turn, PURPOSE, f"rule:{rule.id}:{order.id}", left_us, (f"order:{order.id}",))


def _disarm(turn: Turn, order_id: str, rule: str | None) -> None:
    """Disarm the order's timer of `rule`, or all of them."""
    for name, timer in _armed(turn, order_id).items():
        if rule in (None, name) and turn.world.the(Timer, timer).delay_us:
            disarm_timer(turn, timer)


@on_fire(PURPOSE)
def _miss(turn: Turn, timer: Timer) -> None:
    """Do what the rule says of an order whose deadline has passed, once."""
    _, rule_id, order_id = timer.subject.split(":", 2)
    rule = turn.rules.timer(rule_id)
    if rule is None:
        return
    subject = f"order:{order_id}"
    turn.emit("deadline.missed", subject, order=order_id, rule=rule.id, due_us=timer.due_us)
    if rule.mark and rule.mark not in turn.world.the(Order, order_id).marks:
        turn.emit("order.marked", subject, order=order_id, mark=rule.mark)
    if rule.priority:
        prioritise(turn, order_id, rule.id, rule.priority)
    if rule.alarm:
        name = {"zh": rule.name.zh, "en": rule.name.en}
        facts = {"order": order_id, "rule": rule.id, "name": name}
        raise_alarm(turn, subject, "deadline_missed", facts, roles=rule.alarm)
