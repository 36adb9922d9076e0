"""How often one PDA or one address may ask, so that none of them can slow the others.

Each limit is a generic cell rate (ITU-T I.371, annex A): of every key only the time is kept at
which all that it asked for will have been paid off: one number per key, and bounded.
"""

from typing import Final

import msgspec

from edge.app.ports import Clock

KEYS_MAX: Final = 10_000
SECOND_US: Final = 1_000_000


class Rate(msgspec.Struct, frozen=True):
    """So many a second in the long run, and so many at once."""

    per_s: int
    burst: int


DEVICE: Final = Rate(per_s=200, burst=6_000)
"""Commands and requests of a signed-in PDA: ten times the fastest picker, and a whole outbox at
once."""
ADDRESS: Final = Rate(per_s=200, burst=3_000)
"""Requests of nobody in particular: a page has some seventy files."""
SECRETS: Final = Rate(per_s=5, burst=300)
"""Badges, PINs and pairing codes from one address: a whole shift behind one router."""


class Limit:
    """Keeps every key to a rate."""

    def __init__(self, rate: Rate, clock: Clock, keys_max: int = KEYS_MAX) -> None:
        self._clock = clock
        self._keys_max = keys_max
        self._each_us = SECOND_US // rate.per_s
        self._ahead_us_max = self._each_us * rate.burst
        self._paid_us: dict[str, int] = {}
        """When each key will have paid all off; the key that asked last stands last."""

    def take(self, key: str, n: int = 1) -> float:
        """Take `n` for `key`; return 0, or after how many seconds they could be had: none taken."""
        now_us = self._clock.boot_us()
        paid_us = max(self._paid_us.pop(key, 0), now_us)
        after_us = paid_us + n * self._each_us
        wait_us = after_us - now_us - self._ahead_us_max
        self._paid_us[key] = paid_us if wait_us > 0 else after_us
        if len(self._paid_us) > self._keys_max:
            del self._paid_us[next(iter(self._paid_us))]
        return max(wait_us, 0) / SECOND_US


class Limits:
    """The limits of the box's door."""

    def __init__(self, clock: Clock) -> None:
        self.devices = Limit(DEVICE, clock)
        self.addresses = Limit(ADDRESS, clock)
        self.secrets = Limit(SECRETS, clock)
