"""What the driver tests share: the sample waybill as a raster, and printers with short waits."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from drivers.api import Printer, Raster, builtin_template, fake_printer, render_label, sample_data
from drivers.fakes.printer import FakePrinter
from drivers.labelprinter import Waits
from drivers.registry import make_printer

Pair = tuple[FakePrinter, Printer]


@pytest.fixture(scope="session")
def waybill() -> Raster:
    return render_label(builtin_template("waybill"), sample_data("waybill"))


@pytest.fixture(scope="session")
def small() -> Raster:
    """A label of 16 × 2 dots: one black corner, the rest white."""
    return Raster(16, 2, 203, b"\xf0\x00\x00\x01")


@pytest.fixture
def printing() -> Callable[..., AbstractAsyncContextManager[Pair]]:
    """Return a function that runs a virtual printer and an open driver for it."""

    @asynccontextmanager
    async def run(lang: str, reply_s: float = 5.0) -> AsyncIterator[Pair]:
        fake = fake_printer(lang)  # type: ignore[arg-type]
        await fake.start()
        printer = make_printer(fake.url, Waits(reply_s, idle_s=0.2, poll_s=0.01))
        await printer.open()
        try:
            yield fake, printer
        finally:
            await printer.close()
            await fake.stop()

    return run
