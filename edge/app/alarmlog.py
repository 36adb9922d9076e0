"""What called for people lately, and who answered when (FRZ-4)."""

from typing import Any, Final

import msgspec

from edge.app.access import OVERSEERS
from edge.app.ports import Clock, Reader
from edge.app.reads import Reads
from edge.domain.ids import uuid7
from edge.domain.model import Alarm, Name, Session

SPAN_US: Final = 24 * 3600 * 1_000_000
"""How far back the log goes."""
READ_MAX: Final = 1_000
SHOWN_MAX: Final = 200
IDS_MAX: Final = 20_000


class Named(msgspec.Struct, frozen=True):
    """A person of the floor."""

    id: str
    name: Name


class AlarmRow(msgspec.Struct, frozen=True):
    """An alarm: whom it called, since when (µs UTC), who answered when."""

    id: str
    code: str
    facts: dict[str, Any]
    raised_at: int
    person: Named | None
    roles: tuple[str, ...]
    acked_at: int | None
    acked_by: Named | None
    settled_at: int | None
    """When its occasion had gone."""


class AlarmLog:
    """Reads the alarms of the last day, the newest first."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._reads = Reads(reader)
        self._clock = clock

    async def read(self, session: Session) -> list[AlarmRow]:
        """Return what called the person; for those who look over the floor, what called anybody."""
        oldest = uuid7(self._clock.now_us() - SPAN_US, bytes(10))
        async with self._reader.snapshot() as held:
            ids = await held.list_ids(Alarm, IDS_MAX, oldest)
            found = [await held.doc(Alarm, each) for each in ids[: -READ_MAX - 1 : -1]]
        mine = [each for each in found if isinstance(each, Alarm) and _concerns(each, session)]
        names: dict[str, Name] = {}
        return [await self._row(each, names) for each in mine[:SHOWN_MAX]]

    async def _row(self, alarm: Alarm, names: dict[str, Name]) -> AlarmRow:
        return AlarmRow(
            id=alarm.id,
            code=alarm.code,
            facts=alarm.facts,
            raised_at=alarm.raised_us,
            person=await self._named(alarm.person, names),
            roles=alarm.roles,
            acked_at=alarm.acked_us,
            acked_by=await self._named(alarm.acked_by, names),
            settled_at=alarm.settled_us,
        )

    async def _named(self, person: str, names: dict[str, Name]) -> Named | None:
        if person and person not in names:
            names[person] = await self._reads.name_of(person)
        return Named(person, names[person]) if person else None


def _concerns(alarm: Alarm, session: Session) -> bool:
    return (
        not OVERSEERS.isdisjoint(session.roles)
        or alarm.person == session.person
        or not set(alarm.roles).isdisjoint(session.roles)
    )
