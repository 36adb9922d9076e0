"""Quality stops a lot, and lets it go again (PICK-9).

From then on every scan of it is refused, whatever the order. Orders that hold picked pieces of it
are frozen, and whoever holds them is alarmed.
"""

from typing import Annotated, Any, Final

import msgspec

from edge.domain.allotting import picked_stock
from edge.domain.commands import LotScan
from edge.domain.effects import alarm_holders, close_freeze
from edge.domain.ids import ID_CHARS_MAX
from edge.domain.lots import Text, names, sku_of
from edge.domain.model import Lock, Lot, LotOrders, Order, lot_id
from edge.domain.projections_stock import LOT_BUCKETS, lot_bucket
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.workflow import order_refs

CATEGORY: Final = "lot"


class LotOrder(msgspec.Struct, frozen=True):
    """What becomes of a lot: nothing of it may leave the house, or it may again."""

    sku: Text
    lot: Text
    frozen: bool = True
    reason: Annotated[str, msgspec.Meta(max_length=ID_CHARS_MAX)] = ""


def scan(turn: Turn, data: LotScan) -> dict[str, Any]:
    """Let a person stop or release the lot of an item in hand."""
    if not turn.rules.knows_reason("lot", data.reason):
        raise RefusedError("reason_unknown", reason=data.reason)
    sku = sku_of(turn.world, names(turn.command, data.code))
    if sku is None:
        raise RefusedError("unknown_item", got=data.code)
    lot = data.lot or (turn.command.gs1.lot if turn.command.gs1 else "")
    if not lot:
        raise RefusedError("lot_needed", sku=sku.id)
    freeze_lot(turn, LotOrder(sku.id, lot, data.frozen, data.reason))
    return {"sku": sku.id, "lot": lot}


def freeze_lot(turn: Turn, asked: LotOrder, **link: Any) -> None:  # noqa: ANN401 - the hub's link
    """Stop a lot, or release it; asked again it changes nothing, and is on record."""
    known = turn.world.get(Lot, lot_id(asked.sku, asked.lot))
    was_frozen = known is not None and bool(known.frozen)
    subject, what = f"sku:{asked.sku}", {"sku": asked.sku, "lot": asked.lot}
    refs = (f"lot:{asked.lot}",)
    if asked.frozen:
        reason = asked.reason or "quality"
        turn.emit("lot.frozen", subject, refs, **what, reason=reason, **link)
    else:
        turn.emit("lot.released", subject, refs, **what, reason=asked.reason, **link)
    if asked.frozen == was_frozen:
        return
    for order in _holders(turn, asked.sku, asked.lot):
        if asked.frozen:
            _stop(turn, order, asked)
        else:
            _let_go(turn, order, asked)


def _holders(turn: Turn, sku: str, lot: str) -> list[Order]:
    """Return the orders that hold picked pieces of a lot, on a cart or in a parcel."""
    found = []
    for bucket in range(LOT_BUCKETS):
        orders = turn.world.get(LotOrders, lot_bucket(sku, lot, bucket))
        for order_id in orders.orders if orders else ():
            order = turn.world.get(Order, order_id)
            if order is None:
                continue  # it was let go
            lock = turn.world.get(Lock, order_id)
            pieces = (*picked_stock(turn.world, order), *(lock.shipped if lock else ()))
            if any((piece[0], piece[2]) == (sku, lot) for piece in pieces):
                found.append(order)
    return found


def _stop(turn: Turn, order: Order, asked: LotOrder) -> None:
    freeze = turn.env.new_id()
    turn.emit(
        "freeze.opened",
        f"order:{order.id}",
        (*order_refs(order), f"freeze:{freeze}", f"lot:{asked.lot}"),
        order=order.id,
        freeze=freeze,
        category=CATEGORY,
        instruction=turn.command.id,
        due_us=0,
        reason=lot_id(asked.sku, asked.lot),
    )
    alarm_holders(turn, order, CATEGORY, 0)


def _let_go(turn: Turn, order: Order, asked: LotOrder) -> None:
    for freeze in order.freezes:
        if (freeze.category, freeze.reason) == (CATEGORY, lot_id(asked.sku, asked.lot)):
            close_freeze(turn, order.id, freeze, "released")
