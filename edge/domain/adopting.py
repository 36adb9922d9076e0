"""A waybill that no printer of ours made: written by hand, or brought by somebody else (PRN-8)."""

from typing import Any, Final

import msgspec

from edge.domain.carriers import why_not_by
from edge.domain.commands import WaybillAdopt
from edge.domain.labelling import hold_open, why_no_label
from edge.domain.model import Assignment, Job, Order
from edge.domain.orders import the_order
from edge.domain.packing import station_of
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.waybills import bind_number, check_number, void_label
from edge.domain.workflow import order_refs

READ: Final = ("scan", "photo", "typed")


def adopt(turn: Turn, data: WaybillAdopt) -> dict[str, Any]:
    """Take the waybill in a person's hands for the order's own; its scan proves it, as ever.

    The person who sends this confirms that number and parcel belong together. What was printed for
    the order before is void. Of a photo the blob is named, and was attached to the order.
    """
    order = the_order(turn, data.order_id)
    hold_open(why_no_label(turn.world, order, turn.rules))
    number = check_number(data.code, "waybill.adopt")
    if data.read not in READ or (data.read == "photo") != bool(data.blob):
        problem = "read: scan, photo or typed; blob: of a photo"
        raise RefusedError("malformed", problem=problem, kind="waybill.adopt")
    if data.blob and data.blob not in {each.blob for each in order.evidence}:
        raise RefusedError("unknown_blob", blob=data.blob)
    content = turn.world.the(Assignment, order.id)
    carrier = data.carrier or content.carrier
    service = content.service if carrier == content.carrier else ""
    hold_open(why_not_by(turn, msgspec.structs.replace(content, carrier=carrier, service=service)))
    is_kept = number == order.waybill
    if is_kept and carrier == content.carrier and _is_by_hand(turn, order):
        return {"order_id": order.id}  # a second copy by hand could not be told from this one
    void_label(turn, order, reason="adopted", number_too=not is_kept)
    if not is_kept:
        bind_number(turn, turn.world.the(Order, order.id), number, carrier)
    order = turn.world.the(Order, order.id)
    job = turn.env.new_id()
    turn.emit(
        "waybill.adopted",
        f"order:{order.id}",
        (f"waybill:{number}", f"job:{job}", *order_refs(order)),
        order=order.id,
        waybill=number,
        carrier=carrier,
        service=service,
        job=job,
        copy=turn.env.new_id(),
        n=len(order.copies) + 1,
        station=order.station or station_of(turn),
        read=data.read,
        blob=data.blob,
    )
    return {"order_id": order.id}


def _is_by_hand(turn: Turn, order: Order) -> bool:
    """Tell whether the live copy is one that was taken over, and waits for its scan."""
    live = [copy for copy in order.copies if not copy.void]
    return any(turn.world.the(Job, copy.job).state == "by_hand" for copy in live)
