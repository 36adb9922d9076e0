"""Ways to run the writer: on its own thread in the service, in line in simulation and training."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Final

import structlog

from edge.app.ports import BusyError, Committed, Outcome
from edge.domain.commands import Command
from edge.domain.decide import Answer
from edge.store.writer import Writer

GROUP_MAX: Final = 512
QUEUE_MAX: Final = 4_000
PULSE_S: Final = 5.0
STOP_LOOK_S: Final = 0.2
"""How often somebody who stops a writer that has much to do looks whether it is still there."""

DISK_FULL: Final = Outcome(Answer(ok=False, code="disk_full", facts={}))

log = structlog.get_logger()

OnCommit = Callable[[Committed], None]
OnFailure = Callable[[BaseException], None]
Waiter = tuple[Command, "asyncio.Future[Outcome]", int]
"""A command, whom to tell, and how many times the senders had heard of a full disk by then."""


class _Runner:
    """What the runners have in common: who waits, who listens, what a group comes to."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting = 0
        self._fulls_told = 0
        self._full_at = -1
        self._loop = asyncio.get_running_loop()
        self._listeners: list[OnCommit] = []
        self.on_failure: OnFailure = lambda _: None
        """Called on the event loop when the store broke; no command is answered any more."""
        self.groups = 0
        self.on_group: Callable[[float], None] = lambda _: None
        """Called on the writer's thread with the s that a group took to become durable."""

        self.takes: Callable[[Command], bool] = lambda _: True
        """Tells whether a command may be written; one that may not is answered `disk_full`."""

    def listen(self, listener: OnCommit) -> None:
        """Call `listener` on the event loop after each durable group."""
        self._listeners.append(listener)

    @property
    def waiting(self) -> int:
        """Commands taken and not yet answered."""
        return self._waiting

    async def submit(self, command: Command) -> Outcome:
        """Return the outcome of a command once it is durable.

        Raises:
            BusyError: more than `QUEUE_MAX` commands wait.
        """
        if not self.takes(command):
            return DISK_FULL
        if self._waiting >= QUEUE_MAX:
            raise BusyError
        self._waiting += 1
        try:
            future: asyncio.Future[Outcome] = self._loop.create_future()
            self._put((command, future, self._fulls_told))
            return await future
        finally:
            self._waiting -= 1

    def _put(self, waiter: Waiter) -> None:
        raise NotImplementedError

    def _commit(self, group: list[Waiter]) -> tuple[list[Outcome], Committed]:
        # Sent before its sender could hear that the one in front found no room: it may not pass.
        behind = sum(told <= self._full_at for _, _, told in group)
        outcomes, committed = [DISK_FULL] * behind, Committed([], [])
        if rest := group[behind:]:
            done, committed = self._write(rest)
            outcomes += done
        return outcomes, committed

    def _write(self, group: list[Waiter]) -> tuple[list[Outcome], Committed]:
        commands = [command for command, _, _ in group]
        begun_s = perf_counter()
        try:
            outcomes, committed = self._writer.run_group(commands)
        except sqlite3.OperationalError as error:
            if "full" not in str(error):
                raise
            log.error("disk full: nothing was written", commands=len(commands))  # noqa: TRY400
            outcomes, committed = [DISK_FULL] * len(group), Committed([], [])
            self._full_at = group[-1][2]
        self.groups += 1
        self.on_group(perf_counter() - begun_s)
        return outcomes, committed

    def _deliver(self, group: list[Waiter], outcomes: list[Outcome], committed: Committed) -> None:
        for (_, future, _), outcome in zip(group, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)
        if outcomes[-1] is DISK_FULL:  # told once those who wait for these answers have run
            self._loop.call_soon(self._tell_full, group[-1][2])
        if committed.entries:
            for listener in self._listeners:
                try:
                    listener(committed)
                except Exception as error:  # noqa: BLE001 - the others must be told
                    what = "a listener did not take a group"
                    self._loop.call_exception_handler({"message": what, "exception": error})

    def _tell_full(self, told: int) -> None:
        self._fulls_told = max(self._fulls_told, told + 1)


class ThreadRunner(_Runner):
    """Runs the writer on one thread. What arrives during a flush shares the next one.

    `between` runs after each group. `pulse` runs when nothing came for `PULSE_S`: a durable write,
    so that a disk that fails is noticed on a quiet floor too. After either, `alive` is told: who
    no longer hears it may take the process for stuck.
    """

    def __init__(
        self,
        writer: Writer,
        between: Callable[[], None] = lambda: None,
        pulse: Callable[[], None] = lambda: None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(writer)
        self._between = between
        self._pulse = pulse
        self._alive = alive
        # One place more than may wait, for the word to stop.
        self._queue: queue.Queue[Waiter | None] = queue.Queue(QUEUE_MAX + 1)
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to take commands."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what was taken, then end the thread; a writer that died has ended already."""
        while self._thread.is_alive():
            try:
                self._queue.put(None, timeout=STOP_LOOK_S)
            except queue.Full:  # it takes some, or dies
                continue
            self._thread.join()

    def _put(self, waiter: Waiter) -> None:
        try:
            self._queue.put_nowait(waiter)
        except queue.Full:  # of commands whose senders no longer wait
            raise BusyError from None

    def _work(self) -> None:
        try:
            while self._one_group():
                self._between()
                self._alive()
        except BaseException as error:  # noqa: BLE001 - a broken store ends the process
            self._loop.call_soon_threadsafe(self.on_failure, error)

    def _one_group(self) -> bool:
        """Commit what waits; False when that was the last."""
        group, last = self._next_group()
        if not group and not last:
            self._pulse()
        if group:
            outcomes, committed = self._commit(group)
            self._loop.call_soon_threadsafe(self._deliver, group, outcomes, committed)
        return not last

    def _next_group(self) -> tuple[list[Waiter], bool]:
        try:
            first = self._queue.get(timeout=PULSE_S)
        except queue.Empty:
            return [], False
        if first is None:
            return [], True
        group = [first]
        while len(group) < GROUP_MAX:
            try:
                waiter = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiter is None:
                return group, True
            group.append(waiter)
        return group, False


class InlineRunner(_Runner):
    """Runs the writer in the event loop's own thread: for what is kept in memory only.

    `flush_s` says how long each half of a commit takes: what arrives before it shares it, and
    between it and the answers lies the second half. A fault of the store that `run_group` raises
    ends the runner as it ends the service.
    """

    def __init__(self, writer: Writer, flush_s: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__(writer)
        self._flush_s = flush_s
        self._queue: list[Waiter] = []
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take commands."""
        self._task = asyncio.create_task(self._work(), name="writer")

    def stop(self) -> None:
        """End at once; what was taken and not answered stays unanswered."""
        if self._task is not None:
            self._task.cancel()

    def _put(self, waiter: Waiter) -> None:
        self._queue.append(waiter)
        self._news.set()

    async def _work(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(self._flush_s())
            group, self._queue = self._queue[:GROUP_MAX], self._queue[GROUP_MAX:]
            if not self._queue:
                self._news.clear()
            try:
                outcomes, committed = self._commit(group)
            except BaseException as error:  # noqa: BLE001 - a broken store ends the process
                self.on_failure(error)
                return
            await asyncio.sleep(self._flush_s())
            self._deliver(group, outcomes, committed)
