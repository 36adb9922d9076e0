"""Orders as JSON, one `order.assign` body a line."""

from typing import Final

import msgspec

from sync.hub.import_derive import Article, catalog_of, shelves_of
from sync.hub.import_model import Counts, Import, LineFault, Order, Reject, reject
from sync.hub.import_text import SourceLine, source_lines, text_of

_ORDER: Final = msgspec.json.Decoder(Order)


def parse_jsonl(raw: bytes, *, warehouse: str) -> Import:
    """Return the orders in `raw`, and a report on each line that is none."""
    encoding, source = source_lines(raw)
    lines = [line for line in source if not line.is_blank]
    orders: dict[str, Order] = {}
    rejects: list[Reject] = []
    for line in lines:
        try:
            order = _read_order(line, encoding)
        except LineFault as fault:
            rejects.append(reject(line.no, fault.code, **fault.facts))
            continue
        if order.order_id in orders:
            rejects.append(reject(line.no, "duplicate_order", order=order.order_id))
        else:
            orders[order.order_id] = order
    catalog = catalog_of(_articles_of(orders))
    locations, stock = shelves_of(catalog, orders.values(), warehouse)
    return Import(
        warehouse=warehouse,
        encoding=encoding,
        orders=tuple(orders.values()),
        catalog=catalog,
        locations=locations,
        stock=stock,
        returns=(),
        rejects=tuple(rejects),
        unknown_columns=(),
        counts=Counts(
            lines=len(source),
            ordered=len(orders),
            charged=0,
            returned=0,
            rejected=len(rejects),
            blank=len(source) - len(lines),
        ),
    )


def _read_order(line: SourceLine, encoding: str) -> Order:
    text = text_of(line, encoding)
    try:
        order = _ORDER.decode(text)
    except msgspec.ValidationError as error:
        raise LineFault("bad_field", cause=str(error)) from None
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise LineFault("bad_json") from None
    numbers = {one.no for one in order.lines}
    skus = {one.sku for one in order.lines}
    if min(len(numbers), len(skus)) < len(order.lines):
        raise LineFault("duplicate_line", order=order.order_id)
    return order


def _articles_of(orders: dict[str, Order]) -> dict[str, Article]:
    articles: dict[str, Article] = {}
    for order in orders.values():
        for line in order.lines:
            articles.setdefault(line.sku, Article(line.sku, line.price_fen))
    return articles
