"""A virtual label printer at a real TCP port, with the faults that real ones have.

A label in it when a fault comes is held, and printed again once the fault is mended, as real
printers do. Switches may be turned at any time, from the event loop's thread.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec

from drivers.api import Raster, raster_png
from drivers.fakes.engine import Asked, Engine, Printed
from drivers.fakes.tspl_engine import TsplEngine
from drivers.fakes.zpl_engine import ZplEngine

LABELS_MAX: Final = 500
"""Labels remembered; pictures on disk are not limited."""
BUFFER_LABELS_MAX: Final = 32
"""Labels held before the printer takes no more bytes."""
READ_BYTES_MAX: Final = 4_096


class FakeLabel(msgspec.Struct, frozen=True):
    """One label that came out. `at_s` is seconds since 1970; `path` is None without a folder."""

    n: int
    at_s: float
    copy_id: str
    raster: Raster
    png: bytes
    path: Path | None


class _Switch:
    """A fault that stops printing while it is on."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, printer: "FakePrinter", owner: type | None = None) -> bool:
        return bool(getattr(printer, self._name, False))

    def __set__(self, printer: "FakePrinter", is_on: bool) -> None:
        setattr(printer, self._name, is_on)
        printer.look_again()


class FakePrinter:
    """A TSPL or ZPL printer. `url` opens it through `drivers.api.open_printer`."""

    paper_out = _Switch()
    ribbon_out = _Switch()
    head_open = _Switch()
    paused = _Switch()

    def __init__(
        self,
        lang: Literal["tspl", "zpl"],
        host: str = "127.0.0.1",
        port: int = 0,
        out_dir: Path | None = None,
        model: str = "",
        on_label: Callable[[FakeLabel], None] | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        assert lang in ("tspl", "zpl")
        self.lang = lang
        self.host = host
        self.port = port
        """The port in use once started, where 0 was given."""
        self.out_dir = out_dir
        self.model = model or {"tspl": "FG-TSPL-203", "zpl": "FG-ZPL-203"}[lang]
        self.on_label = on_label
        self._now_s = now_s
        self.labels: deque[FakeLabel] = deque(maxlen=LABELS_MAX)
        self.odometer = 0
        self.problems: list[str] = []
        """What the hosts sent that a real printer would have ignored or misread."""
        self.mute = False
        """Takes everything, answers nothing."""
        self.silent_in_fault = False
        """Does not answer status questions during a fault, as ZPL manuals say."""
        self.cut_after_bytes: int | None = None
        """Break the next connection after so many bytes of it, once."""
        self.bytes_per_s: int | None = None
        """Read no faster than this."""
        self.seconds_per_label = 0.0
        self._server: asyncio.Server | None = None
        self._worker: asyncio.Task[None] | None = None
        self._jobs: asyncio.Queue[tuple[int, Printed, bool]]
        self._jobs = asyncio.Queue(BUFFER_LABELS_MAX)
        self._printing: Printed | None = None
        self._boot = 0
        self._changed = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """How a driver reaches it."""
        return f"tcp://{self.host}:{self.port}?lang={self.lang}"

    @property
    def held(self) -> int:
        """Labels received and not yet out."""
        return self._jobs.qsize() + (self._printing is not None)

    async def start(self) -> None:
        """Listen; nothing happens when started. A port once chosen is kept over restarts."""
        if self._server is not None:
            return
        self._server = await asyncio.start_server(
            self._serve, self.host, self.port, limit=READ_BYTES_MAX
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._worker = asyncio.create_task(self._print_all())

    async def stop(self) -> None:
        """Switch off: what is held is lost. May be called any number of times."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reboot()
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
            self._worker = None

    def reboot(self) -> None:
        """Break all connections and forget what is held; the odometer stays."""
        self._boot += 1
        self._forget()
        for writer in self._writers:
            writer.transport.abort()

    def look_again(self) -> None:
        """Wake the print head: a switch was turned."""
        self._changed.set()

    @property
    def _is_stopped(self) -> bool:
        return self.paper_out or self.ribbon_out or self.head_open or self.paused

    def _forget(self) -> None:
        while not self._jobs.empty():
            self._jobs.get_nowait()
        self._printing = None
        self._changed.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine: Engine = TsplEngine() if self.lang == "tspl" else ZplEngine()
        engine.problems = self.problems
        self._writers.add(writer)
        boot = self._boot
        taken = 0
        try:
            while data := await reader.read(READ_BYTES_MAX):
                if self.bytes_per_s is not None:
                    await asyncio.sleep(len(data) / self.bytes_per_s)
                cut = self.cut_after_bytes
                if cut is not None and taken + len(data) >= cut:
                    data = data[: max(0, cut - taken)]
                taken += len(data)
                for event in engine.feed(data):
                    if isinstance(event, Printed):
                        await self._jobs.put((boot, event, engine.responds))
                    else:
                        self._reply(event, writer)
                if cut is not None and taken >= cut:
                    self.cut_after_bytes = None
                    writer.transport.abort()
                    break
        except OSError:
            pass  # the host is gone
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _print_all(self) -> None:
        while True:
            boot, job, responds = await self._jobs.get()
            self._printing = job if boot == self._boot else None
            while self._printing is job:
                self._changed.clear()
                if self._is_stopped:
                    await self._changed.wait()
                    continue
                try:
                    async with asyncio.timeout(self.seconds_per_label):
                        await self._changed.wait()  # spoilt: begun again, or dropped by a reboot
                except TimeoutError:
                    await self._come_out(job, responds=responds)
                    self._printing = None

    async def _come_out(self, job: Printed, *, responds: bool) -> None:
        n = self.odometer + 1
        path = self.out_dir / f"{self.lang}-{n:05d}.png" if self.out_dir is not None else None
        png = await asyncio.to_thread(_picture, job.raster, path)
        label = FakeLabel(n, self._now_s(), job.copy_id, job.raster, png, path)
        self.odometer = n
        self.labels.append(label)
        if self.on_label is not None:
            self.on_label(label)
        if responds and not self.mute:
            for writer in self._writers:
                writer.write(b"{00,%05d}\r\n" % n)

    def _reply(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.what in ("cancel", "reset"):
            self._forget()
            return
        if self.mute or (self.silent_in_fault and self._is_stopped):
            return
        replies = self._tspl_replies() if self.lang == "tspl" else self._zpl_replies()
        writer.write(replies.get(asked.what, b""))

    def _tspl_replies(self) -> dict[str, bytes]:
        status = (
            self.head_open
            | self.paper_out << 2
            | self.ribbon_out << 3
            | self.paused << 4
            | (self.held > 0 and not self._is_stopped) << 5
        )
        fault = 0x40 | self.paper_out | self.ribbon_out << 2 | self.head_open << 5
        is_faulty = fault != 0x40  # noqa: PLR2004 - no bit beside the fixed one
        state = b"E" if is_faulty else b"`" if self.paused else b"P" if self.held else b"@"
        # A model is told only by a printer that is ready for the next command.
        model = b"" if self._is_stopped or self.held else self.model.encode() + b"\r\n"
        return {
            "status": bytes([status]),
            "extended": b"\x02" + state + b"@@" + bytes([fault]) + b"\x03\r\n",
            "model": model,
        }

    def _zpl_replies(self) -> dict[str, bytes]:
        one = b"030,%d,%d,1199,%03d,0,0,0,000,0,0,0" % (self.paper_out, self.paused, self.held)
        two = b"001,0,%d,%d,1,2,6,0,00000000,1,000" % (self.head_open, self.ribbon_out)
        low = self.paper_out | self.ribbon_out << 1 | self.head_open << 2 | self.paused << 16
        errors = b"\r\n   ERRORS:         %d 00000000 %08X \r\n" % (low != 0, low)
        warnings = b"   WARNINGS:       0 00000000 00000000 \r\n"
        return {
            "status": b"".join(b"\x02%b\x03\r\n" % s for s in (one, two, b"1234,0")),
            "extended": b"\x02\r\n  PRINTER STATUS" + errors + warnings + b"\x03",
            "model": b"\x02%b,V1.0.0,8,8192KB\x03\r\n" % self.model.encode(),
            "odometer": b'"%d"' % self.odometer,
            "unknown variable": b'"?"',
        }


def _picture(raster: Raster, path: Path | None) -> bytes:
    png = raster_png(raster)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    return png
