"""What the renderer needs of a font: its characters as pictures at a size in dots."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Dots: TypeAlias = NDArray[np.bool_]
"""A picture as rows of dots, True = black."""


class Glyph(NamedTuple):
    """One character in a cell as wide as its advance and as high as all of its size.

    Cells stand side by side to make a line. The baseline is `ascent` dots below the cell's top.
    """

    cell: Dots
    advance: int
    ascent: int


class Font(Protocol):
    """A family in two weights."""

    def glyphs(self, size: int, *, bold: bool) -> Mapping[str, Glyph]:
        """Return the characters at `size` dots per em; a missing one raises `KeyError`."""

    def __hash__(self) -> int: ...
