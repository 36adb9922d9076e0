"""The route on which a ruleset is tried: `POST /api/v1/rulesets/sandbox`."""

from typing import Any, Final

import msgspec
from aiohttp import web

from edge.app.sandbox import Sandbox, SandboxReport
from edge.domain.refusals import RefusedError
from edge.http.guard import Guard
from edge.http.routes import Route
from edge.http.wire import json_response, read_json

MAY_TRY: Final = frozenset({"supervisor", "admin"})
"""Roles that may try a ruleset; to publish one takes the key of the hub or of the box."""


class TriedRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ruleset to try, and orders (bodies of `order.assign`) beside the floor's own."""

    document: str
    orders: list[dict[str, Any]] = []


class SandboxHandlers:
    """Answers with what a ruleset would change."""

    def __init__(self, sandbox: Sandbox, guard: Guard) -> None:
        self._sandbox = sandbox
        self._guard = guard

    async def run(self, request: web.Request) -> web.StreamResponse:
        """Try a ruleset on copies."""
        session = await self._guard.session(request)
        if MAY_TRY.isdisjoint(session.roles):
            raise RefusedError("role_missing", roles=sorted(MAY_TRY))
        tried = await read_json(request, TriedRules)
        return json_response(await self._sandbox.run(tried.document.encode(), tried.orders))


def sandbox_routes(handlers: SandboxHandlers) -> list[Route]:
    """Return the route."""
    return [
        Route("POST", "/api/v1/rulesets/sandbox", handlers.run, "What a ruleset would change, "
              "tried on copies", TriedRules, SandboxReport, refusals=("malformed", "role_missing")),
    ]  # fmt: skip
