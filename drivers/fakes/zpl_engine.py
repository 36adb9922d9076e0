"""A ZPL interpreter: formats with `^GFA…:Z64:` pictures, control commands, `getvar`."""

import base64
import binascii
import re
import zlib
from typing import Final

from drivers.fakes.engine import (
    COPIES_MAX,
    DOTS_MAX,
    SIDE_DOTS_MAX,
    Asked,
    Canvas,
    Event,
    Printed,
    note,
    unpack,
)

FORMAT_BYTES_MAX: Final = 2_000_000
LINE_BYTES_MAX: Final = 256

_CONTROLS: Final = {
    b"~HS": "status",
    b"~HQES": "extended",
    b"~HI": "model",
    b"~JA": "cancel",
}
_CONTROL_BYTES_MAX: Final = 5
_GETVAR: Final = re.compile(rb'! U1 getvar "([a-z_.]{1,64})"')
_COMMAND: Final = re.compile(rb"\^([A-Z0-9]{2})([^^~]*)")
_PICTURE: Final = re.compile(
    rb"A,(\d{1,8}),(\d{1,8}),(\d{1,5}),:Z64:([A-Za-z0-9+/=]+):([0-9A-Fa-f]{4})"
)
_QUIET: Final = (b"XA", b"XZ", b"FS", b"LH", b"CI", b"MM", b"PO")


class ZplEngine:
    """See `drivers.fakes.engine.Engine`."""

    def __init__(self, dpi: int = 203) -> None:
        self.problems: list[str] = []
        self._dpi = dpi
        self._reprints = True
        self._held = b""

    def feed(self, data: bytes) -> list[Event]:
        """Return what `data` asks for; never raises."""
        events: list[Event] = []
        self._held += data
        while self._held and (used := self._take(events)):
            self._held = self._held[used:]
        return events

    def _take(self, events: list[Event]) -> int:
        """Obey what stands first; return the bytes used, 0 when more must come."""
        held = self._held
        if held.startswith(b"~"):
            return self._take_control(events)
        if held.startswith(b"^XA"):
            return self._take_format(events)
        if held[:4] == b"! U1"[: len(held)]:
            return self._take_getvar(events)
        if b"^XA".startswith(held):
            return 0
        starts = [at for sign in (b"~", b"^XA", b"!") if (at := held.find(sign, 1)) > 0]
        return min(starts, default=max(1, len(held) - 2))

    def _take_control(self, events: list[Event]) -> int:
        held = self._held[:_CONTROL_BYTES_MAX]
        for command, what in _CONTROLS.items():
            if held.startswith(command):
                events.append(Asked(what))
                return len(command)
            if command.startswith(held):
                return 0
        note(self.problems, "unknown control command")
        return 1

    def _take_getvar(self, events: list[Event]) -> int:
        end = self._held.find(b"\n", 0, LINE_BYTES_MAX)
        if end < 0:
            return 0 if len(self._held) < LINE_BYTES_MAX else 1
        asked = _GETVAR.fullmatch(self._held[:end].strip())
        if asked is None:
            return 1
        is_odometer = asked[1] == b"odometer.total_label_count"
        events.append(Asked("odometer" if is_odometer else "unknown variable"))
        return end + 1

    def _take_format(self, events: list[Event]) -> int:
        end = self._held.find(b"^XZ")
        control = self._held.find(b"~")
        if control > 0 and (end < 0 or control < end):  # obeyed at once, and ends what it stands in
            note(self.problems, "a format was cut short by a control command")
            return control
        if end < 0:
            if len(self._held) < FORMAT_BYTES_MAX:
                return 0
            note(self.problems, "a format without an end")
            return 3
        self._obey(self._held[:end], events)
        return end + 3

    def _obey(self, body: bytes, events: list[Event]) -> None:
        numbers = {b"PW": 800, b"LL": 1200, b"PQ": 1}
        at = (0, 0)
        copy_id = ""
        pictures = []
        for command in _COMMAND.finditer(body):
            name, rest = command[1], command[2]
            if name in numbers:
                numbers[name] = int((re.match(rb"\d{1,6}", rest) or [b"0"])[0])
            elif name == b"FO" and (place := re.match(rb"(\d{1,5}),(\d{1,5})", rest)):
                at = (int(place[1]), int(place[2]))
            elif name == b"FX":
                copy_id = rest.decode("ascii", "replace").strip()
            elif name == b"JZ":
                self._reprints = not rest.startswith(b"N")
            elif name == b"GF":
                pictures.append((*at, rest))
            elif name not in _QUIET:
                note(self.problems, f"unknown command ^{name.decode()}")
        width, height = numbers[b"PW"], numbers[b"LL"]
        if not (0 < width <= SIDE_DOTS_MAX and 0 < height <= SIDE_DOTS_MAX) or (
            width * height > DOTS_MAX
        ):
            note(self.problems, "a label of no size, or too large")
            return
        canvas = Canvas(width, height, self._dpi)
        for left, top, rest in pictures:
            self._draw(canvas, left, top, rest)
        label = Printed(canvas.raster(), copy_id, reprints=self._reprints)
        events += [label] * min(COPIES_MAX, numbers[b"PQ"])

    def _draw(self, canvas: Canvas, x: int, y: int, rest: bytes) -> None:
        picture = _PICTURE.fullmatch(rest)
        if picture is None:
            note(self.problems, "a picture that is not :Z64:")
            return
        size, row_bytes = int(picture[2]), int(picture[3])
        if int(picture[5], 16) != binascii.crc_hqx(picture[4], 0):
            note(self.problems, "a picture whose checksum is wrong")
            return
        try:
            rows = zlib.decompressobj().decompress(base64.b64decode(picture[4]), DOTS_MAX // 8)
        except (ValueError, zlib.error):
            note(self.problems, "a picture that does not unpack")
            return
        if not row_bytes or len(rows) != size or size % row_bytes or not rows:
            note(self.problems, "a picture of another size than it says")
            return
        canvas.draw(x, y, unpack(rows, row_bytes))
