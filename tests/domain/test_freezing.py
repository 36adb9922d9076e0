"""Interceptions: frozen at once, effect at the end of the countdown, cancel at every stage."""

from collections.abc import Callable
from typing import Any

import pytest

from edge.domain import commands as c
from edge.domain.ids import derived_id
from edge.domain.model import Alarm, Job, Task, Tote, Waybill
from tests.domain.site import BINS, BOOK, MUG, TOWEL, S, Site, changed_rules, gtin, line

Stage = Callable[[Site], Any]


def test_a_freeze_counts_down_and_has_its_effect(site: Site) -> None:
    """Fifteen seconds after receipt, not before, the cancel is carried out (FRZ-1)."""
    site.assign()
    site.freeze()
    freeze = site.order().freezes[0]
    timer = site.timers()[0]
    assert freeze.due_us - freeze.opened_us == timer.delay_us == 15 * S
    site.pass_s(14)
    early = site.run(c.TimerFire(timer.id), via="timer")
    assert (early.code, site.state()) == ("timer_early", "ready")
    site.pass_s(1)
    assert site.run(c.TimerFire(timer.id), via="timer").ok
    assert (site.state(), site.order().freezes) == ("cancelled", ())


def test_the_countdown_is_data(site: Site) -> None:
    """It stands in the ruleset by category; an instruction may bring its own, within bounds."""
    ruled = Site(rules=changed_rules(freezes={"countdown_s": {"remark": 40}}))
    ruled.assign()
    ruled.freeze(category="remark")
    assert ruled.timers()[0].delay_us == 40 * S
    for asked, due in ((3, 3), (-1, 0), (2**60, 86_400), ("soon", 15)):
        fresh = Site()
        fresh.assign()
        fresh.freeze(countdown_s=asked)
        assert fresh.timers()[0].delay_us == due * S
    assert site.timers() == []


def test_a_timer_fires_once(site: Site) -> None:
    """The second firing is refused: `timer_spent` (FRZ-1)."""
    site.assign()
    site.freeze()
    timer = site.timers()[0]
    site.fire_timers()
    assert site.run(c.TimerFire(timer.id), via="timer").code == "timer_spent"
    assert site.run(c.TimerFire("no such timer"), via="timer").code == "timer_spent"


def test_after_a_reboot_the_wall_clock_does_not_hold_a_timer(site: Site) -> None:
    """With another boot id the boot clock says nothing; what is left is the caller's to wait."""
    site.assign()
    site.freeze()
    site.boot_id, site.boot_us = "boot-2", S
    assert site.run(c.TimerFire(site.timers()[0].id), via="timer").ok


def test_a_revoked_freeze_has_no_effect(site: Site) -> None:
    """After a revoke the order goes on, and the timer that fires later does nothing (FRZ-1)."""
    site.to_picking()
    site.freeze()
    assert "code" not in site.tell("order.revoke", order_id="1001").facts
    site.pick_all()
    site.fire_timers()
    assert (site.state(), site.said("freeze.closed")[0].data["outcome"]) == ("picked", "revoked")
    assert site.tell("order.revoke", order_id="1001").facts["code"] == "freeze_closed"


def test_the_same_interception_twice_is_one(site: Site) -> None:
    """A second one of the same category is refused; another category is a second cause (FRZ-3)."""
    site.assign()
    site.freeze()
    assert site.freeze().facts["code"] == "order_frozen"
    assert "code" not in site.freeze(category="rush").facts
    assert [freeze.category for freeze in site.order().freezes] == ["cancel", "rush"]
    assert len(site.said("freeze.opened")) == 2


def test_two_causes_need_two_ends(site: Site) -> None:
    """Revoking one cause leaves the order frozen by the other."""
    site.to_picking()
    site.freeze(category="remark")
    site.freeze(category="rush")
    site.tell("order.revoke", order_id="1001", category="remark")
    answer = site.by("picker", c.PickScan(site.task_id(), 1, BINS[MUG]))
    assert (answer.code, answer.facts["category"]) == ("order_frozen", "rush")


def test_other_effects_leave_the_order_where_it_is(site: Site) -> None:
    """A remark or a rush changes no state; the rush is on record."""
    site.to_picking()
    for category in ("remark", "rush", "address"):
        site.freeze(category=category)
    site.fire_timers()
    assert (site.state(), site.order().freezes) == ("picking", ())
    assert len(site.said("order.rushed")) == 1


def test_a_rush_of_a_cancelled_order_is_no_rush() -> None:
    """What ended meanwhile is not hurried on, where the rules let both take effect."""
    site = Site(rules=changed_rules(freezes={"contradictions": []}))
    site.assign()
    site.freeze(countdown_s=1)
    site.freeze(category="rush", countdown_s=2)
    site.fire_timers()
    assert (site.state(), site.said("order.rushed")) == ("cancelled", [])


def test_the_right_hands_are_alarmed(site: Site) -> None:
    """Who holds the order is alarmed and must acknowledge; the time is kept (FRZ-2, FRZ-4)."""
    site.to_picking()
    site.freeze()
    alarm = site.alarms("picker")[0]
    assert (alarm.code, alarm.facts["order"]) == ("order_frozen_cancel", "1001")
    assert site.alarms("picker2") == []
    assert site.by("picker2", c.AlarmAck(alarm.id)).code == "not_yours"
    site.pass_s(3)
    assert site.by("picker", c.AlarmAck(alarm.id)).ok
    assert site.said("alarm.acked")[0].data["took_us"] > 3 * S
    assert site.by("picker", c.AlarmAck(alarm.id)).code == "already_acked"
    assert site.by("picker", c.AlarmAck("no such alarm")).code == "unknown_alarm"


def test_a_packer_is_alarmed(site: Site) -> None:
    """Who packs the order is alarmed too; the picker who is done with it is not."""
    site.to_packing()
    site.freeze(category="remark")
    assert [alarm.code for alarm in site.alarms("packer")] == ["order_frozen"]
    assert site.alarms("picker") == []


# ---- cancel at every stage --------------------------------------------------------------------

NOTHING_PICKED: list[tuple[str, Stage]] = [
    ("hold", lambda site: site.assign(finance_cleared=False)),
    ("short at acceptance", lambda site: site.assign("1001", line(1, MUG, 1_000))),
    ("ready", lambda site: site.assign()),
    ("picking", lambda site: site.to_picking()),
]
PICKED: list[tuple[str, Stage]] = [
    ("picking with a piece", lambda site: site.to_picking().pick(site.task_id(), 1)),
    ("short", lambda site: site.to_short()),
    ("picked", lambda site: site.to_picked()),
    ("packing", lambda site: site.to_packing()),
    ("packed_checked", lambda site: site.to_checked()),
    ("labelled", lambda site: site.to_printed()),
    ("shipped", lambda site: site.to_shipped()),
]


@pytest.mark.parametrize("bring", [bring for _, bring in NOTHING_PICKED], ids=lambda _: "")
def test_a_cancel_before_picking_ends_the_order(site: Site, bring: Stage) -> None:
    """With nothing picked the order is `cancelled` at once, its locks, task and tote are free."""
    bring(site)
    site.cancel()
    assert site.state() == "cancelled"
    assert {sku: site.stock(sku).locked for sku in (MUG, TOWEL)} == {MUG: 0, TOWEL: 0}
    assert [task.state for task in site.all(Task)] in ([], ["dropped"])
    assert [tote.order for tote in site.all(Tote)] in ([], [""])


@pytest.mark.parametrize("bring", [bring for _, bring in PICKED], ids=[name for name, _ in PICKED])
def test_a_cancel_after_picking_is_a_put_back(site: Site, bring: Stage) -> None:
    """What was picked goes back piece by piece; then the order is cancelled (FRZ-5)."""
    bring(site)
    site.cancel()
    assert site.state() == "put_back"
    assert all(item.qty > 0 for item in site.order().put_back)
    assert site.by("keeper", c.PutbackScan("1001", gtin(BOOK))).code == "wrong_item"
    first = site.order().put_back[0]
    for qty in (0, first.qty + 1):
        answer = site.by("keeper", c.PutbackScan("1001", gtin(first.sku), qty))
        assert (answer.code, answer.facts["expected"]) == ("qty_mismatch", first.qty)
    for item in site.order().put_back:
        for _ in range(item.qty):
            assert site.by("keeper", c.PutbackScan("1001", gtin(item.sku))).ok
    assert site.state() == "cancelled"
    assert {sku: site.stock(sku).locked for sku in (MUG, TOWEL)} == {MUG: 0, TOWEL: 0}
    left = 0 if site.said("pick.shorted") else 100  # a short pick corrects the books of its bin
    assert {sku: site.stock(sku).available for sku in (MUG, TOWEL)} == {MUG: left, TOWEL: 100}
    assert site.by("keeper", c.PutbackScan("1001", gtin(MUG))).code == "nothing_to_put_back"
    assert [tote.order for tote in site.all(Tote)] == [""]


def test_a_cancel_voids_the_label_and_blocks_the_handover(site: Site) -> None:
    """After a cancel the number is spent, its job void, and no scan lets the parcel out (FRZ-5)."""
    site.to_shipped()
    label, job = site.qr(), site.job().id
    site.cancel()
    assert site.the(Waybill, "SF0001").state == "void"
    assert site.the(Job, job).state == "void"
    answers = [site.by("keeper", c.HandoverScan(code)).code for code in (label, "SF0001")]
    assert answers == ["label_void", "label_void"]
    assert site.prove(label).code == "label_void"


def test_the_freeze_alone_blocks_the_handover(site: Site) -> None:
    """During the countdown the parcel stays; after a revoke it may go."""
    site.to_shipped()
    site.freeze()
    assert site.by("keeper", c.HandoverScan(site.qr())).code == "order_frozen"
    site.tell("order.revoke", order_id="1001")
    assert (site.stock(MUG).available, site.stock(MUG).locked) == (98, 0)
    assert site.by("keeper", c.HandoverScan(site.qr())).ok


@pytest.mark.parametrize("stage", ["handed_over", "cancelled", "put_back"])
def test_what_ended_is_not_frozen(site: Site, stage: str) -> None:
    """An interception that comes too late is refused to the hub with the state."""
    if stage == "handed_over":
        site.to_handed_over()
    elif stage == "put_back":
        site.to_picked()
        site.cancel()
    else:
        site.assign()
        site.cancel()
    facts = site.freeze().facts
    assert (facts["code"], site.journal[-1].kind) == ("order_ended", "instruction.refused")


def test_a_cluster_goes_on_without_the_cancelled_order(site: Site) -> None:
    """One order of a cluster is cancelled in mid-pick; the other is picked to the end."""
    site.assign("1001", line(1, MUG, 1))
    site.assign("1002", line(1, BOOK, 1))
    site.take("1001", "1002")
    site.bind("1001")
    site.bind("1002")
    site.pick_all("1001")
    site.cancel("1001")
    site.pick_all("1002")
    assert (site.state("1001"), site.state("1002")) == ("put_back", "picked")
    assert site.the(Task, site.task_id("1002")).state == "done"


def test_a_print_report_on_a_frozen_order_ships_nothing() -> None:
    """A proof that comes during a freeze is kept; the order ships when the freeze is revoked."""
    site = Site(rules=changed_rules(labels={"proof_least": "printer_confirmed"}))
    site.to_printed()
    site.freeze(category="remark")
    assert site.report("confirmed", proof="token").ok
    assert (site.state(), site.order().grade) == ("packed_checked", "printer_confirmed")
    site.tell("order.revoke", order_id="1001")
    assert site.state() == "shipped"


def test_an_address_that_comes_with_a_freeze_stays_beside_the_journal(site: Site) -> None:
    """The new recipient is kept as personal data; entries hold its salted hash alone (SEC-5)."""
    site.assign()
    site.freeze(category="address", recipient={"name": "韩梅梅", "phone": "13900000000"})
    assert site.personal[-1].value == {"recipient": {"name": "韩梅梅", "phone": "13900000000"}}
    assert "13900000000" not in str([draft.data for draft in site.journal])


def test_a_timer_without_its_freeze_does_nothing(site: Site) -> None:
    """A revoked freeze leaves its timer to fire into the void, on record."""
    site.assign()
    site.freeze()
    site.tell("order.revoke", order_id="1001")
    site.fire_timers()
    assert [draft.kind for draft in site.journal][-1] == "timer.fired"
    assert site.timers() == []
    assert site.all(Alarm) == []
    assert derived_id("a") != derived_id("b")
