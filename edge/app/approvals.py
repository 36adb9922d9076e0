"""The desk where approvals are signed: badge and PIN are verified here, before the writer."""

from typing import Annotated

import msgspec

from edge.app.floor import Floor, Reply
from edge.app.ports import Clock
from edge.app.sessions import Sessions
from edge.domain.commands import CODE_CHARS_MAX, ApprovalDecide
from edge.domain.ids import is_uuid
from edge.domain.model import Session
from edge.domain.refusals import RefusedError

_Short = Annotated[str, msgspec.Meta(max_length=CODE_CHARS_MAX)]


class Signing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a superior gives to sign; `id` is made by the client, as of a command."""

    id: _Short
    badge: _Short
    pin: _Short
    facts_hash: _Short
    """Of the approval as it was shown."""
    answer: _Short
    opinion: _Short = ""


class Approvals:
    """Lets superiors sign on whatever device is at hand."""

    def __init__(self, floor: Floor, sessions: Sessions, clock: Clock) -> None:
        self._floor = floor
        self._sessions = sessions
        self._clock = clock

    async def decide(self, session: Session, approval_id: str, asked: Signing) -> Reply:
        """Sign as the person of the badge, on the device of `session`, whoever that is of.

        Raises:
            RefusedError: `sign_in_failed`, `locked_out` as at sign-in; nothing is written.
        """
        if not is_uuid(asked.id):
            raise RefusedError("malformed", problem="id must be a UUID", kind="approval.decide")
        signer = await self._sessions.verify(asked.badge, asked.pin, session.device)
        data = ApprovalDecide(approval_id, asked.facts_hash, asked.answer, asked.opinion)
        return await self._floor.reply(
            data,
            via="pda",
            command_id=asked.id,
            actor=signer.id,
            device=session.device,
            session=session.id,
            roles=signer.roles,
            factors=("badge", "pin"),
            verified_us=self._clock.now_us(),
        )
