"""The box's web application: pages, API, websocket, health."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, Final

import msgspec
from aiohttp import web

from edge.app.access import ANYBODY, WHILE_LOCKED, who_may
from edge.app.approvals import Signing
from edge.app.devicekeys import PairRequest
from edge.app.firstadmin import Claim
from edge.app.sessions import SignIn
from edge.app.sparing import SpareView
from edge.http.assets import Assets
from edge.http.certificates import CertificateView
from edge.http.guard import Guard, Handler
from edge.http.openapi import document
from edge.http.routes import Route
from edge.http.socket import Socket
from edge.http.wire import BODY_BYTES_MAX, json_response

TAKES_SECRETS: Final = (SignIn, PairRequest, Signing, Claim)
"""Bodies that hold a badge, a PIN or a code, which somebody may guess at."""
PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"


class Health(msgspec.Struct, frozen=True):
    """How the box is: for probes, and the status frames of clients."""

    ok: bool
    box: str
    seq: int
    rules: str
    hub: str
    hub_lag: int
    printers: list[dict[str, Any]]
    certificate: CertificateView | None = None
    spare: SpareView | None = None
    """How far the spare is behind; null where none is fed."""
    disk: str = "ok"
    """Room on the disk: `ok`, `low`, or `read_only`."""
    filling: tuple[str, ...] = ()
    """Parts of the box's folder that are near their bound: `archive`, `blobs`."""
    hub_fault: str = ""
    """Why the hub is away or says no: a code of the sync protocol; empty where all is well."""


class Live(msgspec.Struct, frozen=True):
    """Whether the process works; where not, it must be started again."""

    ok: bool


class Ready(msgspec.Struct, frozen=True):
    """Whether the box takes commands, and what keeps it from it: `writer`, `disk`, `busy`."""

    ok: bool
    problems: tuple[str, ...]


class Status:
    """Answers `/health…`, `/metrics` and `/api/v1/printers`."""

    def __init__(
        self,
        health: Callable[[], Health],
        problems: Callable[[], tuple[str, ...]],
        metrics: Callable[[], Awaitable[str]],
    ) -> None:
        self._health = health
        self._problems = problems
        self._metrics = metrics

    async def health(self, _: web.Request) -> web.StreamResponse:
        """Return how the box is; 503 where it cannot take commands."""
        health = self._health()
        return json_response(health, status=200 if health.ok else 503)

    async def live(self, _: web.Request) -> web.StreamResponse:
        """Return whether the process works; 503 where only a restart helps."""
        is_live = self._health().ok
        return json_response(Live(is_live), status=200 if is_live else 503)

    async def ready(self, _: web.Request) -> web.StreamResponse:
        """Return whether the box takes commands now; 503 where not, with the reasons."""
        problems = self._problems()
        return json_response(Ready(not problems, problems), status=503 if problems else 200)

    async def metrics(self, _: web.Request) -> web.StreamResponse:
        """Return figures in Prometheus' text format."""
        return web.Response(text=await self._metrics(), headers={"Content-Type": PROMETHEUS})

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
    app.on_response_prepare.append(guard.dress)

    @cache
    def described() -> bytes:
        return msgspec.json.encode(document(table, version))

    async def openapi(_: web.Request) -> web.StreamResponse:
        body = await asyncio.to_thread(described)  # takes 0.1 s, the first time
        return web.Response(body=body, content_type="application/json")

    for route in table:
        handler = guard.admitting(
            route.who,
            route.handler,
            takes_secret=route.takes in TAKES_SECRETS,
            while_locked=f"{route.method} {route.path}" in WHILE_LOCKED,
        )
        app.router.add_route(route.method, route.path, handler)
    app.router.add_get("/api/v1/openapi.json", guard.admitting(ANYBODY, openapi))
    app.router.add_get(
        "/api/v1/ws", guard.admitting(who_may("GET", "/api/v1/ws"), socket.serve, while_locked=True)
    )
    app.router.add_get("/assets.json", guard.admitting(ANYBODY, assets.manifest))
    app.router.add_get("/{path:.*}", guard.admitting(ANYBODY, assets.serve))
    return app


def status_routes(status: Status) -> list[Route]:
    """Return the routes that need no session."""
    return [
        Route("GET", "/health", status.health, "How the box is", gives=Health),
        Route("GET", "/health/live", status.live, "Whether the process works", gives=Live),
        Route("GET", "/health/ready", status.ready, "Whether the box takes commands",
              gives=Ready),
        Route("GET", "/metrics", status.metrics, "Figures for Prometheus"),
        Route("GET", "/api/v1/printers", status.printers, "Printers and what ails them",
              gives=dict[str, list[dict[str, Any]]]),
    ]  # fmt: skip
