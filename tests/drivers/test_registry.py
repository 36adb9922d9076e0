import subprocess
import sys

import pytest

from drivers.api import DriverError, open_printer
from drivers.labelprinter import TsplPrinter, ZplPrinter


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("tcp://10.0.0.9:9100?lang=tspl", TsplPrinter),
        ("tcp://10.0.0.9?lang=tspl&gap_mm=3", TsplPrinter),
        ("tcp://[::1]:9101?lang=zpl", ZplPrinter),
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
        ("usb://x?lang=zpl", "no way to reach 'usb' devices"),
        ("tcp://?lang=zpl", "no way to reach 'tcp' devices"),
        ("tcp://h:99999?lang=zpl", "Port out of range 0-65535"),
        ("tcp://h?lang=tspl&gap_mm=wide", "could not convert string to float: 'wide'"),
        ("tcp://h?lang=tspl&gap_mm=nan", "not understood: gap_mm"),
        ("tcp://h?lang=zpl&speed=9", "not understood: speed"),
    ],
)
def test_a_wrong_url_is_explained(url: str, cause: str) -> None:
    """A URL that cannot be used says why, and how one is written."""
    with pytest.raises(DriverError) as caught:
        open_printer(url)
    assert cause == caught.value.cause
    assert "tcp://10.0.0.9:9100?lang=tspl" in caught.value.hint


def test_the_door_is_light() -> None:
    """Importing drivers.api loads neither numpy nor Pillow nor fonts nor asyncio."""
    code = (
        "import sys, drivers.api; print(*sorted({'numpy','PIL','zint','asyncio'} & {*sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == ""
