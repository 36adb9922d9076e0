"""TSPL and TSPL2: TSC, Gprinter, Xprinter and most Chinese label printers.

A copy is one BITMAP and one `PRINT 1,1`. `SET RESPONSE ON` makes the printer say `{00,00001}` after
each label that came out: the proof. `SET REPRINT ON` makes it print the label again by itself when
a fault in the middle of it is mended, so that a copy in the printer is never sent twice by us.

Sources: TSC "TSPL/TSPL2 programming manual"; Gprinter GP-2120T manual page 34 (`ESC ! ?`); TSC
TTP-244 Plus manual page 97 (`ESC ! S`). The token is what Gprinter's own SDK waits for.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from drivers.api import CopyId, PrinterStatus, Raster, Reading
from drivers.printers.common import STX, Answer, Ask, Token, check_copy, reading, starts_of
from drivers.units import dots_per_mm

ASK_STATUS: Final = b"\x1b!?"
"""Answered with one byte at any time, even while printing."""
ASK_ODOMETER: Final = b"OUT @LABEL\r\n"
"""The labels printed, answered in its turn; only of models that have it (`drivers/models.toml`)."""
ASK_MODEL: Final = b"~!T\r\n"
"""Answered when the printer is ready for the next command, and only then."""
CANCEL: Final = b"\x1b!."
UNDO_ON_ESCPOS: Final = b"\x1b@"
"""`ESC ! ?` sets bold and double size on an ESC/POS printer; this takes it back."""

OBEYED_AT_ONCE: Final = (b"\x1b!", b"~!")
"""Byte pairs that begin a real-time command wherever they stand, even inside a picture.
Real waybills do have some."""


def encode(label: Raster, copy_id: CopyId, gap_mm: float = 2.0) -> bytes:
    """Return the bytes that print `label` once on stock with `gap_mm` between labels."""
    import numpy as np  # noqa: PLC0415 - who asks a printer for its status needs none of it

    row_bytes = check_copy(label, copy_id)
    scale = dots_per_mm(label.dpi)
    head = (
        f"REM {copy_id}\r\n"
        f"SIZE {label.width / scale:.1f} mm,{label.height / scale:.1f} mm\r\n"
        f"GAP {gap_mm:.1f} mm,0 mm\r\n"
        "DIRECTION 0\r\nREFERENCE 0,0\r\nSET REPRINT ON\r\nSET RESPONSE ON\r\nCLS\r\n"
    )
    white_is_one = np.invert(np.frombuffer(label.rows, np.uint8)).tobytes()
    return b"".join([head.encode(), *bitmaps(white_is_one, row_bytes), b"PRINT 1,1\r\n"])


def bitmaps(data: bytes, row_bytes: int) -> Iterator[bytes]:
    """Yield the picture as one BITMAP, or as more, cut wherever a dangerous pair would stand."""
    start = 0  # first row not yet sent
    hits = starts_of(OBEYED_AT_ONCE, data)
    for row in sorted({at // row_bytes for at in hits}):
        cuts = [at % row_bytes + 1 for at in hits if at // row_bytes == row]
        if cuts == [row_bytes]:  # the pair joins this row and the next
            yield _bitmap(data, row_bytes, 0, start, row_bytes, row + 1 - start)
            start = row + 1
            continue
        if row > start:
            yield _bitmap(data, row_bytes, 0, start, row_bytes, row - start)
        edges = [0, *(cut for cut in cuts if cut < row_bytes), row_bytes]
        for left, right in pairwise(edges):
            yield _bitmap(data, row_bytes, left, row, right - left, 1)
        start = row + 1
    rows = len(data) // row_bytes
    if start < rows:
        yield _bitmap(data, row_bytes, 0, start, row_bytes, rows - start)


def _bitmap(data: bytes, row_bytes: int, left: int, top: int, width: int, height: int) -> bytes:
    if width == row_bytes:
        dots = data[top * row_bytes : (top + height) * row_bytes]
    else:
        dots = data[top * row_bytes + left : top * row_bytes + left + width]
    return b"BITMAP %d,%d,%d,%d,0,%b\r\n" % (left * 8, top, width, height, dots)


MODEL_BYTES_MAX: Final = 64
_TOKEN: Final = re.compile(rb"\{([0-9A-Fa-f]{2}),(\d{1,10})(?:,([^{}]{0,32}))?\}")
_TOKEN_BEGUN: Final = re.compile(rb"\{[0-9A-Fa-f]{0,2}(?:(?<=..),\d{0,10}(?:,[^{}]{0,32})?)?")
_EXTENDED: Final = re.compile(rb"\x02(.{4})\x03", re.DOTALL)
_EXTENDED_BYTES: Final = 6
_MODEL: Final = re.compile(rb"([\x20-\x7e]{1,%d})\r?\n" % MODEL_BYTES_MAX)
_ODOMETER: Final = re.compile(rb"(\d{1,10})\r?\n")
_ODOMETER_BEGUN: Final = re.compile(rb"\d{1,10}\r?")


class Replies:
    """See `drivers.printers.common.Replies`.

    Tokens come by themselves at any time and are found between answers. Bytes that mean nothing
    are dropped.
    """

    def __init__(self) -> None:
        self._ask = Ask.NOTHING
        self._held = b""
        self._line_end = b""  # what may still end the frame just read

    def expect(self, ask: Ask) -> None:
        """Say what is about to be asked; what came earlier does not answer it."""
        self._ask = ask
        if not _TOKEN_BEGUN.fullmatch(self._held):
            self._held = b""

    def feed(self, data: bytes) -> list[Token | Answer]:
        """Return the tokens in `data`, and the answer to what was asked once it is complete."""
        said: list[Token | Answer] = []
        self._held += data
        while self._held:
            used = self._skip_line_end() or self._token(said)
            if not used and not _TOKEN_BEGUN.fullmatch(self._held):
                answer, used = self._answer()
                if answer is not None:
                    said.append(answer)
                    self._ask = Ask.NOTHING
            if not used:
                break
            self._held = self._held[used:]
        return said

    def _skip_line_end(self) -> int:
        at = self._line_end.find(self._held[:1])
        self._line_end = self._line_end[at + 1 :] if at >= 0 else b""
        return int(at >= 0)

    def _token(self, said: list[Token | Answer]) -> int:
        token = _TOKEN.match(self._held)
        if token is None:
            return 0
        job = (token[3] or b"").decode("ascii", "replace")
        said.append(Token(int(token[1], 16), int(token[2]), job))
        self._line_end = b"\r\n"
        return token.end()

    def _answer(self) -> tuple[Answer | None, int]:
        """Return the answer at the front, if any, and how many bytes to drop: 0 = wait for more."""
        held = self._held
        match self._ask:
            case Ask.STATUS:
                return parse_status(held[0]), 1
            case Ask.EXTENDED:
                found = _EXTENDED.match(held)
                if found is not None:
                    self._line_end = b"\r\n"
                    return parse_extended(found[1]), found.end()
                return None, 0 if held[0] == STX and len(held) < _EXTENDED_BYTES else 1
            case Ask.MODEL:
                return _model(held)
            case Ask.ODOMETER:
                return _odometer(held)
            case _:
                return None, 1


def _model(held: bytes) -> tuple[Answer | None, int]:
    found = _MODEL.match(held)
    if found is not None:
        return found[1].decode("ascii").strip(), found.end()
    line = held.rstrip(b"\r")
    is_begun = len(line) <= MODEL_BYTES_MAX and line.isascii() and line != b""
    return None, 0 if is_begun and line.decode().isprintable() else 1


def _odometer(held: bytes) -> tuple[Answer | None, int]:
    found = _ODOMETER.match(held)
    if found is not None:
        return int(found[1]), found.end()
    return None, int(not _ODOMETER_BEGUN.fullmatch(held))


def parse_status(byte: int) -> PrinterStatus:
    """Return what the answer to `ESC ! ?` says.

    Jam and "other" have no field of their own: they show as not online.
    """
    return PrinterStatus(
        online=reading(bool(byte & 0b1000_0010)),
        paper=reading(bool(byte & 0b0000_0100)),
        ribbon=reading(bool(byte & 0b0000_1000)),
        head=reading(bool(byte & 0b0100_0001)),
        paused=reading(bool(byte & 0b0001_0000)),
        busy=bool(byte & 0b0010_0000),
    )


def parse_extended(four: bytes) -> PrinterStatus:
    """Return what the four bytes of the answer to `ESC ! S` say; unknown letters say nothing."""
    state, error = chr(four[0]), four[3]
    if state not in "@`PWKLE" or not 0x40 <= error < 0x80:  # noqa: PLR2004 - manual's range
        return PrinterStatus(online=Reading.OK)
    faults = error & 0x3F
    ribbon, jam = faults & 0b0000_1100, faults & 0b0000_0010
    known = 0b0010_1111
    other = state == "E" and not faults & known
    return PrinterStatus(
        online=reading(bool(jam or other)),
        paper=reading(bool(faults & 0b0000_0001)),
        ribbon=reading(bool(ribbon)),
        head=reading(bool(faults & 0b0010_0000)),
        paused=reading(state == "`"),
        busy=state in "PW",
    )
