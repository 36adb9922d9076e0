"""Putting the demo's printers to use on a box of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.app.sessions import Station
from edge.bootstrap import BoxProcess
from edge.config import Config, DiscoveryConfig, HttpConfig
from edge.demo.client import HttpFloor
from edge.demo.crew import EYE, people
from edge.demo.fitting import Fitted, Fitter
from edge.demo.site import Site
from edge.demo.stage import Stage
from edge.domain.commands import InstructionAccept
from edge.domain.model import Name
from tests.demo.process import free_base


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """The demo's printers, switched on."""
    stage = Stage(Site(tmp_path, free_base()), lambda _: None)
    for printer in stage.printers:
        await printer.start()
    yield stage
    for printer in stage.printers:
        await printer.stop()


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxProcess]:
    """A box that looks for nothing and knows the demo's people."""
    config = Config(
        data=str(tmp_path / "box"),
        http=HttpConfig(host="127.0.0.1", port=0, tls=False, open_devices=True),
        discovery=DiscoveryConfig(enabled=False),
        stations=tuple(Station(each, Name(each, each), ()) for each in ("S1", "S2")),
    )
    process = BoxProcess(config)
    await process.open()
    body = {"items": people(0, 0, 1)}
    told = InstructionAccept(1, "people.upsert", process.clock.now_us(), body)
    await process.floor.submit(told, via="hub", actor="hub")
    yield process
    await process.close()


async def fit(box: BoxProcess, stage: Stage) -> Fitted:
    async with HttpFloor(box.url, "fitter") as floor:
        return await Fitter(floor, stage.camera, stage.site, find_s=0).fit()


async def printers(box: BoxProcess) -> list[list[str]]:
    """Return the names of each station's printers."""
    async with HttpFloor(box.url, "eye") as floor:
        await floor.sign_in(EYE.badge, EYE.pin)
        stations = (await floor.get("stations"))["stations"]
    return [[printer["name"] for printer in each["printers"]] for each in stations]


async def test_printers_that_nobody_finds_are_named_and_stay_in_use(
    box: BoxProcess, stage: Stage
) -> None:
    """Without announcements the printers are added by address; twice is once (DEV-1, DEV-3)."""
    first = await fit(box, stage)
    again = await fit(box, stage)

    assert (first.found_by, first.proved) == ({"manual": 2}, 2)
    assert (again.found_by, again.proved) == ({"manual": 2}, 2)
    assert await printers(box) == [["TSPL P1", "ZPL P2"], ["ZPL P2", "TSPL P1"]]
    assert [len(printer.labels) for printer in stage.printers] == [1, 1]
    assert stage.camera.printed == 0
