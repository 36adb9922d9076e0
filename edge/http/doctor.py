"""The self-checks as cards: `GET /api/v1/doctor`, and the fixes that the box does by itself."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from aiohttp import web

from edge.app.findings import Finding, Remedies, is_well
from edge.domain.refusals import RefusedError
from edge.http.guard import caller
from edge.http.routes import Route
from edge.http.wire import json_response, read_json

log = structlog.get_logger()


class Examined(msgspec.Struct, frozen=True):
    """What the self-checks found, in the order in which a person would mend things."""

    ok: bool
    findings: list[Finding]


class Fix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which fix is wanted: the `fix` of a finding."""

    fix: str


class Clinic:
    """Examines the box and mends what it safely can; one examination at a time."""

    def __init__(self, examine: Callable[[], Awaitable[list[Finding]]], remedies: Remedies) -> None:
        self._examine = examine
        self._remedies = remedies
        self._turn = asyncio.Lock()

    async def examine(self) -> Examined:
        """Run the checks that a running box can afford."""
        async with self._turn:
            findings = await self._examine()
        return Examined(is_well(findings), findings)

    async def mend(self, fix: str, who: str) -> Examined:
        """Do one fix, and look again.

        Raises:
            RefusedError: `malformed`.
        """
        if fix not in self._remedies:
            problem = f"fix: one of {', '.join(sorted(self._remedies))}"
            raise RefusedError("malformed", problem=problem, kind="doctor.fix")
        log.info("a fix was asked for", fix=fix, who=who)
        async with self._turn:
            await self._remedies[fix]()
        return await self.examine()


class DoctorHandlers:
    """Answers people on the floor's page."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic

    async def examine(self, _: web.Request) -> web.StreamResponse:
        """Say what is wrong."""
        return json_response(await self._clinic.examine())

    async def mend(self, request: web.Request) -> web.StreamResponse:
        """Do one fix, and say what is wrong then."""
        asked = await read_json(request, Fix)
        return json_response(await self._clinic.mend(asked.fix, caller(request).person))


def doctor_routes(handlers: DoctorHandlers) -> list[Route]:
    """Return the routes."""
    return [
        Route("GET", "/api/v1/doctor", handlers.examine, "What is wrong with the box, and the next "
              "command", gives=Examined),
        Route("POST", "/api/v1/doctor/fix", handlers.mend, "Let the box do the fix of a finding",
              takes=Fix, gives=Examined, refusals=("malformed",)),
    ]  # fmt: skip
