"""One client's conversation: frames in, frames out. No web server is needed to hold it."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog

from edge.app.floor import Floor, Reply, refuse
from edge.app.ports import BusyError, Clock, Reader
from edge.app.push import (
    RESUME_ENTRIES_MAX,
    Push,
    Subscriber,
    alarm_frame,
    encode,
    entry_frame,
    visible,
)
from edge.app.reads import Reads
from edge.app.sessions import Sessions
from edge.domain.commands import Envelope
from edge.domain.ids import ID_CHARS_MAX
from edge.domain.model import Session

FRAME_BYTES_MAX: Final = 64 * 1024

log = structlog.get_logger()

Status = Callable[[], dict[str, Any]]


class _Frame(msgspec.Struct, frozen=True):
    """A frame from a client."""

    t: str
    cmd: Envelope | None = None


_decode = msgspec.json.Decoder(_Frame).decode


class Dispatcher:
    """Answers the frames of clients, and says what a new connection must hear first."""

    def __init__(
        self,
        floor: Floor,
        reader: Reader,
        sessions: Sessions,
        push: Push,
        clock: Clock,
        *,
        status: Status,
        head_seq: Callable[[], int],
    ) -> None:
        self._floor = floor
        self._reader = reader
        self._reads = Reads(reader)
        self._sessions = sessions
        self._push = push
        self._clock = clock
        self._status = status
        self._head_seq = head_seq

    async def dispatch(self, session: Session, frame: bytes) -> list[bytes]:
        """Return the frames that answer one frame of `session`."""
        if len(frame) > FRAME_BYTES_MAX:
            return [_answer(refuse("", "too_large", bytes_max=FRAME_BYTES_MAX))]
        try:
            asked = _decode(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return [_answer(refuse("", "malformed", problem=str(error), kind=""))]
        if asked.t == "ping":
            return [encode({"t": "pong", "now": self._clock.now_us()})]
        if asked.t != "cmd" or asked.cmd is None:
            problem = "a frame is {t: cmd, cmd: …} or {t: ping}"
            return [_answer(refuse("", "malformed", problem=problem, kind=asked.t[:64]))]
        return [_answer(await self._carry_out(asked.cmd, session))]

    async def _carry_out(self, command: Envelope, session: Session) -> Reply:
        try:
            return await self._floor.handle(command, session)
        except BusyError:
            return refuse(command.id, "busy", seconds=1)
        except Exception:
            log.exception("command failed", command=command.id[:ID_CHARS_MAX])
            return refuse(command.id, "internal")

    async def greet(self, session: Session, since: int | None, to: Subscriber) -> list[bytes]:
        """Return what a client hears on connecting: hello, its alarms, what it missed.

        `to` is subscribed already: from the last entry told here on, the push goes on. A client
        that missed more than `RESUME_ENTRIES_MAX` is not told of them; hello's `since` says so.
        """
        box = await self._reads.box()
        head = self._head_seq()
        if since is None or not 0 <= head - since <= RESUME_ENTRIES_MAX:
            since = head
        alarms = await self._reads.alarms(session)
        hello = {
            "t": "hello",
            "box": box.name,
            "seq": head,
            "since": since,
            "now": self._clock.now_us(),
            "rules": box.rules,
            "session": await self._sessions.view(session),
            "alarms": [alarm.id for alarm in alarms],
        }
        frames = [encode(hello | self._status())]
        for alarm in alarms:
            facts = {"alarm": alarm.id, "code": alarm.code, "facts": alarm.facts}
            frames.append(alarm_frame(facts, alarm.raised_us))
        told = since
        while True:
            _, missed = await self._reader.entries(told, RESUME_ENTRIES_MAX)
            told += len(missed)
            frames += [entry_frame(raw) for raw in missed if visible(raw, to)]
            if told >= self._push.told_seq:
                break
        to.told_seq = told
        return frames


def _answer(reply: Reply) -> bytes:
    return encode({"t": "answer"} | msgspec.structs.asdict(reply))
