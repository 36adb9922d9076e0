"""What the languages share."""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final, Protocol, TypeAlias

import msgspec

from drivers.api import CopyId, PrinterStatus, Raster, Reading

REPLY_BYTES_MAX: Final = 4_096
"""Longest reply kept while waiting for its end; older bytes are noise and are dropped."""
STX: Final = 0x02
COPY_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def reading(is_bad: bool) -> Reading:
    """Return BAD or OK."""
    return Reading.BAD if is_bad else Reading.OK


def check_copy(label: Raster, copy_id: CopyId) -> int:
    """Return the bytes of a row of `label`, having checked that it and `copy_id` are sound."""
    row_bytes = (label.width + 7) // 8
    assert label.width > 0
    assert len(label.rows) == row_bytes * label.height > 0, "raster rows do not match its size"
    assert COPY_ID.fullmatch(copy_id), f"not a copy id: {copy_id!r}"
    return row_bytes


def starts_of(pairs: Iterable[bytes], data: bytes) -> list[int]:
    """Return where in `data` one of `pairs` of bytes begins, ascending."""
    import numpy as np  # noqa: PLC0415 - who asks a printer for its status needs none of it

    dots = np.frombuffer(data, np.uint8)
    hits = [np.flatnonzero((dots[:-1] == one) & (dots[1:] == two)) for one, two in pairs]
    found: list[int] = np.sort(np.concatenate(hits)).tolist()
    return found


class Ask(Enum):
    """What a printer was asked; some answers cannot be told apart otherwise."""

    NOTHING = 0
    STATUS = 1
    EXTENDED = 2
    """The language's longer status: `ESC ! S`, `~HQES`."""
    MODEL = 3
    ODOMETER = 4
    LANGUAGE = 5
    """Whether it speaks the language at all, where a whole status is not needed for that."""


class Token(msgspec.Struct, frozen=True):
    """A printer's unasked word that a label is through.

    TSPL: `{status,number,id}`. ESC/POS: the process id, as `job`.
    """

    status: int
    """0 = printed without fault."""
    number: int
    job: str = ""


Answer: TypeAlias = PrinterStatus | str | int
"""A status, a model, or an odometer."""


class Replies(Protocol):
    """Takes what a printer says, in any slices, and returns what it means."""

    def expect(self, ask: Ask) -> None:
        """Say what is about to be asked; what came earlier does not answer it."""

    def feed(self, data: bytes) -> list[Token | Answer]:
        """Return the tokens in `data`, and the answer to what was asked once it is complete."""
