"""PICK-2, 3 and 8 to 11, told requirement by requirement: what is done, what is refused."""

import pytest

from edge.app.gs1 import parse_gs1
from edge.domain import commands as c
from edge.domain import projections_stock
from edge.domain.commands import Gs1
from edge.domain.model import (
    Alarm,
    Approval,
    Lock,
    LockSlot,
    Plan,
    Shelf,
    StockChecks,
    Task,
    shelf_id,
)
from edge.domain.refusals import Refusal
from edge.domain.workflow import choose
from tests.domain.site import BINS, MUG, WIPES, S, Site, changed_rules, gtin, line

GS: str = "\x1d"


def gs1(sku: str, lot: str = "", expiry: str = "", serial: str = "") -> str:
    """Return a GS1 element string as a scanner types it; `expiry` is YYMMDD."""
    parts = [f"01{gtin(sku):0>14}", f"17{expiry}" if expiry else ""]
    parts += [f"10{lot}{GS}" if lot else "", f"21{serial}" if serial else ""]
    return "".join(parts).removesuffix(GS)


def scan(site: Site, code: str, step: int = 1, who: str = "picker", order: str = "1001") -> str:
    """Scan on a step as a PDA does, and return what came of it."""
    data = c.PickScan(site.task_id(order), step, code)
    answer = site.by(who, data, gs1=parse_gs1(code))
    return str(answer.facts["said"]) if answer.ok else answer.code


def lots(*rows: tuple[str, str, int, str]) -> list[dict[str, object]]:
    """Return a snapshot's items from (bin, lot, pieces, expiry)."""
    return [{"location": b, "lot": lot, "qty": n, "expiry": e} for b, lot, n, e in rows]


def test_pick_2_frozen_expired_wrong_lots_are_refused(site: Site) -> None:
    """Each kind of bad lot has its own refusal; the line stays, and it is on record."""
    site.know(MUG, lot=True, expiry=True)
    site.bins(MUG, *lots((BINS[MUG], "L1", 9, "2027-01-31"), (BINS[MUG], "L2", 9, "2027-06-30")))
    site.to_picking("1001", line(1, MUG, 2))
    scan(site, BINS[MUG])
    before = dict(site.docs)
    said = [
        scan(site, gtin(MUG)),
        scan(site, gs1(MUG, "L2", "270630")),
        scan(site, gs1(MUG, "L1", "260131")),
        scan(site, gs1("BOOK-03", "L1", "270131")),
    ]
    assert said == ["lot_needed", "wrong_lot", "lot_expired", "wrong_item"]
    assert site.docs == before
    assert [each.data["code"] for each in site.journal[-4:]] == said
    assert scan(site, gs1(MUG, "L1", "270131", "S-7")) == "item"
    shown = site.said("pick.scanned")[-1].data
    assert (shown["lot"], shown["serial"]) == ("L1", "S-7")


def test_pick_2_an_item_without_a_last_day_is_refused_where_one_is_due(site: Site) -> None:
    """`expiry: true` needs a date, from the code or from what is known of the lot."""
    site.know(MUG, expiry=True)
    site.to_picking("1001", line(1, MUG, 2))
    scan(site, BINS[MUG])
    said = [scan(site, code) for code in (gtin(MUG), gs1(MUG, expiry="270101"))]
    assert said == ["expiry_needed", "item"]


@pytest.mark.parametrize(("offset_min", "said"), [(480, "lot_expired"), (0, "item")])
def test_pick_2_the_day_is_that_of_the_site(offset_min: int, said: str) -> None:
    """Goods of 21 September have expired when it is the 22nd here, whatever UTC says."""
    site = Site(rules=changed_rules(site={"utc_offset_min": offset_min}))
    site.now_us = 1_790_008_000_000_000  # 2026-09-21 16:26:40 UTC
    site.know(MUG, expiry=True)
    site.to_picking("1001", line(1, MUG, 1))
    scan(site, BINS[MUG])
    assert scan(site, gs1(MUG, expiry="260921")) == said


def test_pick_3_a_gs1_code_is_its_gtin(site: Site) -> None:
    """A GS1 code counts as the item whose GTIN it holds, at picking, packing and put-back."""
    site.to_picking("1001", line(1, MUG, 2))
    scan(site, f"]C1{BINS[MUG]}")
    scan(site, BINS[MUG])
    assert [scan(site, f"]d2{gs1(MUG, 'A')}"), scan(site, gs1(MUG))] == ["item", "item"]
    site.by("packer", c.PackOpen("1001"))
    code = gs1(MUG, "A")
    assert site.by("packer", c.PackScan("1001", code), gs1=parse_gs1(code)).ok
    site.cancel()
    assert site.by("keeper", c.PutbackScan("1001", code, 2), gs1=parse_gs1(code)).ok


def test_pick_3_what_a_code_holds() -> None:
    """GTIN, lot, expiry and serial come out; day 00 is the month's last; other codes are none."""
    code = "01069012345678921726120010LOT-9" + GS + "21A1"
    forms = ("06901234567892", "6901234567892")
    assert parse_gs1(code) == Gs1(forms, "LOT-9", "2026-12-31", "A1")
    others = ("6901234567892", "A-01-01", "T-12", "FG1:SF1:x", "", "01069012", GS, "]C1", "x" * 999)
    assert [parse_gs1(each) for each in others] == [None] * len(others)


def test_pick_9_a_frozen_lot_is_refused_on_every_pda(site: Site) -> None:
    """Whoever scans a piece of a frozen lot, for whatever order, is refused, until it is released.

    That holds for a plain code too, where the step was planned from that lot.
    """
    site.bins(MUG, *lots((BINS[MUG], "L1", 9, "")))
    for order, who in (("1001", "picker"), ("1002", "picker2")):
        site.assign(order, line(1, MUG, 1))
        site.take(order, who=who)
        site.bind(order, who=who)
        scan(site, BINS[MUG], who=who, order=order)
    site.tell("lot.freeze", sku=MUG, lot="L1", reason="smell")
    asked = (("1001", "picker", gtin(MUG)), ("1002", "picker2", gs1(MUG, "L1")))
    said = [scan(site, code, who=who, order=order) for order, who, code in asked]
    assert (said, site.stock(MUG).available) == (["lot_frozen", "lot_frozen"], 0)
    site.assign("1003", line(1, MUG, 1))
    assert site.state("1003") == "short"
    site.tell("lot.freeze", sku=MUG, lot="L1", frozen=False)
    assert scan(site, gtin(MUG)) == "item"


def test_pick_10_first_expired_first_out_over_bins(site: Site) -> None:
    """A line takes several bins and lots: what expires first leads, then the walk."""
    rows = (("Z-1", "L2", 3, "2027-06-30"), ("Z-2", "L1", 2, "2027-01-31"))
    site.bins(MUG, *lots(*rows, (BINS[MUG], "L2", 2, "2027-06-30"), ("Z-3", "L0", 9, "2020-01-01")))
    site.assign("1001", line(1, MUG, 6))
    steps = {(s.location, s.lot): s.qty for s in site.the(Plan, site.task_id()).steps}
    assert steps == {("Z-2", "L1"): 2, (BINS[MUG], "L2"): 2, ("Z-1", "L2"): 2}
    assert [d.data["lot"] for d in site.said("lot.expired")] == ["L0"]
    assert (site.stock(MUG).available, site.stock(MUG).locked) == (1, 6)


def test_pick_10_a_lot_that_the_hub_asked_for(site: Site) -> None:
    """A line of a lot takes that lot alone; where it is short the order waits."""
    site.bins(MUG, *lots(("Z-1", "L1", 9, "2027-01-01"), ("Z-2", "L2", 2, "2028-01-01")))
    site.assign("1001", line(1, MUG, 2, lot="L2"))
    steps = site.the(Plan, site.task_id()).steps
    assert [(s.location, s.lots_ok, s.qty) for s in steps] == [("Z-2", ("L2",), 2)]
    site.assign("1002", line(1, MUG, 1, lot="L2"))
    assert (site.state("1002"), site.stock(MUG).available) == ("short", 9)


def test_pick_10_pending_inbound_and_quotas_are_not_available() -> None:
    """Available is total less locked, pending inbound, and what is reserved for others."""
    quota = {"id": "vip", "sku": MUG, "qty": 4, "tag": "VIP"}
    site = Site(rules=changed_rules(stock={"quotas": [quota]}))
    site.bins(MUG, {"location": BINS[MUG], "qty": 10, "pending": 3})
    assert (site.stock(MUG).available, site.stock(MUG).pending) == (3, 3)
    site.assign("1001", line(1, MUG, 4))
    assert site.state("1001") == "short"
    site.assign("1002", line(1, MUG, 4), tags=["VIP"])
    assert (site.state("1002"), site.stock(MUG).available) == ("ready", 3)
    site.cancel("1002")
    assert site.stock(MUG).available == 3


def test_pick_10_the_hub_sets_quotas_too() -> None:
    """One of the hub's takes the place of the ruleset's of that id; 0 pieces end it."""
    quota = {"id": "vip", "sku": MUG, "qty": 4, "tag": "VIP"}
    site = Site(stock=10, rules=changed_rules(stock={"quotas": [quota]}))
    site.tell("stock.quota", items=[{"id": "live", "sku": MUG, "qty": 3, "tag": "LIVE"}])
    assert site.stock(MUG).available == 10 - 4 - 3
    site.tell("stock.quota", items=[quota | {"qty": 5}])
    assert site.stock(MUG).available == 10 - 5 - 3
    site.assign("1001", line(1, MUG, 3), tags=["LIVE"])
    assert (site.state("1001"), site.stock(MUG).available) == ("ready", 10 - 5 - 3)
    site.assign("1002", line(1, MUG, 3))
    assert site.state("1002") == "short"
    site.tell("stock.quota", items=[quota | {"qty": 0}, quota | {"id": "live", "qty": 0}])
    assert site.stock(MUG).available == 10 - 3 - 4  # the ruleset's own counts again
    bad = site.tell("stock.quota", items=[quota | {"qty": -1}])
    assert bad.facts["code"] == "malformed"


def test_pick_10_locks_follow_the_order(site: Site) -> None:
    """An order locks at acceptance, ships by confirmation, and its return adds."""
    site.assign()
    assert site.the(Lock, "1001").pieces[0] == (MUG, BINS[MUG], "", 2)
    site.take()
    site.bind()
    site.pick_all()
    shelf = site.the(Shelf, shelf_id(MUG, BINS[MUG]))
    assert (shelf.on_hand, shelf.locked, shelf.out) == (100, 2, 2)


def test_pick_8_another_bin_is_tried_first(site: Site) -> None:
    """A short bin's books are corrected, a count is asked for, and another bin takes its place."""
    site.bins(MUG, {"location": BINS[MUG], "qty": 5}, {"location": "Z-1", "qty": 2})
    site.to_picking("1001", line(1, MUG, 3))
    scan(site, BINS[MUG])
    scan(site, gtin(MUG))
    assert site.short(found=1).ok
    steps = site.the(Plan, site.task_id()).steps
    assert [(s.location, s.qty) for s in steps] == [(BINS[MUG], 3), ("Z-1", 2)]
    assert (site.state(), site.order().short) == ("picking", {})
    assert site.stock(MUG).on_hand == {BINS[MUG]: 1, "Z-1": 2}
    assert site.said("count.opened")[0].data["location"] == BINS[MUG]
    site.pick(site.task_id(), 2)
    assert (site.state(), site.the(Task, site.task_id()).picked) == ("picked", (1, 2))


def test_pick_8_what_no_bin_has_is_short(site: Site) -> None:
    """Where the other bin cannot give all, the rest is short and the order waits."""
    site.bins(MUG, {"location": BINS[MUG], "qty": 3}, {"location": "Z-1", "qty": 1})
    site.to_picking("1001", line(1, MUG, 3))
    assert site.short(found=0).ok
    closed = choose(site.world, site.order(), "pick.finish", site.rules)
    assert isinstance(closed, Refusal)
    assert (closed.code, site.order().short) == ("lines_open", {"1": 1})
    site.pick(site.task_id(), 2)
    assert site.state() == "short"


@pytest.mark.parametrize("first", ["movements", "snapshot"])
def test_pick_10_a_snapshot_is_merged_with_what_moved_since(first: str) -> None:
    """The books end right whether the snapshot of a moment comes before or after the movements."""
    site = Site(stock=10)
    seq = len(site.journal)
    if first == "snapshot":
        site.bins(MUG, {"location": BINS[MUG], "qty": 7}, as_of_seq=seq)
    site.to_shipped("1001", line(1, MUG, 2))
    if first == "movements":
        site.bins(MUG, {"location": BINS[MUG], "qty": 7}, as_of_seq=seq)
    assert (site.stock(MUG).on_hand, site.stock(MUG).available) == ({BINS[MUG]: 5}, 5)
    shown = site.said("stock.reconciled")[0].data["differences"]
    assert shown == [(BINS[MUG], "", 10, 7) if first == "snapshot" else (BINS[MUG], "", 8, 5)]


def test_pick_10_a_snapshot_may_say_when_it_was_taken(site: Site) -> None:
    """Where it names no place in the journal its time decides what it contains."""
    taken_at = site.now_us
    site.pass_s(1)
    site.to_shipped("1001", line(1, MUG, 2))
    site.bins(MUG, {"location": BINS[MUG], "qty": 50}, taken_at=taken_at)
    assert site.stock(MUG).on_hand == {BINS[MUG]: 48}
    site.bins(MUG, {"location": BINS[MUG], "qty": 50}, taken_at=site.now_us + S)
    assert site.stock(MUG).on_hand == {BINS[MUG]: 50}


def test_pick_10_a_clock_that_was_wrong_takes_no_lot_for_good(site: Site) -> None:
    """What it called expired is promised again once it is set right (SYNC-4)."""
    site.bins(MUG, *lots((BINS[MUG], "L1", 9, "2027-01-31")))
    site.now_us += 10 * 365 * 86_400 * S
    site.assign("1001", line(1, MUG, 1))
    assert (site.state("1001"), site.stock(MUG).available) == ("short", 0)
    site.now_us -= 10 * 365 * 86_400 * S
    site.assign("1002", line(1, MUG, 1))
    assert (site.state("1002"), site.stock(MUG).available) == ("ready", 8)


def test_pick_9_orders_with_picked_pieces_are_stopped(site: Site) -> None:
    """Quality stops a lot on the floor: who holds pieces of it is alarmed, its orders are frozen.

    Released, they go on; an order that only planned to take some is planned anew.
    """
    site.know(MUG, lot=True)
    site.bins(MUG, *lots((BINS[MUG], "L1", 9, "")))
    site.to_picking("1001", line(1, MUG, 2))
    scan(site, BINS[MUG])
    assert scan(site, gs1(MUG, "L1")) == "item"
    site.assign("1002", line(1, MUG, 1))
    code = gs1(MUG, "L1")
    assert site.by("picker", c.LotScan(code, "quality"), gs1=parse_gs1(code)).code == "role_missing"
    for data, refusal in (
        (c.LotScan(code, "smells"), "reason_unknown"),
        (c.LotScan("nothing", "quality"), "unknown_item"),
    ):
        assert site.by("keeper", data).code == refusal
    assert site.by("keeper", c.LotScan(MUG, "quality")).code == "lot_needed"
    assert site.by("keeper", c.LotScan(code, "quality"), gs1=parse_gs1(code)).ok
    assert [f.category for f in site.order().freezes] == ["lot"]
    assert (site.order("1002").freezes, len(site.alarms("picker"))) == ((), 1)
    assert scan(site, code) == "order_frozen"
    assert site.by("keeper", c.LotScan(MUG, "cleared", frozen=False, lot="L1")).ok
    assert site.order().freezes == ()
    assert scan(site, code) == "item"


def test_pick_9_a_revoke_lets_no_frozen_lot_leave(site: Site) -> None:
    """Even where the hub takes the freeze of the order back, its gates know the lot."""
    site.bins(MUG, *lots((BINS[MUG], "L1", 9, "")))
    site.to_shipped("1001", line(1, MUG, 1))
    site.tell("lot.freeze", sku=MUG, lot="L1", reason="recall")
    site.tell("order.revoke", order_id="1001", category="lot")
    assert site.order().freezes == ()
    assert site.by("keeper", c.HandoverScan(site.qr())).code == "lot_frozen"


def test_pick_9_a_revoke_takes_back_the_cancel_not_the_lot(site: Site) -> None:
    """One that names no category means what counts down; a stopped lot stays stopped (PICK-9)."""
    site.bins(MUG, *lots((BINS[MUG], "L1", 9, "")))
    site.to_picked("1001", line(1, MUG, 1))
    site.tell("lot.freeze", sku=MUG, lot="L1", reason="recall")
    site.freeze()
    site.tell("order.revoke", order_id="1001")
    assert [each.category for each in site.order().freezes] == ["lot"]
    assert site.tell("order.revoke", order_id="1001").facts["code"] == "freeze_closed"


def test_pick_9_a_cancelled_order_of_a_stopped_lot_is_put_back(site: Site) -> None:
    """Nobody waits for the lot to be released: its goods go back, where they are stopped still."""
    site.bins(MUG, *lots((BINS[MUG], "L1", 9, "")))
    site.to_picked("1001", line(1, MUG, 1))
    site.tell("lot.freeze", sku=MUG, lot="L1", reason="recall")
    site.cancel()
    assert site.by("keeper", c.PutbackScan("1001", gtin(MUG))).ok
    assert (site.state(), site.stock(MUG).available) == ("cancelled", 0)


def count(site: Site, qty: int, who: str = "keeper", place: str = BINS[MUG]) -> str:
    """Count the mugs of a bin, and return what came of it."""
    answer = site.by(who, c.CountScan(place, gtin(MUG), qty))
    return str(answer.facts["state"]) if answer.ok else answer.code


def test_pick_10_a_small_difference_is_booked(site: Site) -> None:
    """A blind count is held to what should lie in the bin, not to what is on carts."""
    site.to_picking("1001", line(1, MUG, 4))
    scan(site, BINS[MUG])
    for _ in range(3):
        scan(site, gtin(MUG))
    assert [count(site, 97), site.stock(MUG).on_hand] == ["done", {BINS[MUG]: 100}]
    assert [count(site, 95), site.stock(MUG).on_hand] == ["done", {BINS[MUG]: 98}]
    assert count(site, 1, place="nowhere") == "unknown_bin"
    assert site.by("keeper", c.CountScan(BINS[MUG], "nothing", 1)).code == "unknown_item"
    assert [d.data["difference"] for d in site.said("count.scanned")] == [0, -2]


def test_pick_10_a_large_difference_is_asked(site: Site) -> None:
    """Beyond the limit a superior decides: the books follow, or it is counted again."""
    assert count(site, 90) == "waiting"
    assert count(site, 90) == "count_waiting"
    first = site.all(Approval)[0]
    assert first.facts["difference"] == -10
    assert site.sign(first.id, "leader", "deny").ok
    assert site.stock(MUG).on_hand == {BINS[MUG]: 100}
    assert count(site, 91) == "waiting"
    second = next(each for each in site.all(Approval) if each.state == "open")
    assert site.sign(second.id, who="leader").ok
    assert (site.stock(MUG).on_hand, count(site, 91)) == ({BINS[MUG]: 91}, "done")


def test_pick_10_picks_go_on_while_a_count_waits(site: Site) -> None:
    """The books change by what was missing when it was counted: what left since is no find."""
    site.to_picking("1001", line(1, MUG, 4))
    assert count(site, 80) == "waiting"
    scan(site, BINS[MUG])
    for _ in range(3):
        scan(site, gtin(MUG))
    asked = site.all(Approval)[0]
    assert asked.facts["difference"] == -20
    assert site.sign(asked.id, who="leader").ok
    shelf = site.the(Shelf, shelf_id(MUG, BINS[MUG], ""))
    assert (shelf.on_hand, shelf.out, shelf.on_hand - shelf.out) == (80, 3, 77)
    assert site.said("stock.moved")[-1].data["moves"] == [(MUG, BINS[MUG], -20, 0, "")]


def test_pick_10_a_count_that_nobody_decides_is_asked_again(site: Site) -> None:
    """A day later the request is void, and the bin may be counted as before."""
    assert count(site, 90) == "waiting"
    site.fire_timers("approval.expiry")
    assert site.all(Approval)[0].state == "expired"
    assert count(site, 91) == "waiting"


def test_pick_10_old_locks_are_flagged_then_released(site: Site) -> None:
    """After 72 h a lock is flagged and told, four hours later released; the order waits short.

    An order that somebody works on keeps its lock.
    """
    site.assign("1001", line(1, MUG, 2))
    site.assign("1002", line(1, MUG, 1))
    site.take("1002")
    armed = site.timers("stock.flag_locks")
    assert [72 * 3_600 * S <= t.delay_us <= (72 * 3_600 + 300) * S for t in armed] == [True]
    site.fire_timers("stock.flag_locks")
    assert [site.the(Lock, each).flagged for each in ("1001", "1002")] == [True, True]
    site.fire_timers("stock.release_locks")
    assert (site.state("1001"), site.state("1002")) == ("short", "picking")
    assert (site.stock(MUG).locked, site.said("stock.lock_kept")[0].data["why"]) == (1, "in_work")
    assert "code" not in site.tell("order.release", order_id="1001").facts
    assert site.state("1001") == "ready"


def test_pick_10_a_burst_of_orders_is_watched_page_by_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of locks that began together is bounded; each page has its timer, no lock has two."""
    monkeypatch.setattr(projections_stock, "LOCK_SLOT_ORDERS_MAX", 2)
    orders = [f"{1001 + n}" for n in range(5)]
    for each in orders:
        site.assign(each, line(1, MUG, 1))
    slot = str(site.the(Lock, orders[0]).since_us // projections_stock.LOCK_SLOT_US)
    assert [(page.id, page.orders) for page in site.all(LockSlot)] == [
        (slot, ("1001", "1002")), (f"{slot}.1", ("1003", "1004")), (f"{slot}.2", ("1005",)),
    ]  # fmt: skip
    assert len(site.timers("stock.flag_locks")) == 3
    site.fire_timers("stock.flag_locks")
    assert [draft.data["order"] for draft in site.said("stock.lock_flagged")] == orders
    site.fire_timers("stock.release_locks")
    assert [site.state(each) for each in orders] == ["short"] * 5


def test_pick_11_failing_checks_are_not_believed() -> None:
    """Above 5 % failures orders are accepted optimistically; one that is short says so.

    When the share has fallen the books decide again.
    """
    site = Site(stock=40, rules=changed_rules(stock={"check_window": 20}))
    for n in range(18):
        site.assign(f"a{n}", line(1, MUG, 1))
    for n in range(2):
        site.assign(f"b{n}", line(1, MUG, 900))
    assert [d.data["share_pm"] for d in site.said("stock.degraded")] == [100]
    site.to_picking("1001", line(1, MUG, 60))
    assert (site.state("b0"), site.order().trusted) == ("short", True)
    assert site.short(found=0).ok
    assert (site.state(), len(site.said("stock.compensated"))) == ("short", 1)
    for n in range(21):
        site.assign(f"c{n}", line(1, WIPES, 1))
    assert [d.data["optimistic"] for d in site.said("stock.recovered")] == [False]
    assert [each.is_open for each in site.all(Alarm) if each.code == "stock_degraded"] == [False]
    checks = site.the(StockChecks, "checks")
    assert (checks.trusted, checks.compensated, checks.optimistic) == (2, 1, False)
    site.assign("1009", line(1, MUG, 900))
    assert site.state("1009") == "short"
