"""Packing: every item and gift is checked again, the label printed, proved, and the parcel out."""

from typing import Any

from edge.domain import stock
from edge.domain.commands import (
    HandoverScan,
    PackFinish,
    PackOpen,
    PackScan,
    PrintReport,
    WaybillPrint,
    WaybillProve,
    WaybillReprint,
    WaybillResolve,
)
from edge.domain.gates import all_checked, needed_at_packing
from edge.domain.model import (
    Assignment,
    Copy,
    Job,
    Line,
    Order,
    Pool,
    PoolSlot,
    Sku,
    Tote,
    Waybill,
)
from edge.domain.orders import free_tote, job_of, the_order, void_label
from edge.domain.refusals import RefusedError, refused
from edge.domain.rules import GRADES
from edge.domain.turn import Turn
from edge.domain.workflow import frozen, move, order_refs, try_move

Facts = dict[str, Any]
LABEL_QR_PREFIX = "FG1"


def open_order(turn: Turn, data: PackOpen) -> Facts:
    """Open a tote or an order for packing at the station of the session."""
    order = _by_tote_or_id(turn, data.code)
    station = _station(turn)
    if order.state == "packing" and order.packer == turn.command.actor:
        return {"order_id": order.id}
    if order.state == "packing":
        raise RefusedError("packed_by_other", order=order.id, by=order.packer)
    if order.state != "packed_checked":
        order = move(turn, order, "pack.open")
    refs = order_refs(order)
    turn.emit("pack.opened", f"order:{order.id}", refs, order=order.id, station=station)
    return {"order_id": order.id}


def scan(turn: Turn, data: PackScan) -> Facts:
    """Check a piece, a counted quantity, or a gift that has no code."""
    order = _open_for_packing(turn, data.order_id)
    lines = turn.world.the(Assignment, order.id).lines
    at = _line_index(turn, order, lines, data)
    line = lines[at]
    left = needed_at_packing(turn.world, order)[at] - order.checked[at]
    each = check_of(turn, line.qty) == "each"
    if left <= 0 or (each and data.qty > left):
        raise RefusedError("surplus", qty=line.qty, sku=line.sku)
    if each and data.qty != 1 and not _has_no_code(line):
        raise RefusedError("scan_each", qty=line.qty)
    if not each and data.qty != left:
        raise RefusedError("qty_mismatch", expected=left, got=data.qty)
    turn.emit(
        "pack.scanned",
        f"order:{order.id}",
        order_refs(order),
        order=order.id,
        line=line.no,
        at=at,
        code=data.code,
        qty=data.qty,
        gift=line.gift,
    )
    return {"order_id": order.id, "line": line.no}


def _line_index(turn: Turn, order: Order, lines: tuple[Line, ...], data: PackScan) -> int:
    needed = needed_at_packing(turn.world, order)
    if not data.code:
        for at, line in enumerate(lines):
            if line.no == data.line and _has_no_code(line):
                return at
        raise RefusedError("scan_first", expected=str(data.line))
    matches = [
        at
        for at, line in enumerate(lines)
        if (not data.line or line.no == data.line)
        and data.code in codes_of(turn.world.the(Sku, line.sku))
    ]
    if not matches:
        missing = [line.sku for at, line in enumerate(lines) if order.checked[at] < needed[at]]
        raise RefusedError("wrong_item", expected=",".join(missing[:3]), got=data.code, sku="")
    return next((at for at in matches if order.checked[at] < needed[at]), matches[0])


def _has_no_code(line: Line) -> bool:
    return line.gift and not line.tracked


def codes_of(sku: Sku) -> tuple[str, ...]:
    """Return every code that names `sku`."""
    return (*sku.codes, sku.id)


def check_of(turn: Turn, qty: int) -> str:
    """Return how so many pieces are counted: `each` scanned, or `confirm`ed by number."""
    return "each" if qty <= turn.rules.document.picking.each_max else "confirm"


def finish(turn: Turn, data: PackFinish) -> Facts:
    """Close the parcel when everything in it was checked."""
    order = _open_for_packing(turn, data.order_id)
    order = move(turn, order, "pack.finish")
    refs = order_refs(order)
    turn.emit("pack.finished", f"order:{order.id}", refs, order=order.id, weight_g=data.weight_g)
    free_tote(turn, order)
    return {"order_id": order.id}


def print_waybill(turn: Turn, data: WaybillPrint) -> Facts:
    """Queue the parcel's waybill on the station's printer; the number comes from the hub."""
    order = _printable(turn, data.order_id)
    live = [copy for copy in order.copies if not copy.void]
    if live:
        job = turn.world.the(Job, live[-1].job)
        raise RefusedError("label_printing", job=job.id, state=job.state, printer=job.printer)
    return _queue_copy(turn, order)


def reprint(turn: Turn, data: WaybillReprint) -> Facts:
    """Void the copy in hand and print the next one, marked as a copy (PRN-2)."""
    order = _printable(turn, data.order_id)
    if not turn.rules.knows_reason("reprint", data.reason):
        raise RefusedError("reason_unknown", reason=data.reason)
    if not order.copies:
        raise RefusedError("label_missing", order=order.id)
    void_label(turn, order, reason=data.reason, number_too=False)
    return _queue_copy(turn, turn.world.the(Order, order.id))


def _printable(turn: Turn, order_id: str) -> Order:
    order = the_order(turn, order_id)
    if order.freezes:
        raise refused(frozen(order))
    if order.state != "packed_checked":
        closed = all_checked(turn.world, order, turn.rules) if order.state == "packing" else None
        raise (
            refused(closed)
            if closed
            else RefusedError("not_packed", order=order.id, state=order.state)
        )
    if turn.world.the(Assignment, order.id).phone_masked:
        raise RefusedError("phone_masked", order=order.id)
    return order


def _queue_copy(turn: Turn, order: Order) -> Facts:
    if not order.waybill:
        order = _bind_number(turn, order)
    station = order.station or _station(turn)
    job, copy, n = turn.env.new_id(), turn.env.new_id(), len(order.copies) + 1
    turn.emit(
        "print.queued",
        f"order:{order.id}",
        (f"job:{job}", f"waybill:{order.waybill}", *order_refs(order)),
        order=order.id,
        job=job,
        copy=copy,
        n=n,
        waybill=order.waybill,
        station=station,
        printer="",
    )
    return {"order_id": order.id, "job": job}


def _bind_number(turn: Turn, order: Order) -> Order:
    """Bind the number that came with the order, or the next of its carrier's pool (PRN-6)."""
    content = turn.world.the(Assignment, order.id)
    number, slot = content.waybill, None
    if not number:
        pool = turn.world.get(Pool, content.carrier)
        if pool is None or pool.head >= pool.tail:
            raise RefusedError("no_waybill_number", carrier=content.carrier)
        slot = pool.head
        number = turn.world.the(PoolSlot, f"{content.carrier}/{slot}").number
    bound = turn.world.get(Waybill, number)
    if bound is not None:
        raise RefusedError("waybill_in_use", waybill=number, order=bound.order)
    turn.emit(
        "waybill.bound",
        f"order:{order.id}",
        (f"waybill:{number}",),
        order=order.id,
        waybill=number,
        carrier=content.carrier,
        slot=slot,
    )
    return turn.world.the(Order, order.id)


_AFTER: dict[str, tuple[str, str]] = {
    "claimed": ("sending", ""),
    "sent": ("sent", "sent"),
    "confirmed": ("sent", "printer_confirmed"),
    "retry": ("queued", ""),
    "moved": ("queued", ""),
    "failed": ("failed", ""),
    "unknown": ("unknown", ""),
}
"""Stage that the print queue reports → state of the job, grade that the copy has then."""


def report(turn: Turn, data: PrintReport) -> Facts:
    """Write down what became of a copy; a proof that suffices ships the order."""
    job = job_of(turn, data.job_id)
    if data.stage not in _AFTER:
        raise RefusedError("malformed", problem=f"stage {data.stage}", kind="print.report")
    if job.state in ("proved", "void"):
        raise RefusedError("outcome_known", job=job.id, state=job.state)
    state, grade = _AFTER[data.stage]
    order = turn.world.the(Order, job.order)
    if grade and GRADES.index(grade) <= GRADES.index(order.grade):
        grade = ""
    turn.emit(
        "print.reported",
        f"job:{job.id}",
        (f"order:{job.order}",),
        job=job.id,
        stage=data.stage,
        state=state,
        grade=grade,
        printer=data.printer or job.printer,
        bytes_out=data.bytes_out,
        proof=data.proof,
        reason=data.reason,
    )
    if grade:
        ship_if_proved(turn, turn.world.the(Order, job.order))
    return {"job": job.id}


def prove(turn: Turn, data: WaybillProve) -> Facts:
    """Scan the label on the parcel: the proof that it exists and is where it belongs (PRN-4)."""
    order, copy = _by_label(turn, data.code)
    live = [each for each in order.copies if not each.void]
    if copy is None and len(order.copies) == 1 and live:
        copy = live[0]
    if copy is None:
        raise RefusedError("label_old_copy", copy=len(order.copies))
    if order.freezes:
        raise refused(frozen(order))
    if order.state != "packed_checked":
        raise RefusedError("not_packed", order=order.id, state=order.state)
    turn.emit(
        "waybill.proved",
        f"order:{order.id}",
        (f"job:{copy.job}", f"waybill:{order.waybill}", *order_refs(order)),
        order=order.id,
        waybill=order.waybill,
        copy=copy.id,
        job=copy.job,
        grade="scan_confirmed",
    )
    ship_if_proved(turn, turn.world.the(Order, order.id))
    return {"order_id": order.id}


def _by_label(turn: Turn, code: str) -> tuple[Order, Copy | None]:
    """Return the order of a scanned label, and its copy where the label names one."""
    prefix, _, rest = code.partition(":")
    number, _, copy_id = rest.partition(":") if prefix == LABEL_QR_PREFIX else (code, "", "")
    waybill = turn.world.get(Waybill, number)
    if waybill is None:
        raise RefusedError("label_not_ours", got=code)
    order = turn.world.the(Order, waybill.order)
    if waybill.void:
        raise RefusedError("label_void", waybill=number, order=order.id)
    copy = next((each for each in order.copies if each.id == copy_id), None)
    if copy_id and copy is None:
        raise RefusedError("label_not_ours", got=code)
    if copy and copy.void:
        raise RefusedError("label_old_copy", copy=copy.n)
    return order, copy


def ship_if_proved(turn: Turn, order: Order) -> None:
    """Ship an order whose label is proved as the rules demand; leave any other as it is."""
    shipped = try_move(turn, order, "label.proved")
    if shipped.state == "shipped":
        stock.ship(turn, shipped)


def resolve(turn: Turn, data: WaybillResolve) -> Facts:
    """Let a person say whether a copy whose outcome is unknown came out of the printer."""
    job = job_of(turn, data.job_id)
    if job.state not in ("unknown", "failed", "sent"):
        raise RefusedError("outcome_known", job=job.id, state=job.state)
    turn.emit(
        "waybill.resolved",
        f"job:{job.id}",
        (f"order:{job.order}",),
        job=job.id,
        order=job.order,
        printed=data.printed,
    )
    if not data.printed:
        void_label(turn, turn.world.the(Order, job.order), reason="not_out", number_too=False)
    return {"order_id": job.order, "job": job.id}


def hand_over(turn: Turn, data: HandoverScan) -> Facts:
    """Scan a shipped parcel out to its carrier."""
    order, copy = _by_label(turn, data.code)
    if copy is None and len(order.copies) > 1:
        raise RefusedError("label_old_copy", copy=len(order.copies))
    order = move(turn, order, "handover.scan")
    refs = (f"waybill:{order.waybill}", *order_refs(order))
    turn.emit("handover.scanned", f"order:{order.id}", refs, order=order.id, waybill=order.waybill)
    return {"order_id": order.id, "waybill": order.waybill}


def _station(turn: Turn) -> str:
    station = turn.station
    if not station:
        raise RefusedError("station_missing")
    return station


def _by_tote_or_id(turn: Turn, code: str) -> Order:
    tote = turn.world.get(Tote, code)
    if tote is not None and tote.order:
        return turn.world.the(Order, tote.order)
    if tote is not None or code.startswith("T-"):
        raise RefusedError("unknown_tote", tote=code)
    return the_order(turn, code)


def _open_for_packing(turn: Turn, order_id: str) -> Order:
    order = the_order(turn, order_id)
    if order.freezes:
        raise refused(frozen(order))
    if turn.rules.states[order.state].kind == "end":
        raise RefusedError("order_ended", order=order.id, state=order.state)
    if order.state != "packing":
        raise RefusedError("not_in_state", order=order.id, state=order.state, action="pack.scan")
    if order.packer != turn.command.actor:
        raise RefusedError("packed_by_other", order=order.id, by=order.packer)
    return order
