"""Texts of the hub for people on the floor: an alarm that says where the text is (SEC-5)."""

from typing import Any, Final

import msgspec

from edge.domain.alarms import raise_alarm
from edge.domain.entries import PersonalRecord
from edge.domain.model import Name, Person
from edge.domain.orders import the_order
from edge.domain.personal import seal
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn

TEXT_CHARS_MAX: Final = 500
ROLES: Final = ("leader", "supervisor")
"""Who is told where the hub names nobody."""


def show(turn: Turn, body: dict[str, Any], **link: Any) -> None:  # noqa: ANN401
    """Tell people what the hub has to say; the text itself stands beside the journal."""
    text = msgspec.convert(body["text"], Name)
    if not 0 < max(len(text.zh), len(text.en)) <= TEXT_CHARS_MAX:
        problem = f"text: zh and en, at most {TEXT_CHARS_MAX} characters"
        raise RefusedError("malformed", problem=problem, kind="message.show")
    order = str(body.get("order_id") or "")
    if order:
        the_order(turn, order)
    person = str(body.get("person") or "")
    if person and turn.world.get(Person, person) is None:
        raise RefusedError("unknown_person", person=person)
    message, salt = turn.env.new_id(), turn.env.new_salt()
    value = {"zh": text.zh, "en": text.en}
    turn.personal.append(PersonalRecord(f"message:{message}", salt, value))
    subject = f"order:{order}" if order else f"message:{message}"
    turn.emit(
        "message.shown",
        subject,
        (f"message:{message}",),
        message=message,
        order=order,
        text=seal(salt, value),
        **link,
    )
    facts = {"message": message} | ({"order": order} if order else {})
    roles = () if person else tuple(str(each) for each in body.get("roles") or ROLES)
    raise_alarm(turn, subject, "message", facts, person=person, roles=roles)
