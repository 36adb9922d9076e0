"""A template and its data → a raster.

What does not depend on the data is drawn once per template and resolution; a label is that picture
plus the rest. Nothing is ever left out silently: what cannot be shown raises `LabelError`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np

from drivers.api import LabelError, Raster
from drivers.labels import codes, image
from drivers.labels.fields import lookup
from drivers.labels.glyphs import Dots, Font
from drivers.labels.template import (
    CODES,
    BoxElement,
    Code128Element,
    Compiled,
    DataMatrixElement,
    ImageElement,
    LineElement,
    Part,
    QrElement,
    RepeatElement,
    TextElement,
    compile_template,
)
from drivers.labels.text import ASCENT, LEADING, Field, ink, set_text
from drivers.units import dots_per_mm

DPI_MIN: Final = 150
DPI_MAX: Final = 600
PAGES_MAX: Final = 50
BACKGROUNDS_MAX: Final = 8
"""Fixed pictures kept, about 1 MB each at 203 dpi."""

CodeCheck: TypeAlias = Callable[[Raster, Sequence[str]], None]
"""Given a label and the values that its codes must carry; raises `LabelError` if one does not."""

_NOTHING: Final[Mapping[str, Any]] = {}


def render(
    template: Mapping[str, Any],
    data: Mapping[str, Any],
    dpi: int,
    font: Font,
    check: CodeCheck | None = None,
) -> Raster:
    """Return the label; raise `LabelError` with the place of the first mistake.

    `check`, where given, is called with the finished label and the values of its codes.
    """
    if not DPI_MIN <= dpi <= DPI_MAX:
        raise LabelError("dpi", f"{dpi} is not a label printer's", f"use {DPI_MIN} to {DPI_MAX}")
    compiled = compile_template(template)
    if compiled.template.pages_over is not None:
        data = {"page": 1, "pages": 1, **data}
    pen = _Pen(_background(compiled, dpi, font).copy(), dots_per_mm(dpi), font)
    for part in compiled.parts:
        if not part.is_fixed:
            pen.draw(part, data)
    height, width = pen.canvas.shape
    raster = Raster(width, height, dpi, np.packbits(pen.canvas, axis=1).tobytes())
    if check is not None:
        check(raster, _code_values(compiled.parts, data))
    return raster


def render_pages(
    template: Mapping[str, Any],
    data: Mapping[str, Any],
    dpi: int,
    font: Font,
    check: CodeCheck | None = None,
) -> list[Raster]:
    """Return as many labels as the list that the template names in `pages_over` needs.

    Each shows `{page}` of `{pages}`. A template without `pages_over` makes one label.
    """
    compiled = compile_template(template).template
    over = compiled.pages_over
    if over is None:
        return [render(template, data, dpi, font, check)]
    items = lookup(over, data)
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise LabelError("pages_over", f"the data has no list '{over}'", "give a list")
    (room,) = (
        each.rows_max
        for each in compiled.elements
        if isinstance(each, RepeatElement) and each.over == over
    )
    pages = max(1, -(-len(items) // room))
    if pages > PAGES_MAX:
        raise LabelError(
            "pages_over", f"'{over}' needs {pages} labels", f"split it: at most {PAGES_MAX} at once"
        )
    return [
        render(template, {**data, over: items[at * room : (at + 1) * room],
                          "page": at + 1, "pages": pages}, dpi, font, check)
        for at in range(pages)
    ]  # fmt: skip


@lru_cache(maxsize=BACKGROUNDS_MAX)
def _background(compiled: Compiled, dpi: int, font: Font) -> Dots:
    scale = dots_per_mm(dpi)
    width, height = (round(side * scale) for side in compiled.template.size_mm)
    pen = _Pen(np.zeros((height, width), np.bool_), scale, font)
    for part in compiled.parts:
        if part.is_fixed:
            pen.draw(part, _NOTHING)
    pen.canvas.flags.writeable = False
    return pen.canvas


def _code_values(parts: Sequence[Part], data: Mapping[str, Any]) -> list[str]:
    """Return what the codes among `parts` must say."""
    values: list[str] = []
    for part in parts:
        if part.when is not None and not part.when.holds(data):
            continue
        if isinstance(part.element, CODES) and part.text is not None:
            values.append(part.text.fill(data))
        if isinstance(part.element, RepeatElement):
            items = lookup(part.element.over, data)[: part.element.rows_max]
            for i, item in enumerate(items):
                values += _code_values(part.parts, {**data, "item": item, "item_no": i + 1})
    return values


class _Pen:
    """Draws parts onto a canvas. Element lengths are mm, everything else dots."""

    def __init__(self, canvas: Dots, scale: float, font: Font) -> None:
        self.canvas = canvas
        self._scale = scale
        self._font = font

    def draw(
        self, part: Part, data: Mapping[str, Any], at_mm: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """Draw `part` with its corner moved by `at_mm`."""
        if part.when is not None and not part.when.holds(data):
            return
        element = part.element
        x, y = element.x + at_mm[0], element.y + at_mm[1]
        text = part.text.fill(data) if part.text is not None else ""
        match element:
            case TextElement():
                self._text(f"{part.path}.text", element, text, x, y)
            case Code128Element() | QrElement() | DataMatrixElement():
                self._code(f"{part.path}.text", element, text, (x, y))
            case ImageElement():
                self._image(part.path, element, data, self._area(x, y, element.w, element.h))
            case LineElement():
                width, height = element.length_mm, element.thick_mm
                if element.vertical:
                    width, height = height, width
                self._area(x, y, width, height)[:] = True
            case BoxElement():
                self._box(element, self._area(x, y, element.w, element.h))
            case RepeatElement():
                self._rows(part, element, data, (x, y))

    def _dots(self, mm: float) -> int:
        return round(mm * self._scale)

    def _area(self, x: float, y: float, w: float, h: float) -> Dots:
        left, top = self._dots(x), self._dots(y)
        right = max(left + 1, self._dots(x + w))
        bottom = max(top + 1, self._dots(y + h))
        return self.canvas[top:bottom, left:right]

    def _text(self, path: str, element: TextElement, text: str, x: float, y: float) -> None:
        if not text.strip():
            return
        left, top = self._dots(x), self._dots(y)
        width, height = self._dots(x + element.w) - left, self._dots(y + element.h) - top
        size = self._dots(element.size_mm)
        smallest = element.min_size_mm
        field = Field(
            path=path,
            width=width,
            height=max(height, size),
            size=size,
            size_min=size if smallest is None else self._dots(smallest),
            is_wrapped=element.flow == "wrap",
            has_ellipsis=element.overflow == "ellipsis",
            bold=element.bold,
        )
        setting = set_text(text, field, self._font)
        if element.valign == "middle":
            top += max(0, height - setting.height) // 2
        baseline = top + round(setting.size * ASCENT)
        for i, (line, line_width) in enumerate(zip(setting.lines, setting.widths, strict=True)):
            rest = width - line_width
            indent = {"left": 0, "center": rest // 2, "right": rest}[element.align]
            drop = round(i * setting.size * LEADING)
            ink(self.canvas, line, left + indent, baseline + drop, white=element.white)

    def _code(
        self,
        path: str,
        element: Code128Element | QrElement | DataMatrixElement,
        text: str,
        at_mm: tuple[float, float],
    ) -> None:
        if isinstance(element, Code128Element):
            area = self._area(*at_mm, element.w, element.h)
            size = (area.shape[1], area.shape[0])
            code = codes.code128(path, text, size, self._scale, gs1=element.gs1)
        else:
            area = self._area(*at_mm, element.size_mm, element.size_mm)
            side = min(area.shape)
            if isinstance(element, QrElement):
                code = codes.qr(path, text, side, self._scale)
            else:
                code = codes.datamatrix(path, text, side, self._scale, gs1=element.gs1)
        _centre(area, code)

    def _image(self, path: str, element: ImageElement, data: Mapping[str, Any], area: Dots) -> None:
        where, what = f"{path}.base64", element.base64
        if element.field is not None:
            where, what = f"{path}.field", lookup(element.field, data)
        if not isinstance(what, str):
            raise LabelError(
                where,
                f"the data has no picture '{element.field}'",
                f'give it in base64, or draw the element only "when": "{element.field}"',
            )
        size = (area.shape[1], area.shape[0])
        _centre(area, image.dots(where, what, size, dither=element.dither))

    def _box(self, element: BoxElement, area: Dots) -> None:
        if element.fill:
            area[:] = True
            return
        edge = max(1, self._dots(element.thick_mm))
        area[:edge] = area[-edge:] = True
        area[:, :edge] = area[:, -edge:] = True

    def _rows(
        self,
        part: Part,
        element: RepeatElement,
        data: Mapping[str, Any],
        at_mm: tuple[float, float],
    ) -> None:
        items = lookup(element.over, data)
        if not isinstance(items, Sequence) or isinstance(items, str):
            raise LabelError(
                f"{part.path}.over",
                f"the data has no list '{element.over}'",
                f'give a list, or draw the element only "when": "{element.over}"',
            )
        if len(items) > element.rows_max and element.rest == "error":
            raise LabelError(
                f"{part.path}.rows_max",
                f"'{element.over}' has {len(items)} items, there is room for {element.rows_max}",
                "raise rows_max, or set rest to cut where the label shows the total",
            )
        for i, item in enumerate(items[: element.rows_max]):
            row = {**data, "item": item, "item_no": i + 1}
            corner = (at_mm[0], at_mm[1] + i * element.step_mm)
            for leaf in part.parts:
                self.draw(leaf, row, corner)


def _centre(area: Dots, code: Dots) -> None:
    top, left = ((room - side) // 2 for room, side in zip(area.shape, code.shape, strict=True))
    area[top : top + code.shape[0], left : left + code.shape[1]] = code
