"""Routes about alarms: those that wait for an answer, and those of the last day."""

from typing import Any

import msgspec
from aiohttp import web

from edge.app.alarmlog import AlarmLog, AlarmRow
from edge.app.reads import Reads
from edge.http.guard import caller
from edge.http.routes import Route
from edge.http.wire import json_response


class AlarmView(msgspec.Struct, frozen=True):
    """An alarm that waits to be acknowledged."""

    id: str
    code: str
    facts: dict[str, Any]
    raised_at: int


class AlarmHandlers:
    """Answers requests about alarms."""

    def __init__(self, reads: Reads, log: AlarmLog) -> None:
        self._reads = reads
        self._log = log

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Return the caller's alarms that are not acknowledged."""
        found = await self._reads.alarms(caller(request))
        shown = [AlarmView(each.id, each.code, each.facts, each.raised_us) for each in found]
        return json_response({"alarms": shown})

    async def log(self, request: web.Request) -> web.StreamResponse:
        """Return the alarms of the last day that the caller may know of, the newest first."""
        return json_response({"alarms": await self._log.read(caller(request))})


def alarm_routes(handlers: AlarmHandlers) -> list[Route]:
    """Return the routes."""
    h, api = handlers, "/api/v1"
    return [
        Route("GET", f"{api}/alarms", h.open, "The caller's alarms",
              gives=dict[str, list[AlarmView]]),
        Route("GET", f"{api}/alarm-log", h.log, "The alarms of the last day, and who answered them",
              gives=dict[str, list[AlarmRow]]),
    ]  # fmt: skip
