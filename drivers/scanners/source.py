"""What every scanner has: framing, one handler, and coming back after it was gone."""

import asyncio
import contextlib
import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from drivers.api import OnScan, Scan
from drivers.scanners.framing import Framer, Framing

SCANS_MAX: Final = 256
"""Scans that wait for their handler; more than a gun can send while a box thinks."""
BACKOFF_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses before a lost scanner is looked for again; the last one repeats."""

log = structlog.get_logger()


class Source(ABC):
    """A scanner of any kind. `handle` gets its scans one after the other, none left out."""

    def __init__(self, subject: str, framing: Framing, handle: OnScan) -> None:
        self.subject = subject
        self._framing = framing
        self._handle = handle
        self._waiting: deque[Scan] = deque(maxlen=SCANS_MAX)
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.is_open = False
        self.on_change: Callable[[bool], None] = lambda _: None
        """Called when the scanner comes (True) or goes."""

    async def start(self) -> None:
        """Begin to listen; a scanner that is not there is waited for."""
        self._tasks = [asyncio.create_task(self._serve()), asyncio.create_task(self._keep())]

    async def close(self) -> None:
        """Stop; may be called at any time."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._note(is_open=False)

    @abstractmethod
    async def _listen(self) -> None:
        """Read until the scanner is gone; raise `OSError` where it is not there."""

    def _note(self, *, is_open: bool) -> None:
        if is_open != self.is_open:
            self.is_open = is_open
            self.on_change(is_open)

    def _take(self, scans: list[Scan]) -> None:
        for scan in scans:
            if len(self._waiting) >= SCANS_MAX:
                log.error("scan dropped: its handler is stuck", scanner=self.subject)
                continue
            self._waiting.append(scan)
        self._news.set()

    async def _keep(self) -> None:
        tries = 0
        while True:
            try:
                await self._listen()
                tries = 0
            except OSError as error:
                tries = 0 if self.is_open else tries + 1
                log.debug("scanner is not there", scanner=self.subject, problem=str(error))
            except Exception:
                tries += 1
                log.exception("scanner cannot be read", scanner=self.subject)
            self._note(is_open=False)
            await asyncio.sleep(BACKOFF_S[min(tries, len(BACKOFF_S) - 1)])

    async def _serve(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                scan = self._waiting.popleft()
                try:
                    await self._handle(scan)
                except Exception:
                    log.exception("scan failed", scanner=self.subject)


class Reading:
    """Frames what a descriptor or a stream gives, and ends codes that a pause ends."""

    def __init__(self, framing: Framing, take: Callable[[list[Scan]], None]) -> None:
        self._framer = Framer(framing)
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes as they come."""
        if scans := self._framer.feed(data, self._loop.time()):
            self._take(scans)
        self._arm()

    def close(self) -> None:
        """End what is held: the scanner is gone."""
        if self._timer is not None:
            self._timer.cancel()
        if (due_s := self._framer.due_s) is not None:
            self._take(self._framer.elapse(due_s))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (due_s := self._framer.due_s) is not None:
            self._timer = self._loop.call_at(due_s, self._elapse)

    def _elapse(self) -> None:
        self._timer = None
        due_s = self._framer.due_s
        if due_s is not None and (scans := self._framer.elapse(max(due_s, self._loop.time()))):
            self._take(scans)


async def read_descriptor(fd: int, bytes_max: int, feed: Callable[[bytes], None]) -> None:
    """Feed what `fd` (not blocking) gives until it ends; raise `OSError` when it breaks."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def ready() -> None:

        try:
            data = os.read(fd, bytes_max)
        except BlockingIOError:
            return
        except OSError as error:
            if not ended.done():
                ended.set_exception(error)
            return
        if data:
            feed(data)
        elif not ended.done():
            ended.set_exception(OSError("end of file"))

    loop.add_reader(fd, ready)
    try:
        await ended
    finally:
        with contextlib.suppress(ValueError, OSError):
            loop.remove_reader(fd)
