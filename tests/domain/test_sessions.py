"""Sessions: fast switch, shifts, locks; wrong PINs and whom they may lock out (SEC-2, SEC-4)."""

from typing import Any

import pytest

from edge.domain import commands as c
from edge.domain.lockouts import (
    DAY_MAX,
    DEVICE_MAX,
    HOUR_US,
    ROW_MAX,
    WAIT_US,
    WAIT_US_MAX,
    Boot,
    why_locked,
)
from edge.domain.model import Pda, Presence, Session
from edge.domain.sessions import FAST_SWITCH_US, SESSIONS_MAX
from tests.domain.site import S, Site

DAY_US = 86_400 * S


@pytest.fixture
def site() -> Site:
    """A site whose people are signed in, each at a PDA of their own."""
    return Site()


def pass_time(site: Site, us: int) -> None:
    """Let both clocks go on."""
    site.now_us += us
    site.boot_us += us


def opens(site: Site, name: str, device: str, *factors: str, **more: Any) -> str:
    """Return what is said to opening a session."""
    session = site.new_id()
    answer = site.run(
        c.SessionOpen(session, name, **more),
        via="pda", device=device, actor=name, factors=("badge", *factors),
    )  # fmt: skip
    return answer.code or "ok"


def wrong(site: Site, who: str, device: str, times: int = 1, **more: Any) -> None:
    """Show a badge with a wrong PIN."""
    for _ in range(times):
        assert site.run(c.SessionRefuse(who, **more), via="api", device=device).ok


def said(site: Site, who: str, device: str) -> tuple[str, int]:
    """Return why a badge may not be tried at a device, and for how many s."""
    why = why_locked(site.world, who, device, Boot(site.boot_id, site.boot_us))
    return (why.code, why.facts.get("seconds", 0)) if why else ("", 0)


def alarms(site: Site) -> list[tuple[str, dict[str, Any], list[str]]]:
    """Return the alarms that were raised."""
    raised = [draft.data for draft in site.journal if draft.kind == "alarm.raised"]
    return [(each["code"], each["facts"], each["roles"]) for each in raised]


def session(site: Site, session_id: str) -> Session:
    """Return a session."""
    found = site.load(Session, session_id)
    assert isinstance(found, Session)
    return found


# ---- fast switch and shifts ---------------------------------------------------------------------


def test_the_badge_alone_switches_within_half_an_hour_of_the_pin(site: Site) -> None:
    """Badge only where the PIN was given at this device in the last 30 min, by the boot clock."""
    assert opens(site, "picker2", "pda-picker") == "pin_needed"
    assert opens(site, "picker2", "pda-picker", "pin") == "ok"
    pass_time(site, FAST_SWITCH_US - 5 * S)
    assert opens(site, "picker", "pda-picker") == "ok"
    assert opens(site, "picker2", "pda-picker") == "ok"
    assert opens(site, "picker", "pda-packer") == "pin_needed"
    site.now_us -= 3_600 * S  # the wall clock set back brings nothing back
    pass_time(site, 5 * S)
    assert opens(site, "picker", "pda-picker") == "pin_needed"


def test_a_reboot_asks_for_the_pin(site: Site) -> None:
    """Whoever restarts the machine gets no longer half hour."""
    site.boot_id, site.boot_us = "boot-2", 1
    assert opens(site, "picker", "pda-picker") == "pin_needed"


def test_the_next_person_closes_the_last_one_s_session(site: Site) -> None:
    """One device has one session; the task in hand stays with its picker (SEC-2, PICK-7)."""
    site.to_picking()
    task = site.task_id()
    assert opens(site, "picker2", "pda-picker", "pin") == "ok"
    assert session(site, "session-picker").closed_us is not None
    site.now_us += 1
    assert site.by("picker", c.PickScan(task, 1, "A-01-01")).code == "session_over"
    assert opens(site, "picker", "pda-picker") == "ok"
    newest = site.load(Presence, "picker")
    assert isinstance(newest, Presence)
    scan = c.PickScan(task, 1, "A-01-01")
    assert site.by("picker", scan, session=newest.sessions[-1]).ok


def test_a_shift_ends_everywhere_and_the_next_one_begins_with_the_pin(site: Site) -> None:
    """Going home closes every session of the person, and the badge alone opens none."""
    assert opens(site, "picker", "pda-2", "pin") == "ok"
    assert site.by("picker", c.SessionClose(shift_over=True)).ok
    kinds = [draft.kind for draft in site.journal[-3:]]
    assert kinds == ["session.closed", "session.closed", "shift.ended"]
    assert opens(site, "picker", "pda-picker") == "pin_needed"
    assert opens(site, "picker", "pda-picker", "pin") == "ok"
    assert [d.kind for d in site.journal[-2:]] == ["shift.begun", "session.opened"]


def test_signing_out_keeps_the_shift(site: Site) -> None:
    """A session that is closed at a switch leaves the badge good for the way back."""
    assert site.by("picker", c.SessionClose()).ok
    assert opens(site, "picker", "pda-picker") == "ok"


def test_a_person_has_few_sessions(site: Site) -> None:
    """The oldest session gives way to one more than the bound."""
    for n in range(SESSIONS_MAX):
        assert opens(site, "picker", f"pda-{n}", "pin") == "ok"
    assert session(site, "session-picker").closed_us is not None
    presence = site.load(Presence, "picker")
    assert isinstance(presence, Presence)
    assert len(presence.sessions) == SESSIONS_MAX


# ---- locks --------------------------------------------------------------------------------------


def test_a_locked_session_takes_what_was_captured_before(site: Site) -> None:
    """A scan from before the lock counts; later ones wait for the badge (PICK-5, SEC-2)."""
    site.to_picking()
    task, before_us = site.task_id(), site.now_us
    site.now_us += 10
    assert site.run(c.SessionLock("session-picker", "idle"), via="box").ok
    again = site.run(c.SessionLock("session-picker", "idle"), via="box")
    assert again.code == "session_over"
    site.now_us += 10
    scan = c.PickScan(task, 1, "A-01-01")
    assert site.by("picker", scan, captured_us=before_us).ok
    assert site.by("picker", scan).code == "session_locked"
    assert opens(site, "picker", "pda-picker") == "ok"
    presence = site.load(Presence, "picker")
    assert isinstance(presence, Presence)
    item = c.PickScan(task, 1, "MUG-01")
    assert site.by("picker", item, session=presence.sessions[-1]).ok


def test_a_locked_screen_still_answers_alarms_and_signs_out(site: Site) -> None:
    """An alarm is acknowledged over the lock layer; a session can be closed (FRZ-4)."""
    assert site.run(c.SessionLock("session-supervisor", "hours"), via="box").ok
    wrong(site, "picker", "pda-9", 1, elsewhere=("pda-picker",))
    alarm = next(d.data["alarm"] for d in site.journal if d.kind == "alarm.raised")
    site.now_us += 1
    assert site.by("supervisor", c.AlarmAck(alarm)).ok
    assert site.by("supervisor", c.SessionClose()).ok


# ---- wrong PINs ---------------------------------------------------------------------------------


def test_waits_grow_at_one_badge_and_one_device(site: Site) -> None:
    """Five wrong PINs wait 1 min, then 2, 4 … 15; a right one ends the row (SEC-4)."""
    wrong(site, "picker", "pda-1", ROW_MAX - 1)
    assert said(site, "picker", "pda-1") == ("", 0)
    waits = []
    for _ in range(6):
        wrong(site, "picker", "pda-1")
        waits.append(said(site, "picker", "pda-1"))
        pass_time(site, WAIT_US_MAX)
        assert said(site, "picker", "pda-1") == ("", 0)
    assert waits == [("locked_out", s) for s in (60, 120, 240, 480, 900, 900)]
    assert opens(site, "picker", "pda-1", "pin") == "ok"
    wrong(site, "picker", "pda-1", ROW_MAX - 1)
    assert said(site, "picker", "pda-1") == ("", 0)


def test_clocks_that_jump_open_no_lock(site: Site) -> None:
    """The wall clock opens nothing, and after a reboot a wait begins anew (SEC-4)."""
    wrong(site, "picker", "pda-1", ROW_MAX)
    site.now_us += DAY_US
    assert said(site, "picker", "pda-1") == ("locked_out", 60)
    site.now_us -= 3 * DAY_US
    site.boot_id, site.boot_us = "boot-2", 10 * S
    assert said(site, "picker", "pda-1") == ("locked_out", 50)
    site.boot_us = WAIT_US
    assert said(site, "picker", "pda-1") == ("", 0)


def test_one_device_locks_nobody_out_elsewhere(site: Site) -> None:
    """Whoever tries all badges at one device closes them there, and the device, alone (SEC-4)."""
    people = ["picker", "picker2", "packer", "leader"]
    for _ in range(DAY_MAX):
        for name in people:
            if not said(site, name, "pda-1")[0]:
                wrong(site, name, "pda-1")
        pass_time(site, WAIT_US_MAX)
    pass_time(site, HOUR_US)
    assert {said(site, name, "pda-1")[0] for name in people} <= {"badge_locked", "locked_out", ""}
    assert [said(site, name, "pda-2") for name in people] == [("", 0)] * len(people)
    assert [opens(site, name, "pda-2", "pin") for name in people] == ["ok"] * len(people)


def test_fifteen_a_day_hold_the_badge_until_a_superior_resets_it(site: Site) -> None:
    """At one device there, over three devices everywhere; supervisors are told (SEC-4)."""
    wrong(site, "picker", "pda-1", DAY_MAX)
    pass_time(site, DAY_US)
    assert (said(site, "picker", "pda-1")[0], said(site, "picker", "pda-2")[0]) == (
        "badge_locked",
        "",
    )
    for device in ("pda-2", "pda-3"):
        wrong(site, "picker", device, 5)
    assert said(site, "picker", "pda-4")[0] == ""  # a new day: the first device counts no more
    wrong(site, "picker", "pda-4", 5)
    assert said(site, "picker", "pda-5")[0] == "badge_locked"
    facts = {"person": "picker", "everywhere": False}
    assert alarms(site) == [
        ("badge_locked", facts | {"device": "pda-1"}, ["supervisor"]),
        ("badge_locked", facts | {"device": "pda-4", "everywhere": True}, ["supervisor"]),
    ]
    assert site.by("supervisor", c.BadgeUnlock("picker", "because")).code == "reason_unknown"
    assert site.by("leader", c.BadgeUnlock("picker", "seen")).code == "role_missing"
    assert site.by("supervisor", c.BadgeUnlock("picker", "seen")).ok
    assert said(site, "picker", "pda-1") == ("", 0)
    assert site.by("supervisor", c.BadgeUnlock("picker", "seen")).code == "badge_open"


def test_thirty_an_hour_send_the_device_off(site: Site) -> None:
    """A paired device must be paired again, one that is not paired waits an hour (SEC-4)."""
    pda = c.DevicePair("pda-1", "PDA 1", "00")
    assert site.run(pda, via="api", device="pda-1").ok
    for n in range(DEVICE_MAX):
        wrong(site, f"?{n}", "pda-1")
        wrong(site, f"?{n}", "pda-2")
    found = site.load(Pda, "pda-1")
    assert isinstance(found, Pda)
    assert found.revoked_us is not None
    assert said(site, "picker", "pda-2") == ("device_locked", 3600)
    assert said(site, "picker", "pda-3") == ("", 0)
    assert [code for code, _, _ in alarms(site)] == ["device_locked", "device_locked"]
    pass_time(site, HOUR_US)
    wrong(site, "?1", "pda-2")
    assert said(site, "picker", "pda-2") == ("", 0)


def test_a_badge_that_nobody_wears_is_counted_the_same(site: Site) -> None:
    """What a device is told of an unknown badge is what it would be told of a known one."""
    for who in ("picker", "?0011"):
        wrong(site, who, "pda-1", ROW_MAX)
    assert said(site, "picker", "pda-1") == said(site, "?0011", "pda-1")
    assert alarms(site) == []


def test_a_badge_at_two_devices_calls_the_supervisors(site: Site) -> None:
    """Signing in, or trying to, while its wearer works elsewhere is told (SEC-2)."""
    assert opens(site, "picker", "pda-2", "pin", elsewhere=("pda-picker",)) == "ok"
    wrong(site, "picker", "pda-3", 2, elsewhere=("pda-picker", "pda-2"))
    assert alarms(site) == [
        (
            "badge_twice",
            {"person": "picker", "device": device, "elsewhere": elsewhere},
            ["supervisor"],
        )
        for device, elsewhere in (("pda-2", ["pda-picker"]), ("pda-3", ["pda-picker", "pda-2"]))
    ]
