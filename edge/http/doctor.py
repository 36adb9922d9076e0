"""The self-checks as cards: `GET /api/v1/doctor`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from edge.app.findings import Finding, is_well
from edge.domain.refusals import RefusedError
from edge.http.guard import Guard
from edge.http.routes import Route
from edge.http.wire import json_response

MAY_LOOK: Final = frozenset({"supervisor", "admin"})


class Examined(msgspec.Struct, frozen=True):
    """What the self-checks found, in the order in which a person would mend things."""

    ok: bool
    findings: list[Finding]


class DoctorHandlers:
    """Answers with what the self-checks find; one examination at a time."""

    def __init__(self, examine: Callable[[], Awaitable[list[Finding]]], guard: Guard) -> None:
        self._examine = examine
        self._guard = guard
        self._turn = asyncio.Lock()

    async def examine(self, request: web.Request) -> web.StreamResponse:
        """Run the checks that a running box can afford."""
        session = await self._guard.session(request)
        if MAY_LOOK.isdisjoint(session.roles):
            raise RefusedError("role_missing", roles=sorted(MAY_LOOK))
        async with self._turn:
            findings = await self._examine()
        return json_response(Examined(is_well(findings), findings))


def doctor_routes(handlers: DoctorHandlers) -> list[Route]:
    """Return the route."""
    return [
        Route("GET", "/api/v1/doctor", handlers.examine, "What is wrong with the box, and the next "
              "command", gives=Examined, refusals=("role_missing",)),
    ]  # fmt: skip
