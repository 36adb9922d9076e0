"""How long the box waits before it tries its hub again."""

from random import Random

from sync.backoff import WAIT_S_MAX, Backoff


def test_waits_grow_to_a_cap_and_start_again() -> None:
    """Each wait is drawn from 0 to a ceiling that doubles up to the cap (SYNC-1)."""

    class Highest(Random):
        def uniform(self, a: float, b: float) -> float:
            assert a == 0
            return b

    backoff = Backoff(Highest())
    assert [backoff.next_s() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, WAIT_S_MAX]
    backoff.reset()
    assert backoff.next_s() == 0.5


def test_a_fleet_does_not_come_back_at_once() -> None:
    """Boxes that lost their hub at one moment spread over the whole wait (SYNC-1)."""
    waits = []
    for seed in range(200):
        backoff = Backoff(Random(seed))
        waits.append([backoff.next_s() for _ in range(8)][-1])
    assert (min(waits) < 3, max(waits) > 27) == (True, True)
