"""A gift that is short is replaced only by a supervisor's badge (GIFT-3).

`goods.gifts_enough` is the gate that holds shipping shut while a gift is short.
"""

from typing import Any

from edge.domain import stock
from edge.domain.allotting import Want, available
from edge.domain.approving import ApprovalKind, register_approval, request_approval
from edge.domain.commands import GiftSubstitute
from edge.domain.goods import gift_lines, missing_of, suggest
from edge.domain.model import Approval, Assignment, Line, Order, Sku, Task
from edge.domain.orders import make_ready, step_row, the_order
from edge.domain.refusals import Refusal, RefusedError
from edge.domain.releasing import pick_on
from edge.domain.rules import Ruleset
from edge.domain.rulesets import active_rules
from edge.domain.turn import Turn
from edge.domain.workflow import choose, frozen, order_refs
from edge.domain.world import World

Facts = dict[str, Any]
KIND = "gift_substitute"


def substitute(turn: Turn, data: GiftSubstitute) -> Facts:
    """Ask for another gift in place of one that is short; the suggestion is the default."""
    order = the_order(turn, data.order_id)
    line = _gift_line(turn.world, order, data.line)
    if line is None:
        raise RefusedError("not_a_gift", order=order.id, line=data.line)
    if not turn.rules.knows_reason("gift", data.reason):
        raise RefusedError("reason_unknown", reason=data.reason)
    qty = missing_of(turn.world, order, line, turn.rules)
    found = suggest(turn.world, order, line, qty, turn.rules)
    to = data.sku or (found.id if found else "")
    asked = {"line": line.no, "from": line.sku, "to": to, "qty": qty}
    approval = request_approval(turn, KIND, order.id, data.reason, asked)
    return {"approval": approval, "order_id": order.id}


def _gift_line(world: World, order: Order, line_no: int) -> Line | None:
    lines = gift_lines(world.the(Assignment, order.id))
    return next((line for line in lines if line.no == line_no), None)


def _facts(world: World, approval: Approval) -> Facts:
    data = approval.data
    content = world.the(Assignment, approval.order)
    was, will = world.get(Sku, data["from"]), world.get(Sku, data["to"])
    return {
        **data,
        "state": world.the(Order, approval.order).state,
        "from_price_fen": was.price_fen if was else 0,
        "to_price_fen": will.price_fen if will else 0,
        "available": available(world, data["to"], content.tags, active_rules(world)),
    }


def _why_not(world: World, approval: Approval) -> Refusal | None:
    data, order = approval.data, world.the(Order, approval.order)
    rules = active_rules(world)
    line = _gift_line(world, order, data["line"])
    if closed := _why_not_now(order, rules):
        return closed
    if line is None or line.sku != data["from"]:
        return Refusal("not_a_gift", {"order": order.id, "line": data["line"]})
    missing = missing_of(world, order, line, rules)
    if not missing or missing != data["qty"]:
        return Refusal("gift_there", {"order": order.id, "line": line.no})
    was, will = world.the(Sku, line.sku), world.get(Sku, data["to"])
    if (
        will is None
        or will.id == was.id
        or not (was.equal_group and was.equal_group == will.equal_group)
    ):
        return Refusal("gift_unequal", {"sku": was.id, "got": data["to"]})
    tags = world.the(Assignment, order.id).tags
    there = available(world, will.id, tags, rules)
    if there < missing:
        facts = {"order": order.id, "sku": will.id, "qty": missing, "available": there}
        return Refusal("stock_short", facts)
    return None


def _why_not_now(order: Order, rules: Ruleset) -> Refusal | None:
    """Return why no gift of the order can be replaced now, if so: nobody could pick another."""
    if order.freezes:
        return frozen(order)
    ways = ("pick.finish", "order.substitute") if order.task else ("order.release",)
    if any(rules.allows(way, order.state) for way in ways):
        return None
    facts = {"order": order.id, "state": order.state, "action": "gift.substitute"}
    return Refusal("not_in_state", facts)


def _replace(turn: Turn, approval: Approval) -> None:
    """Replace what is missing of a gift, and have it picked."""
    data = approval.data
    order = turn.world.the(Order, approval.order)
    lines = turn.world.the(Assignment, order.id).lines
    line = next(each for each in lines if each.no == data["line"])
    found = line.qty - data["qty"]
    new_no = line.no if not found else max(each.no for each in lines) + 1
    turn.emit(
        "gift.substituted",
        f"order:{order.id}",
        (*order_refs(order), f"approval:{approval.id}", f"sku:{line.sku}", f"sku:{data['to']}"),
        order=order.id,
        line=line.no,
        found=found,
        new_line=new_no,
        to=data["to"],
        qty=data["qty"],
        was=line.sku,
        reason=approval.reason,
        asked_by=approval.asked_by,
        approved_by=[each.person for each in approval.opinions if each.answer == approval.answer],
        **({"reopens": True} if _is_done(turn.world, order) else {}),
    )
    order = turn.world.the(Order, order.id)
    if not order.task:
        if not isinstance(choose(turn.world, order, "order.release", turn.rules), Refusal):
            make_ready(turn, order, "order.release")
        return
    pieces = stock.lock_all(turn, order, Want(data["to"], data["qty"]))
    steps = [step_row(turn, (new_no, place, lot, qty)) for _, place, lot, qty in pieces]
    subject, refs = f"order:{order.id}", (f"task:{order.task}",)
    turn.emit("task.extended", subject, refs, order=order.id, task=order.task, steps=steps)
    if not turn.rules.allows("pick.finish", order.state):
        pick_on(turn, turn.world.the(Order, order.id))


def _is_done(world: World, order: Order) -> bool:
    task = world.get(Task, order.task) if order.task else None
    return task is not None and task.state == "done"


register_approval(KIND, ApprovalKind(facts=_facts, effect=_replace, why_not=_why_not))
