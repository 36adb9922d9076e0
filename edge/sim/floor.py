"""A bot's way to the simulated box: requests and answers that may be lost, doubled or late.

Commands go through `Dispatcher.dispatch` and are sent again under one id until they are answered,
as every client of the box does. What was answered is kept for the checkers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, Final, TypeVar

import msgspec

from edge.app.sessions import SignIn
from edge.demo.floor import FloorLostError, Json, RefusedError, SignedOutError
from edge.domain.commands import COMMAND_VERSION
from edge.domain.model import Session
from edge.sim.box import Life, SimBox
from edge.sim.chance import SimClock, SimIds, Weather, happens

T = TypeVar("T")
ANSWER_S: Final = 3.0
ATTEMPTS_MAX: Final = 30
BACKOFF_S_MAX: Final = 2.0
_BUSY: Final = 429
_NO_ROOM: Final = 507
_UNAUTHORIZED: Final = 401


class Answered(msgspec.Struct, frozen=True):
    """An answer that reached its sender."""

    id: str
    kind: str
    ok: bool
    code: str
    facts: dict[str, Any]


class Wire:
    """What lies between clients and the box. The box answers what arrives while it lives."""

    def __init__(self, random: Random, weather: Weather, box: SimBox) -> None:
        self._random = random
        self._weather = weather
        self._box = box
        self.requests = 0
        self.lost = 0

    @property
    def life(self) -> Life | None:
        """The service that runs now."""
        return self._box.life

    async def ask(
        self, work: Callable[[Life], Awaitable[T]], note: Callable[[T], None]
    ) -> T | None:
        """Return what `work` at the box comes to, or None if no answer arrives in time.

        `note` is called with every answer that arrives, also with a second or a late one.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.requests += 1
        for _ in range(2 if happens(self._random, self._weather.duplicate) else 1):
            self._after_way(self._arrive, work, note, answer)
        done, _ = await asyncio.wait({answer}, timeout=ANSWER_S)
        return answer.result() if done else None

    def delay_s(self) -> float:
        """Return how long the next message is on its way."""
        return self._random.uniform(0, self._weather.delay_s_max)

    def push_life_s(self) -> float:
        """Return how long the next push connection holds."""
        return self._random.uniform(0.1, 1) * self._weather.push_life_s

    def _after_way(self, arrive: Callable[..., None], *message: Any) -> None:  # noqa: ANN401
        if happens(self._random, self._weather.loss):
            self.lost += 1
        else:
            asyncio.get_running_loop().call_later(self.delay_s(), arrive, *message)

    def _arrive(
        self,
        work: Callable[[Life], Awaitable[T]],
        note: Callable[[T], None],
        answer: asyncio.Future[T],
    ) -> None:
        life = self._box.life
        if life is None:
            self.lost += 1
        else:
            life.spawn(self._serve(life, work, note, answer), "request")

    async def _serve(
        self,
        life: Life,
        work: Callable[[Life], Awaitable[T]],
        note: Callable[[T], None],
        answer: asyncio.Future[T],
    ) -> None:
        self._after_way(_deliver, await work(life), note, answer)


def _deliver(result: T, note: Callable[[T], None], answer: asyncio.Future[T]) -> None:
    note(result)
    if not answer.done():
        answer.set_result(result)


class SimFloor:
    """One device's `Floor` (see `edge.demo.floor`) over a `Wire`."""

    def __init__(
        self, wire: Wire, device: str, clock: SimClock, ids: SimIds, answers: list[Answered]
    ) -> None:
        self._wire = wire
        self._device = device
        self._clock = clock
        self._ids = ids
        self._answers = answers
        self._token = ""
        self._session: Json | None = None
        self._alarms: dict[str, Json] = {}
        self._news = asyncio.Event()
        self._cursor: int | None = None
        self._listener: asyncio.Task[None] | None = None

    async def sign_in(self, badge: str, pin: str, station: str | None = None) -> Json:
        """Sign in and start to listen; see `Floor`."""
        asked = SignIn(badge, pin, self._device, station or "")

        async def work(life: Life) -> Json:
            reply, token = await life.sessions.sign_in(asked)
            if not reply.ok:
                return {"status": reply.status, "code": reply.code}
            session = await life.sessions.recognise(token)
            if session is None:  # a copy of this very message signed in right behind it
                return {"status": _NO_ROOM}
            return {"status": 200, "token": token, "session": await _view(life, session)}

        answer = await self._until_answered(work)
        while answer["status"] == _NO_ROOM:
            await asyncio.sleep(BACKOFF_S_MAX)
            answer = await self._until_answered(work)
        if answer["status"] != 200:  # noqa: PLR2004 - HTTP's
            raise RefusedError(answer["status"], answer["code"])
        self._token = answer["token"]
        return self._begin(answer["session"])

    async def resume(self) -> Json | None:
        """Return the session of the token in hand, or None; see `Floor`."""
        if not self._token:
            return None

        async def work(life: Life, session: Session) -> Json:
            return await _view(life, session)

        try:
            return self._begin(await self._ask_signed_in(work))
        except SignedOutError:
            return None

    async def command(self, kind: str, data: Json, *, task_rev: int | None = None) -> Json:
        """Return the answer to one command; see `Floor`."""
        if self._session is None:
            raise SignedOutError(_UNAUTHORIZED, "not_signed_in")
        command = {
            "v": COMMAND_VERSION,
            "id": self._ids.new_id(),
            "kind": kind,
            "device": self._device,
            "session_id": self._session["id"],
            "captured_at": self._clock.now_us(),
            "data": data,
        }
        if task_rev is not None:
            command["task_rev"] = task_rev
        answer = await self._send(command)
        if kind == "alarm.ack":
            self._alarms.pop(data["alarm_id"], None)
        return answer

    async def _send(self, command: Json) -> Json:
        frame = msgspec.json.encode({"t": "cmd", "cmd": command})

        async def work(life: Life, session: Session) -> Json:
            frames = await life.dispatcher.dispatch(session, frame)
            answer: Json = msgspec.json.decode(frames[0])
            return answer

        def note(answer: Json) -> None:
            said = (answer["ok"], answer.get("code", ""), answer["facts"])
            self._answers.append(Answered(command["id"], command["kind"], *said))

        while True:
            answer = await self._ask_signed_in(work, note)
            if answer["status"] == _UNAUTHORIZED:
                raise SignedOutError(_UNAUTHORIZED, answer["code"], answer["facts"])
            if answer["status"] not in (_BUSY, _NO_ROOM):
                return answer
            await asyncio.sleep(BACKOFF_S_MAX)

    async def get(self, path: str) -> Json:
        """Return what `/api/v1/<path>` gives; see `Floor`."""

        async def work(life: Life, _: Session) -> Json | None:
            found: Json | None = msgspec.to_builtins(await _read(life, path))
            return found

        found = await self._ask_signed_in(work)
        if found is None:
            raise RefusedError(404, "not_found")
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

    # ---- requests -----------------------------------------------------------------------------

    async def _ask_signed_in(
        self,
        work: Callable[[Life, Session], Awaitable[T]],
        note: Callable[[T], None] = lambda _: None,
    ) -> T:
        token = self._token

        async def as_session(life: Life) -> tuple[T] | None:
            session = await life.sessions.recognise(token)
            return None if session is None else (await work(life, session),)

        found = await self._until_answered(as_session, lambda said: note(said[0]) if said else None)
        if found is None:
            self._session = None
            raise SignedOutError(_UNAUTHORIZED, "not_signed_in")
        return found[0]

    async def _until_answered(
        self,
        work: Callable[[Life], Awaitable[T]],
        note: Callable[[T], None] = lambda _: None,
    ) -> T:
        """Send the same again until it is answered."""

        async def boxed(life: Life) -> tuple[T]:
            return (await work(life),)

        for _ in range(ATTEMPTS_MAX):
            answer = await self._wire.ask(boxed, lambda said: note(said[0]))
            if answer is not None:
                return answer[0]
        raise FloorLostError(f"{self._device}: no answer after {ATTEMPTS_MAX} tries")

    # ---- push ---------------------------------------------------------------------------------

    def _begin(self, session: Json) -> Json:
        self._session = session
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen(), name=f"listen {self._device}")
        return session

    async def _listen(self) -> None:
        """Hold a push connection; connect again from the cursor after every loss."""
        while self._session is not None:
            life = self._wire.life
            if life is not None:
                pump = life.spawn(self._pump(life), f"push {self._device}")
                await asyncio.wait({pump}, timeout=self._wire.push_life_s())
                pump.cancel()
            await asyncio.sleep(self._wire.delay_s() + BACKOFF_S_MAX / 4)

    async def _pump(self, life: Life) -> None:
        session = await life.sessions.recognise(self._token)
        if session is None:
            return
        subscriber = life.push.subscribe(session)
        try:
            for frame in await life.dispatcher.greet(session, self._cursor, subscriber):
                self._take(msgspec.json.decode(frame))
            while (pushed := await subscriber.frames.get()) is not None:
                await asyncio.sleep(self._wire.delay_s())
                self._take(msgspec.json.decode(pushed))
        finally:
            life.push.leave(subscriber)

    def _take(self, frame: Json) -> None:
        match frame["t"]:
            case "hello":
                self._cursor = self._cursor if self._cursor is not None else frame["seq"]
            case "entry":
                self._cursor = max(self._cursor or 0, frame["entry"]["seq"])
            case "alarm":
                self._alarms[frame["alarm"]["id"]] = frame["alarm"]
        self._news.set()


async def _view(life: Life, session: Session) -> Json:
    view: Json = msgspec.to_builtins(await life.sessions.view(session))
    return view


async def _read(life: Life, path: str) -> Any:  # noqa: ANN401 - any of the views
    """Answer a GET as `edge.http.routes` does."""
    reads = life.reads
    resource, _, rest = path.partition("/")
    found: Any
    match resource, rest:
        case "tasks?state=open", "":
            found = {"tasks": await reads.open_tasks()}
        case "tasks", task_id:
            found = await reads.task(task_id)
        case "packing", "":
            found = {"orders": await reads.to_pack()}
        case "packing", code:
            found = await reads.pack(code)
        case "reasons", "":
            found = (await reads.rules()).document.reasons
        case "orders", order_id:
            found = await reads.order(order_id)
        case _:
            assert resource.startswith("orders?state="), path
            found = {"orders": await reads.orders(resource.partition("=")[2], "")}
    return found
