import subprocess
import sys

import pytest

from drivers.api import DriverError, open_printer
from drivers.ippprinter import IppPrinter
from drivers.labelprinter import EscposPrinter, TsplPrinter, ZplPrinter
from drivers.registry import EXAMPLES


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("tcp://10.0.0.9:9100?lang=tspl", TsplPrinter),
        ("tcp://10.0.0.9?lang=tspl&gap_mm=3", TsplPrinter),
        ("tcp://[::1]:9101?lang=zpl", ZplPrinter),
        ("serial:///dev/ttyUSB0?baud=115200&flow=rtscts&lang=zpl", ZplPrinter),
        ("usb:///dev/usb/lp0?lang=escpos&proof=token", EscposPrinter),
        ("ipp://10.0.0.9", IppPrinter),
        ("ipps://10.0.0.9:443/ipp/print?lang=ipp", IppPrinter),
    ],
)
def test_a_url_names_its_driver(url: str, kind: type) -> None:
    """A printer's URL says how it is reached and what it speaks. DEV-2."""
    assert kind is type(open_printer(url))


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("tcp://10.0.0.9", "no printer language ''"),
        ("tcp://10.0.0.9?lang=pcl", "no printer language 'pcl'"),
        ("lpd://x?lang=zpl", "no way to reach 'lpd' devices, only tcp, serial, usb, ipp, ipps"),
        ("usb://x?lang=zpl", "the device's path is missing (three strokes before it: ///dev/…)"),
        ("serial:///?lang=zpl", "the device's path is missing (three strokes before it: ///dev/…)"),
        ("serial:///dev/x?lang=zpl&baud=1", "no port runs at 1 baud"),
        ("serial:///dev/x?lang=zpl&flow=dtr", "no flow control 'dtr'"),
        ("tcp://?lang=zpl", "the host is missing"),
        ("ipp:///ipp/print", "the host is missing"),
        ("ipp://h?lang=zpl", "an IPP printer's lang is ipp, or left out"),
        ("tcp://h?lang=escpos&proof=odometer", "no such proof 'odometer'"),
        ("tcp://h:99999?lang=zpl", "Port out of range 0-65535"),
        ("tcp://h?lang=tspl&gap_mm=wide", "could not convert string to float: 'wide'"),
        ("tcp://h?lang=tspl&gap_mm=nan", "no stock has a gap of nan mm"),
        ("tcp://h?lang=zpl&speed=9", "not understood: speed"),
    ],
)
def test_a_wrong_url_is_explained(url: str, cause: str) -> None:
    """A URL that cannot be used says why, and how one is written."""
    with pytest.raises(DriverError) as caught:
        open_printer(url)
    assert cause == caught.value.cause
    assert all(example in caught.value.hint for example in EXAMPLES)


@pytest.mark.parametrize("url", EXAMPLES)
def test_what_the_hint_shows_works(url: str) -> None:
    """Each way that the hint names is understood."""
    open_printer(url)


def loaded(code: str, *heavy: str) -> list[str]:
    """Return which of `heavy` a process of its own has loaded after `code`."""
    code = f"import sys; {code}; print(*sorted({set(heavy)} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_door_is_light() -> None:
    """Importing drivers.api loads neither numpy nor Pillow nor fonts nor asyncio nor transports."""
    heavy = ("numpy", "PIL", "zint", "asyncio", "serial", "pyipp")
    assert loaded("import drivers.api", *heavy) == []


def test_a_printer_in_use_loads_nothing_that_draws() -> None:
    """A box that only watches its label printers keeps the memory that drawing takes."""
    opened = "".join(f"open_printer('tcp://x?lang={each}'); " for each in ("tspl", "zpl", "escpos"))
    code = f"from drivers.api import open_printer; {opened}"
    assert loaded(code.rstrip("; "), "numpy", "PIL", "zint", "pyipp") == []
