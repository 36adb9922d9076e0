"""Waybill numbers: never on two parcels, and none lost, whatever happens to the orders."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain import commands as c
from edge.domain.model import Order, Pool, Waybill
from tests.domain.site import BOOK, MUG, Site, line, outcome

NUMBERS = [f"N{n}" for n in range(8)]
ORDERS = [f"O{n}" for n in range(4)]

_acts: st.SearchStrategy[tuple[str, str, list[str]]] = st.one_of(
    st.tuples(st.just("pool"), st.sampled_from(["", "express"]),
              st.lists(st.sampled_from(NUMBERS), max_size=4)),
    st.tuples(st.just("recall"), st.sampled_from(["", "express"]), st.just([])),
    st.tuples(st.just("assign"), st.sampled_from(ORDERS),
              st.lists(st.sampled_from(NUMBERS), max_size=1)),
    st.tuples(st.sampled_from(["pack", "print", "claim", "cancel", "reprint"]),
              st.sampled_from(ORDERS), st.just([])),
)  # fmt: skip


def _do(site: Site, what: str, which: str, numbers: list[str]) -> None:
    order = site.load(Order, which)
    match what:
        case "pool":
            site.tell("waybill.pool", carrier="STO", service=which, numbers=numbers)
        case "recall":
            site.tell("waybill.recall", carrier="STO", service=which)
        case "assign":
            number = numbers[0] if numbers else ""
            service = "express" if which in ORDERS[:2] else "standard"
            site.assign(which, line(1, MUG, 1), carrier="STO", service=service, waybill=number)
        case "pack" if isinstance(order, Order) and order.state == "ready":
            assert site.take(which).ok
            assert site.bind(which).ok
            site.pick_all(which)
            assert site.by("packer", c.PackOpen(which)).ok
            site.check_all(which)
            assert site.by("packer", c.PackFinish(which)).ok
        case "print":
            site.by("packer", c.WaybillPrint(which))
        case "reprint":
            site.by("packer", c.WaybillReprint(which, "torn"))
        case "claim" if isinstance(order, Order) and order.copies:
            site.report("claimed", which)
        case "cancel":
            site.freeze(which)
            site.fire_timers()


def _ledger_holds(site: Site, sent: set[str]) -> None:
    states = {each.id: each for each in site.all(Waybill) if each.id in NUMBERS}
    assert set(states) == sent
    bound = [order.waybill for order in site.all(Order) if order.waybill]
    assert [number for number, count in Counter(bound).items() if count > 1] == []
    for pool in site.all(Pool):
        free = [each for each in states.values() if (each.pool, each.state) == (pool.id, "free")]
        assert pool.id == "SF" or pool.free == len(free)
    for waybill in states.values():
        has_order = waybill.state in ("reserved", "bound", "void")
        assert (waybill.state, bool(waybill.order)) == (waybill.state, has_order)


@given(st.lists(_acts, min_size=1, max_size=25))
@settings(max_examples=40, deadline=None)
def test_no_number_is_used_twice_and_none_is_lost(acts: list[tuple[str, str, list[str]]]) -> None:
    """Every number sent is free, reserved, bound, void or returned, and on one parcel (FLOW-8)."""
    site = Site()
    sent: set[str] = set()
    on_paper: dict[str, str] = {}
    for what, which, numbers in acts:
        fresh = what != "assign" or site.load(Order, which) is None
        _do(site, what, which, numbers)
        if fresh:
            sent |= set(numbers)
        _ledger_holds(site, sent)
    for entry in site.said("print.queued"):
        claimed = [e.data for e in site.said("print.reported") if e.data["stage"] == "claimed"]
        if any(each["job"] == entry.data["job"] for each in claimed):
            owner = on_paper.setdefault(entry.data["waybill"], entry.data["order"])
            assert owner == entry.data["order"]


# ---- pools ------------------------------------------------------------------------------------


def test_a_service_takes_from_its_own_pool_first(site: Site) -> None:
    """Numbers of a service go to its orders; then those of the carrier do (PRN-6)."""
    site.tell("waybill.pool", carrier="SF", service="express", numbers=["EX1"])
    site.to_printed("1001", line(1, MUG, 1), service="express")
    site.to_printed("1002", line(1, MUG, 1), service="express")
    site.to_printed("1003", line(1, MUG, 1))
    bound = [site.order(each).waybill for each in ("1001", "1002", "1003")]
    assert bound == ["EX1", "SF0001", "SF0002"]


def test_the_hub_is_told_once_that_numbers_run_out(site: Site) -> None:
    """Below the mark one `waybill.pool_low` goes up per pool and fill (PRN-6)."""
    site.tell("waybill.pool", carrier="ZTO", numbers=[f"Z{n}" for n in range(51)])
    for n in range(4):
        site.to_printed(f"10{n}", line(1, MUG, 1), carrier="ZTO")
    told = site.said("waybill.pool_low")
    assert [each.data for each in told] == [{"pool": "ZTO", "free": 49, "low": 50}]
    site.tell("waybill.pool", carrier="ZTO", numbers=["Z900"])
    site.to_printed("200", line(1, MUG, 1), carrier="ZTO")
    assert [each.data["free"] for each in site.said("waybill.pool_low")] == [49, 47]


def test_numbers_that_are_known_are_passed_over(site: Site) -> None:
    """The same numbers sent again, or twice in one list, are in the pool once."""
    site.tell("waybill.pool", carrier="YTO", numbers=["Y1", "Y2", "Y1"])
    site.tell("waybill.pool", carrier="YTO", numbers=["Y2", "Y3"])
    last = site.said("waybill.pooled")[-1].data
    assert (last["numbers"], last["known"]) == (["Y3"], ["Y2"])
    assert site.the(Pool, "YTO").free == 3


def test_a_recalled_pool_is_returned_number_by_number(site: Site) -> None:
    """What is free goes back, by name; it is not used here again, not even if sent again."""
    site.tell("waybill.pool", carrier="YTO", numbers=["Y1", "Y2", "Y3"])
    site.to_printed("1001", line(1, MUG, 1), carrier="YTO")
    site.tell("waybill.recall", carrier="YTO")
    assert site.said("waybill.returned")[-1].data["numbers"] == ["Y2", "Y3"]
    site.tell("waybill.pool", carrier="YTO", numbers=["Y2"])
    site.to_checked("1002", line(1, MUG, 1), carrier="YTO")
    assert site.by("packer", c.WaybillPrint("1002")).code == "no_waybill_number"
    assert site.order("1001").waybill == "Y1"


def test_a_number_that_was_given_back_is_returned_once(site: Site) -> None:
    """One that left its pool out of turn stands there twice; it is still one number (PRN-6)."""
    site.tell("waybill.pool", carrier="YTO", numbers=["Y1", "Y2"])
    site.assign("1001", line(1, MUG, 1), carrier="YTO", waybill="Y2")
    site.cancel("1001")
    assert site.the(Pool, "YTO").free == 2
    site.tell("waybill.recall", carrier="YTO")
    assert site.said("waybill.returned")[-1].data["numbers"] == ["Y1", "Y2"]
    assert site.the(Pool, "YTO").free == 0


def test_a_cancel_before_the_printer_has_it_gives_the_number_back(site: Site) -> None:
    """A number that no printer was asked for is free again; the next parcel takes it (PRN-6)."""
    site.to_checked("1001", line(1, MUG, 1))
    assert site.by("packer", c.WaybillPrint("1001")).ok
    site.cancel("1001")
    assert site.said("waybill.released")[-1].data["waybill"] == "SF0001"
    found = site.the(Waybill, "SF0001")
    assert (found.state, found.order, site.order("1001").waybill) == ("free", "", "")
    assert site.report("claimed", "1001").code == "outcome_known"


def test_a_cancel_after_the_printer_has_it_spends_the_number(site: Site) -> None:
    """A number that may stand on paper is never used again (FLOW-8)."""
    site.to_printed("1001", line(1, MUG, 1))
    site.cancel("1001")
    assert site.the(Waybill, "SF0001").state == "void"
    site.to_printed("1002", line(1, BOOK, 1))
    assert site.order("1002").waybill == "SF0002"


def test_an_unused_number_that_came_with_an_order_goes_back_to_the_hub(site: Site) -> None:
    """Its order was cancelled before printing: the hub hears that the number is unused."""
    site.assign("1001", line(1, MUG, 1), waybill="SF-777")
    assert site.the(Waybill, "SF-777").state == "reserved"
    site.cancel("1001")
    assert site.said("waybill.returned")[-1].data["numbers"] == ["SF-777"]
    site.to_checked("1002", line(1, MUG, 1), waybill="SF-777")
    assert site.by("packer", c.WaybillPrint("1002")).code == "waybill_in_use"


def test_flow_11_a_switch_to_a_carrier_nobody_knows_is_refused(site: Site) -> None:
    """The label in force stays; the answer lists the known ones. A pool or a number will do."""
    site.to_printed("1001", line(1, MUG, 1))
    site.tell("carrier.switch", order_id="1001", carrier="ZT0")
    assert outcome(site) == ("instruction.refused", "carrier_unknown")
    facts = site.journal[-1].data["facts"]
    assert facts == {"carrier": "ZT0", "known": sorted(site.rules.carriers)}
    assert not site.order().copies[-1].void
    assert site.tell("carrier.switch", order_id="1001", carrier="ZT0", waybill="Z-1").ok
    assert outcome(site)[0] != "instruction.refused"
    site.tell("waybill.pool", carrier="LOCAL", service="bike", numbers=["L-1"])
    site.tell("carrier.switch", order_id="1001", carrier="LOCAL", service="bike")
    assert outcome(site)[0] != "instruction.refused"
