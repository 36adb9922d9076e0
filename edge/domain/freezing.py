"""Interception: a freeze closes every way of an order until its effect, or until it is revoked."""

from typing import Any, Final

from edge.domain.commands import AlarmAck, TimerFire
from edge.domain.entries import PersonalRecord
from edge.domain.labelling import ship_if_proved
from edge.domain.model import Alarm, Assignment, Freeze, Order, Task
from edge.domain.orders import arm_timer, end, the_order, timer_of
from edge.domain.personal import seal
from edge.domain.refusals import RefusedError, refused
from edge.domain.turn import Turn
from edge.domain.workflow import frozen, order_refs

Facts = dict[str, Any]
US_PER_S: Final = 1_000_000
COUNTDOWN_S_MAX: Final = 86_400
"""The longest that an interception may wait for its effect."""


def open_freeze(turn: Turn, body: dict[str, Any], **link: Any) -> None:  # noqa: ANN401
    """Freeze an order on receipt of an interception; the effect comes when its countdown ends."""
    order = the_order(turn, str(body["order_id"]))
    category = str(body.get("category") or "cancel")
    state = turn.rules.states[order.state]
    if state.kind == "end" or order.state == "put_back":
        raise RefusedError("order_ended", order=order.id, state=order.state)
    if any(freeze.category == category for freeze in order.freezes):
        raise refused(frozen(order))
    countdown_us = turn.rules.countdown_us(category)
    asked_s = body.get("countdown_s")
    if isinstance(asked_s, int):
        countdown_us = min(max(0, asked_s), COUNTDOWN_S_MAX) * US_PER_S
    freeze = turn.env.new_id()
    due_us = turn.env.now_us + countdown_us
    refs = (*order_refs(order), f"freeze:{freeze}")
    turn.emit(
        "freeze.opened",
        f"order:{order.id}",
        refs,
        order=order.id,
        freeze=freeze,
        category=category,
        instruction=turn.command.id,
        due_us=due_us,
        reason=str(body.get("reason") or ""),
        **link,
    )
    if recipient := body.get("recipient"):
        salt = turn.env.new_salt()
        value = {"recipient": recipient}
        turn.personal.append(PersonalRecord(f"freeze:{freeze}", salt, value))
        turn.emit("address.received", f"order:{order.id}", refs, personal=seal(salt, value))
    arm_timer(turn, "freeze.effect", f"freeze:{freeze}:{order.id}", countdown_us)
    _alarm_holders(turn, order, "order_frozen", category, due_us)


def _alarm_holders(turn: Turn, order: Order, code: str, category: str, due_us: int) -> None:
    task = turn.world.get(Task, order.task) if order.task else None
    holders = {task.picker} if task and task.state == "taken" else set()
    if order.packer and order.state in ("packing", "packed_checked", "shipped"):
        holders.add(order.packer)
    for person in sorted(holders):
        alarm = turn.env.new_id()
        turn.emit(
            "alarm.raised",
            f"order:{order.id}",
            (f"person:{person}", f"alarm:{alarm}"),
            alarm=alarm,
            person=person,
            code=f"{code}_{category}" if category == "cancel" else code,
            facts={"order": order.id, "category": category, "due_at": due_us},
        )


def revoke_freeze(turn: Turn, body: dict[str, Any], **link: Any) -> None:  # noqa: ANN401
    """Take back an interception that has not had its effect."""
    order = the_order(turn, str(body["order_id"]))
    category = body.get("category")
    for freeze in order.freezes:
        if category in (None, freeze.category):
            _close(turn, order, freeze, "revoked", **link)
            ship_if_proved(turn, turn.world.the(Order, order.id))
            return
    raise RefusedError("freeze_closed", order=order.id)


def fire_timer(turn: Turn, data: TimerFire) -> Facts:
    """Do what a timer was armed for, once."""
    timer = timer_of(turn, data.timer_id)
    if turn.env.boot_id == timer.boot_id and turn.env.boot_us < timer.due_boot_us:
        raise RefusedError("timer_early", timer=timer.id, due_at=timer.due_us)
    _, freeze_id, order_id = timer.subject.split(":", 2)
    refs = (f"freeze:{freeze_id}",)
    turn.emit("timer.fired", f"order:{order_id}", refs, timer=timer.id, purpose=timer.purpose)
    order = turn.world.the(Order, order_id)
    freeze = next((each for each in order.freezes if each.id == freeze_id), None)
    if freeze is None:
        return {"timer": timer.id}
    if freeze.category == "cancel":
        if order.state not in ("cancelled", "put_back", "handed_over"):
            end(turn, order)
    elif freeze.category == "rush" and turn.rules.states[order.state].kind != "end":
        content = turn.world.the(Assignment, order.id)
        turn.emit("order.rushed", f"order:{order.id}", order=order.id, type=content.type)
    _close(turn, turn.world.the(Order, order.id), freeze, "applied")
    return {"timer": timer.id}


def _close(
    turn: Turn,
    order: Order,
    freeze: Freeze,
    outcome: str,
    **link: Any,  # noqa: ANN401
) -> None:
    turn.emit(
        "freeze.closed",
        f"order:{order.id}",
        (*order_refs(order), f"freeze:{freeze.id}"),
        order=order.id,
        freeze=freeze.id,
        category=freeze.category,
        outcome=outcome,
        opened_us=freeze.opened_us,
        **link,
    )


def acknowledge(turn: Turn, data: AlarmAck) -> Facts:
    """Keep when a person acknowledged an alarm (FRZ-4)."""
    alarm = turn.world.get(Alarm, data.alarm_id)
    if alarm is None:
        raise RefusedError("unknown_alarm", alarm=data.alarm_id)
    if alarm.person != turn.command.actor:
        raise RefusedError("not_yours", alarm=alarm.id)
    if alarm.acked_us is not None:
        raise RefusedError("already_acked", alarm=alarm.id)
    order = alarm.facts.get("order", "")
    took_us = turn.env.now_us - alarm.raised_us
    refs = (f"order:{order}", f"person:{alarm.person}")
    turn.emit("alarm.acked", f"alarm:{alarm.id}", refs, alarm=alarm.id, took_us=took_us)
    return {"alarm": alarm.id}
