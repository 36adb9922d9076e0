"""Routes about people: the list, badges and PINs to begin with, and the first admin."""

from typing import Annotated, Any

import msgspec
from aiohttp import web

from edge.app.badgedesk import BadgeDesk, Issued
from edge.app.firstadmin import Claim, FirstAdmin
from edge.app.floor import Reply
from edge.app.staff import Staff, StaffView
from edge.domain.ids import ID_CHARS_MAX, is_uuid
from edge.domain.model import Session
from edge.domain.refusals import RefusedError
from edge.http.guard import caller
from edge.http.routes import Route
from edge.http.wire import error_response, json_response, read_json


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The id of a command, made by its sender."""

    id: Annotated[str, msgspec.Meta(max_length=ID_CHARS_MAX)]


class PrintAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a fresh badge shall be printed."""

    printer: Annotated[str, msgspec.Meta(max_length=ID_CHARS_MAX)]


class GivenPin(msgspec.Struct, frozen=True):
    """A PIN to begin with."""

    ok: bool
    pin: str


class Doorstep(msgspec.Struct, frozen=True):
    """Whether a code for an admin waits to be used."""

    open: bool


class PeopleHandlers:
    """Answers requests about people."""

    def __init__(self, staff: Staff, desk: BadgeDesk, first: FirstAdmin) -> None:
        self._staff = staff
        self._desk = desk
        self._first = first

    async def people(self, _: web.Request) -> web.StreamResponse:
        """Return everybody."""
        return json_response({"people": await self._staff.people()})

    async def issue(self, request: web.Request) -> web.StreamResponse:
        """Make a badge."""
        session, person, asked = await self._asked(request)
        return _said(await self._desk.issue(person, asked.id, **_who(session)))

    async def give_pin(self, request: web.Request) -> web.StreamResponse:
        """Give out a PIN to begin with."""
        session, person, asked = await self._asked(request)
        given = await self._desk.give_pin(person, asked.id, **_who(session))
        return _said(given if isinstance(given, Reply) else GivenPin(ok=True, pin=given))

    async def png(self, request: web.Request) -> web.StreamResponse:
        """Return a fresh badge as a picture."""
        return _file(await self._desk.png(request.match_info["ticket"]), "image/png")

    async def pdf(self, request: web.Request) -> web.StreamResponse:
        """Return a fresh badge as a page to print."""
        return _file(await self._desk.pdf(request.match_info["ticket"]), "application/pdf")

    async def print(self, request: web.Request) -> web.StreamResponse:
        """Print a fresh badge on a label printer."""
        asked = await read_json(request, PrintAsked)
        await self._desk.print(request.match_info["ticket"], asked.printer)
        return json_response({"ok": True})

    async def doorstep(self, _: web.Request) -> web.StreamResponse:
        """Return whether a first admin may come in."""
        return json_response(Doorstep(self._first.is_open))

    async def claim(self, request: web.Request) -> web.StreamResponse:
        """Make an admin of whoever brings the code."""
        return _said(await self._first.claim(await read_json(request, Claim)))

    async def _asked(self, request: web.Request) -> tuple[Session, str, Asked]:
        asked = await read_json(request, Asked)
        if not is_uuid(asked.id):
            raise RefusedError("malformed", problem="id must be a UUID", kind="badge.issue")
        return caller(request), request.match_info["id"][:ID_CHARS_MAX], asked


def _who(session: Session) -> dict[str, Any]:
    return {
        "via": "pda",
        "actor": session.person,
        "device": session.device,
        "session": session.id,
        "roles": session.roles,
    }


def _said(said: Issued | GivenPin | Reply) -> web.Response:
    return error_response(said) if isinstance(said, Reply) else json_response(said)


def _file(body: bytes, kind: str) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, content_type=kind, headers=headers)


def people_routes(handlers: PeopleHandlers) -> list[Route]:
    """Return the routes about people."""
    h, api = handlers, "/api/v1"
    ticket = f"{api}/badges/{{ticket}}"
    above = ("role_missing", "not_yourself", "unknown_person")
    return [
        Route("GET", f"{api}/people", h.people, "People, their badges, sessions and wrong PINs",
              gives=dict[str, list[StaffView]]),
        Route("POST", f"{api}/people/{{id}}/badge", h.issue, "A new badge; the one before is dead",
              Asked, Issued, refusals=(*above, "person_disabled")),
        Route("POST", f"{api}/people/{{id}}/pin", h.give_pin, "A PIN that its person replaces at "
              "the next sign-in", Asked, GivenPin, refusals=above),
        Route("GET", f"{ticket}.png", h.png, "A fresh badge as a picture, by its ticket",
              refusals=("badge_spent",)),
        Route("GET", f"{ticket}.pdf", h.pdf, "A fresh badge as a page, by its ticket",
              refusals=("badge_spent",)),
        Route("POST", f"{ticket}/print", h.print, "Print a fresh badge, by its ticket", PrintAsked,
              refusals=("badge_spent", "printer_ill")),
        Route("GET", f"{api}/first-admin", h.doorstep, "Whether a code for an admin waits",
              gives=Doorstep),
        Route("POST", f"{api}/first-admin", h.claim, "Become an admin by the code of the console",
              Claim, Issued, refusals=("admin_code", "pin_weak", "person_name")),
    ]  # fmt: skip
