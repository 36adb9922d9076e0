"""Order files: what is taken, what is reported, and that nothing falls between."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.hub import import_derive
from sync.hub.import_csv import COLUMNS
from sync.hub.import_model import ADVICE
from sync.hub.import_text import LINE_BYTES_MAX
from sync.hub.imports import (
    Charge,
    Counts,
    Import,
    ImportFault,
    Line,
    ReturnLine,
    parse_orders,
    read_orders,
    shifted,
)

HEADER = ",".join(COLUMNS)
GOOD = "1001,22001,PAPER STAR,6,12/1/10 8:26,2.55,17850,United Kingdom"
MINUTE_US = 60_000_000
AT_US = 1_291_191_960_000_000
"""2010-12-01 08:26 UTC."""


def parse(*lines: str, header: str = HEADER, encoding: str = "utf-8") -> Import:
    text = "\r\n".join((header, *lines)) + "\r\n"
    return parse_orders(text.encode(encoding), kind="csv", warehouse="W1")


def reasons(result: Import) -> list[tuple[int, str]]:
    return [(one.line, one.code) for one in result.rejects]


def test_one_invoice_is_one_order() -> None:
    """Lines of an invoice become one order, prices in fen, times in µs UTC (FLOW-1)."""
    result = parse(GOOD, "1001,22002,TIN,2,12/1/10 8:26,10,17850,France", "1002,22001,,1,"
                   "2010-12-01 08:27,0.5,,France")  # fmt: skip
    first, second = result.orders
    assert first.lines == (Line(1, "22001", 6, 255), Line(2, "22002", 2, 1000))
    assert (first.order_id, first.paid_at, first.amount_fen) == ("1001", AT_US, 3530)
    assert (second.order_id, second.paid_at) == ("1002", AT_US + MINUTE_US)
    assert (first.customer_level, second.customer_level) == ("regular", "guest")
    assert [(item.sku, item.name.en) for item in result.catalog] == [
        ("22001", "PAPER STAR"),
        ("22002", "TIN"),
    ]


def test_repeated_stock_codes_add_up() -> None:
    """A SKU twice in an invoice is one line; mixed prices keep the amount exact by a charge."""
    result = parse(GOOD, GOOD.replace(",6,", ",1,").replace("2.55", "2.57"))
    assert result.orders[0].lines == (Line(1, "22001", 7, 255),)
    assert result.orders[0].charges == (Charge("ROUND", "mixed prices", 2),)
    assert result.orders[0].amount_fen == 6 * 255 + 257


@pytest.mark.parametrize("code", ["POST", "d", "BANK CHARGES", "gift_0001_20", "C2", "AMAZONFEE"])
def test_charges_are_not_picked(code: str) -> None:
    """Postage, discounts, fees and vouchers become charges, and may be negative."""
    result = parse(GOOD, f"1001,{code},Fee,-2,12/1/10 8:26,1.50,17850,France")
    assert result.orders[0].charges == (Charge(code.upper(), "Fee", -300),)
    assert len(result.orders[0].lines) == 1
    assert result.counts == Counts(lines=2, ordered=1, charged=1, returned=0, rejected=0, blank=0)


def test_c_invoices_are_returns() -> None:
    """A credit note is a return of an order that no box knows (RET-1)."""
    result = parse("C77,22001,PAPER STAR,-3,12/1/10 8:26,2.55,1,UK", "C78,D,,-1,12/1/10 8:27,2,,UK")
    goods, discount = result.returns
    assert (goods.order_id, goods.category, goods.lines) == (
        "C77",
        "return",
        (ReturnLine("22001", 3),),
    )
    assert (discount.lines, discount.charges) == ((), (Charge("D", "", -200),))
    assert (result.orders, result.counts.returned) == ((), 2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("2.55", "2.555"), "bad_price"),
        (("2.55", "-1"), "negative_price"),
        (("2.55", "1e3"), "bad_price"),
        (("2.55", "99999999"), "absurd_price"),
        ((",6,", ",-6,"), "negative_quantity"),
        ((",6,", ",0,"), "zero_quantity"),
        ((",6,", ",10001,"), "absurd_quantity"),
        ((",6,", ",six,"), "bad_quantity"),
        ((",6,", ",６,"), "bad_quantity"),
        ((",6,", ",6.5,"), "bad_quantity"),
        (("12/1/10", "13/1/10"), "bad_date"),
        (("12/1/10", "2/30/10"), "bad_date"),
        (("8:26", "8:61"), "bad_date"),
        (("12/1/10 8:26", "1210-12-01 08:26"), "bad_date"),
        (("12/1/10 8:26", "yesterday"), "bad_date"),
        (("22001", "22\x00001"), "control_character"),
        (("22001", "星"), "bad_sku"),
        (("1001", ""), "bad_invoice"),
        (("PAPER", '"PAPER'), "bad_quotes"),
        (("PAPER", "A,PAPER"), "too_many_fields"),
        ((",United Kingdom", ""), "too_few_fields"),
        (("PAPER", "P" * 201), "field_too_long"),
        (("PAPER", "P" * LINE_BYTES_MAX), "line_too_long"),
        (("C", "C"), "repeated_header"),
        (("1001", "C1"), "positive_return"),
    ],
)
def test_a_bad_line_is_reported(change: tuple[str, str], code: str) -> None:
    """A bad line is reported by number, reason and advice; other orders are taken."""
    bad = HEADER if code == "repeated_header" else GOOD.replace(*change)
    result = parse(bad, GOOD.replace("1001", "1002"))
    assert reasons(result) == [(2, code)]
    assert result.rejects[0].advice == ADVICE[code]
    assert [order.order_id for order in result.orders] == ["1002"]


@pytest.mark.parametrize(
    "bad", ["1001,22002,TIN", '1001,22002,"TIN,1', "1001,22002,TI\x07N,1,12/1/10 8:26,1,,UK"]
)
def test_an_order_is_taken_whole_or_not_at_all(bad: str) -> None:
    """One broken line of an invoice rejects the invoice, so that it cannot ship incomplete."""
    result = parse(GOOD, bad, GOOD.replace("22001", "22003"))
    assert result.orders == ()
    assert [code for line, code in reasons(result) if line != 3] == ["order_incomplete"] * 2
    assert result.rejects[0].facts == {"because_line": "3"}


def test_half_a_line_at_the_end() -> None:
    """A file cut in its last line reports that line; a complete one needs no line end."""
    text = f"{HEADER}\n{GOOD}\n{GOOD.replace('1001', '1002')}"
    whole = parse_orders(text.encode(), kind="csv", warehouse="W1")
    cut = parse_orders(text[:-30].encode(), kind="csv", warehouse="W1")
    assert (len(whole.orders), reasons(whole)) == (2, [])
    assert (len(cut.orders), reasons(cut)) == (1, [(3, "too_few_fields")])


def test_a_cut_that_could_change_a_number_is_refused() -> None:
    """Where the last column is a number, a last line without a line end is not believed."""
    header = HEADER.replace("Quantity,", "") + ",Quantity"
    line = "1001,22001,STAR,12/1/10 8:26,2.55,17850,UK,60"
    result = parse_orders(f"{header}\n{line}".encode(), kind="csv", warehouse="W1")
    assert reasons(result) == [(2, "cut_line")]


def test_only_charges_is_nothing_to_ship() -> None:
    """An invoice without goods is reported, not assigned."""
    result = parse("1001,POST,POSTAGE,1,12/1/10 8:26,18,1,France")
    assert reasons(result) == [(2, "nothing_to_ship")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_text_in_either_encoding(encoding: str) -> None:
    """UTF-8 with or without BOM and GB18030 give the same names, rare characters included."""
    result = parse(GOOD.replace("PAPER STAR", "围兜 㛃䶮"), encoding=encoding)
    assert result.catalog[0].name.zh == "围兜 㛃䶮"
    assert result.encoding == ("gb18030" if encoding == "gb18030" else "utf-8")


def test_one_broken_line_does_not_change_the_encoding() -> None:
    """Bytes that are no UTF-8 cost one order; the other lines stay UTF-8."""
    lines = [GOOD.replace("1001", str(n)).replace("PAPER STAR", "围兜") for n in (1, 2, 3)]
    raw = "\n".join((HEADER, *lines, "")).encode()
    raw = raw.replace("围兜".encode(), b"\xff\xfe", 1)
    result = parse_orders(raw, kind="csv", warehouse="W1")
    assert (result.encoding, reasons(result)) == ("utf-8", [(2, "bad_encoding")])
    assert result.catalog[0].name.zh == "围兜"


@pytest.mark.parametrize(
    ("header", "code", "columns"),
    [
        (HEADER.replace("Quantity,", "").replace(",Country", ""), "missing_column",
         "Quantity, Country"),
        (HEADER + ",quantity", "duplicated_column", "Quantity"),
        ("Invo\x00ice", "unreadable_header", ""),
    ],
)  # fmt: skip
def test_a_bad_header_is_one_error(header: str, code: str, columns: str) -> None:
    """A header that does not do is one error that names the columns and says what to do."""
    with pytest.raises(ImportFault) as caught:
        parse(GOOD, header=header)
    assert caught.value.code == code
    assert caught.value.facts.get("columns", "") == columns
    assert ADVICE[code].en in str(caught.value)


def test_unknown_columns_are_named() -> None:
    """Columns that are not used are listed; order and case of columns do not matter."""
    result = parse(
        "x,1,PAPER,22001,6,12/1/10 8:26,2.55,1,UK",
        header="Shade,invoiceno,Description,StockCode,Quantity,InvoiceDate,UnitPrice,"
        "CustomerID,Country",
    )
    assert result.unknown_columns == ("Shade",)
    assert result.orders[0].lines[0].sku == "22001"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf\n \n", "empty_file"),
        (b"\xff\xfeI\x00", "unreadable_header"),
    ],
)
def test_a_file_without_text_is_one_error(raw: bytes, code: str) -> None:
    """Empty and UTF-16 files are refused as a whole."""
    with pytest.raises(ImportFault) as caught:
        parse_orders(raw, kind="csv", warehouse="W1")
    assert caught.value.code == code


def test_every_item_has_a_bin_and_stock() -> None:
    """Each SKU has a bin on the walk with more stock than the file's orders need."""
    rows = [GOOD.replace("22001", f"{n:05d}").replace(",6,", ",600,") for n in range(250)]
    result = parse(*rows)
    assert [place.walk for place in result.locations] == list(range(1, 251))
    assert (result.locations[0].code, result.locations[-1].code) == ("A-01-01", "B-03-10")
    assert {place.warehouse for place in result.locations} == {"W1"}
    assert all(pile.qty > 600 for pile in result.stock)
    assert [pile.sku for pile in result.stock] == [item.sku for item in result.catalog]


def test_gtin_collisions_move_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two codes with one hash get two numbers, the same way each time."""
    monkeypatch.setattr(import_derive, "_number", lambda _text, _space: 10**11 - 1)
    assert import_derive.gtins(["b", "a"]) == {"a": "2999999999991", "b": "2000000000008"}


@given(st.sets(st.text("0123456789ABC", min_size=1, max_size=6), max_size=50))
@settings(max_examples=30, deadline=None)
def test_gtins_are_valid_and_distinct(skus: set[str]) -> None:
    """GTIN-13 of any set of codes: 13 digits, none twice, weights 1-3-1… sum to a ten (PICK-3)."""
    found = import_derive.gtins(skus)
    assert len(set(found.values())) == len(skus)
    for code in found.values():
        assert re.fullmatch(r"2\d{12}", code)
        assert sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(code)) % 10 == 0


CELL = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["1001", "1002", "C9", "22001", "POST", "6", "-1", "0", "2.55"]),
    st.sampled_from(["12/1/10 8:26", "", "围兜", "A,B", '"', "\x00", "\n", "a" * 300]),
)
LINE = st.one_of(
    st.lists(CELL, min_size=6, max_size=9).map(",".join),
    st.sampled_from([GOOD, GOOD.replace("6", "-6"), HEADER, "", "1002,POST,P,1,12/1/10 8:26,9,,F"]),
)


@given(
    lines=st.lists(LINE, max_size=12),
    encoding=st.sampled_from(["utf-8", "gb18030"]),
    ended=st.booleans(),
)
@settings(max_examples=80)
def test_the_counts_add_up(lines: list[str], encoding: str, *, ended: bool) -> None:
    """Each line of any file is ordered, charged, returned, rejected or blank, and none twice."""
    text = "\n".join((HEADER, *lines)) + ("\n" if ended else "")
    raw = text.encode(encoding, "replace")
    result = parse_orders(raw, kind="csv", warehouse="W1")
    counts = result.counts
    assert counts.lines == len(raw.splitlines()) - 1
    assert counts.lines == (
        counts.ordered + counts.charged + counts.returned + counts.rejected + counts.blank
    )
    rejected = {one.line for one in result.rejects}
    assert len(rejected) == counts.rejected == len(result.rejects)
    assert not {float} & {type(value) for order in result.orders for value in _leaves(order)}


@given(raw=st.binary(max_size=300), kind=st.sampled_from(["csv", "jsonl"]), headed=st.booleans())
@settings(max_examples=200)
def test_any_bytes_end_in_a_result_or_one_fault(raw: bytes, kind: Any, *, headed: bool) -> None:
    """No bytes make the parser raise anything but `ImportFault`."""
    body = HEADER.encode() + b"\n" + raw if headed else raw
    try:
        result = parse_orders(body, kind=kind, warehouse="W1")
    except ImportFault as fault:
        assert fault.code in ADVICE  # noqa: PT017
    else:
        assert len(result.rejects) == result.counts.rejected


def _leaves(value: Any) -> list[Any]:
    if hasattr(value, "__struct_fields__"):
        return [leaf for name in value.__struct_fields__ for leaf in _leaves(getattr(value, name))]
    if isinstance(value, tuple):
        return [leaf for one in value for leaf in _leaves(one)]
    return [value]


def body(**change: Any) -> str:
    order = {
        "order_id": "J1",
        "type": "normal",
        "paid_at": AT_US,
        "promise": AT_US + MINUTE_US,
        "lines": [{"no": 1, "sku": "22001", "qty": 2, "price_fen": 255}],
        "recipient": {"name": "王明", "phone": "19900000001", "address": "文一西路1号",
                      "city": "杭州市", "province": "浙江省"},
        "carrier": "SF",
    }  # fmt: skip
    return json.dumps(order | change, ensure_ascii=False)


def test_jsonl_is_one_order_a_line() -> None:
    """A JSON line is the body of an `order.assign`; its articles get codes, bins and stock."""
    raw = f"{body()}\n\n{body(order_id='J2', gifts='evaluate', tags=['24H'])}\n"
    result = parse_orders(raw.encode(), kind="jsonl", warehouse="W1")
    assert [(order.order_id, order.gifts, order.tags) for order in result.orders] == [
        ("J1", "given", ()),
        ("J2", "evaluate", ("24H",)),
    ]
    assert (result.counts.lines, result.counts.ordered, result.counts.blank) == (3, 2, 1)
    assert [item.sku for item in result.catalog] == ["22001"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (body()[:-9], "bad_json"),
        ("[" * 60_000, "bad_field"),
        ("[]", "bad_field"),
        (body(order_id="J0"), "duplicate_order"),
        (body(finance_clearde=True), "bad_field"),
        (body(paid_at=1.5), "bad_field"),
        (body(paid_at=2**70), "bad_field"),
        (body(lines=[]), "bad_field"),
        (body(lines=[{"no": 1, "sku": "A", "qty": 0, "price_fen": 1}]), "bad_field"),
        (body(lines=[{"no": n, "sku": "A", "qty": 1, "price_fen": 1} for n in (1, 2)]),
         "duplicate_line"),
    ],
)  # fmt: skip
def test_a_bad_json_line_is_reported(bad: str, code: str) -> None:
    """A wrong JSON line is reported with its reason; the others are taken."""
    raw = f"{body(order_id='J0')}\n{bad}\n{body(order_id='J9')}\n"
    result = parse_orders(raw.encode(), kind="jsonl", warehouse="W1")
    assert reasons(result) == [(2, code)]
    assert [order.order_id for order in result.orders] == ["J0", "J9"]


def test_reading_goes_by_the_file_name(tmp_path: Path) -> None:
    """`.csv` and `.jsonl` files are read; another kind of file is refused by name."""
    (tmp_path / "day.CSV").write_text(f"{HEADER}\n{GOOD}\n")
    assert len(read_orders(tmp_path / "day.CSV", warehouse="W1").orders) == 1
    with pytest.raises(ImportFault) as caught:
        read_orders(tmp_path / "day.xlsx", warehouse="W1")
    assert (caught.value.code, caught.value.facts) == ("unknown_kind", {"file": "day.xlsx"})


def test_a_replay_moves_the_promise_along() -> None:
    """Shifting an order in time keeps the span between payment and promise."""
    order = parse(GOOD).orders[0]
    moved = shifted(order, MINUTE_US)
    assert moved.paid_at == order.paid_at + MINUTE_US
    assert moved.promise - moved.paid_at == order.promise - order.paid_at
