"""The box's web application: pages, API, websocket, health."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from edge.http.assets import Assets
from edge.http.guard import BODY_BYTES_MAX, Guard, Handler
from edge.http.openapi import document
from edge.http.routes import Route
from edge.http.socket import Socket
from edge.http.wire import json_response

PROMETHEUS: Final = "text/plain; version=0.0.4"


class Health(msgspec.Struct, frozen=True):
    """How the box is: for probes, and the status frames of clients."""

    ok: bool
    box: str
    seq: int
    rules: str
    hub: str
    hub_lag: int
    printers: list[dict[str, Any]]


class Status:
    """Answers `/health`, `/metrics` and `/api/v1/printers`."""

    def __init__(
        self, health: Callable[[], Health], metrics: Callable[[], Awaitable[dict[str, float]]]
    ) -> None:
        self._health = health
        self._metrics = metrics

    async def health(self, _: web.Request) -> web.StreamResponse:
        """Return how the box is; 503 where it cannot take commands."""
        health = self._health()
        return json_response(health, status=200 if health.ok else 503)

    async def metrics(self, _: web.Request) -> web.StreamResponse:
        """Return figures in Prometheus' text format."""
        lines = [f"floorgate_{name} {value}\n" for name, value in (await self._metrics()).items()]
        return web.Response(text="".join(lines), headers={"Content-Type": PROMETHEUS})

    async def printers(self, _: web.Request) -> web.StreamResponse:
        """Return the printers and what ails them."""
        return json_response({"printers": self._health().printers})


def make_app(
    table: list[Route], guard: Guard, socket: Socket, assets: Assets, version: str
) -> web.Application:
    """Return the application that serves the routes of `table`, the websocket and the page."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await guard.handle(request, handler)

    app = web.Application(middlewares=[guarded], client_max_size=BODY_BYTES_MAX)
    described = json_response(document(table, version)).body

    async def openapi(_: web.Request) -> web.StreamResponse:
        return web.Response(body=described, content_type="application/json")

    for route in table:
        app.router.add_route(route.method, route.path, route.handler)
    app.router.add_get("/api/v1/openapi.json", openapi)
    app.router.add_get("/api/v1/ws", socket.serve)
    app.router.add_get("/assets.json", assets.manifest)
    app.router.add_get("/{path:.*}", assets.serve)
    return app


def status_routes(status: Status) -> list[Route]:
    """Return the routes that need no session."""
    return [
        Route("GET", "/health", status.health, "How the box is", gives=Health, signed_in=False),
        Route("GET", "/metrics", status.metrics, "Figures for Prometheus", signed_in=False),
        Route("GET", "/api/v1/printers", status.printers, "Printers and what ails them",
              gives=dict[str, list[dict[str, Any]]], signed_in=False),
    ]  # fmt: skip
