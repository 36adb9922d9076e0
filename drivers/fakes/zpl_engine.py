"""A ZPL interpreter: formats with `^GFA…:Z64:` pictures, control commands, `getvar`."""

import base64
import binascii
import re
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drivers.fakes.engine import (
    COPIES_MAX,
    DOTS_MAX,
    SIDE_DOTS_MAX,
    Asked,
    Canvas,
    Event,
    Interpreter,
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
_SETTINGS: Final = (b"~SD", b"~MD", b"~TA", b"~JS")
_GRAPHIC: Final = re.compile(rb"~DG([A-Z0-9:._]{1,20}),(\d{1,8}),(\d{1,5}),([^^~]*)")
_GRAPHICS_MAX: Final = 16
"""Pictures kept in memory for `^XG`."""
_GETVAR: Final = re.compile(rb'! U1 getvar "([a-z_.]{1,64})"')
_COMMAND: Final = re.compile(rb"\^([A-Z0-9]{2})([^^~]*)")
_PICTURE: Final = re.compile(
    rb"A,(\d{1,8}),(\d{1,8}),(\d{1,5}),:Z64:([A-Za-z0-9+/=]+):([0-9A-Fa-f]{4})"
)
_QUIET: Final = (b"XA", b"XZ", b"FS", b"LH", b"CI", b"MM", b"LT", b"MN", b"MT", b"PR")


class _Format:
    """What stands between `^XA` and `^XZ`."""

    def __init__(self) -> None:
        self.numbers = {b"PW": 800, b"LL": 1200, b"PQ": 1}
        self.at = (0, 0)
        self.copy_id = ""
        self.pictures: list[tuple[int, int, bytes, bytes]] = []
        """Where each comes, its command, and the rest of that."""
        self.is_upside_down = False


class ZplEngine(Interpreter):
    """See `drivers.fakes.engine.Engine`."""

    def __init__(self, dpi: int = 203) -> None:
        super().__init__(dpi)
        self._reprints = True
        self._graphics: dict[bytes, NDArray[np.bool_]] = {}

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
        if held.startswith(b"~DG"):
            return self._take_graphic()
        if held.startswith(_SETTINGS):
            return len(_SETTINGS[0])
        for command, what in _CONTROLS.items():
            if held.startswith(command):
                events.append(Asked(what))
                return len(command)
            if command.startswith(held):
                return 0
        if any(command.startswith(held) for command in (b"~DG", *_SETTINGS)):
            return 0
        note(self.problems, "unknown control command")
        return 1

    def _take_graphic(self) -> int:
        """Keep a picture for later; it ends where the next command begins."""
        ends = [at for sign in (b"^", b"~") if (at := self._held.find(sign, 1)) > 0]
        if not ends:
            return 0 if len(self._held) < FORMAT_BYTES_MAX else 1
        end = min(ends)
        graphic = _GRAPHIC.fullmatch(self._held[:end])
        rows = unpack_ascii(graphic[4], int(graphic[2]), int(graphic[3])) if graphic else None
        if graphic is None or rows is None or len(self._graphics) >= _GRAPHICS_MAX:
            note(self.problems, "a picture that does not unpack")
        else:
            self._graphics[graphic[1]] = unpack(rows, int(graphic[3]))
        return end

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
        form = _Format()
        for command in _COMMAND.finditer(body):
            if not self._set(form, command[1], command[2]):
                note(self.problems, f"unknown command ^{command[1].decode()}")
        if not form.pictures:
            return  # nothing to print: the format only set something
        width, height = form.numbers[b"PW"], form.numbers[b"LL"]
        if not (0 < width <= SIDE_DOTS_MAX and 0 < height <= SIDE_DOTS_MAX) or (
            width * height > DOTS_MAX
        ):
            note(self.problems, "a label of no size, or too large")
            return
        canvas = Canvas(width, height, self._dpi)
        for left, top, name, rest in form.pictures:
            if name == b"GF":
                self._draw(canvas, left, top, rest)
            elif (graphic := rest.partition(b",")[0]) in self._graphics:
                canvas.draw(left, top, self._graphics[graphic])
            else:
                note(self.problems, "a picture that is not in memory")
        raster = canvas.raster(is_upside_down=form.is_upside_down)
        label = Printed(raster, form.copy_id, reprints=self._reprints)
        events += [label] * min(COPIES_MAX, form.numbers[b"PQ"])

    def _set(self, form: "_Format", name: bytes, rest: bytes) -> bool:
        """Do what one command says; return whether it is known."""
        match name:
            case b"PW" | b"LL" | b"PQ":
                form.numbers[name] = int((re.match(rb"\d{1,6}", rest) or [b"0"])[0])
            case b"FO":
                if place := re.match(rb"(\d{1,5}),(\d{1,5})", rest):
                    form.at = (int(place[1]), int(place[2]))
            case b"FX":
                form.copy_id = rest.decode("ascii", "replace").strip()
            case b"GF" | b"XG":
                form.pictures.append((*form.at, name, rest))
            case b"JZ":
                self._reprints = not rest.startswith(b"N")
            case b"PO":
                form.is_upside_down = rest.startswith(b"I")
            case b"ID":
                self._graphics.pop(rest.strip(), None)
            case _:
                return name in _QUIET
        return True

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


def unpack_ascii(packed: bytes, size: int, row_bytes: int) -> bytes | None:
    """Return the rows of a picture in compressed hexadecimals, or None if they are not sound.

    Letters repeat the next digit (G-Y: 1-19, g-z: 20-400), `,` and `!` fill the row with white and
    black, `:` repeats the row before.
    """
    if not (row_bytes and 0 < size <= DOTS_MAX // 8) or size % row_bytes:
        return None
    digits_of_row, rows, row, times = row_bytes * 2, [b""], b"", 0
    for code in packed.translate(None, b"\r\n"):
        sign = bytes([code])
        if sign in b":" and not row:
            rows.append(rows[-1] or b"0" * digits_of_row)
        elif sign in b",!":
            row = row.ljust(digits_of_row, b"0" if sign == b"," else b"F")
        elif sign in b"GHIJKLMNOPQRSTUVWXY":
            times += code - ord("F")
        elif sign in b"ghijklmnopqrstuvwxyz":
            times += (code - ord("f")) * 20
        elif sign in b"0123456789ABCDEFabcdef":
            row, times = row + sign * min(max(times, 1), digits_of_row), 0
        else:
            return None
        if len(row) >= digits_of_row:
            rows.append(row[:digits_of_row])
            row = row[digits_of_row:]
        if len(rows) > size // row_bytes:
            break
    whole = b"".join(rows)[: size * 2].ljust(size * 2, b"0")
    return bytes.fromhex(whole.decode("ascii"))
