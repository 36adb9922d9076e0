"""ZPL II: Zebra and printers that emulate it.

A copy is one format with one `^GFA` picture, compressed as `:Z64:` with its CRC, and `^PQ1`. `^JZY`
makes the printer print the label again by itself when a fault in the middle of it is mended, so
that a copy in the printer is never sent twice by us. The odometer counts labels that came out: one
more than before is the proof.

Sources: Zebra "ZPL II Programming Guide" (^GF, ^JZ, ^PQ, ~HS, ~HI, ~HQ) and "SGD" (odometer).
"""

import binascii
import re
import zlib
from typing import Final

from drivers.api import CopyId, PrinterStatus, Raster, Reading
from drivers.printers.common import REPLY_BYTES_MAX, Answer, Ask, Token, check_copy, reading

ASK_STATUS: Final = b"~HS"
ASK_ERRORS: Final = b"~HQES"
ASK_MODEL: Final = b"~HI"
ASK_ODOMETER: Final = b'! U1 getvar "odometer.total_label_count"\r\n'
CANCEL: Final = b"~JA"
UNDO_ON_LINES: Final = b"\r\n"
"""`~HI` would be the start of the next line for a printer that reads lines."""

COMPRESSION: Final = 4
"""zlib level: a dense waybill is 21 KB in 1.0 ms; level 1 makes 24 KB of it in 0.6 ms, level 6
makes 20 KB in 2.4 ms, and level 9 19 KB in 14 ms. What is left is Chinese text: with its codes
drawn by the printer itself it would be 3 % less. A quarter of it is base64."""


def encode(label: Raster, copy_id: CopyId) -> bytes:
    """Return the bytes that print `label` once."""
    row_bytes = check_copy(label, copy_id)
    size = len(label.rows)
    packed = binascii.b2a_base64(zlib.compress(label.rows, COMPRESSION), newline=False)
    return (b"^XA^FX%b^FS^PW%d^LL%d^LH0,0^JZY^FO0,0^GFA,%d,%d,%d,:Z64:%b:%04X^FS^PQ1^XZ\r\n") % (
        copy_id.encode(),
        label.width,
        label.height,
        size,
        size,
        row_bytes,
        packed,
        binascii.crc_hqx(packed, 0),
    )


_HOST_STATUS: Final = re.compile(
    rb"\x02([^\x02\x03]*)\x03\s*\x02([^\x02\x03]*)\x03\s*\x02[^\x02\x03]*\x03"
)
_ERRORS: Final = re.compile(
    rb"ERRORS:\s*([01])\s+([0-9A-Fa-f]{8})\s+([0-9A-Fa-f]{8})\s.*?"
    rb"WARNINGS:\s*[01]\s+[0-9A-Fa-f]{8}\s+[0-9A-Fa-f]{8}",
    re.DOTALL,
)
_MODEL: Final = re.compile(rb"\x02([\x20-\x7e]{1,128})\x03")
_ODOMETER: Final = re.compile(rb'"([\x20\x21\x23-\x7e]{1,32})"')
"""A printer without this odometer says "?"."""


class Replies:
    """See `drivers.printers.common.Replies`."""

    def __init__(self) -> None:
        self._ask = Ask.NOTHING
        self._held = b""

    def expect(self, ask: Ask) -> None:
        """Say what is about to be asked; what came earlier does not answer it."""
        self._ask = ask
        self._held = b""

    def feed(self, data: bytes) -> list[Token | Answer]:
        """Return the answer (status, model or odometer) once it is complete; drop all else."""
        for start in range(0, len(data), REPLY_BYTES_MAX):
            if self._ask is Ask.NOTHING:
                break
            self._held = (self._held + data[start : start + REPLY_BYTES_MAX])[
                -2 * REPLY_BYTES_MAX :
            ]
            answer = self._answer()
            if answer is not None:
                self.expect(Ask.NOTHING)
                return [answer]
        return []

    def _answer(self) -> Answer | None:
        match self._ask:
            case Ask.STATUS:
                found = _HOST_STATUS.search(self._held)
                return parse_host_status(found[1], found[2]) if found else None
            case Ask.EXTENDED:
                found = _ERRORS.search(self._held)
                return parse_errors(found[1] == b"1", int(found[3], 16)) if found else None
            case Ask.MODEL:
                found = _MODEL.search(self._held)
                return found[1].decode("ascii").partition(",")[0].strip() if found else None
            case Ask.ODOMETER:
                found = _ODOMETER.search(self._held)
                if found is None:
                    return None
                return int(found[1]) if found[1].isdigit() else found[1].decode("ascii")
            case _:
                return None


def parse_host_status(first: bytes, second: bytes) -> PrinterStatus:
    """Return what the first two strings of the answer to `~HS` say; a missing field says nothing.

    Over- and under-temperature and corrupt memory have no field of their own: they show as not
    online.
    """
    one = [field.strip() for field in first.split(b",")]
    two = [field.strip() for field in second.split(b",")]
    stops = [_flag(one, at) for at in (9, 10, 11)]
    is_thermal_transfer = _flag(two, 4) is True
    return PrinterStatus(
        online=reading(any(stops)) if None not in stops else Reading.UNKNOWN,
        paper=_part(_flag(one, 1)),
        paused=_part(_flag(one, 2)),
        head=_part(_flag(two, 2)),
        ribbon=_part(_flag(two, 3)) if is_thermal_transfer else Reading.UNKNOWN,
        busy=bool(_number(one, 4) or _flag(one, 7) or _number(two, 8)),
    )


def parse_errors(has_error: bool, low: int) -> PrinterStatus:
    """Return what `~HQES` says: `low` is the second group of error bits.

    Jam, cutter and temperature have no field of their own: they show as not online.
    """
    if not has_error:
        low = 0
    own = 0x1 | 0x2 | 0x4 | 0x10000
    return PrinterStatus(
        online=reading(bool(low & ~own)),
        paper=reading(bool(low & 0x1)),
        ribbon=reading(bool(low & 0x2)),
        head=reading(bool(low & 0x4)),
        paused=reading(bool(low & 0x10000)),
    )


def _number(fields: list[bytes], at: int) -> int | None:
    if at >= len(fields) or not fields[at].isdigit() or len(fields[at]) > 12:  # noqa: PLR2004
        return None
    return int(fields[at])


def _flag(fields: list[bytes], at: int) -> bool | None:
    number = _number(fields, at)
    return None if number is None else number != 0


def _part(is_bad: bool | None) -> Reading:
    return Reading.UNKNOWN if is_bad is None else reading(is_bad)
