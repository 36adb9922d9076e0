"""Scanners that act as a keyboard: the kernel's input events, turned into what was typed.

An event is `struct input_event` of <linux/input.h> on a 64-bit machine, 24 bytes; key codes are
those of <linux/input-event-codes.h>. Works on any file descriptor that gives such bytes.
"""

import fcntl
import os
import stat
import struct
from typing import Final

from drivers.api import OnScan
from drivers.scanners.framing import Framing
from drivers.scanners.source import Reading, Source, read_descriptor

EVENT: Final = struct.Struct("llHHi")
READ_EVENTS_MAX: Final = 64
EV_KEY: Final = 1
UP: Final = 0
EVIOCGRAB: Final = 0x40044590
"""Takes the device for this process alone: what it scans is typed nowhere else."""
LEFT_SHIFT, RIGHT_SHIFT, CAPS_LOCK = 42, 54, 58
LEFT_ALT, RIGHT_ALT = 56, 100
ENDS: Final = {28: b"\r", 96: b"\r", 15: b"\t"}
"""Enter, keypad enter, tab."""
KEYPAD: Final = {82: 0, 79: 1, 80: 2, 81: 3, 75: 4, 76: 5, 77: 6, 71: 7, 72: 8, 73: 9}
_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
LAYOUT: Final = {
    first + at: (plain, shifted)
    for first, lower, upper in _ROWS
    for at, (plain, shifted) in enumerate(zip(lower, upper, strict=True))
}
"""US layout, which scanners type in unless told otherwise: key code → (plain, with shift)."""
CODE_POINT_MAX: Final = 0xFFFF
"""What can be typed with Alt: a byte, or two bytes of GBK."""


class Keyboard:
    """Turns events into the bytes that they type. Pure but for its own state."""

    def __init__(self) -> None:
        self._held = b""
        self._shifts: set[int] = set()
        self._caps = False
        self._alt: list[int] | None = None

    def feed(self, data: bytes) -> bytes:
        """Return what the events in `data`, cut anywhere, type."""
        data = self._held + data
        whole = len(data) - len(data) % EVENT.size
        self._held = data[whole:]
        typed = b""
        for _, _, kind, code, value in EVENT.iter_unpack(data[:whole]):
            if kind == EV_KEY:
                typed += self._key(code, value)
        return typed

    def _key(self, code: int, value: int) -> bytes:
        if code in (LEFT_SHIFT, RIGHT_SHIFT):
            (self._shifts.discard if value == UP else self._shifts.add)(code)
            return b""
        if code in (LEFT_ALT, RIGHT_ALT):
            return self._alt_key(value)
        if value == UP:
            return b""
        if self._alt is not None and code in KEYPAD:
            self._alt.append(KEYPAD[code])
            return b""
        if code == CAPS_LOCK:
            self._caps = not self._caps
            return b""
        return ENDS.get(code) or self._character(code)

    def _character(self, code: int) -> bytes:
        if code in KEYPAD:
            return str(KEYPAD[code]).encode()
        plain, shifted = LAYOUT.get(code, ("", ""))
        is_shifted = bool(self._shifts) ^ (self._caps and plain.isalpha())
        return (shifted if is_shifted else plain).encode()

    def _alt_key(self, value: int) -> bytes:
        """Alt with keypad digits types a byte, or a GBK character: how Chinese guns do it."""
        if value != UP:
            self._alt = self._alt or []
            return b""
        digits, self._alt = self._alt or [], None
        number = int("".join(map(str, digits[:6])) or "0")
        if not 0 < number <= CODE_POINT_MAX:
            return b""
        return number.to_bytes(1 if number < 0x100 else 2)  # noqa: PLR2004 - one byte or two


class HidScanner(Source):
    """A keyboard that somebody marked as a scanner; it is grabbed, so nothing else types it."""

    def __init__(self, path: str, framing: Framing, handle: OnScan) -> None:
        super().__init__(path, framing, handle)

    async def _listen(self) -> None:
        fd = os.open(self.subject, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if stat.S_ISCHR(os.fstat(fd).st_mode):
                fcntl.ioctl(fd, EVIOCGRAB, 1)
            self._note(is_open=True)
            keyboard, reading = Keyboard(), Reading(self._framing, self._take)
            try:
                await read_descriptor(
                    fd, READ_EVENTS_MAX * EVENT.size, lambda data: reading.feed(keyboard.feed(data))
                )
            finally:
                reading.close()
        finally:
            os.close(fd)
