"""`floorgate bench devices`, discovery: ten printers found and identified, a move followed.

The quiet LAN is the loopback network: five printers announce themselves, five are silent and must
be swept. A move is an announced printer that comes back at another port under its UUID.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from drivers.api import (
    Device,
    Settings,
    Source,
    State,
    announce_printer,
    fake_printer,
    make_discovery,
)
from edge.bench.figures import Figure, median

PRINTERS: Final = 10
ROUNDS: Final = 3
FIND_TARGET_S: Final = 5.0
FOLLOW_TARGET_S: Final = 10.0


def run(say: Callable[[str], None]) -> list[Figure]:
    """Measure how soon printers are found, and found again; takes about twenty seconds."""
    say(f"{PRINTERS} printers to find, {ROUNDS} rounds")
    return asyncio.run(discovery_figures())


async def discovery_figures() -> list[Figure]:
    """Measure."""
    found: list[float] = []
    followed: list[float] = []
    for _ in range(ROUNDS):
        find_s, follow_s = await _round()
        found.append(find_s)
        followed.append(follow_s)
    return [
        Figure(
            name,
            "s",
            median(values),
            (min(values), max(values)),
            target=f"≤ {target_s:g} s",
            met=median(values) <= target_s,
        )
        for name, values, target_s in (
            ("ten printers found and identified", found, FIND_TARGET_S),
            ("a printer's new address followed", followed, FOLLOW_TARGET_S),
        )
    ]


def _txt(n: int) -> dict[str, str]:
    return {"UUID": f"9e1c4b7a-{n:04}-4c3d-8e2f-bench"}


async def _round() -> tuple[float, float]:
    printers = [fake_printer("zpl" if n % 2 else "tspl") for n in range(PRINTERS)]
    for printer in printers:
        await printer.start()
    announced, silent = printers[: PRINTERS // 2], printers[PRINTERS // 2 :]
    services = [announce_printer(f"Bench {n}", p.port, _txt(n)) for n, p in enumerate(announced)]
    settings = Settings(
        networks=("127.0.0.1/32",),
        interfaces=("127.0.0.1",),
        sources=(Source.MDNS, Source.SWEEP, Source.PROBE, Source.SNMP),
        sweep_ports=tuple(each.port for each in silent),
    )
    changed = asyncio.Event()

    def tell(_: Device) -> None:
        changed.set()

    discovery = make_discovery(settings, lambda: time.monotonic_ns() // 1_000, on_change=tell)
    try:
        for service in services:
            await service.start()
        start = time.monotonic()
        await discovery.start()
        while sum(each.state is State.IDENTIFIED for each in discovery.devices()) < PRINTERS:
            await changed.wait()
            changed.clear()
        found_s = time.monotonic() - start
        moved = fake_printer("tspl")
        printers.append(moved)
        await moved.start()
        start = time.monotonic()
        await services[0].stop()
        services[0] = announce_printer("Bench 0", moved.port, _txt(0))
        await services[0].start()
        url = f"tcp://127.0.0.1:{moved.port}"
        while not any(url in each.urls for each in discovery.devices()):
            await changed.wait()
            changed.clear()
        return found_s, time.monotonic() - start
    finally:
        await discovery.stop()
        for service in services:
            await service.stop()
        for printer in printers:
            await printer.stop()
