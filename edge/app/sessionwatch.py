"""Watching over sessions: which of them lie unused, and who works at two devices at once.

A session is locked after a quarter of an hour without use, or when it is half a day old, but never
in the middle of a pick: only between tasks, or when nothing was scanned for half an hour. One whose
device is out of reach is left alone: what it captures meanwhile comes when it is back, and decides.
"""

import asyncio
from typing import Final

import structlog

from edge.app.floor import Floor
from edge.app.ports import BusyError, Clock, Reader
from edge.app.push import Push
from edge.domain.commands import SessionClose, SessionLock
from edge.domain.model import Hands, Presence, Session

MINUTE_US: Final = 60_000_000
IDLE_US: Final = 15 * MINUTE_US
IDLE_IN_TASK_US: Final = 30 * MINUTE_US
OLD_US: Final = 12 * 60 * MINUTE_US
LEFT_US: Final = 2 * OLD_US
"""A session whose device did not come back by then is closed."""
BACK_US: Final = 20_000_000
"""A device that is back has so long to send what it captured."""
AT_ONCE_US: Final = 2 * MINUTE_US
"""Two devices used within this are used at once."""
LOOK_S: Final = 5.0
SESSIONS_MAX: Final = 2_000

log = structlog.get_logger()


class SessionWatch:
    """Locks sessions when they are due."""

    def __init__(self, floor: Floor, reader: Reader, push: Push, clock: Clock) -> None:
        self._floor = floor
        self._reader = reader
        self._push = push
        self._clock = clock
        self._used_us: dict[str, int] = {}
        self._back_us: dict[str, int] = {}
        """Since when the device of a session is connected."""

    def note_use(self, session: Session) -> None:
        """Remember that a command came in a session."""
        self._used_us[session.id] = self._clock.boot_us()

    async def elsewhere(self, person: str, device: str) -> tuple[str, ...]:
        """Return the other devices at which a person works just now."""
        presence = await self._reader.doc(Presence, person)
        now_us = self._clock.boot_us()
        found = []
        for each in presence.sessions if isinstance(presence, Presence) else ():
            used_us = self._used_us.setdefault(each, now_us)  # just signed in, or the box started
            if now_us - used_us < AT_ONCE_US and self._push.is_connected(each):
                session = await self._reader.doc(Session, each)
                found += [session.device] if isinstance(session, Session) else []
        return tuple(sorted(set(found) - {device}))

    async def run(self) -> None:
        """Look after the sessions until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except BusyError:
                log.debug("no room to lock sessions now")

    async def look(self) -> None:
        """Lock the sessions that are due now."""
        ids = await self._reader.find(Session, "open", "free", SESSIONS_MAX)
        for times in (self._used_us, self._back_us):
            for gone in times.keys() - set(ids):
                del times[gone]
        for each in ids:
            found = await self._reader.doc(Session, each)
            if isinstance(found, Session):
                await self._look_at(found)

    async def _look_at(self, session: Session) -> None:
        now_us = self._clock.boot_us()
        used_us = self._used_us.setdefault(session.id, now_us)
        age_us = self._clock.now_us() - session.opened_us
        if not self._push.is_connected(session.id):
            self._back_us.pop(session.id, None)
            if age_us >= LEFT_US and now_us - used_us >= OLD_US:
                who = {"actor": session.person, "device": session.device, "session": session.id}
                await self._floor.submit(SessionClose(), via="box", **who)
            return
        back_us = self._back_us.setdefault(session.id, now_us)
        idle_us = now_us - used_us
        why = "idle" if idle_us >= IDLE_US else "hours" if age_us >= OLD_US else ""
        if not why or now_us - back_us < BACK_US:
            return
        hands = await self._reader.doc(Hands, session.person)
        is_busy = isinstance(hands, Hands) and hands.task
        if idle_us >= IDLE_IN_TASK_US or not is_busy:
            await self._floor.submit(SessionLock(session.id, why), via="box")
