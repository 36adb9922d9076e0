"""Routes of the training mode: the real routes again, each on the caller's own practice floor."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, cast

import msgspec
from aiohttp import web

from edge.app.access import OVERSEERS
from edge.app.practice import Candidate, Course, LessonView, Rooms, TrainingReads
from edge.domain.lessons import GOODS, SHELVES, TOTES
from edge.domain.model import Session
from edge.domain.refusals import RefusedError
from edge.domain.training import TraineeRow
from edge.http.guard import CALLER, caller
from edge.http.pictures import qr_svg
from edge.http.routes import Handlers, Route, routes
from edge.http.socket import Socket
from edge.http.wire import json_response, read_json

API: Final = "/api/v1"
PRACTICE: Final = f"{API}/practice"
SHARED: Final = ("/commands", "/tasks", "/packing", "/orders", "/alarms", "/reasons")
"""Beginnings of the routes that practice floors answer as the real one does."""
_CODES: Final = frozenset(
    {*TOTES, *(code for code, _, _ in SHELVES), *(good.code for good in GOODS)}
)


class PracticeRoom(Protocol):
    """A practice floor as its routes see it."""

    course: Course
    handlers: Handlers
    socket: Socket
    session: Session

    async def close(self) -> None:
        """Give the floor up."""


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which lesson to begin."""

    lesson: str


class TrainingView(msgspec.Struct, frozen=True):
    """How people do in training; the caller alone, unless they lead others."""

    trainees: list[TraineeRow]
    people: list[Candidate]
    """Who may be told to train; for leaders."""


class _OnOwnFloor:
    """Stands for the `Handlers` of whichever practice floor the caller is on."""

    def __init__(self, rooms: Rooms[PracticeRoom]) -> None:
        self._rooms = rooms

    def __getattr__(self, name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            room = self._rooms.of(caller(request))
            request[CALLER] = room.session
            answer: web.StreamResponse = await getattr(room.handlers, name)(request)
            return answer

        return handle


class PracticeHandlers:
    """Answers requests about training."""

    def __init__(self, rooms: Rooms[Any], reads: TrainingReads) -> None:
        self._rooms: Rooms[PracticeRoom] = rooms
        self._reads = reads

    async def training(self, request: web.Request) -> web.StreamResponse:
        """Return how people do in training."""
        session = caller(request)
        if OVERSEERS.isdisjoint(session.roles):
            return json_response(TrainingView(await self._reads.rows(session.person), []))
        return json_response(TrainingView(await self._reads.rows(), await self._reads.people()))

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Open a practice floor for the caller, and return where they stand on it."""
        room = await self._rooms.enter(caller(request))
        return json_response(await room.course.look())

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """Give the caller's practice floor up."""
        await self._rooms.leave(caller(request))
        return json_response({"ok": True})

    async def look(self, request: web.Request) -> web.StreamResponse:
        """Return where the caller stands, and what to do next."""
        room = self._rooms.of(caller(request))
        return json_response(await room.course.look())

    async def begin(self, request: web.Request) -> web.StreamResponse:
        """Begin a lesson."""
        room = self._rooms.of(caller(request))
        asked = await read_json(request, Begin)
        await room.course.begin(room.session.person, asked.lesson)
        return json_response(await room.course.look())

    async def code(self, request: web.Request) -> web.StreamResponse:
        """Return a code of the practice floor as a picture: of a bin, goods, a tote, the label."""
        text = request.query.get("text", "")
        if text not in _CODES:
            room = self._rooms.of(caller(request))
            if not text or text != (await room.course.look()).label:
                raise RefusedError("not_found", path=text[:40])
        return web.Response(body=qr_svg(text), content_type="image/svg+xml")

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Hold the trainee's conversation with the practice floor."""
        room = self._rooms.of(caller(request))
        request[CALLER] = room.session
        return await room.socket.serve(request)

    def shared(self) -> list[Route]:
        """Return the real routes again, each answered by the caller's own practice floor."""
        stand_in = cast("Handlers", _OnOwnFloor(self._rooms))
        return [
            msgspec.structs.replace(route, path=route.path.replace(API, PRACTICE, 1))
            for route in routes(stand_in)
            if _is_shared(route)
        ]


def _is_shared(route: Route) -> bool:
    path = route.path.removeprefix(API)
    if path == "/session":
        return route.method == "GET"
    return path.startswith(SHARED) and not path.endswith(("/status", "/decide"))


def practice_routes(handlers: PracticeHandlers) -> list[Route]:
    """Return the routes of the training mode."""
    h = handlers
    return [
        Route("GET", f"{API}/training", h.training, "How people do in training",
              gives=TrainingView),
        Route("POST", PRACTICE, h.enter, "Open a practice floor for the caller", gives=LessonView,
              refusals=("practice_full",)),
        Route("DELETE", PRACTICE, h.leave, "Leave the practice floor; it is gone"),
        Route("GET", f"{PRACTICE}/lesson", h.look, "Where the trainee stands, and what to do next",
              gives=LessonView, refusals=("no_practice",)),
        Route("POST", f"{PRACTICE}/lesson", h.begin, "Begin a lesson", Begin, LessonView,
              refusals=("no_practice", "unknown_lesson")),
        Route("GET", f"{PRACTICE}/code.svg", h.code, "A code of the practice floor as a picture",
              refusals=("not_found", "no_practice")),
        Route("GET", f"{PRACTICE}/ws", h.socket, "The websocket of the practice floor",
              refusals=("no_practice",)),
        *h.shared(),
    ]  # fmt: skip
