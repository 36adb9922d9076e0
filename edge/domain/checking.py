"""How well the books answer, and what is done when they answer badly (PICK-11).

A success is noted by the lock that follows it, a failure by an entry of its own.

Each acceptance asks the local books. Where the share of checks that fail rises above the ruleset's
limit the books are not believed: orders are accepted optimistically, and one that turns out short
waits with a mark. When the share has fallen again the books decide as before.
"""

from typing import Final

from edge.domain.alarms import raise_alarm, settle_alarm
from edge.domain.allotting import allot
from edge.domain.lots import note_expired
from edge.domain.model import Assignment, Order, StockChecks
from edge.domain.turn import Turn

PER_MILLE: Final = 1_000


def check(turn: Turn, order: Order) -> None:
    """Ask the books whether they can promise what an order needs; note it, and how they fare."""
    note_expired(turn, [line.sku for line in turn.world.the(Assignment, order.id).lines])
    _, short = allot(turn.world, order, turn.rules)
    if short:
        turn.emit(
            "stock.check_failed",
            f"order:{order.id}",
            [f"sku:{each.sku}" for each in short],
            order=order.id,
            known=all(each.known for each in short),
            short=[[each.sku, each.lot, each.wanted, each.available] for each in short],
            window=turn.rules.document.stock.check_window,
        )
    checks = turn.world.get(StockChecks, "checks")
    if checks is not None and checks.window:
        _judge(turn, checks)


def _judge(turn: Turn, checks: StockChecks) -> None:
    rules = turn.rules.document.stock
    share_pm = sum(checks.window) * PER_MILLE // len(checks.window)
    data = {"share_pm": share_pm, "checks": len(checks.window)}
    if checks.optimistic:
        if share_pm <= rules.check_recover_pm:
            turn.emit("stock.recovered", "stock", optimistic=False, alarm="", **data)
            settle_alarm(turn, checks.call)
    elif len(checks.window) >= rules.check_window and share_pm > rules.check_fail_pm:
        called = ("keeper", "supervisor")
        alarm = raise_alarm(turn, "stock", "stock_degraded", data, roles=called)
        turn.emit("stock.degraded", "stock", optimistic=True, alarm=alarm, **data)
