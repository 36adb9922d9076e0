"""What the virtual printers' engines have in common: pictures in, events out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from drivers.api import Raster

SIDE_DOTS_MAX: Final = 8_192
DOTS_MAX: Final = 8_000_000
PROBLEMS_MAX: Final = 100
COPIES_MAX: Final = 99


class Printed(msgspec.Struct, frozen=True):
    """A label was asked for; `copy_id` is the comment or the process id that came with it."""

    raster: Raster
    copy_id: str
    responds: bool = False
    """Whether it is to be answered with a token."""
    reprints: bool = True
    """Whether it is printed again when a fault in the middle of it is mended; else it is lost."""


class Asked(msgspec.Struct, frozen=True):
    """A question or an order that works at once: status, extended, model, odometer, cancel."""

    what: str


Event: TypeAlias = Printed | Asked


class Engine(Protocol):
    """Takes a host's bytes in any slices."""

    problems: list[str]
    """What a real printer would have ignored or misread."""

    def feed(self, data: bytes) -> list[Event]:
        """Return what `data` asks for; never raises."""


class Interpreter(ABC):
    """An engine that obeys what stands first in what it holds."""

    def __init__(self, dpi: int = 203) -> None:
        self.problems: list[str] = []
        self._dpi = dpi
        self._held = b""
        self._looked_at = 0  # how much of a picture on its way was searched for commands

    def feed(self, data: bytes) -> list[Event]:
        """Return what `data` asks for; never raises."""
        events: list[Event] = []
        self._held += data
        while self._held and (used := self._take(events)):
            self._held = self._held[used:]
        return events

    @abstractmethod
    def _take(self, events: list[Event]) -> int:
        """Obey what stands first; return the bytes used, 0 when more must come."""


ENDS_WHAT_IS_HELD: Final = ("cancel", "reset")
"""What makes a printer drop everything, half a picture too."""


class Canvas:
    """The picture in a printer's memory, white at first."""

    def __init__(self, width: int, height: int, dpi: int) -> None:
        assert 0 < width <= SIDE_DOTS_MAX
        assert 0 < height <= SIDE_DOTS_MAX
        self._dots = np.zeros((height, width), np.bool_)
        self._dpi = dpi

    def draw(self, x: int, y: int, black: NDArray[np.bool_]) -> None:
        """Put a picture at `x`, `y`; what lies outside is cut off."""
        area = self._dots[y : y + black.shape[0], x : x + black.shape[1]]
        area[:] = black[: area.shape[0], : area.shape[1]]

    def raster(self, *, is_upside_down: bool = False) -> Raster:
        """Return the picture."""
        height, width = self._dots.shape
        dots = self._dots[::-1, ::-1] if is_upside_down else self._dots
        return Raster(width, height, self._dpi, np.packbits(dots, axis=1).tobytes())


def unpack(rows: bytes, row_bytes: int) -> NDArray[np.bool_]:
    """Return packed rows as dots, 1 = True."""
    packed = np.frombuffer(rows, np.uint8).reshape(-1, row_bytes)
    return np.unpackbits(packed, axis=1).astype(np.bool_)


def find_at_once(data: bytes, start: int, commands: Mapping[bytes, str]) -> tuple[int, str] | None:
    """Return where the first real-time command from `start` ends, and what it asks."""
    hits = [(at, each) for each in commands if (at := data.find(each, start)) >= 0]
    if not hits:
        return None
    at, command = min(hits)
    return at + len(command), commands[command]


def note(problems: list[str], problem: str) -> None:
    """Keep a problem for whoever asks."""
    if len(problems) < PROBLEMS_MAX:
        problems.append(problem)
