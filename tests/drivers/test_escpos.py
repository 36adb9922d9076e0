# ruff: noqa: SIM300 - what is expected stands first
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import CopyId, PrinterStatus, Proof, Raster, Reading
from drivers.fakes.engine import Asked, Printed
from drivers.fakes.escpos_engine import EscposEngine
from drivers.models import models, proof_of
from drivers.printers import escpos
from drivers.printers.common import Answer, Ask, Token

OK, BAD, UNKNOWN = Reading.OK, Reading.BAD, Reading.UNKNOWN
COPY = CopyId("0198f0aa-1")
ID = escpos.process_id(COPY)


def printed(raster: Raster) -> bytes:
    """Return the rows that come out of the bytes of `raster`; no command hides in them."""
    sent = escpos.encode(raster, COPY, has_process_id=True)
    machine = EscposEngine()
    events = machine.feed(sent)
    assert [] == machine.problems
    assert [Printed] == [type(event) for event in events]
    label = events[0]
    assert isinstance(label, Printed)
    assert (ID, True) == (label.copy_id, label.responds)
    return label.raster.rows


def test_escpos_bytes(small: Raster) -> None:
    """A copy is a reset, bands, the process id where the model has one, and one cut. PRN-1."""
    band = b"\x1dv0\x00\x02\x00\x02\x00\xf0\x00\x00\x01"
    plain = b"\x1b@" + band + b"\x1dVB\x00"
    assert plain == escpos.encode(small, COPY, has_process_id=False)
    asked = b"\x1d(H\x06\x00\x30\x30" + ID.encode()
    proved = b"\x1b@" + band + asked + b"\x1dVB\x00"
    assert proved == escpos.encode(small, COPY, has_process_id=True)


def test_the_band_height_has_no_high_byte(waybill: Raster) -> None:
    """A long label goes in bands of at most 255 rows, and comes out whole. PRN-1."""
    heads = escpos.encode(waybill, COPY, has_process_id=True).split(b"\x1dv0\x00")[1:]
    assert {255, 1200 % 255} >= {int.from_bytes(head[2:4], "little") for head in heads}
    assert waybill.rows == printed(waybill)


DANGEROUS = [
    (3, b"\x00\x10\x04" + bytes(3)),  # DLE EOT inside a row, white before it
    (3, b"\x00\x10\x05\x00\x10\x14"),  # DLE ENQ and DLE DC4 in two rows
    (3, bytes(2) + b"\x10\x04" + bytes(2)),  # across two rows
    (2, b"\x10\x04\x10\x04\x10\x04"),  # nothing else
    (1, b"\x10\x04\x10\x14"),  # rows of one byte
    (4, b"\x00\x10\x10\x04"),  # a pair behind another first byte
]


@pytest.mark.parametrize(("row_bytes", "rows"), DANGEROUS)
def test_no_realtime_command_inside_a_picture(row_bytes: int, rows: bytes) -> None:
    """Dots that would read as a real-time command go in another form, and print the same."""
    raster = Raster(row_bytes * 8, len(rows) // row_bytes, 203, rows)
    assert rows == printed(raster)


def test_a_row_without_a_white_edge_loses_one_dot() -> None:
    """Only where nothing else is possible is one dot printed black that was white."""
    rows = b"\x80\x10\x04"
    assert b"\x80\x11\x04" == printed(Raster(24, 1, 203, rows))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 5), st.lists(st.sampled_from(b"\x10\x04\x05\x14\x00\x80\xff"), min_size=1))
def test_any_picture_is_safe_and_whole(row_bytes: int, values: list[int]) -> None:
    """Whatever the dots, no command is sent in them, and at most DLE bytes change by a dot."""
    rows = bytes(values) + bytes(-len(values) % row_bytes)
    shown = printed(Raster(row_bytes * 8, len(rows) // row_bytes, 203, rows))
    assert all(a == b or (a, b) == (0x10, 0x11) for a, b in zip(rows, shown, strict=True))
    assert len(rows) == len(shown)


IDLE = b"\x12\x12\x12\x12"
ANSWERS: list[tuple[Ask, bytes, list[Token | Answer]]] = [
    (Ask.LANGUAGE, b"\x12", ["ESC/POS"]),
    (Ask.LANGUAGE, b"\x00", []),
    (Ask.STATUS, IDLE, [PrinterStatus(OK, OK, UNKNOWN, OK)]),
    (Ask.STATUS, b"\x1a\x32\x12\x7e", [PrinterStatus(OK, BAD, UNKNOWN, OK)]),
    (Ask.STATUS, b"\x1a\x16\x12\x12", [PrinterStatus(OK, OK, UNKNOWN, BAD)]),
    (Ask.STATUS, b"\x1a\x52\x1a\x12", [PrinterStatus(BAD, OK, UNKNOWN, OK)]),
    (Ask.STATUS, b"\x1a\x12\x12\x12", [PrinterStatus(BAD, OK, UNKNOWN, OK)]),
    (Ask.STATUS, b"\x10\x00\x00\x00" + IDLE, [PrinterStatus(OK, OK, UNKNOWN, OK)]),
    (Ask.STATUS, b'\x12\x127"ab12\x00\x12\x12',
     [Token(0, 0, "ab12"), PrinterStatus(OK, OK, UNKNOWN, OK)]),
    (Ask.STATUS, IDLE[:3], []),
    (Ask.EXTENDED, b"\x10\x00\x00\x00", [PrinterStatus(OK, OK, UNKNOWN, OK)]),
    (Ask.EXTENDED, b"\x38\x00\x0c\x00", [PrinterStatus(OK, BAD, UNKNOWN, BAD)]),
    (Ask.EXTENDED, b"\x18\x08\x00\x00", [PrinterStatus(BAD, OK, UNKNOWN, OK)]),
    (Ask.MODEL, b"_TM-T20III\x00", ["TM-T20III"]),
    (Ask.NOTHING, b'7%\x007"2345\x00', [Token(0, 0, "2345")]),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "raw", "expected"), ANSWERS)
def test_replies_whole_and_byte_by_byte(
    ask: Ask, raw: bytes, expected: list[Token | Answer]
) -> None:
    """Each reply of the manuals means the same however the line slices it. PRN-4, PRN-5, DEV-2."""
    for size in (len(raw), 1, 3):
        parser = escpos.Replies()
        parser.expect(ask)
        said = [s for i in range(0, len(raw), size) for s in parser.feed(raw[i : i + size])]
        assert expected == said


def test_what_the_printer_says_at_once() -> None:
    """Status is told in the middle of a picture, and a cancel there drops the half of it."""
    machine = EscposEngine()
    head = b"\x1dv0\x00\x02\x00\x02\x00\xf0"
    assert [Asked("real-time status 1")] == machine.feed(head + b"\x10\x04\x01")
    assert [Asked("cancel")] == machine.feed(escpos.CANCEL)[-1:]
    machine.feed(b"\x1b@")
    assert machine.feed(b"\x1dVB\x00") == []


def test_process_ids_are_printable_and_differ() -> None:
    """Ten thousand copies have ten thousand ids, made of what the manual allows. PRN-4."""
    ids = {escpos.process_id(CopyId(f"copy-{n}")) for n in range(10_000)}
    assert len(ids) >= 9_999
    assert all(len(each) == 4 and each.isascii() and each.isprintable() for each in ids)


def test_models_are_data_and_none_is_claimed_as_tried() -> None:
    """A model's own proof comes from a table that says what nobody has seen on the device."""
    assert Proof.TOKEN is proof_of("escpos", "TM-T88VI")
    assert Proof.NONE is proof_of("escpos", "XP-80C")
    assert Proof.ODOMETER is proof_of("zpl", "ZD421-203dpi")
    assert not any(model.field_verified for model in models())
