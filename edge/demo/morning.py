"""A shop's morning: orders reach the hub at their own pace, some are cancelled in mid-pick."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any, Final

from edge.demo.floor import Json
from edge.demo.hub_client import HubClient
from edge.demo.site import DemoError
from sync.api import Import, ImportFault, Order, Return, read_orders, shifted

COUNTDOWN_S: Final = 15
POOL_NUMBERS_MAX: Final = 500
POOL_SPARE: Final = 50
US_PER_S: Final = 1_000_000
FREE: Final = 0.0
"""The speed at which nothing waits."""


def read_morning(path: Path, warehouse: str) -> tuple[Import, str]:
    """Return what an order file says, and a name for its content; raise `DemoError`."""
    try:
        imported = read_orders(path, warehouse=warehouse)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except ImportFault as fault:
        raise DemoError(f"{path}: {fault}") from fault
    except OSError as error:
        raise DemoError(f"{path}: {error.strerror}") from error
    return imported, digest


def pools(orders: Iterable[Order]) -> list[dict[str, Any]]:
    """Return waybill numbers enough for `orders`, in chunks, for each carrier."""
    needed: dict[str, int] = {}
    for order in orders:
        needed[order.carrier] = needed.get(order.carrier, 0) + 1
    found = []
    for carrier, count in sorted(needed.items()):
        numbers = [f"{carrier}8{n:011d}" for n in range(1, count + POOL_SPARE + 1)]
        found += [
            {"carrier": carrier, "numbers": numbers[start : start + POOL_NUMBERS_MAX]}
            for start in range(0, len(numbers), POOL_NUMBERS_MAX)
        ]
    return found


class Morning:
    """Sends the orders and returns of a file to the hub, each at its time; 1 h in 1 h / `speed`."""

    def __init__(self, hub: HubClient, box: str, imported: Import, *, speed: float) -> None:
        self.is_over = False
        self._hub = hub
        self._box = box
        self._speed = speed
        events: list[tuple[int, Order | Return]] = [
            *((order.paid_at, order) for order in imported.orders),
            *((note.issued_at, note) for note in imported.returns),
        ]
        self._events = sorted(events, key=lambda event: event[0])

    async def run(self) -> None:
        """Return when everything is with the hub."""
        begun_s = time.monotonic()
        begun_us = time.time_ns() // 1_000
        place = 0
        while place < len(self._events):
            until = self._due(place, time.monotonic() - begun_s)
            if until == place:
                await asyncio.sleep(self._wait_s(place, time.monotonic() - begun_s))
                continue
            await self._release(self._events[place:until], begun_us)
            place = until
        self.is_over = True

    def _offset_s(self, place: int) -> float:
        """Return when an event is due, s after the start."""
        if self._speed == FREE:
            return 0.0
        return (self._events[place][0] - self._events[0][0]) / US_PER_S / self._speed

    def _wait_s(self, place: int, now_s: float) -> float:
        return max(0.0, self._offset_s(place) - now_s)

    def _due(self, place: int, now_s: float) -> int:
        while place < len(self._events) and self._offset_s(place) <= now_s:
            place += 1
        return place

    async def _release(self, events: list[tuple[int, Order | Return]], begun_us: int) -> None:
        first_us = self._events[0][0]
        scale = self._speed or 1.0
        orders = [
            shifted(each, begun_us + int((at_us - first_us) / scale) - at_us)
            for at_us, each in events
            if isinstance(each, Order)
        ]
        if orders:
            await self._hub.assign(orders)
        for _, each in events:
            if isinstance(each, Return):
                await self._hub.ask_return(self._box, each)


class Canceller:
    """Cancels a share of the orders at the hub while they are being picked (FRZ-1)."""

    def __init__(
        self, hub: HubClient, *, share: float, seed: int, speed: float, say: Callable[[str], None]
    ) -> None:
        self.asked: list[str] = []
        self._hub = hub
        self._share = share
        self._seed = seed
        self._say = say
        self._countdown_s = max(1, round(COUNTDOWN_S / speed)) if speed else 1
        self._met: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def observe(self, frame: Json) -> None:
        """Look at what the box pushed: an order's first picked piece may be its last."""
        if not self._share or frame["t"] != "entry" or frame["entry"]["kind"] != "pick.scanned":
            return
        order = frame["entry"]["subject"].removeprefix("order:")
        if order in self._met:
            return
        self._met.add(order)
        if Random(f"{self._seed} {order}").random() < self._share:  # noqa: S311 - a seeded draw
            task = asyncio.create_task(self._cancel(order))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @property
    def is_idle(self) -> bool:
        """Nothing is on its way to the hub."""
        return not self._tasks

    async def _cancel(self, order: str) -> None:
        body = {"reason": "customer", "countdown_s": self._countdown_s}
        try:
            await self._hub.post(f"orders/{order}/cancel", body)
        except DemoError as error:
            self._say(str(error))
        else:
            self.asked.append(order)
