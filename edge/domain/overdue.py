"""Locks that are too old are flagged, then released; their orders wait (PICK-10).

Locks that began within the same five minutes share a timer, 200 at most, so that good orders cost
nothing.
"""

from typing import Final

from edge.domain import stock
from edge.domain.alarms import raise_alarm
from edge.domain.model import Lock, LockSlot, Order, Timer
from edge.domain.projections_stock import LOCK_SLOT_US
from edge.domain.refusals import Refusal
from edge.domain.timing import arm_timer, on_fire
from edge.domain.turn import Turn
from edge.domain.workflow import choose, move

RELEASE: Final = "stock.release_locks"
ACTION: Final = "lock.overdue"
"""What the table of states says to it decides whether an order's lock is released."""
ROLES: Final = ("keeper", "leader")


@on_fire(stock.FLAG_LOCKS)
def _flag(turn: Turn, timer: Timer) -> None:
    orders = _overdue(turn, timer)
    for order in orders:
        since_us = _since(turn, order)
        turn.emit("stock.lock_flagged", f"order:{order.id}", order=order.id, since_us=since_us)
    if orders:
        facts = {"order": orders[0].id, "orders": len(orders)}
        raise_alarm(turn, timer.subject, "locks_overdue", facts, roles=ROLES)
        grace_us = turn.rules.document.stock.lock_release_h * stock.US_PER_H
        arm_timer(turn, RELEASE, timer.subject, grace_us)


@on_fire(RELEASE)
def _release(turn: Turn, timer: Timer) -> None:
    for order in _overdue(turn, timer):
        if not turn.world.the(Lock, order.id).flagged:
            continue
        why = _why_kept(turn, order)
        emitted = "stock.lock_kept" if why else "stock.lock_released"
        since_us = _since(turn, order)
        turn.emit(emitted, f"order:{order.id}", order=order.id, why=why, since_us=since_us)
        if not why:
            stock.unlock(turn, order, "overdue")
            move(turn, turn.world.the(Order, order.id), ACTION)


def _overdue(turn: Turn, timer: Timer) -> list[Order]:
    """Return the orders whose locks began in the timer's slot, on its page, and still stand."""
    page = timer.subject.partition(":")[2]
    slot = page.partition(".")[0]
    found = turn.world.get(LockSlot, page)
    return [
        turn.world.the(Order, order)
        for order in (found.orders if found else ())
        if (lock := turn.world.get(Lock, order)) is not None
        and lock.pieces
        and str(lock.since_us // LOCK_SLOT_US) == slot
    ]


def _since(turn: Turn, order: Order) -> int:
    return turn.world.the(Lock, order.id).since_us


def _why_kept(turn: Turn, order: Order) -> str:
    """Return why a lock must stand: the order is frozen, or somebody works on it."""
    if order.freezes:
        return "frozen"
    way = choose(turn.world, order, ACTION, turn.rules)
    return "in_work" if isinstance(way, Refusal) else ""
