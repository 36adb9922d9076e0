"""What clients see of a task, a parcel, an order: pure readings of the world.

The shapes are those of docs/PDA_PROTOCOL.md. None of them holds personal data.
"""

from functools import lru_cache
from itertools import count
from typing import Any, Final

import msgspec

from edge.domain.asking import LABEL_ACTIONS, Why, actions_of, why_not
from edge.domain.gates import needed_at_packing
from edge.domain.label_views import CarrierView, carrier_view
from edge.domain.model import (
    Assignment,
    Freeze,
    Job,
    Line,
    Name,
    Order,
    Plan,
    Sibling,
    Siblings,
    Sku,
    Step,
    Task,
)
from edge.domain.printstages import slip_code
from edge.domain.rules import Ruleset
from edge.domain.rulesets import active_rules
from edge.domain.views_back import (
    Goes,
    PutBackView,
    ReturnView,
    put_back_views,
    return_views,
    where_goods_go,
)
from edge.domain.world import World

STEPS_REMEMBERED_MAX: Final = 20_000
_PACKING: Final = ("pack", "dock")
PACKING_ACTIONS: Final = ("pack.open", "pack.finish", *LABEL_ACTIONS, "handover.scan")


class FrozenView(msgspec.Struct, frozen=True, gc=False):
    """Why an order is frozen, and when that takes effect (µs UTC; 0: when somebody decides)."""

    category: str
    due_at: int
    reason: str
    """What the hub says, or the breaker's id."""
    contested: bool
    """Another interception contradicts it: a supervisor decides which one counts."""


class Expect(msgspec.Struct, frozen=True, gc=False):
    """What a PDA may count as right while the box is out of reach."""

    location: tuple[str, ...]
    codes: tuple[str, ...]
    qty: int
    lots_ok: tuple[str, ...] = ()
    """Lots that count as right; none means any."""
    on_wrong: str = "refuse"


class StepView(msgspec.Struct, frozen=True, gc=False):
    """A step of a guided pick."""

    no: int
    order: str
    slot: int
    line: int
    sku: str
    name: Name
    gift: bool
    location: str
    zone: str
    qty: int
    picked: int
    found: int | None
    done: bool
    check: str
    scanned: bool
    expect: Expect
    needs_lot: bool


class TaskOrder(msgspec.Struct, frozen=True, gc=False):
    """An order on the cart."""

    id: str
    slot: int
    tote: str | None
    frozen: FrozenView | None
    ended: str | None
    goes: Goes
    """What becomes of its goods now."""
    state_name: Name
    risk_pm: int
    tags: tuple[str, ...]


class TaskView(msgspec.Struct, frozen=True, gc=False):
    """A task as the PDA shows it. `steps` is empty in lists."""

    id: str
    rev: int
    lane: str
    priority: str | None
    state: str
    picker: str | None
    created_at: int
    at: str | None
    current: int | None
    tote_required: bool
    pieces: int
    zones: tuple[str, ...]
    orders: tuple[TaskOrder, ...]
    steps: tuple[StepView, ...]


class JobView(msgspec.Struct, frozen=True, gc=False):
    """A print job."""

    id: str
    order: str
    state: str
    printer: str | None
    n: int
    attempts: int
    reason: str | None
    slip: str | None
    """Text of the QR that stands for the label, where no printer of the station works."""


class ParcelView(msgspec.Struct, frozen=True, gc=False):
    """A parcel's label: its number, how many copies there were, how well the live one is proved."""

    waybill: str | None
    carrier: str
    copies: int
    grade: str
    job: JobView | None


class PackLine(msgspec.Struct, frozen=True, gc=False):
    """A line to check at packing."""

    no: int
    sku: str
    name: Name
    qty: int
    checked: int
    gift: bool
    tracked: bool
    service: bool
    check: str
    done: bool
    codes: tuple[str, ...]


class PackView(msgspec.Struct, frozen=True, gc=False):
    """An order as the packer sees it."""

    order: str
    state: str
    lane: str
    station: str | None
    packer: str | None
    tote: str | None
    lines: tuple[PackLine, ...]
    frozen: FrozenView | None
    ready: bool
    missing: tuple[int, ...]
    parcel: ParcelView
    why_not: dict[str, list[Why]]


class PackRow(msgspec.Struct, frozen=True, gc=False):
    """An order in the packers' list. `gifts` counts pieces."""

    id: str
    state: str
    lane: str
    since: int
    tote: str | None
    packer: str | None
    lines: int
    gifts: int
    frozen: FrozenView | None


class OrderView(msgspec.Struct, frozen=True, gc=False):
    """An order as anybody with the right sees it."""

    id: str
    type: str
    tags: tuple[str, ...]
    state: str
    state_name: Name
    owner_role: str
    lane: str
    since: int
    accepted_at: int
    paid_at: int
    promise: int
    frozen: tuple[FrozenView, ...]
    lines: tuple[Line, ...]
    short: dict[str, int]
    task: str | None
    tote: str | None
    parcel: ParcelView
    put_back: tuple[PutBackView, ...]
    carrier: CarrierView
    routing: dict[str, Any]
    risk_pm: int
    remark_hits: tuple[str, ...]
    priority: str | None
    marks: tuple[str, ...]
    approvals: tuple[str, ...]
    parent: str | None
    fulfilment: str | None
    siblings: tuple[Sibling, ...]
    risk_high: bool
    returns: tuple[ReturnView, ...]
    trusted: bool
    """Accepted against the books: its goods may not be where they say (PICK-11)."""
    why_not: dict[str, list[Why]]


def answer_view(world: World, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the view that belongs to an answer: of the task or the order that it names."""
    if "task_id" in facts:
        return {"task": task_view(world, facts["task_id"])}
    order_id = facts.get("order_id")
    if order_id is None:
        return {}
    order = world.the(Order, order_id)
    if active_rules(world).desk(order.state) in _PACKING:
        return {"pack": pack_view(world, order_id)}
    return {"order": order_view(world, order_id)}


def task_view(world: World, task_id: str, *, steps: bool = True) -> TaskView | None:
    """Return a task, or None where there is none."""
    task = world.get(Task, task_id)
    if task is None:
        return None
    plan = world.the(Plan, task_id)
    known = [world.get(Order, each) for each in task.orders]
    orders = {order.id: order for order in known if order is not None}
    if len(orders) < len(task.orders):
        return None  # it ended long ago, and not all of its orders are here any more
    slots = {each: slot for slot, each in enumerate(task.orders, 1)}
    return TaskView(
        id=task.id,
        rev=task.rev,
        lane=task.lane,
        priority=task.priority or None,
        state=task.state,
        picker=task.picker or None,
        created_at=task.created_us,
        at=task.at or None,
        current=_current(plan, task, orders, active_rules(world)),
        tote_required=active_rules(world).document.picking.tote_required,
        pieces=sum(step.qty for step in plan.steps),
        zones=tuple(sorted({step.zone for step in plan.steps})),
        orders=tuple(_task_order(world, task, orders[each], slot) for each, slot in slots.items()),
        steps=tuple(
            _step_view(step, no, slots[step.order], picked, closed, task.scanned == no)
            for no, step, picked, closed in zip(
                count(1), plan.steps, task.picked, task.closed, strict=False
            )
        )
        if steps
        else (),
    )


def _current(plan: Plan, task: Task, orders: dict[str, Order], rules: Ruleset) -> int | None:
    """Return the first step that is open and whose order may be picked."""
    for no, step in enumerate(plan.steps, 1):
        order = orders[step.order]
        is_open = not task.closed[no - 1] and not order.freezes and order.task == task.id
        if is_open and rules.desk(order.state) == "pick":
            return no
    return None


def _task_order(world: World, task: Task, order: Order, slot: int) -> TaskOrder:
    content = world.the(Assignment, order.id)
    rules = active_rules(world)
    has_left = order.task != task.id or rules.desk(order.state) == "back"
    return TaskOrder(
        id=order.id,
        slot=slot,
        tote=order.tote or None,
        frozen=_frozen(order),
        ended=order.state if has_left else None,
        goes=where_goods_go(order, task.id, rules),
        state_name=rules.states[order.state].name,
        risk_pm=content.risk_pm,
        tags=content.tags,
    )


@lru_cache(maxsize=STEPS_REMEMBERED_MAX)
def _step_view(
    step: Step, no: int, slot: int, picked: int, closed: bool, scanned: bool
) -> StepView:
    """Return a step as clients see it: of a task's steps all but one are as they were before."""
    return StepView(
        no,
        step.order,
        slot,
        step.line,
        step.sku,
        step.name,
        step.gift,
        step.location,
        step.zone,
        step.qty,
        picked,
        found=picked if closed and picked < step.qty else None,
        done=closed,
        check=step.check,
        scanned=scanned,
        expect=Expect(
            (step.location,) if step.location else (), step.codes, step.qty, step.lots_ok
        ),
        needs_lot=step.needs_lot,
    )


def _frozen(order: Order) -> FrozenView | None:
    views = [_freeze_view(order, freeze) for freeze in order.freezes]
    return min(views, key=lambda view: view.due_at, default=None)


def _freeze_view(order: Order, freeze: Freeze) -> FrozenView:
    contested = freeze.id in order.contested
    due_us = 0 if contested else freeze.due_us
    return FrozenView(freeze.category, due_us, freeze.reason, contested)


def pack_row(world: World, order_id: str) -> PackRow | None:
    """Return an order for the packers' list, or None where there is none."""
    order = world.get(Order, order_id)
    if order is None:
        return None
    lines = world.the(Assignment, order_id).lines
    return PackRow(
        id=order.id,
        state=order.state,
        lane=order.lane,
        since=order.since_us,
        tote=order.tote or None,
        packer=order.packer or None,
        lines=len(lines),
        gifts=sum(line.qty for line in lines if line.gift),
        frozen=_frozen(order),
    )


def pack_view(world: World, order_id: str) -> PackView | None:
    """Return an order for packing, or None where there is none."""
    order = world.get(Order, order_id)
    if order is None:
        return None
    rules = active_rules(world)
    content = world.the(Assignment, order_id)
    needed = needed_at_packing(world, order)
    checked = order.checked or (0,) * len(content.lines)
    each_max = rules.document.picking.each_max
    lines = tuple(
        _pack_line(world, line, needs, has, each_max)
        for line, needs, has in zip(content.lines, needed, checked, strict=True)
    )
    return PackView(
        order=order.id,
        state=order.state,
        lane=order.lane,
        station=order.station or None,
        packer=order.packer or None,
        tote=order.tote or None,
        lines=lines,
        frozen=_frozen(order),
        ready=all(line.done for line in lines),
        missing=tuple(line.no for line in lines if not line.done),
        parcel=_parcel(world, order, content),
        why_not=why_not(world, order, rules, PACKING_ACTIONS),
    )


def _pack_line(world: World, line: Line, needs: int, has: int, each_max: int) -> PackLine:
    sku = world.the(Sku, line.sku)
    return PackLine(
        no=line.no,
        sku=line.sku,
        name=sku.name,
        qty=needs,
        checked=has,
        gift=line.gift,
        tracked=line.tracked,
        service=line.service,
        check="each" if line.qty <= each_max else "confirm",
        done=has >= needs,
        codes=sku.named_by,
    )


def _parcel(world: World, order: Order, content: Assignment) -> ParcelView:
    job = world.get(Job, order.copies[-1].job) if order.copies else None
    return ParcelView(
        waybill=order.waybill or None,
        carrier=content.carrier,
        copies=len(order.copies),
        grade=order.grade,
        job=job_view(job) if job else None,
    )


def job_view(job: Job) -> JobView:
    """Return a print job as clients see it."""
    return JobView(
        id=job.id,
        order=job.order,
        state=job.state,
        printer=job.printer or None,
        n=job.n,
        attempts=job.attempts,
        reason=job.reason or None,
        slip=slip_code(job.id) if job.state == "slip" else None,
    )


def order_view(world: World, order_id: str) -> OrderView | None:
    """Return an order, or None where there is none."""
    order = world.get(Order, order_id)
    if order is None:
        return None
    rules = active_rules(world)
    content = world.the(Assignment, order_id)
    state = rules.states[order.state]
    return OrderView(
        id=order.id,
        type=content.type,
        tags=content.tags,
        state=order.state,
        state_name=state.name,
        owner_role=state.owner,
        lane=order.lane,
        since=order.since_us,
        accepted_at=order.accepted_us,
        paid_at=content.paid_us,
        promise=content.promise_us,
        frozen=tuple(_freeze_view(order, each) for each in order.freezes),
        lines=content.lines,
        short=order.short,
        task=order.task or None,
        tote=order.tote or None,
        parcel=_parcel(world, order, content),
        put_back=put_back_views(world, order),
        carrier=carrier_view(order),
        routing=content.routing,
        risk_pm=content.risk_pm,
        remark_hits=content.remark_hits,
        priority=order.priority or None,
        marks=order.marks,
        approvals=order.approvals,
        parent=content.parent or None,
        fulfilment=content.fulfilment or None,
        siblings=_siblings(world, order_id),
        risk_high=content.risk_pm > rules.document.priorities.risk_high_pm,
        returns=return_views(world, order),
        trusted=order.trusted,
        why_not=why_not(world, order, rules, actions_of(order, rules)),
    )


def _siblings(world: World, order_id: str) -> tuple[Sibling, ...]:
    found = world.get(Siblings, order_id)
    return found.siblings if found else ()
