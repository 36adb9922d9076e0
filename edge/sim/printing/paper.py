"""Pictures that stand for labels, and what is read from the labels that came out."""

import hashlib
from typing import Any, Final

import msgspec

from drivers.api import Raster

ROW_BYTES: Final = 32
ROWS: Final = 160
"""Enough that a label takes a printer several reads."""
_NOISE: Final = bytes((0x55, 0xAA, 0x33, 0xCC))
"""Dots that no printer language takes for a command."""


class Out(msgspec.Struct, frozen=True):
    """A label that came out of a printer, as a scanner reads it."""

    waybill: str = ""
    copy_id: str = ""
    n: int = 0
    slip: str = ""
    """The code of a fallback slip; then the rest is empty."""

    @property
    def code(self) -> str:
        """The text of its QR."""
        return self.slip or f"FG1:{self.waybill}:{self.copy_id}"


def label(fields: dict[str, Any]) -> Raster:
    """Return the picture of a label."""
    return _picture(Out(fields["waybill"], fields["copy_id"], fields["copy"]))


def slip(fields: dict[str, Any]) -> Raster:
    """Return the picture of a fallback slip."""
    return _picture(Out(slip=fields["code"]))


def _picture(out: Out) -> Raster:
    text = msgspec.json.encode(out)
    size = ROW_BYTES * ROWS
    noise = hashlib.shake_256(text).digest(size - len(text) - 1)
    dots = bytes(_NOISE[byte & 3] for byte in noise)
    return Raster(ROW_BYTES * 8, ROWS, 203, text + b"\0" + dots)


def read(raster: Raster) -> Out:
    """Return what a label says that came out; raise `msgspec.DecodeError` where it is spoilt."""
    stride = (raster.width + 7) // 8
    rows = (raster.rows[at : at + ROW_BYTES] for at in range(0, len(raster.rows), stride))
    text, _, _ = b"".join(rows).partition(b"\0")
    return msgspec.json.decode(text, type=Out)
