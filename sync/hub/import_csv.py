"""Orders from a web shop's invoice lines: one invoice is one order.

    InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country

Each line either becomes part of an order or return, or is reported. An order ships whole or not at
all: one broken line of an invoice rejects the invoice's other lines too. Times without a zone are
read as UTC.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from sync.hub.import_derive import Article, carrier_of, catalog_of, recipient_of, shelves_of
from sync.hub.import_model import (
    FIELD_CHARS_MAX,
    LINES_PER_ORDER_MAX,
    PRICE_FEN_MAX,
    QTY_MAX,
    Charge,
    Counts,
    Import,
    ImportFault,
    Line,
    LineFault,
    Order,
    Reject,
    Return,
    ReturnLine,
    reject,
)
from sync.hub.import_text import LINE_BYTES_MAX, SourceLine, source_lines, text_of

COLUMNS: Final = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
CHARGE_CODES: Final = frozenset(
    {"POST", "D", "M", "DOT", "C2", "BANK CHARGES", "PADS", "CRUK", "AMAZONFEE", "S", "B"}
)
"""Codes that stand for money, not goods; so do all gift vouchers, `gift_…`."""
VOUCHER_PREFIX: Final = "GIFT_"
ROUNDING_CODE: Final = "ROUND"
"""The charge that keeps an order's amount exact where one SKU was sold at two prices."""
PROMISE_US: Final = 24 * 3600 * 1_000_000
YEARS: Final = range(2000, 2100)

_CODE: Final = re.compile(r"[0-9A-Z][0-9A-Z ._/-]{0,39}")
_RETURN: Final = re.compile(r"C[0-9]+")
_QUANTITY: Final = re.compile(r"-?[0-9]{1,9}")
_PRICE: Final = re.compile(r"(-?)([0-9]{1,9})(?:\.([0-9]{1,2})0*)?")
_US_TIME: Final = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d{2})"
    r" (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?",
    re.ASCII,
)
_ISO_TIME: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"[ T](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?Z?",
    re.ASCII,
)


class Row(NamedTuple):
    """One good line of the file. `qty` is negative in a return."""

    line: int
    invoice: str
    sku: str
    name: str
    qty: int
    price_fen: int
    at_us: int
    customer: str
    is_charge: bool


class _Header(NamedTuple):
    names: tuple[str, ...]
    place: dict[str, int]
    """Where each of COLUMNS stands."""
    unknown: tuple[str, ...]


def parse_csv(raw: bytes, *, warehouse: str) -> Import:
    """Return what the invoice lines in `raw` say; raise `ImportFault` if they are unreadable."""
    encoding, lines = source_lines(raw)
    first = next(index for index, line in enumerate(lines) if not line.is_blank)
    header = _read_header(lines[first], encoding)
    body = [line for line in lines[first + 1 :] if not line.is_blank]
    invoices: dict[str, list[Row]] = {}
    spoiled: dict[str, int] = {}
    rejects: list[Reject] = []
    for line in body:
        try:
            row = _read_row(line, encoding, header)
        except LineFault as fault:
            rejects.append(reject(line.no, fault.code, **fault.facts))
            spoiled.setdefault(_invoice_in(line, encoding, header), line.no)
        else:
            invoices.setdefault(row.invoice, []).append(row)
    rejects += _withdraw(invoices, spoiled)
    kept = [row for rows in invoices.values() for row in rows]
    returns = tuple(_return_of(rows) for rows in invoices.values() if _is_return(rows[0].invoice))
    orders = tuple(_order_of(rows) for rows in invoices.values() if not _is_return(rows[0].invoice))
    catalog = catalog_of(_articles_of(kept))
    locations, stock = shelves_of(catalog, orders, warehouse)
    return Import(
        warehouse=warehouse,
        encoding=encoding,
        orders=orders,
        catalog=catalog,
        locations=locations,
        stock=stock,
        returns=returns,
        rejects=tuple(sorted(rejects, key=lambda one: one.line)),
        unknown_columns=header.unknown,
        counts=_counts(len(lines) - first - 1, kept, len(rejects)),
    )


def _read_header(line: SourceLine, encoding: str) -> _Header:
    try:
        names = tuple(name.strip() for name in _split(text_of(line, encoding)))
    except LineFault as fault:
        raise ImportFault("unreadable_header", cause=fault.code) from None
    folded = [name.casefold() for name in names]
    known = {name.casefold(): name for name in COLUMNS}
    missing = [name for key, name in known.items() if key not in folded]
    if missing:
        raise ImportFault("missing_column", columns=", ".join(missing), line=str(line.no))
    twice = [name for key, name in known.items() if folded.count(key) > 1]
    if twice:
        raise ImportFault("duplicated_column", columns=", ".join(twice), line=str(line.no))
    place = {name: folded.index(key) for key, name in known.items()}
    unknown = tuple(name for name in names if name.casefold() not in known)
    return _Header(names, place, unknown)


def _split(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        raise LineFault("bad_quotes") from None


def _invoice_in(line: SourceLine, encoding: str, header: _Header) -> str:
    """Return the invoice that a broken line names, or "" where even that is lost."""
    text = line.raw[:LINE_BYTES_MAX].decode(encoding, "replace")
    cells = next(csv.reader([text]), [])
    place = header.place["InvoiceNo"]
    return cells[place].strip().upper() if place < len(cells) else ""


def _read_row(line: SourceLine, encoding: str, header: _Header) -> Row:
    cells = [cell.strip() for cell in _split(text_of(line, encoding))]
    _check_shape(line, cells, header)
    cell = {name: cells[place] for name, place in header.place.items()}
    invoice = cell["InvoiceNo"].upper()
    sku = cell["StockCode"].upper()
    if not _CODE.fullmatch(invoice):
        raise LineFault("bad_invoice", got=invoice)
    if not _CODE.fullmatch(sku):
        raise LineFault("bad_sku", got=sku)
    is_charge = sku in CHARGE_CODES or sku.startswith(VOUCHER_PREFIX)
    return Row(
        line=line.no,
        invoice=invoice,
        sku=sku,
        name=" ".join(cell["Description"].split()),
        qty=_quantity(cell["Quantity"], is_return=_is_return(invoice), is_charge=is_charge),
        price_fen=_price(cell["UnitPrice"], is_charge=is_charge),
        at_us=_time(cell["InvoiceDate"]),
        customer=cell["CustomerID"],
        is_charge=is_charge,
    )


def _check_shape(line: SourceLine, cells: Sequence[str], header: _Header) -> None:
    expected, got = str(len(header.names)), str(len(cells))
    if len(cells) < len(header.names):
        raise LineFault("too_few_fields", expected=expected, got=got)
    if len(cells) > len(header.names):
        raise LineFault("too_many_fields", expected=expected, got=got)
    last = header.names[-1].casefold()
    if not line.is_ended and last in {"quantity", "unitprice", "invoiceno", "stockcode"}:
        raise LineFault("cut_line", column=header.names[-1])
    if all(cells[place].casefold() == name.casefold() for name, place in header.place.items()):
        raise LineFault("repeated_header")
    for name, text in zip(header.names, cells, strict=True):
        if len(text) > FIELD_CHARS_MAX:
            raise LineFault("field_too_long", column=name, chars=str(len(text)))


def _quantity(text: str, *, is_return: bool, is_charge: bool) -> int:
    if not _QUANTITY.fullmatch(text):
        raise LineFault("bad_quantity", got=text)
    qty = int(text)
    if qty == 0:
        raise LineFault("zero_quantity")
    if abs(qty) > QTY_MAX:
        raise LineFault("absurd_quantity", got=text, max=str(QTY_MAX))
    if not is_charge and is_return and qty > 0:
        raise LineFault("positive_return", got=text)
    if not is_charge and not is_return and qty < 0:
        raise LineFault("negative_quantity", got=text)
    return qty


def _price(text: str, *, is_charge: bool) -> int:
    match = _PRICE.fullmatch(text)
    if match is None:
        raise LineFault("bad_price", got=text)
    fen = int(match[2]) * 100 + int((match[3] or "").ljust(2, "0"))
    if fen > PRICE_FEN_MAX:
        raise LineFault("absurd_price", got=text)
    if match[1] and not is_charge and fen:
        raise LineFault("negative_price", got=text)
    return -fen if match[1] else fen


@lru_cache(maxsize=4096)
def _time(text: str) -> int:
    match = _US_TIME.fullmatch(text) or _ISO_TIME.fullmatch(text)
    if match is None:
        raise LineFault("bad_date", got=text)
    part = {name: int(value or 0) for name, value in match.groupdict().items()}
    if part["year"] < 100:  # noqa: PLR2004 - "10" means 2010
        part["year"] += 2000
    try:
        at = datetime(**part, tzinfo=UTC)
    except ValueError as error:
        raise LineFault("bad_date", got=text, cause=str(error)) from None
    if at.year not in YEARS:
        raise LineFault("bad_date", got=text)
    return int(at.timestamp()) * 1_000_000


def _is_return(invoice: str) -> bool:
    return _RETURN.fullmatch(invoice) is not None


def _withdraw(invoices: dict[str, list[Row]], spoiled: dict[str, int]) -> list[Reject]:
    """Take out of `invoices` those that cannot ship whole; return the reports on their lines."""
    rejects: list[Reject] = []
    for invoice, rows in list(invoices.items()):
        goods = {row.sku for row in rows if not row.is_charge}
        if invoice in spoiled:
            code, facts = "order_incomplete", {"because_line": str(spoiled[invoice])}
        elif not goods and not _is_return(invoice):
            code, facts = "nothing_to_ship", {"order": invoice}
        elif len(goods) > LINES_PER_ORDER_MAX:
            code, facts = "too_many_lines", {"order": invoice, "max": str(LINES_PER_ORDER_MAX)}
        else:
            over = [sku for sku in sorted(goods) if _pieces(rows, sku) > QTY_MAX]
            if not over:
                continue
            code, facts = "absurd_quantity", {"sku": over[0], "max": str(QTY_MAX)}
        del invoices[invoice]
        rejects += [reject(row.line, code, **facts) for row in rows]
    return rejects


def _pieces(rows: Iterable[Row], sku: str) -> int:
    return sum(abs(row.qty) for row in rows if row.sku == sku and not row.is_charge)


def _by_sku(rows: Iterable[Row], *, is_charge: bool) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.is_charge == is_charge:
            groups.setdefault(row.sku, []).append(row)
    return groups


def _charges_of(rows: Iterable[Row]) -> list[Charge]:
    return [
        Charge(code, group[0].name, sum(row.qty * row.price_fen for row in group))
        for code, group in _by_sku(rows, is_charge=True).items()
    ]


def _order_of(rows: Sequence[Row]) -> Order:
    lines: list[Line] = []
    rounding_fen = 0
    for no, (sku, group) in enumerate(_by_sku(rows, is_charge=False).items(), start=1):
        qty = sum(row.qty for row in group)
        price_fen, rest_fen = divmod(sum(row.qty * row.price_fen for row in group), qty)
        lines.append(Line(no, sku, qty, price_fen))
        rounding_fen += rest_fen
    charges = _charges_of(rows)
    if rounding_fen:
        charges.append(Charge(ROUNDING_CODE, "mixed prices", rounding_fen))
    invoice = rows[0].invoice
    paid_at = min(row.at_us for row in rows)
    return Order(
        order_id=invoice,
        type="normal",
        paid_at=paid_at,
        promise=paid_at + PROMISE_US,
        lines=tuple(lines),
        recipient=recipient_of(invoice),
        carrier=carrier_of(invoice),
        charges=tuple(charges),
        customer_level="regular" if any(row.customer for row in rows) else "guest",
    )


def _return_of(rows: Sequence[Row]) -> Return:
    goods = _by_sku(rows, is_charge=False)
    return Return(
        order_id=rows[0].invoice,
        issued_at=min(row.at_us for row in rows),
        lines=tuple(ReturnLine(sku, _pieces(rows, sku)) for sku in goods),
        charges=tuple(_charges_of(rows)),
    )


def _articles_of(rows: Iterable[Row]) -> dict[str, Article]:
    """Return each SKU's first name and first price above 0."""
    articles: dict[str, Article] = {}
    for row in rows:
        if row.is_charge:
            continue
        name, price_fen = articles.get(row.sku, Article("", 0))
        articles[row.sku] = Article(name or row.name, price_fen or row.price_fen)
    return articles


def _counts(lines: int, kept: Sequence[Row], rejected: int) -> Counts:
    returned = sum(_is_return(row.invoice) for row in kept)
    charged = sum(row.is_charge and not _is_return(row.invoice) for row in kept)
    return Counts(
        lines=lines,
        ordered=len(kept) - returned - charged,
        charged=charged,
        returned=returned,
        rejected=rejected,
        blank=lines - len(kept) - rejected,
    )
