"""The machine's clocks and randomness: the only place that asks for them."""

import ctypes
import secrets
import time
from pathlib import Path
from typing import Final

from edge.domain.ids import uuid7

BOOT_ID_FILE: Final = Path("/proc/sys/kernel/random/boot_id")
SALT_BYTES: Final = 16
TIMEX_BYTES: Final = 256
"""More than any `struct timex` has (adjtimex(2))."""
TIME_ERROR: Final = 5
"""What adjtimex(2) returns while the clock is not synchronised."""

_adjtimex = ctypes.CDLL(None).adjtimex  # once: each look-up leaves a cycle, and every group asks
_Timex = ctypes.c_char * TIMEX_BYTES


def is_ntp_synchronised() -> bool:
    """Tell whether the kernel's clock is kept by NTP (adjtimex(2), asked without a change)."""
    state: int = _adjtimex(_Timex())
    return 0 <= state < TIME_ERROR


class SystemClock:
    """Wall time, and the boot clock that counts through sleep (CLOCK_BOOTTIME)."""

    def __init__(self) -> None:
        self._boot_id = BOOT_ID_FILE.read_text().strip()

    @property
    def boot_id(self) -> str:
        """The kernel's id of this boot."""
        return self._boot_id

    def now_us(self) -> int:
        """Return µs UTC by the wall clock."""
        return time.time_ns() // 1_000

    def boot_us(self) -> int:
        """Return µs since the machine started."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()


class SystemIds:
    """Ids by the wall clock, randomness from the kernel."""

    def new_id(self) -> str:
        """Return a UUIDv7."""
        return uuid7(time.time_ns() // 1_000, secrets.token_bytes(10))

    def new_salt(self) -> bytes:
        """Return 16 random bytes."""
        return secrets.token_bytes(SALT_BYTES)
