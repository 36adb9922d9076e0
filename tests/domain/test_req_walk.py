"""Requirements that stand for themselves, and the list of all that are walked by a test."""

import re
from pathlib import Path
from typing import Final

from edge.domain import commands as c
from edge.domain.model import Waybill
from tests.domain.site import BINS, MUG, TOWEL, S, Site, gtin, line

WALKED: Final = {
    *(f"flow_{n}" for n in range(1, 14)),
    *(f"pick_{n}" for n in (2, 6, 8, 9, 10, 11)),
    *(f"gift_{n}" for n in range(1, 5)),
    *(f"frz_{n}" for n in range(1, 8)),
    *(f"appr_{n}" for n in range(1, 5)),
    *(f"rule_{n}" for n in range(1, 6)),
    *("ret_1", "ret_2", "prn_6", "aud_2"),
}
"""What the law of the floor must show."""


def test_every_requirement_of_the_law_is_walked_by_name() -> None:
    """Each id stands in the name of a test of this folder, so that the transcript tells it."""
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_req_*.py"))
    found = set(re.findall(r"def test_([a-z]+_\d+)_\w+", text))
    assert sorted(WALKED - found) == []


def test_flow_1_the_same_order_twice_is_one(site: Site) -> None:
    """The second delivery changes nothing and is answered; an unknown type waits (FLOW-1)."""
    site.assign()
    assert site.assign("1001", line(1, MUG, 50)).facts["code"] == "already_assigned"
    assert site.stock(MUG).locked == 2
    site.assign("1002", type="flying_carpet")
    assert site.state("1002") == "hold_type"


def test_flow_3_a_status_is_not_set(site: Site) -> None:
    """A direct write is refused, and on record with who tried (FLOW-3)."""
    site.to_checked()
    answer = site.run(c.StatusSet("1001", "shipped"), via="api", actor="office")
    entry = site.journal[-1]
    assert (answer.code, entry.kind, entry.actor) == (
        "status_is_not_set",
        "command.refused",
        "office",
    )
    assert site.state() == "packed_checked"


def test_flow_4_shipped_needs_check_proof_and_no_freeze(site: Site) -> None:
    """Neither the printer's word, nor a slip, nor a frozen order's label ships (FLOW-4)."""
    site.to_packing()
    assert site.by("packer", c.PackFinish("1001")).code == "pack_incomplete"
    assert site.by("packer", c.WaybillPrint("1001")).code == "pack_incomplete"
    site.check_all()
    site.by("packer", c.PackFinish("1001"))
    site.by("packer", c.WaybillPrint("1001"))
    for stage in ("claimed", "sent"):
        site.report(stage)
    assert site.state() == "packed_checked"
    site.freeze(category="remark")
    assert site.prove().code == "order_frozen"
    site.fire_timers()
    assert site.prove().ok
    assert site.state() == "shipped"


def test_pick_2_what_is_wrong_is_refused_and_the_line_stays(site: Site) -> None:
    """Wrong item, wrong bin, a piece too many: refused, journalled, nothing counted (PICK-2)."""
    site.to_picking()
    task = site.task_id()
    tried = [
        site.by("picker", c.PickScan(task, 1, BINS[TOWEL])).code,
        site.by("picker", c.PickScan(task, 1, gtin(MUG))).code,
        site.by("picker", c.PickScan(task, 1, BINS[MUG])).code,
        site.by("picker", c.PickScan(task, 1, gtin(TOWEL))).code,
    ]
    site.pick(task, 1)
    tried.append(site.by("picker", c.PickScan(task, 1, gtin(MUG))).code)
    assert tried == ["wrong_bin", "location_first", "", "wrong_item", "surplus"]
    refused = [each.data["code"] for each in site.said("command.refused")]
    assert refused == [code for code in tried if code]


def test_frz_1_a_countdown_has_its_effect_unless_revoked(site: Site) -> None:
    """Fifteen seconds after receipt, not before; a revoked one has none (FRZ-1)."""
    site.assign("1001")
    site.assign("1002")
    site.freeze("1001")
    site.freeze("1002")
    timers = site.timers()
    site.pass_s(14)
    assert site.run(c.TimerFire(timers[0].id), via="timer").code == "timer_early"
    site.tell("order.revoke", order_id="1002")
    site.pass_s(1)
    for timer in timers:
        site.run(c.TimerFire(timer.id), via="timer")
    assert (site.state("1001"), site.state("1002")) == ("cancelled", "ready")


def test_frz_2_a_freeze_stops_the_very_next_scan_everywhere(site: Site) -> None:
    """Once it is durable no picker, packer or keeper moves the order any further (FRZ-2)."""
    site.to_checked("1002")
    site.to_shipped("1003")
    site.to_picking("1001")
    for order in ("1001", "1002", "1003"):
        site.freeze(order)
    assert site.by("picker", c.PickScan(site.task_id("1001"), 1, BINS[MUG])).code == "order_frozen"
    assert site.by("packer", c.WaybillPrint("1002")).code == "order_frozen"
    assert site.by("keeper", c.HandoverScan(site.qr("1003"))).code == "order_frozen"


def test_prn_6_a_pool_allocated_ahead_prints_offline_and_no_number_twice(site: Site) -> None:
    """Without a hub each parcel gets the next number; an empty pool says so (PRN-6)."""
    site.tell("waybill.recall", carrier="SF")
    site.tell("waybill.pool", carrier="SF", numbers=["A-1", "A-2"])
    for order in ("1001", "1002"):
        site.to_printed(order, line(1, MUG, 1))
    site.to_checked("1003", line(1, MUG, 1))
    assert site.by("packer", c.WaybillPrint("1003")).code == "no_waybill_number"
    assert [site.order(order).waybill for order in ("1001", "1002")] == ["A-1", "A-2"]
    site.tell("waybill.pool", carrier="SF", numbers=["A-1", "A-2", "A-3"])
    assert site.by("packer", c.WaybillPrint("1003")).ok
    assert site.order("1003").waybill == "A-3"
    assert site.the(Waybill, "A-1").order == "1001"


def test_aud_2_every_step_says_what_by_which_rule_who_and_where(site: Site) -> None:
    """Each entry of an order names its ruleset, person, device and cause; who approved, too."""
    site.assign("1001", line(1, MUG, 1, price_fen=600_000))
    site.by("keeper", c.ApprovalRequest("hold_release", "1001"))
    site.sign(site.approval().id, at="keeper")
    asked = [each for each in site.journal if "order:1001" in (each.subject, *each.refs)]
    assert all(each.rules == "default@1" and each.actor and each.cause for each in asked)
    held = next(each for each in asked if each.kind == "order.moved")
    assert (held.data["rule"], held.data["saw"]["amount_fen"]) == ("over-5000-or-custom", 600_000)
    decided = next(each for each in asked if each.kind == "approval.decided")
    assert (decided.data["by"], decided.device, decided.data["asked_by"]) == (
        ["supervisor"],
        "pda-keeper",
        "keeper",
    )
    assert decided.data["facts"]["amount_fen"] == 600_000
    assert decided.at_us > site.journal[0].at_us > S
