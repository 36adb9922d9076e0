"""Deadlines. A timer is an entry before it runs; its firing is a command with an id of its own.

Within one boot of the machine a timer runs by the boot clock, which no change of the wall clock
moves. After a reboot what is left is taken from wall time, and never exceeds the original delay;
a lock opens by wall time only where NTP or the hub confirms it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from edge.app.floor import Floor
from edge.app.ports import Clock, Committed, Reader
from edge.domain.commands import TimerFire
from edge.domain.ids import derived_id
from edge.domain.model import Timer

TIMERS_MAX: Final = 100_000
RETRY_S: Final = 0.05
LOCKS: Final = frozenset({"account.unlock"})
"""Purposes that open a lock: no clock that nobody confirms does that."""


class Timers:
    """Fires armed timers."""

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
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Take up the timers that were armed before the service started."""
        for timer_id in await self._reader.find(Timer, "state", "armed", TIMERS_MAX):
            timer = await self._reader.doc(Timer, timer_id)
            if isinstance(timer, Timer):
                self._run(timer.id, self._left_us(timer))

    def _left_us(self, timer: Timer) -> int:
        if timer.boot_id == self._clock.boot_id:
            return timer.due_boot_us - self._clock.boot_us()
        if timer.purpose in LOCKS and not self._is_time_trusted():
            # armed before this boot, so at least its time has gone by, whatever the wall clock says
            return timer.delay_us - self._clock.boot_us()
        return min(timer.due_us - self._clock.now_us(), timer.delay_us)

    def on_commit(self, committed: Committed) -> None:
        """Run the timers that a durable group armed."""
        for draft in committed.drafts:
            if draft.kind == "timer.armed":
                self._run(draft.data["timer"], draft.data["due_boot_us"] - self._clock.boot_us())

    def _run(self, timer_id: str, left_us: int) -> None:
        task = asyncio.create_task(self._fire(timer_id, max(0, left_us) / 1e6))
        self._tasks[timer_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(timer_id, None))

    async def _fire(self, timer_id: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        attempt = 0
        while True:
            attempt += 1
            fired = await self._floor.insist(
                TimerFire(timer_id),
                via="timer",
                command_id=derived_id("timer", timer_id, self._clock.boot_id, str(attempt)),
            )
            if fired.answer.code != "timer_early":
                return
            await asyncio.sleep(RETRY_S)

    def stop(self) -> None:
        """Stop; armed timers are taken up again at the next start."""
        for task in tuple(self._tasks.values()):
            task.cancel()
