"""Fonts from the system's files, as the 1-bit glyphs that the label renderer takes."""

import struct
import threading
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from drivers.api import LabelError
from drivers.labels.glyphs import Font, Glyph

_NOTO: Final = Path("/usr/share/fonts/opentype/noto")
REGULAR_PATH: Final = _NOTO / "NotoSansCJK-Regular.ttc"
BOLD_PATH: Final = _NOTO / "NotoSansCJK-Bold.ttc"
FACE_SC: Final = 2
"""Index of "Noto Sans CJK SC" (simplified Chinese shapes) in both collections."""
GLYPHS_MAX: Final = 4_096
"""Glyphs kept of one size and weight, about 1 KB each."""
SIZES_MAX: Final = 64
"""Sizes and weights kept."""
INK_MIN: Final = 112
"""Coverage of a dot, of 255, from which it is printed black."""


@cache
def system_font() -> Font:
    """Return Noto Sans CJK SC; raise `LabelError` where it is not installed."""
    for path in (REGULAR_PATH, BOLD_PATH):
        if not path.is_file():
            hint = "install it: sudo apt-get install fonts-noto-cjk"
            raise LabelError("font", f"{path} is missing", hint)
    return FileFont(REGULAR_PATH, BOLD_PATH, FACE_SC)


class FileFont:
    """A family in two OpenType files or collections; safe to use from several threads."""

    def __init__(self, regular: Path, bold: Path, face: int = 0) -> None:
        self._paths = {False: regular, True: bold}
        self._face = face
        self._covered = {bold: read_cmap(path, face) for bold, path in self._paths.items()}
        self._sizes = lru_cache(maxsize=SIZES_MAX)(self._load)

    def glyphs(self, size: int, *, bold: bool) -> Mapping[str, Glyph]:
        """Return the characters at `size` dots per em; a missing one raises `KeyError`."""
        return self._sizes(size, bold)

    def _load(self, size: int, bold: bool) -> "_Glyphs":
        font = ImageFont.truetype(
            self._paths[bold], size, self._face, layout_engine=ImageFont.Layout.BASIC
        )
        return _Glyphs(font, self._covered[bold])


class _Glyphs(dict[str, Glyph]):
    """The characters of one face, drawn when first asked for."""

    def __init__(self, font: ImageFont.FreeTypeFont, covered: NDArray[np.uint32]) -> None:
        super().__init__()
        self._font = font
        self._covered = covered
        self._lock = threading.Lock()  # a FreeType face serves one thread at a time

    def __missing__(self, char: str) -> Glyph:
        code = ord(char)
        at = int(np.searchsorted(self._covered[:, 0], code, side="right")) - 1
        if at < 0 or code > self._covered[at, 1]:
            raise KeyError(char)
        glyph = self._draw(char)
        if len(self) >= GLYPHS_MAX:
            self.clear()
        self[char] = glyph
        return glyph

    def _draw(self, char: str) -> Glyph:
        with self._lock:
            mask, (left, top) = self._font.getmask2(char, mode="L", anchor="ls")
            advance = round(self._font.getlength(char))
            ascent, descent = self._font.getmetrics()
        width, height = mask.size
        left, top = max(0, int(left)), ascent + int(top)
        if top < 0 or top + height > ascent + descent:
            raise KeyError(char)  # it would touch the next line
        advance = max(advance, left + width)
        cell = np.zeros((ascent + descent, advance), np.bool_)
        ink = np.frombuffer(bytes(mask), np.uint8).reshape(height, width) >= INK_MIN
        cell[top : top + height, left : left + width] = ink
        return Glyph(cell, advance, ascent)


def read_cmap(path: Path, face: int) -> NDArray[np.uint32]:
    """Return the character ranges (first, last) that a face has glyphs for, ascending.

    Reads the full Unicode subtable, format 12 (OpenType specification, "cmap"), which every font
    with rare Chinese characters carries.
    """
    with path.open("rb") as file:
        head = file.read(12)
        start = 0
        if head[:4] == b"ttcf":
            file.seek(12 + 4 * face)
            (start,) = struct.unpack(">I", file.read(4))
            file.seek(start)
            head = file.read(12)
        (count,) = struct.unpack(">H", head[4:6])
        tables = [struct.unpack(">4sIII", file.read(16)) for _ in range(count)]
        offset, size = next((at, n) for tag, _, at, n in tables if tag == b"cmap")
        file.seek(offset)
        cmap = file.read(size)
    (count,) = struct.unpack(">H", cmap[2:4])
    for i in range(count):
        (at,) = struct.unpack(">I", cmap[8 + 8 * i : 12 + 8 * i])
        if cmap[at : at + 2] == b"\x00\x0c":
            (groups,) = struct.unpack(">I", cmap[at + 12 : at + 16])
            table = np.frombuffer(cmap, ">u4", groups * 3, at + 16).reshape(groups, 3)
            return np.ascontiguousarray(table[:, :2], np.uint32)
    raise LabelError("font", f"{path} has no full Unicode cmap", "use fonts-noto-cjk")
