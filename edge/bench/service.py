"""Start and memory of the service with 50,000 orders on disk."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.bench.child import serving, until_healthy
from edge.bench.figures import Figure, median
from edge.bench.floor import BenchFloor

ORDERS: Final = 50_000
STARTS: Final = 3
RESTART_S: Final = 0.5
"""`RestartSec` of floorgate.service: how long systemd waits before it starts the box again."""
RECOVERY_S_MAX: Final = 2.0
IDLE_MIB_MAX: Final = 90
FULL_MIB_MAX: Final = 150


def service_figures(folder: Path, progress: Callable[[str], None]) -> list[Figure]:
    """Measure start to first answer and resident memory, empty and full."""
    empty = folder / "empty"
    empty.mkdir()
    with serving(empty) as child:
        asyncio.run(until_healthy(child))
        idle = child.resident_mib
    full = folder / "full"
    full.mkdir()
    floor = BenchFloor(full / "floor.db")
    floor.stock_up()
    for at in range(0, ORDERS, 5_000):
        progress(f"{at} of {ORDERS} orders")
        floor.assign(range(at, at + 5_000), lines=2)
    floor.store.close()
    starts, resident = [], 0.0
    for _ in range(STARTS):
        begun = time.monotonic()
        with serving(full) as child:
            starts.append(asyncio.run(until_healthy(child)) - begun)
            resident = child.resident_mib
    return [
        Figure("start to first answer, 50,000 orders on disk", "s", median(starts),
               (min(starts), max(starts)), target="≤ 1.0 s", met=median(starts) <= 1.0),
        Figure("killed to first answer under systemd, 50,000 orders", "s",
               RESTART_S + median(starts), (RESTART_S + min(starts), RESTART_S + max(starts)),
               target="≤ 2 s", met=RESTART_S + median(starts) <= RECOVERY_S_MAX),
        Figure("resident memory, idle", "MiB", idle, target="≤ 90 MiB", met=idle <= IDLE_MIB_MAX),
        Figure("resident memory, 50,000 orders", "MiB", resident, target="≤ 150 MiB",
               met=resident <= FULL_MIB_MAX),
    ]  # fmt: skip
