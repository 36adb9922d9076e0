"""Packing: every item and every gift is checked again."""

from typing import Any

from edge.domain.commands import (
    PackFinish,
    PackOpen,
    PackScan,
)
from edge.domain.gates import needed_at_packing
from edge.domain.lots import names, refuse_bad_piece
from edge.domain.model import (
    Assignment,
    Line,
    Order,
    Sku,
    Tote,
)
from edge.domain.orders import order_named, the_order
from edge.domain.refusals import RefusedError, refused
from edge.domain.turn import Turn
from edge.domain.workflow import frozen, move, no_way, order_refs

Facts = dict[str, Any]


def open_order(turn: Turn, data: PackOpen) -> Facts:
    """Open a tote or an order for packing at the station of the session.

    Who has the tote in hand may go on with what another packer began; the checks begin anew.
    """
    order = _by_tote_or_id(turn, data.code)
    station = station_of(turn)
    if order.freezes:
        raise refused(frozen(order))
    is_mine = order.packer == turn.command.actor
    is_open = turn.rules.allows("pack.scan", order.state)
    if is_open and not is_mine and data.code != order.tote:
        raise RefusedError("packed_by_other", order=order.id, by=order.packer)
    if is_open and is_mine and order.station == station:
        return {"order_id": order.id}
    order = move(turn, order, "pack.open")
    anew = not is_mine and turn.rules.allows("pack.scan", order.state)
    refs, subject = order_refs(order), f"order:{order.id}"
    turn.emit("pack.opened", subject, refs, order=order.id, station=station, anew=anew)
    return {"order_id": order.id}


def scan(turn: Turn, data: PackScan) -> Facts:
    """Check a piece, a counted quantity, or a gift that has no code."""
    order = _open_for_packing(turn, data.order_id, "pack.scan")
    lines = turn.world.the(Assignment, order.id).lines
    at = _line_index(turn, order, lines, data)
    line = lines[at]
    left = needed_at_packing(turn.world, order)[at] - order.checked[at]
    each = check_of(turn, line.qty) == "each"
    if data.qty < 1:
        raise RefusedError("qty_mismatch", expected=left, got=data.qty)
    if left <= 0 or (each and data.qty > left):
        raise RefusedError("surplus", qty=line.qty, sku=line.sku)
    if each and data.qty != 1 and not _has_no_code(line):
        raise RefusedError("scan_each", qty=line.qty)
    if not each and data.qty != left:
        raise RefusedError("qty_mismatch", expected=left, got=data.qty)
    refuse_bad_piece(turn, line.sku)
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
    known = set(names(turn.command, data.code))
    matches = [
        at
        for at, line in enumerate(lines)
        if (not data.line or line.no == data.line)
        and not known.isdisjoint(turn.world.the(Sku, line.sku).named_by)
    ]
    if not matches:
        missing = [line.sku for at, line in enumerate(lines) if order.checked[at] < needed[at]]
        raise RefusedError("wrong_item", expected=",".join(missing[:3]), got=data.code, sku="")
    return next((at for at in matches if order.checked[at] < needed[at]), matches[0])


def _has_no_code(line: Line) -> bool:
    return line.gift and not line.tracked


def check_of(turn: Turn, qty: int) -> str:
    """Return how so many pieces are counted: `each` scanned, or `confirm`ed by number."""
    return "each" if qty <= turn.rules.document.picking.each_max else "confirm"


def finish(turn: Turn, data: PackFinish) -> Facts:
    """Close the parcel when everything in it was checked."""
    order = _open_for_packing(turn, data.order_id, "pack.finish")
    order = move(turn, order, "pack.finish")
    refs = order_refs(order)
    turn.emit("pack.finished", f"order:{order.id}", refs, order=order.id, weight_g=data.weight_g)
    return {"order_id": order.id}


def _by_tote_or_id(turn: Turn, code: str) -> Order:
    tote = turn.world.get(Tote, code)
    if tote is not None and tote.order:
        return the_order(turn, tote.order)
    if tote is not None or code.startswith("T-"):
        raise RefusedError("unknown_tote", tote=code)
    found = order_named(turn, code)
    if found is None:
        raise RefusedError("unknown_order", order=code)
    return found


def _open_for_packing(turn: Turn, order_id: str, action: str) -> Order:
    order = the_order(turn, order_id)
    if not turn.rules.allows(action, order.state):
        raise refused(no_way(order, action, turn.rules))
    if order.freezes:
        raise refused(frozen(order))
    if order.packer != turn.command.actor:
        raise RefusedError("packed_by_other", order=order.id, by=order.packer)
    return order


def station_of(turn: Turn) -> str:
    """Return the station of the session that asks, or refuse."""
    station = turn.station
    if not station:
        raise RefusedError("station_missing")
    return station
