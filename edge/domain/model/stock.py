"""What lies where: shelves, lots, locks, counts, and the movements that a snapshot may not know."""

import msgspec

from edge.domain.model.base import Doc

Piece = tuple[str, str, str, int]
"""SKU, location, lot (or nothing), pieces."""


class Kept(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Pieces of a SKU that are kept for orders with a tag."""

    id: str
    qty: int
    tag: str


class Stock(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A SKU (the id) that the books know: the shelves it has, and what they remember of it."""

    KIND = "stock"
    places: tuple[tuple[str, str], ...] = ()
    """Location and lot of each shelf; a lock without a bin stands on location ``."""
    quotas: dict[str, int] = msgspec.field(default_factory=dict)
    """Pieces that were locked under a reserved quota, by the quota's id."""
    kept: tuple[Kept, ...] = ()
    """Quotas that the hub set."""
    pages: int = 0
    """Pages of `Ledger` that were begun so far."""


class Shelf(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """Pieces of one SKU and lot in one location; the id is `shelf_id` of the three."""

    KIND = "shelf"
    sku: str
    location: str = ""
    lot: str = ""
    on_hand: int = 0
    """By the books; what was picked counts until it ships."""
    locked: int = 0
    """Promised to orders."""
    out: int = 0
    """Of those on hand, picked and no longer in the bin."""
    pending: int = 0
    """Of those on hand, inbound: announced, and not yet in the bin."""

    @property
    def free(self) -> int:
        """Pieces in the bin that an order may still lock."""
        return max(0, self.on_hand - self.locked - self.pending)


def shelf_id(sku: str, location: str, lot: str = "") -> str:
    """Return the id of the shelf of a SKU, a location and a lot."""
    return f"{sku}\x1f{location}\x1f{lot}"


class Lot(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A lot of a SKU; the id is `lot_id` of the two."""

    KIND = "lot"
    sku: str
    lot: str
    expiry: str = ""
    """Last day of use, `YYYY-MM-DD`, or nothing where it is not known."""
    frozen: str = ""
    """Why quality froze it, or nothing."""
    expired: bool = False
    """Its last day is past; noticed by the first decision after it that meets the lot."""

    def terms(self) -> dict[str, str]:
        """Return `frozen` while quality holds the lot."""
        return {"frozen": "yes"} if self.frozen else {}

    @property
    def usable(self) -> bool:
        """Whether its pieces may leave the house."""
        return not self.frozen and not self.expired


def lot_id(sku: str, lot: str) -> str:
    """Return the id of a lot of a SKU."""
    return f"{sku}\x1f{lot}"


class LotOrders(Doc, frozen=True, kw_only=True):
    """Orders that locked pieces of a lot; one of `LOT_BUCKETS` documents for each lot."""

    KIND = "lot_orders"
    orders: tuple[str, ...]


class Lock(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """What an order (the id) has locked, and since when."""

    KIND = "lock"
    pieces: tuple[Piece, ...] = ()
    since_us: int = 0
    flagged: bool = False
    """It is older than the rules allow, and will be released."""
    shipped: tuple[Piece, ...] = ()
    """What left the books when the order shipped; it comes back if the order is undone."""

    def terms(self) -> dict[str, str]:
        """Return `flagged` while the lock is overdue."""
        return {"flagged": "yes"} if self.flagged and self.pieces else {}


class LockSlot(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A page of the orders whose locks began within the same minutes.

    The id is the number of those minutes; behind the first page, a dot and the page's number.
    """

    KIND = "lock_slot"
    orders: tuple[str, ...]
    last: int = 0
    """On the first page: the number of the newest one."""


class Ledger(Doc, frozen=True, kw_only=True):
    """A page of a SKU's newest movements: (seq, at µs, location, lot, change of pieces there).

    The pages of a SKU form a ring; the id is SKU and number within it.
    """

    KIND = "ledger"
    page: int
    rows: tuple[tuple[int, int, str, str, int], ...] = ()


class Count(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A shelf that somebody must count; the id is the shelf's."""

    KIND = "count"
    sku: str
    location: str
    lot: str = ""
    reason: str = ""
    """`short`, `missing` or `cycle`."""
    order: str = ""
    state: str = ""
    """`open`, `waiting` (for an approval) or `done`."""
    opened_us: int = 0
    counted: int = 0
    by: str = ""

    def terms(self) -> dict[str, str]:
        """Return the state until the count is done."""
        return {} if self.state == "done" else {"state": self.state}


class StockChecks(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """How well the books answer orders that ask for goods; there is one, the id is `checks`."""

    KIND = "stock_checks"
    window: bytes = b""
    """Outcomes of the newest checks: 1 failed, 0 held."""
    checks: int = 0
    hits: int = 0
    """Checks of which every SKU stood in the local books."""
    failures: int = 0
    optimistic: bool = False
    """Orders are accepted although the books say no."""
    since_us: int = 0
    call: str = ""
    """The alarm that tells so."""
    trusted: int = 0
    """Orders accepted against the books."""
    compensated: int = 0
    """Of those, orders that turned out short."""
