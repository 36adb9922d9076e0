"""Signing in: badge and PIN, the same answer to every wrong one, and a lock that holds."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from edge.app.sessions import LOCK_US, TRIES_MAX, Sessions, SignIn, Station
from edge.domain.commands import CODE_CHARS_MAX
from edge.domain.model import Name
from tests.domain.site import person
from tests.rig import PIN, Rig, badge, config, running

SECRET = b"k" * 32


class ManualClock:
    """A clock that stands until it is moved."""

    boot_id = "boot-1"

    def __init__(self) -> None:
        self.us = 1_000_000

    def now_us(self) -> int:
        """Return the wall time."""
        return self.us

    def boot_us(self) -> int:
        """Return the time since boot."""
        return self.us


@pytest_asyncio.fixture(name="desk")
async def _desk(tmp_path: Path) -> AsyncIterator[tuple[Sessions, ManualClock, Rig]]:
    """Return a sign-in desk with a clock of its own, on a box with people."""
    async with running(config(tmp_path)) as rig:
        await rig.furnish()
        clock = ManualClock()
        stations = (Station("S1", Name("一", "One")),)
        desk = Sessions(
            rig.box.floor, rig.box.reads, clock, rig.box.ids, secret=SECRET, stations=stations
        )
        yield desk, clock, rig


Desk = tuple[Sessions, ManualClock, Rig]


async def attempt(desk: Sessions, name: str, pin: str, device: str = "pda-1") -> str:
    """Return `ok` or the refusal of a sign-in."""
    reply, token = await desk.sign_in(SignIn(badge(name), pin, device))
    assert bool(token) == reply.ok
    return "ok" if reply.ok else reply.code


async def test_every_wrong_sign_in_gets_one_answer(desk: Desk) -> None:
    """Unknown badge, wrong PIN and somebody sent home are told the same thing (SEC-2, SEC-4)."""
    sessions, _, rig = desk
    gone = person("leader", ("leader",), active=False)
    await rig.tell("people.upsert", items=[gone])
    asked = [("nobody", PIN), ("picker", "000000"), ("leader", PIN), ("", "")]
    replies = [await sessions.sign_in(SignIn(badge(n), pin, "d")) for n, pin in asked]
    assert {(reply.code, reply.status, str(reply.facts)) for reply, _ in replies} == {
        ("sign_in_failed", 401, "{}")
    }


async def test_five_wrong_tries_lock_this_badge_at_this_device(desk: Desk) -> None:
    """The lock tells its seconds, grows, spares other devices and badges, and opens (SEC-4)."""
    sessions, clock, _ = desk
    tries = [await attempt(sessions, "picker", "0") for _ in range(TRIES_MAX)]
    assert tries == ["sign_in_failed"] * TRIES_MAX
    reply, _ = await sessions.sign_in(SignIn(badge("picker"), PIN, "pda-1"))
    assert (reply.code, reply.status, reply.facts) == ("locked_out", 429, {"seconds": 60})
    assert await attempt(sessions, "picker", PIN, "pda-2") == "ok"
    assert await attempt(sessions, "picker2", PIN) == "ok"
    clock.us += LOCK_US
    assert await attempt(sessions, "picker", "0") == "sign_in_failed"
    reply, _ = await sessions.sign_in(SignIn(badge("picker"), PIN, "pda-1"))
    assert reply.facts == {"seconds": 120}
    clock.us += 2 * LOCK_US
    assert await attempt(sessions, "picker", PIN) == "ok"
    assert await attempt(sessions, "picker", "0") == "sign_in_failed"


async def test_tries_at_once_are_counted_one_by_one(desk: Desk) -> None:
    """A burst of wrong PINs gets no more tries than a row of them (SEC-4)."""
    sessions, _, _ = desk
    burst = await asyncio.gather(*(attempt(sessions, "picker", str(n)) for n in range(20)))
    assert burst.count("sign_in_failed") == TRIES_MAX
    assert burst.count("locked_out") == 20 - TRIES_MAX


async def test_the_fifth_try_may_be_the_right_one(desk: Desk) -> None:
    """Four wrong tries and a right one leave no lock behind."""
    sessions, _, _ = desk
    for _ in range(2):
        wrong = [await attempt(sessions, "picker", "0") for _ in range(TRIES_MAX - 1)]
        assert set(wrong) == {"sign_in_failed"}
        assert await attempt(sessions, "picker", PIN) == "ok"


async def test_a_token_is_the_boxs_own(desk: Desk) -> None:
    """Only the box's own token of an open session is recognised (SEC-4)."""
    sessions, clock, rig = desk
    _, token = await sessions.sign_in(SignIn(badge("picker"), PIN, "pda-1", "S1"))
    found = await sessions.recognise(token)
    assert found is not None
    assert (found.person, found.device, found.station) == ("picker", "pda-1", "S1")
    other = Sessions(
        rig.box.floor, rig.box.reads, clock, rig.box.ids, secret=b"x" * 32, stations=()
    )
    forged = [other.token(found.id), found.id, f"{found.id}.", token[:-2], "", ".", "é.é"]
    assert [await sessions.recognise(each) for each in forged] == [None] * len(forged)
    assert (await sessions.sign_out(found)).ok
    assert await sessions.recognise(token) is None


async def test_an_unknown_station_is_none(desk: Desk) -> None:
    """A station that the configuration does not have is not taken over."""
    sessions, _, _ = desk
    _, token = await sessions.sign_in(SignIn(badge("packer"), PIN, "d", "S9"))
    found = await sessions.recognise(token)
    assert found is not None
    assert (found.station, (await sessions.view(found)).station) == ("", None)


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
