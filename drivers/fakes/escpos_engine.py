"""An ESC/POS interpreter: raster bands until the cut, margins, process ids, real-time commands."""

import re
from typing import Final

import numpy as np

from drivers.fakes.engine import (
    DOTS_MAX,
    ENDS_WHAT_IS_HELD,
    SIDE_DOTS_MAX,
    Asked,
    Canvas,
    Event,
    Interpreter,
    Printed,
    find_at_once,
    note,
    unpack,
)

_AT_ONCE: Final = {
    **{b"\x10\x04%c" % n: f"real-time status {n}" for n in (1, 2, 3, 4)},
    b"\x10\x05\x02": "cancel",
    b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08": "cancel",
}
_AT_ONCE_BYTES_MAX: Final = 10
_COMMAND_FORMS: Final = {
    "init": rb"\x1b@",
    "font": rb"\x1b!.",
    "cut": rb"\x1dV(?:[AB].|[\x00\x0101])",
    "margin": rb"\x1dL(..)",
    "auto status": rb"\x1da(.)",
    "model": rb"\x1dIC",
    "odometer": rb"\x1dg2\x00\xb2\x00",
    "process id": rb"\x1d\(H\x06\x0000(.{4})",
}
_COMMANDS: Final = {name: re.compile(form, re.DOTALL) for name, form in _COMMAND_FORMS.items()}
_COMMAND_BYTES_MAX: Final = 11
_BAND: Final = re.compile(rb"\x1dv0\x00(..)(..)", re.DOTALL)
_BAND_HEAD: Final = b"\x1dv0\x00"


class EscposEngine(Interpreter):
    """See `drivers.fakes.engine.Engine`. A label's copy id is its process id."""

    def __init__(self, dpi: int = 203) -> None:
        super().__init__(dpi)
        self._start_label()

    def _start_label(self) -> None:
        self._bands: list[np.ndarray] = []
        self._margin = 0
        self._id = ""

    def _take(self, events: list[Event]) -> int:
        """Obey what stands first; return the bytes used, 0 when more must come."""
        held = self._held
        if held[0] == 0x10:  # noqa: PLR2004 - DLE
            return self._take_at_once(events)
        if held.startswith(_BAND_HEAD):
            return self._take_band(events)
        if held[0] in b"\x1b\x1d":
            return self._take_command(events)
        if held[0] not in b"\r\n":
            note(self.problems, f"text on the paper: {held[:1]!r}")
        return 1

    def _take_at_once(self, events: list[Event]) -> int:
        held = self._held[:_AT_ONCE_BYTES_MAX]
        for command, what in _AT_ONCE.items():
            if held.startswith(command):
                if what in ENDS_WHAT_IS_HELD:
                    self._start_label()
                events.append(Asked(what))
                return len(command)
        if any(command.startswith(held) for command in _AT_ONCE):
            return 0
        note(self.problems, "unknown real-time command")
        return 1

    def _take_command(self, events: list[Event]) -> int:
        for name, pattern in _COMMANDS.items():
            if found := pattern.match(self._held):
                self._obey(name, found, events)
                return found.end()
        if len(self._held) < _COMMAND_BYTES_MAX:
            return 0
        note(self.problems, f"unknown command {self._held[:3]!r}")
        return 1

    def _obey(self, name: str, found: re.Match[bytes], events: list[Event]) -> None:
        match name:
            case "init":
                self._margin = 0
            case "margin":
                self._margin = int.from_bytes(found[1], "little")
            case "process id":
                self._id = found[1].decode("ascii", "replace")
            case "auto status" if found[1] != b"\x00":
                events.append(Asked("auto status"))
            case "model" | "odometer":
                events.append(Asked(name))
            case "cut":
                if self._bands:
                    events.append(self._label())
                self._start_label()

    def _label(self) -> Printed:
        width = max(band.shape[1] for band in self._bands)
        canvas = Canvas(width, sum(band.shape[0] for band in self._bands), self._dpi)
        top = 0
        for band in self._bands:
            canvas.draw(0, top, band)
            top += band.shape[0]
        return Printed(canvas.raster(), self._id, responds=bool(self._id))

    def _take_band(self, events: list[Event]) -> int:
        head = _BAND.match(self._held)
        if head is None:
            return 0
        row_bytes, rows = (int.from_bytes(size, "little") for size in head.groups())
        begun = sum(band.shape[0] for band in self._bands)
        size = row_bytes * rows
        is_sound = 0 < size * 8 <= DOTS_MAX and row_bytes * 8 <= SIDE_DOTS_MAX
        if not is_sound or begun + rows > SIDE_DOTS_MAX or self._margin > SIDE_DOTS_MAX:
            note(self.problems, "a picture of no size, or too large")
            return head.end()
        data = self._held[head.end() : head.end() + size]
        while hit := find_at_once(data, self._looked_at, _AT_ONCE):
            note(self.problems, "a real-time command inside a picture")
            self._looked_at, what = hit
            events.append(Asked(what))
            if what in ENDS_WHAT_IS_HELD:
                self._looked_at = 0
                self._start_label()
                return head.end() + hit[0]
        if len(data) < size:
            return 0
        self._looked_at = 0
        dots = unpack(data, row_bytes)
        self._bands.append(np.pad(dots, ((0, 0), (self._margin, 0)))[:, : row_bytes * 8])
        return head.end() + size
