"""Sessions: who stands at which device, from the badge to the end.

A person opens one by badge and PIN. At a device where they gave their PIN within the last half hour
the badge alone will do, so that two people can share a PDA. A device has one session: the next
person's closes it, and its task stays with whoever has it in hand. A locked session waits for a
badge and takes nothing meanwhile; what was captured before it was locked, or closed, is a fact.
"""

from typing import Any, Final

from edge.domain.commands import AlarmAck, Command, SessionClose, SessionLock, SessionOpen
from edge.domain.lockouts import Boot, tell_of_two
from edge.domain.model import Person, Presence, Seat, Session
from edge.domain.refusals import RefusedError
from edge.domain.timing import US_PER_S
from edge.domain.turn import Turn
from edge.domain.world import World

FAST_SWITCH_US: Final = 1_800 * US_PER_S
SESSIONS_MAX: Final = 6
"""Sessions of one person at once; the oldest gives way."""


def may_switch(world: World, person: str, device: str, boot: Boot) -> bool:
    """Tell whether a person's badge alone opens a session at a device now."""
    seat, presence = world.get(Seat, device), world.get(Presence, person)
    proof = seat.pins.get(person) if seat else None
    if proof is None or presence is None or proof.seq <= presence.since_seq:
        return False
    return proof.boot_id == boot.id and boot.us - proof.boot_us <= FAST_SWITCH_US


def open_session(turn: Turn, data: SessionOpen) -> dict[str, Any]:
    """Open a session for a person whose badge, and PIN where it is due, were verified."""
    world, env, device = turn.world, turn.env, turn.command.device
    factors = turn.command.factors
    person = world.get(Person, data.person)
    if person is None or not person.active or "badge" not in factors:
        raise RefusedError("sign_in_failed")
    boot = Boot(env.boot_id, env.boot_us)
    if "pin" not in factors and not may_switch(world, person.id, device, boot):
        raise RefusedError("pin_needed")
    if (seat := world.get(Seat, device)) and seat.session:
        _close(turn, seat.session, "replaced")
    presence = world.get(Presence, person.id) or Presence(id=person.id)
    for old in presence.sessions[: max(0, len(presence.sessions) - SESSIONS_MAX + 1)]:
        _close(turn, old, "too_many")
    if not presence.shift_us:
        turn.emit("shift.begun", f"person:{person.id}", person=person.id)
    turn.emit(
        "session.opened",
        f"session:{data.session}",
        (f"person:{person.id}",),
        session=data.session,
        person=person.id,
        roles=list(person.roles),
        station=data.station,
        factors=list(factors),
        boot_us=env.boot_us,
        boot_id=env.boot_id,
    )
    if data.elsewhere:
        tell_of_two(turn, person.id, data.elsewhere)
    return {"session": data.session}


def close_session(turn: Turn, data: SessionClose) -> dict[str, Any]:
    """Sign out; a task in hand stays the person's own. At the end of a shift, everywhere."""
    session = turn.world.the(Session, turn.command.session)
    if session.closed_us is not None:
        raise RefusedError("session_over", closed_at=session.closed_us)
    _close(turn, session.id, "signed_out")
    if data.shift_over:
        end_shift(turn, session.person, "shift_over")
    return {"session": session.id}


def end_shift(turn: Turn, person: str, why: str) -> None:
    """Close every session of a person; their badge needs the PIN again, wherever they begin."""
    presence = turn.world.get(Presence, person)
    for each in presence.sessions if presence else ():
        _close(turn, each, why)
    if presence is not None:
        turn.emit("shift.ended", f"person:{person}", person=person, why=why)


def lock_session(turn: Turn, data: SessionLock) -> dict[str, Any]:
    """Lock a session that nobody used for long, or that is too old."""
    session = turn.world.get(Session, data.session)
    if session is None or session.closed_us is not None or session.locked_us is not None:
        raise RefusedError("session_over", closed_at=session.closed_us if session else None)
    refs = (f"person:{session.person}",)
    turn.emit("session.locked", f"session:{session.id}", refs, session=session.id, why=data.why)
    return {"session": session.id}


def is_locked(session: Session, command: Command) -> bool:
    """Tell whether a command came too late for its locked session; an alarm may be answered."""
    if session.locked_us is None or isinstance(command.data, SessionClose | AlarmAck):
        return False
    return command.captured_us > session.locked_us


def _close(turn: Turn, session_id: str, why: str) -> None:
    session = turn.world.the(Session, session_id)
    refs = (f"person:{session.person}",)
    turn.emit("session.closed", f"session:{session_id}", refs, session=session_id, why=why)
