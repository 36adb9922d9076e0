"""The sheet that a PDA is set up with: three codes to calibrate its scanner, and command cards."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from edge.http.routes import Route


class SheetHandlers:
    """Answers with the sheet, made once."""

    def __init__(self, make: Callable[[], bytes]) -> None:
        """`make` returns a PDF; it takes a while and is called off the loop."""
        self._make = make
        self._made: asyncio.Future[bytes] | None = None

    async def sheet(self, _: web.Request) -> web.StreamResponse:
        """Return the sheet as a PDF, a page of 100×150 mm each."""
        if self._made is None or (self._made.done() and self._made.exception()):
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        body = await asyncio.shield(self._made)
        return web.Response(body=body, content_type="application/pdf")


def sheet_routes(handlers: SheetHandlers) -> list[Route]:
    """Return the route."""
    return [
        Route("GET", "/api/v1/sheet.pdf", handlers.sheet,
              "Codes to calibrate a scanner, and command cards, to be printed"),
    ]  # fmt: skip
