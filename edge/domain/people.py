"""People: who works here, in which roles, with which badge; and who may say so.

Names and PIN verifiers stand beside the journal. Nobody changes their own record, and nobody one of
their own rank or above: whoever could make a superior's badge could sign in the superior's name. An
admin may change other admins. What changes who somebody is ends their sessions at once.
"""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import to_builtins

from edge.domain.commands import (
    BadgeIssue,
    BadgeRevoke,
    BadgeUnlock,
    PersonAdd,
    PersonDisable,
    PersonRename,
    PersonRoles,
    PinSet,
)
from edge.domain.entries import PersonalRecord
from edge.domain.model import BadgeTries, Name, Person
from edge.domain.personal import seal
from edge.domain.refusals import RefusedError
from edge.domain.sessions import end_shift
from edge.domain.turn import Turn

Facts = dict[str, Any]
RANKS: Final = {"picker": 1, "packer": 1, "keeper": 1, "leader": 2, "supervisor": 3, "admin": 4}
NAME_CHARS_MAX: Final = 40


class PinVerifier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a PIN is checked against: scrypt (RFC 7914), salt and hash in hex."""

    salt: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2}){8,64}$")]
    n: Annotated[int, msgspec.Meta(ge=2, le=2**15)]
    r: Annotated[int, msgspec.Meta(ge=1, le=8)]
    p: Annotated[int, msgspec.Meta(ge=1, le=4)]
    hash: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2}){16,64}$")]


class _FromHub(msgspec.Struct, frozen=True):
    """A person of `people.upsert`. A badge or PIN that it leaves out stays the box's own."""

    id: str
    name: Name
    roles: tuple[str, ...]
    badge_hash: str | None = None
    pin: PinVerifier | None = None
    active: bool = True


_STAFF_NO: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}")


def add(turn: Turn, data: PersonAdd) -> Facts:
    """Take a person in, who has neither badge nor PIN yet."""
    if not _STAFF_NO.fullmatch(data.person):
        raise RefusedError("person_id", person=data.person[:NAME_CHARS_MAX])
    if turn.world.get(Person, data.person) is not None:
        raise RefusedError("person_known", person=data.person)
    _check_rank(turn, data.person, data.roles)
    turn.emit(
        "person.added",
        f"person:{data.person}",
        person=data.person,
        roles=_known(data.roles),
        personal=_keep_name(turn, data.person, data.name_zh, data.name_en),
    )
    return {"person": data.person}


def rename(turn: Turn, data: PersonRename) -> Facts:
    """Give a person another name."""
    person = _the(turn, data.person)
    sealed = _keep_name(turn, person.id, data.name_zh, data.name_en)
    turn.emit("person.renamed", f"person:{person.id}", person=person.id, personal=sealed)
    return {"person": person.id}


def set_roles(turn: Turn, data: PersonRoles) -> Facts:
    """Give a person other roles."""
    person = _the(turn, data.person)
    _check_rank(turn, person.id, data.roles)
    roles = _known(data.roles)
    if list(person.roles) != roles:
        turn.emit("person.roles_set", f"person:{person.id}", person=person.id, roles=roles)
        end_shift(turn, person.id, "roles")
    return {"person": person.id}


def disable(turn: Turn, data: PersonDisable) -> Facts:
    """Send a person off at once, or let them come back."""
    person = _the(turn, data.person)
    kind = "person.disabled" if data.disabled else "person.enabled"
    turn.emit(kind, f"person:{person.id}", person=person.id)
    if data.disabled:
        end_shift(turn, person.id, "disabled")
    return {"person": person.id}


def issue_badge(turn: Turn, data: BadgeIssue) -> Facts:
    """Give a person a new badge, whose code the box made; the one before is dead."""
    person = _the(turn, data.person)
    if not person.active:
        raise RefusedError("person_disabled", person=person.id)
    subject = f"person:{person.id}"
    turn.emit("badge.issued", subject, person=person.id, badge_hash=data.badge_hash)
    end_shift(turn, person.id, "badge")
    return {"person": person.id}


def revoke_badge(turn: Turn, data: BadgeRevoke) -> Facts:
    """Let a person's badge open nothing any more."""
    person = _the(turn, data.person)
    if not turn.rules.knows_reason("badge_revoke", data.reason):
        raise RefusedError("reason_unknown", reason=data.reason)
    if not person.badge_hash:
        raise RefusedError("badge_missing", person=person.id)
    turn.emit("badge.revoked", f"person:{person.id}", person=person.id, reason=data.reason)
    end_shift(turn, person.id, "badge")
    return {"person": person.id}


def set_pin(turn: Turn, data: PinSet) -> Facts:
    """Keep what a person's PIN is checked against: their own, or one that must be replaced."""
    person = turn.world.get(Person, data.person)
    if person is None:
        raise RefusedError("unknown_person", person=data.person)
    if turn.command.actor != person.id:
        person = _the(turn, data.person)
    verifier = to_builtins(msgspec.convert(data.verifier, PinVerifier))
    value = {**verifier, "once_until_us": data.once_until_us}
    turn.emit(
        "pin.set",
        f"person:{person.id}",
        person=person.id,
        once=data.once_until_us > 0,
        personal=_keep(turn, f"pin:{person.id}", value),
    )
    if turn.command.actor != person.id:
        end_shift(turn, person.id, "pin")
    return {"person": person.id}


def unlock_badge(turn: Turn, data: BadgeUnlock) -> Facts:
    """Forget a person's wrong PINs; for a reason, by a superior who looked at who it is."""
    person = _the(turn, data.person)
    if not turn.rules.knows_reason("badge_unlock", data.reason):
        raise RefusedError("reason_unknown", reason=data.reason)
    tries = turn.world.get(BadgeTries, person.id)
    if tries is None or not tries.at:
        raise RefusedError("badge_open", person=person.id)
    turn.emit("badge.unlocked", f"person:{person.id}", person=person.id, reason=data.reason)
    return {"person": person.id}


def take_people(turn: Turn, items: list[dict[str, Any]], **link: Any) -> None:  # noqa: ANN401
    """Take over what the hub says of people; who is not who they were has to begin anew."""
    public, changed = [], []
    for each in msgspec.convert(items, tuple[_FromHub, ...]):
        known = turn.world.get(Person, each.id) or Person(id=each.id)
        badge = known.badge_hash if each.badge_hash is None else each.badge_hash
        seals = {"personal": _keep(turn, f"person:{each.id}", {"name": to_builtins(each.name)})}
        if each.pin is not None:
            seals["pin"] = _keep(turn, f"pin:{each.id}", to_builtins(each.pin))
        said = {"id": each.id, "roles": list(each.roles), "badge_hash": badge}
        public.append(said | {"active": each.active} | seals)
        is_same = (each.roles, badge, each.active) == (known.roles, known.badge_hash, known.active)
        changed += [] if is_same else [each.id]
    turn.emit("people.upserted", "people", items=public, **link)
    for person in changed:
        end_shift(turn, person, "hub")


def _the(turn: Turn, person_id: str) -> Person:
    """Return a person whom the sender of the command may change."""
    person = turn.world.get(Person, person_id)
    if person is None:
        raise RefusedError("unknown_person", person=person_id)
    _check_rank(turn, person.id, person.roles)
    return person


def _check_rank(turn: Turn, person: str, roles: tuple[str, ...]) -> None:
    """Refuse to change oneself, or somebody of one's own rank or above."""
    command = turn.command
    if command.via != "pda":
        return
    if command.actor == person:
        raise RefusedError("not_yourself")
    own = _rank(command.roles)
    if own <= _rank(roles) and own < RANKS["admin"]:
        above = [role for role, rank in RANKS.items() if rank > _rank(roles)]
        raise RefusedError("role_missing", roles=above or ["admin"])


def _rank(roles: tuple[str, ...]) -> int:
    return max((RANKS.get(role, 0) for role in roles), default=0)


def _known(roles: tuple[str, ...]) -> list[str]:
    """Return roles in their order; refuse those that do not exist, and none at all."""
    if not roles or not set(roles) <= set(RANKS):
        raise RefusedError("role_unknown", roles=list(RANKS))
    return [role for role in RANKS if role in roles]


def _keep_name(turn: Turn, person: str, zh: str, en: str) -> str:
    """Keep a name beside the journal, and return its seal; in one language it serves for both."""
    zh, en = zh.strip() or en.strip(), en.strip() or zh.strip()
    if not 0 < len(zh) <= NAME_CHARS_MAX or len(en) > NAME_CHARS_MAX:
        raise RefusedError("person_name", chars_max=NAME_CHARS_MAX)
    return _keep(turn, f"person:{person}", {"name": {"zh": zh, "en": en}})


def _keep(turn: Turn, key: str, value: dict[str, Any]) -> str:
    """Keep something beside the journal, and return its seal."""
    salt = turn.env.new_salt()
    turn.personal.append(PersonalRecord(key, salt, value))
    return seal(salt, value)
