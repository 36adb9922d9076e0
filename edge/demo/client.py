"""A client of the box over HTTPS and one websocket, as docs/PDA_PROTOCOL.md describes them.

Theory of operation: every command gets an id and stands in `_pending` until it is answered. One
listener owns the websocket: it connects, reads, and after a loss connects again from the cursor and
sends all that is pending, oldest first, under the same ids. So it does when the box puts a command
off, and until then sends nothing: none overtakes another. The box answers a repeated id with its
first answer, so nothing is lost and nothing done twice, however often either side goes away.
"""

import asyncio
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import aiohttp
import msgspec

from edge.demo.caller import Caller
from edge.demo.floor import FloorLostError, Json, RefusedError, SignedOutError

PENDING_MAX: Final = 100
FRAME_BYTES_MAX: Final = 4 * 1024 * 1024
ATTEMPTS_MAX: Final = 40
"""Tries of one request or command before the box counts as lost: one to three minutes."""
ANSWER_S: Final = 5.0
"""Patience with one sending of a command before it is sent again."""
REQUEST_S: Final = 10.0
PING_AFTER_S: Final = 5.0
SILENCES_MAX: Final = 3
"""Spans of PING_AFTER_S without a frame before the connection counts as dead."""
BACKOFF_FIRST_S: Final = 0.05
BACKOFF_MAX_S: Final = 2.0
_AGAIN: Final = frozenset({429, 502, 503, 504, 507})
_UNAUTHORIZED: Final = 401
_OK: Final = 200
_NONSENSE: Final = (msgspec.DecodeError, KeyError, TypeError)
"""What a frame raises that is not as the protocol says: the connection is given up."""
_TROUBLE: Final = (aiohttp.ClientError, OSError, TimeoutError)

Pause = Callable[[float], Awaitable[None]]
Observer = Callable[[Json], None]


def trusting(ca_file: Path) -> ssl.SSLContext:
    """Return a TLS context that trusts the authority in `ca_file` (PEM) and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    return context


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562, 5.7)."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(74)
    value = (
        (value >> 62 & 0xFFF | 0x7000 | value >> 80 << 16) << 64 | value & (1 << 62) - 1 | 1 << 63
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def now_us() -> int:
    """Return the clock's µs UTC."""
    return time.time_ns() // 1000


def envelope(kind: str, data: Json, device: str, session: Json) -> Json:
    """Return a command, with an id of its own, as it is sent now."""
    return {
        "v": 1,
        "id": new_id(),
        "kind": kind,
        "device": device,
        "session_id": session["id"],
        "captured_at": now_us(),
        "data": data,
    }


class HttpFloor(Caller):
    """A `Floor` at `base_url` for one `device`; an asynchronous context manager.

    `by` says how commands travel: "socket" frames or "post" requests. `observe` is called with each
    frame that is pushed. `tls` is needed where the URL is https and its CA is not the system's.
    """

    def __init__(
        self,
        base_url: str,
        device: str,
        *,
        tls: ssl.SSLContext | None = None,
        by: Literal["socket", "post"] = "socket",
        observe: Observer | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        super().__init__(REQUEST_S, tls)
        self.device = device
        self.session: Json | None = None
        self.hello: Json = {}
        """The newest `hello`, brought up to date by each `status`."""
        self.cursor = 0
        """Sequence number of the newest entry seen; 0 before the first connection."""
        self.connects = 0
        self.trouble = ""
        """Why requests do not come through at this moment, "" where they do."""
        self._origin = base_url.rstrip("/")
        self._api = f"{self._origin}/api/v1"
        self._by = by
        self._observe = observe
        self._pause = pause
        self._token = ""
        self._login: Json = {}
        self._unlocking: asyncio.Task[None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._listener: asyncio.Task[None] | None = None
        self._pending: dict[str, tuple[Json, asyncio.Future[Json]]] = {}
        self._beginning_anew: asyncio.Task[None] | None = None
        self._backoff_s = BACKOFF_FIRST_S
        self._wire = asyncio.Lock()
        """Held while commands are put on the wire: one by one, in order."""
        self._slots = asyncio.Semaphore(PENDING_MAX)
        self._alarms: dict[str, Json] = {}
        self._news = asyncio.Event()

    async def close(self) -> None:
        """Leave without signing out, so that the session can be resumed; may be called again."""
        await self._stop_listening()
        await super().close()

    # ---- Floor ------------------------------------------------------------------------------

    async def sign_in(self, badge: str, pin: str, station: str | None = None) -> Json:
        """Sign in and start to listen; see `Floor`."""
        await self._stop_listening()
        body: Json = {"badge": badge, "pin": pin, "device": self.device}
        if station is not None:
            body["station"] = station
        try:
            answer = await self._request("POST", "session", body)
        except SignedOutError as error:  # there was no session yet: the badge or PIN is wrong
            raise RefusedError(error.status, error.code, error.facts) from None
        self._token, self._login = answer["token"], body
        return self._begin(answer["session"])

    async def _unlock(self) -> None:
        """Show the badge again, as a person does at a locked screen; the work goes on."""
        answer = await self._request("POST", "session", self._login)
        self._token, self.session = answer["token"], answer["session"]

    async def resume(self) -> Json | None:
        """Return the session of the token in hand, or None; see `Floor`."""
        if not self._token:
            return None
        try:
            answer = await self._request("GET", "session")
        except SignedOutError:
            return None
        return self._begin(answer.get("session", answer))

    async def sign_out(self) -> None:
        """End the session."""
        await self._request("DELETE", "session")
        await self._stop_listening()
        self._token, self.session = "", None

    async def command(self, kind: str, data: Json, *, task_rev: int | None = None) -> Json:
        """Return the answer to one command; see `Floor`."""
        if self.session is None:
            raise SignedOutError(_UNAUTHORIZED, "not_signed_in")
        command = envelope(kind, data, self.device, self.session)
        if task_rev is not None:
            command["task_rev"] = task_rev
        async with self._slots:
            answer = await self.send(command)
        if kind == "alarm.ack":
            self._alarms.pop(data["alarm_id"], None)
        return answer

    async def send(self, command: Json) -> Json:
        """Send a ready-made command until it is answered: again with the same id if need be."""
        if self._by == "post":
            async with self._wire:
                return await self._post_until_answered(command)
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._pending[command["id"]] = (command, future)
        try:
            return await self._send_until_answered(command, future)
        finally:
            self._pending.pop(command["id"], None)

    async def _post_until_answered(self, command: Json) -> Json:
        backoff_s = BACKOFF_FIRST_S
        for _ in range(ATTEMPTS_MAX):
            [answer] = await self._request("POST", "commands", [command])
            if answer.get("status") not in _AGAIN:
                return _signed_in(answer)
            await self._pause(backoff_s)
            backoff_s = min(2 * backoff_s, BACKOFF_MAX_S)
        raise FloorLostError(f"no answer to {command['kind']} {command['id']}")

    async def _send_until_answered(self, command: Json, answer: asyncio.Future[Json]) -> Json:
        await self._transmit(command)
        for _ in range(ATTEMPTS_MAX):
            done, _ = await asyncio.wait({answer}, timeout=ANSWER_S)
            if done:
                return _signed_in(answer.result())
            if next(iter(self._pending)) == command["id"]:  # the others wait for the oldest
                await self._transmit_all()
        raise FloorLostError(f"no answer to {command['kind']} {command['id']}")

    async def get(self, path: str) -> Json:
        """Return what `/api/v1/<path>` gives; see `Floor`."""
        found: Json = await self._request("GET", path)
        return found

    def alarms(self) -> Sequence[Json]:
        """Return the alarms not yet acknowledged; see `Floor`."""
        return tuple(self._alarms.values())

    async def news(self, timeout_s: float) -> bool:
        """Wait for the next push; see `Floor`."""
        try:
            await asyncio.wait_for(self._news.wait(), timeout_s)
        except TimeoutError:
            return False
        self._news.clear()
        return True

    # ---- requests ---------------------------------------------------------------------------

    async def _request(
        self,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401 - any JSON
    ) -> Any:  # noqa: ANN401 - any JSON
        """Return the JSON of one resource, trying again while the box is away or busy."""
        backoff_s = BACKOFF_FIRST_S
        for _ in range(ATTEMPTS_MAX):
            try:
                async with self._http.request(
                    method, f"{self._api}/{path}", json=body, headers=self._auth()
                ) as response:
                    status, raw = response.status, await response.read()
            except _TROUBLE as error:
                status, raw = 503, b""
                self.trouble = f"{self._api}: {type(error).__name__}: {error}"
            else:
                self.trouble = ""
            if status not in _AGAIN or b'"locked_out"' in raw:
                return _read(status, raw)
            await self._pause(backoff_s)
            backoff_s = min(2 * backoff_s, BACKOFF_MAX_S)
        raise FloorLostError(f"no answer to {method} {path}")

    def _auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def _transmit(self, *commands: Json) -> None:
        """Put commands on the wire if there is one; else the next connection does it."""
        async with self._wire:
            for command in commands:
                if self._socket is None or self._beginning_anew is not None:
                    return
                try:
                    await self._socket.send_str(_text({"t": "cmd", "cmd": command}))
                except _TROUBLE:
                    return

    async def _transmit_all(self) -> None:
        await self._transmit(*[command for command, _ in self._pending.values()])

    async def _begin_anew(self) -> None:
        """After a while, send all that is pending: the box puts off what stands behind."""
        await self._pause(self._backoff_s)
        self._backoff_s = min(2 * self._backoff_s, BACKOFF_MAX_S)
        self._beginning_anew = None
        await self._transmit_all()

    # ---- listening --------------------------------------------------------------------------

    def _begin(self, session: Json) -> Json:
        self.session = session
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen(), name=f"floor {self.device}")
        return session

    async def _stop_listening(self) -> None:
        tasks = [task for task in (self._listener, self._beginning_anew) if task is not None]
        self._listener = self._beginning_anew = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        """Hold the websocket until the session ends; connect again after every loss."""
        backoff_s = BACKOFF_FIRST_S
        while self.session is not None:
            before = self.connects
            try:
                async with self._http.ws_connect(
                    f"{self._api}/ws" + (f"?since={self.cursor}" if self.cursor else ""),
                    headers=self._auth(),
                    origin=self._origin,
                    max_msg_size=FRAME_BYTES_MAX,
                ) as socket:
                    await self._read_frames(socket)
            except aiohttp.WSServerHandshakeError as error:
                if error.status == _UNAUTHORIZED:
                    self._end_session("not_signed_in")
                    return
            except (*_TROUBLE, *_NONSENSE):
                pass
            finally:
                self._socket = None
            backoff_s = BACKOFF_FIRST_S if self.connects > before else backoff_s
            await self._pause(backoff_s)
            backoff_s = min(2 * backoff_s, BACKOFF_MAX_S)

    async def _read_frames(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        silences = 0
        while self.session is not None:
            try:
                message = await socket.receive(timeout=PING_AFTER_S)
            except TimeoutError:
                silences += 1
                if silences == SILENCES_MAX:
                    return
                await socket.send_str('{"t":"ping"}')
                continue
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            silences = 0
            frame = msgspec.json.decode(message.data)
            if frame["t"] == "hello":
                self._socket = socket
                self.connects += 1
                await self._transmit_all()
            self._take(frame)

    def _take(self, frame: Json) -> None:
        match frame["t"]:
            case "answer":
                self._take_answer(frame)
            case "hello":
                self.hello = frame
                self.session = frame["session"]
                self.cursor = self.cursor or frame["seq"]
            case "status":
                self.hello = {**self.hello, **frame, "t": "hello"}
            case "entry":
                self.cursor = max(self.cursor, frame["entry"]["seq"])
            case "alarm" | "alarm_over":
                self._take_alarm(frame)
            case "lock" | "bye":
                self._take_end(frame)
        if frame["t"] not in {"answer", "pong"}:
            self._news.set()
        if self._observe is not None:
            self._observe(frame)

    def _take_answer(self, frame: Json) -> None:
        if frame.get("status") in _AGAIN:
            if self._beginning_anew is None:
                self._beginning_anew = asyncio.create_task(self._begin_anew())
            return
        self._backoff_s = BACKOFF_FIRST_S
        waiting = self._pending.get(frame["id"])
        if waiting is not None and not waiting[1].done():
            waiting[1].set_result(frame)

    def _take_alarm(self, frame: Json) -> None:
        if frame["t"] == "alarm":
            self._alarms[frame["alarm"]["id"]] = frame["alarm"]
        else:
            self._alarms.pop(frame["id"], None)

    def _take_end(self, frame: Json) -> None:
        if frame["t"] == "lock":
            self._unlocking = asyncio.create_task(self._unlock())
        elif frame["code"] in {"signed_out", "revoked", "cut", "shift_over"}:
            self._end_session(frame["code"])

    def _end_session(self, code: str) -> None:
        self.session = None
        for _, future in self._pending.values():
            if not future.done():
                future.set_exception(SignedOutError(_UNAUTHORIZED, code))


def _signed_in(answer: Json) -> Json:
    if answer.get("status") == _UNAUTHORIZED:
        raise SignedOutError(_UNAUTHORIZED, answer["code"], answer.get("facts"))
    return answer


def _text(frame: Json) -> str:
    return msgspec.json.encode(frame).decode()


def _read(status: int, raw: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return a good answer's JSON; raise what a bad one says."""
    try:
        answer = msgspec.json.decode(raw) if raw else {}
    except msgspec.DecodeError:
        raise RefusedError(status, "not_json") from None
    if status == _OK:
        return answer
    error = SignedOutError if status == _UNAUTHORIZED else RefusedError
    said = answer if isinstance(answer, dict) else {}
    raise error(status, said.get("code", "unknown"), said.get("facts"))
