"""Signing in by badge and PIN, and knowing who speaks afterwards.

A badge alone opens nothing; unknown badge and wrong PIN get the same answer after the same work.
How wrong PINs are counted is law (`edge.domain.lockouts`), as is who may switch by badge alone.
"""

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from weakref import WeakValueDictionary

import msgspec

from edge.app.devicekeys import Proof
from edge.app.floor import Floor, Reply, refuse
from edge.app.pinchecks import PinChecks
from edge.app.ports import Clock, Ids, Outcome
from edge.app.reads import Reads
from edge.domain import badges
from edge.domain.commands import CODE_CHARS_MAX, PinSet, SessionClose, SessionOpen, SessionRefuse
from edge.domain.lockouts import Boot
from edge.domain.model import Name, Person, Session
from edge.domain.pins import why_weak
from edge.domain.refusals import RefusedError, refused
from edge.domain.views import TaskView


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
    locked: bool = False
    """It waits for a badge."""


_Short = Annotated[str, msgspec.Meta(max_length=CODE_CHARS_MAX)]


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person gives to sign in."""

    badge: _Short
    pin: _Short
    """Empty: the badge alone, within half an hour of the PIN at this device."""
    device: Annotated[str, msgspec.Meta(min_length=1, max_length=CODE_CHARS_MAX)]
    station: _Short = ""
    new_pin: _Short = ""
    """In place of a PIN that was given out."""
    proof: Proof | None = None
    """That the device holds the key it was paired with."""


Elsewhere = Callable[[str, str], Awaitable[tuple[str, ...]]]
"""Other devices at which a person works just now: (person, device) → devices."""


async def _nowhere(_: str, __: str) -> tuple[str, ...]:
    return ()


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
        elsewhere: Elsewhere = _nowhere,
    ) -> None:
        """`printers` tells a station's printers as they are bound now."""
        self._floor = floor
        self._reads = reads
        self._clock = clock
        self._ids = ids
        self._secret = secret
        self._stations = {station.id: station for station in stations}
        self._printers = printers
        self._elsewhere = elsewhere
        self._pins = PinChecks()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def sign_in(self, asked: SignIn) -> tuple[Reply, str]:
        """Return the answer to a sign-in, and the session's token where it was opened."""
        try:
            if asked.pin:
                new_pin = asked.new_pin
                person = await self.verify(asked.badge, asked.pin, asked.device, new_pin=new_pin)
            else:
                person = await self._switch(asked.badge, asked.device)
        except RefusedError as error:
            return refuse("", error.refusal.code, **error.refusal.facts), ""
        data = SessionOpen(
            self._ids.new_id(),
            person.id,
            asked.station if asked.station in self._stations else "",
            await self._elsewhere(person.id, asked.device),
        )
        reply = await self._floor.reply(
            data,
            via="pda",
            actor=person.id,
            device=asked.device,
            factors=("badge", "pin") if asked.pin else ("badge",),
            verified_us=self._clock.now_us(),
        )
        return reply, self.token(data.session) if reply.ok else ""

    async def verify(self, badge: str, pin: str, device: str, *, new_pin: str = "") -> Person:
        """Return who proved by badge and PIN, at `device`, who they are.

        A PIN that was given out is replaced by `new_pin`.

        Raises:
            RefusedError: `badge_old` where the code is no badge's; `sign_in_failed`, whatever was
                wrong; `locked_out {seconds}`, `badge_locked` or `device_locked {seconds}` after too
                many wrong PINs; `pin_new_needed`, `pin_weak` or `pin_expired` of a PIN that was
                given out.
        """
        person, who = await self._wearer(badge)
        async with self._turn_of(who), self._turn_of(device):
            await self._check_locks(who, device)
            verifier = await self._reads.pin_verifier(person.id) if person else None
            right = await self._pins.is_right(pin, verifier)
            if person is None or verifier is None or not right or not person.active:
                counted = SessionRefuse(who, await self._elsewhere(who, device))
                _hold_done(await self._floor.submit(counted, via="api", device=device))
                raise RefusedError("sign_in_failed")
            if until_us := verifier.get("once_until_us", 0):
                await self._replace(person, pin, new_pin, until_us)
        return person

    async def _switch(self, badge: str, device: str) -> Person:
        """Return who may sign in by the badge alone, who gave their PIN here a while ago."""
        person, who = await self._wearer(badge)
        await self._check_locks(who, device)
        if person is None or not person.active:
            raise RefusedError("pin_needed")
        if not await self._reads.may_switch(person.id, device, self._boot()):
            raise RefusedError("pin_needed")
        return person

    async def _wearer(self, badge: str) -> tuple[Person | None, str]:
        """Return who wears a badge, and by what name its wrong PINs are counted."""
        if not badge.startswith(badges.PREFIX):
            raise RefusedError("badge_old")
        hashed = badges.badge_hash(badge)
        person = await self._reads.person_by_badge(hashed)
        if person is not None:
            return person, person.id
        return None, f"?{hmac.digest(self._secret, hashed.encode(), 'sha256')[:8].hex()}"

    async def _check_locks(self, who: str, device: str) -> None:
        if closed := await self._reads.why_locked(who, device, self._boot()):
            raise refused(closed)

    def _boot(self) -> Boot:
        return Boot(self._clock.boot_id, self._clock.boot_us())

    def _turn_of(self, key: str) -> asyncio.Lock:
        """Return what lets tries with one badge, or at one device, come one by one."""
        return self._turns.setdefault(key, asyncio.Lock())

    async def _replace(self, person: Person, pin: str, new_pin: str, until_us: int) -> None:
        """Put a person's own PIN in place of the one that was given out."""
        if self._clock.now_us() > until_us:
            raise RefusedError("pin_expired")
        if not new_pin:
            raise RefusedError("pin_new_needed")
        if new_pin == pin or why_weak(new_pin):
            raise RefusedError("pin_weak")
        data = PinSet(person.id, await self._pins.verifier(new_pin))
        _hold_done(await self._floor.submit(data, via="api", actor=person.id))

    async def keep_pin(self, person: str, pin: str, *, once_s: int, **who: Any) -> Reply:  # noqa: ANN401 - fields of the command
        """Give a person a PIN; with `once_s` they have to replace it within so many s."""
        until_us = self._clock.now_us() + once_s * 1_000_000 if once_s else 0
        return await self._floor.reply(
            PinSet(person, await self._pins.verifier(pin), until_us), **who
        )

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
            locked=session.locked_us is not None,
        )

    def _station(self, station_id: str) -> Station | None:
        station = self._stations.get(station_id)
        if station is None or self._printers is None:
            return station
        return msgspec.structs.replace(station, printers=self._printers(station_id))


def _hold_done(outcome: Outcome) -> None:
    """Refuse where nothing was written: a wrong PIN that is not counted must tell nothing."""
    if not outcome.answer.ok:
        raise RefusedError(outcome.answer.code, **outcome.answer.facts)
