"""The hub changes what somebody has begun to pick: the order is frozen, and a supervisor decides.

The approval `content_change` shows the old lines and the new ones, what was picked, and what each
answer would do: `put_back` keeps in the tote what still counts, `repick` keeps nothing, `deny`
leaves the order as it was. With the first two the order takes over its new content, waits in a
state of its own until what is too much lies in its bins again, and is then accepted anew.
"""

from typing import Any, Final

import msgspec

from edge.domain import stock
from edge.domain.allotting import is_picked, picked_stock, wants
from edge.domain.approving import (
    DENY,
    ApprovalKind,
    register_approval,
    request_approval,
    withdraw,
)
from edge.domain.effects import alarm_holders, close_freeze
from edge.domain.model import Approval, Assignment, Change, Freeze, Line, Order, Piece
from edge.domain.orders import finish_task_if_done, step_row
from edge.domain.refusals import Refusal
from edge.domain.turn import Turn
from edge.domain.waybills import recall_label
from edge.domain.workflow import frozen, move, order_refs, settle
from edge.domain.world import World

Facts = dict[str, Any]
CATEGORY: Final = "content"
"""Category of such freezes; nothing but the decision, or the hub, ends them."""
KIND: Final = "content_change"
PUT_BACK: Final = "put_back"
REPICK: Final = "repick"
ACTION: Final = "order.rework"


def ask(
    turn: Turn,
    order: Order,
    freeze: str,
    content: Assignment,
    **link: Any,  # noqa: ANN401
) -> None:
    """Freeze an order that is in work, and ask what becomes of its new content."""
    for older in order.freezes:
        if older.category == CATEGORY:
            give_up(turn, order, older, "superseded")
    subject, refs = f"order:{order.id}", (*order_refs(order), f"freeze:{freeze}")
    turn.emit(
        "freeze.opened",
        subject,
        refs,
        order=order.id,
        freeze=freeze,
        category=CATEGORY,
        instruction=turn.command.id,
        due_us=0,
        reason="",
        **link,
    )
    turn.emit(
        "change.received",
        subject,
        refs,
        order=order.id,
        freeze=freeze,
        content=msgspec.to_builtins(content),
    )
    request_approval(turn, KIND, order.id, "", {"freeze": freeze})
    alarm_holders(turn, order, CATEGORY, 0)


def give_up(turn: Turn, order: Order, freeze: Freeze, outcome: str, **link: Any) -> None:  # noqa: ANN401
    """End the question about a change that the hub took back, or replaced by another one."""
    for each in turn.world.the(Order, order.id).approvals:
        if turn.world.the(Approval, each).kind == KIND:
            withdraw(turn, each, outcome)
    close_freeze(turn, order.id, freeze, outcome, **link)


# ---- what each answer keeps --------------------------------------------------------------------


def _kept(world: World, order: Order, content: Assignment, answer: str) -> list[Piece]:
    """Return what was picked and stays in the tote."""
    if answer != PUT_BACK:
        return []
    left = {(want.sku, want.lot): want.qty for want in wants(content.lines)}
    found = []
    for sku, place, lot, qty in picked_stock(world, order):
        for key in dict.fromkeys(((sku, lot), (sku, ""))):
            take = min(qty, left.get(key, 0))
            if take:
                left[key] -= take
                qty -= take  # noqa: PLW2901 - what is still to be placed
                found.append((sku, place, lot, take))
    return found


def _back(world: World, order: Order, kept: list[Piece]) -> list[tuple[str, str, int]]:
    """Return (SKU, location, pieces) of what was picked and goes back to its bin."""
    left: dict[tuple[str, str], int] = {}
    for sku, place, _, qty in picked_stock(world, order):
        left[sku, place] = left.get((sku, place), 0) + qty
    for sku, place, _, qty in kept:
        left[sku, place] -= qty
    return [(*at, qty) for at, qty in left.items() if qty]


def _to_pick(content: Assignment, kept: list[Piece]) -> list[tuple[str, int]]:
    """Return (SKU, pieces) of what is to be picked after that."""
    left: dict[str, int] = {}
    for want in wants(content.lines):
        left[want.sku] = left.get(want.sku, 0) + want.qty
    for sku, _, _, qty in kept:
        left[sku] -= qty
    return [(sku, qty) for sku, qty in left.items() if qty]


# ---- the question ------------------------------------------------------------------------------


def _change(world: World, asked: Approval) -> Change:
    return world.the(Change, asked.data["freeze"])


def _facts(world: World, asked: Approval) -> Facts:
    order, new = world.the(Order, asked.order), _change(world, asked).content
    return {
        "state": order.state,
        "waybill": order.waybill,
        "old": _rows(world.the(Assignment, order.id).lines),
        "new": _rows(new.lines),
        "picked": _pieces(_back(world, order, [])),
        **{answer: _outcome(world, order, new, answer) for answer in (PUT_BACK, REPICK)},
    }


def _rows(lines: tuple[Line, ...]) -> list[Facts]:
    return [{"line": line.no, "sku": line.sku, "qty": line.qty} for line in lines]


def _pieces(rows: list[tuple[str, str, int]]) -> list[Facts]:
    return [{"sku": sku, "location": place, "qty": qty} for sku, place, qty in rows]


def _outcome(world: World, order: Order, new: Assignment, answer: str) -> Facts:
    """Return what an answer has people do: pieces back to their bins, pieces to pick."""
    kept = _kept(world, order, new, answer)
    pick = [{"sku": sku, "qty": qty} for sku, qty in _to_pick(new, kept)]
    return {"back": _pieces(_back(world, order, kept)), "pick": pick}


def _answers(_: World, __: Approval) -> tuple[str, ...]:
    return (PUT_BACK, REPICK, DENY)


def _why_not(world: World, asked: Approval) -> Refusal | None:
    """Return why no answer but `deny` counts now; another freeze keeps nobody from asking."""
    order = world.the(Order, asked.order)
    if asked.id not in order.approvals:
        return None
    others = [each for each in order.freezes if each.id != asked.data["freeze"]]
    if len(others) == len(order.freezes):
        return Refusal("freeze_closed", {"order": order.id})
    return frozen(msgspec.structs.replace(order, freezes=tuple(others))) if others else None


def _decided(turn: Turn, approval: Approval) -> None:
    """Give the order its new content, and let it go on once the rest lies in its bins."""
    order, new = turn.world.the(Order, approval.order), _change(turn.world, approval).content
    freeze = next(each for each in order.freezes if each.id == approval.data["freeze"])
    kept = _kept(turn.world, order, new, approval.answer)
    close_freeze(turn, order.id, freeze, "applied", answer=approval.answer, approval=approval.id)
    recall_label(turn, turn.world.the(Order, order.id), "order_changed")
    _set_aside(turn, order, kept)
    refs = (*order_refs(order), f"approval:{approval.id}")
    turn.emit(
        "order.changed",
        f"order:{order.id}",
        refs,
        order=order.id,
        content=msgspec.to_builtins(new),
    )
    _keep(turn, order, new, kept)
    if order.task:
        finish_task_if_done(turn, order.task)
    move(turn, turn.world.the(Order, order.id), ACTION)


def _set_aside(turn: Turn, order: Order, kept: list[Piece]) -> None:
    """Give back what nobody picked, and list what goes back to its bin."""
    stock.unlock(turn, order)
    if back := _back(turn.world, order, kept):
        items = [list(piece) for piece in back]
        subject, refs = f"order:{order.id}", order_refs(order)
        turn.emit("putback.opened", subject, refs, order=order.id, items=items)


def _keep(turn: Turn, order: Order, content: Assignment, kept: list[Piece]) -> None:
    """Let what stays in the tote count for the lines of the new content."""
    left = {piece[:3]: 0 for piece in kept}
    for *at, qty in kept:
        left[at[0], at[1], at[2]] += qty
    rows = []
    for line in sorted(filter(is_picked, content.lines), key=lambda each: not each.lot):
        due = line.qty
        for (sku, place, lot), there in tuple(left.items()):
            take = min(due, there)
            if sku == line.sku and line.lot in ("", lot) and take:
                rows.append(step_row(turn, (line.no, place, lot, take)))
                left[sku, place, lot] -= take
                due -= take
    turn.emit(
        "pick.kept",
        f"order:{order.id}",
        order_refs(order),
        order=order.id,
        task=turn.env.new_id() if rows else "",
        steps=rows,
    )


def _left_alone(turn: Turn, approval: Approval) -> None:
    """Let the order go on as it was; the hub reads that its change does not count."""
    order = turn.world.the(Order, approval.order)
    freeze = next(each for each in order.freezes if each.id == approval.data["freeze"])
    close_freeze(turn, order.id, freeze, "overruled", approval=approval.id)
    settle(turn, turn.world.the(Order, order.id))


register_approval(
    KIND,
    ApprovalKind(_facts, _decided, _why_not, answers=_answers, denied=_left_alone, expired=None),
)
