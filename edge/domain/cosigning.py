"""A superior who is not on site signs through the hub; its signature vouches for who they are."""

from typing import Any

import msgspec

from edge.domain.approving import Signature, sign
from edge.domain.model import Person
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn


class Cosign(msgspec.Struct, frozen=True):
    """The body of `approval.decide`."""

    approval_id: str
    person: str
    roles: tuple[str, ...]
    answer: str
    facts_hash: str
    opinion: str = ""


def decide(turn: Turn, body: dict[str, Any], **link: Any) -> None:  # noqa: ANN401
    """Keep a remote signature, and carry out what it decides (APPR-2).

    Somebody whom this box knows has the roles that it knows of, whatever the hub says.
    """
    try:
        asked = msgspec.convert(body, Cosign)
    except msgspec.ValidationError as error:
        raise RefusedError("malformed", problem=str(error), kind="approval.decide") from error
    known = turn.world.get(Person, asked.person)
    if known is not None and not known.active:
        raise RefusedError("approval_role", approval=asked.approval_id, roles=[])
    signature = Signature(
        person=asked.person,
        roles=known.roles if known else asked.roles,
        answer=asked.answer,
        facts_hash=asked.facts_hash,
        opinion=asked.opinion,
        remote=True,
    )
    subject = f"approval:{asked.approval_id}"
    sign(turn, asked.approval_id, signature)
    turn.emit("approval.cosigned", subject, (f"person:{asked.person}",), **link)
