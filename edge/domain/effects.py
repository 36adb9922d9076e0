"""What an interception does at the end of its countdown, and how a freeze ends."""

from collections.abc import Callable
from typing import Any, Final

from edge.domain.alarms import AlarmCode, raise_alarm
from edge.domain.model import Amendment, Assignment, Freeze, Order, Task
from edge.domain.model.orders import LABEL_DUE
from edge.domain.priorities import prioritise
from edge.domain.refusals import Refusal
from edge.domain.turn import Turn
from edge.domain.waybills import recall_label
from edge.domain.workflow import choose, move, order_refs


def alarm_holders(turn: Turn, order: Order, category: str, due_us: int) -> None:
    """Call whoever has the order in their hands (FRZ-4)."""
    task = turn.world.get(Task, order.task) if order.task else None
    holders = {task.picker} if task and task.state == "taken" else set()
    if order.packer and turn.rules.desk(order.state) in ("pack", "dock"):
        holders.add(order.packer)
    facts = {"order": order.id, "category": category, "due_at": due_us}
    code: AlarmCode = "order_frozen_cancel" if category == "cancel" else "order_frozen"
    for person in sorted(holders):
        raise_alarm(turn, f"order:{order.id}", code, facts, person=person)


def take_effect(turn: Turn, order: Order, freeze: Freeze) -> None:
    """Do what an interception asks for, and close it; what is impossible by now is on record."""
    effect = turn.rules.document.freezes.effects.get(freeze.category, "")
    closed = _EFFECTS[effect](turn, order, freeze) if effect else None
    if closed is None:
        close_freeze(turn, order.id, freeze, "applied")
    else:
        close_freeze(turn, order.id, freeze, "refused", code=closed.code)


def _end(turn: Turn, order: Order, _: Freeze) -> Refusal | None:
    way = choose(turn.world, order, "order.cancel", turn.rules)
    if isinstance(way, Refusal):
        return way
    move(turn, order, "order.cancel")
    for other in turn.world.the(Order, order.id).freezes:
        if not other.due_us:  # nobody would ever decide it, and it would hold up the put-back
            close_freeze(turn, order.id, other, "ended")
    return None


def _rush(turn: Turn, order: Order, _: Freeze) -> Refusal | None:
    if turn.rules.states[order.state].kind == "end":
        return Refusal("order_ended", {"order": order.id, "state": order.state})
    content = turn.world.the(Assignment, order.id)
    turn.emit("order.rushed", f"order:{order.id}", order=order.id, type=content.type)
    prioritise(turn, order.id, "rush", "P0")
    return None


def _amend(turn: Turn, order: Order, freeze: Freeze) -> Refusal | None:
    """Let what the interception brought be what holds; a label that says otherwise is void."""
    if turn.rules.is_over(order.state):
        return Refusal("order_ended", {"order": order.id, "state": order.state})
    amendment = turn.world.get(Amendment, freeze.id)
    if amendment is None:
        return None
    is_readdressed = "recipient" in amendment.fields
    turn.emit(
        "order.amended",
        f"order:{order.id}",
        (*order_refs(order), f"freeze:{freeze.id}"),
        order=order.id,
        freeze=freeze.id,
        fields=list(amendment.fields),
        facts=amendment.facts,
        record=f"freeze:{freeze.id}" if is_readdressed else "",
    )
    if is_readdressed and any(not copy.void for copy in order.copies):
        recall_label(turn, order, "address")
        if order.shipped_us or turn.rules.allows("waybill.print", order.state):
            # one that was printed ahead is due again only once the parcel is packed
            turn.emit("order.marked", f"order:{order.id}", order=order.id, mark=LABEL_DUE)
    return None


_EFFECTS: Final[dict[str, Callable[[Turn, Order, Freeze], Refusal | None]]] = {
    "end": _end,
    "rush": _rush,
    "amend": _amend,
}
"""What an interception may do; each answers why it could not."""


def close_freeze(
    turn: Turn,
    order_id: str,
    freeze: Freeze,
    outcome: str,
    **link: Any,  # noqa: ANN401
) -> None:
    """End a freeze: applied, refused, revoked, overruled, released (by a person) or ended."""
    order = turn.world.the(Order, order_id)
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
