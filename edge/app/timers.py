"""Deadlines. A timer is an entry before it runs; its firing is a command with an id of its own.

Within one boot of the machine a timer runs by the boot clock, which no change of the wall clock
moves. After a reboot what is left is taken from wall time, and never exceeds the original delay;
a lock opens by wall time only where NTP or the hub confirms it.
"""

import asyncio
import heapq
from collections.abc import Callable
from typing import Final

import structlog

from edge.app.floor import Floor
from edge.app.ports import Clock, Committed, Reader
from edge.app.tasks import Tasks
from edge.domain.commands import TimerFire
from edge.domain.ids import derived_id
from edge.domain.model import Timer

TIMERS_MAX: Final = 100_000
"""Armed timers that a box is made for; beyond it the metrics warn, and none is left out."""
PAGE_TIMERS: Final = 500
"""Timers that are taken up at once: a few milliseconds of the event loop."""
RETRY_US: Final = 50_000
READ_AGAIN_S: Final = 1.0
ENDS: Final = ("timer.disarmed", "timer.fired")
LOCKS: Final = frozenset({"account.unlock"})
"""Purposes that open a lock: no clock that nobody confirms does that."""


log = structlog.get_logger()


class Timers:
    """Fires armed timers: one sleeper for all of them, a task only for one that fires."""

    def __init__(
        self,
        floor: Floor,
        reader: Reader,
        clock: Clock,
        is_time_trusted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._floor = floor
        self._reader = reader
        self._clock = clock
        self._is_time_trusted = is_time_trusted
        self._due: list[tuple[int, str]] = []
        """A heap of (boot µs, timer); one that was disarmed stays in it until its time."""
        self._armed: dict[str, int] = {}
        self._tries: dict[str, int] = {}
        self._ended: set[str] = set()
        """Those that end while the armed ones are taken up: a page may have been read before."""
        self._taking_up: asyncio.Task[None] | None = None
        self._sleeper: asyncio.Task[None] | None = None
        self._firing = Tasks()

    def start(self) -> None:
        """Begin to take up the timers that were armed before the service started.

        The box answers meanwhile: every order has a deadline or two, and they are many.
        """
        self._taking_up = asyncio.create_task(self._take_up())

    async def _take_up(self) -> None:
        after: str | None = ""
        while after is not None:
            try:
                after = await self._take_up_page(after)
            except Exception:
                log.exception("armed timers cannot be read; tried again")
                await asyncio.sleep(READ_AGAIN_S)
        self._taking_up = None
        self._ended.clear()

    async def _take_up_page(self, after: str) -> str | None:
        """Take up some timers behind one; return the last of them, None where all are taken up."""
        page = await self._reader.found(Timer, "state", "armed", PAGE_TIMERS, after)
        for timer in page:
            if timer.id not in self._armed and timer.id not in self._ended:
                self._arm(timer.id, self._clock.boot_us() + self._left_us(timer))
        return page[-1].id if len(page) == PAGE_TIMERS else None

    def _left_us(self, timer: Timer) -> int:
        if timer.boot_id == self._clock.boot_id:
            return timer.due_boot_us - self._clock.boot_us()
        if timer.purpose in LOCKS and not self._is_time_trusted():
            # armed before this boot, so at least its time has gone by, whatever the wall clock says
            return timer.delay_us - self._clock.boot_us()
        return min(timer.due_us - self._clock.now_us(), timer.delay_us)

    def on_commit(self, committed: Committed) -> None:
        """Run the timers that a durable group armed, forget those that it disarmed."""
        for draft in committed.drafts:
            if draft.kind == "timer.armed":
                self._arm(draft.data["timer"], draft.data["due_boot_us"])
            elif draft.kind in ENDS:
                self._armed.pop(draft.data["timer"], None)
                if self._taking_up is not None:
                    self._ended.add(draft.data["timer"])

    def _arm(self, timer_id: str, due_boot_us: int) -> None:
        self._armed[timer_id] = due_boot_us
        heapq.heappush(self._due, (due_boot_us, timer_id))
        if self._due[0] == (due_boot_us, timer_id):  # before the one that is slept for
            if self._sleeper is not None:
                self._sleeper.cancel()
            self._sleeper = asyncio.create_task(self._sleep())

    async def _sleep(self) -> None:
        while self._due:
            due_us, timer_id = self._due[0]
            if self._armed.get(timer_id) == due_us:
                left_us = due_us - self._clock.boot_us()
                if left_us > 0:
                    await asyncio.sleep(left_us / 1e6)
                    continue
                del self._armed[timer_id]
                self._firing.start(self._fire(timer_id), f"timer {timer_id}")
            heapq.heappop(self._due)
        self._sleeper = None

    async def _fire(self, timer_id: str) -> None:
        tried = self._tries.pop(timer_id, 0) + 1
        fired = await self._floor.insist(
            TimerFire(timer_id),
            via="timer",
            command_id=derived_id("timer", timer_id, self._clock.boot_id, str(tried)),
        )
        if fired.answer.code == "timer_early":
            self._tries[timer_id] = tried
            self._arm(timer_id, self._clock.boot_us() + RETRY_US)

    def stop(self) -> None:
        """Stop; armed timers are taken up again at the next start."""
        for task in (self._taking_up, self._sleeper):
            if task is not None:
                task.cancel()
        self._firing.cancel()
