"""ESC/POS: Epson TM and the many printers that follow it.

A copy is a picture in raster bands (`GS v 0`), a process id, and a cut. The printer sends the
process id back once what stands before it has been printed: the proof. It is made from the copy id,
so it can be of no other copy.

`DLE EOT`, `DLE ENQ` and `DLE DC4` are obeyed wherever they stand, even inside a picture, where the
last two may drop what the printer holds. So a picture is sent without them: bands end between two
rows that would join to one, and a row with one inside goes by itself, moved left over its own white
edge behind a margin (`GS L`) as wide. Only where a row has no white edge is one dot of it changed.

Sources: Epson "ESC/POS command reference" (DLE EOT, DLE DC4, GS a, GS I, GS L, GS V, GS v 0,
GS ( H function 48, GS g 2); HPRT TP809 manual pages 33-36; Citizen CMP-20II manual page 44 (GS a).
"""

import re
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from drivers.api import CopyId, PrinterStatus, Raster, Reading
from drivers.printers.common import Answer, Ask, Token, check_copy, reading, starts_of

ASK_STATUS: Final = b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"
"""Answered with a byte each at any time, even with the lid open."""
ASK_LANGUAGE: Final = b"\x10\x04\x01"
"""Does nothing on printers of other languages."""
ASK_AUTO_STATUS: Final = b"\x1da\x0f\x1da\x00"
"""Automatic status on, which is answered at once, and off again."""
ASK_MODEL: Final = b"\x1dIC"
"""Answered when all before it is done."""
ASK_ODOMETER: Final = b"\x1dg2\x00\xb2\x00"
"""How often the cutter ran in the printer's life, answered when all before it is done."""
CANCEL: Final = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
UNDO_ON_LINES: Final = b"\r\n"
"""`DLE EOT` would be the start of the next line for a printer that reads lines."""

BAND_ROWS_MAX: Final = 255
"""So that the high byte of its height is 0, and its header is never a command by itself."""
OBEYED_AT_ONCE: Final = (b"\x10\x04", b"\x10\x05", b"\x10\x14")
"""Byte pairs that begin a real-time command wherever they stand, even inside a picture."""

_ID_FIRST, _ID_LAST = 0x20, 0x7E  # what a process id may be made of
_ID_BASE: Final = _ID_LAST - _ID_FIRST + 1
PROCESS_ID_BYTES: Final = 4


def process_id(copy_id: CopyId) -> str:
    """Return the four characters that stand for `copy_id` in the printer's answer."""
    number = zlib.crc32(copy_id.encode())
    digits = [number // _ID_BASE**place % _ID_BASE for place in range(PROCESS_ID_BYTES)]
    return "".join(chr(_ID_FIRST + digit) for digit in digits)


def encode(label: Raster, copy_id: CopyId, *, has_process_id: bool) -> bytes:
    """Return the bytes that print `label` once; with a process id only for a model that has it."""
    row_bytes = check_copy(label, copy_id)
    asked = b"\x1d(H\x06\x00\x30\x30" + process_id(copy_id).encode() if has_process_id else b""
    return b"".join([b"\x1b@", *bands(label.rows, row_bytes), asked, b"\x1dVB\x00"])


def bands(data: bytes, row_bytes: int) -> Iterator[bytes]:
    """Yield the picture in bands that hold no real-time command."""
    rows = len(data) // row_bytes
    hits = starts_of(OBEYED_AT_ONCE, data)
    alone = {at // row_bytes for at in hits if at % row_bytes < row_bytes - 1}
    edges = {0, rows, *range(0, rows, BAND_ROWS_MAX)}
    edges |= {at // row_bytes + 1 for at in hits}
    edges |= {edge for row in alone for edge in (row, row + 1)}
    for top, bottom in pairwise(sorted(edges)):
        dots = data[top * row_bytes : bottom * row_bytes]
        yield _row(dots) if top in alone else _band(dots, row_bytes)


def _band(dots: bytes, row_bytes: int) -> bytes:
    rows = len(dots) // row_bytes
    return b"\x1dv0\x00" + row_bytes.to_bytes(2, "little") + rows.to_bytes(2, "little") + dots


def _row(dots: bytes) -> bytes:
    """Return a row moved left as far as makes it safe, and as much margin before it."""
    width = len(dots)
    picture = int.from_bytes(dots)
    white = width * 8 - picture.bit_length()
    for margin in range(1, white + 1):
        moved = (picture << margin).to_bytes(width)
        if not starts_of(OBEYED_AT_ONCE, moved):
            there = b"\x1dL" + margin.to_bytes(2, "little")
            return there + _band(moved, width) + b"\x1dL\x00\x00"
    changed = bytearray(dots)
    for at in starts_of(OBEYED_AT_ONCE, dots):
        changed[at] |= 1
    return _band(bytes(changed), width)


_TOKEN: Final = re.compile(rb'7"([\x20-\x7e]{4})\x00', re.DOTALL)
_TOKEN_BEGUN: Final = re.compile(rb'7("[\x20-\x7e]{0,4})?')
_MODEL: Final = re.compile(rb"_([\x20-\x7e]{1,64})\x00")
_MODEL_BEGUN: Final = re.compile(rb"_[\x20-\x7e]{0,64}")
_ODOMETER: Final = re.compile(rb"_(\d{1,10})\x00")
_ODOMETER_BEGUN: Final = re.compile(rb"_\d{0,10}")
_STATUS_BYTES: Final = 4


_FIXED_BITS: Final = 0b1001_0011
_REALTIME, _AUTOMATIC = 0b0001_0010, 0b0001_0000  # what they are in an answer's first byte
_FIXED_BITS_AFTER: Final = 0b1001_0000  # zero in the other bytes of an automatic status


def _is_status(byte: int) -> bool:
    """Return whether `byte` can be an answer to `DLE EOT`."""
    return byte & _FIXED_BITS == _REALTIME


def _is_auto_status(four: bytes) -> bool:
    """Return whether bytes can be the start of an automatic status."""
    is_first = four[0] & _FIXED_BITS == _AUTOMATIC
    return is_first and not any(byte & _FIXED_BITS_AFTER for byte in four[1:])


class Replies:
    """See `drivers.printers.common.Replies`. A status is complete with its fourth byte."""

    def __init__(self) -> None:
        self._ask = Ask.NOTHING
        self._held = b""
        self._status = b""

    def expect(self, ask: Ask) -> None:
        """Say what is about to be asked; what came earlier does not answer it."""
        self._ask = ask
        self._status = b""
        if not _TOKEN_BEGUN.fullmatch(self._held):
            self._held = b""

    def feed(self, data: bytes) -> list[Token | Answer]:
        """Return the tokens in `data`, and the answer to what was asked once it is complete."""
        said: list[Token | Answer] = []
        self._held += data
        while self._held:
            used = self._token(said)
            if not used and not _TOKEN_BEGUN.fullmatch(self._held):
                answer, used = self._answer()
                if answer is not None:
                    said.append(answer)
                    self._ask = Ask.NOTHING
                    self._status = b""
            if not used:
                break
            self._held = self._held[used:]
        return said

    def _token(self, said: list[Token | Answer]) -> int:
        token = _TOKEN.match(self._held)
        if token is None:
            return 0
        said.append(Token(0, 0, token[1].decode("ascii")))
        return token.end()

    def _answer(self) -> tuple[Answer | None, int]:
        """Return the answer at the front, if any, and how many bytes to drop: 0 = wait for more."""
        held = self._held
        answer: Answer | None = None
        match self._ask:
            case Ask.EXTENDED:
                return _auto_status(held[:_STATUS_BYTES])
            case Ask.MODEL:
                return _model(held)
            case Ask.ODOMETER:
                return _odometer(held)
            case Ask.LANGUAGE if _is_status(held[0]):
                answer = "ESC/POS"
            case Ask.STATUS if _is_status(held[0]):
                self._status += held[:1]
                if len(self._status) == _STATUS_BYTES:
                    answer = parse_status(self._status)
        return answer, 1


def _auto_status(four: bytes) -> tuple[Answer | None, int]:
    if not _is_auto_status(four):
        return None, 1
    if len(four) < _STATUS_BYTES:
        return None, 0
    return parse_auto_status(four), _STATUS_BYTES


def _model(held: bytes) -> tuple[Answer | None, int]:
    found = _MODEL.match(held)
    if found is not None:
        return found[1].decode("ascii").strip(), found.end()
    return None, int(not _MODEL_BEGUN.fullmatch(held))


def _odometer(held: bytes) -> tuple[Answer | None, int]:
    found = _ODOMETER.match(held)
    if found is not None:
        return int(found[1]), found.end()
    return None, int(not _ODOMETER_BEGUN.fullmatch(held))


def parse_status(four: bytes) -> PrinterStatus:
    """Return what the answers to `DLE EOT` 1 to 4 say.

    Cutter and other errors have no field of their own: they show as not online. So does a printer
    that says it is offline without a reason.
    """
    printer, offline, error, paper = four
    is_open = bool(offline & 0b0000_0100)
    is_empty = bool(offline & 0b0010_0000 or paper & 0b0110_0000)
    has_error = bool(offline & 0b0100_0000 or error & 0b0110_1000)
    is_offline = bool(printer & 0b0000_1000) and not (is_open or is_empty)
    return PrinterStatus(
        online=reading(has_error or is_offline),
        paper=reading(is_empty),
        head=reading(is_open),
    )


def parse_auto_status(four: bytes) -> PrinterStatus:
    """Return what an automatic status says."""
    is_open = bool(four[0] & 0b0010_0000)
    is_empty = bool(four[2] & 0b0000_1100)
    is_offline = bool(four[0] & 0b0000_1000) and not (is_open or is_empty)
    return PrinterStatus(
        online=reading(bool(four[1] & 0b0010_1100) or is_offline),
        paper=reading(is_empty),
        head=reading(is_open),
        ribbon=Reading.UNKNOWN,
    )
