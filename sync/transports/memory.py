"""Links inside one process, with faults on demand: for simulation and tests.

All chance comes from a `random.Random` and all waiting goes through asyncio, so a seeded run on
a virtual-clock loop is repeatable.
"""

import asyncio
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
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._timers: set[asyncio.TimerHandle] = set()
        self._peer: MemoryLink | None = None
        self._is_closed = False

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
            await self.close()
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
        """End the connection at both ends; frames on the way are lost."""
        for end in (self, self._peer):
            if end is not None:
                end.drop()

    def drop(self) -> None:
        """End this end at once, and forget the frames it has not received."""
        self._is_closed = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        while not self._inbox.empty():
            self._inbox.get_nowait()
        self._inbox.put_nowait(None)

    def _deliver_later(self, peer: "MemoryLink", frame: bytes) -> None:
        delay_s = self._faults.delay_s_max
        if not delay_s:
            peer.take(frame)
            return
        loop = asyncio.get_running_loop()

        def arrive() -> None:
            self._timers.discard(timer)
            peer.take(frame)

        timer = loop.call_later(self._random.uniform(0, delay_s), arrive)
        self._timers.add(timer)

    def take(self, frame: bytes) -> None:
        """Put `frame` before the receiver of this end."""
        if self._is_closed:
            return
        assert self._inbox.qsize() < QUEUE_FRAMES_MAX, "the receiver has stopped"
        self._inbox.put_nowait(frame)


def memory_pair(random: Random, faults: Faults = NO_FAULTS) -> tuple[MemoryLink, MemoryLink]:
    """Return the two ends of a new connection; `faults` befall the frames of both ways."""
    ends = MemoryLink(random, faults), MemoryLink(random, faults)
    ends[0].join(ends[1])
    ends[1].join(ends[0])
    return ends


def _lost(op: str) -> LinkLostError:
    return LinkLostError(op, "link", "the connection was cut", "connect again", is_retryable=True)
