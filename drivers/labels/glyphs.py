"""What the renderer needs of a font: its characters as pictures at a size in dots."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Dots: TypeAlias = NDArray[np.bool_]
"""A picture as rows of dots, True = black."""


class Glyph(NamedTuple):
    """One character. `left` and `top` place `ink` from the pen on the baseline; `top` is up."""

    ink: Dots
    left: int
    top: int
    advance: int


class Font(Protocol):
    """A family in two weights."""

    def glyphs(self, size: int, *, bold: bool) -> Mapping[str, Glyph]:
        """Return the characters at `size` dots per em; a missing one raises `KeyError`."""
