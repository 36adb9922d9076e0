"""The route on which a ruleset is tried: `POST /api/v1/rulesets/sandbox`."""

from typing import Any

import msgspec
from aiohttp import web

from edge.app.sandbox import Sandbox, SandboxReport
from edge.http.routes import Route
from edge.http.wire import json_response, read_json


class TriedRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ruleset to try, and orders (bodies of `order.assign`) beside the floor's own."""

    document: str
    orders: list[dict[str, Any]] = []


class SandboxHandlers:
    """Answers with what a ruleset would change."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def run(self, request: web.Request) -> web.StreamResponse:
        """Try a ruleset on copies."""
        tried = await read_json(request, TriedRules)
        return json_response(await self._sandbox.run(tried.document.encode(), tried.orders))


def sandbox_routes(handlers: SandboxHandlers) -> list[Route]:
    """Return the route."""
    return [
        Route("POST", "/api/v1/rulesets/sandbox", handlers.run, "What a ruleset would change, "
              "tried on copies", TriedRules, SandboxReport, refusals=("malformed",)),
    ]  # fmt: skip
