"""The quota of changes to shipped orders, exact at its border, by any clock (FLOW-7)."""

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain import commands as c
from edge.domain.model import Account
from tests.domain.site import MUG, RULES, S, Site, changed_rules, gtin, line

DAY_S = 86_400
EDITS = {"actions": ["task.release"], "states": ["picking"], "utc_offset_min": 480}
"""What stands in for a change here: giving back a task, whose order was being picked."""
SITE_RULES = changed_rules(shipped_edits=EDITS)
RETURNS_COUNT = changed_rules(shipped_edits={"actions": ["order.resend", "return.scan"]})


def edit(site: Site) -> str:
    """Take a task and give it back; return what came of the latter."""
    assert site.take().ok or site.take().code == "task_in_hand"
    answer = site.by("leader", c.TaskRelease(site.task_id(), "break"))
    return "ok" if answer.ok else answer.code


@pytest.fixture
def site() -> Site:
    """Return a box with one order, on which the leader makes five changes a day."""
    made = Site(rules=SITE_RULES)
    made.assign("1001", line(1, MUG, 1))
    return made


def locked(site: Site) -> Site:
    """Use the quota up and lock the leader's account."""
    assert [edit(site) for _ in range(6)] == ["ok"] * 5 + ["account_locked"]
    return site


def code(site: Site, text: str, salt: str = "00ff") -> str:
    """Let the hub send a code; return what came of it."""
    digest = hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()
    body: dict[str, Any] = {"person": "leader", "salt": salt, "code_hash": digest}
    return str(site.tell("account.unlock_code", **body).facts.get("code", "ok"))


@given(st.integers(0, 12))
@settings(max_examples=20, deadline=None)
def test_flow_7_the_sixth_locks(times: int) -> None:
    """Five changes a day are done; each one after is not, and the first of them locks (FLOW-7)."""
    site = Site(rules=SITE_RULES)
    site.assign("1001", line(1, MUG, 1))
    done = [edit(site) for _ in range(times)]
    assert done == ["ok"] * min(times, 5) + ["account_locked"] * max(0, times - 5)
    assert len(site.said("account.locked")) == (times > 5)


def test_flow_7_a_locked_account_does_nothing_else(site: Site) -> None:
    """Everything is refused but its code, an alarm's acknowledgement and signing out (FLOW-7)."""
    locked(site)
    asked = site.by("leader", c.ApprovalRequest("breaker", "1001"))
    assert (asked.code, asked.facts["until"] // S) == (
        "account_locked",
        site.timers("account.unlock")[0].due_us // S,
    )
    assert site.by("leader", c.SessionClose()).ok
    assert site.said("account.locked")[0].data["code_wanted"]
    assert site.by("picker2", c.TaskTake((site.task_id(),))).code == "task_taken"


def test_flow_7_two_hours_open_it(site: Site) -> None:
    """After its time the account is open again; not a second before (FLOW-7)."""
    locked(site)
    timer = site.timers("account.unlock")[0]
    site.pass_s(7_199)
    assert site.run(c.TimerFire(timer.id), via="timer").code == "timer_early"
    assert edit(site) == "account_locked"
    site.pass_s(1)
    assert site.run(c.TimerFire(timer.id), via="timer").ok
    assert edit(site) == "ok"


def test_flow_7_the_admins_code_opens_it_once(site: Site) -> None:
    """The code comes through the hub as a hash; it opens once, and its timer is gone (FLOW-7)."""
    assert code(site, "1234") == "account_open"
    locked(site)
    assert site.by("leader", c.AccountUnlock("1234")).code == "unlock_code_missing"
    assert code(site, "83451907") == "ok"
    assert site.by("leader", c.AccountUnlock("1")).facts == {"left": 4}
    assert site.by("leader", c.AccountUnlock("83451907")).ok
    assert site.by("leader", c.AccountUnlock("83451907")).code == "account_open"
    assert (site.timers("account.unlock"), edit(site)) == ([], "ok")
    assert "83451907" not in str([draft.data for draft in site.journal])


def test_flow_7_five_wrong_codes_spend_it(site: Site) -> None:
    """Then even the right one opens nothing until the hub sends another (FLOW-7, SEC-4)."""
    locked(site)
    code(site, "83451907")
    wrong = [site.by("leader", c.AccountUnlock(str(n))).code for n in range(5)]
    assert wrong == ["unlock_code_wrong"] * 5
    assert site.by("leader", c.AccountUnlock("83451907")).code == "unlock_code_missing"
    code(site, "11112222")
    assert site.by("leader", c.AccountUnlock("11112222")).ok


def test_flow_7_a_new_day_begins_a_new_quota(site: Site) -> None:
    """When a day has really gone by, five more may be done (FLOW-7)."""
    assert [edit(site) for _ in range(5)] == ["ok"] * 5
    site.pass_s(DAY_S)
    assert [edit(site) for _ in range(6)] == ["ok"] * 5 + ["account_locked"]


@pytest.mark.parametrize("trusted", [False, True])
def test_flow_7_a_clock_set_forward_gives_no_new_quota(site: Site, trusted: bool) -> None:
    """Unless the hub or NTP confirms the jump, today goes on; also after a reboot (FLOW-7)."""
    assert [edit(site) for _ in range(5)] == ["ok"] * 5
    site.is_time_trusted = trusted
    site.now_us += DAY_S * S
    first = edit(site)
    site.boot_id, site.boot_us = "boot-2", 60 * S
    site.now_us += DAY_S * S
    assert (first, edit(site)) == (("ok", "ok") if trusted else ("account_locked",) * 2)


def test_flow_7_a_clock_set_back_gives_none_either(site: Site) -> None:
    """Yesterday is no new day (FLOW-7)."""
    assert [edit(site) for _ in range(5)] == ["ok"] * 5
    site.now_us -= 2 * DAY_S * S
    assert site.the(Account, "leader").edits == 5
    site.by("leader", c.AlarmAck("none"))
    assert edit(site) == "account_locked"


def test_what_was_done_before_the_lock_is_kept(site: Site) -> None:
    """A scan captured before the lock that arrives after it is a fact (FLOW-7, PDA-1)."""
    before_us = site.now_us
    locked(site)
    late = site.by("leader", c.ApprovalRequest("none"), captured_us=before_us)
    assert late.code == "approval_kind"


def test_the_shipped_default_counts_changes_of_shipped_orders() -> None:
    """Out of the box five a day, two hours: a re-send, a print, a request (FLOW-7)."""
    site = Site(rules=RULES)
    rules = site.rules.document.shipped_edits
    assert (rules.per_day, rules.lock_s) == (5, 7_200)
    assert rules.states == ("shipped", "handed_over", "carrier_trouble", "returned")
    assert {"order.resend", "approval.request", "waybill.print"} <= set(rules.actions)


def test_taking_parcels_back_is_no_change_unless_a_site_says_so() -> None:
    """Who stands at the returns desk takes back as many parcels as come (FLOW-7, RET-1)."""
    site = Site(stock=400)
    for n in range(8):
        site.to_shipped(f"O{n}", line(1, MUG, 1))
        assert site.by("keeper", c.ReturnScan(site.order(f"O{n}").waybill, "C2")).ok
    assert site.load(Account, "keeper") is None


@pytest.mark.parametrize("what", ["resend", "return", "both"])
def test_flow_7_the_sixth_resend_or_return_of_a_day_locks(what: str) -> None:
    """On real parcels, returns counted too: five are done, the sixth is not (FLOW-7)."""
    site = Site(rules=RULES if what == "resend" else RETURNS_COUNT)
    made = []
    for n in range(6):
        site.to_shipped(f"O{n}", line(1, MUG, 1))
        if what == "return" or (what == "both" and n % 2):
            data: Any = c.ReturnScan(site.order(f"O{n}").waybill, "C2")
        else:
            data = c.OrderResend(f"O{n}", "lost")
        made.append(site.by("keeper", data).code)
    assert made == [""] * 5 + ["account_locked"]
    assert site.state("O5") == "shipped"
    assert site.the(Account, "keeper").edits == 5


def test_flow_7_pieces_of_a_return_and_orders_on_the_floor_do_not_count() -> None:
    """A parcel that comes back in many pieces is one change; work on the floor is none."""
    fresh = Site(rules=RETURNS_COUNT)
    fresh.to_shipped("O1", line(1, MUG, 8))
    assert fresh.by("keeper", c.ReturnScan(fresh.order("O1").waybill, "C2")).ok
    for _ in range(8):
        assert fresh.by("keeper", c.ReturnScan(gtin(MUG), "C2", "O1", 1)).ok
    assert fresh.the(Account, "keeper").edits == 1


def test_flow_7_the_border_holds_offline_over_restart_and_clocks() -> None:
    """No hub, a reboot, clocks forth and back between any two: the sixth is still the sixth."""
    site = Site(rules=RETURNS_COUNT)
    made = []
    for n in range(6):
        site.to_shipped(f"O{n}", line(1, MUG, 1))
        site.boot_id, site.boot_us = f"boot-{n + 2}", 60 * S
        site.now_us += (DAY_S if n % 2 else -2 * DAY_S) * S
        data = c.ReturnScan(site.order(f"O{n}").waybill, "C2")
        made.append(site.by("keeper", data).code)
    assert made == [""] * 5 + ["account_locked"]
