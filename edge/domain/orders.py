"""Orders come in, wait, become pick tasks, and end."""

from typing import Any, Final

import msgspec

from edge.domain.alarms import tell_rule_error
from edge.domain.allotting import Stop, stops
from edge.domain.checking import check
from edge.domain.commands import QTY_MAX
from edge.domain.facts import seen_of
from edge.domain.granting import grant
from edge.domain.ids import ID_CHARS_MAX
from edge.domain.letting_go import refuse_gone
from edge.domain.model import Assignment, Fulfilment, Job, LetGo, Order, Sku, Task
from edge.domain.recipients import derived, keep_personal
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.waybills import check_number, reserve
from edge.domain.workflow import move, wait

LINES_MAX: Final = 2_000
BOUND: Final = "warehouse:"
"""Constraint of a routing decision that leaves no choice."""


def the_order(turn: Turn, order_id: str) -> Order:
    """Return an order, or refuse."""
    order = turn.world.get(Order, order_id)
    if order is None:
        refuse_gone(turn.world, order_id)
        raise RefusedError("unknown_order", order=order_id)
    return order


def assign(turn: Turn, body: dict[str, Any], **link: Any) -> None:  # noqa: ANN401
    """Take over an order that the hub assigned: it waits, or becomes a pick task at once.

    The same order delivered again makes no second one (FLOW-1): `already_assigned`.
    """
    order_id = body["order_id"]
    if not isinstance(order_id, str) or not 0 < len(order_id) <= ID_CHARS_MAX:
        problem = f"order_id: 1 to {ID_CHARS_MAX} characters"
        raise RefusedError("malformed", problem=problem, kind="order.assign")
    if turn.world.get(Order, order_id) or turn.world.get(LetGo, order_id):
        raise RefusedError("already_assigned", order=order_id)
    content = read_content(turn, body)
    _refuse_bound_elsewhere(turn, content)
    if content.fulfilment and (known := turn.world.get(Fulfilment, content.fulfilment)):
        raise RefusedError("fulfilment_in_use", got=content.fulfilment, order=known.order)
    unknown = [line.sku for line in content.lines if turn.world.get(Sku, line.sku) is None]
    if unknown:
        raise RefusedError("unknown_item", got=unknown[0])
    lane = "24h" if turn.rules.document.lanes.fast_tag in content.tags else "normal"
    turn.emit(
        "order.assigned",
        f"order:{order_id}",
        order=order_id,
        state=turn.rules.start,
        lane=lane,
        content=msgspec.to_builtins(content),
        **link,
    )
    if content.waybill:
        reserve(turn, order_id, content.waybill)
    if body.get("gifts") == "evaluate":
        grant(turn, content)
    order = the_order(turn, order_id)
    accept(turn, order)


def accept(turn: Turn, order: Order) -> None:
    """Let an order that begins wait, or go to picking."""
    hold = _hold(turn, order)
    if hold:
        wait(turn, order, *hold)
        return
    make_ready(turn, order, "order.accept")


def accept_anew(turn: Turn) -> None:
    """Accept each order that this decision brought back to its beginning.

    A rule that fails to answer leaves it there, and is told to the supervisor.
    """
    start = turn.rules.start
    moved = (draft.data for draft in turn.drafts if draft.kind == "order.moved")
    for order_id in dict.fromkeys(data["order"] for data in moved if data["to"] == start):
        order = the_order(turn, order_id)
        if order.state == start:
            try:
                accept(turn, order)
            except RefusedError as error:
                tell_rule_error(turn, f"order:{order_id}", error.refusal)


def _refuse_bound_elsewhere(turn: Turn, content: Assignment) -> None:
    """Refuse an order that its routing binds to another warehouse (FLOW-9).

    Where nobody said which warehouse this is, the box's own name counts, if the hub knows it.
    """
    constraints = [str(each) for each in content.routing.get("constraints") or ()]
    bound = [each.removeprefix(BOUND) for each in constraints if each.startswith(BOUND)]
    own = turn.rules.document.site.warehouse
    if not own:
        ranked = [each.get("warehouse") for each in content.routing.get("top3") or ()]
        own = turn.box.name if turn.box.name in ranked else ""
    if bound and own and own not in bound:
        facts = {"order": content.id, "warehouse": bound[0], "here": own}
        raise RefusedError("bound_elsewhere", **facts)


def read_content(turn: Turn, body: dict[str, Any], key: str = "") -> Assignment:
    """Return an order's content as sent; what is personal of it is put beside the journal.

    `key` names that record; it is the order's own where nothing is said.
    """
    known = set(Assignment.__struct_fields__) - {"id", "recipient_key"}
    fields = {name: value for name, value in body.items() if name in known}
    fields |= {
        "id": body["order_id"],
        "type": str(body.get("type") or "normal"),
        "paid_us": body.get("paid_at") or 0,
        "created_us": body.get("created_at") or 0,
        "promise_us": body.get("promise") or 0,
        "personal": keep_personal(turn, key or f"order:{body['order_id']}", body),
    }
    fields |= derived(body, turn.rules)
    try:
        content = msgspec.convert(fields, Assignment)
    except msgspec.ValidationError as error:
        raise RefusedError("malformed", problem=str(error), kind="order.assign") from error
    in_range = all(0 < line.qty <= QTY_MAX and line.no <= QTY_MAX for line in content.lines)
    if not 0 < len(content.lines) <= LINES_MAX or not in_range:
        problem = f"an order has 1 to {LINES_MAX} lines of 1 to {QTY_MAX} pieces"
        raise RefusedError("malformed", problem=problem, kind="order.assign")
    if content.waybill:
        check_number(content.waybill, "order.assign")
    if len({line.no for line in content.lines}) != len(content.lines):
        raise RefusedError("malformed", problem="line numbers repeat", kind="order.assign")
    return content


def _hold(turn: Turn, order: Order) -> tuple[str, str, dict[str, Any]] | None:
    """Return in which state the order must wait, by which rule, and what that saw; if any."""
    seen = seen_of(turn, order)
    for hold in turn.rules.document.workflow.holds:
        if turn.rules.is_true(hold.when, seen.asked):
            return hold.state, hold.id or hold.when, turn.rules.saw(hold.when, seen.facts)
    return None


def make_ready(turn: Turn, order: Order, action: str) -> None:
    """Move an order to where its stock is locked and its pick task made; or let it wait."""
    check(turn, order)
    move(turn, order, action)


def make_pick_task(turn: Turn, order: Order) -> None:
    """Make the pick task of an order whose stock is locked."""
    steps = [step_row(turn, stop) for stop in stops(turn.world, order)]
    task = turn.env.new_id()
    refs = (f"task:{task}",)
    turn.emit("task.made", f"order:{order.id}", refs, order=order.id, task=task, steps=steps)


def step_row(turn: Turn, stop: Stop) -> tuple[int, str, int, str] | tuple[int, str, int, str, str]:
    """Return a stop as the entry of a task lists its steps; the lot where there is one."""
    line, location, lot, qty = stop
    check = "each" if qty <= turn.rules.document.picking.each_max else "confirm"
    return (line, location, qty, check, lot) if lot else (line, location, qty, check)


def finish_task_if_done(turn: Turn, task_id: str) -> None:
    """Close a task when each of its orders is picked, waits short, or has ended."""
    task = turn.world.the(Task, task_id)
    if task.state not in ("open", "taken"):
        return
    orders = [turn.world.the(Order, each) for each in task.orders]
    orders = [order for order in orders if order.task == task_id]
    if any(turn.rules.desk(order.state) == "pick" for order in orders):
        return
    ended = all(turn.rules.states[order.state].kind == "end" for order in orders)
    _end_task(turn, task, "dropped" if ended else "done")


def drop_task(turn: Turn, task_id: str) -> None:
    """End a task that nobody shall pick."""
    _end_task(turn, turn.world.the(Task, task_id), "dropped")


def _end_task(turn: Turn, task: Task, state: str) -> None:
    refs = [f"order:{order}" for order in task.orders]
    turn.emit("task.finished", f"task:{task.id}", refs, task=task.id, state=state)


def order_named(turn: Turn, code: str) -> Order | None:
    """Return the order that a scanned code names by itself: its id, or its fulfilment code."""
    known = turn.world.get(Fulfilment, code)
    order_id = known.order if known else code
    refuse_gone(turn.world, order_id)
    return turn.world.get(Order, order_id)


def job_of(turn: Turn, job_id: str) -> Job:
    """Return a print job, or refuse."""
    job = turn.world.get(Job, job_id)
    if job is None:
        raise RefusedError("unknown_job", job=job_id)
    return job
