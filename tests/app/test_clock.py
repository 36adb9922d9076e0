"""The machine's clocks."""

import gc

from edge.clock import is_ntp_synchronised


def test_asking_for_the_clocks_state_leaves_nothing_to_collect() -> None:
    """Every group of commands asks: a cycle each would stop scans for 30 ms at a time."""
    is_ntp_synchronised()
    gc.collect()
    for _ in range(10):
        is_ntp_synchronised()
    assert gc.collect() == 0
