"""The second opinion on orders that were let go: nothing open went, and nothing comes back.

It counts what is open from the entries alone, and shares nothing with the law that it judges.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sync.api import Entry

Found = Iterator[str]

OVER: Final = frozenset({"shipped", "handed_over", "cancelled", "carrier_trouble", "returned"})
"""States in which an order's work is done."""
OPENS: Final = {
    "freeze.opened": "freeze",
    "timer.armed": "timer",
    "approval.requested": "approval",
}
"""Kinds of entries that leave something to be waited for, and what names it in their data."""
CLOSES: Final = {
    "freeze.closed": "freeze",
    "timer.fired": "timer",
    "timer.disarmed": "timer",
    "approval.decided": "approval",
    "approval.expired": "approval",
    "approval.withdrawn": "approval",
}
NO: Final = frozenset({"command.refused", "instruction.refused", "instruction.set_aside"})
"""All that may still be said of an order that is gone."""


def judge_leaving(entries: Iterable[Entry]) -> Found:
    """Yield every order that went too early, or is spoken of as if it were there."""
    court = _Court()
    for entry in entries:
        yield from (f"entry {entry.seq}: {what}" for what in court.hear(entry))


class _Court:
    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._open: dict[tuple[str, str], frozenset[str]] = {}
        """The orders by name and id of what waits."""
        self._locked: Counter[str] = Counter()
        self._to_put_back: Counter[str] = Counter()
        self._gone: set[str] = set()

    def hear(self, entry: Entry) -> Found:
        """Take note of one entry and yield what is wrong with it."""
        orders = [ref.removeprefix("order:") for ref in entry.refs if ref.startswith("order:")]
        if entry.kind == "orders.let_go":
            for order in entry.data["orders"]:
                yield from self._leaves(order)
            return
        if entry.kind not in NO:
            yield from (
                f"{entry.kind} on {each}, which is gone" for each in orders if each in self._gone
            )
        self._note(entry.kind, entry.data, orders)

    def _leaves(self, order: str) -> Found:
        if order in self._gone:
            yield f"{order} goes a second time"
        if self._states.get(order) not in OVER:
            yield f"{order} goes as {self._states.get(order)}"
        yield from (
            f"{order} goes with an open {name}"
            for (name, _), of in self._open.items()
            if order in of
        )
        for what, left in (("locked", self._locked), ("to put back", self._to_put_back)):
            if left[order]:
                yield f"{order} goes with {left[order]} pieces {what}"
        self._gone.add(order)

    def _note(self, kind: str, data: dict[str, Any], orders: list[str]) -> None:
        if name := OPENS.get(kind):
            self._open[name, data[name]] = frozenset(orders)
        elif name := CLOSES.get(kind):
            self._open.pop((name, data[name]), None)
        match kind:
            case "order.assigned":
                self._states[data["order"]] = data["state"]
            case "order.moved":
                self._states[data["order"]] = data["to"]
            case "stock.moved":
                self._locked[data.get("order", "")] += sum(move[3] for move in data["moves"])
            case "putback.opened":
                self._to_put_back[data["order"]] += sum(qty for *_, qty in data["items"])
            case "pick.late_scan":
                self._to_put_back[data["order"]] += data["qty"]
            case "putback.scanned":
                self._to_put_back[data["order"]] -= data["qty"]
