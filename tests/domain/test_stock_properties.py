"""The books on every path: never negative, locks are the orders', movements are the books."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.domain import commands as c
from edge.domain.allotting import is_optimistic, picked_stock, wants
from edge.domain.gates import GATES
from edge.domain.model import Assignment, Lock, Lot, Order, Plan, Shelf, lot_id, shelf_id
from tests.domain.shrinking import SHRINKS
from tests.domain.site import BINS, MUG, Site, gtin, line

BIN = BINS[MUG]
ROWS = (("Z-1", "L1", "2027-01-01"), ("Z-2", "L2", "2027-02-01"), (BIN, "L1", "2027-01-01"))
ORDERS = tuple(f"o{n}" for n in range(3))
TAGGED, TAG = ORDERS[0], "VIP"
orders = st.sampled_from(ORDERS)


class Books(RuleBasedStateMachine):
    """Orders, picks, shorts, cancels, counts, recalls and snapshots in any order (PICK-10)."""

    def __init__(self) -> None:
        super().__init__()
        self.site = Site(stock=0)
        self.seen = 0
        self.books: dict[tuple[str, str, str], int] = {}
        self.held: dict[tuple[str, ...], int] = {}
        self.kept = 0
        self.used = 0
        self.tell((6, 6, 6))

    def tell(self, pieces: tuple[int, ...], **as_of: int) -> None:
        """Let the hub say what lies in the three bins."""
        rows = zip(ROWS, pieces, strict=True)
        items = [{"location": b, "lot": lot, "expiry": e, "qty": n} for (b, lot, e), n in rows]
        self.site.bins(MUG, *items, **as_of)

    @initialize(sizes=st.tuples(*[st.integers(1, 7)] * 3), kept=st.integers(0, 9))
    def begin(self, sizes: tuple[int, ...], kept: int) -> None:
        """Keep pieces for orders with a tag, and let a first order of each number come in."""
        self.keep(kept)
        for order, qty in zip(ORDERS, sizes, strict=True):
            self.assign(order, qty, "")

    @rule(order=orders, qty=st.integers(1, 9), lot=st.sampled_from(["", "L1", "L2"]))
    def assign(self, order: str, qty: int, lot: str) -> None:
        tags = [TAG] if order == TAGGED else []
        self.site.assign(order, line(1, MUG, qty, lot=lot), tags=tags)
        self.movements_are_the_books()
        self.nothing_is_promised_twice()

    @precondition(lambda self: self.kept)
    @rule(qty=st.integers(1, 9))
    def keep(self, qty: int) -> None:
        """Let the hub keep so many pieces for orders with the tag."""
        self.kept = qty
        self.site.tell("stock.quota", items=[{"id": "q", "sku": MUG, "qty": qty, "tag": TAG}])

    @rule(order=orders, how=st.sampled_from(["pick", "short", "ship"]))
    def work(self, order: str, how: str) -> None:
        """Do with an order what is due."""
        site = self.site
        if site.world.get(Lock, order) is None or site.order(order).freezes:
            return
        if site.state(order) == "ready":
            site.take(order)
            site.bind(order)
        if site.state(order) == "picking" and how == "short":
            site.by("picker", c.PickShort(site.task_id(order), 1, 0, "missing"))
        elif site.state(order) == "picking":
            task = site.task_id(order)
            site.by("picker", c.PickScan(task, 1, site.the(Plan, task).steps[0].location))
            site.by("picker", c.PickScan(task, 1, gtin(MUG)))
            site.by("picker", c.PickQty(task, 1, site.the(Plan, task).steps[0].qty))
        site.by("picker", c.TaskRelease(site.task_id(order), "break"))

    @rule(order=orders)
    def ship(self, order: str) -> None:
        """Pack and label what is picked, so that it leaves the books."""
        site = self.site
        if site.world.get(Lock, order) is None or site.state(order) != "picked":
            return
        site.by("packer", c.PackOpen(order))
        if site.state(order) != "packing":
            return
        site.check_all(order)
        if (
            site.by("packer", c.PackFinish(order)).ok
            and site.by("packer", c.WaybillPrint(order)).ok
        ):
            for stage in ("claimed", "sent"):
                site.report(stage, order)
            site.prove(order_id=order)

    @rule(order=orders, code=st.sampled_from(["C1", "Q1"]), qty=st.integers(1, 9))
    def come_back(self, order: str, code: str, qty: int) -> None:
        """Scan a parcel back, or pieces of it: to be sold again, or into quarantine."""
        self.site.by("keeper", c.ReturnScan(order, code))
        self.site.by("keeper", c.ReturnScan(gtin(MUG), code, order, qty))

    @rule(order=orders, qty=st.integers(1, 9))
    def change(self, order: str, qty: int) -> None:
        """Let the hub change the order, at whatever stage it is."""
        self.site.tell("order.update", order_id=order, lines=[line(1, MUG, qty)])

    @rule(order=orders, answer=st.sampled_from(["put_back", "repick", "deny"]))
    def decide(self, order: str, answer: str) -> None:
        """Answer what is asked about a change."""
        site = self.site
        if site.world.get(Lock, order) is not None and site.order(order).approvals:
            site.sign(site.approval(order).id, answer=answer)

    @rule(order=orders)
    def put_back(self, order: str) -> None:
        """Return one piece of whatever is listed."""
        self.site.by("keeper", c.PutbackScan(order, gtin(MUG)))

    @rule(order=orders)
    def cancel(self, order: str) -> None:
        if self.site.world.get(Lock, order):
            self.site.cancel(order)
            self.site.by("keeper", c.PutbackScan(order, gtin(MUG)))

    @rule(row=st.sampled_from(ROWS), qty=st.integers(0, 12))
    def count(self, row: tuple[str, str, str], qty: int) -> None:
        self.site.by("keeper", c.CountScan(row[0], gtin(MUG), qty, row[1]))

    @rule(lot=st.sampled_from(["L1", "L2"]), frozen=st.booleans())
    def recall(self, lot: str, *, frozen: bool) -> None:
        self.site.tell("lot.freeze", sku=MUG, lot=lot, frozen=frozen)

    @rule(pieces=st.tuples(*[st.integers(0, 9)] * 3), back=st.integers(0, 30))
    def snapshot(self, pieces: tuple[int, ...], back: int) -> None:
        self.tell(pieces, as_of_seq=max(0, len(self.site.journal) - back))

    @invariant()
    def nothing_is_negative_and_locks_are_the_orders(self) -> None:
        held: dict[str, int] = {}
        for lock in self.site.all(Lock):
            for sku, place, lot, qty in lock.pieces:
                at = shelf_id(sku, place, lot)
                held[at] = held.get(at, 0) + qty
        for shelf in self.site.all(Shelf):
            assert min(shelf.on_hand, shelf.locked, shelf.out, shelf.pending) >= 0
            assert shelf.locked == held.get(shelf.id, 0)
        assert self.site.stock(MUG).available >= 0

    @invariant()
    def movements_are_the_books(self) -> None:
        for draft in self.site.journal[self.seen :]:
            if draft.kind == "stock.snapshot_taken":
                skus = {row[0] for row in draft.data["books"]}
                self.books = {at: n for at, n in self.books.items() if at[0] not in skus}
                self.books |= {tuple(row[:3]): row[3] for row in draft.data["books"]}
            elif draft.kind == "stock.moved":
                self.note_use(draft.data)
                for sku, place, change, locked, *lot in draft.data["moves"]:
                    at = (sku, place, "".join(lot))
                    self.books[at] = self.books.get(at, 0) + change
                    self.note_lock(draft.data, at, change, locked)
        self.seen = len(self.site.journal)
        for shelf in self.site.all(Shelf):
            at = (shelf.sku, shelf.location, shelf.lot)
            assert shelf.on_hand == self.books.get(at, 0)

    def note_use(self, move: dict[str, Any]) -> None:
        """Follow how much of what is kept for its tag the tagged order has locked."""
        if self.kept and move.get("order") == TAGGED and move["why"] != "ship":
            self.used = max(0, self.used + sum(each[3] for each in move["moves"]))

    def note_lock(self, move: dict[str, Any], at: tuple[str, ...], change: int, qty: int) -> None:
        """Follow what each order holds of a shelf: it ships no more than that."""
        held = (move.get("order", ""), *at)
        if move["why"] == "ship":
            assert -change <= self.held.get(held, 0)
        self.held[held] = self.held.get(held, 0) + qty
        assert self.held[held] >= 0

    @invariant()
    def nothing_is_promised_twice(self) -> None:
        """What an order locks leaves what is locked, inbound or kept for others (PICK-10)."""
        site, last = self.site, self.site.last
        drafts = last.drafts if last else ()
        locks = [d.data for d in drafts if d.kind == "stock.moved" and d.data["why"] == "lock"]
        if not locks or any(draft.kind == "stock.trusted" for draft in drafts):
            return
        kept = max(0, self.kept - self.used) if locks[-1]["order"] != TAGGED else 0
        left = 0
        for shelf in site.all(Shelf):
            lot = site.load(Lot, lot_id(MUG, shelf.lot))
            is_open = shelf.location != site.rules.document.returns.quarantine
            free = shelf.on_hand - shelf.locked - shelf.pending
            if is_open and (not isinstance(lot, Lot) or lot.usable):
                left += free
            else:
                left += min(0, free)
        assert left >= kept

    @invariant()
    def the_stock_gate_is_open_only_where_the_goods_are(self) -> None:
        """It promises an order of which nothing was picked what no other order has locked."""
        site = self.site
        on_hand = sum(self.books.values())
        held = {lock.id: sum(piece[3] for piece in lock.pieces) for lock in site.all(Lock)}
        for order in site.all(Order):
            wanted = sum(want.qty for want in wants(site.the(Assignment, order.id).lines))
            others = sum(qty for each, qty in held.items() if each != order.id)
            if wanted + others > on_hand and not picked_stock(site.world, order):
                closed = GATES["stock_enough"].check(site.world, order, site.rules)
                assert closed or is_optimistic(site.world)

    @invariant()
    def no_frozen_lot_is_promised(self) -> None:
        """What is locked anew is never of a lot that is frozen at that moment (PICK-9)."""
        last = self.site.last
        for draft in last.drafts if last else ():
            if draft.kind == "stock.moved" and draft.data["why"] == "lock":
                for sku, _, _, _, *lot in draft.data["moves"]:
                    known = self.site.load(Lot, lot_id(sku, "".join(lot)))
                    assert not (isinstance(known, Lot) and known.frozen)


@given(
    pieces=st.tuples(*[st.integers(0, 9)] * 3),
    sizes=st.tuples(*[st.integers(1, 12)] * 3),
    kept=st.integers(0, 9),
    lost=st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_orders_that_come_in_are_promised_what_is_free(
    pieces: tuple[int, ...], sizes: tuple[int, ...], kept: int, lost: int
) -> None:
    """However much is asked for, what others have or what is kept for them is not (PICK-10)."""
    books = Books()
    books.tell(pieces)
    books.begin(sizes, kept)
    books.count(ROWS[0], max(0, pieces[0] - lost))
    books.change(ORDERS[1], sizes[0])
    books.movements_are_the_books()
    books.nothing_is_promised_twice()
    books.nothing_is_negative_and_locks_are_the_orders()


TestBooks = SHRINKS(Books.TestCase)
TestBooks.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(
    shipped=st.lists(st.integers(1, 3), max_size=4),
    known=st.integers(0, 4),
    arrives=st.integers(0, 4),
)
@settings(max_examples=40, deadline=None)
def test_a_snapshot_gives_the_same_books_whenever_it_comes(
    shipped: list[int], known: int, arrives: int
) -> None:
    """One that contains the first shipments gives the same books before or after the later ones."""
    known = min(known, len(shipped))
    arrives = max(known, min(arrives, len(shipped)))
    site, as_of = Site(stock=40), 0
    snapshot: dict[str, Any] = {}
    for n in range(len(shipped) + 1):
        if n == known:
            as_of = len(site.journal)
            snapshot = {"location": BIN, "qty": 50 - sum(shipped[:known])}
        if n == arrives:
            site.bins(MUG, snapshot, as_of_seq=as_of)
        if n < len(shipped):
            site.to_shipped(f"o{n}", line(1, MUG, shipped[n]))
    assert site.stock(MUG).on_hand == {BIN: 50 - sum(shipped)}
