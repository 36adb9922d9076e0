"""GIFT-1 … GIFT-4, requirement by requirement: granted, picked, packed, replaced, and traced."""

from typing import Any

import msgspec
import pytest

from edge.domain import commands as c
from edge.domain.model import Assignment, Gifts, Plan
from edge.domain.refusals import Refusal
from edge.domain.workflow import choose
from tests.domain.site import (
    BIB,
    BINS,
    BOOK,
    MUG,
    RULES,
    TOWEL,
    WIPES,
    Site,
    changed_rules,
    gtin,
    line,
)


def gifts_of(site: Site, order_id: str = "1001") -> dict[str, int]:
    """Return the gifts that an order has."""
    return {each.sku: each.qty for each in site.the(Assignment, order_id).lines if each.gift}


def equal(site: Site, **prices: int) -> None:
    """Make some SKUs of equal value; by name, with their prices in fen."""
    named = {"mug": MUG, "towel": TOWEL, "bib": BIB, "wipes": WIPES}
    for name, price in prices.items():
        site.know(named[name], equal_group="G1", price_fen=price)


@pytest.mark.parametrize(
    ("fen", "given"),
    [(39_899, {}), (39_900, {WIPES: 1}), (59_899, {WIPES: 1}), (59_900, {WIPES: 1, BIB: 1})],
)
def test_gift_1_tiers(site: Site, fen: int, given: dict[str, int]) -> None:
    """399 yuan give wipes, 599 wipes and a bib; of the tiers only the highest gives."""
    site.assign("1001", line(1, MUG, 1, price_fen=fen), gifts="evaluate")
    assert gifts_of(site) == given


@pytest.mark.parametrize(
    ("when", "fires"),
    [
        ("order.amount_fen >= 100 && order.customer_level == 'platinum'", True),
        ("order.amount_fen >= 100 && order.customer_level == 'gold'", False),
        ("order.lines.exists(l, l.sku == 'MUG-01' && l.qty >= 2)", True),
        ("order.lines.exists(l, l.name.contains('MUG')) || order.amount_fen > 99999999", True),
        ("order.lines.all(l, l.price_fen > 5000)", False),
        ("order.day >= '2026-09-01' && order.day < '2026-10-01' && order.month == 9", True),
        ("order.weekday > 5", False),
    ],
)
def test_gift_1_conditions(when: str, fires: bool) -> None:
    """Amount, items, names, customer level and dates, joined by AND and OR, decide."""
    rule = {"id": "r", "when": when, "give": [{"sku": BIB, "qty": 1}]}
    site = Site(rules=changed_rules(gifts=[rule]))
    lines = [line(1, MUG, 2, price_fen=5_000)]
    site.assign("1001", *lines, gifts="evaluate", customer_level="platinum")
    assert gifts_of(site) == ({BIB: 1} if fires else {})


def test_gift_1_untracked_gifts_need_no_stock(site: Site) -> None:
    """An untracked gift locks nothing and has no step, and is still confirmed at packing."""
    gift = line(2, BIB, 1, gift=True, tracked=False)
    site.snapshot({BIB: 0})
    site.to_packing("1001", line(1, MUG, 1), gift)
    assert [step.sku for step in site.the(Plan, site.task_id()).steps] == [MUG]
    assert site.by("packer", c.PackScan("1001", gtin(MUG))).ok
    assert site.by("packer", c.PackFinish("1001")).code == "pack_incomplete"
    assert site.by("packer", c.PackScan("1001", line=2)).ok
    assert site.by("packer", c.PackFinish("1001")).ok


def test_gift_2_the_wave_stays_open_while_a_gift_is_not_scanned(site: Site) -> None:
    """A gift line is picked like any other: without it the order is not picked."""
    site.to_picking("1001", line(1, MUG, 1), line(2, WIPES, 1, gift=True))
    site.pick(site.task_id(), 1)
    closed = choose(site.world, site.order(), "pick.finish", site.rules)
    assert isinstance(closed, Refusal)
    assert (site.state(), closed.facts["lines"]) == ("picking", [2])


def short_gift(site: Site) -> None:
    """Bring an order to where two mugs as gifts are short, and a towel is of equal value."""
    equal(site, mug=2_000, towel=2_100, bib=1_500)
    site.to_picking("1001", line(1, BOOK, 1), line(2, MUG, 2, gift=True))
    steps = site.the(Plan, site.task_id()).steps
    no = next(no for no, step in enumerate(steps, 1) if step.sku == MUG)
    assert site.short(found=0, no=no).ok


def test_gift_3_a_short_gift_names_another_of_equal_value(site: Site) -> None:
    """A short gift is counted, and what is nearest in price and in stock suggested (GIFT-3)."""
    short_gift(site)
    closed = choose(site.world, site.order(), "pick.finish", site.rules)
    assert isinstance(closed, Refusal)
    site.pick_all()
    assert site.state() == "short"
    closed = choose(site.world, site.order(), "order.release", site.rules)
    assert isinstance(closed, Refusal)
    facts = closed.facts
    assert (closed.code, facts["sku"], facts["qty"], facts["suggest"]) == (
        "gift_short_suggest", MUG, 2, TOWEL)  # fmt: skip
    site.snapshot({TOWEL: 0, BIB: 0})
    alone = choose(site.world, site.order(), "order.release", site.rules)
    assert isinstance(alone, Refusal)
    assert alone.code == "gift_short"


def substitute(site: Site, sku: str = "", **more: Any) -> str:
    """Ask for another gift on line 2, and return what came of it."""
    data = c.GiftSubstitute("1001", 2, more.pop("reason", "out_of_stock"), sku)
    answer = site.by("picker", data, **more)
    return str(answer.facts["approval"]) if answer.ok else answer.code


def test_gift_3_only_a_supervisor_replaces(site: Site) -> None:
    """The picker asks, a supervisor's badge decides, the other gift is picked at once (GIFT-3)."""
    short_gift(site)
    asked = substitute(site)
    assert gifts_of(site) == {MUG: 2}
    assert site.sign(asked, who="leader").code == "approval_role"
    assert site.sign(asked, who="supervisor").ok
    assert (gifts_of(site), site.order().short) == ({TOWEL: 2}, {})
    site.pick_all()
    assert site.state() == "picked"
    kept = site.said("gift.substituted")[0].data
    assert (kept["was"], kept["to"], kept["qty"]) == (MUG, TOWEL, 2)
    assert (kept["asked_by"], kept["approved_by"]) == ("picker", ["supervisor"])
    assert kept["reason"] == "out_of_stock"


def test_gift_3_a_short_order_goes_on_with_the_other_gift(site: Site) -> None:
    """Asked when all else is picked, the other gift is picked all the same (GIFT-3, PICK-8)."""
    short_gift(site)
    site.pick_all()
    assert site.state() == "short"
    assert site.sign(substitute(site)).ok
    assert (gifts_of(site), site.state()) == ({TOWEL: 2}, "ready")
    assert site.take().ok
    site.pick_all()
    assert site.state() == "picked"
    assert site.by("packer", c.PackOpen("1001")).ok
    site.check_all()
    assert site.by("packer", c.PackFinish("1001")).ok


def test_gift_3_no_part_is_sent_without_its_gift(site: Site) -> None:
    """It is replaced first: at the packing table nobody could pick another one (GIFT-3)."""
    short_gift(site)
    site.pick_all()
    assert site.ask("partial", who="packer").code == "gift_short_suggest"


def test_gift_3_a_gift_is_replaced_before_the_packing(site: Site) -> None:
    """Under rules that let a part go all the same the packer is told: too late (GIFT-3)."""
    document = msgspec.toml.decode(RULES) | {"samples": []}
    for way in document["workflow"]["transitions"]:
        if way["action"] == "order.partial":
            way["gates"] = ["something_picked"]
    site = Site(rules=msgspec.json.encode(document))
    short_gift(site)
    site.pick_all()
    assert site.ask("partial", who="packer").ok
    assert site.sign(site.approval().id).ok
    assert site.by("packer", c.PackOpen("1001")).ok
    assert substitute(site) == "not_in_state"


def test_gift_3_a_gift_whose_lot_has_expired_does_not_stand_in(site: Site) -> None:
    """Nobody had looked at its lots today: the decision is refused, and moves nothing (PICK-10)."""
    short_gift(site)
    site.bins(TOWEL, {"location": BINS[TOWEL], "lot": "L1", "qty": 9, "expiry": "2020-01-31"})
    asked = substitute(site)
    assert site.sign(asked).code == "stock_short"
    assert gifts_of(site) == {MUG: 2}


def test_gift_3_what_cannot_stand_in(site: Site) -> None:
    """Another value, an empty bin, a gift in stock, no gift at all: each is refused (GIFT-3)."""
    short_gift(site)
    site.snapshot({BIB: 1})
    said = [substitute(site, sku) for sku in (BOOK, "", BIB)]
    assert (said[0], said[2]) == ("gift_unequal", "stock_short")
    assert site.by("picker", c.GiftSubstitute("1001", 1, "damaged")).code == "not_a_gift"
    assert substitute(site, reason="bored") == "reason_unknown"
    other = Site().to_picking("1001", line(1, BOOK, 1), line(2, MUG, 2, gift=True))
    equal(other, mug=2_000, towel=2_100)
    assert substitute(other) == "gift_there"


def test_gift_4_the_trace(site: Site) -> None:
    """Which rule fired on what data, who picked it, who packed it: one document says it."""
    site.to_checked("1001", line(1, BOOK, 1, price_fen=40_000), gifts="evaluate")
    events = site.the(Gifts, "1001").events
    assert [(e.what, e.by, e.line, e.qty) for e in events] == [
        ("granted", "hub", 2, 1),
        ("picked", "picker", 2, 1),
        ("packed", "packer", 2, 1),
    ]
    assert events[0].data["rule"] == "tier-399"
    assert events[0].data["saw"] == {"amount_fen": 40_000}
