"""Guided picking: location, item, quantity, each confirmed by a scan; wrong ones are refused."""

from typing import Any, Final

from edge.domain import stock
from edge.domain.allotting import Want
from edge.domain.commands import (
    Command,
    PickQty,
    PickScan,
    PickShort,
    PutbackScan,
    TaskRelease,
    TaskTake,
    ToteBind,
)
from edge.domain.gates import lines_closed
from edge.domain.lots import check_lot, names
from edge.domain.model import (
    Assignment,
    Hands,
    Location,
    Order,
    Plan,
    PutBack,
    Sku,
    Step,
    Task,
    Tote,
)
from edge.domain.orders import step_row, the_order
from edge.domain.refusals import Refusal, RefusedError, refused
from edge.domain.rules import Ruleset
from edge.domain.turn import Turn
from edge.domain.workflow import frozen, move, no_way, order_refs, settle, try_move
from edge.domain.world import World

Facts = dict[str, Any]
ORDERS_IN_HAND_MAX: Final = 6
"""Slots of a cart; a released cluster that is taken again counts with all its orders."""


def take(turn: Turn, data: TaskTake) -> Facts:
    """Take open tasks as one cluster; the first one absorbs the others (PICK-1, PICK-6)."""
    if not data.task_ids or len(set(data.task_ids)) != len(data.task_ids):
        raise RefusedError("malformed", problem="task_ids must be 1 to 6 different ids", kind="")
    hands = turn.world.get(Hands, turn.command.actor)
    if hands and hands.task:
        raise RefusedError("task_in_hand", task=hands.task)
    tasks = [_open_task(turn, task_id) for task_id in data.task_ids]
    orders = [order for task in tasks for order in orders_of(turn.world, task)]
    if len(orders) > ORDERS_IN_HAND_MAX:
        problem = f"a cart carries {ORDERS_IN_HAND_MAX} orders"
        raise RefusedError("malformed", problem=problem, kind="task.take")
    if stopped := next((order for order in orders if order.freezes), None):
        raise refused(frozen(stopped))
    leader, *absorbed = tasks
    turn.emit(
        "task.taken",
        f"task:{leader.id}",
        [f"order:{order.id}" for order in orders] + [f"person:{turn.command.actor}"],
        task=leader.id,
        absorbed=[task.id for task in absorbed],
    )
    for order in orders:
        current = turn.world.the(Order, order.id)
        if turn.rules.allows("task.take", current.state):
            # an order of service items and gifts without stock has nothing to pick, and goes on
            move(turn, current, "task.take")
    return {"task_id": leader.id}


def orders_of(world: World, task: Task) -> list[Order]:
    """Return the orders that a task is for; one whose content changed has left its cluster."""
    orders = (world.the(Order, each) for each in task.orders)
    return [order for order in orders if order.task == task.id]


def _open_task(turn: Turn, task_id: str) -> Task:
    task = _task(turn, task_id)
    if closed := _why_not_open(task):
        raise refused(closed)
    return task


def _why_not_open(task: Task) -> Refusal | None:
    if task.state == "taken":
        return Refusal("task_taken", {"task": task.id, "by": task.picker})
    if task.state != "open":
        return Refusal("task_not_open", {"task": task.id, "state": task.state})
    return None


def release(turn: Turn, data: TaskRelease) -> Facts:
    """Give a task back; what is picked stays picked."""
    task = _task(turn, data.task_id)
    if task.state != "taken":
        raise RefusedError("task_not_open", task=task.id, state=task.state)
    if task.picker != turn.command.actor and not {"leader", "supervisor"} & set(turn.command.roles):
        raise RefusedError("not_yours", task=task.id, by=task.picker)
    if not turn.rules.knows_reason("release", data.reason):
        raise RefusedError("reason_unknown", reason=data.reason)
    refs = [f"order:{order}" for order in task.orders]
    turn.emit("task.released", f"task:{task.id}", refs, task=task.id, reason=data.reason)
    for order in orders_of(turn.world, task):
        try_move(turn, order, "task.release")
    return {}


def bind_tote(turn: Turn, data: ToteBind) -> Facts:
    """Bind a tote to an order of the task in hand."""
    task = _task(turn, data.task_id)
    if data.order_id not in task.orders:
        raise RefusedError("unknown_order", order=data.order_id)
    order = the_order(turn, data.order_id)
    _refuse_stopped(turn, order)
    _own_task(turn, data.task_id)
    if not data.code.startswith("T-") or turn.world.get(Location, data.code):
        raise RefusedError("not_a_tote", got=data.code)
    tote = turn.world.get(Tote, data.code)
    if tote and tote.order and tote.order != order.id:
        raise RefusedError("tote_in_use", tote=data.code, order=tote.order)
    refs = (*order_refs(order), f"tote:{data.code}")
    turn.emit("tote.bound", f"order:{order.id}", refs, order=order.id, tote=data.code)
    return {"task_id": task.id}


def scan(turn: Turn, data: PickScan) -> Facts:
    """Confirm a location or an item of a step."""
    task, step, order = _open_step(turn, data.task_id, data.step, code=data.code)
    world = turn.world
    facts = {"task_id": task.id, "step": data.step}
    elsewhere = bool(step.location) and task.at != step.location
    if world.get(Location, data.code):
        if data.code != step.location:
            raise RefusedError("wrong_bin", expected=step.location, got=data.code)
        _emit_pick(turn, order, task, data, said="location", qty=0)
        return facts | {"said": "location"}
    if not is_item(turn.command, data.code, step):
        if elsewhere:
            raise RefusedError("wrong_bin", expected=step.location, got=data.code)
        facts = {"expected": step.sku, "got": data.code, "sku": step.sku}
        raise RefusedError("wrong_item", **facts)
    if elsewhere:
        raise RefusedError("location_first", expected=step.location)
    if turn.rules.document.picking.tote_required and not order.tote:
        raise RefusedError("tote_first", order=order.id)
    gs1 = turn.command.gs1
    is_plain = gs1 is None and not step.lots_ok and not step.needs_lot and not step.needs_expiry
    lot = "" if is_plain else check_lot(turn, step)
    if step.check == "confirm":
        _emit_pick(turn, order, task, data, said="need_qty", qty=0, lot=lot)
        return facts | {"said": "need_qty"}
    _emit_pick(turn, order, task, data, said="item", qty=1, lot=lot)
    if world.the(Task, task.id).closed[data.step - 1]:
        settle(turn, world.the(Order, order.id))
    return facts | {"said": "item"}


def is_item(command: Command, code: str, step: Step) -> bool:
    """Tell whether a scanned code names the item of a step, by itself or by the GTIN in it."""
    return code in step.codes or any(name in step.codes for name in names(command, code))


def _emit_pick(
    turn: Turn, order: Order, task: Task, data: PickScan, *, said: str, qty: int, lot: str = ""
) -> None:
    serial = turn.command.gs1.serial if turn.command.gs1 else ""
    more = ({"lot": lot} if lot else {}) | ({"serial": serial} if serial else {})
    turn.emit(
        "pick.scanned",
        f"order:{order.id}",
        (f"task:{task.id}",),
        task=task.id,
        step=data.step,
        code=data.code,
        said=said,
        qty=qty,
        **more,
    )


def count(turn: Turn, data: PickQty) -> Facts:
    """Confirm the counted quantity of a step whose item was scanned."""
    task, step, order = _open_step(turn, data.task_id, data.step, counted=data.qty)
    if step.check != "confirm":
        raise RefusedError("scan_each", qty=step.qty)
    if task.scanned != data.step:
        raise RefusedError("scan_first", expected=step.sku)
    expected = step.qty - task.picked[data.step - 1]
    if data.qty != expected:
        raise RefusedError("qty_mismatch", expected=expected, got=data.qty)
    turn.emit(
        "pick.counted",
        f"order:{order.id}",
        (f"task:{task.id}",),
        task=task.id,
        step=data.step,
        qty=data.qty,
    )
    settle(turn, turn.world.the(Order, order.id))
    return {"task_id": task.id, "step": data.step, "said": "item"}


def short(turn: Turn, data: PickShort) -> Facts:
    """Close a step with fewer pieces than asked (PICK-8).

    The bin's books are corrected to what was found, and its count is asked for. What another bin
    can give is fetched there; for the rest the order will wait.
    """
    task, step, order = _open_step(turn, data.task_id, data.step)
    if not turn.rules.knows_reason("short", data.reason):
        raise RefusedError("reason_unknown", reason=data.reason)
    picked = task.picked[data.step - 1]
    if not picked <= data.found < step.qty:
        raise RefusedError("qty_mismatch", expected=picked, got=data.found)
    turn.emit(
        "pick.shorted",
        f"order:{order.id}",
        (f"task:{task.id}", f"sku:{step.sku}"),
        order=order.id,
        task=task.id,
        step=data.step,
        line=step.line,
        sku=step.sku,
        location=step.location,
        wanted=step.qty,
        found=data.found,
        reason=data.reason,
    )
    _try_elsewhere(turn, order, task, step, step.qty - data.found)
    settle(turn, turn.world.the(Order, order.id))
    return {"task_id": task.id, "step": data.step, "said": "short"}


def _try_elsewhere(turn: Turn, order: Order, task: Task, step: Step, missing: int) -> None:
    line = next(each for each in turn.world.the(Assignment, order.id).lines if each.no == step.line)
    at = (step.sku, step.location, step.lot)
    stock.correct(turn, order, at, missing)
    stock.open_count(turn, at, reason="short", order=order.id)
    steps = [
        step_row(turn, (line.no, location, lot, qty))
        for _, location, lot, qty in stock.lock_more(turn, order, Want(line.sku, missing, line.lot))
    ]
    got = sum(row[2] for row in steps)
    if got < missing and order.trusted:
        what = {"sku": step.sku, "qty": missing - got}
        turn.emit("stock.compensated", f"order:{order.id}", order=order.id, **what)
    if steps:
        refs = (f"task:{task.id}",)
        subject = f"order:{order.id}"
        turn.emit("task.extended", subject, refs, order=order.id, task=task.id, steps=steps)


def put_back(turn: Turn, data: PutbackScan) -> Facts:
    """Return picked pieces of an ended order to their bin (FRZ-5)."""
    order = the_order(turn, data.order_id)
    if closed := why_no_put_back(turn.world, order, turn.rules):
        raise refused(closed)
    skus = [item.sku for item in order.put_back if item.done < item.qty]
    due = [at for at, item in enumerate(order.put_back) if _is_due(turn, item, data.code)]
    if not due:
        raise RefusedError("wrong_item", expected=",".join(skus), got=data.code, sku="")
    here = [at for at in due if order.put_back[at].location == data.location]
    at = (here or due)[0]
    item = order.put_back[at]
    if not 0 < data.qty <= item.qty - item.done:
        raise RefusedError("qty_mismatch", expected=item.qty - item.done, got=data.qty)
    stock.check_bin(item.location, data.location)
    turn.emit(
        "putback.scanned",
        f"order:{order.id}",
        order_refs(order),
        order=order.id,
        item=at,
        sku=item.sku,
        location=item.location,
        qty=data.qty,
    )
    if item.late and not turn.rules.is_over(order.state):
        stock.lay_back(turn, order, (item.sku, item.location, item.lot, data.qty))
    else:
        stock.put_back(turn, order, item.sku, item.location, data.qty)
    settle(turn, turn.world.the(Order, order.id))
    return {"order_id": order.id}


def _is_due(turn: Turn, item: PutBack, code: str) -> bool:
    sku = turn.world.the(Sku, item.sku)
    return item.done < item.qty and any(name in sku.named_by for name in names(turn.command, code))


def _task(turn: Turn, task_id: str) -> Task:
    task = turn.world.get(Task, task_id)
    if task is None:
        raise RefusedError("unknown_task", task=task_id)
    return task


def _own_task(turn: Turn, task_id: str) -> Task:
    task = _task(turn, task_id)
    if task.state == "taken" and task.picker != turn.command.actor:
        raise RefusedError("task_taken", task=task.id, by=task.picker)
    if task.state != "taken":
        raise RefusedError("task_not_open", task=task.id, state=task.state)
    return task


def _open_step(
    turn: Turn, task_id: str, step_no: int, code: str = "", counted: int = 0
) -> tuple[Task, Step, Order]:
    """Return a step that may be worked on now.

    Pieces that were scanned or counted on a PDA out of reach, before their order was frozen, ended
    or taken by another, are a fact: kept as `pick.late_scan`, and to be put back.
    """
    task = _task(turn, task_id)
    plan = turn.world.the(Plan, task.id)
    if not 1 <= step_no <= len(plan.steps):
        raise RefusedError("unknown_step", task=task.id, step=step_no)
    step = plan.steps[step_no - 1]
    order = turn.world.the(Order, step.order)
    blocked_us = _blocked_since(turn, task, order)
    is_early = blocked_us is not None and turn.command.captured_us < blocked_us
    if is_early and (pieces := _pieces(turn, code, counted, step)):
        raise LateScan(order, step, pieces)
    _refuse_stopped(turn, order)
    _own_task(turn, task_id)
    if order.task != task.id:
        raise RefusedError("step_done", step=step_no)
    if task.closed[step_no - 1]:
        if _is_code(turn, code, step) and task.picked[step_no - 1] >= step.qty:
            raise RefusedError("surplus", qty=step.qty, sku=step.sku)
        raise RefusedError("step_done", step=step_no)
    return task, step, order


def _pieces(turn: Turn, code: str, counted: int, step: Step) -> int:
    """Return the pieces that a scan or a count took out of their bin."""
    if step.check == "confirm":
        return counted if 0 < counted <= step.qty else 0
    return 1 if _is_code(turn, code, step) else 0


def _is_code(turn: Turn, code: str, step: Step) -> bool:
    return bool(code) and is_item(turn.command, code, step)


def _refuse_stopped(turn: Turn, order: Order) -> None:
    """Refuse to work on an order that is frozen or has ended."""
    if stopped := _why_stopped(order, turn.rules):
        raise refused(stopped)


def _why_stopped(order: Order, rules: Ruleset) -> Refusal | None:
    if order.freezes:
        return frozen(order)
    if rules.is_over(order.state):
        return Refusal("order_ended", {"order": order.id, "state": order.state})
    return None


def why_not_take(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Return why nobody can take the order's task now."""
    task = world.get(Task, order.task) if order.task else None
    if task is None:
        return no_way(order, "task.take", rules)
    return _why_not_open(task) or (frozen(order) if order.freezes else None)


def why_not_pick(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Return why nobody can pick for the order now."""
    if stopped := _why_stopped(order, rules):
        return stopped
    task = world.get(Task, order.task) if order.task else None
    if task is None:
        return no_way(order, "pick.scan", rules)
    if task.state != "taken":
        return Refusal("task_not_open", {"task": task.id, "state": task.state})
    if lines_closed(world, order, rules) is None:
        return Refusal("step_done", {"step": len(task.closed)})
    return None


def why_not_release(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Return why the order's task cannot be given back."""
    task = world.get(Task, order.task) if order.task else None
    if task is None:
        return no_way(order, "task.release", rules)
    if task.state != "taken":
        return Refusal("task_not_open", {"task": task.id, "state": task.state})
    return None


def why_no_put_back(_: World, order: Order, __: Ruleset) -> Refusal | None:
    """Return why nothing of the order is to be put back."""
    if any(item.done < item.qty for item in order.put_back):
        return None
    return Refusal("nothing_to_put_back", {"order": order.id, "state": order.state})


def _blocked_since(turn: Turn, task: Task, order: Order) -> int | None:
    if order.freezes:
        return order.freezes[0].opened_us
    if turn.rules.desk(order.state) == "back" or order.task != task.id:
        return order.since_us
    if task.state == "taken" and task.picker != turn.command.actor:
        return task.taken_us
    return None


class LateScan(Exception):  # noqa: N818 - a fact, not an error
    """Pieces were scanned or counted in good faith before their order stopped."""

    def __init__(self, order: Order, step: Step, pieces: int) -> None:
        super().__init__(order.id)
        self.order = order
        self.step = step
        self.pieces = pieces


def keep_late_scan(turn: Turn, late: LateScan, code: str) -> RefusedError:
    """Write the late scan down, and return the refusal that tells the picker."""
    turn.emit(
        "pick.late_scan",
        f"order:{late.order.id}",
        order_refs(late.order),
        order=late.order.id,
        sku=late.step.sku,
        location=late.step.location,
        lot=late.step.lot,
        code=code,
        qty=late.pieces,
    )
    return RefusedError("late_scan", order=late.order.id, sku=late.step.sku)
