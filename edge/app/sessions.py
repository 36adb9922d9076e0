"""Signing in by badge and PIN, and knowing who speaks afterwards.

A badge alone opens nothing; unknown badge and wrong PIN get the same answer after the same work.
Wrong PINs are counted by badge *and* device, so that nobody can lock a whole shift out.
"""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec

from edge.app.devicekeys import Proof
from edge.app.floor import Floor, Reply, refuse
from edge.app.ports import Clock, Ids
from edge.app.reads import Reads
from edge.domain import badges
from edge.domain.commands import CODE_CHARS_MAX, SessionClose, SessionOpen
from edge.domain.model import Name, Person, Session
from edge.domain.refusals import RefusedError
from edge.domain.views import TaskView

TRIES_MAX: Final = 5
LOCK_US: Final = 60_000_000
LOCK_US_MAX: Final = 900_000_000
COUNTERS_MAX: Final = 10_000
NO_PIN: Final = {"salt": "00" * 16, "n": 16384, "r": 8, "p": 1, "hash": "00" * 32}
"""A verifier that no PIN fits."""


class Station(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A packing place and its printers, the first one first."""

    id: str
    name: Name
    printers: tuple[str, ...] = ()


class PersonView(msgspec.Struct, frozen=True):
    """Who is signed in."""

    id: str
    name: Name
    roles: tuple[str, ...]


class SessionView(msgspec.Struct, frozen=True):
    """A session as its own client sees it."""

    id: str
    person: PersonView
    device: str
    station: Station | None
    opened_at: int
    task: TaskView | None
    training: bool
    """Somebody told the person to train, and not all lessons are done."""


_Short = Annotated[str, msgspec.Meta(max_length=CODE_CHARS_MAX)]


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person gives to sign in."""

    badge: _Short
    pin: _Short
    device: Annotated[str, msgspec.Meta(min_length=1, max_length=CODE_CHARS_MAX)]
    station: _Short = ""
    proof: Proof | None = None
    """That the device holds the key it was paired with."""


class _Tries(msgspec.Struct):
    count: int = 0
    locked_until_us: int = 0


class Sessions:
    """Opens sessions and recognises their tokens."""

    def __init__(
        self,
        floor: Floor,
        reads: Reads,
        clock: Clock,
        ids: Ids,
        *,
        secret: bytes,
        stations: tuple[Station, ...],
        printers: Callable[[str], tuple[str, ...]] | None = None,
    ) -> None:
        """`printers` tells a station's printers as they are bound now."""
        self._floor = floor
        self._reads = reads
        self._clock = clock
        self._ids = ids
        self._secret = secret
        self._stations = {station.id: station for station in stations}
        self._printers = printers
        self._tries: dict[tuple[str, str], _Tries] = {}

    async def sign_in(self, asked: SignIn) -> tuple[Reply, str]:
        """Return the answer to a sign-in, and the session's token where it was opened."""
        try:
            person = await self.verify(asked.badge, asked.pin, asked.device)
        except RefusedError as error:
            return refuse("", error.refusal.code, **error.refusal.facts), ""
        data = SessionOpen(self._ids.new_id(), person.id, self._known_station(asked.station))
        reply = await self._floor.reply(
            data,
            via="pda",
            actor=person.id,
            device=asked.device,
            factors=("badge", "pin"),
            verified_us=self._clock.now_us(),
        )
        return reply, self.token(data.session) if reply.ok else ""

    async def verify(self, badge: str, pin: str, device: str) -> Person:
        """Return who proved by badge and PIN, at `device`, who they are.

        Raises:
            RefusedError: `badge_old` where the code is no badge's; `sign_in_failed`, whatever was
                wrong; `locked_out {seconds}` after too many wrong tries with this badge at this
                device.
        """
        if not badge.startswith(badges.PREFIX):
            raise RefusedError("badge_old")
        badge_hash = badges.badge_hash(badge)
        tries = self._tries_of(badge_hash, device)
        wait_us = tries.locked_until_us - self._clock.boot_us()
        if wait_us > 0:
            raise RefusedError("locked_out", seconds=-(-wait_us // 1_000_000))
        self._count(tries)  # before the work: many tries at once are no more than one by one
        person = await self._reads.person_by_badge(badge_hash)
        verifier = await self._reads.pin_verifier(person.id) if person else None
        right = await asyncio.to_thread(_is_pin, pin, verifier or NO_PIN)
        if person is None or verifier is None or not right or not person.active:
            raise RefusedError("sign_in_failed")
        tries.count = tries.locked_until_us = 0
        return person

    def _known_station(self, station: str) -> str:
        return station if station in self._stations else ""

    def _tries_of(self, badge_hash: str, device: str) -> _Tries:
        if len(self._tries) >= COUNTERS_MAX:
            del self._tries[next(iter(self._tries))]
        return self._tries.setdefault((badge_hash, device), _Tries())

    def _count(self, tries: _Tries) -> None:
        tries.count += 1
        over = tries.count - TRIES_MAX
        if over >= 0:
            lock_us = min(LOCK_US << min(over, 8), LOCK_US_MAX)
            tries.locked_until_us = self._clock.boot_us() + lock_us

    async def sign_out(self, session: Session) -> Reply:
        """Close a session."""
        return await self._floor.reply(
            SessionClose(),
            via="pda",
            actor=session.person,
            device=session.device,
            session=session.id,
            roles=session.roles,
        )

    def token(self, session_id: str) -> str:
        """Return the token that proves a session: its id and the box's MAC of it."""
        mac = hmac.digest(self._secret, session_id.encode(), "sha256")[:16]
        return f"{session_id}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    async def recognise(self, token: str) -> Session | None:
        """Return the open session of a token, or None."""
        session_id = token.partition(".")[0]
        if not hmac.compare_digest(token.encode(), self.token(session_id).encode()):
            return None
        session = await self._reads.session(session_id)
        return session if session is not None and session.closed_us is None else None

    async def view(self, session: Session) -> SessionView:
        """Return a session with its person, station and the task in hand."""
        name = await self._reads.name_of(session.person)
        return SessionView(
            id=session.id,
            person=PersonView(session.person, name, session.roles),
            device=session.device,
            station=self._station(session.station),
            opened_at=session.opened_us,
            task=await self._reads.task_in_hand(session.person),
            training=await self._reads.must_train(session.person),
        )

    def _station(self, station_id: str) -> Station | None:
        station = self._stations.get(station_id)
        if station is None or self._printers is None:
            return station
        return msgspec.structs.replace(station, printers=self._printers(station_id))


def _is_pin(pin: str, verifier: dict[str, Any]) -> bool:
    """Check a PIN against its scrypt verifier (RFC 7914); salt and hash are hex."""
    found = hashlib.scrypt(
        pin.encode(),
        salt=bytes.fromhex(verifier["salt"]),
        n=verifier["n"],
        r=verifier["r"],
        p=verifier["p"],
        dklen=len(verifier["hash"]) // 2,
    )
    return hmac.compare_digest(found, bytes.fromhex(verifier["hash"]))
