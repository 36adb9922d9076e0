# ruff: noqa: SIM300 - what is expected stands first
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import CopyId, PrinterStatus, Raster, Reading
from drivers.fakes.engine import Asked, Engine, Printed
from drivers.fakes.escpos_engine import EscposEngine
from drivers.fakes.tspl_engine import TsplEngine
from drivers.fakes.zpl_engine import ZplEngine
from drivers.printers import escpos, tspl, zpl
from drivers.printers.common import Answer, Ask, Replies, Token

OK, BAD, UNKNOWN = Reading.OK, Reading.BAD, Reading.UNKNOWN
COPY = CopyId("0198f0aa-1")
ENCODERS = [(tspl.encode, TsplEngine), (zpl.encode, ZplEngine)]


def test_tspl_bytes(small: Raster) -> None:
    """A TSPL copy is settings, one inverted BITMAP and exactly one PRINT 1,1. PRN-1, PRN-2."""
    expected = (
        b"REM 0198f0aa-1\r\nSIZE 2.0 mm,0.2 mm\r\nGAP 2.0 mm,0 mm\r\nDIRECTION 0\r\n"
        b"REFERENCE 0,0\r\nSET REPRINT ON\r\nSET RESPONSE ON\r\nCLS\r\n"
        b"BITMAP 0,0,2,2,0,\x0f\xff\xff\xfe\r\nPRINT 1,1\r\n"
    )
    assert expected == tspl.encode(small, COPY)


def test_zpl_bytes(small: Raster) -> None:
    """A ZPL copy is one format with one compressed picture and exactly one ^PQ1. PRN-1, PRN-2."""
    expected = (
        b"^XA^FX0198f0aa-1^FS^PW16^LL2^LH0,0^JZY^FO0,0^GFA,4,4,2,"
        b":Z64:eF77wMDACAADxQDy:2031^FS^PQ1^XZ\r\n"
    )
    assert expected == zpl.encode(small, COPY)


@pytest.mark.parametrize(("encode", "engine"), ENCODERS)
def test_virtual_printers_render_bit_for_bit(
    encode: Callable[[Raster, CopyId], bytes], engine: type[Engine], waybill: Raster
) -> None:
    """What a virtual printer renders from the bytes is the raster that was sent. PRN-1."""
    machine = engine()
    label = Printed(waybill, COPY, responds=engine is TsplEngine)
    assert [label] == machine.feed(encode(waybill, COPY))
    assert [] == machine.problems


DANGEROUS = [
    (3, b"\xe4\xde\x00" + bytes(3)),  # ESC ! inside a row
    (3, bytes(2) + b"\xe4\xde" + bytes(2)),  # across two rows
    (3, b"\x00\x81\xde\x00\x81\xde"),  # ~! at the end of both rows
    (2, b"\xe4\xde\xe4\xde\xe4\xde"),  # nothing else
    (1, b"\xe4\xde\x81\xde"),  # rows of one byte
]


@pytest.mark.parametrize(("row_bytes", "rows"), DANGEROUS)
def test_no_realtime_command_inside_a_tspl_picture(row_bytes: int, rows: bytes) -> None:
    """Dots that would read as ESC ! or ~! are cut apart, and the label is the same."""
    raster = Raster(row_bytes * 8, len(rows) // row_bytes, 203, rows)
    sent = tspl.encode(raster, COPY)
    machine = TsplEngine()
    pictures = [e.raster.rows for e in machine.feed(sent) if isinstance(e, Printed)]
    assert not any(pair in sent for pair in tspl.OBEYED_AT_ONCE)
    assert [] == machine.problems
    assert [_on_whole_mm(raster)] == pictures


def _on_whole_mm(raster: Raster) -> bytes:
    """Return the rows that a printer with media in tenths of a millimetre shows."""
    dots = np.unpackbits(np.frombuffer(raster.rows, np.uint8)).reshape(raster.height, -1)
    height = round(float(f"{raster.height / 8:.1f}") * 8)
    return np.packbits(dots[:height], axis=1).tobytes()


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 5), st.lists(st.sampled_from(b"\xe4\xde\x81\x00\xff"), min_size=1))
def test_any_tspl_picture_is_safe_and_whole(row_bytes: int, values: list[int]) -> None:
    """Whatever the dots, no real-time command is sent and no dot is lost."""
    rows = bytes(values) + bytes(-len(values) % row_bytes)
    height = len(rows) // row_bytes
    pieces = b"".join(tspl.bitmaps(bytes(255 - b for b in rows), row_bytes))
    assert not any(pair in pieces for pair in tspl.OBEYED_AT_ONCE)
    machine = TsplEngine()
    size = b"SIZE %d mm,%d mm\r\nCLS\r\n" % (row_bytes, height)
    events = machine.feed(size + pieces + b"PRINT 1\r\n")
    assert isinstance(events[0], Printed)
    assert rows == events[0].raster.rows[: len(rows)]
    assert [] == machine.problems


TSPL_STATUS = [  # Gprinter GP-2120T manual, page 34
    (0x00, ()),
    (0x01, ("head",)),
    (0x02, ("online",)),
    (0x04, ("paper",)),
    (0x05, ("paper", "head")),
    (0x08, ("ribbon",)),
    (0x10, ("paused",)),
    (0x40, ("head",)),
    (0x80, ("online",)),
]


@pytest.mark.parametrize(("byte", "faults"), TSPL_STATUS)
def test_tspl_status_byte(byte: int, faults: tuple[str, ...]) -> None:
    """Each bit of the answer to ESC ! ? is the part that the manual names. PRN-5."""
    assert faults == tspl.parse_status(byte).faults


TSPL_EXTENDED = [  # TSC TTP-244 Plus manual, page 97
    (b"\x02@@@@\x03\r\n", PrinterStatus(OK, OK, OK, OK, OK)),
    (b"\x02`@@@\x03\r\n", PrinterStatus(OK, OK, OK, OK, BAD)),
    (b"\x02P@@@\x03\r\n", PrinterStatus(OK, OK, OK, OK, OK, busy=True)),
    (b"\x02E@@A\x03\r\n", PrinterStatus(OK, BAD, OK, OK, OK)),
    (b"\x02E@@B\x03\r\n", PrinterStatus(BAD, OK, OK, OK, OK)),
    (b"\x02E@@D\x03\r\n", PrinterStatus(OK, OK, BAD, OK, OK)),
    (b"\x02E@@H\x03\r\n", PrinterStatus(OK, OK, BAD, OK, OK)),
    (b"\x02E@@`\x03\r\n", PrinterStatus(OK, OK, OK, BAD, OK)),
    (b"\x02?@@@\x03\r\n", PrinterStatus(OK)),
]
HS_IDLE = (
    b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n"
    b"\x02001,0,0,0,1,2,6,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"
)
HS_FAULTS = (
    b"\x02030,1,1,1245,002,0,0,0,000,0,0,0\x03\r\n"
    b"\x02001,0,1,1,1,2,6,0,00000001,1,000\x03\r\n\x021234,0\x03\r\n"
)
HS_DIRECT_THERMAL = HS_IDLE.replace(b"0,0,1,2,6", b"0,1,0,2,6")
HQES = (
    b"\x02\r\n\r\n  PRINTER STATUS                             \r\n"
    b"   ERRORS:         1 00000000 00000005  \r\n"
    b"   WARNINGS:       0 00000000 00000000  \r\n\x03"
)
ZPL_ANSWERS: list[tuple[Ask, bytes, Answer]] = [
    (Ask.STATUS, HS_IDLE, PrinterStatus(OK, OK, OK, OK, OK)),
    (Ask.STATUS, HS_FAULTS, PrinterStatus(OK, BAD, BAD, BAD, BAD, busy=True)),
    (Ask.STATUS, HS_DIRECT_THERMAL, PrinterStatus(OK, OK, UNKNOWN, OK, OK)),
    (Ask.STATUS, b"\x02030,0\x03\x02\x03\x02\x03", PrinterStatus(UNKNOWN, OK)),
    (Ask.EXTENDED, HQES, PrinterStatus(OK, BAD, OK, BAD, OK)),
    (Ask.EXTENDED, HQES.replace(b"00000005", b"00011000"), PrinterStatus(BAD, OK, OK, OK, BAD)),
    (Ask.EXTENDED, HQES.replace(b"1 0000", b"0 0000"), PrinterStatus(OK, OK, OK, OK, OK)),
    (Ask.MODEL, b"\x02ZD421-203dpi,V93.21.16Z,8,65536KB\x03\r\n", "ZD421-203dpi"),
    (Ask.ODOMETER, b'"31084"', 31084),
    (Ask.ODOMETER, b'"?"', "?"),
]
Row = tuple[Callable[[], Replies], Ask, bytes, list[Token | Answer]]
ZPL_ROWS: list[Row] = [(zpl.Replies, ask, raw, [answer]) for ask, raw, answer in ZPL_ANSWERS]
TSPL_ROWS: list[Row] = [
    (tspl.Replies, Ask.EXTENDED, raw, [answer]) for raw, answer in TSPL_EXTENDED
]
ANSWERS: list[Row] = [
    *ZPL_ROWS,
    *TSPL_ROWS,
    (tspl.Replies, Ask.MODEL, b"TTP-244 Plus\r\n", ["TTP-244 Plus"]),
    (tspl.Replies, Ask.ODOMETER, b"31084\r\n", [31084]),
    (tspl.Replies, Ask.ODOMETER, b"{00,00007}\r\n31084\n", [Token(0, 7), 31084]),
    (escpos.Replies, Ask.ODOMETER, b"_184\x00", [184]),
    (tspl.Replies, Ask.NOTHING, b"{00,00001}", [Token(0, 1)]),
    (tspl.Replies, Ask.NOTHING, b"noise{04,00002,J7}\r\n", [Token(4, 2, "J7")]),
    (tspl.Replies, Ask.NOTHING, b"{0{00,00003}", [Token(0, 3)]),
    (tspl.Replies, Ask.STATUS, b"{00,00001}\r\n\x04", [Token(0, 1), tspl.parse_status(4)]),
    (tspl.Replies, Ask.STATUS, b"\x00{00,00001}\r\n", [tspl.parse_status(0), Token(0, 1)]),
]


@pytest.mark.parametrize(("replies", "ask", "raw", "expected"), ANSWERS)
def test_replies_whole_and_byte_by_byte(
    replies: Callable[[], Replies], ask: Ask, raw: bytes, expected: list[Token | Answer]
) -> None:
    """Each reply means the same however the network slices it. PRN-4, PRN-5, DEV-2."""
    for size in (len(raw), 1, 3):
        parser = replies()
        parser.expect(ask)
        said = [s for i in range(0, len(raw), size) for s in parser.feed(raw[i : i + size])]
        assert expected == said


REPLY_PIECES = [
    *(b"{00,00001}", b"{", b"}", b"\r\n", b"\x02", b"\x03", b"E@@A", b"ERRORS:", b"1 00000001 "),
    *(b'"', b"7", b",", b"\x00", b"\xff", b"TTP", HS_IDLE, HQES),
    *(b'7"ab12\x00', b'7"', b"\x12", b"\x12\x16", b"\x10\x00\x00\x00", b"_TM", b"_"),
]
REPLY_BYTES = st.lists(st.sampled_from(REPLY_PIECES), max_size=12).map(b"".join) | st.binary(
    max_size=80
)


@settings(max_examples=300, deadline=None)
@given(
    raw=REPLY_BYTES,
    ask=st.sampled_from(Ask),
    replies=st.sampled_from([tspl.Replies, zpl.Replies, escpos.Replies]),
)
def test_any_reply_is_read_alike_in_any_slices(
    raw: bytes, ask: Ask, replies: Callable[[], Replies]
) -> None:
    """Whatever arrives, nothing raises, and slicing changes no token and no answer."""
    whole, sliced = replies(), replies()
    whole.expect(ask)
    sliced.expect(ask)
    said = [s for i in range(len(raw)) for s in sliced.feed(raw[i : i + 1])]
    assert whole.feed(raw) == said


HOST_PIECES = [
    *(b"SIZE 2 mm,1 mm\r\n", b"CLS\r\n", b"BITMAP 0,0,1,1,0,\x0f", b"BITMAP 0,0,2", b"PRINT 1\r\n"),
    *(
        b"\x1b!?",
        b"\x1b!.",
        b"\x1b",
        b"~!T\r\n",
        b"OUT @LABEL\r\n",
        b"^XA",
        b"^XZ",
        b"^PW9",
        b"^LL9",
    ),
    *(b"^GFA,4,4,2,:Z64:eAH7wMDACAADxQDy:B34C", b"^FO1,1", b"^PQ2", b"~HS", b"~HQ", b"~JA"),
    *(b'! U1 getvar "odometer.total_label_count"\r\n', b"!", b"^FX x"),
    *(b"~DGR:A.GRF,4,2,,:", b"~DGR:A", b"^XGR:A.GRF,1,1", b"^IDR:A.GRF", b"^POI", b"~SD15\n"),
    *(b"\x1b@", b"\x1dv0\x00\x01\x00\x02\x00", b"\x10\x04\x01", b"\x10", b"\x1dVB\x00"),
    *(b"\x1dL\x03\x00", b"\x1d(H\x06\x0000ab12", b"\x1dIC", b"\x1da\x0f", escpos.CANCEL),
    *(b"\x1dg2\x00\xb2\x00", b"OUT @LABEL\r\n"),
]
HOST_BYTES = st.lists(st.sampled_from(HOST_PIECES), max_size=12).map(b"".join) | st.binary(
    max_size=80
)


@settings(max_examples=300, deadline=None)
@given(raw=HOST_BYTES, engine=st.sampled_from([TsplEngine, ZplEngine, EscposEngine]))
def test_virtual_printers_read_alike_in_any_slices(raw: bytes, engine: Any) -> None:
    """Whatever a host sends, nothing raises, and slicing changes no label and no question."""
    whole, sliced = engine(), engine()
    asked = [event for i in range(len(raw)) for event in sliced.feed(raw[i : i + 1])]
    assert whole.feed(raw) == asked
    assert whole.problems == sliced.problems


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (b"^XA^GFA,4,4,2,:Z64:eAH7wMDACAADxQDy:0BAD^XZ", "a picture whose checksum is wrong"),
        (b"^XA^GFA,4,4,2,:Z64:AAAA:54AD^XZ", "a picture that does not unpack"),
        (b"^XA^GFA,5,5,2,:Z64:eAH7wMDACAADxQDy:B34C^XZ", "a picture of another size than it says"),
        (b"^XA^FXcut~JA", "a format was cut short by a control command"),
    ],
)
def test_the_zpl_engine_notices_bad_bytes(sent: bytes, problem: str) -> None:
    """The virtual ZPL printer names what a real one would have dropped."""
    machine = ZplEngine()
    machine.feed(sent)
    assert [problem] == machine.problems


def test_the_tspl_engine_notices_a_realtime_command_in_a_picture() -> None:
    """The virtual TSPL printer reports dots that a real one would obey."""
    machine = TsplEngine()
    assert [Asked("reset")] == machine.feed(b"BITMAP 0,0,3,1,0,\x1b!R\r\n")
    assert ["a real-time command inside a picture"] == machine.problems
    assert [Asked("status")] == machine.feed(b"\x1b!?")
