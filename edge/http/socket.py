"""The websocket of a PDA or station: commands and answers, and the push, on one connection."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from aiohttp import WSMsgType, web

from edge.app.dispatch import FRAME_BYTES_MAX, Dispatcher
from edge.app.push import Push, Subscriber, encode
from edge.domain.commands import COMMAND_VERSION_OLDEST
from edge.domain.refusals import RefusedError
from edge.http.guard import caller
from edge.http.limits import Limit
from edge.http.wire import number

HEARTBEAT_S: Final = 10.0
GOODBYE_S: Final = 1.0
"""How long a closing box waits for its good-byes to leave."""
SOCKETS_MAX: Final = 8
"""Conversations of one device at once: its tabs, and those that a Wi-Fi hole left half open."""
STALE_S: Final = 15
"""After so long a conversation whose other end is gone is noticed, and makes room."""
IN_FLIGHT_MAX: Final = 64
"""Commands of one client that may be under way at once; more wait in its socket."""

log = structlog.get_logger()


class Socket:
    """Serves `GET /api/v1/ws`."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        push: Push,
        limit: Limit,
        *,
        on_leave: Callable[[str], None],
    ) -> None:
        """`limit` is that of one device; a client that exceeds it is read more slowly.

        `on_leave` is told the device of a conversation that has ended.
        """
        self._on_leave = on_leave
        self._limit = limit
        self._dispatcher = dispatcher
        self._push = push
        self._open: dict[web.WebSocketResponse, asyncio.Task[None]] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one client's conversation until either side ends it.

        Raises:
            RefusedError: `too_many` where the device has more than its share of them, `malformed`.
        """
        session = caller(request)
        since, version = number(request, "since"), number(request, "v")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=FRAME_BYTES_MAX, compress=False
        )
        if version is not None and version < COMMAND_VERSION_OLDEST:
            await socket.prepare(request)
            await socket.send_frame(encode({"t": "bye", "code": "page_old"}), WSMsgType.TEXT)
            await socket.close()
            return socket
        if self._push.clients_of(session.device) >= SOCKETS_MAX:
            raise RefusedError("too_many", seconds=STALE_S)
        subscriber = self._push.subscribe(session)  # at once: a sign-out must not slip through
        try:
            await socket.prepare(request)
            await self._converse(socket, subscriber, since)
        finally:
            self._push.leave(subscriber)
            self._on_leave(session.device)
        return socket

    async def _converse(
        self, socket: web.WebSocketResponse, subscriber: Subscriber, since: int | None
    ) -> None:
        sender = asyncio.create_task(self._send(socket, subscriber, since))
        self._open[socket] = sender
        try:
            await self._receive(socket, subscriber)
        finally:
            del self._open[socket]
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def close(self) -> None:
        """End every conversation, with a good-bye to whoever still listens."""
        self._push.close()
        if senders := tuple(self._open.values()):
            await asyncio.wait(senders, timeout=GOODBYE_S)
        for socket in tuple(self._open):
            await socket.close(code=1001, message=b"closing")

    async def _send(
        self, socket: web.WebSocketResponse, subscriber: Subscriber, since: int | None
    ) -> None:
        try:
            for frame in await self._dispatcher.greet(subscriber.session, since, subscriber):
                await socket.send_frame(frame, WSMsgType.TEXT)
            while not subscriber.is_slow:
                queued = await subscriber.frames.get()
                if queued is None:
                    break
                await socket.send_frame(queued, WSMsgType.TEXT)
            if subscriber.is_slow:
                await socket.send_frame(encode({"t": "bye", "code": "too_slow"}), WSMsgType.TEXT)
        except ConnectionError:
            return
        except Exception:
            log.exception("client not told", device=subscriber.session.device)
        await socket.close()

    async def _receive(self, socket: web.WebSocketResponse, subscriber: Subscriber) -> None:
        """Start each command as it comes: those of one burst share a group commit.

        The writer takes them in the order in which they came, and their answers leave in that
        order too.
        """
        under_way: asyncio.Queue[asyncio.Task[list[bytes]] | None] = asyncio.Queue(IN_FLIGHT_MAX)
        answering = asyncio.create_task(_answer(under_way, subscriber))
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    await socket.close(code=1003, message=b"text frames only")
                    break
                await self._pace(subscriber.session.device)
                work = self._dispatcher.dispatch(subscriber.session, message.data.encode())
                await under_way.put(asyncio.create_task(work))
        finally:
            await under_way.put(None)
            await answering

    async def _pace(self, device: str) -> None:
        """Let a device that sends too much wait; what it sends meanwhile waits in its socket."""
        if wait_s := self._limit.take(device):
            await asyncio.sleep(wait_s)
            self._limit.take(device)


async def _answer(
    under_way: "asyncio.Queue[asyncio.Task[list[bytes]] | None]", subscriber: Subscriber
) -> None:
    while (task := await under_way.get()) is not None:
        for frame in await task:
            subscriber.put(frame)
