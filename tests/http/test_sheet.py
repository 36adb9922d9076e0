"""The sheet that a PDA is set up with."""

from drivers.api import builtin_template, check_label, render_labels, sample_data
from tests.rig import Rig


async def test_the_sheet_is_a_pdf_for_anybody(rig: Rig) -> None:
    """Calibration codes and command cards come from the box, signed in or not (PDA-2)."""
    for _ in range(2):
        async with rig.http.get(f"{rig.url}/api/v1/sheet.pdf") as answer:
            body = await answer.read()
            assert (answer.status, answer.content_type) == (200, "application/pdf")
            assert body.startswith(b"%PDF")


def test_the_three_codes_read_back() -> None:
    """What the page expects of a calibration is what the sheet's codes say."""
    data = sample_data("calibration")
    render_labels(builtin_template("calibration"), data, check=check_label)
    assert data["digits"] == "0123456789"
    assert data["ascii"] == "".join(map(chr, range(32, 127)))
