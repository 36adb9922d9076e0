"""Signing in: one answer to every wrong badge and PIN, locks that hold, a screen that waits."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from edge.app.pinchecks import COST
from edge.app.sessionwatch import BACK_US, IDLE_IN_TASK_US, IDLE_US, OLD_US
from edge.domain.commands import CODE_CHARS_MAX, PinSet
from edge.domain.lockouts import ROW_MAX
from tests.domain.site import person
from tests.rig import PIN, Rig, badge, config, heard, running


class Passed:
    """Time that has passed on both clocks of a box, beside what really passes."""

    def __init__(self, rig: Rig) -> None:
        self.us = 0
        clock = rig.box.clock
        now_us, boot_us = clock.now_us, clock.boot_us
        setattr(clock, "now_us", lambda: now_us() + self.us)  # noqa: B010 - for mypy
        setattr(clock, "boot_us", lambda: boot_us() + self.us)  # noqa: B010


async def try_pin(
    rig: Rig, name: str, pin: str, device: str = "pda-1", **more: str
) -> tuple[str, dict[str, Any]]:
    """Return `ok` or the refusal of a sign-in, with its facts."""
    body = {"badge": badge(name), "pin": pin, "device": device} | more
    _, answer = await (await rig.client()).ask("POST", "/api/v1/session", body)
    return ("ok", {}) if answer["ok"] else (answer["code"], answer["facts"])


async def test_every_wrong_sign_in_gets_one_answer(rig: Rig) -> None:
    """Unknown badge, wrong PIN and somebody sent home are told the same thing (SEC-2, SEC-4)."""
    gone = person("leader", ("leader",), active=False)
    await rig.tell("people.upsert", items=[gone])
    asked = [("nobody", PIN), ("picker", "000000"), ("leader", PIN), ("", "1")]
    assert [await try_pin(rig, *each) for each in asked] == [("sign_in_failed", {})] * 4


async def test_an_unknown_badge_costs_what_a_wrong_pin_costs(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The PIN is hashed once at the same cost, so that time tells no badges apart (SEC-4)."""
    costs: list[dict[str, Any]] = []
    scrypt = hashlib.scrypt

    def watched(pin: bytes, **cost: Any) -> bytes:
        costs.append({name: cost[name] for name in ("n", "r", "p")})
        return scrypt(pin, **cost)

    monkeypatch.setattr(hashlib, "scrypt", watched)
    real = PinSet("picker", {**COST, "salt": "00" * 16, "hash": "00" * 32})
    await rig.box.floor.submit(real, via="local", actor="uid:0")
    for name in ("picker", "nobody"):
        assert await try_pin(rig, name, "000000") == ("sign_in_failed", {})
    assert costs == [COST] * 2


async def test_without_room_to_count_it_a_wrong_pin_tells_nothing(rig: Rig) -> None:
    """Right and wrong are answered alike while the disk is full: nobody tries PINs then (SEC-4)."""
    takes = rig.box.runner.takes
    rig.box.runner.takes = lambda _: False
    said = [(await try_pin(rig, "picker", pin))[0] for pin in ("000000", PIN)]
    rig.box.runner.takes = takes
    assert said == ["disk_full"] * 2
    assert (await try_pin(rig, "picker", PIN))[0] == "ok"


async def test_wrong_pins_lock_the_badge_at_this_device_and_outlive_a_restart(
    tmp_path: Path,
) -> None:
    """The lock tells its seconds, spares other devices and badges, and is there again (SEC-4)."""
    async with running(config(tmp_path)) as rig:
        await rig.furnish()
        for name in ("picker", "nobody"):
            tries = [await try_pin(rig, name, "0") for _ in range(ROW_MAX)]
            assert tries == [("sign_in_failed", {})] * ROW_MAX
    async with running(config(tmp_path)) as rig:
        for name in ("picker", "nobody"):
            code, facts = await try_pin(rig, name, PIN)
            assert (code, 30 < facts["seconds"] <= 60) == ("locked_out", True)
        assert (await try_pin(rig, "picker", PIN, "pda-2"))[0] == "ok"
        assert (await try_pin(rig, "picker2", PIN))[0] == "ok"


async def test_tries_at_once_are_counted_one_by_one(rig: Rig) -> None:
    """A burst of wrong PINs gets no more tries than a row of them (SEC-4)."""
    burst = await asyncio.gather(*(try_pin(rig, "picker", str(n)) for n in range(1, 21)))
    codes = [code for code, _ in burst]
    assert (codes.count("sign_in_failed"), codes.count("locked_out")) == (ROW_MAX, 20 - ROW_MAX)


async def test_the_badge_alone_switches_where_the_pin_was_given(rig: Rig) -> None:
    """Within half an hour at the same device no PIN is asked for; elsewhere it is (SEC-2)."""
    assert await try_pin(rig, "picker", "") == ("pin_needed", {})
    assert await try_pin(rig, "nobody", "") == ("pin_needed", {})
    assert (await try_pin(rig, "picker", PIN))[0] == "ok"
    assert (await try_pin(rig, "picker2", PIN))[0] == "ok"
    assert (await try_pin(rig, "picker", ""))[0] == "ok"
    assert await try_pin(rig, "picker", "", "pda-2") == ("pin_needed", {})


async def test_a_lock_waits_for_the_end_of_the_task(rig: Rig) -> None:
    """Idle or old, a session is locked between tasks or after half an hour, never in a pick."""
    await rig.assign("1001")
    picker, packer = await rig.client("picker"), await rig.client("packer", "S1")
    task = (await picker.get("/api/v1/orders/1001"))["task"]
    await picker.must("task.take", task_ids=[task])
    watch, passed = rig.box.web.watch, Passed(rig)
    async with picker.socket() as one, packer.socket() as two:
        await heard(one, "hello")
        await heard(two, "hello")
        await watch.look()
        passed.us += IDLE_US
        await watch.look()
        assert (await heard(two, "lock"))["why"] == "idle"
        assert (await picker.do("task.release", task_id=task, reason="break"))["ok"]
        assert (await packer.ask("GET", "/api/v1/packing"))[1]["code"] == "session_locked"
        await picker.must("task.take", task_ids=[task])
        passed.us += IDLE_IN_TASK_US
        await watch.look()
        assert (await heard(one, "lock"))["why"] == "idle"
        resumed = (await picker.get("/api/v1/session"))["session"]
        assert (resumed["locked"], resumed["task"]["id"]) == (True, task)
    await picker.sign_in("picker")
    assert (picker.session["locked"], picker.session["task"]["id"]) == (False, task)


async def test_a_device_out_of_reach_is_not_locked(rig: Rig) -> None:
    """What it captures in a Wi-Fi hole comes first; then it is looked at again (PICK-5)."""
    picker, watch, passed = await rig.client("picker"), rig.box.web.watch, Passed(rig)
    await watch.look()
    passed.us += IDLE_IN_TASK_US
    await watch.look()
    assert (await picker.get("/api/v1/session"))["session"]["locked"] is False
    async with picker.socket() as socket:
        await heard(socket, "hello")
        await watch.look()
        assert (await picker.do("lot.scan", code="x", reason="y"))["code"] == "role_missing"
        passed.us += BACK_US
        await watch.look()
        assert (await picker.get("/api/v1/session"))["session"]["locked"] is False


async def test_an_old_session_is_locked_between_tasks(rig: Rig) -> None:
    """Half a day after the sign-in the badge is asked for, however busy its person was."""
    picker, watch, passed = await rig.client("picker"), rig.box.web.watch, Passed(rig)
    async with picker.socket() as socket:
        await heard(socket, "hello")
        await watch.look()
        passed.us += OLD_US
        assert (await picker.do("lot.scan", code="x", reason="y"))["code"] == "role_missing"
        await watch.look()
        assert (await heard(socket, "lock"))["why"] == "hours"


async def test_supervisors_hear_of_a_badge_at_two_devices(rig: Rig) -> None:
    """The same badge shown while its wearer works at another device alarms at once (SEC-2)."""
    boss = await rig.client("supervisor")
    picker = await rig.client("picker")
    async with boss.socket() as socket, picker.socket() as working:
        await heard(working, "hello")
        await picker.do("lot.scan", code="x", reason="y")
        await rig.client("picker", device="pda-9")
        alarm = (await heard(socket, "alarm"))["alarm"]
    facts = {"person": "picker", "device": "pda-9", "elsewhere": ["pda-picker"]}
    assert (alarm["code"], alarm["facts"]) == ("badge_twice", facts)
    assert [each["code"] for each in (await boss.get("/api/v1/alarms"))["alarms"]] == [
        "badge_twice"
    ]


async def test_a_token_is_the_boxs_own(rig: Rig) -> None:
    """Only the box's own token of an open session is recognised (SEC-4)."""
    client = await rig.client("picker", "S1")
    session, mac = client.token.split(".")
    forged = [session, f"{session}.", client.token[:-2], f"{session}.{mac[::-1]}", ".", "é.é"]
    token = client.token
    for each in forged:
        client.token = each
        assert (await client.ask("GET", "/api/v1/session"))[0] == 401
    client.token = token
    assert (await client.ask("DELETE", "/api/v1/session"))[0] == 200
    assert (await client.ask("GET", "/api/v1/session"))[0] == 401


async def test_an_unknown_station_is_none(rig: Rig) -> None:
    """A station that the configuration does not have is not taken over."""
    client = await rig.client("packer", "S9")
    assert client.session["station"] is None


@pytest.mark.parametrize("field", ["badge", "pin", "device", "station"])
async def test_what_is_given_is_bounded(rig: Rig, field: str) -> None:
    """An endless badge, PIN or device is malformed before any work is done (SEC-4)."""
    client = await rig.client()
    body = {"badge": "B", "pin": "1", "device": "d"} | {field: "x" * (CODE_CHARS_MAX + 1)}
    status, answer = await client.ask("POST", "/api/v1/session", body)
    assert (status, answer["code"]) == (400, "malformed")


async def test_no_secret_is_written_down(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    """Badge and PIN are in no entry, no log line and no file of the box (SEC-4)."""
    client = await rig.client("picker")
    await client.ask(
        "POST", "/api/v1/session", {"badge": "@B:secret", "pin": "7777", "device": "d"}
    )
    _, raws = await rig.box.reader.entries(0, 10_000)
    files = [path.read_bytes() for path in rig.box.data.rglob("*") if path.is_file()]
    said = capsys.readouterr()
    texts = [*raws, *files, said.out.encode(), said.err.encode()]
    for word in (PIN.encode(), badge("picker").encode(), b"@B:secret", client.token.encode()):
        assert [word in text for text in texts] == [False] * len(texts)


async def test_a_badge_without_its_prefix_is_told_to_be_replaced(rig: Rig) -> None:
    """Badges of before are refused with what to do, and no bin is taken for one (SEC-2)."""
    client = await rig.client()
    body = {"badge": "B-1001", "pin": PIN, "device": "d"}
    status, answer = await client.ask("POST", "/api/v1/session", body)
    assert (status, answer["code"], answer["hint"]) == (422, "badge_old", "badge_old")


async def test_a_badge_in_a_command_leaves_nothing(rig: Rig) -> None:
    """A badge scanned where an item is due comes into no entry and no answer (SEC-2, SEC-4)."""
    picker = await rig.client("picker")
    head = rig.box.writer.head.seq
    answer = await picker.do("pick.scan", task_id="t", step=1, code=badge("picker2"))
    assert (answer["status"], answer["code"], answer["facts"]) == (422, "badge_not_here", {})
    assert head == rig.box.writer.head.seq
