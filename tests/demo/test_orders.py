"""Made invoice files have the columns and oddities of a real one."""

import csv
import io

from sync.hub.import_csv import COLUMNS
from sync.hub.imports import parse_orders
from tests.demo.orders import QTY_MAX, make_csv


def test_a_seed_makes_the_same_file_again() -> None:
    """A file depends on its seed and size alone."""
    assert make_csv(seed=1, invoices=30) == make_csv(seed=1, invoices=30)
    assert make_csv(seed=1, invoices=30) != make_csv(seed=2, invoices=30)


def test_twenty_invoices_have_every_oddity() -> None:
    """Credit notes, postage, a discount, repeats, blanks, commas and 600 pieces are all there."""
    raw = make_csv(seed=3, invoices=20)
    rows = list(csv.DictReader(io.StringIO(raw.decode())))
    pairs = [(row["InvoiceNo"], row["StockCode"]) for row in rows]
    assert tuple(rows[0]) == COLUMNS
    assert {"POST", "D"} <= {row["StockCode"] for row in rows}
    assert len({row["InvoiceNo"] for row in rows if row["InvoiceNo"].startswith("C")}) == 2
    assert len(set(pairs)) < len(pairs)
    assert str(QTY_MAX) in {row["Quantity"] for row in rows}
    assert any(not row["CustomerID"] for row in rows)
    assert any(not row["Description"] for row in rows)
    assert any("," in row["Description"] for row in rows)


def test_a_made_file_imports_whole() -> None:
    """Every line of a made file becomes goods, a charge or a return (FLOW-1)."""
    raw = make_csv(seed=4, invoices=50)
    result = parse_orders(raw, kind="csv", warehouse="W1")
    assert result.rejects == ()
    assert (len(result.orders), len(result.returns)) == (45, 5)
    assert result.counts.lines == len(raw.splitlines()) - 1
    paid = [order.paid_at for order in result.orders]
    assert paid == sorted(paid)
