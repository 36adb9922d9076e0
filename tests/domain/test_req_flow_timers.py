"""Deadlines and priorities, requirement by requirement (FLOW-11, FLOW-12, RULE-5)."""

from typing import Any

import pytest

from edge.domain import commands as c
from edge.domain.model import Task
from edge.domain.model.picking import QUEUES
from tests.domain.site import MUG, S, Site, changed_rules, line

HOUR = 3_600 * S


def due(site: Site, after_s: float) -> None:
    """Let time pass, and fire every deadline that is due by then."""
    site.pass_s(after_s)
    for timer in site.timers("order.deadline"):
        if timer.due_boot_us <= site.boot_us:
            assert site.run(c.TimerFire(timer.id), via="timer").ok


def missed(site: Site) -> list[str]:
    """Return the rules that orders have missed."""
    return [draft.data["rule"] for draft in site.said("deadline.missed")]


def told(site: Site) -> list[tuple[str, tuple[str, ...]]]:
    """Return the rules and roles of the alarms about deadlines."""
    alarms = (each for each in site.alarms("") if each.code == "deadline_missed")
    return [(each.facts["rule"], each.roles) for each in alarms]


def test_flow_11_a_24h_order_without_a_waybill_is_escalated_once(site: Site) -> None:
    """Fifteen minutes after acceptance the supervisor is told, once (FLOW-11)."""
    site.assign(tags=["24H"], promise=0)
    due(site, 899)
    assert told(site) == []
    due(site, 1)
    assert (told(site), site.order().marks) == (
        [("fast_unprinted", ("supervisor",))],
        ("escalated",),
    )
    due(site, 3_000)
    assert missed(site) == ["fast_unprinted"]


def test_flow_11_a_printed_waybill_ends_it(site: Site) -> None:
    """Once the label has left for the paper nobody is told; a queued one does not count."""
    site.to_checked("1001", tags=["24H"], promise=0)
    site.by("packer", c.WaybillPrint("1001"))
    assert [t.subject for t in site.timers("order.deadline")] == ["rule:fast_unprinted:1001"]
    for stage in ("claimed", "sent"):
        site.report(stage)
    assert site.timers("order.deadline") == []
    due(site, 3_000)
    assert missed(site) == []


def test_flow_11_other_orders_have_no_such_timer(site: Site) -> None:
    """The condition is asked when the timer would start."""
    site.assign(promise=0)
    assert [t.subject for t in site.timers("order.deadline")] == ["rule:task_open:1001"]


def test_flow_12_a_task_of_two_hours_goes_before_all(site: Site) -> None:
    """The leader is reminded and the task gets priority P0 (FLOW-12)."""
    site.assign(promise=0)
    site.pass_s(60)
    due(site, 7_139)
    assert missed(site) == []
    due(site, 1)
    assert told(site) == [("task_open", ("leader",))]
    assert (site.order().priority, site.the(Task, site.task_id()).priority) == ("P0", "P0")
    assert site.the(Task, site.task_id()).terms() == {"open": "P0/normal"}


def test_flow_12_overdue_is_created_plus_promise_plus_half_an_hour(site: Site) -> None:
    """Measured from the order's creation, not from its arrival; shipping ends it (FLOW-12)."""
    site.assign("1001", created_at=site.now_us - HOUR, promise=2 * HOUR)
    site.to_shipped("1002", created_at=site.now_us - HOUR, promise=2 * HOUR)
    due(site, 5_380)
    assert missed(site) == []
    due(site, 20)
    assert (missed(site), site.order().marks) == (["overdue"], ("overdue",))
    assert site.order("1002").marks == ()


@pytest.mark.parametrize(("ago_s", "late"), [(7_199, False), (7_201, True)])
def test_flow_12_paid_two_hours_ago_is_late_into_the_warehouse(
    site: Site, ago_s: int, late: bool
) -> None:
    """Acceptance is the acknowledgement: what comes later than that is marked (FLOW-12)."""
    site.assign(paid_at=site.now_us - ago_s * S, promise=0)
    due(site, 0)
    assert site.order().marks == (("late_intake",) if late else ())
    assert told(site) == ([("late_intake", ("keeper",))] if late else [])
    assert site.said("order.assigned")[0].at_us > 0


def test_flow_12_timers_are_data(site: Site) -> None:
    """Another ruleset has other timers from the next order on; none needs a restart (FLOW-12)."""
    rule = {
        "id": "unshipped", "name": {"zh": "慢", "en": "Slow"}, "starts": ["order.moved:ready"],
        "ends": ["order.moved:shipped"], "after_s": 60, "when": "size(order.lines) == 1",
        "alarm": ["keeper"], "mark": "slow",
    }  # fmt: skip
    site.assign(promise=0)
    site.tell("ruleset.publish", document=changed_rules(timers=[rule]))
    site.assign("1002", line(1, MUG, 1))
    site.assign("1003")
    due(site, 61)
    assert (missed(site), site.order("1002").marks) == (["unshipped"], ("slow",))
    due(site, 7_200)
    assert missed(site) == ["unshipped"]


def test_flow_12_an_order_that_ended_has_no_deadlines(site: Site) -> None:
    """A cancel disarms them all."""
    site.assign(tags=["24H"])
    assert len(site.timers("order.deadline")) == 3
    site.cancel()
    assert site.timers("order.deadline") == []


def test_flow_12_a_deadline_lives_through_a_reboot(site: Site) -> None:
    """Armed before, it fires after; a clock set back fires nothing twice (FLOW-12)."""
    site.assign(promise=0)
    timer = site.timers("order.deadline")[0]
    site.boot_id, site.boot_us = "boot-2", S
    site.now_us -= 5 * HOUR
    assert site.run(c.TimerFire(timer.id), via="timer").ok
    assert site.run(c.TimerFire(timer.id), via="timer").code == "timer_spent"
    assert missed(site) == ["task_open"]


@pytest.mark.parametrize(
    "body", [{"remark": "明天婚礼，急"}, {"customer_level": "platinum"}], ids=["remark", "platinum"]
)
def test_rule_5_what_is_urgent_is_picked_first(site: Site, body: dict[str, Any]) -> None:
    """A word in the remark or a platinum customer makes it P0, and the floor is told (RULE-5)."""
    site.assign("1001")
    site.assign("1002", **body)
    said = site.said("order.prioritised")[0]
    assert (said.data["order"], said.data["rule"]) == ("1002", "priority_pick")
    queues = [site.the(Task, site.task_id(each)).terms()["open"] for each in ("1001", "1002")]
    assert sorted(queues, key=QUEUES.index) == [queues[1], queues[0]] == ["P0/normal", "normal"]


def test_rule_5_a_rush_has_a_quarter_of_an_hour() -> None:
    """A same-city order of 299 yuan is urgent, and its leader told after 15 minutes (RULE-5)."""
    site = Site(rules=changed_rules(site={"city": "杭州"}))
    recipient = {"name": "李雷", "phone": "13800000000", "address": "文一路 1 号", "city": "杭州市"}
    site.assign("1001", line(1, MUG, 1, price_fen=29_900), recipient=recipient, promise=0)
    site.assign("1002", line(1, MUG, 1, price_fen=29_899), recipient=recipient, promise=0)
    assert [site.order(each).priority for each in ("1001", "1002")] == ["P0", ""]
    due(site, 900)
    assert (told(site), site.order().marks) == ([("rush", ("leader",))], ("rush_late",))


def test_rule_5_the_hubs_rush_is_one_too(site: Site) -> None:
    """A rush instruction puts the order first when it takes effect (RULE-5, FRZ-1)."""
    site.assign(promise=0)
    site.freeze(category="rush")
    site.fire_timers()
    assert site.order().priority == "P0"
    due(site, 900)
    assert missed(site) == ["rush"]
