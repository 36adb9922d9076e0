"""The waybill of a parcel: printed, proved, copied, voided; and the parcel handed over."""

from typing import Any

from edge.domain.commands import (
    HandoverScan,
    WaybillPrint,
    WaybillProve,
    WaybillReprint,
)
from edge.domain.gates import all_checked, evidence_attached
from edge.domain.model import Copy, Fulfilment, Job, Order, Waybill
from edge.domain.model.orders import LABEL_DUE
from edge.domain.orders import order_named, the_order
from edge.domain.packing import station_of
from edge.domain.refusals import Refusal, RefusedError, refused
from edge.domain.rules import Ruleset
from edge.domain.turn import Turn
from edge.domain.waybills import queue_copy, void_label
from edge.domain.workflow import frozen, move, order_refs, settle
from edge.domain.world import World

Facts = dict[str, Any]
LABEL_QR_PREFIX = "FG1"


def print_waybill(turn: Turn, data: WaybillPrint) -> Facts:
    """Queue the parcel's waybill on the station's printer; the number comes from the hub."""
    order = the_order(turn, data.order_id)
    hold_open(why_not_print(turn.world, order, turn.rules))
    return queue_copy(turn, order, order.station or station_of(turn))


def reprint(turn: Turn, data: WaybillReprint) -> Facts:
    """Void the copy in hand and print the next one, marked as a copy (PRN-2)."""
    order = the_order(turn, data.order_id)
    hold_open(why_not_reprint(turn.world, order, turn.rules))
    if not turn.rules.knows_reason("reprint", data.reason):
        raise RefusedError("reason_unknown", reason=data.reason)
    void_label(turn, order, reason=data.reason, number_too=False)
    order = turn.world.the(Order, order.id)
    return queue_copy(turn, order, order.station or station_of(turn))


def why_not_print(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Return why the order's first label cannot be printed now."""
    live = [copy for copy in order.copies if not copy.void]
    if live and not order.freezes and _is_label_due(order, rules):
        job = world.the(Job, live[-1].job)
        return Refusal("label_printing", _job_facts(job))
    return why_no_label(world, order, rules)


def why_not_reprint(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Return why no further copy can be printed now."""
    if not order.copies:
        return Refusal("label_missing", {"order": order.id})
    return why_no_label(world, order, rules)


def why_not_prove(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Return why scanning the label would prove nothing now."""
    if not order.copies:
        return Refusal("label_missing", {"order": order.id})
    closed = why_not_packed(world, order, rules)
    job = world.the(Job, order.copies[-1].job)
    if closed is None and job.state in ("queued", "slip", "failed"):
        # no byte of it left: whatever was scanned is not this label
        return Refusal("label_printing", _job_facts(job))
    return closed


def _job_facts(job: Job) -> Facts:
    return {"job": job.id, "state": job.state, "printer": job.printer}


def why_no_label(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Return why no label may be put on the order's parcel now."""
    closed = why_not_packed(world, order, rules)
    if closed is None and order.fix is not None:
        return Refusal(order.fix.code, order.fix.facts)
    return closed or evidence_attached(world, order, rules)


def why_not_packed(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Return why the order's parcel is not closed and waiting for its label, if it is not."""
    if order.freezes:
        return frozen(order)
    if rules.allows("pack.finish", order.state) and (missing := all_checked(world, order, rules)):
        return missing
    if not _is_label_due(order, rules):
        return Refusal("not_packed", {"order": order.id, "state": order.state})
    return None


def _is_label_due(order: Order, rules: Ruleset) -> bool:
    """Tell whether the parcel is closed and takes a label: its first, or one for a void one."""
    is_void = order.shipped_us > 0 and LABEL_DUE in order.marks
    return is_void or rules.allows("waybill.print", order.state)


def hold_open(closed: Refusal | None) -> None:
    """Refuse where something is closed."""
    if closed is not None:
        raise refused(closed)


def prove(turn: Turn, data: WaybillProve) -> Facts:
    """Scan the label on the parcel: the proof that it exists and is where it belongs (PRN-4)."""
    order, copy = _by_label(turn, data.code)
    copies = _copies_of_number(turn, order)
    if copy is None and len(copies) == 1 and not copies[0].void:
        copy = copies[0]
    if copy is None:
        raise RefusedError("label_old_copy", copy=len(order.copies))
    hold_open(why_not_prove(turn.world, order, turn.rules))
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
    settle(turn, turn.world.the(Order, order.id))
    return {"order_id": order.id}


def order_by_label(turn: Turn, code: str) -> Order:
    """Return the order of a scanned parcel: by its label, or by the order's own id."""
    known = order_named(turn, code)
    return known if known is not None else _by_label(turn, code)[0]


def _by_label(turn: Turn, code: str) -> tuple[Order, Copy | None]:
    """Return the order of a scanned label, and its copy where the label names one."""
    prefix, _, rest = code.partition(":")
    number, _, copy_id = rest.partition(":") if prefix == LABEL_QR_PREFIX else (code, "", "")
    waybill = turn.world.get(Waybill, number)
    if waybill is None or not waybill.order:
        raise RefusedError("label_not_ours", got=code)
    order = the_order(turn, waybill.order)
    if waybill.state == "void":
        raise RefusedError("label_void", waybill=number, order=order.id)
    copy = next((each for each in order.copies if each.id == copy_id), None)
    if copy_id and copy is None:
        raise RefusedError("label_not_ours", got=code)
    if copy and copy.void:
        raise RefusedError("label_old_copy", copy=copy.n)
    return order, copy


def _copies_of_number(turn: Turn, order: Order) -> list[Copy]:
    """Return the copies that carry the order's number; an earlier carrier's have another."""
    return [copy for copy in order.copies if turn.world.the(Job, copy.job).waybill == order.waybill]


def hand_over(turn: Turn, data: HandoverScan) -> Facts:
    """Scan a shipped parcel out to its carrier."""
    child = turn.world.get(Fulfilment, data.code)
    if child is not None:
        order, copy = the_order(turn, child.order), None
    else:
        order, copy = _by_label(turn, data.code)
    if copy is None and len(_copies_of_number(turn, order)) > 1:
        raise RefusedError("label_old_copy", copy=len(order.copies))
    order = move(turn, order, "handover.scan")
    refs = (f"waybill:{order.waybill}", *order_refs(order))
    turn.emit("handover.scanned", f"order:{order.id}", refs, order=order.id, waybill=order.waybill)
    return {"order_id": order.id, "waybill": order.waybill}
