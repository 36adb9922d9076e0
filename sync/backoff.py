"""How long to wait before the next try. Pure: randomness comes in."""

from random import Random
from typing import Final

FIRST_S: Final = 0.5
WAIT_S_MAX: Final = 30.0


class Backoff:
    """Exponential backoff with full jitter: uniform in 0 … min(cap, first · 2^failures).

    Full jitter keeps a fleet that lost its hub at one moment from coming back at one moment.
    Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
    """

    def __init__(
        self, random: Random, *, first_s: float = FIRST_S, wait_s_max: float = WAIT_S_MAX
    ) -> None:
        self._random = random
        self._first_s = first_s
        self._wait_s_max = wait_s_max
        self._ceiling_s = first_s

    def next_s(self) -> float:
        """Return the seconds to wait after one more failure."""
        ceiling_s = self._ceiling_s
        self._ceiling_s = min(self._wait_s_max, ceiling_s * 2)
        return self._random.uniform(0, ceiling_s)

    def reset(self) -> None:
        """Start again from the shortest wait: the last try was good."""
        self._ceiling_s = self._first_s
