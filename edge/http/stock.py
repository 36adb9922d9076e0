"""Routes about stock, counts and gifts."""

from typing import Any

import msgspec
from aiohttp import web

from edge.app.stockreads import StockReads
from edge.domain.model import StockChecks
from edge.domain.refusals import RefusedError
from edge.domain.stockviews import CountView, GiftTrace, StockView
from edge.http.routes import Route
from edge.http.wire import json_response, number


class StockPage(msgspec.Struct, frozen=True):
    """The books of a SKU, and its movements: entries behind `after`, oldest first."""

    stock: StockView
    movements: list[dict[str, Any]]
    next: int | None


class ChecksView(msgspec.Struct, frozen=True):
    """How well the books answer: shares per mille, of all checks and of the newest."""

    checks: int
    hit_pm: int
    failed_pm: int
    window: int
    window_failed_pm: int
    optimistic: bool
    since: int | None
    trusted: int
    compensated: int


class StockHandlers:
    """Answers requests about stock, counts and gifts."""

    def __init__(self, reads: StockReads) -> None:
        self._reads = reads

    async def stock(self, request: web.Request) -> web.StreamResponse:
        """Return the books of a SKU with its movements."""
        sku, after = request.match_info["id"], number(request, "after") or 0
        found = await self._reads.stock(sku)
        if found is None:
            raise RefusedError("not_found", path=sku)
        moved = await self._reads.movements(sku, after)
        return json_response(StockPage(found, moved, moved[-1]["seq"] if moved else None))

    async def counts(self, _: web.Request) -> web.StreamResponse:
        """Return the bins that wait for a count."""
        return json_response({"counts": await self._reads.counts()})

    async def checks(self, _: web.Request) -> web.StreamResponse:
        """Return how well the books answer."""
        return json_response(checks_view(await self._reads.checks()))

    async def gifts(self, request: web.Request) -> web.StreamResponse:
        """Return an order's gifts and what became of them."""
        order_id = request.match_info["id"]
        found = await self._reads.gifts(order_id)
        if found is None:
            raise RefusedError("unknown_order", order=order_id)
        return json_response(found)


def checks_view(checks: StockChecks) -> ChecksView:
    """Return how well the books answer, in shares."""
    return ChecksView(
        checks=checks.checks,
        hit_pm=_pm(checks.hits, checks.checks),
        failed_pm=_pm(checks.failures, checks.checks),
        window=len(checks.window),
        window_failed_pm=_pm(sum(checks.window), len(checks.window)),
        optimistic=checks.optimistic,
        since=checks.since_us or None,
        trusted=checks.trusted,
        compensated=checks.compensated,
    )


def _pm(part: int, whole: int) -> int:
    return part * 1_000 // whole if whole else 0


def stock_routes(handlers: StockHandlers) -> list[Route]:
    """Return the routes about stock, counts and gifts."""
    h, api = handlers, "/api/v1"
    return [
        Route("GET", f"{api}/stock/{{id}}", h.stock, "The books of a SKU and its movements",
              gives=StockPage, refusals=("not_found", "malformed")),
        Route("GET", f"{api}/stock-checks", h.checks, "How well the books answer",
              gives=ChecksView),
        Route("GET", f"{api}/counts", h.counts, "Bins that wait for a count",
              gives=dict[str, list[CountView]]),
        Route("GET", f"{api}/orders/{{id}}/gifts", h.gifts, "An order's gifts, and their trace",
              gives=GiftTrace, refusals=("unknown_order",)),
    ]  # fmt: skip
