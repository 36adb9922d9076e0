"""Cycle counts: somebody says what lies in a bin, blind, and the books follow (PICK-10).

A difference up to the ruleset's limit is booked at once; a larger one is asked of a superior.
"""

from typing import Any

from edge.domain.approving import ApprovalKind, register_approval, request_approval
from edge.domain.commands import CountScan
from edge.domain.lots import names, sku_of
from edge.domain.model import Approval, Count, Location, Shelf, shelf_id
from edge.domain.projections_stock import At
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.world import World

Facts = dict[str, Any]
KIND = "count_adjust"


def scan(turn: Turn, data: CountScan) -> Facts:
    """Take a count of what lies in a bin: of one SKU, and one lot where the code names it."""
    bins = turn.rules.document.returns
    is_known = turn.world.get(Location, data.location) is not None
    if not is_known and data.location not in (bins.bin, bins.quarantine):
        raise RefusedError("unknown_bin", got=data.location)
    sku = sku_of(turn.world, names(turn.command, data.code))
    if sku is None:
        raise RefusedError("unknown_item", got=data.code)
    lot = data.lot or (turn.command.gs1.lot if turn.command.gs1 else "")
    if sku.lot and not lot:
        raise RefusedError("lot_needed", sku=sku.id)
    at = (sku.id, data.location, lot)
    count = turn.world.get(Count, shelf_id(*at))
    if count is not None and count.state == "waiting":
        raise RefusedError("count_waiting", sku=sku.id, location=data.location)
    difference = data.qty - in_bin(turn.world, at)
    is_large = abs(difference) > turn.rules.document.stock.count_pieces_max
    turn.emit(
        "count.scanned",
        f"sku:{sku.id}",
        (f"location:{data.location}",),
        sku=sku.id,
        location=data.location,
        lot=lot,
        counted=data.qty,
        difference=difference,
        approval=is_large,
    )
    if is_large:
        asked = {"count": shelf_id(*at), "counted": data.qty, "difference": difference}
        request_approval(turn, KIND, "", "count", asked)
    else:
        _book(turn, at, difference)
    return {"state": "waiting" if is_large else "done"}


def in_bin(world: World, at: At) -> int:
    """Return the pieces that the books expect in a bin: without those on carts and announced."""
    shelf = world.get(Shelf, shelf_id(*at))
    return shelf.on_hand - shelf.out - shelf.pending if shelf else 0


def _book(turn: Turn, at: At, difference: int) -> None:
    sku, location, lot = at
    shelf = turn.world.get(Shelf, shelf_id(*at))
    change = max(difference, -(shelf.on_hand if shelf else 0))
    if change:
        move = (sku, location, change, 0, lot)
        refs = (f"location:{location}",)
        turn.emit("stock.moved", f"sku:{sku}", refs, why="count", moves=[move])


def _facts(world: World, approval: Approval) -> Facts:
    """Say what was counted, and by how much that differed then: picks go on meanwhile."""
    count = world.the(Count, approval.data["count"])
    at = (count.sku, count.location, count.lot)
    # the first requests did not keep the difference
    difference = approval.data.get("difference", count.counted - in_bin(world, at))
    return {
        "sku": count.sku,
        "location": count.location,
        "lot": count.lot,
        "expected": count.counted - difference,
        "counted": count.counted,
        "difference": difference,
        "by": count.by,
    }


def _adjust(turn: Turn, approval: Approval) -> None:
    facts = _facts(turn.world, approval)
    _book(turn, (facts["sku"], facts["location"], facts["lot"]), facts["difference"])
    _close(turn, approval, "done")


def _count_again(turn: Turn, approval: Approval) -> None:
    _close(turn, approval, "open")


def _close(turn: Turn, approval: Approval, state: str) -> None:
    count = turn.world.the(Count, approval.data["count"])
    refs = (f"location:{count.location}", f"approval:{approval.id}")
    turn.emit("count.decided", f"sku:{count.sku}", refs, count=count.id, state=state)


register_approval(KIND, ApprovalKind(_facts, _adjust, denied=_count_again, expired=_count_again))
