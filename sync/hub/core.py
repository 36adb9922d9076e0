"""The reference hub without its door: what it knows, what it tells boxes, the links it serves.

No sockets here: `serve` takes any open `Link`, so the same hub runs behind aiohttp and inside a
simulation. The store is only touched through the runner, one piece of work at a time.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any, Final, TypeVar

import msgspec

from sync import keys
from sync.errors import MalformedError, RejectedError, SyncError
from sync.hub import admission, requests
from sync.hub.ids import uuid7
from sync.hub.requests import HubError
from sync.hub.session import Runner, Session
from sync.hub.store import Box, Draft, HubStore, OrderRow
from sync.messages import sign_instruction
from sync.ports import Clock, Link

CLOSE_S: Final = 5.0
ERRORS_MAX: Final = 10_000
"""Boxes whose last error is remembered: strangers may not fill the memory."""
T = TypeVar("T")


async def inline(work: Callable[[], T]) -> T:
    """Run store work at once: for simulation and tests."""
    return work()


class ThreadRunner:
    """Runs store work in one thread of its own, in order."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="hub-store")

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Return what `work` returns."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        """Wait for the work at hand and end the thread."""
        self._executor.shutdown()


class BoxView(msgspec.Struct, frozen=True):
    """A box as its record and its link show it."""

    record: Box
    is_up: bool
    skew_us: int | None
    last_error: str


class Hub:
    """The central order system of a site. `private_key` is 32 bytes, Ed25519.

    `random` makes nonces and ids: `random.SystemRandom()` in the service, seeded in simulation.
    """

    def __init__(
        self,
        *,
        store: HubStore,
        private_key: bytes,
        clock: Clock,
        random: Random,
        run: Runner = inline,
    ) -> None:
        self._store = store
        self._private_key = private_key
        self._clock = clock
        self._random = random
        self._run = run
        self._sign = partial(sign_instruction, private_key=private_key)
        self._sessions: dict[str, Session] = {}
        self._errors: dict[str, str] = {}

    @property
    def public_key(self) -> bytes:
        """The key that boxes pin."""
        return keys.public_key(self._private_key)

    async def enrol(self, box: str, token: str, *, warehouse: str = "", name: str = "") -> None:
        """Let `box` link once with `token`; a new token for a known box lets a new key in.

        `warehouse` "" serves every warehouse that no other box names.
        """
        await self._run(lambda: admission.enrol(self._store, box, token, warehouse, name))

    async def serve(self, link: Link) -> None:
        """Speak with the box at the other end until the link ends; never raises `SyncError`."""
        session = Session(
            link,
            store=self._store,
            private_key=self._private_key,
            clock=self._clock,
            random=self._random,
            run=self._run,
        )
        box = ""
        try:
            await session.handshake()
            box = session.box
            self._replace(session)
            await session.run()
        except SyncError as error:
            if len(self._errors) < ERRORS_MAX or box in self._errors:
                self._errors[box or error.subject] = error.code
            await session.reject(error)
        finally:
            if self._sessions.get(box) is session:
                del self._sessions[box]
            async with asyncio.timeout(CLOSE_S):
                await link.close()

    async def submit(self, what: str, payload: object) -> list[dict[str, Any]]:
        """Send catalogue, locations, people, stock, rulesets or waybills to their boxes.

        Returns one `{box, id, kind}` for each instruction; raises `HubError`.
        """
        boxes = await self._run(self._store.boxes)
        now_us = self._clock.now_us()
        told = []
        for box, kind, body in requests.broadcasts(what, payload, boxes):
            draft = Draft(self._id(now_us), kind, body)
            await self._instruct(box, [draft], now_us)
            told.append({"box": box, "id": draft.id, "kind": kind})
        return told

    async def assign(self, payload: object) -> list[dict[str, Any]]:
        """Assign orders to boxes, each by one instruction; the same order again changes nothing.

        Returns one `{order_id, box, is_new}` for each; raises `HubError`, then nothing was done.
        """
        boxes = await self._run(self._store.boxes)
        now_us = self._clock.now_us()
        rows, drafts = [], []
        for box, body in requests.orders(payload, boxes):
            order_id = body["order_id"]
            rows.append(OrderRow(order_id, box, None, msgspec.json.encode(body), now_us))
            drafts.append(Draft(self._id(now_us), "order.assign", body, order_id))
        is_new = await self._guarded(lambda: self._store.assign(rows, drafts, self._sign))
        self._notify({row.box for row in rows})
        return [
            {"order_id": row.order_id, "box": row.box, "is_new": new}
            for row, new in zip(rows, is_new, strict=True)
        ]

    async def change(self, order_id: str, verb: str, payload: object) -> dict[str, Any]:
        """Ask the floor to cancel, readdress … an order, or revoke that; raises `HubError`."""
        order = await self._run(lambda: self._store.order(order_id))
        if order is None:
            raise HubError("order_unknown", {"order_id": order_id}, "check the order's id", 404)
        told = await self._run(lambda: self._store.told(order_id=order_id))
        kind, body = requests.change(order_id, verb, payload, told)
        return await self.instruct(order.box, kind, body)

    async def instruct(self, box: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send one instruction of any kind; return `{box, id, kind}`; raises `HubError`."""
        if await self._run(lambda: self._store.box(box)) is None:
            raise HubError("box_unknown", {"box": box}, "enrol the box first", 404)
        now_us = self._clock.now_us()
        order_id = body.get("order_id")
        name = self._id(now_us)
        draft = Draft(name, kind, body, order_id if isinstance(order_id, str) else None)
        await self._instruct(box, [draft], now_us)
        return {"box": box, "id": name, "kind": kind}

    async def read(self, query: Callable[[HubStore], T]) -> T:
        """Return what `query` reads from the store."""
        return await self._run(lambda: query(self._store))

    async def boxes(self) -> list[BoxView]:
        """Return every box with the state of its link."""
        return [self._view(box) for box in await self._run(self._store.boxes)]

    async def box(self, box: str) -> BoxView:
        """Return one box; raises `HubError`."""
        record = await self._run(lambda: self._store.box(box))
        if record is None:
            raise HubError("box_unknown", {"box": box}, "see GET /api/v1/boxes", 404)
        return self._view(record)

    def end_links(self) -> None:
        """End every link; the boxes come back to the next hub that listens."""
        hint = "the hub stops; the box connects again by itself"
        for session in self._sessions.values():
            session.end(RejectedError("link", session.box, "the hub stops", hint, code="stopping"))

    def _view(self, record: Box) -> BoxView:
        session = self._sessions.get(record.box)
        skew_us = None if session is None else session.skew_us
        error = self._errors.get(record.box, "") if session is None else ""
        return BoxView(record, session is not None, skew_us, error)

    def _replace(self, session: Session) -> None:
        older = self._sessions.get(session.box)
        self._sessions[session.box] = session
        if older is not None:
            hint = "if this box did not reconnect, another machine uses its key: enrol anew"
            cause = "the same box linked again"
            older.end(RejectedError("link", session.box, cause, hint, code="superseded"))

    async def _instruct(self, box: str, drafts: Sequence[Draft], now_us: int) -> None:
        await self._guarded(lambda: self._store.instruct(box, drafts, self._sign, now_us))
        self._notify({box})

    async def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return await self._run(work)
        except MalformedError as error:
            raise HubError(error.code, {"cause": error.cause}, error.hint, 413) from error

    def _notify(self, boxes: set[str]) -> None:
        for box in boxes:
            if box in self._sessions:
                self._sessions[box].notify()

    def _id(self, now_us: int) -> str:
        return uuid7(now_us, self._random.randbytes(10))
