# ruff: noqa: SIM300 - what is expected stands first
import copy
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import (
    LabelError,
    Raster,
    builtin_template,
    raster_png,
    render_label,
    sample_data,
)
from drivers.fonts import system_font
from drivers.labels.text import Field, set_text


def label_of(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"v": 1, "name": "t", "size_mm": [50, 30], "elements": list(elements)}


def text_of(**changes: Any) -> dict[str, Any]:
    return {"type": "text", "x": 1, "y": 1, "w": 40, "h": 5, "size_mm": 4, "text": "围兜"} | changes


def dots(raster: Raster) -> np.ndarray:
    packed = np.frombuffer(raster.rows, np.uint8).reshape(raster.height, -1)
    return np.unpackbits(packed, axis=1)[:, : raster.width]


def codes_on(raster: Raster) -> set[tuple[str, str]]:
    grey = np.where(dots(raster) == 1, 0, 255).astype(np.uint8)
    return {(found.format.name, found.text) for found in zxingcpp.read_barcodes(grey)}


@pytest.mark.parametrize("dpi", [203, 300])
def test_waybill_codes_read_back(dpi: int) -> None:
    """A waybill's Code 128 is its number and its QR names the copy. PRN-1, PRN-4."""
    data = sample_data("waybill")
    found = codes_on(render_label(builtin_template("waybill"), data, dpi))
    number = data["waybill"]
    expected = {("Code128", number), ("QRCode", f"FG1:{number}:{data['copy_id']}")}
    assert expected == found


@pytest.mark.parametrize("name", ["waybill", "slip", "tote"])
def test_builtin_templates_print_their_samples(name: str) -> None:
    """Every built-in template fits its sample, in label size and with readable codes. PRN-1."""
    template = builtin_template(name)
    raster = render_label(template, sample_data(name))
    assert tuple(8 * side for side in template["size_mm"]) == (raster.width, raster.height)
    assert codes_on(raster)
    assert raster_png(raster).startswith(b"\x89PNG")


def test_second_copy_is_marked() -> None:
    """Copy 2 differs from copy 1 by a large black band and says so in nothing else. PRN-2."""
    template, data = builtin_template("waybill"), sample_data("waybill")
    first = dots(render_label(template, data))
    second = dots(render_label(template, {**data, "copy": 2, "copies_note": "原件作废"}))
    rows = np.flatnonzero((first != second).any(axis=1))
    assert (130 * 8, 144 * 8) == (rows[0] // 8 * 8, (rows[-1] // 8 + 1) * 8)
    assert second[130 * 8 : 143 * 8].mean() > 0.6


def test_gift_line_is_printed_only_when_there_is_one() -> None:
    """`gifts_text` stands on the waybill, and leaves no empty frame when absent. GIFT-4."""
    template, data = builtin_template("waybill"), sample_data("waybill")
    area = np.s_[116 * 8 : 129 * 8, 3 * 8 : 65 * 8]
    assert dots(render_label(template, data))[area].any()
    del data["gifts_text"]
    assert not dots(render_label(template, data))[area].any()


def test_rare_names_print_and_unknown_characters_are_refused() -> None:
    """㛃䶮 and 𰻝 come out as ink; a character without a glyph refuses the label. PRN-1."""
    template = label_of(text_of(text="{name}", size_mm=5))
    assert dots(render_label(template, {"name": "㛃䶮𰻝"})).any()
    with pytest.raises(LabelError) as caught:
        render_label(template, {"name": "王\U0001f600"})
    assert "U+1F600" in caught.value.cause
    assert caught.value.path == "elements[0].text"


MISTAKES = [
    ({"v": 1, "name": "t", "elements": []}, "template", "'size_mm' is missing"),
    (label_of(text_of(colour="red")), "elements[0].colour", "no such field"),
    (label_of(text_of(siz_mm=3)), "elements[0].siz_mm", "no such field"),
    (label_of({"type": "text", "x": 1, "y": 1}), "elements[0]", "is missing"),
    (label_of(text_of(x="left")), "elements[0].x", "Expected `float`, got `str`"),
    (label_of(text_of(w=0)), "elements[0].w", "> 0"),
    (label_of(text_of(type="txt")), "elements[0]", "no element 'txt'"),
    (label_of(text_of(align="middle")), "elements[0].align", "Invalid enum value"),
    (label_of(text_of(w=60)), "elements[0].x", "ends at 61 mm"),
    (label_of(text_of(y=28)), "elements[0].y", "ends at 33 mm"),
    (label_of(text_of(size_mm=6)), "elements[0].h", "cannot hold one line"),
    (label_of(text_of(min_size_mm=9)), "elements[0].min_size_mm", "larger than size_mm"),
    (label_of(text_of(text="{a")), "elements[0].text", "'}'"),
    (label_of(text_of(text="{a b}")), "elements[0].text", "not a field name"),
    (label_of(text_of(text="{a!r}")), "elements[0].text", "not a field name"),
    (label_of(text_of(text="{nobody.name}")), "elements[0].text", "no 'nobody.name'"),
    (label_of(text_of(text="{items}")), "elements[0].text", "is a list"),
    (label_of(text_of(when="a = 1")), "elements[0].when", "not a condition"),
    (label_of(text_of(when="copy > 1")), "elements[0].when", "the data has no 'copy'"),
    (label_of(text_of(when="word > 1")), "elements[0].when", "not a whole number"),
    (label_of(text_of(text="围兜" * 40)), "elements[0].text", "does not fit"),
    (
        label_of({"type": "qr", "x": 1, "y": 1, "size_mm": 6, "text": "x"}),
        "elements[0].text",
        "den",
    ),
    (
        label_of({"type": "code128", "x": 1, "y": 1, "w": 30, "h": 9, "text": "面单"}),
        "elements[0].text",
        "cannot carry",
    ),
    (
        label_of({"type": "code128", "x": 1, "y": 1, "w": 30, "h": 9, "text": "A" * 30}),
        "elements[0].text",
        "too dense",
    ),
    (
        label_of(
            {
                "type": "repeat",
                "over": "items",
                "x": 1,
                "y": 1,
                "step_mm": 5,
                "rows_max": 1,
                "elements": [text_of()],
            }
        ),
        "elements[0].rows_max",
        "has 2 items",
    ),
]


@pytest.mark.parametrize(("template", "path", "cause"), MISTAKES)
def test_each_mistake_is_located_and_explained(
    template: dict[str, Any], path: str, cause: str
) -> None:
    """A designer is told where the mistake is, what it is, and how to mend it. PRN-1."""
    with pytest.raises(LabelError) as caught:
        render_label(template, {"items": [1, 2], "word": "x"})
    assert path == caught.value.path
    assert cause in caught.value.cause
    assert caught.value.hint


REMEDIES = [
    (label_of(text_of(x="left")), "write a number"),
    (label_of(text_of(align="middle")), "write left or center or right"),
    (label_of(text_of(w=0)), "write more than 0"),
    (label_of(text_of()) | {"size_mm": [60_000, 40]}, "write at most 300"),
    (label_of(text_of()) | {"v": 2}, "write 1"),
    (label_of(text_of(text=7)), "write a text"),
    (label_of(text_of(bold="yes")), "write true or false"),
]


@pytest.mark.parametrize(("template", "hint"), REMEDIES)
def test_a_value_of_the_wrong_sort_is_told_the_right_one(
    template: dict[str, Any], hint: str
) -> None:
    """What msgspec calls a type is told in a designer's words. PRN-1."""
    with pytest.raises(LabelError) as caught:
        render_label(template, {})
    assert hint == caught.value.hint


def test_a_repeat_in_a_repeat_is_refused() -> None:
    """A template cannot loop: what repeats holds plain elements only. PRN-1."""
    inner = {"type": "repeat", "over": "rows", "x": 1, "y": 1, "step_mm": 5, "rows_max": 1}
    outer = inner | {"elements": [inner | {"elements": [text_of()]}]}
    with pytest.raises(LabelError) as caught:
        render_label(label_of(outer), {"rows": [1]})
    assert ("elements[0].elements[0]", "a repeat cannot stand in a repeat") == (
        caught.value.path, caught.value.cause,
    )  # fmt: skip


def test_misspelt_field_names_the_right_one() -> None:
    """The hint for a misspelt field says which field was meant."""
    with pytest.raises(LabelError) as caught:
        render_label(label_of(text_of(alignn="left")), {})
    assert caught.value.hint.startswith("did you mean 'align'?")


def test_long_text_ends_in_an_ellipsis_where_allowed() -> None:
    """`overflow: ellipsis` cuts a text visibly instead of refusing the label."""
    template = label_of(text_of(text="围兜" * 40, overflow="ellipsis"))
    assert dots(render_label(template, {}))[8:48, 8:328].any()


@pytest.mark.parametrize("item_count", [0, 1, 3])
def test_rows_repeat_over_a_list(item_count: int) -> None:
    """A repeat draws one row per item, each lower by its step."""
    row = text_of(x=0, y=0, text="{item_no} {item.name}")
    repeat = {"type": "repeat", "over": "items", "x": 1, "y": 1, "step_mm": 6, "rows_max": 3}
    template = label_of({**repeat, "elements": [row]})
    shown = dots(render_label(template, {"items": [{"name": "湿巾"}] * item_count}))
    has_ink = [bool(shown[8 + 48 * i : 8 + 48 * (i + 1)].any()) for i in range(3)]
    assert [i < item_count for i in range(3)] == has_ink


def test_check_hook_sees_the_label_and_its_codes() -> None:
    """A check is given the finished label with what its codes must say, and may refuse it."""
    seen: list[tuple[Raster, Sequence[str]]] = []
    data = sample_data("tote")
    raster = render_label(
        builtin_template("tote"), data, check=lambda label, codes: seen.append((label, codes))
    )
    assert [(raster, ["T-00042"])] == seen


def test_the_guide_shows_a_template_that_works() -> None:
    """The example in the driver guide is drawn as it stands there."""
    guide = (Path(__file__).parents[2] / "docs" / "DRIVER_GUIDE.md").read_text("utf-8")
    template = json.loads(guide.split("```json\n")[1].split("```")[0])
    sku = {"zh": "保温杯 480ml", "en": "Vacuum flask, 480 ml, with a cup and a brush"}
    data = {"sku": sku, "code": "6901234567892", "lots": [{"id": "L2611"}], "qty": 120}
    assert {("QRCode", "6901234567892")} == codes_on(render_label(template, data))


def test_templates_may_change_under_the_cache() -> None:
    """A template that is changed in place is drawn as changed, not as remembered."""
    template = label_of(text_of())
    before = render_label(template, {})
    changed = copy.deepcopy(template)
    changed["elements"][0]["text"] = "湿巾"
    template["elements"][0]["text"] = "湿巾"
    assert before != render_label(template, {})
    assert render_label(changed, {}) == render_label(template, {})


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(st.sampled_from("围兜湿巾，。（）ab12-.  \n\u200b"), max_size=60),
    width=st.integers(40, 300),
    is_wrapped=st.booleans(),
)
def test_set_text_stays_inside_its_field(text: str, width: int, is_wrapped: bool) -> None:
    """Whatever the text, its lines fit the field and lose nothing, or it is refused or cut."""
    field = Field("t", width, 120, 32, 16, is_wrapped, has_ellipsis=True, bold=False)
    setting = set_text(text, field, system_font())
    assert all(line_width <= width for line_width in setting.widths)
    assert setting.height <= 120
    glyphs = system_font().glyphs(setting.size, bold=False)
    names = {id(glyphs[char]): char for char in [*text.replace("\n", " "), "…"] if char != "\u200b"}
    shown = "".join(names[id(glyph)] for line in setting.lines for glyph in line)
    whole = re.sub(r"[ \n\u200b]", "", text)
    kept = shown.replace(" ", "")
    assert kept == whole or (kept[-1] == "…" and whole.startswith(kept[:-1]))


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["v", "name", "size_mm", "elements", "type", "x", "y", "text", "when"]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    )
)
def test_any_template_is_drawn_or_explained(document: Any) -> None:
    """No document, however wrong, raises anything but LabelError."""
    for template in (document, label_of(document)):
        try:
            render_label(template, {})
        except LabelError as error:
            explained = error.path and error.hint
            assert explained
