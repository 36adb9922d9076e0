"""Stock snapshots of the hub, merged with what the floor moved since they were taken (PICK-10).

A snapshot names how much of the box's journal it contains (`as_of_seq`), or when it was taken
(`taken_at`). Movements behind that point are in the SKU's ledger and are added to it, so the books
end the same whichever came first. One that names neither is taken as of now.
"""

from typing import Annotated, Any, Final

import msgspec

from edge.domain.commands import QTY_MAX
from edge.domain.ids import ID_CHARS_MAX
from edge.domain.model import Box, Ledger, Shelf, Stock, shelf_id
from edge.domain.projections_stock import LEDGER_PAGES_MAX, ledger_id
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.world import World

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARS_MAX)]
Pieces = Annotated[int, msgspec.Meta(ge=0, le=QTY_MAX)]
Day = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
Place = tuple[str, str]
"""Location and lot."""
DIFFERENCES_MAX: Final = 200
"""Differences of one SKU that an entry lists."""


class Item(msgspec.Struct, frozen=True):
    """What lies in one bin, of one lot."""

    sku: Text
    location: Text
    qty: Pieces
    lot: Annotated[str, msgspec.Meta(max_length=ID_CHARS_MAX)] = ""
    expiry: Day = ""
    pending: Pieces = 0
    """Pieces of `qty` that are announced and not yet in the bin."""


class QuotaItem(msgspec.Struct, frozen=True):
    """Pieces of a SKU that are kept for orders with a tag; 0 ends the quota."""

    id: Text
    sku: Text
    qty: Pieces
    tag: Text


class AsOf(msgspec.Struct, frozen=True):
    """Which part of the floor's movements a snapshot contains already."""

    as_of_seq: int | None = None
    taken_at: int | None = None

    def contains(self, seq: int, at_us: int, epoch_us: int) -> bool:
        """Tell whether the movement of entry `seq`, made at `at_us`, is in the snapshot.

        `as_of_seq` counts in the journal's epoch: all from before it began is contained.
        """
        if self.as_of_seq is not None:
            return seq <= self.as_of_seq or at_us < epoch_us
        return self.taken_at is None or at_us <= self.taken_at


def take_snapshot(turn: Turn, items: list[Any], as_of: AsOf, **link: Any) -> None:  # noqa: ANN401
    """Make a snapshot the books, with what moved since; differences are entries."""
    parsed = msgspec.convert(items, list[Item])
    by_sku: dict[str, dict[Place, Item]] = {}
    for item in parsed:
        shelves = by_sku.setdefault(item.sku, {})
        seen = shelves.get((item.location, item.lot))
        if seen is not None:
            qty, pending = seen.qty + item.qty, seen.pending + item.pending
            item = msgspec.structs.replace(item, qty=qty, pending=pending)  # noqa: PLW2901
        if item.qty > QTY_MAX or item.pending > item.qty:
            problem = f"a bin holds 0 to {QTY_MAX} pieces, no more pending than there are"
            raise RefusedError("malformed", problem=problem, kind="stock.snapshot")
        shelves[item.location, item.lot] = item
    books: list[tuple[str, str, str, int, int]] = []
    changed: list[tuple[str, list[tuple[str, str, int, int]]]] = []
    stale = []
    for sku, shelves in by_sku.items():
        since = moved_since(turn.world, sku, as_of)
        if since is None:
            stale.append(sku)
            continue
        merged = _merge(shelves, since)
        changed.append((sku, _differences(turn.world, sku, merged)))
        books += [(sku, *place, *pieces) for place, pieces in merged.items()]
    refs = [f"sku:{sku}" for sku in by_sku]
    lots = sorted({(item.sku, item.lot, item.expiry) for item in parsed if item.lot})
    more = {name: at for name, at in msgspec.structs.asdict(as_of).items() if at is not None}
    turn.emit(
        "stock.snapshot_taken", "stock", refs, books=books, lots=lots, stale=stale, **more, **link
    )
    for sku, differences in changed:
        if differences:
            shown = differences[:DIFFERENCES_MAX]
            turn.emit("stock.reconciled", f"sku:{sku}", sku=sku, differences=shown)


def set_quotas(turn: Turn, items: list[Any], **link: Any) -> None:  # noqa: ANN401
    """Keep pieces for orders with a tag, from the next order on; what is locked stays so."""
    parsed = msgspec.convert(items, list[QuotaItem])
    rows = [(each.sku, each.id, each.qty, each.tag) for each in parsed]
    refs = [f"sku:{sku}" for sku in dict.fromkeys(row[0] for row in rows)]
    turn.emit("stock.quota_set", "stock", refs, quotas=rows, **link)


def _merge(shelves: dict[Place, Item], since: dict[Place, int]) -> dict[Place, tuple[int, int]]:
    """Return pieces on hand and pending by place: the snapshot's and what moved since."""
    places = dict.fromkeys((*shelves, *since))
    merged = {}
    for place in places:
        item = shelves.get(place)
        on_hand = max(0, (item.qty if item else 0) + since.get(place, 0))
        merged[place] = (on_hand, min(on_hand, item.pending) if item else 0)
    return merged


def moved_since(world: World, sku: str, as_of: AsOf) -> dict[Place, int] | None:
    """Return how a SKU's shelves changed since; None where the ledger does not reach back."""
    stock = world.get(Stock, sku)
    moved: dict[Place, int] = {}
    box = world.get(Box, "box")
    epoch_us = box.epoch_us if box else 0
    pages = stock.pages if stock else 0
    for page_no in range(pages - 1, max(-1, pages - 1 - LEDGER_PAGES_MAX), -1):
        page = world.the(Ledger, ledger_id(sku, page_no))
        for seq, at_us, location, lot, change in reversed(page.rows):
            if as_of.contains(seq, at_us, epoch_us):
                return moved
            moved[location, lot] = moved.get((location, lot), 0) + change
    return moved if pages <= LEDGER_PAGES_MAX else None


def _differences(
    world: World, sku: str, merged: dict[Place, tuple[int, int]]
) -> list[tuple[str, str, int, int]]:
    """Return (location, lot, before, after) where the books change; none for a SKU new to them."""
    stock = world.get(Stock, sku)
    if stock is None or not stock.places:
        return []
    found = []
    for place in sorted({*stock.places, *merged}):
        shelf = world.get(Shelf, shelf_id(sku, *place))
        before, after = shelf.on_hand if shelf else 0, merged.get(place, (0, 0))[0]
        if before != after:
            found.append((*place, before, after))
    return found
