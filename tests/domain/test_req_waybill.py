"""Waybills, requirement by requirement: numbers, the fix queue, switches, proof and evidence."""

from typing import Any

import pytest

from edge.domain import commands as c
from edge.domain.label_views import FixRow, fix_row
from edge.domain.model import Alarm, Assignment, Order, Waybill
from edge.domain.views import order_view
from tests.domain.site import MUG, S, Site, changed_rules, line

ONE = line(1, MUG, 1)
MASKED = {"name": "李雷", "phone": "138****0000", "address": "文一路 1 号"}
GOOD = {"name": "李雷", "phone": "13800000000", "address": "文一路 1 号"}


def in_queue(site: Site, order_id: str = "1001") -> FixRow:
    """Return an order's row of the fix queue; it must be there."""
    assert site.order(order_id).terms()["fix"] == "open"
    row = fix_row(site.world, order_id)
    assert row is not None
    return row


def print_of(site: Site, order_id: str = "1001") -> str:
    """Ask for an order's label; return "ok" or the code of the refusal."""
    answer = site.by("packer", c.WaybillPrint(order_id))
    return "ok" if answer.ok else answer.code


def outcome(site: Site) -> tuple[str, str]:
    """Return the kind of the newest entry, and its code where it has one."""
    return site.journal[-1].kind, site.journal[-1].data.get("code", "")


# ---- FLOW-8: what is refused before printing, and the fix queue --------------------------------


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"recipient": MASKED}, "phone_masked"),
        ({"recipient": GOOD | {"address": "村口"}}, "address_vague"),
        ({"recipient": GOOD | {"address": ""}}, "address_vague"),
        ({"type": "medical"}, "carrier_forbidden"),
        ({"carrier": "ZTO", "tags": ["cold_chain"]}, "carrier_forbidden"),
    ],
)
def test_flow_8_an_unfit_order_is_refused_and_the_batch_goes_on(
    site: Site, over: dict[str, Any], code: str
) -> None:
    """It stands in the fix queue from acceptance, is not printed, and the next one is (FLOW-8)."""
    site.to_checked("1001", ONE, **over)
    assert in_queue(site).code == code
    assert print_of(site) == code
    assert site.order().copies == ()
    site.to_checked("1002", ONE)
    assert print_of(site, "1002") == "ok"
    assert fix_row(site.world, "1002") is None


def test_flow_8_a_long_address_without_a_number_is_good_enough(site: Site) -> None:
    """How short is too short is ruleset data."""
    site.assign("1001", ONE, recipient=GOOD | {"address": "西溪湿地公园南门游客中心"})
    assert site.order().fix is None
    site.tell("ruleset.publish", document=changed_rules(addresses={"chars_min": 20}))
    site.assign("1002", ONE, recipient=GOOD | {"address": "西溪湿地公园南门游客中心"})
    assert in_queue(site, "1002").code == "address_vague"


def test_flow_8_a_forbidden_carrier_comes_with_those_that_may(site: Site) -> None:
    """The queue names the broken rule and the carriers that would take the order."""
    site.assign("1001", ONE, type="medical")
    row = in_queue(site)
    assert row.facts == {
        "order": "1001",
        "carrier": "SF",
        "service": "standard",
        "rule": "cold-chain",
        "saw": {"service": "standard", "tags": [], "type": "medical"},
    }
    assert row.rule_name is not None
    assert row.rule_name.en == "No medical cold chain by ordinary courier"
    offers = [(each.carrier, each.service) for each in row.suggest]
    assert offers == [("SF", "cold_chain"), ("JD", "cold_chain")]


def test_flow_8_no_personal_data_reaches_the_journal(site: Site) -> None:
    """Entries hold what was derived from phone and address, never the text (SEC-5)."""
    site.assign("1001", ONE, recipient=MASKED | {"address": "村口"})
    site.tell("order.update", order_id="1001", recipient=GOOD | {"address": "秘密路 8 号"})
    written = repr([draft.data for draft in site.journal])
    assert [text for text in ("138****0000", "村口", "秘密路", "李雷") if text in written] == []


def test_flow_8_a_better_recipient_takes_it_out_of_the_queue(site: Site) -> None:
    """After `order.update` the order is printed; its facts are derived anew."""
    site.to_checked("1001", ONE, recipient=MASKED)
    site.tell("order.update", order_id="1001", recipient=GOOD)
    assert (site.order().fix, site.the(Assignment, "1001").phone_masked) == (None, False)
    assert print_of(site) == "ok"


def test_flow_8_an_update_that_helps_nothing_changes_the_reason_only(site: Site) -> None:
    """An order whose phone was masked and whose new address is vague stays, for that reason."""
    site.assign("1001", ONE, recipient=MASKED)
    site.tell("order.update", order_id="1001", recipient=GOOD | {"address": "村口"})
    assert in_queue(site).code == "address_vague"


def test_flow_8_a_label_with_the_old_address_is_void(site: Site) -> None:
    """An update after printing voids the copy; the next one has the same number."""
    site.to_printed("1001", ONE)
    old = site.qr()
    site.tell("order.update", order_id="1001", recipient=GOOD)
    assert site.prove(old).code == "label_old_copy"
    assert print_of(site) == "ok"
    assert site.order().waybill == "SF0001"


def test_flow_8_an_order_that_ends_leaves_the_queue(site: Site) -> None:
    """A cancelled order needs no label any more."""
    site.assign("1001", ONE, recipient=MASKED)
    site.cancel()
    assert (site.state(), site.order().fix) == ("cancelled", None)


def test_flow_8_one_number_is_never_on_two_parcels(site: Site) -> None:
    """A second order with a number that is taken is told at acceptance; another number helps."""
    site.assign("1001", ONE, waybill="SF-777")
    site.to_checked("1002", ONE, waybill="SF-777")
    assert in_queue(site, "1002").code == "waybill_in_use"
    assert print_of(site, "1002") == "waybill_in_use"
    site.tell("carrier.switch", order_id="1002", carrier="SF", waybill="SF-778")
    assert print_of(site, "1002") == "ok"
    assert site.order("1002").waybill == "SF-778"
    assert site.the(Waybill, "SF-777").order == "1001"


def test_flow_8_a_number_that_no_label_can_carry_is_malformed(site: Site) -> None:
    """Neither an order nor a pool nor a switch may bring one."""
    for number in ("SF:1", "九", "x" * 41, " ", 7):
        site.assign("1001", ONE, waybill=number)
        assert outcome(site) == ("instruction.set_aside", "malformed")
        site.tell("waybill.pool", carrier="SF", numbers=[number])
        assert outcome(site) == ("instruction.set_aside", "malformed")


# ---- FLOW-11: carrier switch -------------------------------------------------------------------


def test_flow_11_a_switch_voids_the_label_and_offers_the_new_one(site: Site) -> None:
    """Old label and number are spent; the next label is the new carrier's, and it ships."""
    site.tell("waybill.pool", carrier="ZTO", numbers=["Z1"])
    site.to_printed("1001", ONE)
    old = site.qr()
    site.tell("carrier.switch", order_id="1001", carrier="ZTO", service="standard")
    assert (site.the(Waybill, "SF0001").state, site.order().waybill) == ("void", "")
    assert site.prove(old).code == "label_void"
    assert print_of(site) == "ok"
    assert (site.order().waybill, site.job().n) == ("Z1", 2)
    for stage in ("claimed", "sent"):
        assert site.report(stage).ok
    assert site.prove("Z1").ok
    assert site.state() == "shipped"


def test_flow_11_a_switch_calls_the_packer_who_stuck_the_label(site: Site) -> None:
    """The label may be on the parcel already: its packer is told to take it off (FRZ-4)."""
    site.to_printed()
    site.tell("carrier.switch", order_id="1001", carrier="ZTO", service="standard")
    alarm = site.alarms("packer")[-1]
    assert (alarm.code, alarm.facts["reason"]) == ("label_due", "carrier_switched")
    fresh = Site().to_checked()
    fresh.tell("carrier.switch", order_id="1001", carrier="ZTO", service="standard")
    assert fresh.alarms("packer") == []


def test_flow_11_a_switch_before_printing_gives_the_number_back(site: Site) -> None:
    """What no printer was asked for is free again."""
    site.to_checked("1001", ONE)
    assert print_of(site) == "ok"
    site.tell("carrier.switch", order_id="1001", carrier="ZTO", waybill="ZT-1")
    assert site.the(Waybill, "SF0001").state == "free"
    assert site.the(Waybill, "ZT-1").state == "reserved"
    assert print_of(site) == "ok"
    assert site.order().waybill == "ZT-1"


def test_flow_11_a_switch_to_the_number_it_has_keeps_it(site: Site) -> None:
    """Only the label is void; the number stays with its parcel."""
    site.to_checked("1001", ONE, waybill="SF-777")
    site.tell("carrier.switch", order_id="1001", carrier="SF", service="express", waybill="SF-777")
    assert print_of(site) == "ok"
    assert (site.order().waybill, site.the(Waybill, "SF-777").order) == ("SF-777", "1001")


def test_flow_11_a_frozen_order_is_switched_and_does_not_move(site: Site) -> None:
    """The label is void at once; the new one waits for the freeze to end (FRZ-7)."""
    site.to_printed("1001", ONE)
    site.freeze(category="remark")
    site.tell("carrier.switch", order_id="1001", carrier="ZTO", waybill="ZT-1")
    assert (site.the(Assignment, "1001").carrier, site.state()) == ("ZTO", "packed_checked")
    assert print_of(site) == "order_frozen"
    site.tell("order.revoke", order_id="1001")
    assert (site.state(), print_of(site)) == ("packed_checked", "ok")


def test_flow_11_a_shipped_parcel_keeps_its_carrier(site: Site) -> None:
    """It has to come back first; one that was handed over is gone."""
    site.to_shipped("1001", ONE)
    site.tell("carrier.switch", order_id="1001", carrier="ZTO")
    assert outcome(site) == ("instruction.refused", "already_shipped")
    assert site.by("keeper", c.HandoverScan(site.qr())).ok
    site.tell("carrier.switch", order_id="1001", carrier="ZTO")
    assert outcome(site) == ("instruction.refused", "order_ended")


def test_flow_11_a_switch_to_a_carrier_that_may_not_is_refused(site: Site) -> None:
    """Nothing changes, and the hub is told the rule."""
    site.to_printed("1001", ONE, type="medical", service="cold_chain")
    site.tell("carrier.switch", order_id="1001", carrier="YTO", service="standard")
    assert outcome(site) == ("instruction.refused", "carrier_forbidden")
    assert site.prove().ok


# ---- PRN-6: a carrier is switched off ----------------------------------------------------------


def test_prn_6_a_carrier_switched_off_gives_its_numbers_back(site: Site) -> None:
    """Its free numbers are returned by name, and its orders stand in the fix queue."""
    site.to_printed("1001", ONE)
    off = {"id": "SF", "name": {"zh": "顺丰", "en": "SF"}, "off": True}
    site.tell("ruleset.publish", document=changed_rules(carriers=[off]))
    numbers = site.said("waybill.returned")[-1].data["numbers"]
    assert numbers == [f"SF{n:04}" for n in range(2, 40)]
    assert site.load(Order, "1001") is not None
    site.assign("1002", ONE)
    assert in_queue(site, "1002").code == "carrier_off"


# ---- RULE-5: key review -------------------------------------------------------------------------

PHOTO = f"sha256:{'0' * 64}"


def attach(site: Site, kind: str = "photo", media_type: str = "image/jpeg", n: int = 0) -> str:
    """Attach a blob to order 1001; return "ok" or the code of the refusal."""
    blob = f"sha256:{n:064x}"
    answer = site.by("packer", c.EvidenceAttach("1001", kind, blob, 9, media_type))
    return "ok" if answer.ok else answer.code


def test_rule_5_a_key_review_order_is_printed_after_the_photo_only(site: Site) -> None:
    """The tag demands a packing photo or video; with it the label comes."""
    site.to_checked("1001", ONE, tags=["key_review"])
    answer = site.by("packer", c.WaybillPrint("1001"))
    assert (answer.code, answer.facts["tag"]) == ("evidence_missing", "key_review")
    assert (attach(site), print_of(site)) == ("ok", "ok")


def test_rule_5_the_hub_sets_the_tag_later(site: Site) -> None:
    """A tag that comes when the label is out stops the shipping until the photo is attached."""
    site.to_printed("1001", ONE)
    site.tell("tag.set", order_id="1001", tags=["key_review"])
    assert (site.prove().ok, site.state()) == (True, "packed_checked")
    assert attach(site, "video", "video/mp4") == "ok"
    assert site.state() == "shipped"


def test_rule_5_a_photo_from_before_the_packing_does_not_count(site: Site) -> None:
    """It shows something else; it is kept all the same."""
    site.to_picked("1001", ONE, tags=["key_review"])
    assert attach(site) == "ok"
    assert site.by("packer", c.PackOpen("1001")).ok
    site.check_all("1001")
    assert site.by("packer", c.PackFinish("1001")).ok
    assert print_of(site) == "evidence_missing"


def test_rule_5_a_tag_that_is_taken_off_demands_nothing(site: Site) -> None:
    """The hub changed its mind."""
    site.to_checked("1001", ONE, tags=["key_review", "24H"])
    site.tell("tag.set", order_id="1001", remove=["key_review"])
    assert (site.the(Assignment, "1001").tags, print_of(site)) == (("24H",), "ok")


def test_rule_5_evidence_is_what_it_says_and_bounded(site: Site) -> None:
    """A video is no photo, a name is no blob, the same blob counts once, and 32 are enough."""
    site.to_packing("1001", ONE)
    assert attach(site, "photo", "video/mp4") == "malformed"
    assert attach(site, "note", "image/png") == "malformed"
    bad = c.EvidenceAttach("1001", "photo", "../../etc/passwd", 9, "image/png")
    assert site.by("packer", bad).code == "malformed"
    assert [attach(site), attach(site)] == ["ok", "ok"]
    assert len(site.order().evidence) == 1
    assert {attach(site, n=n) for n in range(1, 32)} == {"ok"}
    assert attach(site, n=99) == "evidence_full"


# ---- FLOW-5: two truths -------------------------------------------------------------------------

H = 3_600


def scanned(site: Site, after_s: int, *, valid: bool = True) -> None:
    """Let the hub tell of a first scan so long after the shipping."""
    at = site.order().shipped_us + after_s * S
    body = {"status": "first scan", "waybill_valid": valid, "first_scan_at": at}
    site.tell("order.carrier_status", order_id="1001", **body)


def red(site: Site) -> tuple[bool, bool]:
    """Return whether order 1001 is shown as late, as missing."""
    view = order_view(site.world, "1001")
    assert view is not None
    return view.carrier.late, view.carrier.missing


def test_flow_5_a_parcel_without_a_record_is_marked_after_two_hours(site: Site) -> None:
    """The floor's status stays shipped; the carrier's is missing, and the keeper is told."""
    site.to_shipped("1001", ONE)
    assert red(site) == (False, False)
    site.fire_timers("carrier.record")
    assert (site.state(), red(site)) == ("shipped", (False, True))
    assert [alarm.code for alarm in site.all(Alarm) if alarm.roles == ("keeper",)] == [
        "carrier_missing"
    ]


def test_flow_5_a_scan_in_time_disarms_the_mark(site: Site) -> None:
    """Waybill valid and first scan: the two truths agree, no timer is left."""
    site.to_shipped("1001", ONE)
    scanned(site, 2 * H)
    assert (red(site), site.timers("carrier.record")) == ((False, False), [])


def test_flow_5_a_scan_one_second_over_two_hours_is_late(site: Site) -> None:
    """The threshold is exact, and ruleset data."""
    site.to_shipped("1001", ONE)
    scanned(site, 2 * H + 1)
    assert red(site) == (True, False)
    rules = changed_rules(carrier_record={"late_s": 3 * H})
    loose = Site(rules=rules).to_shipped("1001", ONE)
    scanned(loose, 2 * H + 1)
    assert red(loose) == (False, False)


def test_flow_5_a_scan_of_an_invalid_waybill_is_no_record(site: Site) -> None:
    """Both are needed; when the waybill turns valid the mark goes."""
    site.to_shipped("1001", ONE)
    scanned(site, H, valid=False)
    site.fire_timers("carrier.record")
    assert red(site) == (False, True)
    site.tell("order.carrier_status", order_id="1001", status="valid", waybill_valid=True)
    assert red(site) == (False, False)


def test_flow_5_a_parcel_that_came_back_is_not_missed(site: Site) -> None:
    """A cancelled shipment needs no record."""
    site.to_shipped("1001", ONE)
    site.cancel()
    site.fire_timers("carrier.record")
    assert red(site) == (False, False)


@pytest.mark.parametrize(
    "body", [{"first_scan_at": -1}, {"first_scan_at": "now"}, {"waybill_valid": "yes"}]
)
def test_flow_5_a_status_that_makes_no_sense_is_set_aside(site: Site, body: dict[str, Any]) -> None:
    """It changes nothing, and is kept for a person."""
    site.to_shipped("1001", ONE)
    site.tell("order.carrier_status", order_id="1001", status="first scan", **body)
    assert outcome(site) == ("instruction.set_aside", "malformed")


# ---- FLOW-4, RULE-5: a waybill printed ahead -----------------------------------------------------

HERE = {"site": {"city": "杭州市"}}
RUSH = {
    "recipient": GOOD | {"city": "杭州"},
    "gifts": "given",
}
DEAR = line(1, MUG, 1, price_fen=29_900)


def rush_site(**sections: Any) -> Site:
    """Return a site in Hangzhou."""
    return Site(rules=changed_rules(**HERE | sections))


def printed(site: Site) -> None:
    """Let the printer take order 1001's newest copy, and confirm it."""
    for stage in ("claimed", "sent", "confirmed"):
        assert site.report(stage).ok


def test_rule_5_a_same_city_rush_is_printed_at_once() -> None:
    """At acceptance: number bound, job on the rule's station, the group notified, the timer on."""
    site = rush_site()
    site.assign("1001", DEAR, **RUSH)
    assert (site.state(), site.job().station, site.order().waybill) == ("ready", "S1", "SF0001")
    (told,) = site.said("group.notified")
    assert (told.data["group"], told.data["waybill"]) == ("rush", "SF0001")
    armed = [
        timer.delay_us // S for timer in site.timers("order.deadline") if ":rush:" in timer.subject
    ]
    assert armed == [900]


@pytest.mark.parametrize(
    ("lines", "over"),
    [
        (line(1, MUG, 1, price_fen=29_899), {}),
        (DEAR, {"recipient": GOOD | {"city": "上海市"}}),
        (DEAR, {"recipient": GOOD}),
        (DEAR, {"recipient": MASKED | {"city": "杭州"}}),
        (DEAR, {"tags": ["key_review"]}),
    ],
)
def test_rule_5_others_are_not_printed_ahead(lines: dict[str, Any], over: dict[str, Any]) -> None:
    """Too cheap, elsewhere, unknown, in the fix queue, or before its evidence."""
    site = rush_site()
    site.assign("1001", lines, **RUSH | over)
    assert (site.state(), site.order().copies) == ("ready", ())


@pytest.mark.parametrize("least", ["sent", "printer_confirmed", "scan_confirmed"])
def test_flow_4_a_label_printed_ahead_is_only_bound(least: str) -> None:
    """It ships when packing is complete and the label on the parcel is scanned; never before."""
    site = rush_site(labels={"proof_least": least})
    site.assign("1001", DEAR, **RUSH)
    printed(site)
    assert site.prove().code == "not_packed"
    assert site.take().ok
    assert site.bind().ok
    site.pick_all()
    assert site.prove().code == "not_packed"
    assert site.by("packer", c.PackOpen("1001")).ok
    site.check_all()
    assert site.prove().code == "not_packed"
    assert site.by("packer", c.PackFinish("1001")).ok
    site.freeze(category="remark")
    site.tell("order.revoke", order_id="1001")
    assert site.state() == "packed_checked"
    assert print_of(site) == "label_printing"
    assert site.prove().ok
    assert site.state() == "shipped"


def test_flow_4_a_lost_label_printed_ahead_is_printed_again() -> None:
    """The first copy is void; the second one is like any other."""
    site = rush_site(labels={"proof_least": "printer_confirmed"})
    site.assign("1001", DEAR, **RUSH)
    printed(site)
    old = site.qr()
    assert site.take().ok
    assert site.bind().ok
    site.pick_all()
    assert site.by("packer", c.PackOpen("1001")).ok
    site.check_all()
    assert site.by("packer", c.PackFinish("1001")).ok
    assert site.by("packer", c.WaybillReprint("1001", "torn")).ok
    assert site.prove(old).code == "label_old_copy"
    printed(site)
    assert site.state() == "shipped"


def test_flow_4_without_a_number_ahead_the_order_is_taken_all_the_same() -> None:
    """It is said why nothing was printed; the packer prints when the hub has sent numbers."""
    site = rush_site()
    site.assign("1001", DEAR, carrier="YTO", **RUSH)
    (skipped,) = site.said("waybill.ahead_skipped")
    assert (site.state(), skipped.data["code"]) == ("ready", "no_waybill_number")


def test_flow_11_a_switch_prints_the_new_label_ahead() -> None:
    """The rush keeps its head start: the new carrier's label comes at once."""
    site = rush_site()
    site.assign("1001", DEAR, **RUSH)
    printed(site)
    site.tell("carrier.switch", order_id="1001", carrier="ZTO", waybill="ZT-1")
    assert (site.order().waybill, site.job().state, site.job().n) == ("ZT-1", "queued", 2)
    assert site.the(Waybill, "SF0001").state == "void"


def test_flow_8_an_address_change_takes_an_order_out_of_the_queue(site: Site) -> None:
    """What an interception brought counts once it has taken effect (FRZ-1)."""
    site.assign("1001", ONE, recipient=MASKED)
    site.freeze(category="address", recipient=GOOD)
    assert site.order().fix is not None
    site.fire_timers()
    assert site.order().fix is None
