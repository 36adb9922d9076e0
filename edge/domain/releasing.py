"""A waiting order goes on: the hub says so, or a superior does by badge.

A short order has two more ways on, each by a superior's badge: with what there is (`partial`), or
with another item in place of what is missing (`substitute`, PICK-8).
"""

from typing import Any

from edge.domain import stock
from edge.domain.allotting import Want, available, is_picked, picked_by_line
from edge.domain.approving import ApprovalKind, register_approval
from edge.domain.model import Approval, Assignment, Line, Order, Sku, Task
from edge.domain.orders import make_ready, step_row, the_order
from edge.domain.refusals import Refusal
from edge.domain.rulesets import active_rules
from edge.domain.turn import Turn
from edge.domain.workflow import choose, move, order_refs, try_move
from edge.domain.world import World

Body = dict[str, Any]
Facts = dict[str, Any]


def release(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Let an order go on that waits, because the hub says so."""
    order = the_order(turn, str(body["order_id"]))
    turn.emit("order.released", f"order:{order.id}", order=order.id, **link)
    make_ready(turn, order, "order.release")


# ---- a hold ---------------------------------------------------------------------------------


def _closed(world: World, asked: Approval, action: str) -> Refusal | None:
    way = choose(world, world.the(Order, asked.order), action, active_rules(world))
    return way if isinstance(way, Refusal) else None


def _hold_facts(world: World, asked: Approval) -> Facts:
    content = world.the(Assignment, asked.order)
    order = world.the(Order, asked.order)
    goods = sum(line.price_fen * line.qty for line in content.lines)
    lines = [{"line": line.no, "sku": line.sku, "qty": line.qty} for line in content.lines]
    return {"state": order.state, "type": content.type, "amount_fen": goods, "lines": lines}


def _release_hold(turn: Turn, approval: Approval) -> None:
    order = turn.world.the(Order, approval.order)
    refs = (f"approval:{approval.id}",)
    turn.emit("order.released", f"order:{order.id}", refs, order=order.id, approval=approval.id)
    make_ready(turn, order, "order.release")


# ---- a short order --------------------------------------------------------------------------


def _short_facts(world: World, asked: Approval) -> Facts:
    order, content = world.the(Order, asked.order), world.the(Assignment, asked.order)
    found = _found(world, order, content)
    lines = [
        {"line": line.no, "sku": line.sku, "qty": line.qty, "found": found[str(line.no)]}
        for line in content.lines
        if str(line.no) in found
    ]
    return {"state": order.state, "lines": lines}


def _found(world: World, order: Order, content: Assignment) -> dict[str, int]:
    """Return the pieces found of each line that is short; what nobody looked for is, too."""
    has = picked_by_line(world, order)
    return {
        str(line.no): has.get(line.no, 0)
        for line in content.lines
        if is_picked(line) and has.get(line.no, 0) < line.qty
    }


def _send_partial(turn: Turn, approval: Approval) -> None:
    order = turn.world.the(Order, approval.order)
    subject, refs = f"order:{order.id}", (*order_refs(order), f"approval:{approval.id}")
    found = _found(turn.world, order, turn.world.the(Assignment, order.id))
    data = {"order": order.id, "approval": approval.id, "found": found}
    turn.emit("order.partial_granted", subject, refs, **data)
    move(turn, order, "order.partial")


def _short_line(world: World, asked: Approval) -> Line | None:
    order = world.the(Order, asked.order)
    no = asked.data.get("line")
    lines = world.the(Assignment, order.id).lines
    return next((line for line in lines if line.no == no and str(no) in order.short), None)


def _missing(world: World, asked: Approval, line: Line) -> int:
    return line.qty - world.the(Order, asked.order).short[str(line.no)]


def _why_no_substitute(world: World, asked: Approval) -> Refusal | None:
    if closed := _closed(world, asked, "order.substitute"):
        return closed
    order = world.the(Order, asked.order)
    line = _short_line(world, asked)
    to = str(asked.data.get("to") or "")
    if line is None or line.gift:
        return Refusal("line_not_short", {"order": order.id, "line": str(asked.data.get("line"))})
    if world.get(Sku, to) is None or to == line.sku:
        return Refusal("wrong_item", {"expected": line.sku, "got": to, "sku": to})
    missing = _missing(world, asked, line)
    there = available(world, to, world.the(Assignment, order.id).tags, active_rules(world))
    if there < missing:
        facts = {"order": order.id, "sku": to, "qty": missing, "available": there}
        return Refusal("stock_short", facts)
    return None


def _substitute_facts(world: World, asked: Approval) -> Facts:
    line = _short_line(world, asked)
    to = world.get(Sku, str(asked.data.get("to") or ""))
    return {
        "line": line.no if line else 0,
        "from": line.sku if line else "",
        "to": to.id if to else "",
        "qty": _missing(world, asked, line) if line else 0,
        "from_price_fen": line.price_fen if line else 0,
        "to_price_fen": to.price_fen if to else 0,
    }


def _substitute(turn: Turn, approval: Approval) -> None:
    """Let another item stand in for what is missing of a line, and have it picked."""
    order = turn.world.the(Order, approval.order)
    line = _short_line(turn.world, approval)
    assert line is not None
    lines = turn.world.the(Assignment, order.id).lines
    new_no, to = max(each.no for each in lines) + 1, approval.data["to"]
    qty = _missing(turn.world, approval, line)
    subject, refs = f"order:{order.id}", (*order_refs(order), f"approval:{approval.id}")
    turn.emit(
        "order.substituted",
        subject,
        (*refs, f"sku:{line.sku}", f"sku:{to}"),
        order=order.id,
        approval=approval.id,
        line=line.no,
        found=line.qty - qty,
        new_line=new_no,
        was=line.sku,
        to=to,
        qty=qty,
    )
    pieces = stock.lock_all(turn, order, Want(to, qty))
    steps = [step_row(turn, (new_no, place, lot, count)) for _, place, lot, count in pieces]
    turn.emit("task.extended", subject, refs, order=order.id, task=order.task, steps=steps)
    pick_on(turn, turn.world.the(Order, order.id))


def pick_on(turn: Turn, order: Order) -> None:
    """Let a short order, whose task was extended by what stands in, go on to be picked."""
    order = move(turn, order, "order.substitute")
    if turn.world.the(Task, order.task).state == "taken":
        try_move(turn, order, "task.take")


register_approval(
    "hold_release",
    ApprovalKind(
        facts=_hold_facts,
        effect=_release_hold,
        why_not=lambda world, asked: _closed(world, asked, "order.release"),
    ),
)
register_approval(
    "partial",
    ApprovalKind(
        facts=_short_facts,
        effect=_send_partial,
        why_not=lambda world, asked: _closed(world, asked, "order.partial"),
    ),
)
register_approval(
    "substitute",
    ApprovalKind(facts=_substitute_facts, effect=_substitute, why_not=_why_no_substitute),
)
