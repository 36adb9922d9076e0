"""The page against the real box, on real files and sockets: one order from shelf to carrier."""

import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from drivers.fakes.printer import FakePrinter
from edge.app.sessions import Station
from edge.bootstrap import BoxProcess
from edge.config import Config, HttpConfig, PrinterConfig
from edge.demo.sample import DemoFloor, make_floor
from edge.domain.commands import InstructionAccept
from edge.domain.model import Name
from tests.e2e.pda import Pda, open_context

pytestmark = pytest.mark.asyncio(loop_scope="session")
STEPS_MAX = 60


class RealBox:
    """A box in this process, told by a hub that is not there."""

    def __init__(self, process: BoxProcess, floor: DemoFloor) -> None:
        self.process, self.floor = process, floor
        self._dseq = itertools.count(1)

    async def instruct(self, kind: str, body: Any) -> None:
        """Carry out one instruction."""
        now_us = self.process.clock.now_us()
        data = InstructionAccept(next(self._dseq), kind, now_us, body)
        await self.process.floor.submit(data, via="hub", actor="hub")

    async def state(self, order: str) -> str:
        """Return the state of an order."""
        view = await self.process.reads.order(order)
        assert view is not None
        return view.state


@pytest_asyncio.fixture(loop_scope="session")
async def box(tmp_path: Path) -> AsyncIterator[RealBox]:
    """A real box with a small floor, a virtual printer and three orders."""
    printer = FakePrinter("tspl", out_dir=tmp_path)
    await printer.start()
    config = Config(
        data=str(tmp_path / "box"),
        http=HttpConfig(host="127.0.0.1", port=0, tls=False),
        stations=(Station("S1", Name("一号台", "Station 1"), ("P1",)),),
        printers=(PrinterConfig("P1", "P1", printer.url),),
    )
    process = BoxProcess(config)
    await process.open()
    now_us = process.clock.now_us()
    box = RealBox(process, make_floor(seed=1, now_us=now_us))
    for kind, items in (
        ("catalog.upsert", box.floor.catalog),
        ("location.upsert", box.floor.locations),
        ("people.upsert", box.floor.people),
        ("stock.snapshot", box.floor.stock),
    ):
        await box.instruct(kind, {"items": list(items)})
    for pool in box.floor.pools:
        await box.instruct("waybill.pool", pool)
    yield box
    await process.close()
    await printer.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def handheld(browser: Browser, box: RealBox) -> AsyncIterator[Callable[[], Any]]:
    """Make handhelds that talk to the real box."""
    made: list[Pda] = []

    async def make() -> Pda:
        pda = await open_context(browser, box.process.url + "/")
        made.append(pda)
        return pda

    yield make
    errors = [error for pda in made for error in pda.errors]
    for pda in made:
        await pda.context.close()
    assert errors == []


async def login(pda: Pda, box: RealBox, role: str) -> None:
    """Sign in somebody with `role`."""
    who = box.floor.logins_of(role)[0]
    await pda.sign_in(who.badge, who.pin)


async def read(pda: Pda, path: str) -> Any:
    """Read from the API as the page would."""
    return await pda.page.evaluate("(path) => fetch('/api/v1' + path).then((r) => r.json())", path)


async def pick_all(pda: Pda) -> None:
    """Scan whatever the task in hand wants next, until nothing is left."""
    totes = itertools.count(1)
    for _ in range(STEPS_MAX):
        session = (await read(pda, "/session"))["session"]
        task = session["task"]
        if task is None or task["current"] is None:
            return
        step = task["steps"][task["current"] - 1]
        order = next(o for o in task["orders"] if o["id"] == step["order"])
        if order["tote"] is None:
            await pda.scan(f"T-{next(totes)}")
        elif task["at"] != step["location"]:
            await pda.scan(step["location"])
        elif step["scanned"]:
            await pda.scan("@C:OK")
        else:
            await pda.scan(step["expect"]["codes"][0])
        await changed(pda, task["rev"])
    raise AssertionError("the pick does not end")


async def changed(pda: Pda, rev: int) -> None:
    """Wait until the task in hand is newer than `rev`, or gone."""
    await pda.until(
        "fetch('/api/v1/session').then((r) => r.json())"
        f".then(({{session}}) => !session.task || session.task.rev > {rev})"
    )


async def test_an_order_from_shelf_to_carrier(box: RealBox, handheld: Callable[[], Any]) -> None:
    """Pick, pack, print, prove and hand over, each by scan on the page (FLOW-4, PDA-2, PICK-1)."""
    await box.instruct("order.assign", box.floor.orders[0])
    pda = await handheld()
    await login(pda, box, "picker")
    await pda.until("document.querySelector('.row') !== null")
    await pda.scan("@C:OK")
    await pda.sees("扫一个空周转箱")
    await pick_all(pda)
    await pda.sees("全部拣完")
    assert await box.state("SO-1001") == "picked"

    packer = await handheld()
    await packer.scan("@S:S1")
    await packer.sees("打包台 S1")
    await login(packer, box, "packer")
    await packer.until("document.querySelector('.row') !== null")
    await packer.scan("T-1")
    await packer.sees("T-1 · 0/2 行")
    pack = await read(packer, "/packing/SO-1001")
    for line in pack["lines"]:
        for _ in range(line["qty"]):
            await packer.scan(line["codes"][0])
    await packer.sees("打印面单")
    await packer.sees("齐了，可以打印面单")
    await packer.scan("@C:OK")
    await packer.sees("扫新打印的面单")
    waybill = (await read(packer, "/packing/SO-1001"))["parcel"]["waybill"]
    await packer.scan(waybill)
    await packer.page.locator(".all-good").wait_for()
    assert await box.state("SO-1001") == "shipped"
    await packer.page.locator("header .menu").click()
    await packer.page.get_by_role("button", name="交接").click()
    await packer.scan(waybill)
    await packer.sees(f"已交接 {waybill}")
    assert await box.state("SO-1001") == "handed_over"


async def test_a_cancel_from_the_hub_stops_the_right_hands(
    box: RealBox, handheld: Callable[[], Any]
) -> None:
    """A freeze alarms the order's picker, who acknowledges by scan (FRZ-2, FRZ-4)."""
    await box.instruct("order.assign", box.floor.orders[0])
    pda = await handheld()
    await login(pda, box, "picker")
    await pda.until("document.querySelector('.row') !== null")
    await pda.scan("@C:OK")
    await pda.sees("扫一个空周转箱")
    await box.instruct("order.freeze", {"order_id": "SO-1001", "category": "cancel"})
    await pda.sees("订单 …1001 已取消，请停止操作")
    await pda.scan("@C:OK")
    await pda.until("!document.querySelector('#alarm').open")
    await pda.sees("已冻结：取消")
    await pda.drained()
    assert await read(pda, "/alarms") == {"alarms": []}
