"""A TSPL interpreter: labels as one BITMAP or many, real-time commands, and the usual settings."""

import re
from typing import Final

from drivers.fakes.engine import (
    COPIES_MAX,
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
from drivers.units import dots_per_mm

LINE_BYTES_MAX: Final = 512

_AT_ONCE: Final = {
    b"\x1b!?": "status",
    b"\x1b!S": "extended",
    b"\x1b!.": "cancel",
    b"\x1b!R": "reset",
    b"~!T": "model",
}
_AT_ONCE_BYTES: Final = 3
_BITMAP: Final = re.compile(rb"BITMAP (\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5}),0,")
_BITMAP_HEAD_MAX: Final = 40
_SIZE: Final = re.compile(rb"SIZE (\d{1,4}(?:\.\d+)?) mm, ?(\d{1,4}(?:\.\d+)?) mm")
_PRINT: Final = re.compile(rb"PRINT (\d{1,3})(?:,(\d{1,3}))?")
_SETTINGS: Final = (b"GAP ", b"DIRECTION ", b"REFERENCE ", b"SET ", b"SPEED ", b"DENSITY ")


class TsplEngine(Interpreter):
    """See `drivers.fakes.engine.Engine`."""

    def __init__(self, dpi: int = 203) -> None:
        super().__init__(dpi)
        self._responds = False
        self._reprints = False
        self._size = (800, 1200)
        self._canvas = self._blank()
        self._copy_id = ""

    def _blank(self) -> Canvas:
        return Canvas(*self._size, self._dpi)

    def _take(self, events: list[Event]) -> int:
        """Obey what stands first; return the bytes used, 0 when more must come."""
        held = self._held
        if held[:1] in b"\r\n":
            return 1
        if held[:1] in b"\x1b~":
            return self._take_at_once(events)
        if held.startswith(b"BITMAP ") or b"BITMAP ".startswith(held):
            used = self._take_bitmap(events)
            if used is not None:
                return used
        return self._take_line(events)

    def _take_line(self, events: list[Event]) -> int:
        held = self._held
        end = held.find(b"\n", 0, LINE_BYTES_MAX)
        at_once = held.find(b"\x1b", 0, LINE_BYTES_MAX)
        if at_once > 0 and (end < 0 or at_once < end):
            note(self.problems, f"cut off by a real-time command: {held[:at_once][:40]!r}")
            return at_once
        if end < 0:
            if len(held) < LINE_BYTES_MAX:
                return 0
            note(self.problems, "a line without an end")
            return LINE_BYTES_MAX
        self._obey(held[:end].strip(), events)
        return end + 1

    def _take_at_once(self, events: list[Event]) -> int:
        held = self._held
        if held[:2] == b"\x1b@":
            return 2
        if len(held) < _AT_ONCE_BYTES:
            return 0
        what = _AT_ONCE.get(held[:_AT_ONCE_BYTES])
        if what is None:
            note(self.problems, f"unknown real-time command {held[:3]!r}")
            return 1
        if what in ENDS_WHAT_IS_HELD:
            self._canvas = self._blank()
        events.append(Asked(what))
        return _AT_ONCE_BYTES

    def _take_bitmap(self, events: list[Event]) -> int | None:
        """Draw a picture; None when the line is not one."""
        head = _BITMAP.match(self._held)
        if head is None:
            is_begun = len(self._held) < _BITMAP_HEAD_MAX and b"\n" not in self._held
            return 0 if is_begun else None
        x, y, row_bytes, height = (int(group) for group in head.groups())
        size = row_bytes * height
        if not 0 < size * 8 <= DOTS_MAX:
            note(self.problems, "a picture of no size, or too large")
            return head.end()
        data = self._held[head.end() : head.end() + size]
        while hit := find_at_once(data, self._looked_at, _AT_ONCE):
            note(self.problems, "a real-time command inside a picture")
            self._looked_at, what = hit
            events.append(Asked(what))
            if what in ENDS_WHAT_IS_HELD:
                self._looked_at = 0
                self._canvas = self._blank()
                return head.end() + hit[0]
        if len(data) < size:
            return 0
        self._looked_at = 0
        self._canvas.draw(x, y, ~unpack(data, row_bytes))
        return head.end() + size

    def _obey(self, line: bytes, events: list[Event]) -> None:
        if line.startswith(b"REM "):
            self._copy_id = line[4:].decode("ascii", "replace")
        elif line == b"CLS":
            self._canvas = self._blank()
        elif size := _SIZE.fullmatch(line):
            sides = [round(float(side) * dots_per_mm(self._dpi)) for side in size.groups()]
            if all(0 < side <= SIDE_DOTS_MAX for side in sides) and sides[0] * sides[1] <= DOTS_MAX:
                self._size = (sides[0], sides[1])
        elif copies := _PRINT.fullmatch(line):
            count = min(COPIES_MAX, int(copies[1]) * int(copies[2] or 1))
            label = Printed(self._canvas.raster(), self._copy_id, self._responds, self._reprints)
            events += [label] * count
        elif line in (b"SET RESPONSE ON", b"SET RESPONSE OFF"):
            self._responds = line.endswith(b"ON")
        elif line in (b"SET REPRINT ON", b"SET REPRINT OFF"):
            self._reprints = line.endswith(b"ON")
        elif line == b"OUT @LABEL":
            events.append(Asked("odometer"))
        elif not line.startswith(_SETTINGS):
            note(self.problems, f"unknown command {line[:40]!r}")
