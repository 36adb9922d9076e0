"""The first admin: let in by a code from the machine's own console, for want of any password.

The code is asked for through the socket that only the box's owner opens. It is good once, for half
an hour, and void after three wrong tries. A restart voids it. The same way leads back in where the
only admin lost badge and PIN.
"""

import hmac
import secrets
from typing import Annotated, Any, Final

import msgspec

from edge.app.badgedesk import BadgeDesk, Issued
from edge.app.devicekeys import ALPHABET
from edge.app.floor import Floor, Reply
from edge.app.ports import Clock, Ids
from edge.app.sessions import Sessions
from edge.app.staff import Staff
from edge.domain.commands import CODE_CHARS_MAX, PersonAdd
from edge.domain.pins import why_weak
from edge.domain.refusals import RefusedError

CODE_US: Final = 1_800_000_000
CODE_CHARS: Final = 8
TRIES_MAX: Final = 3
"""31^8 codes to 3."""
ID_CHARS: Final = 4

_Short = Annotated[str, msgspec.Meta(max_length=CODE_CHARS_MAX)]


class AdminCode(msgspec.Struct, frozen=True):
    """A code that makes one admin until `expires_at` (µs)."""

    code: str
    expires_at: int


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever holds the code says who they are."""

    code: _Short
    pin: _Short
    name_zh: _Short = ""
    name_en: _Short = ""


class FirstAdmin:
    """Hands out the code, and makes an admin of whoever brings it."""

    def __init__(
        self,
        floor: Floor,
        staff: Staff,
        sessions: Sessions,
        desk: BadgeDesk,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._floor = floor
        self._staff = staff
        self._sessions = sessions
        self._desk = desk
        self._clock = clock
        self._ids = ids
        self._code = ""
        self._by = ""
        self._due_us = 0
        self._tries = 0

    @property
    def is_open(self) -> bool:
        """Whether a code waits to be used."""
        return bool(self._code) and self._clock.boot_us() < self._due_us

    async def has_admin(self) -> bool:
        """Tell whether some admin has a badge."""
        people = await self._staff.people()
        return any("admin" in each.roles and each.active and each.badge for each in people)

    def new_code(self, by: str) -> AdminCode:
        """Return a new code, asked for by the machine's user `by`; the one before is void."""
        self._code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS))
        self._by, self._tries = by, 0
        self._due_us = self._clock.boot_us() + CODE_US
        shown = f"{self._code[:4]}-{self._code[4:]}"
        return AdminCode(shown, self._clock.now_us() + CODE_US)

    def check(self, code: str) -> None:
        """Refuse a wrong code, or one that is no more."""
        given = code.upper().replace("-", "").replace(" ", "")
        is_right = self.is_open and hmac.compare_digest(given.encode(), self._code.encode())
        if not is_right:
            self._tries += 1
            if self._tries >= TRIES_MAX:
                self._code = ""
            raise RefusedError("admin_code")

    async def claim(self, asked: Claim) -> Issued | Reply:
        """Make an admin, with a PIN of their own and a badge to print; the code is spent."""
        self.check(asked.code)
        if why_weak(asked.pin):
            raise RefusedError("pin_weak")
        tail = "".join(secrets.choice(ALPHABET) for _ in range(ID_CHARS))
        data = PersonAdd(f"ADMIN-{tail}", ("admin",), asked.name_zh, asked.name_en)
        by, self._code = self._by, ""
        who: dict[str, Any] = {"via": "cli", "actor": by}
        reply = await self._floor.reply(data, **who)
        if not reply.ok:
            self._code = asked.code.upper().replace("-", "").replace(" ", "")
            return reply
        await self._sessions.keep_pin(data.person, asked.pin, once_s=0, **who)
        return await self._desk.issue(data.person, self._ids.new_id(), **who)
