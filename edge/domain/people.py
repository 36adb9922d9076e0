"""The box is founded, people sign in and out; and the one thing that nobody may do."""

from typing import Any

from edge.domain.commands import BoxFound, SessionClose, SessionOpen, StatusSet
from edge.domain.model import Person, Session
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn

Facts = dict[str, Any]


def found_box(turn: Turn, data: BoxFound) -> Facts:
    """Write the first entries of a journal."""
    turn.emit("box.founded", "box", name=data.name)
    label = turn.rules.label
    subject = f"ruleset:{label}"
    turn.emit("ruleset.activated", subject, label=label, document=data.document, signed_by="box")
    return {"rules": label}


def open_session(turn: Turn, data: SessionOpen) -> Facts:
    """Open a session for a person whose badge and PIN were verified at the door."""
    person = turn.world.get(Person, data.person)
    if person is None or not person.active or not {"badge", "pin"} <= set(turn.command.factors):
        raise RefusedError("sign_in_failed")
    turn.emit(
        "session.opened",
        f"session:{data.session}",
        (f"person:{person.id}",),
        session=data.session,
        person=person.id,
        roles=list(person.roles),
        station=data.station,
        factors=list(turn.command.factors),
    )
    return {"session": data.session}


def close_session(turn: Turn, _: SessionClose) -> Facts:
    """Sign out; a task in hand stays the person's own."""
    session = turn.world.the(Session, turn.command.session)
    if session.closed_us is not None:
        raise RefusedError("session_over", closed_at=session.closed_us)
    subject = f"session:{session.id}"
    turn.emit("session.closed", subject, (f"person:{session.person}",), session=session.id)
    return {"session": session.id}


def refuse_status(_: Turn, data: StatusSet) -> Facts:
    """Refuse to set a status: it changes by an action with its evidence, or not at all (FLOW-3)."""
    raise RefusedError("status_is_not_set", order=data.order_id, status=data.status)
