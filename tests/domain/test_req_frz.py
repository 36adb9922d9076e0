"""Interception, requirement by requirement (FRZ-1 … FRZ-7); the countdown is in test_freezing."""

from typing import Any

import pytest

from edge.domain import commands as c
from edge.domain.approving import facts_hash
from edge.domain.interceptions import interception_rows
from edge.domain.model import Approval, Assignment
from tests.domain.site import MUG, S, Site, changed_rules, line

NEW_HOME = {"name": "韩梅梅", "phone": "13900000000", "address": "新路 2 号"}
BREAKERS = [{"id": "risky", "when": "order.risk_pm > 850", "name": {"zh": "高风险", "en": "Risk"}}]


@pytest.fixture
def guarded() -> Site:
    """Return a box whose rules stop risky orders."""
    return Site(rules=changed_rules(breakers=BREAKERS))


def test_frz_3_of_two_that_contradict_neither_takes_effect(site: Site) -> None:
    """Cancel and rush within the countdown wait for a supervisor, who sees both (FRZ-3)."""
    site.to_picking()
    site.freeze(reason="customer")
    site.freeze(category="rush")
    site.fire_timers()
    assert (site.state(), len(site.order().freezes)) == ("picking", 2)
    question = site.approval()
    shown = [each["category"] for each in question.facts["freezes"]]
    assert (question.kind, question.asked_by, shown) == ("freeze_conflict", "", ["cancel", "rush"])
    assert site.sign(question.id, answer="grant").code == "approval_answer"
    assert site.sign(question.id, answer="rush").facts["state"] == "decided"
    outcomes = {d.data["category"]: d.data["outcome"] for d in site.said("freeze.closed")}
    assert outcomes == {"cancel": "overruled", "rush": "applied"}
    assert (site.state(), site.order().freezes, site.order().contested) == ("picking", (), ())
    assert len(site.said("freeze.opened")) == 2
    site.fire_timers()
    assert len(site.said("order.rushed")) == 1


@pytest.mark.parametrize(("answer", "state"), [("cancel", "cancelled"), ("deny", "ready")])
def test_frz_3_the_decision_is_carried_out_at_once(site: Site, answer: str, state: str) -> None:
    """The cancel that counts ends the order; `deny` lets it go on untouched (FRZ-3)."""
    site.assign()
    site.freeze(category="address", recipient=NEW_HOME)
    site.freeze()
    assert site.sign(site.approval().id, answer=answer).ok
    assert (site.state(), site.order().freezes) == (state, ())
    assert site.said("order.amended") == []


def test_frz_3_after_the_countdown_nothing_is_contested(site: Site) -> None:
    """A rush that comes when the cancel had its effect is too late, and said so (FRZ-3)."""
    site.assign()
    site.cancel()
    assert site.freeze(category="rush").facts["code"] == "order_ended"
    assert site.all(Approval) == []


def test_frz_3_a_third_instruction_joins(site: Site) -> None:
    """It is shown too; who looked before it came must look again (FRZ-3, APPR-1)."""
    site.assign()
    site.freeze()
    site.freeze(category="rush")
    question = site.approval()
    shown = facts_hash(site.world, question)
    site.freeze(category="remark", remark="生日快乐")
    assert [each.id for each in site.all(Approval)] == [question.id]
    assert site.sign(question.id, answer="cancel", shown=shown).code == "approval_stale"
    assert site.sign(question.id, answer="remark").ok
    assert site.the(Assignment, "1001").remark_hits == ("生日",)


def test_frz_3_a_revoke_ends_the_conflict(site: Site) -> None:
    """What is left counts down again, for no longer than it had; the question is withdrawn."""
    site.assign()
    site.freeze()
    site.pass_s(5)
    site.freeze(category="rush")
    question = site.approval().id
    site.pass_s(4)
    site.tell("order.revoke", order_id="1001", category="rush")
    assert site.the(Approval, question).state == "withdrawn"
    left = [t.delay_us // S for t in site.timers() if t.delay_us < 15 * S]
    assert left == [5]
    site.fire_timers()
    assert site.state() == "cancelled"


def test_frz_4_an_alarm_has_its_acknowledgement_time(site: Site) -> None:
    """Who holds the order is called; when they answered is kept (FRZ-4)."""
    site.to_picking()
    site.freeze()
    alarm = site.alarms("picker")[0]
    site.pass_s(3)
    assert site.by("picker", c.AlarmAck(alarm.id)).ok
    assert site.said("alarm.acked")[0].data["took_us"] > 3 * S


def test_frz_5_a_new_address_voids_the_label(site: Site) -> None:
    """The label printed before is void; the next one is due, and shows the new address (FRZ-5)."""
    site.to_printed()
    old = site.qr()
    site.freeze(category="address", recipient=NEW_HOME)
    site.fire_timers()
    key = site.the(Assignment, "1001").recipient_key
    assert [each.value for each in site.personal if each.key == key] == [{"recipient": NEW_HOME}]
    assert site.prove(old).code == "label_old_copy"
    assert (site.order().marks, site.alarms("packer")[-1].code) == (("label_due",), "label_due")
    assert site.by("packer", c.WaybillPrint("1001")).ok
    for stage in ("claimed", "sent"):
        site.report(stage)
    assert site.prove().ok
    assert (site.state(), site.order().marks) == ("shipped", ())


def test_frz_5_a_shipped_parcel_gets_its_new_label_before_it_leaves(site: Site) -> None:
    """Its old label lets it out no more; a proved new one does (FRZ-5, FLOW-4)."""
    site.to_shipped()
    old = site.qr()
    site.freeze(category="address", recipient=NEW_HOME)
    site.fire_timers()
    assert (site.state(), site.order().grade) == ("shipped", "none")
    assert site.by("keeper", c.HandoverScan(old)).code == "label_old_copy"
    assert site.by("packer", c.WaybillPrint("1001")).ok
    assert site.by("keeper", c.HandoverScan(site.qr())).code == "label_not_proved"
    for stage in ("claimed", "sent"):
        site.report(stage)
    assert site.prove().ok
    assert site.by("keeper", c.HandoverScan(site.qr())).ok
    assert site.stock(MUG).on_hand["A-01-01"] == 98


def test_a_masked_phone_that_is_mended_may_be_printed(site: Site) -> None:
    """An address change brings a phone that can be read: the label is open (FLOW-8)."""
    site.to_checked(recipient={"name": "李", "phone": "138****0000"})
    assert site.by("packer", c.WaybillPrint("1001")).code == "phone_masked"
    site.freeze(category="address", recipient=NEW_HOME)
    site.fire_timers()
    assert site.by("packer", c.WaybillPrint("1001")).ok


def test_a_remark_that_says_so_makes_it_urgent(site: Site) -> None:
    """What the new remark contains counts from its effect on (FRZ-1, RULE-5)."""
    site.assign()
    site.freeze(category="remark", remark="婚礼用，请快")
    assert site.order().priority == ""
    site.fire_timers()
    assert site.order().priority == "P0"
    assert "婚礼用" not in str([draft.data for draft in site.journal])


def test_frz_7_a_rule_that_hits_freezes_and_asks(guarded: Site) -> None:
    """The order is frozen, the rule named, the approval open; a supervisor releases it (FRZ-7)."""
    guarded.assign(risk_pm=900)
    freeze = guarded.order().freezes[0]
    assert (freeze.category, freeze.reason) == ("breaker", "risky")
    refused = guarded.take()
    assert (refused.code, refused.facts["category"]) == ("order_frozen", "breaker")
    question = guarded.approval()
    assert question.facts["order"]["risk_pm"] == 900
    assert guarded.sign(question.id).ok
    assert guarded.take().ok


def test_frz_7_a_no_leaves_it_frozen_until_the_hub_acts(guarded: Site) -> None:
    """Denied, it stays frozen; the hub's cancel still ends it, and its goods go back (FRZ-7)."""
    guarded.to_picking()
    guarded.pick_all()
    guarded.assign("1002", line(1, MUG, 1), risk_pm=900)
    assert guarded.sign(guarded.approval("1002").id, answer="deny").ok
    assert guarded.take("1002").code == "order_frozen"
    guarded.freeze("1002")
    guarded.fire_timers()
    assert (guarded.state("1002"), guarded.order("1002").freezes) == ("cancelled", ())


def test_frz_7_an_update_trips_too_and_a_release_holds() -> None:
    """A change of content is judged again; what was released by a person is not stopped again."""
    rule: dict[str, Any] = {"id": "party", "when": "size(order.remark_hits) > 0"}
    site = Site(rules=changed_rules(breakers=[rule | {"name": {"zh": "备注", "en": "Remark"}}]))
    site.assign()
    site.freeze(category="remark", remark="生日")
    site.fire_timers()
    assert [each.reason for each in site.order().freezes] == ["party"]
    assert site.sign(site.approval().id).ok
    site.freeze(category="remark", remark="生日，生日")
    site.fire_timers()
    assert site.order().freezes == ()


def test_frz_6_the_daily_report_says_how_often_and_where_the_time_went(site: Site) -> None:
    """Count, success share, mean time and the delay of each stage, from the journal (FRZ-6)."""
    site.to_picking("1001")
    site.dseq += 1
    issued_us = site.now_us - 2 * S
    body = {"order_id": "1001", "category": "cancel"}
    site.run(c.InstructionAccept(site.dseq, "order.freeze", issued_us, body), via="hub")
    alarm = site.alarms("picker")[0]
    site.pass_s(3)
    assert site.by("picker", c.AlarmAck(alarm.id, shown_ms=2_000)).ok
    site.fire_timers()
    site.assign("1002")
    site.freeze("1002", "remark")
    site.tell("order.revoke", order_id="1002")
    site.to_handed_over("1003")
    site.freeze("1003")
    cancel, remark = interception_rows(site.journal)
    assert (cancel.category, cancel.count, cancel.applied, cancel.too_late) == ("cancel", 2, 1, 1)
    assert (cancel.success_pm, cancel.mean_us // S, cancel.hub_to_box_us) == (500, 17, 2 * S)
    assert (cancel.box_to_pda_us // S, cancel.pda_to_person_us) == (1, 2 * S)
    assert (remark.count, remark.revoked, remark.success_pm) == (1, 1, 0)


def test_frz_6_the_report_is_of_what_the_hub_stopped(site: Site) -> None:
    """A parcel that is taken back and a lot that a keeper stops here are no interceptions."""
    site.to_returning("1002")
    site.bins(MUG, {"location": "A-01-01", "lot": "L1", "qty": 9})
    site.to_picked("1001", line(1, MUG, 1))
    assert site.by("keeper", c.LotScan(MUG, "quality", lot="L1")).ok
    assert [each.category for each in site.order("1001").freezes] == ["lot"]
    assert interception_rows(site.journal) == []


def test_frz_7_a_tag_of_the_hub_is_judged_too() -> None:
    """What a tag makes of an order holds from then on: urgent, stopped, not for this carrier."""
    rule: dict[str, Any] = {"id": "check", "when": "'check' in order.tags"}
    site = Site(rules=changed_rules(breakers=[rule | {"name": {"zh": "核查", "en": "Check"}}]))
    site.assign()
    site.tell("tag.set", order_id="1001", tags=["cold_chain"])
    fix = site.order().fix
    assert fix is not None
    assert fix.code == "carrier_forbidden"
    site.tell("tag.set", order_id="1001", tags=["check"], remove=["cold_chain"])
    assert site.order().fix is None
    assert [each.reason for each in site.order().freezes] == ["check"]


def test_frz_6_a_day_counts_what_ended_in_it(site: Site) -> None:
    """What was told the day before and ended today is today's; what waits is said (FRZ-6)."""
    site.assign("1001")
    site.freeze("1001")
    midnight_us = site.now_us + 1
    site.pass_s(60)
    site.fire_timers()
    site.assign("1002")
    site.freeze("1002", "remark")
    cancel, remark = interception_rows(site.journal, midnight_us)
    assert (cancel.count, cancel.applied, cancel.hub_to_box_us) == (1, 1, 0)
    assert cancel.mean_us >= 15 * S
    assert (remark.count, remark.waiting, remark.success_pm) == (1, 1, 0)


def test_flow_4_a_new_address_frees_no_label_before_the_packing() -> None:
    """The label printed ahead is void; the next one is due with the packing (FLOW-4, RULE-5)."""
    rush = changed_rules(site={"city": "杭州市"}, labels={"proof_least": "printer_confirmed"})
    site = Site(rules=rush)
    home = NEW_HOME | {"city": "杭州"}
    site.assign("1001", line(1, MUG, 1, price_fen=29_900), recipient=home)
    assert len(site.order().copies) == 1
    site.freeze(category="address", recipient=home)
    site.fire_timers()
    assert (site.state(), site.order().grade, site.order().marks) == ("ready", "none", ())
    assert site.by("packer", c.WaybillPrint("1001")).code == "not_packed"


def test_flow_4_a_label_that_is_due_waits_for_the_packing_of_new_content(site: Site) -> None:
    """What was marked while it was packed opens no printer once it is picked again (FLOW-4)."""
    site.to_printed()
    site.freeze(category="address", recipient=NEW_HOME)
    site.fire_timers()
    assert site.order().marks == ("label_due",)
    site.tell("order.update", order_id="1001", lines=[line(1, MUG, 1)])
    assert site.sign(site.approval().id, answer="repick").ok
    assert site.state() == "to_rework"
    assert site.by("packer", c.WaybillPrint("1001")).code == "not_packed"


@pytest.mark.parametrize("kind", ["breaker", "freeze_conflict", "content_change"])
def test_frz_7_what_holds_an_order_never_lapses(kind: str) -> None:
    """Whatever a ruleset says, no order stays frozen without a question (FRZ-3, FRZ-7)."""
    site = Site(rules=lapsing())
    if kind == "content_change":
        site.to_picking()
        site.tell("order.update", order_id="1001", lines=[line(1, MUG, 1)])
    else:
        site.assign(risk_pm=900)
    if kind == "freeze_conflict":
        site.freeze()
        site.freeze(category="rush")
    assert kind in [each.kind for each in site.all(Approval)]
    site.fire_timers("approval.expiry")
    assert {each.state for each in site.all(Approval)} == {"open"}


def lapsing() -> bytes:
    """Return rules by which whatever is asked lapses in a day."""
    names = ("breaker", "freeze_conflict", "content_change")
    policy = {"name": {"zh": "问", "en": "Ask"}, "answers": {}, "expires_s": 86_400}
    return changed_rules(approvals=dict.fromkeys(names, policy), breakers=BREAKERS)
