"""Two interceptions that contradict each other: neither takes effect until a supervisor decides.

The approval `freeze_conflict` offers each of them as an answer; `deny` means that none counts.
Both instructions and the decision stay on record (FRZ-3).
"""

from typing import Any, Final

from edge.domain.approving import (
    DENY,
    ApprovalKind,
    register_approval,
    request_approval,
    withdraw,
)
from edge.domain.effects import close_freeze, take_effect
from edge.domain.model import Approval, Freeze, Order
from edge.domain.refusals import Refusal
from edge.domain.turn import Turn
from edge.domain.workflow import order_refs, settle
from edge.domain.world import World

CONFLICT: Final = "freeze_conflict"
CONTESTED_MIN: Final = 2


def contest(turn: Turn, order_id: str, freezes: tuple[str, ...]) -> None:
    """Let freezes that contradict each other wait for a decision."""
    order = turn.world.the(Order, order_id)
    turn.emit(
        "freeze.contested",
        f"order:{order.id}",
        (*order_refs(order), *(f"freeze:{each}" for each in freezes)),
        order=order.id,
        freezes=list(freezes),
    )
    if _question(turn.world, order) is None:
        request_approval(turn, CONFLICT, order.id, "", {})


def resume(turn: Turn, order_id: str) -> Freeze | None:
    """Return the freeze that counts down again because nothing contradicts it any more, if any."""
    order = turn.world.the(Order, order_id)
    if len(order.contested) != 1:
        return None
    left = _contested(order)[0]
    refs = (*order_refs(order), f"freeze:{left.id}")
    turn.emit("freeze.resumed", f"order:{order.id}", refs, order=order.id, freeze=left.id)
    if question := _question(turn.world, order):
        withdraw(turn, question, "revoked")
    return left


def _question(world: World, order: Order) -> str | None:
    """Return the open approval that asks which interception counts."""
    kinds = {each: world.the(Approval, each).kind for each in order.approvals}
    return next((each for each, kind in kinds.items() if kind == CONFLICT), None)


def _contested(order: Order) -> list[Freeze]:
    return [each for each in order.freezes if each.id in order.contested]


def _facts(world: World, asked: Approval) -> dict[str, Any]:
    order = world.the(Order, asked.order)
    shown = ("id", "category", "instruction", "opened_us", "due_us", "reason")
    rivals = [{name: getattr(each, name) for name in shown} for each in _contested(order)]
    return {"state": order.state, "waybill": order.waybill, "freezes": rivals}


def _answers(world: World, asked: Approval) -> tuple[str, ...]:
    return (*(each.category for each in _contested(world.the(Order, asked.order))), DENY)


def _why_not(world: World, asked: Approval) -> Refusal | None:
    order = world.the(Order, asked.order)
    enough = len(order.contested) >= CONTESTED_MIN
    return None if enough else Refusal("freeze_closed", {"order": order.id})


def _decided(turn: Turn, approval: Approval) -> None:
    """Overrule what does not count, then carry out what does."""
    order = turn.world.the(Order, approval.order)
    for each in _contested(order):
        if each.category != approval.answer:
            close_freeze(turn, order.id, each, "overruled", approval=approval.id)
    for each in _contested(order):
        if each.category == approval.answer:
            take_effect(turn, turn.world.the(Order, order.id), each)
    settle(turn, turn.world.the(Order, order.id))


register_approval(
    CONFLICT,
    ApprovalKind(_facts, _decided, _why_not, answers=_answers, denied=_decided, expired=None),
)
