# ruff: noqa: SIM300 - what is expected stands first
"""The IPP driver against ippeveprinter, a printer that nobody here wrote."""

import asyncio
import io
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyipp.parser import parse

from drivers.api import CopyId, DriverError, PrinterStatus, Proof, Raster, Reading
from drivers.labelprinter import Waits
from drivers.printers import ipp
from drivers.printers.documents import pwg_raster
from drivers.registry import make_printer
from tests.drivers.ippeve import IppEve, running

ONE, TWO = CopyId("copy-1"), CopyId("copy-2")
ALL = "image/pwg-raster,image/png,application/pdf"


@asynccontextmanager
async def printing(folder: Path, formats: str = ALL) -> AsyncIterator[tuple[IppEve, Any]]:
    async with running(folder, formats) as peer:
        printer = make_printer(peer.url, Waits(poll_s=0.02))
        await printer.open()
        try:
            yield peer, printer
        finally:
            await printer.close()


def dots(raster: Raster) -> np.ndarray:
    packed = np.frombuffer(raster.rows, np.uint8).reshape(raster.height, -1)
    return np.unpackbits(packed, axis=1, count=raster.width)


def png_dots(raw: bytes) -> np.ndarray:
    return 1 - np.asarray(Image.open(io.BytesIO(raw)).convert("1"), np.uint8)


def pwg_dots(raw: bytes) -> np.ndarray:
    """Return the dots of a one-page PWG raster, read as its specification says."""
    assert raw[:4] == b"RaS2"
    width, height = struct.unpack_from(">2I", raw, 4 + 372)
    bits, line_bytes = struct.unpack_from(">2I", raw, 4 + 388)
    rows, at = [], 4 + 1796
    while at < len(raw):
        repeats, line = raw[at] + 1, b""
        at += 1
        while len(line) < line_bytes:
            code = raw[at]
            size = 257 - code if code > 128 else 1
            line += raw[at + 1 : at + 1 + size] * (1 if code > 128 else code + 1)
            at += 1 + size
        rows += [line] * repeats
    assert len(rows) == height
    flat = np.frombuffer(b"".join(rows), np.uint8).reshape(height, line_bytes)
    return np.unpackbits(flat, axis=1, count=width) if bits == 1 else (flat < 128).astype(np.uint8)


async def test_a_copy_is_one_job_and_its_state_the_proof(tmp_path: Path, waybill: Raster) -> None:
    """Each copy is a job of its own name, completed once, its dots as they were. PRN-1, PRN-4."""
    async with printing(tmp_path) as (peer, printer):
        for copy_id in (ONE, TWO):
            copy = printer.encode(waybill, copy_id)
            assert await printer.mark() is None
            assert len(copy) == await printer.send(copy, copy_id)
            assert Proof.JOB_STATE is await printer.await_proof(copy_id, None, 10)
        assert 2 == len(peer.documents)
        assert "Deli Page" == await printer.probe()


@pytest.mark.parametrize(
    ("formats", "dpi", "suffix"),
    [("image/pwg-raster", 300, ".pwg"), ("image/pwg-raster,image/png", 203, ".png")],
)
async def test_the_printer_chooses_the_format(
    tmp_path: Path, waybill: Raster, formats: str, dpi: int, suffix: str
) -> None:
    """A label goes dot for dot where its resolution fits, and as a picture elsewhere. PRN-1."""
    async with printing(tmp_path, formats) as (peer, printer):
        label = Raster(waybill.width, waybill.height, dpi, waybill.rows)
        await printer.send(printer.encode(label, ONE), ONE)
        assert Proof.JOB_STATE is await printer.await_proof(ONE, None, 10)
        (document,) = peer.documents
        assert suffix == document.suffix
        read = pwg_dots if suffix == ".pwg" else png_dots
        assert np.array_equal(dots(waybill), read(document.read_bytes()))


async def test_an_aborted_job_proves_nothing(tmp_path: Path, small: Raster) -> None:
    """A job that the printer gives up is not claimed. PRN-4."""
    async with printing(tmp_path) as (peer, printer):
        peer.job("exit 1")
        await printer.send(printer.encode(small, ONE), ONE)
        assert Proof.NONE is await printer.await_proof(ONE, None, 10)


async def test_a_job_is_found_by_name_after_a_crash(tmp_path: Path, small: Raster) -> None:
    """A second service asks for the copy by its name, and does not print it again. PRN-2."""
    async with printing(tmp_path) as (peer, printer):
        await printer.send(printer.encode(small, ONE), ONE)
        await printer.close()
        again = make_printer(peer.url, Waits(poll_s=0.02))
        await again.open()
        assert Proof.JOB_STATE is await again.await_proof(ONE, None, 10)
        assert Proof.NONE is await again.await_proof(TWO, None, 0.05)
        await again.close()
        assert 1 == len(peer.documents)


async def test_a_busy_printer_accepts_nothing(tmp_path: Path, small: Raster) -> None:
    """A second copy during a job is refused before it counts, and may be sent again. PRN-3."""
    async with printing(tmp_path) as (peer, printer):
        peer.hold(is_held=True)
        await printer.send(printer.encode(small, ONE), ONE)
        with pytest.raises(DriverError) as caught:
            await printer.send(printer.encode(small, TWO), TWO)
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
        assert "it answers 0x0507" == caught.value.cause
        async with asyncio.timeout(10):
            while not (await printer.status()).busy:  # noqa: ASYNC110 - the peer signals nothing
                await asyncio.sleep(0.02)
        assert Proof.NONE is await printer.await_proof(ONE, None, 0.05)
        peer.hold(is_held=False)
        assert Proof.JOB_STATE is await printer.await_proof(ONE, None, 10)


async def test_an_empty_printer_says_so(tmp_path: Path, small: Raster) -> None:
    """Paper ends in a job: it is named, no more is sent, and with paper the copy counts. PRN-5."""
    async with printing(tmp_path) as (peer, printer):
        peer.hold(is_held=True)
        peer.job(
            f"echo 'STATE: +media-empty' >&2; while [ -e {tmp_path}/empty ]; do sleep 0.02; done"
        )
        (tmp_path / "empty").touch()
        await printer.send(printer.encode(small, ONE), ONE)
        peer.hold(is_held=False)
        async with asyncio.timeout(10):
            while not (status := await printer.status()).faults:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert (("paper",), True) == (status.faults, status.busy)
        with pytest.raises(DriverError, match="paper") as caught:
            await printer.send(printer.encode(small, TWO), TWO)
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
        (tmp_path / "empty").unlink()
        assert Proof.JOB_STATE is await printer.await_proof(ONE, None, 10)


async def test_cancel_ends_the_job(tmp_path: Path, small: Raster) -> None:
    """After cancel the held job is over, unproved. PRN-2."""
    async with printing(tmp_path) as (peer, printer):
        peer.hold(is_held=True)
        await printer.send(printer.encode(small, ONE), ONE)
        await peer.begins()
        await printer.cancel()
        peer.hold(is_held=False)
        assert Proof.NONE is await printer.await_proof(ONE, None, 5)


async def test_closing_ends_a_wait(tmp_path: Path, small: Raster) -> None:
    """close() at any time; a wait for proof then ends with an error. PRN-4."""
    async with printing(tmp_path) as (peer, printer):
        peer.hold(is_held=True)
        await printer.send(printer.encode(small, ONE), ONE)
        waiting = asyncio.create_task(printer.await_proof(ONE, None, 30))
        await asyncio.sleep(0)
        await printer.close()
        with pytest.raises(DriverError) as caught:
            await waiting
        assert not caught.value.is_retryable
        with pytest.raises(DriverError, match="not connected"):
            await printer.status()


async def test_nobody_there_is_retryable(unused_tcp_port: int) -> None:
    """Without a printer at the address nothing was sent. PRN-3."""
    printer = make_printer(f"ipp://127.0.0.1:{unused_tcp_port}/ipp/print")
    for call in (printer.open, printer.probe):
        with pytest.raises(DriverError) as caught:
            await call()
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
    await printer.close()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 404 No\r\n\r\n", b"hello\r\n", b"\xff" * 64])
async def test_what_is_no_ipp_printer_is_not_taken_for_one(said: bytes) -> None:
    """Whatever else listens there: probe says None and open fails clearly. DEV-2."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    printer = make_printer(f"ipp://127.0.0.1:{port}/ipp/print")
    assert await printer.probe() is None
    with pytest.raises(DriverError):
        await printer.open()
    server.close()
    await server.wait_closed()


async def test_a_connection_lost_in_the_middle_leaves_it_open(small: Raster) -> None:
    """A printer that dies with the job half taken may have it: no leave to resend. PRN-2."""
    charset = b"\1\x47\0\x12attributes-charset\0\5utf-8"
    idle = b"\1\1\0\0\0\0\0\1" + charset + b"\4\x23\0\x0dprinter-state\0\4\0\0\0\3\3"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(size)
        if body[2:4] == b"\0\x0b":
            kind = b"Content-Type: application/ipp\r\nConnection: close\r\n"
            writer.write(
                b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (kind, len(idle), idle)
            )
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    printer = make_printer(f"ipp://127.0.0.1:{server.sockets[0].getsockname()[1]}/ipp/print")
    await printer.open()
    copy = printer.encode(small, ONE)
    with pytest.raises(DriverError) as caught:
        await printer.send(copy, ONE)
    assert (len(copy), False) == (caught.value.bytes_out, caught.value.is_retryable)
    await printer.close()
    server.close()
    await server.wait_closed()


OK, BAD, UNKNOWN = Reading.OK, Reading.BAD, Reading.UNKNOWN
REASONS = [  # RFC 8011, 5.4.12
    (3, "none", ()),
    (3, ["media-low-warning", "marker-supply-low-report"], ()),
    (5, ["media-empty-error"], ("paper",)),
    (5, "media-needed", ("paper",)),
    (3, "media-empty-report", ()),
    (5, ["door-open", "media-jam-error"], ("online", "head")),
    (5, "cover-open-warning", ("head",)),
    (5, "marker-supply-empty-error", ("ribbon",)),
    (5, "paused", ("paused",)),
    (5, "none", ("online",)),
    (3, "vendor-strange-error", ("online",)),
    (3, "vendor-strange-warning", ()),
]


@pytest.mark.parametrize(("state", "reasons", "faults"), REASONS)
def test_reasons_are_parts(state: int, reasons: Any, faults: tuple[str, ...]) -> None:
    """Each reason is the part that a person must look at. PRN-5."""
    said = {"printer-state": state, "printer-state-reasons": reasons}
    assert faults == ipp.parse_status(said).faults


def test_a_printer_without_a_state_tells_nothing() -> None:
    """What is not said is unknown, never well. PRN-5."""
    assert PrinterStatus() == ipp.parse_status({})
    assert UNKNOWN is ipp.parse_status({"printer-state": 3}).ribbon


def test_pwg_raster_in_both_depths(waybill: Raster) -> None:
    """A reader written to the specification finds the same dots in black_1 and sgray_8. PRN-1."""
    for is_gray in (False, True):
        assert np.array_equal(dots(waybill), pwg_dots(pwg_raster(waybill, is_gray=is_gray)))


@settings(max_examples=200, deadline=None)
@given(
    raw=st.binary(max_size=120) | st.builds(lambda tail: b"\1\1\0\0\0\0\0\1\4" + tail, st.binary())
)
def test_any_answer_is_refused_or_read_to_its_end(raw: bytes) -> None:
    """Whatever a printer answers, checking it ends, and what is sound does not hang the parser."""
    if ipp.is_sound(raw):
        try:
            reply = parse(raw)
        except Exception:  # noqa: BLE001 - the driver turns it into its own error
            return
        for found in reply["printers"]:
            ipp.parse_status(found)
            ipp.takes(found).format(203)
