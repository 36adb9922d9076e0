"""Setting text: breaking lines, finding the size that fits, placing glyphs."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from drivers.api import LabelError
from drivers.labels.glyphs import Dots, Font, Glyph

LEADING: Final = 1.16
"""Distance of baselines in ems."""
ASCENT: Final = 0.88
"""Baseline below the top of the em box, in ems."""
ELLIPSIS: Final = "…"

_UNSEEN: Final = dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0xFE00, 0xFE10), 0xFEFF])
"""Characters without a picture of their own (joiners, direction marks, selectors)."""
_SPACES: Final = {ord(c): " " for c in "\t\r\v\f\x85\xa0"}
_CLEAN: Final = _UNSEEN | _SPACES

_OPENING: Final = r"（(《〈【「『“‘\["
_CLOSING: Final = r"）)》〉】」』”’\]，。、；：！？,.;:!?…%"
_PIECE: Final = re.compile(
    rf"[{_OPENING}]*(?:[A-Za-z0-9_#&@/+*.\-]+|[^ ])[{_CLOSING}]*| +", re.DOTALL
)
"""What stays together on a line: a word or number, or one character, with its punctuation."""


class Field(NamedTuple):
    """Where and how a text is set. Dots."""

    path: str
    width: int
    height: int
    size: int
    size_min: int
    is_wrapped: bool
    has_ellipsis: bool
    bold: bool


class Setting(NamedTuple):
    """Lines that fit their field, and the size found."""

    lines: list[list[Glyph]]
    widths: list[int]
    size: int

    @property
    def height(self) -> int:
        """Dots from the top of the first em box to the bottom of the last."""
        return _height(len(self.lines), self.size)


def set_text(text: str, field: Field, font: Font) -> Setting:
    """Return `text` set into `field`; raise `LabelError` where it cannot be shown whole.

    With `has_ellipsis` a text that is too long ends in a visible "…" instead.
    """
    text = text.translate(_CLEAN)
    if not field.is_wrapped:
        text = text.replace("\n", " ")
    size = field.size
    while True:
        glyphs = font.glyphs(size, bold=field.bold)
        advances = _advances(text, glyphs, field.path)
        lines = _break(text, advances, field.width) if field.is_wrapped else [text]
        widths = [sum(advances[c] for c in line) for line in lines]
        is_narrow = max(widths, default=0) <= field.width
        if is_narrow and _height(len(lines), size) <= field.height:
            return Setting([[glyphs[c] for c in line] for line in lines], widths, size)
        if size == field.size_min:
            break
        size = max(field.size_min, _smaller(size, widths, field))
    if not field.has_ellipsis:
        raise LabelError(
            field.path,
            f"{text[:40]!r} does not fit, even at the smallest size",
            "enlarge w or h, lower min_size_mm, or set overflow to ellipsis",
        )
    return _cut(lines, glyphs, field, size)


def ink(canvas: Dots, line: Sequence[Glyph], x: int, baseline: int, *, white: bool) -> None:
    """Draw `line` onto `canvas` from `x` on; `white` takes ink away."""
    if not line:
        return
    strip = np.concatenate([glyph.cell for glyph in line], axis=1)
    top = baseline - line[0].ascent
    strip = strip[max(0, -top) :]
    top = max(0, top)
    area = canvas[top : top + strip.shape[0], x : x + strip.shape[1]]
    strip = strip[: area.shape[0]]  # cells may reach past the label's edge, ink does not
    if white:
        area &= ~strip
    else:
        area |= strip


def _height(lines: int, size: int) -> int:
    return size + round((lines - 1) * size * LEADING) if lines else 0


def _smaller(size: int, widths: list[int], field: Field) -> int:
    """Return the next size to try: near the answer for one line, a dot less for many."""
    if field.is_wrapped:
        return size - 1
    return min(size - 1, size * field.width // max(widths))


def _advances(text: str, glyphs: Mapping[str, Glyph], path: str) -> dict[str, int]:
    advances = {"\n": 0}
    for char in text:
        if char not in advances:
            try:
                advances[char] = glyphs[char].advance
            except KeyError:
                raise LabelError(
                    path,
                    f"the font has no glyph for '{char}' (U+{ord(char):04X}) in {text[:40]!r}",
                    "correct the text; the label is refused rather than printed with a gap",
                ) from None
    return advances


def _break(text: str, advances: Mapping[str, int], width: int) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0
        for piece in _PIECE.findall(paragraph):
            length = sum(advances[c] for c in piece)
            if used + length > width and line:
                lines.append(line.rstrip(" "))
                line, used = "", 0
                if piece.isspace():
                    continue
            if length > width:
                *full, piece = _chop(piece, advances, width)  # noqa: PLW2901 - the rest of it
                lines.extend(full)
                length = sum(advances[c] for c in piece)
            line += piece
            used += length
        lines.append(line.rstrip(" "))
    return lines


def _chop(piece: str, advances: Mapping[str, int], width: int) -> list[str]:
    """Break a piece that is longer than a line."""
    cuts, used = [0], 0
    for i, char in enumerate(piece):
        if used + advances[char] > width and i > cuts[-1]:
            cuts.append(i)
            used = 0
        used += advances[char]
    return [piece[a:b] for a, b in pairwise([*cuts, len(piece)])]


def _cut(lines: list[str], glyphs: Mapping[str, Glyph], field: Field, size: int) -> Setting:
    room = 1
    while room < len(lines) and _height(room + 1, size) <= field.height:
        room += 1
    last = lines[room - 1]
    end = glyphs[ELLIPSIS].advance
    while last and sum(glyphs[c].advance for c in last) + end > field.width:
        last = last[:-1]
    kept = [*lines[: room - 1], last + ELLIPSIS]
    set_lines = [[glyphs[c] for c in line] for line in kept]
    return Setting(set_lines, [sum(g.advance for g in line) for line in set_lines], size)
