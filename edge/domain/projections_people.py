"""What entries about people, their sessions and their accounts do to the documents."""

from typing import Any, Final

import msgspec

from edge.domain.entries import Fact
from edge.domain.model import (
    Account,
    AtDevice,
    BadgeTries,
    DeviceTries,
    Person,
    PinProof,
    Presence,
    Seat,
    Session,
)
from edge.domain.projecting import on
from edge.domain.world import World

PINS_MAX: Final = 24
"""People whose PIN a device remembers having seen, the newest."""


# ---- people and badges ------------------------------------------------------------------------


@on("people.upserted")
def _people_upserted(world: World, fact: Fact, data: dict[str, Any]) -> None:
    for item in data["items"]:
        known = world.get(Person, item["id"]) or Person(id=item["id"])
        world.edit(
            known,
            roles=tuple(item["roles"]),
            badge_hash=item["badge_hash"],
            active=item["active"],
            off_us=0 if item["active"] else known.off_us or fact.at_us,
            pin="set" if "pin" in item else known.pin,
        )


@on("person.added")
def _person_added(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.put(Person(id=data["person"], roles=tuple(data["roles"])))


@on("person.roles_set")
def _roles_set(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Person, data["person"]), roles=tuple(data["roles"]))


@on("person.disabled")
def _disabled(world: World, fact: Fact, data: dict[str, Any]) -> None:
    person = world.the(Person, data["person"])
    world.edit(person, active=False, off_us=person.off_us or fact.at_us)


@on("person.enabled")
def _enabled(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Person, data["person"]), active=True, off_us=0)


@on("badge.issued")
def _badge_issued(world: World, fact: Fact, data: dict[str, Any]) -> None:
    person = world.the(Person, data["person"])
    world.edit(person, badge_hash=data["badge_hash"], badge_us=fact.at_us)


@on("badge.revoked")
def _badge_revoked(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Person, data["person"]), badge_hash="", badge_us=0)


@on("pin.set")
def _pin_set(world: World, _: Fact, data: dict[str, Any]) -> None:
    pin = "once" if data["once"] else "set"
    world.edit(world.the(Person, data["person"]), pin=pin)


# ---- sessions and shifts ----------------------------------------------------------------------


@on("session.opened")
def _session_opened(world: World, fact: Fact, data: dict[str, Any]) -> None:
    person, session = data["person"], data["session"]
    opened = Session(
        id=session,
        person=person,
        device=fact.device,
        roles=tuple(data["roles"]),
        opened_us=fact.at_us,
        station=data["station"],
    )
    world.put(opened)
    presence = world.get(Presence, person) or Presence(id=person)
    world.edit(presence, sessions=(*presence.sessions, session))
    seat = world.get(Seat, fact.device) or Seat(id=fact.device)
    pins = seat.pins
    if "pin" in data["factors"]:
        proof = PinProof(fact.seq, data["boot_us"], data["boot_id"])
        others = [(who, each) for who, each in pins.items() if who != person]
        pins = dict([*others, (person, proof)][-PINS_MAX:])
        _forget_row(world, person, fact.device)
    world.edit(seat, session=session, pins=pins)


def _forget_row(world: World, person: str, device: str) -> None:
    """A right PIN ends the row of wrong ones at this device."""
    tries = world.get(BadgeTries, person)
    at = tries.at.get(device) if tries else None
    if tries is not None and at is not None and at.row:
        cleared = msgspec.structs.replace(at, row=0, wait_us=0)
        world.edit(tries, at=tries.at | {device: cleared})


@on("session.closed")
def _session_closed(world: World, fact: Fact, data: dict[str, Any]) -> None:
    session = world.edit(world.the(Session, data["session"]), closed_us=fact.at_us)
    presence = world.get(Presence, session.person) or Presence(id=session.person)
    world.edit(presence, sessions=tuple(s for s in presence.sessions if s != session.id))
    seat = world.get(Seat, session.device)
    if seat is not None and seat.session == session.id:
        world.edit(seat, session="")


@on("session.locked")
def _session_locked(world: World, fact: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Session, data["session"]), locked_us=fact.at_us)


@on("shift.begun")
def _shift_begun(world: World, fact: Fact, data: dict[str, Any]) -> None:
    presence = world.get(Presence, data["person"]) or Presence(id=data["person"])
    world.edit(presence, shift_us=fact.at_us)


@on("shift.ended")
def _shift_ended(world: World, fact: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Presence, data["person"]), shift_us=0, since_seq=fact.seq)


# ---- wrong PINs -------------------------------------------------------------------------------


@on("session.refused")
def _session_refused(world: World, fact: Fact, data: dict[str, Any]) -> None:
    at = msgspec.convert(dict(sorted(data["at"].items())), dict[str, AtDevice])
    day = {name: data[name] for name in ("is_locked", "day", "day_us", "day_boot_us", "boot_id")}
    world.put(BadgeTries(id=data["who"], at=at, **day))
    hour = {"boot_us": data["device_boot_us"], "boot_id": data["device_boot_id"]}
    world.put(DeviceTries(id=fact.device, count=data["device_count"], **hour))


@on("badge.unlocked")
def _badge_unlocked(world: World, _: Fact, data: dict[str, Any]) -> None:
    tries = world.the(BadgeTries, data["person"])
    world.edit(tries, at={}, is_locked=False)


# ---- accounts ---------------------------------------------------------------------------------


def _account(world: World, data: dict[str, Any]) -> Account:
    return world.get(Account, data["person"]) or Account(id=data["person"])


@on("account.counted")
def _counted(world: World, _: Fact, data: dict[str, Any]) -> None:
    kept = {name: data[name] for name in ("edits", "day", "day_us", "day_boot_us", "boot_id")}
    world.edit(_account(world, data), **kept)


@on("account.locked")
def _locked(world: World, fact: Fact, data: dict[str, Any]) -> None:
    fields = {"timer": data["timer"], "salt": "", "code_hash": "", "tries": 0}
    world.edit(_account(world, data), locked_us=fact.at_us, **fields)


@on("account.unlock_code_received")
def _code_received(world: World, _: Fact, data: dict[str, Any]) -> None:
    fields = {"salt": data["salt"], "code_hash": data["code_hash"], "tries": 0}
    world.edit(_account(world, data), **fields)


@on("account.code_refused")
def _code_refused(world: World, _: Fact, data: dict[str, Any]) -> None:
    spent = {"salt": "", "code_hash": ""} if data["spent"] else {}
    world.edit(_account(world, data), tries=data["tries"], **spent)


@on("account.unlocked")
def _unlocked(world: World, _: Fact, data: dict[str, Any]) -> None:
    fields = {"timer": "", "salt": "", "code_hash": "", "tries": 0}
    world.edit(_account(world, data), edits=0, **fields)
