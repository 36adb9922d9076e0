"""Interception: a freeze closes every way of an order until its effect, or until it is revoked.

What an interception of a category does at the end of its countdown, and which of them contradict
each other, is ruleset data. Two that contradict within the countdown both wait for a supervisor
(`edge.domain.contesting`); a rule may freeze an order too (`edge.domain.breakers`).
"""

from typing import Any, Final

from edge.domain import recall, reworking
from edge.domain.contesting import contest, resume
from edge.domain.effects import alarm_holders, close_freeze, take_effect
from edge.domain.entries import PersonalRecord
from edge.domain.model import Order, Timer
from edge.domain.orders import the_order
from edge.domain.personal import seal
from edge.domain.recipients import DERIVED, derived
from edge.domain.refusals import RefusedError, refused
from edge.domain.timing import US_PER_S, arm_timer, on_fire
from edge.domain.turn import Turn
from edge.domain.workflow import frozen, order_refs, settle

COUNTDOWN_S_MAX: Final = 86_400
"""The longest that an interception may wait for its effect."""


def open_freeze(turn: Turn, body: dict[str, Any], **link: Any) -> None:  # noqa: ANN401
    """Freeze an order on receipt of an interception; the effect comes when its countdown ends."""
    order = the_order(turn, str(body["order_id"]))
    category = str(body.get("category") or "cancel")
    if turn.rules.is_over(order.state):
        facts = {"order": order.id, "state": order.state, "category": category}
        raise RefusedError("order_ended", **facts)
    if any(freeze.category == category for freeze in order.freezes):
        raise refused(frozen(order))
    rivals = [f.id for f in order.freezes if turn.rules.contradict(category, f.category)]
    freeze, due_us = turn.env.new_id(), turn.env.now_us + _countdown_us(turn, category, body)
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
    _keep_amendment(turn, order, freeze, body)
    if rivals:
        contest(turn, order.id, (*rivals, freeze))
    else:
        _arm(turn, order.id, freeze, due_us - turn.env.now_us)
    alarm_holders(turn, order, category, due_us)


def _countdown_us(turn: Turn, category: str, body: dict[str, Any]) -> int:
    asked_s = body.get("countdown_s")
    if isinstance(asked_s, int):
        return min(max(0, asked_s), COUNTDOWN_S_MAX) * US_PER_S
    return turn.rules.countdown_us(category)


def _arm(turn: Turn, order_id: str, freeze_id: str, delay_us: int) -> None:
    refs = (f"order:{order_id}", f"freeze:{freeze_id}")
    arm_timer(turn, "freeze.effect", f"freeze:{freeze_id}:{order_id}", delay_us, refs)


def _keep_amendment(turn: Turn, order: Order, freeze: str, body: dict[str, Any]) -> None:
    """Keep what an interception would change: personal data beside the journal, facts in it."""
    value = {field: body[field] for field in DERIVED if body.get(field)}
    if not value:
        return
    known = derived(value, turn.rules)
    facts = {name: known[name] for field in value for name in DERIVED[field]}
    salt = turn.env.new_salt()
    turn.personal.append(PersonalRecord(f"freeze:{freeze}", salt, value))
    turn.emit(
        "amendment.received",
        f"order:{order.id}",
        (*order_refs(order), f"freeze:{freeze}"),
        order=order.id,
        freeze=freeze,
        fields=sorted(value),
        facts=facts,
        personal=seal(salt, value),
    )


def revoke_freeze(turn: Turn, body: dict[str, Any], **link: Any) -> None:  # noqa: ANN401
    """Take back an interception that has not had its effect; a stopped lot's by its name only."""
    order = the_order(turn, str(body["order_id"]))
    category = body.get("category")
    for freeze in order.freezes:
        if freeze.category == category == reworking.CATEGORY:
            reworking.give_up(turn, order, freeze, "revoked", **link)
            settle(turn, turn.world.the(Order, order.id))
            return
        counts_down = freeze.due_us > 0 and category in (None, freeze.category)
        if counts_down or freeze.category == category == recall.CATEGORY:
            close_freeze(turn, order.id, freeze, "revoked", **link)
            if left := resume(turn, order.id):
                left_us = min(left.due_us - turn.env.now_us, left.due_us - left.opened_us)
                _arm(turn, order.id, left.id, max(0, left_us))
            settle(turn, turn.world.the(Order, order.id))
            return
    raise RefusedError("freeze_closed", order=order.id)


@on_fire("freeze.effect")
def _count_out(turn: Turn, timer: Timer) -> None:
    """Carry out an interception whose countdown ended, unless it was revoked or is contested."""
    _, freeze_id, order_id = timer.subject.split(":", 2)
    order = turn.world.the(Order, order_id)
    freeze = next((each for each in order.freezes if each.id == freeze_id), None)
    if freeze is not None and freeze.id not in order.contested:
        take_effect(turn, order, freeze)
        settle(turn, turn.world.the(Order, order.id))
