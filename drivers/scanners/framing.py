"""From a scanner's bytes to codes: where one ends, what does not belong to it, how it reads.

Pure. A code ends with a terminator, or when nothing follows for a while. What cannot be a code is
returned all the same, with its `problem`: a scan is answered, never swallowed.
"""

import re
from typing import Final

import msgspec

from drivers.api import Scan

LENGTH_MAX: Final = 2_048
"""Bytes of one code: the largest DataMatrix holds 1,556, the largest QR code 2,953 digits."""
TERMINATORS: Final = b"\r\n\t\x03"
STX: Final = b"\x02"
GS: Final = "\x1d"
"""Separates the parts of a GS1 code: the only control character that a code holds."""
_AIM: Final = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_ENCODINGS: Final = ("utf-8", "gb18030", "latin-1")


class Framing(msgspec.Struct, frozen=True):
    """How a device marks its codes."""

    prefix: bytes = b""
    suffix: bytes = b""
    """Before the terminator; both are configured on some guns."""
    idle_s: float = 0.05
    """So long a pause ends a code without a terminator."""
    length_max: int = LENGTH_MAX


class Framer:
    """Cuts a stream of bytes into scans. Times are seconds of any clock that does not jump."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._held = bytearray()
        self._is_too_long = False
        self._last_s = 0.0

    @property
    def due_s(self) -> float | None:
        """When what is held becomes a code by itself, or None while nothing is held."""
        return self._last_s + self._framing.idle_s if self._held or self._is_too_long else None

    def feed(self, data: bytes, at_s: float) -> list[Scan]:
        """Return the scans that `data`, received at `at_s`, completes."""
        scans = self.elapse(at_s)
        for byte in data:
            if byte in TERMINATORS:
                scans += self._end()
            elif len(self._held) >= self._framing.length_max:
                self._is_too_long = True
            else:
                self._held.append(byte)
        self._last_s = at_s
        return scans

    def elapse(self, at_s: float) -> list[Scan]:
        """Return the scan that a pause until `at_s` has ended, if any."""
        due_s = self.due_s
        return self._end() if due_s is not None and at_s >= due_s else []

    def _end(self) -> list[Scan]:
        raw, is_too_long = bytes(self._held), self._is_too_long
        self._held.clear()
        self._is_too_long = False
        if is_too_long:
            return [Scan(raw, "", problem="too_long")]
        return [self._scan(raw)] if raw.strip(b"\0 ") else []

    def _scan(self, raw: bytes) -> Scan:
        framing = self._framing
        body = raw.removeprefix(STX)
        if not (body.startswith(framing.prefix) and body.endswith(framing.suffix)):
            return Scan(raw, "", problem="frame")
        body = body[len(framing.prefix) : len(body) - len(framing.suffix)]
        return read_code(body, raw)


def read_code(body: bytes, raw: bytes | None = None) -> Scan:
    """Return the scan of a code's bytes: AIM identifier apart, text in the encoding it is in."""
    text = decode_text(body)
    aim = _AIM.match(text)
    symbology = aim[0] if aim else ""
    text = text[len(symbology) :]
    is_clean = text.replace(GS, "").isprintable()
    problem = "" if text and is_clean else "control_characters" if text else "empty"
    return Scan(body if raw is None else raw, text, symbology, problem)


def decode_text(body: bytes) -> str:
    """Return text that scanners send as UTF-8 or, where that fails, as GB18030."""
    for encoding in _ENCODINGS:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 takes any bytes")
