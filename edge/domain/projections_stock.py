"""What entries about stock do to the books: shelves, lots, locks, ledgers and counts."""

import zlib
from typing import Any, Final

from edge.domain.entries import Fact
from edge.domain.model import (
    Count,
    Kept,
    Ledger,
    Lock,
    LockSlot,
    Lot,
    LotOrders,
    Order,
    Piece,
    Shelf,
    Stock,
    StockChecks,
    lot_id,
    shelf_id,
)
from edge.domain.projecting import on
from edge.domain.world import World

LOT_BUCKETS: Final = 64
"""Documents over which a lot's orders are spread: each stays small, all are read on a freeze."""
LEDGER_ROWS_MAX: Final = 64
LEDGER_PAGES_MAX: Final = 256
"""Pages of a SKU's ledger; a snapshot that is older than all of them cannot be merged."""
LOCK_SLOT_US: Final = 300_000_000
"""Locks that began within the same five minutes are looked after together."""
LOCK_SLOT_ORDERS_MAX: Final = 200
"""Orders on one page of a slot: what a burst of orders costs each of them, and its timer."""
MOVE_WITH_LOT: Final = 5

At = tuple[str, str, str]
"""SKU, location, lot."""


@on("stock.moved")
def _stock_moved(world: World, fact: Fact, data: dict[str, Any]) -> None:
    moves = [tuple(m) if len(m) == MOVE_WITH_LOT else (*m, "") for m in data["moves"]]
    for sku, location, on_hand, locked, lot in moves:
        at = (sku, location, lot)
        _book(world, at, on_hand=on_hand, locked=locked)
        if on_hand:
            _remember(world, fact, at, on_hand)
    for sku, location, lot, qty in data.get("out", ()):
        take_out(world, (sku, location, lot), qty)
    for sku, location, *lot, qty in data.get("missing", ()):
        _remember(world, fact, (sku, location, "".join(lot)), -qty)
    for sku, quota, qty in data.get("quotas", ()):
        stock = world.the(Stock, sku)
        used = max(0, stock.quotas.get(quota, 0) + qty)
        world.edit(stock, quotas={**stock.quotas, quota: used})
    if window := data.get("check_window"):
        _note_check(world, window, failed=False, known=True)
    if order := data.get("order"):
        _note_order(world, fact, order, moves)


def _note_order(world: World, fact: Fact, order: str, moves: list[Any]) -> None:
    """Note what an order holds, and what left the house with it, after its goods moved."""
    data = fact.data
    locks = [(sku, place, lot, locked) for sku, place, _, locked, lot in moves if locked]
    gone = [(sku, place, lot, -n) for sku, place, n, _, lot in moves if n]
    _hold(world, fact, order, locks, is_gone=data["why"] == "ship")
    if data["why"] == "ship":
        _note_shipped(world, order, [(*rest, -n) for *rest, n in data.get("out", ())])
    elif data["why"] == "return":
        _note_shipped(world, order, gone)
    elif back := data.get("shipped"):
        _note_shipped(world, order, [tuple(piece) for piece in back])


def _book(world: World, at: At, *, on_hand: int = 0, locked: int = 0) -> None:
    shelf = the_shelf(world, at)
    world.edit(shelf, on_hand=shelf.on_hand + on_hand, locked=shelf.locked + locked)


def take_out(world: World, at: At, qty: int) -> None:
    """Note pieces that left their bin, or (negative) that are no longer on their way."""
    shelf = the_shelf(world, at)
    world.edit(shelf, out=max(0, shelf.out + qty))


def the_shelf(world: World, at: At) -> Shelf:
    """Return a shelf, which the SKU has from now on."""
    shelf = world.get(Shelf, shelf_id(*at)) or Shelf(
        id=shelf_id(*at), sku=at[0], location=at[1], lot=at[2]
    )
    stock = world.get(Stock, at[0]) or Stock(id=at[0])
    if at[1:] not in stock.places:
        world.edit(stock, places=tuple(sorted((*stock.places, at[1:]))))
    return shelf


def _remember(world: World, fact: Fact, at: At, change: int) -> None:
    """Write a movement into the SKU's ledger, for the snapshots that do not know it yet."""
    sku, location, lot = at
    stock = world.the(Stock, sku)
    page = world.get(Ledger, ledger_id(sku, stock.pages - 1)) if stock.pages else None
    if page is None or len(page.rows) >= LEDGER_ROWS_MAX:
        page = Ledger(id=ledger_id(sku, stock.pages), page=stock.pages)
        world.edit(stock, pages=stock.pages + 1)
    world.edit(page, rows=(*page.rows, (fact.seq, fact.at_us, location, lot, change)))


def ledger_id(sku: str, page: int) -> str:
    """Return the id of a SKU's ledger page; pages are used again, as a ring."""
    return f"{sku}\x1f{page % LEDGER_PAGES_MAX}"


@on("stock.snapshot_taken")
def _stock_snapshot_taken(world: World, _: Fact, data: dict[str, Any]) -> None:
    for sku, lot, expiry in data["lots"]:
        _know_lot(world, sku, lot, expiry)
    named: dict[str, set[tuple[str, str]]] = {}
    for sku, location, lot, qty, pending in data["books"]:
        shelf = the_shelf(world, (sku, location, lot))
        world.edit(shelf, on_hand=qty, pending=pending)
        named.setdefault(sku, set()).add((location, lot))
    for sku, places in named.items():
        stock = world.the(Stock, sku)
        for place in set(stock.places) - places:
            world.edit(world.the(Shelf, shelf_id(sku, *place)), on_hand=0, pending=0)
        world.edit(stock, places=tuple(p for p in stock.places if _is_used(world, sku, p)))


@on("stock.quota_set")
def _stock_quota_set(world: World, _: Fact, data: dict[str, Any]) -> None:
    for sku, quota, qty, tag in data["quotas"]:
        stock = world.get(Stock, sku) or Stock(id=sku)
        others = tuple(each for each in stock.kept if each.id != quota)
        new = (Kept(id=quota, qty=qty, tag=tag),) if qty else ()
        world.edit(stock, kept=(*others, *new))


def _is_used(world: World, sku: str, place: tuple[str, str]) -> bool:
    shelf = world.the(Shelf, shelf_id(sku, *place))
    return bool(shelf.on_hand or shelf.locked or shelf.out or place[1] == "")


# ---- lots --------------------------------------------------------------------------------------


def _know_lot(world: World, sku: str, lot: str, expiry: str) -> None:
    known = world.get(Lot, lot_id(sku, lot)) or Lot(id=lot_id(sku, lot), sku=sku, lot=lot)
    is_new = bool(expiry) and expiry != known.expiry
    world.edit(known, expiry=expiry or known.expiry, expired=known.expired and not is_new)


@on("lot.frozen")
def _lot_frozen(world: World, _: Fact, data: dict[str, Any]) -> None:
    _know_lot(world, data["sku"], data["lot"], "")
    lot = world.the(Lot, lot_id(data["sku"], data["lot"]))
    world.edit(lot, frozen=data["reason"])


@on("lot.released")
def _lot_released(world: World, _: Fact, data: dict[str, Any]) -> None:
    _know_lot(world, data["sku"], data["lot"], "")
    world.edit(world.the(Lot, lot_id(data["sku"], data["lot"])), frozen="")


@on("lot.expired")
@on("lot.in_date")
def _lot_expired(world: World, fact: Fact, data: dict[str, Any]) -> None:
    known = world.the(Lot, lot_id(data["sku"], data["lot"]))
    world.edit(known, expired=fact.kind == "lot.expired")


# ---- who holds what ----------------------------------------------------------------------------


def _hold(world: World, fact: Fact, order: str, changes: list[Piece], *, is_gone: bool) -> None:
    if not changes:
        return
    lock = world.get(Lock, order) or Lock(id=order)
    pieces = _add(lock.pieces, changes)
    if not lock.pieces:
        world.edit(lock, pieces=pieces, since_us=fact.at_us, flagged=False)
        _watch(world, order, fact.at_us)
    else:
        world.edit(lock, pieces=pieces)
    left = {piece[:3] for piece in pieces}
    for sku, place, lot, _ in changes:
        holds = (sku, place, lot) in left
        if lot and (holds or not is_gone):
            _note_lot(world, (sku, lot), order, holds=holds)


def _add(pieces: tuple[Piece, ...], changes: list[Piece]) -> tuple[Piece, ...]:
    total = {piece[:3]: piece[3] for piece in pieces}
    for sku, place, lot, qty in changes:
        total[sku, place, lot] = total.get((sku, place, lot), 0) + qty
    return tuple((*key, qty) for key, qty in sorted(total.items()) if qty)


def _watch(world: World, order: str, at_us: int) -> None:
    page_id = lock_page(world, at_us)
    page = world.get(LockSlot, page_id)
    if page is None:
        slot, _, number = page_id.partition(".")
        if number:
            world.edit(world.the(LockSlot, slot), last=int(number))
        page = LockSlot(id=page_id, orders=())
    world.edit(page, orders=(*(each for each in page.orders if each != order), order))


def lock_page(world: World, at_us: int) -> str:
    """Return the id of the page that a lock which begins at `at_us` is written on."""
    slot = str(at_us // LOCK_SLOT_US)
    first = world.get(LockSlot, slot)
    if first is None:
        return slot
    newest = f"{slot}.{first.last}" if first.last else slot
    if len(world.the(LockSlot, newest).orders) < LOCK_SLOT_ORDERS_MAX:
        return newest
    return f"{slot}.{first.last + 1}"


def _note_lot(world: World, lot: tuple[str, str], order: str, *, holds: bool) -> None:
    bucket_id = lot_bucket(*lot, zlib.crc32(order.encode()) % LOT_BUCKETS)
    bucket = world.get(LotOrders, bucket_id) or LotOrders(id=bucket_id, orders=())
    others = tuple(each for each in bucket.orders if each != order)
    world.edit(bucket, orders=(*others, order) if holds else others)


def lot_bucket(sku: str, lot: str, bucket: int) -> str:
    """Return the id of one of the documents that hold a lot's orders."""
    return f"{lot_id(sku, lot)}\x1f{bucket}"


def forget_lots(world: World, order: str) -> None:
    """Let no lot name an order any more."""
    lock = world.get(Lock, order)
    for sku, _place, lot, _qty in (*lock.pieces, *lock.shipped) if lock else ():
        if lot:
            _note_lot(world, (sku, lot), order, holds=False)


def _note_shipped(world: World, order: str, changes: list[Piece]) -> None:
    lock = world.get(Lock, order) or Lock(id=order)
    world.edit(lock, shipped=_add(lock.shipped, changes))


@on("handover.scanned")
def _handover_scanned(world: World, _: Fact, data: dict[str, Any]) -> None:
    """A parcel that left the house is no longer among those that a frozen lot stops."""
    world.edit(world.the(Order, data["order"]), away=True)
    lock = world.get(Lock, data["order"])
    for sku, _place, lot, _qty in lock.shipped if lock else ():
        if lot:
            _note_lot(world, (sku, lot), data["order"], holds=False)


@on("stock.lock_flagged")
def _lock_flagged(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Lock, data["order"]), flagged=True)


# ---- counts and checks -------------------------------------------------------------------------


@on("count.opened")
def _count_opened(world: World, fact: Fact, data: dict[str, Any]) -> None:
    at = (data["sku"], data["location"], data["lot"])
    the_shelf(world, at)
    count = Count(
        id=shelf_id(*at),
        sku=data["sku"],
        location=data["location"],
        lot=data["lot"],
        reason=data["reason"],
        order=data["order"],
        state="open",
        opened_us=fact.at_us,
    )
    world.put(count)


@on("count.scanned")
def _count_scanned(world: World, fact: Fact, data: dict[str, Any]) -> None:
    at = (data["sku"], data["location"], data["lot"])
    the_shelf(world, at)
    count = world.get(Count, shelf_id(*at)) or Count(
        id=shelf_id(*at), sku=at[0], location=at[1], lot=at[2], reason="cycle"
    )
    state = "waiting" if data["approval"] else "done"
    world.edit(
        count,
        state=state,
        counted=data["counted"],
        by=fact.actor,
        opened_us=count.opened_us or fact.at_us,
    )


@on("count.decided")
def _count_decided(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Count, data["count"]), state=data["state"])


@on("stock.check_failed")
def _stock_check_failed(world: World, _: Fact, data: dict[str, Any]) -> None:
    _note_check(world, data["window"], failed=True, known=data["known"])


def _note_check(world: World, window: int, *, failed: bool, known: bool) -> None:
    checks = world.get(StockChecks, "checks") or StockChecks(id="checks")
    world.edit(
        checks,
        window=(checks.window + bytes([failed]))[-window:],
        checks=checks.checks + 1,
        hits=checks.hits + known,
        failures=checks.failures + failed,
    )


@on("stock.degraded")
@on("stock.recovered")
def _stock_mode(world: World, fact: Fact, data: dict[str, Any]) -> None:
    checks = world.the(StockChecks, "checks")
    call = data.get("alarm", "")  # the first entries named none
    world.edit(checks, optimistic=data["optimistic"], since_us=fact.at_us, call=call)


@on("stock.trusted")
def _stock_trusted(world: World, _: Fact, data: dict[str, Any]) -> None:
    checks = world.the(StockChecks, "checks")
    world.edit(checks, trusted=checks.trusted + 1)
    world.edit(world.the(Order, data["order"]), trusted=True)


@on("stock.compensated")
def _stock_compensated(world: World, _: Fact, __: dict[str, Any]) -> None:
    checks = world.the(StockChecks, "checks")
    world.edit(checks, compensated=checks.compensated + 1)
