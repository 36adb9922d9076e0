"""What entries about picking, packing and labels do to the documents."""

from typing import Any

import msgspec

from edge.domain.entries import Fact
from edge.domain.model import (
    Assignment,
    Hands,
    Location,
    Lock,
    Order,
    Plan,
    PutBack,
    Returned,
    Sku,
    Step,
    Task,
    Tote,
)
from edge.domain.projecting import on, the_order
from edge.domain.projections_gifts import note_gift
from edge.domain.projections_stock import take_out
from edge.domain.world import World

# ---- picking ----------------------------------------------------------------------------------


@on("task.made")
def _task_made(world: World, fact: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    steps = _steps(world, order, data["steps"])
    _put_task(world, order, data["task"], steps, _kept_steps(world, order), at_us=fact.at_us)
    if order.priority:
        world.edit(world.the(Task, data["task"]), priority=order.priority)
    world.edit(order, task=data["task"], short={})


def _kept_steps(world: World, order: Order) -> list[Step]:
    """Return the steps of what stayed in the tote when the order's content changed."""
    task = world.get(Task, order.task) if order.task else None
    return list(world.the(Plan, task.id).steps) if task and task.state == "kept" else []


@on("pick.kept")
def _pick_kept(world: World, fact: Fact, data: dict[str, Any]) -> None:
    """What stays in the tote counts for the order's new lines; the packing begins anew."""
    order = the_order(world, data)
    if data["task"]:
        steps = _steps(world, order, data["steps"])
        _put_task(world, order, data["task"], [], steps, at_us=fact.at_us)
        world.edit(world.the(Task, data["task"]), state="kept")
    fresh: dict[str, Any] = {"short": {}, "checked": (), "evidence": (), "weight_g": 0}
    world.edit(order, task=data["task"], packer="", station="", **fresh)


def _steps(world: World, order: Order, rows: list[Any]) -> list[Step]:
    """Return steps from (line, location, pieces, check, lot where there is one)."""
    lines = {line.no: line for line in world.the(Assignment, order.id).lines}
    steps = []
    for line_no, location, qty, check, *lots in rows:
        line = lines[line_no]
        sku = world.the(Sku, line.sku)
        place = world.get(Location, location)
        step = Step(
            order=order.id,
            line=line_no,
            sku=line.sku,
            name=sku.name,
            gift=line.gift,
            location=location,
            zone=place.zone if place else "",
            walk=place.walk if place else 0,
            qty=qty,
            check=check,
            codes=sku.named_by,
            lots_ok=tuple(lots),
            needs_lot=sku.lot,
            needs_expiry=sku.expiry,
        )
        steps.append(step)
    return steps


def _put_task(
    world: World, order: Order, task_id: str, steps: list[Step], kept: list[Step], *, at_us: int
) -> None:
    """Make an order's task: steps to do, and those whose pieces are in the tote already."""
    rows = [*((step, 0, False) for step in steps), *((step, step.qty, True) for step in kept)]
    rows.sort(key=_on_the_walk)
    world.put(Plan(id=task_id, steps=tuple(step for step, _, _ in rows)))
    task = Task(
        id=task_id,
        state="open",
        lane=order.lane,
        orders=(order.id,),
        picked=tuple(picked for _, picked, _ in rows),
        closed=tuple(closed for _, _, closed in rows),
        created_us=at_us,
    )
    world.put(task)


def _on_the_walk(row: tuple[Step, int, bool]) -> tuple[int, str, str, int]:
    step = row[0]
    return step.walk, step.location, step.order, step.line


@on("task.taken")
def _task_taken(world: World, fact: Fact, data: dict[str, Any]) -> None:
    leader = _join(world, data["task"], data["absorbed"])
    world.edit(leader, state="taken", picker=fact.actor, taken_us=fact.at_us, at="")
    world.put(Hands(id=fact.actor, task=leader.id))


@on("order.merged")
def _order_merged(world: World, _: Fact, data: dict[str, Any]) -> None:
    _join(world, data["task"], data["absorbed"])


def _join(world: World, leader_id: str, absorbed_ids: list[str]) -> Task:
    """Make one task of several, in walk order; return it."""
    tasks = [world.the(Task, each) for each in (leader_id, *absorbed_ids)]
    leader = tasks[0]
    walk = sorted(
        (
            (step, picked, closed)
            for task in tasks
            for step, picked, closed in zip(
                world.the(Plan, task.id).steps, task.picked, task.closed, strict=True
            )
        ),
        key=_on_the_walk,
    )
    world.put(Plan(id=leader.id, steps=tuple(step for step, _, _ in walk)))
    joined = world.edit(
        leader,
        orders=tuple(order for task in tasks for order in task.orders),
        picked=tuple(picked for _, picked, _ in walk),
        closed=tuple(closed for _, _, closed in walk),
        rev=leader.rev + 1,
    )
    for absorbed in tasks[1:]:
        world.edit(absorbed, state="merged", rev=absorbed.rev + 1)
        for order in absorbed.orders:
            world.edit(world.the(Order, order), task=leader.id)
    return joined


@on("task.released")
def _task_released(world: World, _: Fact, data: dict[str, Any]) -> None:
    task = world.the(Task, data["task"])
    world.put(Hands(id=task.picker))
    world.edit(task, state="open", picker="", at="", scanned=0, rev=task.rev + 1)


@on("task.finished")
def _task_finished(world: World, _: Fact, data: dict[str, Any]) -> None:
    task = world.the(Task, data["task"])
    if task.picker:
        world.put(Hands(id=task.picker))
    world.edit(task, state=data["state"], rev=task.rev + 1)


@on("tote.bound")
def _tote_bound(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    if order.tote:
        world.put(Tote(id=order.tote))
    world.put(Tote(id=data["tote"], order=order.id))
    world.edit(order, tote=data["tote"])
    task = world.the(Task, order.task)
    world.edit(task, rev=task.rev + 1)


@on("tote.freed")
def _tote_freed(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.put(Tote(id=data["tote"]))
    world.edit(the_order(world, data), tote="")


@on("pick.scanned")
def _pick_scanned(world: World, fact: Fact, data: dict[str, Any]) -> None:
    task = world.the(Task, data["task"])
    if data["said"] == "location":
        world.edit(task, at=data["code"], scanned=0, rev=task.rev + 1)
    elif data["said"] == "need_qty":
        world.edit(task, scanned=data["step"], rev=task.rev + 1)
    else:
        _count(world, fact, task, data)


@on("pick.counted")
def _pick_counted(world: World, fact: Fact, data: dict[str, Any]) -> None:
    _count(world, fact, world.the(Task, data["task"]), data)


def _count(world: World, fact: Fact, task: Task, data: dict[str, Any]) -> None:
    step_no, qty = data["step"], data["qty"]
    at = step_no - 1
    picked = task.picked[at] + qty
    step = world.the(Plan, task.id).steps[at]
    done = picked >= step.qty
    take_out(world, (step.sku, step.location, step.lot), qty)
    if step.gift:
        note_gift(world, fact, step.order, "picked", line=step.line, qty=qty)
    world.edit(
        task,
        picked=(*task.picked[:at], picked, *task.picked[at + 1 :]),
        closed=(*task.closed[:at], done, *task.closed[at + 1 :]),
        scanned=0,
        rev=task.rev + 1,
    )


@on("pick.shorted")
def _pick_shorted(world: World, _: Fact, data: dict[str, Any]) -> None:
    task = world.the(Task, data["task"])
    at = data["step"] - 1
    world.edit(
        task,
        picked=(*task.picked[:at], data["found"], *task.picked[at + 1 :]),
        closed=(*task.closed[:at], True, *task.closed[at + 1 :]),
        scanned=0,
        rev=task.rev + 1,
    )
    step = world.the(Plan, task.id).steps[at]
    take_out(world, (step.sku, step.location, step.lot), data["found"] - task.picked[at])
    _found(world, the_order(world, data), data["line"], data["found"] - data["wanted"])


def _found(world: World, order: Order, line_no: int, change: int) -> None:
    """Note pieces of a line that are missing (negative), or that another bin makes up for."""
    line = next(line for line in world.the(Assignment, order.id).lines if line.no == line_no)
    short = dict(order.short)
    short[str(line_no)] = short.get(str(line_no), line.qty) + change
    if short[str(line_no)] >= line.qty:
        del short[str(line_no)]
    world.edit(order, short=short)


@on("task.extended")
def _task_extended(world: World, _: Fact, data: dict[str, Any]) -> None:
    task = world.the(Task, data["task"])
    order = the_order(world, data)
    steps = _steps(world, order, data["steps"])
    plan = world.the(Plan, task.id)
    world.edit(plan, steps=(*plan.steps, *steps))
    world.edit(
        task,
        picked=(*task.picked, *(0 for _ in steps)),
        closed=(*task.closed, *(False for _ in steps)),
        rev=task.rev + 1,
    )
    for step in steps:
        _found(world, world.the(Order, order.id), step.line, step.qty)


@on("pick.late_scan")
def _pick_late_scan(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    take_out(world, (data["sku"], data["location"], data.get("lot", "")), data["qty"])
    shelf = {"sku": data["sku"], "location": data["location"], "lot": data.get("lot", "")}
    item = PutBack(**shelf, qty=data["qty"], late=True)
    world.edit(order, put_back=(*order.put_back, item))


@on("putback.opened")
def _putback_opened(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    items = tuple(PutBack(sku=s, location=place, qty=q) for s, place, q in data["items"])
    world.edit(order, put_back=order.put_back + items)


@on("putback.scanned")
def _putback_scanned(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    at = data["item"]
    item = order.put_back[at]
    returned = msgspec.structs.replace(item, done=item.done + data["qty"])
    items = (*order.put_back[:at], returned, *order.put_back[at + 1 :])
    world.edit(order, put_back=items)


@on("order.substituted")
def _order_substituted(world: World, _: Fact, data: dict[str, Any]) -> None:
    content, order = world.the(Assignment, data["order"]), the_order(world, data)
    old = next(line for line in content.lines if line.no == data["line"])
    new = {"no": data["new_line"], "sku": data["to"], "qty": data["qty"], "lot": ""}
    left = msgspec.structs.replace(old, qty=data["found"])
    lines = [left if line is old else line for line in content.lines]
    lines.append(msgspec.structs.replace(old, **new))
    world.edit(content, lines=tuple(lines))
    short = {no: found for no, found in order.short.items() if no != str(data["line"])}
    world.edit(order, short=short)
    task = world.the(Task, order.task)
    if task.state == "done":
        world.edit(task, state="open", picker="")


@on("return.opened")
def _return_opened(world: World, _: Fact, data: dict[str, Any]) -> None:
    items = tuple(Returned(line=no, sku=sku, qty=qty) for no, sku, qty in data["lines"])
    world.edit(the_order(world, data), returns=items)


@on("return.scanned")
def _return_scanned(world: World, _: Fact, data: dict[str, Any]) -> None:
    order, at = the_order(world, data), data["item"]
    item = order.returns[at]
    back = msgspec.structs.replace(item, done=item.done + data["qty"])
    world.edit(order, returns=(*order.returns[:at], back, *order.returns[at + 1 :]))


@on("order.partial_granted")
def _order_partial_granted(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(the_order(world, data), short=data["found"])


@on("pick.voided")
def _pick_voided(world: World, _: Fact, data: dict[str, Any]) -> None:
    """The order begins anew; a waybill number that came with it is spent."""
    order = the_order(world, data)
    world.edit(
        order,
        task="",
        short={},
        checked=(),
        packer="",
        station="",
        waybill="",
        weight_g=0,
        shipped_us=0,
        away=False,
        evidence=(),
        returns=(),
    )
    world.edit(world.the(Assignment, order.id), waybill="")
    lock = world.get(Lock, order.id)
    if lock is not None and data["gone"]:
        world.edit(lock, shipped=())


# ---- packing -----------------------------------------------------------------------


@on("pack.opened")
def _pack_opened(world: World, fact: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    checked = order.checked
    if data["anew"]:
        checked = (0,) * len(world.the(Assignment, order.id).lines)
    world.edit(order, packer=fact.actor, station=data["station"], checked=checked)


@on("pack.scanned")
def _pack_scanned(world: World, fact: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    at = data["at"]
    checked = (*order.checked[:at], order.checked[at] + data["qty"], *order.checked[at + 1 :])
    world.edit(order, checked=checked)
    if data["gift"]:
        note_gift(world, fact, order.id, "packed", line=data["line"], qty=data["qty"])


@on("pack.finished")
def _pack_finished(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(the_order(world, data), weight_g=data["weight_g"])
