"""A real box for the page's tests, on real files and sockets, told by a hub that is not there."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from drivers.fakes.printer import FakePrinter
from edge.app.sessions import Station
from edge.bootstrap import BoxProcess
from edge.config import Config, DiscoveryConfig, HttpConfig, PrinterConfig
from edge.demo.bot import Manner, PackerBot, PickerBot
from edge.demo.client import HttpFloor
from edge.demo.sample import DemoFloor, make_floor
from edge.domain.commands import InstructionAccept
from edge.domain.model import Name
from edge.domain.views import OrderView
from tests.e2e.pda import Pda

SCRYPT_N = 2
"""What a PIN costs here: nobody guesses at it, and there are a hundred boxes."""
MANNER = Manner(idle_rounds_max=1, wait_s=0.1)


class RealBox:
    """A box in this process."""

    def __init__(self, process: BoxProcess, floor: DemoFloor) -> None:
        self.process, self.floor = process, floor
        self._dseq = itertools.count(1)

    async def instruct(self, kind: str, body: Any) -> None:
        """Carry out one instruction."""
        now_us = self.process.clock.now_us()
        data = InstructionAccept(next(self._dseq), kind, now_us, body)
        await self.process.floor.submit(data, via="hub", actor="hub")

    async def order(self, order: str) -> OrderView:
        """Return an order."""
        view = await self.process.reads.order(order)
        assert view is not None
        return view

    async def state(self, order: str) -> str:
        """Return the state of an order."""
        return (await self.order(order)).state


@asynccontextmanager
async def real_box(tmp_path: Path) -> AsyncIterator[RealBox]:
    """A real box with a small floor, a virtual printer and three orders."""
    printer = FakePrinter("tspl", out_dir=tmp_path)
    await printer.start()
    config = Config(
        data=str(tmp_path / "box"),
        http=HttpConfig(host="127.0.0.1", port=0, tls=False, open_devices=True),
        discovery=DiscoveryConfig(enabled=False),
        stations=(Station("S1", Name("一号台", "Station 1"), ("P1",)),),
        printers=(PrinterConfig("P1", "P1", printer.url),),
    )
    process = BoxProcess(config)
    await process.open()
    now_us = process.clock.now_us()
    box = RealBox(process, make_floor(seed=1, now_us=now_us, scrypt_n=SCRYPT_N))
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


async def pick(box: RealBox) -> None:
    """Let a bot pick all there is to pick, and put back all there is to put back."""
    async with HttpFloor(box.process.url, "bot-picker") as floor:
        who = box.floor.logins_of("picker")[-1]
        await PickerBot(floor, who, [f"T-9{n:02d}" for n in range(20)], manner=MANNER).run()


async def ship(box: RealBox) -> None:
    """Let a bot pack, print, prove and hand over all that is picked."""

    async def camera(waybill: str) -> str:
        return waybill

    async with HttpFloor(box.process.url, "bot-packer") as floor:
        who = box.floor.logins_of("packer")[-1]
        await PackerBot(floor, who, "S1", camera, manner=MANNER).run()


async def login(pda: Pda, box: RealBox, role: str) -> None:
    """Sign in somebody with `role`."""
    who = box.floor.logins_of(role)[0]
    await pda.sign_in(who.badge, who.pin)


async def begin_task(pda: Pda, box: RealBox) -> None:
    """Sign a picker in, and take the first task that is shown."""
    await login(pda, box, "picker")
    await pda.until("document.querySelector('.row') !== null")
    await pda.scan("@C:OK")
    await pda.sees("扫一个空周转箱")


async def read(pda: Pda, path: str) -> Any:
    """Read from the API as the page would."""
    return await pda.page.evaluate("(path) => fetch('/api/v1' + path).then((r) => r.json())", path)
