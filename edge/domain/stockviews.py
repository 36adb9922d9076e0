"""What clients see of stock and gifts: pure readings of the world, for docs/PDA_PROTOCOL.md."""

import msgspec

from edge.domain.allotting import available, is_blocked, shelves
from edge.domain.goods import gift_lines, missing_of, suggest
from edge.domain.model import (
    Assignment,
    Count,
    GiftEvent,
    Gifts,
    Lot,
    Name,
    Order,
    Sku,
    lot_id,
)
from edge.domain.rulesets import active_rules
from edge.domain.world import World


class ShelfView(msgspec.Struct, frozen=True, gc=False):
    """One bin and lot of a SKU, in pieces. `out` of those on hand are on carts."""

    location: str
    blocked: bool
    """Its goods are promised to nobody: quarantine, or a bin that the hub blocks."""
    lot: str | None
    expiry: str | None
    frozen: str | None
    expired: bool
    on_hand: int
    locked: int
    out: int
    pending: int


class StockView(msgspec.Struct, frozen=True, gc=False):
    """What the books say of a SKU; `available` is for an order without tags."""

    sku: str
    name: Name | None
    on_hand: int
    locked: int
    out: int
    pending: int
    blocked: int
    """Of those on hand, in blocked bins."""
    available: int
    shelves: tuple[ShelfView, ...]


class CountView(msgspec.Struct, frozen=True, gc=False):
    """A bin to count; it does not say how much should be there."""

    sku: str
    name: Name | None
    location: str
    lot: str | None
    reason: str
    order: str | None
    state: str
    opened_at: int
    codes: tuple[str, ...]


class GiftLine(msgspec.Struct, frozen=True, gc=False):
    """A gift of an order. `missing` pieces are short; `suggest` is of equal value and in stock."""

    line: int
    sku: str
    name: Name | None
    qty: int
    tracked: bool
    rule: str | None
    picked: int
    packed: int
    missing: int
    suggest: str | None
    suggest_name: Name | None


class GiftTrace(msgspec.Struct, frozen=True, gc=False):
    """An order's gifts, and all that happened to them, oldest first."""

    order: str
    lines: tuple[GiftLine, ...]
    events: tuple[GiftEvent, ...]


def stock_view(world: World, sku_id: str) -> StockView | None:
    """Return what the books say of a SKU, or None where neither they nor the catalogue know it."""
    found = shelves(world, sku_id)
    sku = world.get(Sku, sku_id)
    if sku is None and not found:
        return None
    rows, rules = [], active_rules(world)
    for shelf in found:
        lot = world.get(Lot, lot_id(sku_id, shelf.lot)) if shelf.lot else None
        row = ShelfView(
            location=shelf.location,
            blocked=is_blocked(world, shelf.location, rules),
            lot=shelf.lot or None,
            expiry=(lot.expiry or None) if lot else None,
            frozen=(lot.frozen or None) if lot else None,
            expired=lot.expired if lot else False,
            on_hand=shelf.on_hand,
            locked=shelf.locked,
            out=shelf.out,
            pending=shelf.pending,
        )
        rows.append(row)
    return StockView(
        sku=sku_id,
        name=sku.name if sku else None,
        on_hand=sum(row.on_hand for row in rows),
        locked=sum(row.locked for row in rows),
        out=sum(row.out for row in rows),
        pending=sum(row.pending for row in rows),
        blocked=sum(row.on_hand for row in rows if row.blocked),
        available=available(world, sku_id, (), rules),
        shelves=tuple(rows),
    )


def count_view(world: World, count_id: str) -> CountView | None:
    """Return a bin to count, or None where nobody asked for it."""
    count = world.get(Count, count_id)
    if count is None:
        return None
    sku = world.get(Sku, count.sku)
    return CountView(
        sku=count.sku,
        name=sku.name if sku else None,
        location=count.location,
        lot=count.lot or None,
        reason=count.reason,
        order=count.order or None,
        state=count.state,
        opened_at=count.opened_us,
        codes=sku.named_by if sku else (),
    )


def gift_trace(world: World, order_id: str) -> GiftTrace | None:
    """Return which gifts an order got and why, who picked and packed them; None for no order."""
    order = world.get(Order, order_id)
    if order is None:
        return None
    content = world.the(Assignment, order_id)
    gifts = world.get(Gifts, order_id)
    events = gifts.events if gifts else ()
    tracked = gift_lines(content)
    rules = active_rules(world)
    rows = []
    for line in (each for each in content.lines if each.gift):
        sku = world.get(Sku, line.sku)
        missing = missing_of(world, order, line, rules) if line in tracked else 0
        other = suggest(world, order, line, missing, rules) if missing else None
        row = GiftLine(
            line=line.no,
            sku=line.sku,
            name=sku.name if sku else None,
            qty=line.qty,
            tracked=line.tracked,
            rule=line.rule or None,
            picked=_sum(events, "picked", line.no),
            packed=_sum(events, "packed", line.no),
            missing=missing,
            suggest=other.id if other else None,
            suggest_name=other.name if other else None,
        )
        rows.append(row)
    return GiftTrace(order_id, tuple(rows), events)


def _sum(events: tuple[GiftEvent, ...], what: str, line: int) -> int:
    return sum(each.qty for each in events if (each.what, each.line) == (what, line))
