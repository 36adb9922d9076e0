"""Identifiers. All made by Floorgate are UUIDv7 (RFC 9562, 5.7): unique, and sorted by time."""

import hashlib
import re
from typing import Final

ID_CHARS_MAX: Final = 64
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def is_uuid(text: str) -> bool:
    """Tell whether `text` is a UUID in its canonical lower-case form."""
    return _UUID.fullmatch(text) is not None


def uuid7(now_us: int, random: bytes) -> str:
    """Return the UUIDv7 of the instant `now_us` (µs UTC) with 10 bytes of `random`."""
    head = (now_us // 1000 & (1 << 48) - 1) << 80 | int.from_bytes(random[:10])
    return _format(head & ~(0xF << 76) & ~(0x3 << 62) | 7 << 76 | 2 << 62)


def derived_id(*parts: str) -> str:
    """Return the id that belongs to `parts`: the same parts give the same id (UUIDv8)."""
    digest = int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16])
    return _format(digest & ~(0xF << 76) & ~(0x3 << 62) | 8 << 76 | 2 << 62)


def _format(value: int) -> str:
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
