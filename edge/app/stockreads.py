"""Questions about stock and gifts, answered from committed state."""

from functools import partial
from typing import Any, Final

from edge.app.ports import Reader
from edge.app.reads import LIST_MAX, Views, entry_view, view_of
from edge.domain.model import Count, StockChecks
from edge.domain.stockviews import (
    CountView,
    GiftTrace,
    StockView,
    count_view,
    gift_trace,
    stock_view,
)

MOVEMENTS_MAX: Final = 500


class StockReads:
    """The questions that clients ask of the books."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def stock(self, sku: str) -> StockView | None:
        """Return what the books say of a SKU."""
        return await view_of(self._reader, partial(stock_view, sku_id=sku))

    async def movements(self, sku: str, after: int) -> list[dict[str, Any]]:
        """Return the entries that moved a SKU behind entry `after`, oldest first."""
        raw = await self._reader.timeline(f"sku:{sku}", MOVEMENTS_MAX, after)
        return [entry_view(each) for each in raw]

    async def counts(self) -> list[CountView]:
        """Return the bins that wait for a count, those asked for first leading."""
        async with self._reader.snapshot() as held:
            views = Views(held)
            ids = await held.find(Count, "state", "open", LIST_MAX)
            found = [await views.run(partial(count_view, count_id=each)) for each in ids]
        return sorted((each for each in found if each), key=lambda each: each.opened_at)

    async def gifts(self, order_id: str) -> GiftTrace | None:
        """Return an order's gifts and what became of them."""
        return await view_of(self._reader, partial(gift_trace, order_id=order_id))

    async def checks(self) -> StockChecks:
        """Return how well the books answered so far."""
        found = await self._reader.doc(StockChecks, "checks")
        return found if isinstance(found, StockChecks) else StockChecks(id="checks")
