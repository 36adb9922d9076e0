"""Links inside one process, with faults on demand: for simulation and tests.

All chance comes from a `random.Random` and all waiting goes through asyncio, so a seeded run on
a virtual-clock loop is repeatable.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

from sync.errors import LinkLostError

QUEUE_FRAMES_MAX: Final = 10_000


class Faults(msgspec.Struct, frozen=True):
    """What befalls each frame; shares are probabilities from 0 to 1."""

    drop: float = 0.0
    duplicate: float = 0.0
    delay_s_max: float = 0.0
    """Each copy waits uniformly 0 … this, so frames overtake each other."""
    cut: float = 0.0
    """The whole connection ends in place of this frame."""


NO_FAULTS: Final = Faults()


class MemoryLink:
    """One end of an in-process connection. Made in pairs by `memory_pair`."""

    def __init__(self, random: Random, faults: Faults) -> None:
        self._random = random
        self._faults = faults
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_FRAMES_MAX)
        self._timers: set[asyncio.TimerHandle] = set()
        self._peer: MemoryLink | None = None
        self._is_closed = False

    def befall(self, faults: Faults) -> None:
        """Let `faults` befall the frames of both ways from now on."""
        for end in (self, self._peer):
            if end is not None:
                end.change(faults)

    def change(self, faults: Faults) -> None:
        """Let `faults` befall what this end sends."""
        self._faults = faults

    def join(self, peer: "MemoryLink") -> None:
        """Make `peer` the other end."""
        self._peer = peer

    async def send(self, frame: bytes) -> None:
        """Send one frame; raise `LinkLostError` once the connection has ended."""
        await asyncio.sleep(0)
        if self._is_closed or self._peer is None:
            raise _lost("send")
        chance = self._random.random
        if chance() < self._faults.cut:
            self.cut()
            raise _lost("send")
        copies = 2 if chance() < self._faults.duplicate else 1
        for _ in range(copies):
            if chance() >= self._faults.drop:
                self._deliver_later(self._peer, frame)

    async def receive(self) -> bytes:
        """Return the next frame; raise `LinkLostError` once the connection has ended."""
        frame = await self._inbox.get()
        if frame is None:
            self._inbox.put_nowait(None)
            raise _lost("receive")
        return frame

    async def close(self) -> None:
        """End the connection; what was sent before still reaches the other end, as with TCP."""
        if not self._is_closed:
            self.drop()
            if self._peer is not None:
                self._after_delay(self._peer.end, self._faults.delay_s_max)

    def cut(self) -> None:
        """End the connection at both ends at once; frames on the way are lost."""
        for end in (self, self._peer):
            if end is not None:
                end.forget()
                end.drop()

    def forget(self) -> None:
        """Lose what this end has sent and is still on the way."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def drop(self) -> None:
        """End this end, and forget the frames that it has not received."""
        self._is_closed = True
        while not self._inbox.empty():
            self._inbox.get_nowait()
        self._inbox.put_nowait(None)

    def end(self) -> None:
        """End this end behind the frames that it has not received yet."""
        if not self._is_closed:
            self._is_closed = True
            self._inbox.put_nowait(None)

    def _deliver_later(self, peer: "MemoryLink", frame: bytes) -> None:
        delay_s = self._random.uniform(0, self._faults.delay_s_max)
        self._after_delay(lambda: peer.take(frame), delay_s)

    def _after_delay(self, work: Callable[[], None], delay_s: float) -> None:
        if not self._faults.delay_s_max:
            work()
            return

        def due() -> None:
            self._timers.discard(timer)
            work()

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        self._timers.add(timer)

    def take(self, frame: bytes) -> None:
        """Put `frame` before the receiver of this end."""
        if self._is_closed:
            return
        # One place is kept for the end.
        assert self._inbox.qsize() < QUEUE_FRAMES_MAX - 1, "the receiver has stopped"
        self._inbox.put_nowait(frame)


def memory_pair(random: Random, faults: Faults = NO_FAULTS) -> tuple[MemoryLink, MemoryLink]:
    """Return the two ends of a new connection; `faults` befall the frames of both ways."""
    ends = MemoryLink(random, faults), MemoryLink(random, faults)
    ends[0].join(ends[1])
    ends[1].join(ends[0])
    return ends


def _lost(op: str) -> LinkLostError:
    return LinkLostError(op, "link", "the connection was cut", "connect again", is_retryable=True)
