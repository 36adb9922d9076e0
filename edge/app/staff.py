"""The people of the floor as superiors see them."""

from typing import Final

import msgspec

from edge.app.ports import Reader
from edge.app.reads import Reads
from edge.domain.model import BadgeTries, Name, Person, Presence, Session

PEOPLE_MAX: Final = 1_000


class SeatView(msgspec.Struct, frozen=True):
    """Where somebody is signed in."""

    device: str
    station: str
    since: int
    locked: bool


class TriesView(msgspec.Struct, frozen=True):
    """Wrong PINs at a device; `held` until a superior resets it."""

    device: str
    today: int
    held: bool


class StaffView(msgspec.Struct, frozen=True):
    """Somebody who works here. `pin`: set, once (to be replaced) or nothing."""

    id: str
    name: Name
    named: bool
    """False where the name is not known here, and the id stands in: it was erased, or lost when the
    box was built again from the hub."""
    roles: tuple[str, ...]
    active: bool
    badge: bool
    badge_at: int | None
    pin: str
    shift_at: int | None
    seats: tuple[SeatView, ...]
    tries: tuple[TriesView, ...]
    locked: bool
    """The badge opens nothing anywhere until a superior resets it."""


class Staff:
    """Answers reads of people."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def people(self) -> list[StaffView]:
        """Return everybody, by staff number."""
        async with self._reader.snapshot() as held:
            ids = await held.list_ids(Person, PEOPLE_MAX)
            people = [await held.doc(Person, each) for each in ids]
            return [await _view(held, each) for each in people if isinstance(each, Person)]


async def _view(held: Reader, person: Person) -> StaffView:
    presence = await held.doc(Presence, person.id)
    found = [
        await held.doc(Session, each)
        for each in (presence.sessions if isinstance(presence, Presence) else ())
    ]
    tries = await held.doc(BadgeTries, person.id)
    at = tries.at if isinstance(tries, BadgeTries) else {}
    reads = Reads(held)
    return StaffView(
        id=person.id,
        name=await reads.name_of(person.id),
        named=await reads.has_name(person.id),
        roles=person.roles,
        active=person.active,
        badge=bool(person.badge_hash),
        badge_at=person.badge_us or None,
        pin=person.pin if await reads.has_pin(person.id) else "",
        shift_at=(presence.shift_us or None) if isinstance(presence, Presence) else None,
        seats=tuple(
            SeatView(each.device, each.station, each.opened_us, each.locked_us is not None)
            for each in found
            if isinstance(each, Session)
        ),
        tries=tuple(TriesView(d, each.today, each.is_held) for d, each in at.items()),
        locked=isinstance(tries, BadgeTries) and tries.is_locked,
    )
