"""Interception: a freeze closes every way of an order until its effect, or until it is revoked."""

from typing import Any, Final

from edge.domain.alarms import raise_alarm
from edge.domain.entries import PersonalRecord
from edge.domain.labelling import ship_if_proved
from edge.domain.model import Assignment, Freeze, Order, Task, Timer
from edge.domain.orders import end, the_order
from edge.domain.personal import seal
from edge.domain.refusals import RefusedError, refused
from edge.domain.timing import US_PER_S, arm_timer, on_fire
from edge.domain.turn import Turn
from edge.domain.workflow import frozen, order_refs

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
    arm_timer(
        turn,
        "freeze.effect",
        f"freeze:{freeze}:{order.id}",
        countdown_us,
        (f"order:{order.id}", f"freeze:{freeze}"),
    )
    _alarm_holders(turn, order, "order_frozen", category, due_us)


def _alarm_holders(turn: Turn, order: Order, code: str, category: str, due_us: int) -> None:
    task = turn.world.get(Task, order.task) if order.task else None
    holders = {task.picker} if task and task.state == "taken" else set()
    if order.packer and order.state in ("packing", "packed_checked", "shipped"):
        holders.add(order.packer)
    facts = {"order": order.id, "category": category, "due_at": due_us}
    code = f"{code}_{category}" if category == "cancel" else code
    for person in sorted(holders):
        raise_alarm(turn, f"order:{order.id}", code, facts, person=person)


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


@on_fire("freeze.effect")
def _take_effect(turn: Turn, timer: Timer) -> None:
    """Carry out an interception whose countdown ended, unless it was revoked."""
    _, freeze_id, order_id = timer.subject.split(":", 2)
    order = turn.world.the(Order, order_id)
    freeze = next((each for each in order.freezes if each.id == freeze_id), None)
    if freeze is None:
        return
    if freeze.category == "cancel":
        if order.state not in ("cancelled", "put_back", "handed_over"):
            end(turn, order)
    elif freeze.category == "rush" and turn.rules.states[order.state].kind != "end":
        content = turn.world.the(Assignment, order.id)
        turn.emit("order.rushed", f"order:{order.id}", order=order.id, type=content.type)
    _close(turn, turn.world.the(Order, order.id), freeze, "applied")


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
