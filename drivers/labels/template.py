"""The template of a label: plain data, checked before use.

Lengths are millimetres from the top left corner of the label. docs/DRIVER_GUIDE.md explains each
element with an example; the structs below are the reference.
"""

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_type_hints

import msgspec

from drivers.api import LabelError
from drivers.labels.fields import Condition, Text, compile_condition, compile_text

SIDE_MM_MAX: Final = 300
ELEMENTS_MAX: Final = 200
ROWS_MAX: Final = 50
TEMPLATES_MAX: Final = 32
"""Compiled templates kept."""

Place: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=SIDE_MM_MAX)]
Length: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=SIDE_MM_MAX)]


class _Element(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    x: Place
    y: Place
    when: str | None = None
    """Draw only if this holds: `field`, `!field` or `field > 1`."""


class TextElement(_Element, frozen=True, tag="text", kw_only=True):
    """Text in a field of `w` × `h`; it shrinks from `size_mm` to `min_size_mm` to fit."""

    w: Length
    h: Length
    size_mm: Length
    min_size_mm: Length | None = None
    """Smallest size allowed; without it the text does not shrink."""
    text: str
    flow: Literal["fit", "wrap"] = "fit"
    overflow: Literal["error", "ellipsis"] = "error"
    align: Literal["left", "center", "right"] = "left"
    valign: Literal["top", "middle"] = "top"
    bold: bool = False
    white: bool = False
    """White on what is already black."""


class Code128Element(_Element, frozen=True, tag="code128", kw_only=True):
    """A Code 128 with its quiet zones, as wide as whole dots allow, centred in `w`."""

    w: Length
    h: Length
    text: str
    gs1: bool = False
    """GS1-128; the text names its identifiers: `(01)06901234567892(10)LOT-A`."""


class QrElement(_Element, frozen=True, tag="qr", kw_only=True):
    """A QR code with its quiet zone, as large as whole dots allow, centred in a square."""

    size_mm: Length
    text: str


class DataMatrixElement(_Element, frozen=True, tag="datamatrix", kw_only=True):
    """A DataMatrix with its quiet zone, as large as whole dots allow, centred in a square."""

    size_mm: Length
    text: str
    gs1: bool = False
    """GS1 DataMatrix; the text names its identifiers: `(01)06901234567892(10)LOT-A`."""


class ImageElement(_Element, frozen=True, tag="image", kw_only=True):
    """A picture (PNG, JPEG … in base64), as large as it fits into `w` × `h`, centred, in dots."""

    w: Length
    h: Length
    field: str | None = None
    """Name of the data's field that holds the picture."""
    base64: str | None = None
    """The picture itself, the same on every label."""
    dither: bool = True
    """Grey as scattered dots; without it, black or white."""


class LineElement(_Element, frozen=True, tag="line", kw_only=True):
    """A line to the right, or down if `vertical`."""

    length_mm: Length
    vertical: bool = False
    thick_mm: Length = 0.25


class BoxElement(_Element, frozen=True, tag="box", kw_only=True):
    """A frame, or a black area if `fill`."""

    w: Length
    h: Length
    thick_mm: Length = 0.25
    fill: bool = False


Leaf: TypeAlias = (
    TextElement
    | Code128Element
    | QrElement
    | DataMatrixElement
    | ImageElement
    | LineElement
    | BoxElement
)
CODES: Final = (Code128Element, QrElement, DataMatrixElement)


class RepeatElement(_Element, frozen=True, tag="repeat", kw_only=True):
    """`elements` once for each item of the list `over`, `step_mm` further down each time.

    An item's fields are `{item.…}`, its number from 1 is `{item_no}`. Places inside count from
    this element's own corner.
    """

    over: str
    step_mm: Length
    rows_max: Annotated[int, msgspec.Meta(ge=1, le=ROWS_MAX)]
    rest: Literal["error", "cut"] = "error"
    """What to do with items past `rows_max`; cut only where the label shows the total."""
    elements: Annotated[tuple[Leaf, ...], msgspec.Meta(min_length=1, max_length=ELEMENTS_MAX)]


Element: TypeAlias = Leaf | RepeatElement


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A label of `size_mm` (width, height) and what stands on it, drawn in order."""

    v: Literal[1] = 1
    name: str
    size_mm: tuple[Length, Length]
    pages_over: str | None = None
    """Name of a list that may need several labels: the repeat over it begins anew on each."""
    elements: Annotated[tuple[Element, ...], msgspec.Meta(max_length=ELEMENTS_MAX)]


class Part(msgspec.Struct, frozen=True):
    """An element ready to draw: its texts and condition compiled, its path for errors."""

    path: str
    element: Element
    text: Text | None
    when: Condition | None
    parts: tuple["Part", ...] = ()

    @property
    def is_fixed(self) -> bool:
        """Whether it looks the same for all data."""
        if self.when is not None or isinstance(self.element, RepeatElement):
            return False
        if isinstance(self.element, ImageElement):
            return self.element.field is None
        return self.text is None or self.text.is_fixed


class Compiled(msgspec.Struct, frozen=True, eq=False):
    """A checked template; equal only to itself, so that pictures of it can be kept."""

    template: Template
    parts: tuple[Part, ...]


def compile_template(template: Mapping[str, Any]) -> Compiled:
    """Check `template` and prepare it for drawing; raise `LabelError` at its first mistake."""
    try:
        raw = msgspec.json.encode(template)
    except (TypeError, ValueError, RecursionError) as error:
        raise LabelError(
            "template", f"it is not plain data: {error}", "use JSON values only"
        ) from error
    return _compile(raw)


_decode = msgspec.json.Decoder(Template).decode
"""Made once, here: labels are drawn in several threads, and the first would make it."""


@lru_cache(maxsize=TEMPLATES_MAX)
def _compile(raw: bytes) -> Compiled:
    try:
        template = _decode(raw)
    except msgspec.ValidationError as error:
        raise _explain(str(error), raw) from error
    parts = tuple(
        _part(f"elements[{i}]", element, template.size_mm)
        for i, element in enumerate(template.elements)
    )
    if template.pages_over is not None:
        _check_pages(template)
    return Compiled(template, parts)


def _part(path: str, element: Element, room_mm: tuple[float, float]) -> Part:
    when = compile_condition(f"{path}.when", element.when) if element.when is not None else None
    if isinstance(element, RepeatElement):
        rows_mm = element.step_mm * element.rows_max
        _check_inside(path, "rows_max", element.y + rows_mm, room_mm[1], "from the top")
        row_mm = (room_mm[0] - element.x, room_mm[1] - element.y - rows_mm + element.step_mm)
        parts = tuple(
            _part(f"{path}.elements[{i}]", leaf, row_mm) for i, leaf in enumerate(element.elements)
        )
        return Part(path, element, None, when, parts)
    width, height = _extent_mm(element)
    _check_inside(path, "x", element.x + width, room_mm[0], "from the left")
    _check_inside(path, "y", element.y + height, room_mm[1], "from the top")
    text = None
    if isinstance(element, (TextElement, *CODES)):
        text = compile_text(f"{path}.text", element.text)
    if isinstance(element, TextElement):
        _check_sizes(path, element)
    if isinstance(element, ImageElement) and (element.field is None) == (element.base64 is None):
        raise LabelError(
            path, "a picture comes from 'field' or from 'base64'", "give one of the two"
        )
    return Part(path, element, text, when)


def _check_pages(template: Template) -> None:
    repeats = [each for each in template.elements if isinstance(each, RepeatElement)]
    if [each.over for each in repeats].count(str(template.pages_over)) != 1:
        raise LabelError(
            "pages_over",
            f"there must be one repeat over '{template.pages_over}'",
            "let exactly one element of type repeat run over that list",
        )


def _extent_mm(leaf: Leaf) -> tuple[float, float]:
    if isinstance(leaf, QrElement | DataMatrixElement):
        return leaf.size_mm, leaf.size_mm
    if isinstance(leaf, LineElement):
        across = leaf.thick_mm
        return (across, leaf.length_mm) if leaf.vertical else (leaf.length_mm, across)
    return leaf.w, leaf.h


def _check_inside(path: str, field: str, end_mm: float, room_mm: float, word: str) -> None:
    if end_mm > room_mm + 1e-6:
        raise LabelError(
            f"{path}.{field}",
            f"it ends at {end_mm:g} mm {word}, but there is room for {room_mm:g} mm",
            "move it, make it smaller, or enlarge size_mm",
        )


def _check_sizes(path: str, element: TextElement) -> None:
    if element.min_size_mm is not None and element.min_size_mm > element.size_mm:
        raise LabelError(
            f"{path}.min_size_mm",
            f"{element.min_size_mm:g} is larger than size_mm {element.size_mm:g}",
            "make it smaller, or leave it out",
        )
    if element.size_mm > element.h:
        raise LabelError(
            f"{path}.h",
            f"{element.h:g} mm cannot hold one line of {element.size_mm:g} mm",
            "raise h to size_mm or more",
        )


_KINDS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "text": TextElement,
    "code128": Code128Element,
    "qr": QrElement,
    "datamatrix": DataMatrixElement,
    "image": ImageElement,
    "line": LineElement,
    "box": BoxElement,
    "repeat": RepeatElement,
}


def _explain(message: str, raw: bytes) -> LabelError:
    """Turn msgspec's message into one with a path and a hint."""
    cause, _, place = message.partition(" - at ")
    path = place.strip("`").removeprefix("$").removeprefix(".") or "template"
    path = path.replace(".type", "") if path.endswith(".type") else path
    kind = _kind_at(msgspec.json.decode(raw), path)
    struct: type[msgspec.Struct] = _KINDS.get(str(kind), Template)
    names = ", ".join(struct.__struct_fields__)
    field = re.search(r"field `(\w+)`", cause)
    if "unknown field" in cause and field:
        near = difflib.get_close_matches(field[1], struct.__struct_fields__, n=1)
        hint = f"did you mean '{near[0]}'? known: {names}" if near else f"known: {names}"
        return LabelError(f"{path}.{field[1]}", "there is no such field", hint)
    if "missing required field" in cause and field:
        return LabelError(path, f"the field '{field[1]}' is missing", f"add it; known: {names}")
    if "Invalid value" in cause and kind not in _KINDS and place.endswith(".type`"):
        return LabelError(path, f"there is no element '{kind}'", f"use one of {', '.join(_KINDS)}")
    if "Invalid value" in cause:
        return LabelError(path, "a repeat cannot stand in a repeat", "put its elements here")
    return LabelError(path, cause, _remedy(cause, struct, path))


_WORDS: Final = {"str": "a text", "float": "a number", "int": "a whole number",
                 "bool": "true or false", "array": "a list", "object": "an object"}  # fmt: skip


def _remedy(cause: str, struct: type[msgspec.Struct], path: str) -> str:
    """Return what to write instead of a value of the wrong sort."""
    field = path.rpartition(".")[2]
    allowed = get_args(get_type_hints(struct).get(field))
    if "enum value" in cause and allowed:
        return f"write {' or '.join(map(str, allowed))}"
    if bound := re.search(r"Expected `\w+`(?: of length)? ([<>]=?) ([\d.]+)", cause):
        side = {"<=": "at most", ">=": "at least", ">": "more than", "<": "less than"}[bound[1]]
        return f"write {side} {float(bound[2]):g}"
    wanted = re.search(r"Expected `(\w+)", cause)
    return f"write {_WORDS[wanted[1]]}" if wanted and wanted[1] in _WORDS else "correct this value"


def _kind_at(node: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the type that the innermost element on the way to `path` gives itself."""
    kind = None
    for step in re.findall(r"\[(\d+)\]|(\w+)", path):
        key = int(step[0]) if step[0] else step[1]
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(node, dict):
            kind = node.get("type")
    return kind
