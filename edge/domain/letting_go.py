"""Documents of orders that ended long ago leave the box; the archive keeps their journal (OPS-2).

The look through the box only proposes. What may go is judged here, inside the transaction: an
order on which nothing is open goes with all that it refers to, and so do the orders of the same
task, or none of them. Of each stays a word, `LetGo`: its id is not accepted as new, and whoever
asks for it is told where to look. Its waybill numbers and its fulfilment code stay spent.

What only hangs on orders (earlier tasks and jobs, approvals, notices, interceptions, spent timers)
has no way back from them. It goes by itself once it is closed and its orders are gone.
"""

from collections.abc import Callable
from typing import Any, Final

from edge.domain.commands import OrdersLetGo
from edge.domain.model import (
    KINDS,
    Alarm,
    Amendment,
    Approval,
    Change,
    Deadlines,
    Doc,
    Job,
    LetGo,
    Lock,
    LockSlot,
    Order,
    Task,
    Timer,
)
from edge.domain.projections_stock import LOCK_SLOT_US
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.world import World

Facts = dict[str, Any]
CLOSED_TASKS: Final = ("done", "merged", "dropped", "kept")
RESTING: Final = frozenset({"state", "tote"})
"""Words that an order on which nothing is open may still be found by."""


def let_go(turn: Turn, data: OrdersLetGo) -> Facts:
    """Let those of the orders, and of what hangs on orders, go that may; return how many did."""
    orders: dict[str, None] = {}
    for order_id in data.orders:
        together = _together(turn.world, order_id)
        if together and all(_may_go(turn, each, data.before_us) for each in together):
            orders.update(dict.fromkeys(each.id for each in together))
    docs = {
        kind: found
        for kind, ids in data.docs.items()
        if (found := [each for each in ids if _may_leave(turn, kind, each, data.before_us)])
    }
    if orders or docs:
        refs = [f"order:{each}" for each in orders]
        turn.emit("orders.let_go", "retention", refs, orders=list(orders), docs=docs)
    return {"orders": len(orders), "docs": sum(map(len, docs.values()))}


def refuse_gone(world: World, order_id: str) -> None:
    """Refuse what is asked of an order that was let go, and say so."""
    gone = world.get(LetGo, order_id)
    if gone is not None:
        facts = {"order": order_id, "state": gone.state, "ended_at": gone.ended_us}
        raise RefusedError("order_archived", **facts)


def _together(world: World, order_id: str) -> list[Order]:
    """Return an order with those that share its task: they go at once."""
    order = world.get(Order, order_id)
    task = world.get(Task, order.task) if order and order.task else None
    if order is None or task is None:
        return [order] if order else []
    found = [world.get(Order, each) for each in dict.fromkeys((order_id, *task.orders))]
    return [each for each in found if each is not None and each.task == task.id]


def _may_go(turn: Turn, order: Order, before_us: int) -> bool:
    """Tell whether an order ended before a time, and nothing is open on it."""
    is_over = order.shipped_us > 0 or turn.rules.is_over(order.state)
    waits = order.freezes or order.approvals or order.terms().keys() - RESTING
    return is_over and not waits and order.since_us < before_us and not _has_open(turn.world, order)


def _has_open(world: World, order: Order) -> bool:
    """Tell whether goods, a timer, a task or a print job still wait for an order."""
    lock, running = world.get(Lock, order.id), world.get(Deadlines, order.id)
    if (lock and lock.pieces) or (running and running.timers):
        return True
    timer = world.get(Timer, order.carrier_timer) if order.carrier_timer else None
    task = world.get(Task, order.task) if order.task else None
    if (timer and timer.state == "armed") or (task and task.state not in CLOSED_TASKS):
        return True
    jobs = (world.get(Job, copy.job) for copy in order.copies)
    return any(job.terms() for job in jobs if job)


# ---- what hangs on orders -----------------------------------------------------------------------


def hangs_free(world: World, doc: Doc, before_us: int) -> bool:
    """Tell whether a document was closed before a time, and hangs on no order any more."""
    return HANGING[doc.KIND](world, doc, before_us)


def _may_leave(turn: Turn, kind: str, doc_id: str, before_us: int) -> bool:
    doc = turn.world.get(KINDS[kind], doc_id) if kind in HANGING else None
    return doc is not None and hangs_free(turn.world, doc, before_us)


def _are_gone(world: World, *orders: str) -> bool:
    return not any(world.get(Order, each) for each in orders if each)


def _task(world: World, doc: Doc, before_us: int) -> bool:
    assert isinstance(doc, Task)
    closed = doc.state in CLOSED_TASKS and doc.created_us < before_us
    return closed and _are_gone(world, *doc.orders)


def _job(world: World, doc: Doc, before_us: int) -> bool:
    assert isinstance(doc, Job)
    return not doc.terms() and doc.since_us < before_us and _are_gone(world, doc.order)


def _approval(world: World, doc: Doc, before_us: int) -> bool:
    assert isinstance(doc, Approval)
    closed = doc.state != "open" and not doc.timers and doc.asked_us < before_us
    return closed and _are_gone(world, doc.order)


def _alarm(_: World, doc: Doc, before_us: int) -> bool:
    assert isinstance(doc, Alarm)
    over_us = doc.settled_us if doc.acked_us is None else doc.acked_us
    return over_us is not None and over_us < before_us


def _timer(_: World, doc: Doc, before_us: int) -> bool:
    assert isinstance(doc, Timer)
    return doc.state != "armed" and doc.due_us < before_us


def _interception(world: World, doc: Doc, _: int) -> bool:
    assert isinstance(doc, Amendment | Change)
    return _are_gone(world, doc.order)


def _lock_page(world: World, doc: Doc, before_us: int) -> bool:
    assert isinstance(doc, LockSlot)
    began_us = int(doc.id.partition(".")[0]) * LOCK_SLOT_US
    return began_us < before_us and _are_gone(world, *doc.orders)


HANGING: Final[dict[str, Callable[[World, Doc, int], bool]]] = {
    Task.KIND: _task,
    Job.KIND: _job,
    Approval.KIND: _approval,
    Alarm.KIND: _alarm,
    Timer.KIND: _timer,
    Amendment.KIND: _interception,
    Change.KIND: _interception,
    LockSlot.KIND: _lock_page,
}
"""Kinds of documents that hang on orders, and when one of them is closed and hangs on none."""
