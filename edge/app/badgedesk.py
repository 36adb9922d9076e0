"""Making badges: the box thinks of a code, keeps its hash, and shows it once, to be printed.

A fresh badge is known by a ticket of 128 random bits for ten minutes; whoever made it uses that to
fetch its picture or send it to a printer. The code itself stands in no answer, entry or log line.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Final

import msgspec

from drivers.api import LabelError, Raster, labels_pdf, raster_png
from edge.app.floor import Floor, Reply
from edge.app.oneoff import Outcome, print_once
from edge.app.pinchecks import new_pin
from edge.app.ports import Clock, Ids
from edge.app.printers import PrinterBoard
from edge.app.reads import Reads
from edge.app.sessions import Sessions
from edge.domain.badges import RANDOM_BYTES, badge_hash, new_badge
from edge.domain.commands import BadgeIssue
from edge.domain.model import Name
from edge.domain.refusals import RefusedError

FRESH_US: Final = 600_000_000
FRESH_MAX: Final = 50
PIN_ONCE_S: Final = 24 * 3600
"""A PIN that was given out must be replaced within a day."""
ROLE_NAMES: Final = {
    "picker": Name("拣货", "Picker"),
    "packer": Name("打包", "Packer"),
    "keeper": Name("库管", "Keeper"),
    "leader": Name("组长", "Shift leader"),
    "supervisor": Name("仓库主管", "Supervisor"),
    "admin": Name("管理员", "Admin"),
}
RenderBadge = Callable[[dict[str, Any]], Raster]


class Issued(msgspec.Struct, frozen=True):
    """A badge that was just made; `pin` is what its wearer begins with, where they had none."""

    ok: bool
    person: str
    ticket: str
    expires_at: int
    pin: str | None = None


class _Fresh(msgspec.Struct, frozen=True):
    person: str
    code: str
    due_us: int
    issued: Issued


class BadgeDesk:
    """Issues badges and gives out PINs to begin with."""

    def __init__(
        self,
        floor: Floor,
        reads: Reads,
        sessions: Sessions,
        board: PrinterBoard,
        clock: Clock,
        ids: Ids,
        *,
        render: RenderBadge,
        site: str,
    ) -> None:
        self._floor = floor
        self._reads = reads
        self._sessions = sessions
        self._board = board
        self._clock = clock
        self._ids = ids
        self._render = render
        self._site = site
        self._fresh: dict[str, _Fresh] = {}
        self._by_command: dict[str, str] = {}

    async def issue(self, person: str, command_id: str, **who: Any) -> Issued | Reply:  # noqa: ANN401 - fields of the command
        """Make a person's badge; the same command again gives the same one, while it is fresh."""
        if known := self._fresh.get(self._by_command.get(command_id, "")):
            return known.issued
        code = new_badge(secrets.token_bytes(RANDOM_BYTES))
        data = BadgeIssue(person, badge_hash(code))
        reply = await self._floor.reply(data, command_id=command_id, **who)
        if not reply.ok:
            return reply
        pin: str | None = None
        if not await self._reads.has_pin(person):
            given = await self.give_pin(person, self._ids.new_id(), **who)
            pin = given if isinstance(given, str) else None
        return self._keep(person, code, command_id, pin)

    async def give_pin(self, person: str, command_id: str, **who: Any) -> str | Reply:  # noqa: ANN401 - fields of the command
        """Give a person a PIN to begin with, which they replace at their next sign-in."""
        pin = new_pin()
        reply = await self._sessions.keep_pin(
            person, pin, once_s=PIN_ONCE_S, command_id=command_id, **who
        )
        return pin if reply.ok else reply

    def _keep(self, person: str, code: str, command_id: str, pin: str | None) -> Issued:
        now_us = self._clock.boot_us()
        self._fresh = {t: each for t, each in self._fresh.items() if each.due_us > now_us}
        while len(self._fresh) >= FRESH_MAX:
            del self._fresh[next(iter(self._fresh))]
        self._by_command = {c: t for c, t in self._by_command.items() if t in self._fresh}
        ticket = secrets.token_urlsafe(RANDOM_BYTES)
        issued = Issued(
            ok=True,
            person=person,
            ticket=ticket,
            expires_at=self._clock.now_us() + FRESH_US,
            pin=pin,
        )
        self._fresh[ticket] = _Fresh(person, code, now_us + FRESH_US, issued)
        self._by_command[command_id] = ticket
        return issued

    async def png(self, ticket: str) -> bytes:
        """Return a fresh badge as a picture."""
        return await asyncio.to_thread(raster_png, await self._picture(ticket))

    async def pdf(self, ticket: str) -> bytes:
        """Return a fresh badge as a page in its true size."""
        return await asyncio.to_thread(labels_pdf, [await self._picture(ticket)])

    async def print(self, ticket: str, printer: str) -> None:
        """Print a fresh badge on a label printer, once.

        Raises:
            RefusedError: `badge_spent`; `printer_ill {printer, reason}` where it did not come out.
        """
        picture = await self._picture(ticket)
        slot = self._board.get(printer)
        copy = f"badge-{self._ids.new_id()}"
        outcome = Outcome("offline")
        if slot is not None:
            outcome = await print_once(self._board, slot, picture, copy)
        if outcome.reason:
            raise RefusedError("printer_ill", printer=printer[:64], reason=outcome.reason)

    async def _picture(self, ticket: str) -> Raster:
        fresh = self._fresh.get(ticket)
        if fresh is None or fresh.due_us <= self._clock.boot_us():
            raise RefusedError("badge_spent")
        person = await self._reads.person(fresh.person)
        name = await self._reads.name_of(fresh.person)
        roles = [ROLE_NAMES[role] for role in person.roles if role in ROLE_NAMES] if person else []
        fields = {
            "site": self._site,
            "name": name.zh,
            "roles": f"{' · '.join(r.zh for r in roles)}\n{', '.join(r.en for r in roles)}",
            "id": fresh.person,
            "code": fresh.code,
        }
        try:
            return await asyncio.to_thread(self._render, fields)
        except LabelError as error:
            raise RefusedError("printer_ill", printer="", reason="label") from error
