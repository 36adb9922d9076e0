"""Deadlines: by the boot clock within a boot, clamped after a reboot, each fired once."""

import asyncio
from typing import Any

import msgspec
import pytest

from edge.app.ports import Committed, Outcome
from edge.app.timers import PAGE_TIMERS, Timers
from edge.domain.decide import Answer
from edge.domain.entries import Draft
from edge.domain.model import Timer

S = 1_000_000


class Hall:
    """A floor, a store and clocks that record what timers do; sleeping moves the clocks."""

    def __init__(self) -> None:
        self.boot_id = "boot-1"
        self.wall = 1_000 * S
        self.boot = 50 * S
        self.armed: dict[str, Timer] = {}
        self.fired: list[tuple[str, int]] = []
        self.ids: list[str] = []
        self.early = 0
        self.pages = 0
        self.faults = 0

    def now_us(self) -> int:
        """Return the wall time."""
        return self.wall

    def boot_us(self) -> int:
        """Return the time since boot."""
        return self.boot

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.wall += round(seconds * S)
        self.boot += round(seconds * S)

    async def found(self, _: Any, __: str, ___: str, limit: int, after: str) -> list[Timer]:
        """Return a page of armed timers."""
        self.pages += 1
        if self.faults:
            self.faults -= 1
            raise OSError
        return [each for key, each in sorted(self.armed.items()) if key > after][:limit]

    async def insist(self, data: Any, *, command_id: str, **_: Any) -> Outcome:
        """Note a firing; say `timer_early` as often as asked to."""
        self.ids.append(command_id)
        if self.early:
            self.early -= 1
            return Outcome(Answer(ok=False, facts={}, code="timer_early"))
        self.fired.append((data.timer_id, self.boot))
        return Outcome(Answer(ok=True, facts={}))


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> Hall:
    """Return a hall whose sleep is the timers'."""
    made = Hall()
    monkeypatch.setattr("edge.app.timers.asyncio.sleep", made.sleep)
    return made


def timer(due_s: float, *, boot_id: str = "boot-1", wall_s: float = 0) -> Timer:
    """Return a timer of 15 s, due at `due_s` of the boot clock and `wall_s` of the wall clock."""
    return Timer(
        id="t1",
        purpose="freeze.effect",
        subject="s",
        state="armed",
        due_us=int(wall_s * S),
        delay_us=15 * S,
        due_boot_us=int(due_s * S),
        boot_id=boot_id,
    )


async def settle(running: Any) -> None:
    """Wait until all is taken up, nothing is slept for, and nothing fires."""
    while doing := [*running._firing._tasks, *filter(None, [running._taking_up, running._sleeper])]:
        await asyncio.gather(*doing)


async def fire_all(hall: Hall) -> None:
    """Take up the armed timers, and wait until each has fired."""
    running: Any = Timers(hall, hall, hall)  # type: ignore[arg-type]
    running.start()
    await settle(running)
    assert (running._armed, running._due) == ({}, [])


async def test_within_a_boot_the_wall_clock_is_not_asked(hall: Hall) -> None:
    """A timer of this boot fires at its boot time, however the wall clock jumped (FRZ-1)."""
    hall.armed["t1"] = timer(60, wall_s=10**9)
    hall.wall += 10**15
    await fire_all(hall)
    assert hall.fired == [("t1", 60 * S)]


@pytest.mark.parametrize(("wall_s", "waits_s"), [(1_010, 10), (900, 0), (5_000, 15), (1_015, 15)])
async def test_after_a_reboot_what_is_left_is_clamped(
    hall: Hall, wall_s: float, waits_s: float
) -> None:
    """What is left by the wall clock counts, never less than 0 nor more than the original."""
    hall.armed["t1"] = timer(9_999, boot_id="boot-0", wall_s=wall_s)
    await fire_all(hall)
    assert hall.fired == [("t1", (50 + int(waits_s)) * S)]


async def test_a_timer_that_is_early_is_tried_again(hall: Hall) -> None:
    """A refusal as too early leads to another try, each with an id of its own."""
    hall.armed["t1"] = timer(60)
    hall.early = 3
    await fire_all(hall)
    assert (len(hall.fired), len(set(hall.ids)), len(hall.ids)) == (1, 4, 4)


async def test_the_first_try_has_one_id_for_ever(hall: Hall) -> None:
    """Two services that both fire a timer send the same command: one effect."""
    hall.armed["t1"] = timer(60)
    await fire_all(hall)
    await fire_all(hall)
    assert hall.ids[0] == hall.ids[1]


async def test_a_newly_armed_timer_runs(hall: Hall) -> None:
    """What a durable group arms is waited for; stopping ends the waiting."""
    running: Any = Timers(hall, hall, hall)  # type: ignore[arg-type]
    data = {"timer": "t9", "due_boot_us": 70 * S}
    draft = Draft(0, 0, "timer.armed", "s", (), "", "", "", "", "", data)
    running.on_commit(Committed([], [draft]))
    await settle(running)
    assert hall.fired == [("t9", 70 * S)]
    running.on_commit(Committed([], [draft]))
    running.stop()
    await asyncio.gather(running._sleeper, return_exceptions=True)
    assert len(hall.fired) == 1


async def test_ten_thousand_timers_fire_in_the_order_of_their_time(hall: Hall) -> None:
    """However they were armed, the earliest fires first, and one that was disarmed never does."""
    running: Any = Timers(hall, hall, hall)  # type: ignore[arg-type]
    due_s = [60 + at * 7_919 % 10_000 for at in range(10_000)]
    told: list[tuple[str, dict[str, Any]]] = [
        ("timer.armed", {"timer": f"t{at}", "due_boot_us": each * S})
        for at, each in enumerate(due_s)
    ]
    told += [("timer.disarmed", {"timer": f"t{at}"}) for at in range(0, 10_000, 2)]
    drafts = [Draft(0, 0, kind, "s", (), "", "", "", "", "", data) for kind, data in told]
    running.on_commit(Committed([], drafts))
    await settle(running)
    in_time = sorted(range(1, 10_000, 2), key=lambda at: due_s[at])
    assert [timer_id for timer_id, _ in hall.fired] == [f"t{at}" for at in in_time]


@pytest.mark.parametrize(("trusted", "waits_s"), [(False, 7_200 - 50), (True, 0)])
async def test_a_lock_waits_for_a_clock_that_somebody_confirms(
    hall: Hall, trusted: bool, waits_s: int
) -> None:
    """After a reboot with the clock set forward, a lock holds for all of its time (FLOW-7)."""
    lock = timer(9_999, boot_id="boot-0", wall_s=900)
    hall.armed["t1"] = msgspec.structs.replace(lock, purpose="account.unlock", delay_us=7_200 * S)
    hall.wall += 10**12
    running: Any = Timers(hall, hall, hall, lambda: trusted)  # type: ignore[arg-type]
    running.start()
    await settle(running)
    assert hall.fired == [("t1", (50 + waits_s) * S)]


async def test_a_start_does_not_wait_for_the_timers(hall: Hall) -> None:
    """However many are armed, start asks for none itself; they come a page at a time (OPS-4)."""
    many = range(3 * PAGE_TIMERS)
    hall.armed = {f"{n:06}": msgspec.structs.replace(timer(60 + n), id=f"{n:06}") for n in many}
    running: Any = Timers(hall, hall, hall)  # type: ignore[arg-type]
    running.start()
    assert hall.pages == 0
    await settle(running)
    assert [timer_id for timer_id, _ in hall.fired] == list(hall.armed)
    assert hall.pages == 4


async def test_a_timer_that_ends_before_its_page_is_used_never_fires(hall: Hall) -> None:
    """One that was disarmed, or armed anew, between the reading of a page and its use."""
    hall.armed["t1"] = timer(60)
    running: Any = Timers(hall, hall, hall)  # type: ignore[arg-type]
    running.start()
    data = {"timer": "t1", "due_boot_us": 60 * S}
    armed, disarmed = (
        Draft(0, 0, kind, "s", (), "", "", "", "", "", data)
        for kind in ("timer.armed", "timer.disarmed")
    )
    running.on_commit(Committed([], [armed, disarmed]))
    await settle(running)
    assert (hall.fired, running._ended) == ([], set())


async def test_timers_that_cannot_be_read_are_read_again(hall: Hall) -> None:
    """A fault of the reader delays the timers, and loses none."""
    hall.armed["t1"] = timer(60)
    hall.faults = 2
    await fire_all(hall)
    assert hall.fired == [("t1", 60 * S)]
