"""How long a fixed scanner's code takes from the wire to its handler."""

import asyncio
import gc
import os
import pty
import threading
import tty
from collections.abc import Callable
from time import perf_counter
from typing import Final

from edge.bench.figures import Figure, median, percentile

SCANS: Final = 300
ROUNDS: Final = 5
"""In turns with floor and peer, so that what else the machine does meets all three."""
CODE: Final = b"6901234567892\r\n"
TARGETS: Final = (("p50", 0.5, 0.15), ("p99", 0.99, 0.6))
"""Milliseconds on a quiet machine."""
RATIO_TARGET: Final = 2.5
"""Times the floor, where the machine is busy: framing and the handler's task come on top."""
READ_BYTES: Final = 4_096
CODE_S_MAX: Final = 5.0


def run(say: Callable[[str], None]) -> list[Figure]:
    """Measure our serial scanner beside a bare reader and a pyserial thread, each on a pty."""
    import uvloop  # noqa: PLC0415 - what the box runs on

    ours, bare, peer = [], [], []
    gc.collect()
    gc.freeze()  # as the box does once it has started
    for n in range(1, ROUNDS + 1):
        say(f"round {n} of {ROUNDS}: {SCANS} scans, ours, a bare reader, a pyserial thread")
        ours.append(uvloop.run(_ours()))
        bare.append(uvloop.run(_bare()))
        peer.append(_thread())
    gc.unfreeze()
    figures = []
    for name, share, target in TARGETS:
        mine, floors, peers = (
            [percentile(times, share) for times in rounds] for rounds in (ours, bare, peer)
        )
        value, floor = median(mine), median(floors)
        figures.append(
            Figure(
                f"scan → handler, {name}", "ms", value, (min(mine), max(mine)), floor=floor,
                floor_name="bare add_reader", ratio=value / floor,
                target=f"≤ {target}, or ≤ {RATIO_TARGET:g} × the floor",
                met=value <= max(target, RATIO_TARGET * floor),
            )
        )  # fmt: skip
        spread = (min(peers), max(peers))
        figures.append(Figure(f"the same, a pyserial thread, {name}", "ms", median(peers), spread))
    return figures


def _cable() -> tuple[int, int]:
    gun, box = pty.openpty()
    tty.setraw(gun)
    return gun, box


async def _ours() -> list[float]:
    from drivers.api import Scan, open_scanner  # noqa: PLC0415 - only this bench needs it

    gun, box = _cable()
    heard = asyncio.Event()
    there = asyncio.Event()
    times: list[float] = []

    async def hear(_: Scan) -> None:
        times.append((perf_counter() - sent) * 1e3)
        heard.set()

    scanner = open_scanner(f"serial://{os.ttyname(box)}?baud=115200", hear)
    scanner.on_change = lambda _: there.set()
    await scanner.start()
    async with asyncio.timeout(CODE_S_MAX):
        await there.wait()
    for _ in range(SCANS):
        heard.clear()
        sent = perf_counter()
        os.write(gun, CODE)
        async with asyncio.timeout(CODE_S_MAX):
            await heard.wait()
    await scanner.close()
    os.close(gun)
    os.close(box)
    return times


async def _bare() -> list[float]:
    """Return what the loop alone takes: the descriptor is readable, a line is read."""
    gun, box = _cable()
    os.set_blocking(box, False)
    loop = asyncio.get_running_loop()
    heard = asyncio.Event()
    times: list[float] = []
    held = b""

    def read() -> None:
        nonlocal held
        held += os.read(box, READ_BYTES)
        if held.endswith(b"\n"):
            times.append((perf_counter() - sent) * 1e3)
            held = b""
            heard.set()

    loop.add_reader(box, read)
    for _ in range(SCANS):
        heard.clear()
        sent = perf_counter()
        os.write(gun, CODE)
        async with asyncio.timeout(CODE_S_MAX):
            await heard.wait()
    loop.remove_reader(box)
    os.close(gun)
    os.close(box)
    return times


def _thread() -> list[float]:
    import serial  # noqa: PLC0415 - only this peer needs it

    gun, box = _cable()
    port = serial.Serial(os.ttyname(box), 115_200, timeout=CODE_S_MAX)
    heard = threading.Event()
    times: list[float] = []

    def listen() -> None:
        for _ in range(SCANS):
            port.readline()
            times.append((perf_counter() - sent) * 1e3)
            heard.set()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    for _ in range(SCANS):
        heard.clear()
        sent = perf_counter()
        os.write(gun, CODE)
        heard.wait(CODE_S_MAX)
    thread.join(CODE_S_MAX)
    port.close()
    os.close(gun)
    os.close(box)
    return times
