"""Simulated worlds: FLOW-4, FRZ-1, FRZ-2, PICK-5, SYNC-1, SYNC-2, PRN-2, AUD-1.

Hub, box, printers, a picker and a packer run in one thread on a virtual clock, with lost, doubled
and late messages, cut links, power cuts before and after commits, and printers that fail.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from edge.sim.summary import Judged, judge, rerun

SEEDS = 200
CHUNKS = 8
SOAK_S = 900.0 if os.environ.get("FLOORGATE_SOAK") else 0.0
"""How long further worlds are run, beyond the first ones, by `make soak`."""


def seeds(chunk: int) -> Iterator[int]:
    """The worlds of one chunk: always the same first ones, then others on every day."""
    yield from range(chunk, SEEDS, CHUNKS)
    until_s = time.monotonic() + SOAK_S / CHUNKS
    further = time.time_ns() // 1_000_000_000 * 1_000
    while time.monotonic() < until_s:
        further += CHUNKS
        yield further + chunk


@pytest.mark.timeout(SOAK_S + 300)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_is_wrong_with_any_world(
    chunk: int, record_property: Callable[[str, object], None]
) -> None:
    """No checker finds anything: FLOW-4, FRZ-1, FRZ-2, PICK-5, SYNC-1, SYNC-2, PRN-2, AUD-1."""
    worlds: list[Judged] = []
    for seed in seeds(chunk):
        world = judge(seed)
        assert world.found == (), f"run it again by: {rerun(seed)}"
        worlds.append(world)
    record_property("simulated worlds", msgspec.json.encode(worlds).decode())


def run_alone(seed: int, hash_seed: str) -> Judged:
    """Run one world in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "edge", "sim", "--seed", str(seed), "--json"],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    )
    (world,) = msgspec.json.decode(done.stdout)["worlds"]
    return msgspec.convert(world, Judged)


@pytest.mark.parametrize("seed", [3, 10])
def test_a_seed_is_one_world(seed: int) -> None:
    """The same seed gives the same journal to the byte, in this and in every other process."""
    here = judge(seed)
    assert {here.journal, judge(seed).journal} == {here.journal}
    assert [run_alone(seed, each).journal for each in ("1", "2")] == [here.journal] * 2
    assert here.entries > 50


def test_other_seeds_are_other_worlds() -> None:
    """What happens follows from the seed."""
    assert judge(3).journal != judge(4).journal
