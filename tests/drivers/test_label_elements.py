"""GS1 codes, DataMatrix, pictures, lists over several labels, and labels that read themselves."""

import base64
import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.api import (
    LabelError,
    Raster,
    builtin_template,
    builtin_templates,
    check_label,
    labels_pdf,
    render_label,
    render_labels,
    sample_data,
)

GS1 = "(01)06901234567892(10)A7"
RARE = "㛃䶮𬱖𠅤𫖯𬭎𰻝𱁬镕喆堃犇玥赟祎朤曌翀"


def label_of(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a template of 60 × 40 mm."""
    return {"v": 1, "name": "t", "size_mm": [60, 40], "elements": list(elements)} | more


def dots(raster: Raster) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Return the label's dots, 1 = black."""
    packed = np.frombuffer(raster.rows, np.uint8).reshape(raster.height, -1)
    return np.unpackbits(packed, axis=1)[:, : raster.width]


def codes_on(raster: Raster) -> set[tuple[str, str]]:
    """Return (format, text) of what another reader finds."""
    grey = np.where(dots(raster) == 1, 0, 255).astype(np.uint8)
    return {(found.format.name, found.text) for found in zxingcpp.read_barcodes(grey)}


def picture(size: tuple[int, int] = (40, 20), colour: str = "black") -> str:
    """Return a PNG in base64."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "png")
    return base64.b64encode(out.getvalue()).decode()


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ({"type": "code128", "x": 1, "y": 1, "w": 58, "h": 10, "gs1": True}, "Code128"),
        ({"type": "datamatrix", "x": 1, "y": 1, "size_mm": 20, "gs1": True}, "DataMatrix"),
    ],
)
@pytest.mark.parametrize("dpi", [203, 300])
def test_gs1_codes_read_back(element: dict[str, Any], expected: str, dpi: int) -> None:
    """GTIN, expiry and lot come back from a GS1-128 and a GS1 DataMatrix (PRN-1, PICK-3)."""
    label = render_label(label_of(element | {"text": "{code}"}), {"code": GS1}, dpi, check_label)
    assert codes_on(label) == {(expected, GS1)}


def test_a_plain_datamatrix_reads_back() -> None:
    """Without GS1 a DataMatrix holds plain text (PRN-1)."""
    element = {"type": "datamatrix", "x": 1, "y": 1, "size_mm": 12, "text": "T-00042"}
    assert codes_on(render_label(label_of(element), {})) == {("DataMatrix", "T-00042")}


@pytest.mark.parametrize("text", ["(01)06901234567899", "(99999)1", "no identifiers", "(01)"])
def test_wrong_gs1_is_refused_with_the_right_way(text: str) -> None:
    """A wrong check digit, identifier or syntax is named and the notation shown."""
    element = {"type": "datamatrix", "x": 1, "y": 1, "size_mm": 20, "gs1": True, "text": text}
    with pytest.raises(LabelError, match=r"elements\[0\]\.text") as refused:
        render_label(label_of(element), {})
    assert refused.value.hint == "write it as (01)06901234567892(10)LOT-A"


def test_a_picture_is_fitted_and_centred() -> None:
    """A black 2:1 picture in a square becomes a black half of it, in the middle (PRN-1)."""
    element = {"type": "image", "x": 0, "y": 0, "w": 20, "h": 20, "field": "logo"}
    shown = dots(render_label(label_of(element), {"logo": picture()}))
    expected = np.zeros_like(shown)
    expected[40:120, 0:160] = 1
    assert np.array_equal(expected, shown)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "the data has no picture"),
        ("no base64!", "this is no whole picture"),
        (base64.b64encode(b"MZ not a picture").decode(), "this is no whole picture"),
        (picture()[:60], "this is no whole picture"),
        ("A" * 400_004, "takes 400004 characters"),
        (picture((5_000, 1_000)), "5000 × 1000 pixels"),
    ],
)
def test_a_picture_that_cannot_be_is_explained(value: str | None, said: str) -> None:
    """Missing, broken, foreign and oversized pictures each say what they are."""
    element = {"type": "image", "x": 0, "y": 0, "w": 20, "h": 20, "field": "logo"}
    with pytest.raises(LabelError, match=said):
        render_label(label_of(element), {"logo": value})


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_explained(raw: bytes) -> None:
    """Whatever is given as a picture, the answer is a label or a LabelError."""
    element = {"type": "image", "x": 0, "y": 0, "w": 5, "h": 5, "field": "logo"}
    head = base64.b64decode(picture())[:24]
    for content in (raw, head + raw):
        with contextlib.suppress(LabelError):
            render_label(label_of(element), {"logo": base64.b64encode(content).decode()})


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (10, 1), (11, 2), (35, 4)])
def test_a_pick_list_takes_as_many_labels_as_it_needs(count: int, pages: int) -> None:
    """Rows go on on the next label, numbered; none is left out (PICK-1)."""
    data = sample_data("picklist")
    rows = [data["rows"][0] | {"location": f"A-{n:02}"} for n in range(count)]
    labels = render_labels(builtin_template("picklist"), data | {"rows": rows})
    assert len(labels) == pages
    assert len({label.rows for label in labels}) == pages


def test_too_many_pages_are_refused() -> None:
    """A list that would empty the roll is refused, with the bound."""
    data = sample_data("picklist")
    with pytest.raises(LabelError, match="needs 51 labels"):
        render_labels(builtin_template("picklist"), data | {"rows": data["rows"][:1] * 501})


def test_pages_need_their_list() -> None:
    """A template that pages over a list which nothing repeats is refused."""
    with pytest.raises(LabelError, match="pages_over"):
        render_labels(label_of(pages_over="rows"), {"rows": []})


@pytest.mark.parametrize("name", builtin_templates())
@pytest.mark.parametrize("dpi", [203, 300])
def test_every_template_passes_its_own_check(name: str, dpi: int) -> None:
    """Each built-in label's codes read back, also with every text in rare characters (PRN-1)."""

    def rare(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: rare(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [rare(each, key) for each in value]
        named = ("name", "site", "picker")
        return RARE if isinstance(value, str) and key in named else value

    data = sample_data(name)
    for each in (data, rare(data)):
        assert render_labels(builtin_template(name), each, dpi, check_label)


def test_a_code_that_does_not_read_is_found() -> None:
    """A label whose code was damaged is refused before it leaves (PRN-4)."""
    data = sample_data("tote")
    label = render_label(builtin_template("tote"), data)
    check_label(label, ["T-00042"])
    with pytest.raises(LabelError, match="T-00043"):
        check_label(label, ["T-00042", "T-00043"])
    rows = bytearray(label.rows)
    width = -(-label.width // 8)
    for y in range(7 * 8, 26 * 8):
        rows[y * width + 20 : y * width + 40] = b"\xff" * 20
    spoilt = Raster(label.width, label.height, label.dpi, bytes(rows))
    with pytest.raises(LabelError, match="does not read"):
        check_label(spoilt, ["T-00042"])


def test_codes_in_rows_are_checked_too() -> None:
    """A repeat's codes are among the values that a label must carry."""
    code = {"type": "qr", "x": 0, "y": 0, "size_mm": 18, "text": "{item.code}"}
    repeat = {"type": "repeat", "over": "bins", "x": 1, "y": 1, "step_mm": 19, "rows_max": 2}
    seen: list[list[str]] = []
    render_label(
        label_of(repeat | {"elements": [code]}),
        {"bins": [{"code": "A-01"}, {"code": "A-02"}]},
        check=lambda _, values: seen.append(list(values)),
    )
    assert seen == [["A-01", "A-02"]]


def test_a_pdf_has_a_page_for_each_label() -> None:
    """Pages are as large as the labels, and the bytes the same each time (PRN-1)."""
    labels = render_labels(builtin_template("picklist"), sample_data("picklist"))
    content = labels_pdf(labels)
    assert (content[:5], content.count(b"/Type /Page\n")) == (b"%PDF-", 2)
    assert labels_pdf(labels) == content


# ---- the command line ---------------------------------------------------------------------------


def floorgate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(
        [sys.executable, "-m", "edge", "print", *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "head"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("tspl", b"SIZE"), ("zpl", b"^XA")]
)
def test_the_command_line_renders(lang: str, head: bytes, tmp_path: Path) -> None:
    """A label comes as a picture or as a printer's bytes (PRN-1)."""
    out = tmp_path / f"label.{lang}"
    done = floorgate("render", "waybill", "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert head in out.read_bytes()[:200]


def test_the_command_line_explains_mistakes(tmp_path: Path) -> None:
    """A template's mistake is located, a missing file is named, by different exit codes."""
    template = tmp_path / "t.json"
    template.write_text(json.dumps(label_of({"type": "qr", "x": 1, "y": 1, "size": 9})), "utf-8")
    wrong = floorgate("check", template)
    assert wrong.returncode == 1
    assert "did you mean 'size_mm'" in wrong.stderr
    said = json.loads(floorgate("check", template, "--json").stdout)
    assert said["problem"]["path"] == "elements[0].size"
    missing = floorgate("render", tmp_path / "none.json", "-o", tmp_path / "x.png")
    assert (missing.returncode, "No such file" in missing.stderr) == (2, True)
    assert set(json.loads(floorgate("templates", "--json").stdout)) == set(builtin_templates())
