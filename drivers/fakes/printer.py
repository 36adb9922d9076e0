"""A virtual label printer, with the faults that real ones have.

It can be reached at a TCP port, through device files (a pty in place of a serial or USB cable), and
in this process. A label in it when a fault comes is held, and printed again once the fault is
mended, as real printers do. Switches may be turned at any time, from the event loop's thread.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import msgspec

from drivers.api import Raster, raster_png
from drivers.fakes import answers
from drivers.fakes.engine import ENDS_WHAT_IS_HELD, Asked, Engine, Printed
from drivers.fakes.escpos_engine import EscposEngine
from drivers.fakes.faults import Fault, FaultKind, FaultPlan
from drivers.fakes.tspl_engine import TsplEngine
from drivers.fakes.zpl_engine import ZplEngine

if TYPE_CHECKING:
    from drivers.fakes.memory import MemoryLink

LABELS_MAX: Final = 500
"""Labels remembered with their pictures; pictures on disk are not limited."""
PRINTED_MAX: Final = 1_000_000
"""Copy ids remembered."""
BUFFER_LABELS_MAX: Final = 32
"""Labels held before the printer takes no more bytes."""
READ_BYTES_MAX: Final = 4_096
TRICKLE_S: Final = 0.001
"""Between the bytes of a slow answer."""

Lang = Literal["tspl", "zpl", "escpos"]
LANGS: Final[tuple[Lang, ...]] = get_args(Lang)
_ENGINES: Final[dict[Lang, Callable[[int], Engine]]] = {
    "tspl": TsplEngine,
    "zpl": ZplEngine,
    "escpos": EscposEngine,
}
_ANSWERS: Final[dict[Lang, Callable[[answers.Panel, str], bytes]]] = {
    "tspl": answers.tspl,
    "zpl": answers.zpl,
    "escpos": answers.escpos,
}
_MODELS: Final[dict[Lang, str]] = {
    "tspl": "FG-TSPL-203",
    "zpl": "FG-ZPL-203",
    "escpos": "TM-FG-203",
}
_SWITCHES: Final = {
    FaultKind.PAPER: "paper_out",
    FaultKind.HEAD: "head_open",
    FaultKind.RIBBON: "ribbon_out",
    FaultKind.PAUSE: "paused",
}


class FakeLabel(msgspec.Struct, frozen=True):
    """One label that came out. `at_s` is seconds since 1970; `path` is None without a folder."""

    n: int
    at_s: float
    copy_id: str
    """As it came with the label: the copy id, on ESC/POS the process id made from it."""
    raster: Raster
    path: Path | None

    @property
    def png(self) -> bytes:
        """The label as a picture."""
        return raster_png(self.raster)


class _Switch:
    """A fault that stops printing while it is on."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, printer: "FakePrinter", owner: type | None = None) -> bool:
        return bool(getattr(printer, self._name, False))

    def __set__(self, printer: "FakePrinter", is_on: bool) -> None:
        setattr(printer, self._name, is_on)
        printer.look_again()


class Wire:
    """A host's way to the printer. `write` takes what the printer says, `cut` breaks the line."""

    def __init__(
        self,
        printer: "FakePrinter",
        write: Callable[[bytes], None] = lambda _: None,
        cut: Callable[[], None] = lambda: None,
    ) -> None:
        self._printer = printer
        self._engine = printer.new_engine()
        self.write = write
        self.cut = cut

    async def feed(self, data: bytes) -> None:
        """Take what the host sent; raise `ConnectionResetError` where the line breaks in it."""
        printer = self._printer
        if printer.bytes_per_s is not None:
            await asyncio.sleep(len(data) / printer.bytes_per_s)
        left = printer.cut_after_bytes
        is_cut = left is not None and len(data) >= left
        if left is not None:
            printer.cut_after_bytes = None if is_cut else left - len(data)
        engine = self._engine
        for event in engine.feed(data[:left] if is_cut else data):
            await printer.obey(event, self)
            if self._engine is not engine:
                return  # the power failed meanwhile
        if is_cut:
            self.cut()
            raise ConnectionResetError("the line was cut")

    def forget(self) -> None:
        """Forget what was begun: the power failed."""
        self._engine = self._printer.new_engine()


class FakePrinter:
    """A TSPL, ZPL or ESC/POS printer. `url` opens it through `drivers.api.open_printer`."""

    paper_out = _Switch()
    ribbon_out = _Switch()
    head_open = _Switch()
    paused = _Switch()

    def __init__(
        self,
        lang: Lang,
        host: str = "127.0.0.1",
        port: int = 0,
        out_dir: Path | None = None,
        model: str = "",
        on_label: Callable[[FakeLabel], None] | None = None,
        now_s: Callable[[], float] = time.time,
        dpi: int = 203,
    ) -> None:
        assert lang in LANGS
        self.lang = lang
        self.host = host
        self.port = port
        """The TCP port in use once started, where 0 was given."""
        self.has_network = True
        """Listens at its port; else it is reached in other ways only."""
        self.out_dir = out_dir
        self.model = model or _MODELS[lang]
        self.on_label = on_label
        self._now_s = now_s
        self._dpi = dpi
        self.labels: deque[FakeLabel] = deque(maxlen=LABELS_MAX)
        self.printed: deque[str] = deque(maxlen=PRINTED_MAX)
        """Copy ids of all labels that came out, in order."""
        self.odometer = 0
        self.problems: list[str] = []
        """What the hosts sent that a real printer would have ignored or misread."""
        self.mute = False
        """Takes everything, answers nothing."""
        self.answers_after_s = 0.0
        self._speaks_until_s = 0.0
        self.trickles = False
        """Sends its answers byte by byte."""
        self.silent_in_fault = False
        """Does not answer status questions during a fault, as ZPL manuals say."""
        self.cut_after_bytes: int | None = None
        """Break the line after so many more bytes, once."""
        self._unplugged = False
        self._cable: Wire | None = None
        self.bytes_per_s: int | None = None
        """Read no faster than this."""
        self.seconds_per_label = 0.0
        self.plan: FaultPlan = lambda: None
        """What befalls it by itself, see `drivers.fakes.faults`."""
        self.is_on = False
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._worker: asyncio.Task[None] | None = None
        self._boot = 0
        self._jobs: asyncio.Queue[tuple[int, Printed, Fault | None]]
        self._jobs = asyncio.Queue(BUFFER_LABELS_MAX)
        self._printing: Printed | None = None
        self._changed = asyncio.Event()
        self._wires: set[Wire] = set()

    @property
    def url(self) -> str:
        """How a driver reaches it over TCP."""
        return f"tcp://{self.host}:{self.port}?lang={self.lang}"

    @property
    def held(self) -> int:
        """Labels received and not yet out."""
        return self._jobs.qsize() + (self._printing is not None)

    @property
    def hosts(self) -> int:
        """How many are connected."""
        return len(self._wires)

    async def start(self) -> None:
        """Switch on and listen; nothing happens when on. A port once chosen is kept."""
        if self.is_on:
            return
        if self.has_network:
            self._server = await asyncio.start_server(
                self._serve, self.host, self.port, limit=READ_BYTES_MAX
            )
            self.port = self._server.sockets[0].getsockname()[1]
        self.is_on = True
        if self._worker is None:
            self._worker = self._run(self._print_all())

    async def stop(self) -> None:
        """Switch off: what is held is lost. May be called any number of times."""
        self._switch_off()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._worker = None

    def reboot(self) -> None:
        """Break all connections and forget what is held; the odometer stays."""
        self._forget()
        if self._cable is not None:
            self._cable.forget()
        for wire in list(self._wires):
            wire.forget()
            wire.cut()

    @property
    def unplugged(self) -> bool:
        """Its cable is out: lines break, nobody reaches it, and it goes on with what it has."""
        return self._unplugged

    @unplugged.setter
    def unplugged(self, is_out: bool) -> None:
        self._unplugged = is_out
        for wire in list(self._wires) if is_out else ():
            wire.cut()

    def look_again(self) -> None:
        """Wake the print head: a switch was turned."""
        self._changed.set()

    def link(self, *, is_cable: bool = False) -> "MemoryLink":
        """Return a way to it within this process: no sockets, and as fast as it can be."""
        from drivers.fakes.memory import MemoryLink  # noqa: PLC0415 - it knows this module

        return MemoryLink(self, is_cable=is_cable)

    def cable(self) -> Wire:
        """Return its one cable: half a picture on it stays one until it is dropped."""
        if self._cable is None:
            self._cable = Wire(self)
        return self._cable

    def new_engine(self) -> Engine:
        """Return what reads one host's bytes from the start."""
        engine = _ENGINES[self.lang](self._dpi)
        engine.problems = self.problems
        return engine

    def attach(self, wire: Wire) -> None:
        """Plug a wire in."""
        self._wires.add(wire)

    def detach(self, wire: Wire) -> None:
        """Pull a wire out; nothing happens when it is not in."""
        self._wires.discard(wire)

    async def obey(self, event: Printed | Asked, wire: Wire) -> None:
        """Do what a host asks; waits while the printer holds as much as it can."""
        if isinstance(event, Asked):
            self._answer(event, wire)
            return
        fault = self.plan()
        if fault is not None and fault.kind is FaultKind.CUT:
            self.cut_after_bytes, fault = fault.after_bytes, None
        await self._jobs.put((self._boot, event, fault))

    @property
    def _panel(self) -> answers.Panel:
        return answers.Panel(
            model=self.model,
            odometer=self.odometer,
            held=self.held,
            paper_out=self.paper_out,
            ribbon_out=self.ribbon_out,
            head_open=self.head_open,
            paused=self.paused,
        )

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _switch_off(self) -> None:
        self.is_on = False
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reboot()

    def _forget(self) -> None:
        self._boot += 1
        while not self._jobs.empty():
            self._jobs.get_nowait()
        self._printing = None
        self._changed.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(self, writer.write, writer.transport.abort)
        self.attach(wire)
        try:
            while data := await reader.read(READ_BYTES_MAX):
                await wire.feed(data)
        except OSError:
            pass  # the host is gone
        finally:
            self.detach(wire)
            writer.close()

    async def _print_all(self) -> None:
        while True:
            boot, job, fault = await self._jobs.get()
            if boot != self._boot:
                continue  # it waited for room when the power failed
            self._printing = job
            if fault is not None:
                self._run(self._befall(fault))
                await asyncio.sleep(0)
            await self._print(job)

    async def _print(self, job: Printed) -> None:
        """Print a label; a fault in the middle of it spoils it, a power cut loses it."""
        while self._printing is job:
            self._changed.clear()
            if self._panel.is_stopped:
                if not job.reprints:
                    break
                await self._changed.wait()
                continue
            if self.seconds_per_label:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.seconds_per_label):
                        await self._changed.wait()
                        continue  # spoilt: begun again, or dropped by a reboot
            await self._come_out(job)
            break
        if self._printing is job:
            self._printing = None

    async def _befall(self, fault: Fault) -> None:
        if fault.kind is FaultKind.POWER:
            self._switch_off()
            await asyncio.sleep(fault.for_s)
            await self.start()
        elif fault.kind is FaultKind.MUTE:
            self.mute = True
            await asyncio.sleep(fault.for_s)
            self.mute = False
        elif fault.kind is FaultKind.LATE:
            self.answers_after_s = fault.for_s
            await asyncio.sleep(fault.for_s)
            self.answers_after_s = 0.0
        else:
            setattr(self, _SWITCHES[fault.kind], True)
            await asyncio.sleep(fault.for_s)
            setattr(self, _SWITCHES[fault.kind], False)

    async def _come_out(self, job: Printed) -> None:
        n = self.odometer + 1
        path = self.out_dir / f"{self.lang}-{n:05d}.png" if self.out_dir is not None else None
        label = FakeLabel(n, self._now_s(), job.copy_id, job.raster, path)
        if path is not None:
            await asyncio.to_thread(_save, label)
        self.odometer = n
        self.labels.append(label)
        self.printed.append(job.copy_id)
        if self.on_label is not None:
            self.on_label(label)
        if job.responds:
            is_named = self.lang == "escpos"
            token = b'7"%b\x00' % job.copy_id.encode() if is_named else b"{00,%05d}\r\n" % n
            for wire in self._wires:
                self._say(token, wire)

    def _answer(self, asked: Asked, wire: Wire) -> None:
        if asked.what in ENDS_WHAT_IS_HELD:
            self._forget()
            return
        panel = self._panel
        if not (self.silent_in_fault and panel.is_stopped):
            self._say(_ANSWERS[self.lang](panel, asked.what), wire)

    def _say(self, words: bytes, wire: Wire) -> None:
        if self.mute or not words:
            return
        if not (self.answers_after_s or self.trickles):
            wire.write(words)
            return
        loop = asyncio.get_running_loop()
        pieces = [bytes([byte]) for byte in words] if self.trickles else [words]
        at_s = max(loop.time() + self.answers_after_s, self._speaks_until_s)
        for piece in pieces:
            loop.call_at(at_s, wire.write, piece)
            at_s += TRICKLE_S
        self._speaks_until_s = at_s


def _save(label: FakeLabel) -> None:
    assert label.path is not None
    label.path.parent.mkdir(parents=True, exist_ok=True)
    label.path.write_bytes(label.png)
