"""What the driver tests share: the sample waybill as a raster, and printers with short waits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.api import Raster, builtin_template, fake_printer, render_label, sample_data
from drivers.labelprinter import Waits
from drivers.registry import make_printer
from tests.drivers.ways import Printing, Rig, at


@pytest.fixture(scope="session")
def waybill() -> Raster:
    return render_label(builtin_template("waybill"), sample_data("waybill"))


@pytest.fixture(scope="session")
def small() -> Raster:
    """A label of 16 × 2 dots: one black corner, the rest white."""
    return Raster(16, 2, 203, b"\xf0\x00\x00\x01")


@pytest.fixture
def printing(tmp_path: Path) -> Printing:
    """Return a function that runs a virtual printer and an open driver for it.

    `way` is a language and a transport: `zpl serial`.
    """

    @asynccontextmanager
    async def run(way: str, reply_s: float = 5.0) -> AsyncIterator[Rig]:
        lang, by = way.split()
        fake = fake_printer(lang)  # type: ignore[arg-type]
        await fake.start()
        url, plug = at(fake, by, tmp_path / "device")
        await plug.plug_in()
        printer = make_printer(url, Waits(reply_s, idle_s=0.2, poll_s=0.01))
        await printer.open()
        try:
            yield fake, printer, plug
        finally:
            await printer.close()
            plug.unplug()
            await fake.stop()

    return run
