"""The hub's clocks: the only place in it that asks the machine for the time."""

import time


class SystemClock:
    """The machine's clocks."""

    def now_us(self) -> int:
        """Return wall time in µs UTC."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()
