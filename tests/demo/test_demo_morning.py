"""Orders of a file reach the hub at the file's pace; their waybill numbers suffice."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.demo.hub_client import HubClient
from edge.demo.morning import POOL_NUMBERS_MAX, Morning, pools, read_morning
from tests.demo.orders import make_csv

ROWS = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n"
    "600001,22,TEA TIN,3,12/1/10 9:00,1.5,1,France\r\n"
    "C600002,22,TEA TIN,-1,12/1/10 9:01,1.5,1,France\r\n"
    "600003,22,TEA TIN,2,12/1/10 9:03,1.5,1,France\r\n"
)
MINUTE_S = 60


class Hub:
    """A hub that writes down what it is told, and when."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float, int]] = []
        self.url = ""

    async def orders(self, request: web.Request) -> web.StreamResponse:
        """Take orders."""
        orders = await request.json()
        for order in orders:
            self.told.append((order["order_id"], time.monotonic(), order["paid_at"]))
        return web.json_response({"ok": True, "orders": [{"is_new": True} for _ in orders]})

    async def instruct(self, request: web.Request) -> web.StreamResponse:
        """Take an instruction."""
        asked: dict[str, Any] = await request.json()
        self.told.append((asked["body"]["order_id"], time.monotonic(), 0))
        return web.json_response({"ok": True})


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A pretended hub on a free port."""
    hub = Hub()
    app = web.Application()
    app.router.add_post("/api/v1/orders", hub.orders)
    app.router.add_post("/api/v1/instructions", hub.instruct)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield hub
    await runner.cleanup()


async def test_orders_and_returns_come_at_the_files_own_pace(tmp_path: Path, hub: Hub) -> None:
    """Three minutes of a file take 0.3 s at 600 times its pace, and the order is kept."""
    path = tmp_path / "morning.csv"
    path.write_text(ROWS)
    imported, _ = read_morning(path, "W1")
    speed = 600.0
    begun_s = time.monotonic()
    async with HubClient(hub.url) as client:
        await Morning(client, "W1-A", imported, speed=speed).run()

    assert [what for what, _, _ in hub.told] == ["600001", "C600002", "600003"]
    due_s = [minutes * MINUTE_S / speed for minutes in (0, 1, 3)]
    early = [at_s - begun_s < due for (_, at_s, _), due in zip(hub.told, due_s, strict=True)]
    assert early == [False, False, False]
    assert hub.told[2][2] - hub.told[0][2] == 3 * MINUTE_S * 1_000_000 / speed


async def test_without_a_pace_nothing_waits(tmp_path: Path, hub: Hub) -> None:
    """At speed 0 a whole file is with the hub at once."""
    path = tmp_path / "morning.csv"
    path.write_text(ROWS)
    imported, _ = read_morning(path, "W1")
    async with HubClient(hub.url) as client:
        await Morning(client, "W1-A", imported, speed=0.0).run()

    assert {what for what, _, _ in hub.told} == {"600001", "C600002", "600003"}


@settings(max_examples=10, deadline=None)
@given(invoices=st.integers(5, 60))
def test_pools_hold_a_number_for_each_order_and_none_twice(
    tmp_path_factory: pytest.TempPathFactory, invoices: int
) -> None:
    """Each carrier has more numbers than orders, in chunks that the hub takes (PRN-6)."""
    path = tmp_path_factory.mktemp("orders") / "morning.csv"
    path.write_bytes(make_csv(seed=1, invoices=invoices))
    imported, _ = read_morning(path, "W1")
    found = pools(imported.orders)
    numbers = [number for pool in found for number in pool["numbers"]]

    assert len(numbers) == len(set(numbers))
    assert max(len(pool["numbers"]) for pool in found) <= POOL_NUMBERS_MAX
    for carrier in {order.carrier for order in imported.orders}:
        held = sum(len(pool["numbers"]) for pool in found if pool["carrier"] == carrier)
        assert held > sum(order.carrier == carrier for order in imported.orders)
