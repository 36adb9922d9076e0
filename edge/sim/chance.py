"""Where a simulated world takes its randomness, its ids and its time from."""

from random import Random
from typing import Final

import msgspec

from edge.domain.ids import uuid7
from edge.sim.virtual_loop import VirtualLoop

EPOCH_US: Final = 1_790_000_000_000_000
"""When every world begins: 2026-09-21T13:33:20Z."""


def stream(seed: int, name: str) -> Random:
    """Return the random stream of one part of the world: parts do not disturb each other."""
    return Random(f"{seed}/{name}")  # noqa: S311 - the same world again for the same seed


def happens(random: Random, share: float) -> bool:
    """Draw whether something happens that happens in `share` of all cases."""
    return random.random() < share


class SimClock:
    """One machine's clocks. Its wall clock may be wrong and may be set; the boot clock never is."""

    def __init__(self, loop: VirtualLoop, machine: str, skew_us: int = 0) -> None:
        self._loop = loop
        self._machine = machine
        self._booted_s = loop.time()
        self._boots = 1
        self.skew_us = skew_us

    @property
    def boot_id(self) -> str:
        """Names the boot of the machine."""
        return f"{self._machine}-boot-{self._boots}"

    def now_us(self) -> int:
        """Return µs UTC as this machine believes it."""
        return EPOCH_US + round(self._loop.time() * 1e6) + self.skew_us

    def boot_us(self) -> int:
        """Return µs since the machine started."""
        return round((self._loop.time() - self._booted_s) * 1e6)

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return self._loop.time()

    def reboot(self) -> None:
        """Start the machine again: another boot, whose clock begins at 0."""
        self._boots += 1
        self._booted_s = self._loop.time()


class SimIds:
    """Ids and salt from a seeded stream."""

    def __init__(self, random: Random, clock: SimClock) -> None:
        self._random = random
        self._clock = clock

    def new_id(self) -> str:
        """Return a UUIDv7."""
        return uuid7(self._clock.now_us(), self._random.randbytes(10))

    def new_salt(self) -> bytes:
        """Return 16 random bytes."""
        return self._random.randbytes(16)


class Weather(msgspec.Struct):
    """How badly things go just now; shares are probabilities from 0 to 1."""

    loss: float = 0.0
    """Share of requests and of answers that never arrive."""
    duplicate: float = 0.0
    """Share of requests that arrive twice."""
    delay_s_max: float = 0.0
    """Longest way of a message; messages may overtake each other."""
    push_life_s: float = 1e9
    """How long a push connection lives at most."""
    printer_fault: float = 0.0
    """Share of a printer's operations that go wrong."""
    flush_s_max: float = 0.0
    """Longest half of a commit."""

    def clear_up(self) -> None:
        """Let nothing go wrong any more."""
        for name, value in msgspec.structs.asdict(Weather()).items():
            setattr(self, name, value)
