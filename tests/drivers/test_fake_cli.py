# ruff: noqa: SIM300 - what is expected stands first
"""`floorgate devices fake`, run as people run it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.api import CopyId, Proof, Raster, open_printer

ONE = CopyId("copy-1")


@pytest.mark.parametrize("lang", ["tspl", "zpl", "escpos"])
async def test_a_virtual_printer_serves_network_and_cable(
    tmp_path: Path, small: Raster, lang: str
) -> None:
    """It says its URLs; both open it, each copy is proved, and each label is a file. PRN-1."""
    words = ["devices", "fake", "--lang", lang, "--pty", str(tmp_path / "tty"), "--json"]
    words += ["--out", str(tmp_path / "out"), "--seconds-per-label", "0"]
    with subprocess.Popen(  # noqa: ASYNC220 - its first line says that it is up
        [sys.executable, "-m", "edge", *words], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())["urls"]
        for url in urls:
            printer = open_printer(url)
            await printer.open()
            mark = await printer.mark()
            await printer.send(printer.encode(small, ONE), ONE)
            assert Proof.NONE is not await printer.await_proof(ONE, mark, 10)
            await printer.close()
        process.terminate()
        assert 0 == process.wait(10)
    assert ["tcp", "serial"] == [url.split(":")[0] for url in urls]
    assert 2 == len(list((tmp_path / "out").glob(f"{lang}-*.png")))


def test_a_wrong_share_is_explained() -> None:
    """A share of faults beyond 1 is refused in words."""
    words = ["devices", "fake", "--lang", "zpl", "--faults", "7"]
    done = subprocess.run(
        [sys.executable, "-m", "edge", *words], capture_output=True, text=True, check=False
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert "give 0 to 1" in done.stderr
