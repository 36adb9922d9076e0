"""The one door for writes: a command comes in, its answer goes out when it is durable."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from structlog.contextvars import bound_contextvars

from edge.app.deviceurl import check_device_url
from edge.app.gs1 import parse_gs1
from edge.app.inturn import InTurn
from edge.app.ports import Blobs, BusyError, Clock, Ids, Outcome, Runner
from edge.app.reads import Reads
from edge.domain.commands import (
    Command,
    DeviceAdd,
    Envelope,
    EvidenceAttach,
    check_envelope,
    parse_data,
)
from edge.domain.decide import Answer
from edge.domain.ids import ID_CHARS_MAX
from edge.domain.model import Session
from edge.domain.refusals import FAULTS, HTTP_STATUS, RefusedError

COMMANDS_MAX: Final = 100
FUTURE_US_MAX: Final = 300_000_000
"""A PDA's clock may be so far ahead before the box's own time is taken for the capture."""

BUSY: Final = "busy"
DISK_FULL: Final = "disk_full"
AGAIN_S: Final = 1.0
"""Pause before a command for which there was no room is tried again."""

log = structlog.get_logger()


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer as it goes over the wire."""

    ok: bool
    id: str
    status: int
    facts: dict[str, Any]
    next: str = ""
    code: str = ""
    hint: str = ""
    repeated: bool = False


def refuse(command_id: str, code: str, **facts: Any) -> Reply:  # noqa: ANN401 - JSON values
    """Return a "no" in its wire shape."""
    return Reply(
        ok=False, id=command_id, status=HTTP_STATUS[FAULTS[code]], facts=facts, code=code, hint=code
    )


class Floor:
    """Takes commands from people, devices, timers and the hub."""

    def __init__(self, runner: Runner, reads: Reads, clock: Clock, ids: Ids, blobs: Blobs) -> None:
        self._runner = runner
        self._reads = reads
        self._clock = clock
        self._ids = ids
        self._blobs = blobs
        self._in_turn = InTurn()
        self.on_answer: Callable[[float], None] = lambda _: None
        """Called with the s from a client's command to its durable answer."""
        self.on_use: Callable[[Session], None] = lambda _: None
        """Called with the session that a client's command came in."""

    async def handle(self, envelope: Envelope, session: Session) -> Reply:
        """Answer a command that a client of `session` sent.

        It may have been captured in an earlier session of the same device; it is that one which it
        is held to.
        """
        self.on_use(session)
        begun_s = asyncio.get_running_loop().time()
        with bound_contextvars(command=envelope.id[:ID_CHARS_MAX], kind=envelope.kind[:64]):
            reply = await self._handle(envelope, session)
            took_s = asyncio.get_running_loop().time() - begun_s
            log.debug("command answered", ok=reply.ok, code=reply.code, took_s=round(took_s, 6))
        self.on_answer(took_s)
        return reply

    async def _handle(self, envelope: Envelope, session: Session) -> Reply:
        try:
            async with self._in_turn.preparing(session.device):
                command = await self._command(envelope, session)
        except RefusedError as error:
            return refuse(envelope.id, error.refusal.code, **error.refusal.facts)
        outcome = await self._submit_in_turn(command)  # is submitted before the next is prepared
        return await self._reply(envelope.id, outcome)

    async def _command(self, envelope: Envelope, session: Session) -> Command:
        """Return what a client asks for, checked as far as the envelope goes."""
        check_envelope(envelope)
        data = parse_data(envelope.kind, envelope.data)
        captured_in = await self._session(envelope, session)
        if isinstance(data, EvidenceAttach):
            await self._check_blob(data)
        elif isinstance(data, DeviceAdd):
            check_device_url(data)
        return Command(
            id=envelope.id,
            data=data,
            device=session.device,
            actor=captured_in.person,
            via="pda",
            captured_us=min(envelope.captured_at, self._clock.now_us() + FUTURE_US_MAX),
            session=captured_in.id,
            roles=captured_in.roles,
            evidence=envelope.evidence,
            gs1=parse_gs1(getattr(data, "code", "")),
        )

    async def _submit_in_turn(self, command: Command) -> Outcome:
        """Carry out a client's command, but for one that stands behind one that was put off."""
        device, code = command.device, self._in_turn.why_not(command.device, command.id)
        if code == BUSY:
            raise BusyError
        if code:
            return Outcome(Answer(ok=False, code=code, facts={}))
        try:
            outcome = await self._runner.submit(command)
        except BusyError:
            self._in_turn.put_off(device, command.id, BUSY)
            raise
        if outcome.answer.code == DISK_FULL:
            self._in_turn.put_off(device, command.id, DISK_FULL)
        return outcome

    async def _check_blob(self, data: EvidenceAttach) -> None:
        """Refuse evidence that is not here, or is not what the command says (contracts: blobs)."""
        stored = await self._blobs.state(data.blob.removeprefix("sha256:"))
        if not stored.done:
            raise RefusedError("unknown_blob", blob=data.blob)
        if (stored.size, stored.media_type) != (data.size, data.media_type):
            problem = f"the blob has {stored.size} bytes of {stored.media_type}"
            raise RefusedError("malformed", problem=problem, kind="evidence.attach")

    async def _session(self, envelope: Envelope, session: Session) -> Session:
        if envelope.device != session.device:
            raise RefusedError("not_signed_in")
        if envelope.session_id == session.id:
            return session
        earlier = await self._reads.session(envelope.session_id)
        if earlier is None or earlier.device != session.device:
            raise RefusedError("not_signed_in")
        return earlier

    async def submit(
        self,
        data: Any,  # noqa: ANN401 - any command's data
        *,
        via: str,
        command_id: str = "",
        **who: Any,  # noqa: ANN401 - fields of the command
    ) -> Outcome:
        """Carry out a command of the box's own parts or of the hub, and return its outcome."""
        command = Command(
            id=command_id or self._ids.new_id(),
            data=data,
            via=via,
            device=who.pop("device", "box"),
            actor=who.pop("actor", via),
            captured_us=self._clock.now_us(),
            **who,
        )
        with bound_contextvars(command=command.id, kind=command.kind):
            outcome = await self._runner.submit(command)
            log.debug("command answered", ok=outcome.answer.ok, code=outcome.answer.code, via=via)
        return outcome

    async def insist(
        self,
        data: Any,  # noqa: ANN401 - any command's data
        *,
        via: str,
        command_id: str = "",
        **who: Any,  # noqa: ANN401 - fields of the command
    ) -> Outcome:
        """Carry out a command that nobody else will send again, however long there is no room."""
        command_id = command_id or self._ids.new_id()
        while True:
            try:
                outcome = await self.submit(data, via=via, command_id=command_id, **who)
            except BusyError:
                outcome = None
            if outcome is not None and outcome.answer.code != DISK_FULL:
                return outcome
            await asyncio.sleep(AGAIN_S)

    async def reply(
        self,
        data: Any,  # noqa: ANN401 - any command's data
        *,
        via: str,
        command_id: str = "",
        **who: Any,  # noqa: ANN401 - fields of the command
    ) -> Reply:
        """Carry out a command that the box vouches for; return the answer in its wire shape."""
        command_id = command_id or self._ids.new_id()
        outcome = await self.submit(data, via=via, command_id=command_id, **who)
        return await self._reply(command_id, outcome)

    async def _reply(self, command_id: str, outcome: Outcome) -> Reply:
        answer = outcome.answer
        facts = answer.facts
        if answer.ok:
            return Reply(
                ok=True,
                id=command_id,
                status=200,
                facts=facts | outcome.views,
                next=answer.next,
                repeated=outcome.repeated,
            )
        if "by" in facts:
            facts = facts | {"by_name": await self._reads.name_of(facts["by"])}
        status = HTTP_STATUS[FAULTS[answer.code]]
        return Reply(
            ok=False,
            id=command_id,
            status=status,
            facts=facts,
            code=answer.code,
            hint=answer.code,
            repeated=outcome.repeated,
        )
