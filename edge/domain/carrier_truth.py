"""The second truth about a parcel: what its carrier says, kept apart from what the floor knows.

The carrier has a parcel when its waybill is valid *and* it was scanned for the first time. A parcel
that shipped and is not known to the carrier in time is `missing`, one that was scanned too late is
`late`: both are marked and the keeper is told (FLOW-5).
"""

from typing import Any, Literal

from edge.domain.alarms import AlarmCode, raise_alarm
from edge.domain.commands import TIME_US_MAX
from edge.domain.model import Order, Timer
from edge.domain.orders import the_order
from edge.domain.refusals import RefusedError
from edge.domain.timing import US_PER_S, arm_timer, disarm_timer, on_fire
from edge.domain.turn import Turn
from edge.domain.workflow import try_move

Body = dict[str, Any]
PURPOSE = "carrier.record"


def await_record(turn: Turn, order: Order) -> None:
    """Give the carrier its time from the moment that a parcel shipped."""
    if has_record(order):
        _judge(turn, order)
        return
    delay_us = turn.rules.document.carrier_record.late_s * US_PER_S
    timer = arm_timer(turn, PURPOSE, f"order:{order.id}", delay_us)
    turn.emit("carrier.awaited", f"order:{order.id}", order=order.id, timer=timer)


def has_record(order: Order) -> bool:
    """Tell whether the carrier knows the parcel: its waybill is valid and it was scanned."""
    return order.carrier_valid and bool(order.carrier_scan_us)


def take_status(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Keep what the carrier says, as the hub tells it; a status may call for an action."""
    order = the_order(turn, str(body["order_id"]))
    valid, scan_us = body.get("waybill_valid"), body.get("first_scan_at") or 0
    if (
        valid not in (None, True, False)
        or type(scan_us) is not int
        or not (0 <= scan_us <= TIME_US_MAX)
    ):
        problem = "waybill_valid: true or false; first_scan_at: µs since 1970"
        raise RefusedError("malformed", problem=problem, kind="order.carrier_status")
    turn.emit(
        "carrier.status_changed",
        f"order:{order.id}",
        order=order.id,
        status=str(body["status"]),
        valid=order.carrier_valid if valid is None else bool(valid),
        first_scan_us=scan_us or order.carrier_scan_us,
        **link,
    )
    order = turn.world.the(Order, order.id)
    if action := turn.rules.document.workflow.carrier_actions.get(order.carrier_status):
        order = try_move(turn, order, action)
    if order.shipped_us and has_record(order):
        disarm_timer(turn, order.carrier_timer)
        _judge(turn, order)


def _judge(turn: Turn, order: Order) -> None:
    late_us = turn.rules.document.carrier_record.late_s * US_PER_S
    _mark(turn, order, "late" if order.carrier_scan_us - order.shipped_us > late_us else "")


def _mark(turn: Turn, order: Order, mark: Literal["", "late", "missing"]) -> None:
    if order.carrier_mark == mark:
        return
    subject = f"order:{order.id}"
    facts = {
        "order": order.id,
        "mark": mark,
        "shipped_us": order.shipped_us,
        "first_scan_us": order.carrier_scan_us,
    }
    turn.emit("carrier.marked", subject, **facts)
    if mark:
        code: AlarmCode = "carrier_late" if mark == "late" else "carrier_missing"
        raise_alarm(turn, subject, code, {"order": order.id}, roles=("keeper",))


@on_fire(PURPOSE)
def _no_record(turn: Turn, timer: Timer) -> None:
    """Mark a parcel that is still gone from here and still unknown to its carrier."""
    order = turn.world.the(Order, timer.subject.removeprefix("order:"))
    if order.carrier_timer == timer.id and order.shipped_us and not has_record(order):
        _mark(turn, order, "missing")
