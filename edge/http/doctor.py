"""The self-checks as cards: `GET /api/v1/doctor`."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from edge.app.findings import Finding, is_well
from edge.http.routes import Route
from edge.http.wire import json_response


class Examined(msgspec.Struct, frozen=True):
    """What the self-checks found, in the order in which a person would mend things."""

    ok: bool
    findings: list[Finding]


class DoctorHandlers:
    """Answers with what the self-checks find; one examination at a time."""

    def __init__(self, examine: Callable[[], Awaitable[list[Finding]]]) -> None:
        self._examine = examine
        self._turn = asyncio.Lock()

    async def examine(self, _: web.Request) -> web.StreamResponse:
        """Run the checks that a running box can afford."""
        async with self._turn:
            findings = await self._examine()
        return json_response(Examined(is_well(findings), findings))


def doctor_routes(handlers: DoctorHandlers) -> list[Route]:
    """Return the route."""
    return [
        Route("GET", "/api/v1/doctor", handlers.examine, "What is wrong with the box, and the next "
              "command", gives=Examined),
    ]  # fmt: skip
