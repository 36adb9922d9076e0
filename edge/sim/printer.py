"""A simulated label printer: what comes out of it lies on `Paper`, whatever it told the box."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

from drivers.api import CopyId, DriverError, Mark, PrinterStatus, Proof, Raster, Reading
from edge.sim.chance import Weather, happens

DOTS: Final = 8
PRINT_S: Final = 0.8
FAULT_S_MAX: Final = 20.0


class Label(msgspec.Struct, frozen=True):
    """A label that came out, as a scanner reads it."""

    waybill: str
    copy_id: str
    n: int

    @property
    def code(self) -> str:
        """The text of its QR."""
        return f"FG1:{self.waybill}:{self.copy_id}"


class Paper:
    """All labels that came out of the printers, oldest first."""

    def __init__(self) -> None:
        self.labels: list[Label] = []

    async def freshest(self, waybill: str) -> str | None:
        """Return the text of the newest label of a waybill: the packer's camera."""
        found = (label for label in reversed(self.labels) if label.waybill == waybill)
        newest = next(found, None)
        return newest.code if newest else None


def render(fields: dict[str, object]) -> Raster:
    """Return a "picture" that holds what the label's QR says, in place of dots."""
    rows = msgspec.json.encode(
        {"waybill": fields["waybill"], "copy_id": fields["copy_id"], "n": fields["copy"]}
    )
    return Raster(width=DOTS, height=len(rows), dpi=203, rows=rows)


def render_slip(fields: dict[str, object]) -> Raster:
    """Return a "picture" of a fallback slip: it is no label."""
    rows = msgspec.json.encode({"slip": fields["code"]})
    return Raster(width=DOTS, height=len(rows), dpi=203, rows=rows)


class SimPrinter:
    """A `Printer` with seeded faults: unreachable, out of paper, cut off in the middle, silent."""

    def __init__(self, name: str, paper: Paper, random: Random, weather: Weather) -> None:
        self._name = name
        self._paper = paper
        self._random = random
        self._weather = weather
        self._ill_until_s = 0.0
        self._part = ""
        self._odometer = 0
        self.on_next_label: Callable[[], None] | None = None
        """Called once, when the next label is out and before the box hears of it."""

    async def probe(self) -> str | None:
        """Return the model."""
        return "sim"

    async def open(self) -> None:
        """Connect, unless the printer is off the network."""
        if self._is_ill() == "offline":
            raise self._error("open")

    async def status(self) -> PrinterStatus:
        """Return whether there is paper."""
        paper = Reading.BAD if self._is_ill() == "paper" else Reading.OK
        return PrinterStatus(online=Reading.OK, paper=paper)

    async def mark(self) -> Mark | None:
        """Return the odometer."""
        if self._goes_wrong():
            raise self._error("mark")
        return Mark(self._odometer)

    async def send(self, copy: bytes, copy_id: CopyId) -> int:
        """Take a copy, all of it, none of it, or a part; even a part may come out."""
        await asyncio.sleep(PRINT_S * self._random.random())
        if self._goes_wrong():
            if happens(self._random, 0.4):
                raise self._error("send")
            if happens(self._random, 0.5):
                self._print(copy, copy_id)
            raise self._error("send", bytes_out=len(copy) // 2)
        self._print(copy, copy_id)
        return len(copy)

    async def await_proof(self, copy_id: CopyId, mark: Mark | None, timeout_s: float) -> Proof:
        """Return the odometer's word; it may stay silent or the line may break."""
        del copy_id, mark
        if self._goes_wrong():
            if happens(self._random, 0.5):
                raise self._error("await proof")
            await asyncio.sleep(timeout_s)
            return Proof.NONE
        await asyncio.sleep(PRINT_S)
        return Proof.ODOMETER

    async def cancel(self) -> None:
        """Drop nothing: what is sent is printed."""

    async def close(self) -> None:
        """Disconnect."""

    def encode(self, label: Raster, copy_id: CopyId) -> bytes:
        """Return the bytes of one copy."""
        del copy_id
        return label.rows

    def _print(self, copy: bytes, copy_id: CopyId) -> None:
        self._odometer += 1
        if copy_id.startswith("slip-"):
            return
        label = msgspec.json.decode(copy, type=Label)
        assert label.copy_id == copy_id, "the label names the copy that it is"
        self._paper.labels.append(label)
        hook, self.on_next_label = self.on_next_label, None
        if hook is not None:
            hook()

    def _goes_wrong(self) -> bool:
        return happens(self._random, self._weather.printer_fault)

    def _is_ill(self) -> str:
        now_s = asyncio.get_running_loop().time()
        if not self._weather.printer_fault:
            return ""
        if now_s >= self._ill_until_s:
            self._part = ""
            if happens(self._random, self._weather.printer_fault / 2):
                self._part = self._random.choice(("offline", "paper"))
                self._ill_until_s = now_s + self._random.uniform(0, FAULT_S_MAX)
        return self._part

    def _error(self, op: str, bytes_out: int = 0) -> DriverError:
        return DriverError(op, self._name, "the line broke", "look at it", bytes_out=bytes_out)
