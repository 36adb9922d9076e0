"""UUIDv7 (RFC 9562, 5.7). Pure."""

from typing import Final
from uuid import UUID

MS_BITS: Final = 48


def uuid7(now_us: int, random: bytes) -> str:
    """Return a UUID that sorts by time; `random` is 10 bytes."""
    ms = (now_us // 1000) & ((1 << MS_BITS) - 1)
    bits = (ms << 80) | int.from_bytes(random[:10], "big")
    bits = bits & ~(0xF << 76) | (0x7 << 76)
    bits = bits & ~(0b11 << 62) | (0b10 << 62)
    return str(UUID(int=bits))
