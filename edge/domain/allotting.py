"""Which bins and lots an order's goods come from: first expired first out, then the walk.

Pure reading: what `allot` finds, `stock.lock` books.
"""

from typing import Final

import msgspec

from edge.domain.model import (
    Assignment,
    Kept,
    Line,
    Location,
    Lock,
    Lot,
    Order,
    Piece,
    Plan,
    Shelf,
    Stock,
    StockChecks,
    Task,
    lot_id,
    shelf_id,
)
from edge.domain.rules import Ruleset
from edge.domain.world import World

NO_EXPIRY: Final = "9999-12-31"


class Shortage(msgspec.Struct, frozen=True):
    """Goods that an order asks for and the books cannot promise."""

    sku: str
    lot: str
    wanted: int
    available: int
    known: bool
    """The SKU stands in the books."""


class Want(msgspec.Struct, frozen=True):
    """So many pieces of a SKU, of any usable lot or of one."""

    sku: str
    qty: int
    lot: str = ""


def shelves(world: World, sku: str) -> list[Shelf]:
    """Return every shelf of a SKU."""
    stock = world.get(Stock, sku)
    places = stock.places if stock else ()
    return [world.the(Shelf, shelf_id(sku, place, lot)) for place, lot in places]


def is_picked(line: Line) -> bool:
    """Tell whether a line has goods to fetch: service items and untracked gifts have none."""
    return line.tracked and not line.service


def picked_stock(world: World, order: Order) -> list[Piece]:
    """Return what was picked for the order, shelf by shelf."""
    task = world.get(Task, order.task) if order.task else None
    if task is None:
        return []
    found: dict[tuple[str, str, str], int] = {}
    for step, picked in zip(world.the(Plan, order.task).steps, task.picked, strict=True):
        if step.order == order.id and picked:
            at = (step.sku, step.location, step.lot)
            found[at] = found.get(at, 0) + picked
    return [(*at, qty) for at, qty in found.items()]


def picked_by_line(world: World, order: Order) -> dict[int, int]:
    """Return the pieces that were picked for the order, line by line."""
    task = world.get(Task, order.task) if order.task else None
    if task is None:
        return {}
    found: dict[int, int] = {}
    for step, picked in zip(world.the(Plan, task.id).steps, task.picked, strict=True):
        if step.order == order.id:
            found[step.line] = found.get(step.line, 0) + picked
    return found


def wants(lines: tuple[Line, ...]) -> list[Want]:
    """Return what the lines need from the shelves."""
    total: dict[tuple[str, str], int] = {}
    for line in lines:
        if is_picked(line):
            key = (line.sku, line.lot)
            total[key] = total.get(key, 0) + line.qty
    return [Want(sku, qty, lot) for (sku, lot), qty in total.items()]


def is_blocked(world: World, location: str, rules: Ruleset) -> bool:
    """Tell whether a bin's goods are promised to nobody: quarantine, or one that the hub blocks."""
    place = world.get(Location, location)
    return location == rules.document.returns.quarantine or (place is not None and place.blocked)


def fefo(world: World, sku: str, rules: Ruleset, lot: str = "") -> list[Shelf]:
    """Return the shelves that may be taken from, in the order in which they are emptied.

    Blocked bins, frozen and expired lots are not among them; of the others the lot that expires
    first leads, then the bins follow in walk order.
    """
    found = []
    for shelf in shelves(world, sku):
        if (lot and shelf.lot != lot) or is_blocked(world, shelf.location, rules):
            continue
        known = world.get(Lot, lot_id(sku, shelf.lot)) if shelf.lot else None
        if known is None or known.usable:
            place = world.get(Location, shelf.location)
            walk = place.walk if place else 0
            expiry = known.expiry if known and known.expiry else NO_EXPIRY
            found.append(((expiry, walk, shelf.location, shelf.lot), shelf))
    return [shelf for _, shelf in sorted(found, key=lambda each: each[0])]


def reserved(world: World, sku: str, tags: tuple[str, ...], rules: Ruleset) -> int:
    """Return the pieces of a SKU that are kept for orders with other tags."""
    stock = world.get(Stock, sku)
    used = stock.quotas if stock else {}
    return sum(
        max(0, quota.qty - used.get(quota.id, 0))
        for quota in quotas(world, sku, rules)
        if quota.tag not in tags
    )


def quotas(world: World, sku: str, rules: Ruleset) -> tuple[Kept, ...]:
    """Return the quotas of a SKU: those of the hub, and of the ruleset where it sent no such id."""
    stock = world.get(Stock, sku)
    sent = stock.kept if stock else ()
    known = {quota.id for quota in sent}
    own = [each for each in rules.document.stock.quotas if each.sku == sku]
    ruled = (Kept(id=each.id, qty=each.qty, tag=each.tag) for each in own if each.id not in known)
    return (*sent, *ruled)


def available(world: World, sku: str, tags: tuple[str, ...], rules: Ruleset, lot: str = "") -> int:
    """Return total - locked - pending inbound - reserved for others; never less than nothing."""
    over = sum(max(0, each.locked + each.pending - each.on_hand) for each in shelves(world, sku))
    free = sum(shelf.free for shelf in fefo(world, sku, rules, lot))
    return max(0, free - over - reserved(world, sku, tags, rules))


def allot(world: World, order: Order, rules: Ruleset) -> tuple[list[Piece], list[Shortage]]:
    """Return the pieces that the order may lock, and what the books cannot promise.

    What was picked for it is locked already, and not asked for again.
    """
    content = world.the(Assignment, order.id)
    missing = without(wants(content.lines), picked_stock(world, order))
    return share_out(world, missing, content.tags, rules)


def without(wanted: list[Want], pieces: list[Piece]) -> list[Want]:
    """Return what is still wanted beside some pieces."""
    left = {(want.sku, want.lot): want.qty for want in wanted}
    for sku, _, lot, qty in pieces:
        due = qty
        for key in dict.fromkeys(((sku, lot), (sku, ""))):
            taken = min(due, left.get(key, 0))
            left[key] = left.get(key, 0) - taken
            due -= taken
    return [Want(sku, qty, lot) for (sku, lot), qty in left.items() if qty]


def share_out(
    world: World, wanted: list[Want], tags: tuple[str, ...], rules: Ruleset
) -> tuple[list[Piece], list[Shortage]]:
    """Return pieces for each want, split over bins and lots, and the shortages."""
    pieces: list[Piece] = []
    short: list[Shortage] = []
    taken: dict[str, int] = {}
    left_by_sku: dict[str, int] = {}
    # a want of one lot comes first: it has nowhere else to go
    for want in sorted(wanted, key=lambda each: not each.lot):
        left = left_by_sku.setdefault(want.sku, available(world, want.sku, tags, rules))
        due = min(want.qty, left)
        for shelf in fefo(world, want.sku, rules, want.lot):
            take = min(due, shelf.free - taken.get(shelf.id, 0))
            if take > 0:
                pieces.append((want.sku, shelf.location, shelf.lot, take))
                taken[shelf.id] = taken.get(shelf.id, 0) + take
                due -= take
        got = min(want.qty, left) - due
        left_by_sku[want.sku] = left - got
        if got < want.qty:
            known = bool(shelves(world, want.sku))
            short.append(Shortage(want.sku, want.lot, want.qty, got, known))
    return pieces, short


class Books(msgspec.Struct, frozen=True):
    """What the books say of a SKU: pieces by location, and in all."""

    on_hand: dict[str, int]
    locked: int
    out: int
    pending: int
    blocked: int
    available: int


def books(world: World, sku: str, rules: Ruleset, tags: tuple[str, ...] = ()) -> Books:
    """Return what the books say of a SKU to an order with `tags`."""
    found = shelves(world, sku)
    on_hand: dict[str, int] = {}
    for shelf in found:
        if shelf.location:
            on_hand[shelf.location] = on_hand.get(shelf.location, 0) + shelf.on_hand
    return Books(
        on_hand=on_hand,
        locked=sum(shelf.locked for shelf in found),
        out=sum(shelf.out for shelf in found),
        pending=sum(shelf.pending for shelf in found),
        blocked=sum(s.on_hand for s in found if is_blocked(world, s.location, rules)),
        available=available(world, sku, tags, rules),
    )


def is_optimistic(world: World) -> bool:
    """Tell whether orders are accepted although the books say no (PICK-11)."""
    checks = world.get(StockChecks, "checks")
    return checks is not None and checks.optimistic


def likely_place(world: World, sku: str, lot: str, rules: Ruleset) -> str:
    """Return a bin in which a SKU was seen, or nothing."""
    places = sorted(
        (shelf.lot != lot, -shelf.on_hand, shelf.location)
        for shelf in shelves(world, sku)
        if shelf.location and not is_blocked(world, shelf.location, rules)
    )
    return places[0][2] if places else ""


Stop = tuple[int, str, str, int]
"""Line, location, lot, pieces to pick there."""


def stops(world: World, order: Order) -> list[Stop]:
    """Return where the pieces of each line are fetched that are locked and not yet picked."""
    lock = world.get(Lock, order.id)
    left = {piece[:3]: piece[3] for piece in (lock.pieces if lock else ())}
    for sku, location, lot, qty in picked_stock(world, order):
        left[sku, location, lot] = left.get((sku, location, lot), 0) - qty
    has = picked_by_line(world, order)
    lines = [line for line in world.the(Assignment, order.id).lines if is_picked(line)]
    found: list[Stop] = []
    for line in sorted(lines, key=lambda each: not each.lot):
        due = line.qty - has.get(line.no, 0)
        for sku, location, lot in tuple(left):
            take = min(due, left[sku, location, lot])
            if sku == line.sku and line.lot in ("", lot) and take > 0:
                found.append((line.no, location, lot, take))
                left[sku, location, lot] -= take
                due -= take
        if due:
            found.append((line.no, "", line.lot, due))
    return found
