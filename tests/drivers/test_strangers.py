# ruff: noqa: SIM300 - what is expected stands first
"""Programs that nobody here wrote drive the virtual printers, or judge what ours is sent."""

import asyncio
import io
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from drivers.api import Raster, fake_printer, raster_png, sample_data
from drivers.fakes.printer import FakePrinter


def codes_on(raster: Raster) -> set[str]:
    packed = np.frombuffer(raster.rows, np.uint8).reshape(raster.height, -1)
    grey = np.where(np.unpackbits(packed, axis=1) == 1, 0, 255).astype(np.uint8)
    return {found.text for found in zxingcpp.read_barcodes(np.pad(grey, 20, constant_values=255))}


async def until_out(fake: FakePrinter) -> Raster:
    async with asyncio.timeout(30):
        while not fake.labels:  # noqa: ASYNC110 - the label comes out of another program's work
            await asyncio.sleep(0.02)
    return fake.labels[0].raster


class Socket:
    """What labeljetty calls a connection, over TCP instead of USB."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 5)

    def send(self, data: str | bytes) -> None:
        self._socket.sendall(data.encode() if isinstance(data, str) else data)

    def query(self, data: bytes, *, raw: bool) -> bytes:
        assert raw
        self.send(data)
        return self._socket.recv(64)

    def close(self) -> None:
        self._socket.close()


async def test_labeljetty_drives_the_virtual_tspl_printer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's TSPL encoder and status decoder find a TSPL printer in ours. PRN-1, PRN-5."""
    types = ModuleType("PIL._typing")  # it imports one name of a private module that moved
    types.StrOrBytesPath = Any  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "PIL._typing", types)
    from labeljetty.printer.tspl import TSPLPrinter  # noqa: PLC0415 - slow to load

    picture = Image.new("1", (320, 240), 1)
    for at in range(0, 240, 3):
        picture.putpixel((at, at), 0)
    fake = fake_printer("tspl")
    await fake.start()

    def drive() -> list[Any]:
        line = Socket(fake.port)
        stranger = TSPLPrinter(line, 40, 30)
        fine = stranger.get_status()
        stranger._render_and_print_image(picture)
        while not fake.labels:
            stranger.get_status()
        fake.paper_out = True
        empty = stranger.get_status()
        line.close()
        return [fine, empty]

    fine, empty = await asyncio.to_thread(drive)
    await fake.stop()
    raster = fake.labels[0].raster
    packed = np.frombuffer(raster.rows, np.uint8).reshape(raster.height, -1)
    shown = np.unpackbits(packed, axis=1)[:240, :320]
    assert np.array_equal(~np.asarray(picture), shown.astype(bool))
    assert (True, False) == (fine.ready, fine.paper_empty)
    assert empty.paper_empty
    assert [] == fake.problems


async def test_lprint_drives_the_virtual_zpl_printer(tmp_path: Path, waybill: Raster) -> None:
    """A stranger's driver prints a waybill on our ZPL printer, and its codes can be read. PRN-1."""
    fake = fake_printer("zpl")
    await fake.start()
    picture = tmp_path / "waybill.png"
    Image.open(io.BytesIO(raster_png(waybill))).convert("L").save(picture)  # it reads 8 bits only
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = os.environ | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    options = [f"server-port={port}", "server-name=localhost", "listen-hostname=localhost"]
    options += [f"spool-directory={tmp_path}/spool", f"log-file={tmp_path}/log"]
    command = ["lprint", "server", *(word for each in options for word in ("-o", each))]
    try:
        server = subprocess.Popen(  # noqa: ASYNC220 - it starts at once
            command, env=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except FileNotFoundError:
        pytest.fail("lprint is missing: apt install lprint")
    try:
        there = ["-u", f"ipp://localhost:{port}/", "-d", "t1"]
        driver = ["-v", f"socket://127.0.0.1:{fake.port}", "-m", "zpl_4inch-203dpi-dt"]
        async with asyncio.timeout(20):
            while await _run(home, "add", *there, *driver):  # noqa: ASYNC110 - until it listens
                await asyncio.sleep(0.1)
        assert 0 == await _run(home, "submit", *there, str(picture))
        raster = await until_out(fake)
    finally:
        server.kill()
        server.wait()
        await fake.stop()
    number = sample_data("waybill")["waybill"]
    assert number in codes_on(raster)
    assert any(code.startswith(f"FG1:{number}:") for code in codes_on(raster))
    assert [] == fake.problems


async def _run(environment: dict[str, str], *words: str) -> int:
    process = await asyncio.create_subprocess_exec(
        "lprint", *words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return await process.wait()
