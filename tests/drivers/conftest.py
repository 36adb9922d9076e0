"""What the driver tests share: the sample waybill as a raster, and printers with short waits."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from drivers.api import Printer, Raster, builtin_template, fake_printer, render_label, sample_data
from drivers.fakes.printer import FakePrinter
from drivers.labelprinter import Waits
from drivers.registry import make_printer

WAITS = Waits(reply_s=0.3, idle_s=0.3, poll_s=0.01)

Pair = tuple[FakePrinter, Printer]


@pytest.fixture(scope="session")
def waybill() -> Raster:
    return render_label(builtin_template("waybill"), sample_data("waybill"))


@pytest.fixture(scope="session")
def small() -> Raster:
    """A label of 16 × 2 dots: one black corner, the rest white."""
    return Raster(16, 2, 203, b"\xf0\x00\x00\x01")


@pytest.fixture
def printing() -> Callable[[str], AbstractAsyncContextManager[Pair]]:
    """Return a function that runs a virtual printer and an open driver for it."""

    @asynccontextmanager
    async def run(lang: str) -> AsyncIterator[Pair]:
        fake = fake_printer(lang)  # type: ignore[arg-type]
        await fake.start()
        printer = make_printer(fake.url, WAITS)
        await printer.open()
        try:
            yield fake, printer
        finally:
            await printer.close()
            await fake.stop()

    return run
