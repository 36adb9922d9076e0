"""GS1 codes at the door: whatever a scanner types is parsed or is no GS1 code (PICK-3)."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.app.gs1 import CODE_CHARS_MAX, parse_gs1

_ELEMENTS = st.sampled_from(
    [
        "0106901234567892",
        "17261231",
        "17269931",
        "10LOT",
        "21S1",
        "00",
        "]C1",
        "]d2",
        "\x1d",
        "8008",
    ]
)


@given(st.lists(_ELEMENTS | st.text(max_size=6), max_size=8).map("".join))
@example("]Q3" + "9" * CODE_CHARS_MAX)
@settings(max_examples=300, deadline=None)
def test_no_code_breaks_the_door(code: str) -> None:
    """Any text is None or parts that are texts: never an error, never a code longer than asked."""
    found = parse_gs1(code)
    if found is not None:
        assert len(code) <= CODE_CHARS_MAX
        assert all(each in code.zfill(14) or each.isdigit() for each in found.codes)
        assert len(found.lot) <= 20
        assert found.expiry == "" or len(found.expiry) == 10
