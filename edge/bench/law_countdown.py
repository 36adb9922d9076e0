"""When a countdown has its effect: on a box of this process, whose wall clock jumps meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from edge.app.ports import Committed
from edge.bench.figures import Figure, median
from edge.bench.floor import order_body, stock_lists
from edge.bootstrap import BoxProcess
from edge.clock import SystemClock
from edge.config import BoxConfig, Config, DiscoveryConfig, HttpConfig
from edge.domain.commands import InstructionAccept
from edge.domain.model import Box

FREEZES: Final = 20
COUNTDOWN_S: Final = 15
LATE_S_MAX: Final = 0.1
JUMPS_S: Final = (3_600, -7_200, 86_400)
"""Jumps of the wall clock while the countdowns run."""
DOWN_S: Final = 2.0
"""How long the box is off between two boots."""
US: Final = 1_000_000

Progress = Callable[[str], None]


class _Clock(SystemClock):
    """A machine's clocks, of a boot that a bench began, and with a wall clock that it moves."""

    def __init__(self, boot_id: str) -> None:
        self._boot_id = boot_id
        self._began_us = super().boot_us()
        self.jump_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.jump_us

    def boot_us(self) -> int:
        return super().boot_us() - self._began_us


async def countdown_figures(
    folder: Path, progress: Progress, freezes: int = FREEZES, countdown_s: int = COUNTDOWN_S
) -> list[Figure]:
    """Measure within one boot, and over a reboot in the middle of the countdown."""
    progress(f"{freezes} countdowns of {countdown_s} s, the wall clock jumping")
    late, bare = await _within_a_boot(folder / "steady", freezes, countdown_s)
    progress(f"{freezes} countdowns of {countdown_s} s, a reboot in the middle")
    after = await _over_a_reboot(folder / "rebooted", freezes, countdown_s)
    name = f"countdown of {countdown_s} s → effect, later than due"
    return [
        Figure(f"{name}, one boot, clock jumps", "s", median(late), (min(late), max(late)),
               median(bare), "a bare timer", median(late) / median(bare),
               target=f"−0/+{LATE_S_MAX:g} s", met=0 <= min(late) <= max(late) <= LATE_S_MAX),
        Figure(f"{name}, after a reboot", "s", median(after), (min(after), max(after)),
               target="never later than the original", met=max(after) <= LATE_S_MAX),
    ]  # fmt: skip


async def _within_a_boot(
    folder: Path, freezes: int, countdown_s: int
) -> tuple[list[float], list[float]]:
    """Return by how many s effects were late, and timers beside them that do nothing."""
    clock = _Clock("bench-boot-1")
    async with _running(folder, clock) as box:
        await _stock_up(box)
        found = _Effects(box, freezes, clock.boot_us)
        due, bare = [], []
        for n in range(freezes):
            due.append(await _freeze(box, n, countdown_s, clock.boot_us))
            bare.append(asyncio.create_task(_bare_timer(countdown_s)))
        for jump_s in JUMPS_S:
            await asyncio.sleep(countdown_s / (len(JUMPS_S) + 1))
            clock.jump_us += jump_s * US
        effects = await found.all()
        timers = await asyncio.gather(*bare)
    return [(effects[f"O{n:07}"] - due_us) / US for n, due_us in enumerate(due)], timers


async def _bare_timer(wait_s: int) -> float:
    """Return by how many s a timer of this process is late that does nothing."""
    due_s = time.monotonic() + wait_s
    await asyncio.sleep(wait_s)
    return time.monotonic() - due_s


async def _over_a_reboot(folder: Path, freezes: int, countdown_s: int) -> list[float]:
    first = _Clock("bench-boot-1")
    async with _running(folder, first) as box:
        await _stock_up(box)
        due = [await _freeze(box, n, countdown_s, first.now_us) for n in range(freezes)]
        await asyncio.sleep(countdown_s / 3)
    await asyncio.sleep(min(DOWN_S, countdown_s / 3))
    second = _Clock("bench-boot-2")
    async with _running(folder, second) as box:
        effects = await _Effects(box, freezes, second.now_us).all()
    return [(effects[f"O{n:07}"] - due_us) / US for n, due_us in enumerate(due)]


class _Effects:
    """When each order's freeze had its effect: at the commit, by a clock."""

    def __init__(self, box: BoxProcess, count: int, now_us: Callable[[], int]) -> None:
        self._left = count
        self._now_us = now_us
        self._found: dict[str, int] = {}
        self._done = asyncio.get_running_loop().create_future()
        box.runner.listen(self._on_commit)

    def _on_commit(self, committed: Committed) -> None:
        for draft in committed.drafts:
            if draft.kind == "freeze.closed":
                self._found[draft.data["order"]] = self._now_us()
        if len(self._found) == self._left and not self._done.done():
            self._done.set_result(None)

    async def all(self) -> dict[str, int]:
        """Return the µs of every effect, by order."""
        await self._done
        return self._found


@asynccontextmanager
async def _running(folder: Path, clock: _Clock) -> AsyncIterator[BoxProcess]:
    box = BoxProcess(
        Config(
            data=str(folder),
            box=BoxConfig(id="bench"),
            http=HttpConfig(host="127.0.0.1", port=0, tls=False),
            discovery=DiscoveryConfig(enabled=False),
        )
    )
    box.clock = clock
    await box.open()
    try:
        yield box
    finally:
        await box.close()


async def _tell(box: BoxProcess, kind: str, body: Any) -> None:  # noqa: ANN401 - any body
    known = await box.reader.doc(Box, "box")
    assert isinstance(known, Box)
    data = InstructionAccept(known.dseq + 1, kind, box.clock.now_us(), body)
    outcome = await box.floor.submit(data, via="hub", actor="hub")
    assert "code" not in outcome.answer.facts, outcome


async def _stock_up(box: BoxProcess) -> None:
    kinds = {"catalog": "catalog.upsert", "locations": "location.upsert", "stock": "stock.snapshot"}
    for what, items in stock_lists().items():
        if what in kinds:
            await _tell(box, kinds[what], {"items": items})


async def _freeze(box: BoxProcess, n: int, countdown_s: int, now_us: Callable[[], int]) -> int:
    """Assign an order and cancel it; return when that is due, counted from before it was sent."""
    body = order_body(n, 1, 2)
    await _tell(box, "order.assign", body)
    begun_us = now_us()
    await _tell(box, "order.freeze", {"order_id": body["order_id"], "countdown_s": countdown_s})
    return begun_us + countdown_s * US
