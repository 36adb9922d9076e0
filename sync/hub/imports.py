"""Orders from a file, for a site without an order hub and for replays (FLOW-1).

`parse_orders` is pure: bytes in, frozen facts out. A line that cannot be used never stops the rest;
it is reported with its number, a reason and what to do. Only a file that cannot be read at all
raises `ImportFault`.
"""

from pathlib import Path
from typing import Literal

import msgspec

from sync.hub.import_csv import parse_csv
from sync.hub.import_jsonl import parse_jsonl
from sync.hub.import_model import (
    Charge,
    Counts,
    Import,
    ImportFault,
    Item,
    Line,
    Location,
    Order,
    Recipient,
    Reject,
    Return,
    ReturnLine,
    Stock,
    Text,
)
from sync.hub.import_text import FILE_BYTES_MAX

__all__ = [
    "Charge",
    "Counts",
    "Import",
    "ImportFault",
    "Item",
    "Line",
    "Location",
    "Order",
    "Recipient",
    "Reject",
    "Return",
    "ReturnLine",
    "Stock",
    "Text",
    "parse_orders",
    "read_orders",
    "shifted",
]

Kind = Literal["csv", "jsonl"]


def parse_orders(raw: bytes, *, kind: Kind, warehouse: str) -> Import:
    """Return what the order file `raw` says, for `warehouse`; raise `ImportFault` if unreadable."""
    if kind == "csv":
        return parse_csv(raw, warehouse=warehouse)
    return parse_jsonl(raw, warehouse=warehouse)


def read_orders(path: Path, *, warehouse: str) -> Import:
    """Read `path` (.csv or .jsonl); raise `ImportFault`, or `OSError` if it cannot be opened."""
    suffix = path.suffix.casefold().removeprefix(".")
    if suffix not in {"csv", "jsonl"}:
        raise ImportFault("unknown_kind", file=path.name)
    with path.open("rb") as file:
        raw = file.read(FILE_BYTES_MAX + 1)
    return parse_orders(raw, kind="csv" if suffix == "csv" else "jsonl", warehouse=warehouse)


def shifted(order: Order, by_us: int) -> Order:
    """Return `order` moved in time by `by_us`, its promise with it: a replay of an old morning."""
    return msgspec.structs.replace(
        order, paid_at=order.paid_at + by_us, promise=order.promise + by_us
    )
