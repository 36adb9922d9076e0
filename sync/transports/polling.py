"""The link over plain requests, for a network that lets no WebSocket through; either end.

`POST /link` opens a link and answers its name. `POST /link/NAME` brings frames to the hub; `GET
/link/NAME` is held until the hub has some, or for `HOLD_S`; `DELETE /link/NAME` ends it. Frames
travel as a MessagePack array. A request that fails ends the link, as a cut WebSocket does, and the
next one resumes: so nothing here counts or repeats.
"""

import asyncio
import io
import secrets
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
import msgspec
from aiohttp import hdrs, web

from sync.errors import BROKEN_BYTES, LinkLostError, MalformedError
from sync.messages import FRAME_BYTES_MAX
from sync.ports import Connect, Link

HOLD_S: Final = 20.0
"""Proxies cut a request that is silent for half a minute."""
GRACE_S: Final = 15.0
"""On the way, beyond what the hub holds a request."""
SEND_S: Final = 30.0
"""A peer that takes no frame for this long is gone."""
LINGER_S: Final = 5.0
"""How long a link that the hub ended waits for the box to fetch its last frames."""
GOODBYE_S: Final = 1.0
"""The same, when the hub itself stops."""
FRAMES_MAX: Final = 64
"""Frames that wait on either way; both sides' windows keep them far below."""
BODY_BYTES_MAX: Final = FRAME_BYTES_MAX + 1024
LINKS_MAX: Final = 2000
CHUNK_BYTES: Final = 64 * 1024
PATH: Final = "/link/{name}"
NO_STORE: Final = {hdrs.CACHE_CONTROL: "no-store"}

_decode = msgspec.msgpack.Decoder(list[bytes]).decode


class PolledLink:
    """The hub's end of a polled link: a `Link` whose frames wait until they are fetched."""

    def __init__(self) -> None:
        self._up: asyncio.Queue[bytes | None] = asyncio.Queue(FRAMES_MAX + 1)
        self._down: asyncio.Queue[bytes | None] = asyncio.Queue(FRAMES_MAX + 1)
        self._is_closed = False
        self.is_drained = asyncio.Event()
        """The box has fetched the last frame."""

    async def send(self, frame: bytes) -> None:
        """Send one frame; raise `LinkLostError` once the link has ended."""
        if self._is_closed:
            raise _lost("send", "it was ended")
        try:
            async with asyncio.timeout(SEND_S):
                await self._down.put(frame)
        except TimeoutError as error:
            raise _lost("send", f"the box fetched nothing for {SEND_S:.0f} s") from error

    async def receive(self) -> bytes:
        """Return the next frame; raise `LinkLostError` at the end."""
        frame = None if self._is_closed else await self._up.get()
        if frame is None:
            await self.close()
            raise _lost("receive", "it was ended")
        return frame

    async def close(self) -> None:
        """End the link; what was sent can still be fetched. May be called any number of times."""
        if not self._is_closed:
            self._is_closed = True
            for queue in (self._up, self._down):
                if not queue.full():
                    queue.put_nowait(None)

    async def take(self, frames: list[bytes]) -> None:
        """Take what the box sent; raise `LinkLostError` once the link has ended."""
        for frame in frames:
            if self._is_closed:
                raise _lost("take", "it was ended")
            await self._up.put(frame)

    async def fetch(self) -> list[bytes]:
        """Return what waits for the box, or nothing after `HOLD_S`.

        Raises:
            LinkLostError: the link has ended, and all that was sent was fetched.
        """
        if self.is_drained.is_set():
            raise _lost("fetch", "it was ended")
        try:
            async with asyncio.timeout(HOLD_S):
                frame = await self._down.get()
        except TimeoutError:
            return []
        if frame is None:
            self.is_drained.set()
            raise _lost("fetch", "it was ended")
        return [frame]


class Polls:
    """The hub's door for polled links. `serve` speaks with a box until its link ends."""

    def __init__(self, serve: Callable[[Link], Awaitable[None]]) -> None:
        self._serve = serve
        self._links: dict[str, PolledLink] = {}
        self._serving: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/link", self._open),
            web.post(PATH, self._take),
            web.get(PATH, self._fetch),
            web.delete(PATH, self._end),
        ]

    async def close(self) -> None:
        """Return once every link has ended; who still asks gets the last frames."""
        for link in tuple(self._links.values()):
            await link.close()
        if serving := tuple(self._serving):
            await asyncio.wait(serving, timeout=GOODBYE_S)
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)

    async def _open(self, _: web.Request) -> web.StreamResponse:
        if len(self._links) >= LINKS_MAX:
            raise web.HTTPServiceUnavailable(reason="too many links")
        name = secrets.token_hex(16)
        self._links[name] = PolledLink()
        task = asyncio.create_task(self._run(name, self._links[name]))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        return web.Response(text=name, headers=NO_STORE)

    async def _run(self, name: str, link: PolledLink) -> None:
        try:
            await self._serve(link)
            await link.close()
            async with asyncio.timeout(LINGER_S):
                await link.is_drained.wait()
        except TimeoutError:
            pass  # the box has gone already
        finally:
            del self._links[name]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        try:
            frames = _decode(await request.read())
        except BROKEN_BYTES as error:
            await self._end(request)
            raise web.HTTPBadRequest(reason="the body is an array of frames") from error
        try:
            async with asyncio.timeout(SEND_S):
                await self._link(request).take(frames)
        except (LinkLostError, TimeoutError) as error:
            raise web.HTTPGone from error
        return web.Response(headers=NO_STORE)

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        try:
            frames = await self._link(request).fetch()
        except LinkLostError as error:
            raise web.HTTPGone from error
        return web.Response(body=msgspec.msgpack.encode(frames), headers=NO_STORE)

    async def _end(self, request: web.Request) -> web.StreamResponse:
        link = self._link(request)
        await link.close()
        link.is_drained.set()
        return web.Response(headers=NO_STORE)

    def _link(self, request: web.Request) -> PolledLink:
        link = self._links.get(request.match_info["name"])
        if link is None:
            raise web.HTTPGone
        return link


class PollingLink:
    """The box's end of a polled link; `session` is closed with it."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, tls: ssl.SSLContext | None
    ) -> None:
        self._session = session
        self._url = url
        self._tls = tls or True
        self._sending = asyncio.Lock()
        self._came: deque[bytes] = deque()

    async def open(self) -> None:
        """Have the hub open the link; raise `LinkLostError` where it cannot be reached."""
        name = await self._ask("connect", hdrs.METH_POST, SEND_S)
        if not name.isalnum():
            raise _lost("connect", "no hub answers there", self._url)
        self._url = f"{self._url}/{name.decode()}"

    async def send(self, frame: bytes) -> None:
        """Send one frame; raise `LinkLostError` once the link has ended."""
        async with self._sending:
            await self._ask("send", hdrs.METH_POST, SEND_S, msgspec.msgpack.encode([frame]))

    async def receive(self) -> bytes:
        """Return the next frame; raise `LinkLostError` at the end, `MalformedError` on others."""
        while not self._came:
            body = await self._ask("receive", hdrs.METH_GET, HOLD_S + GRACE_S)
            try:
                self._came.extend(_decode(body))
            except BROKEN_BYTES as error:
                hint = "the hub answers a GET by an array of frames"
                raise MalformedError("receive", "hub", str(error), hint) from error
        return self._came.popleft()

    async def close(self) -> None:
        """End the link; may be called any number of times."""
        if self._session.closed:
            return
        try:
            await self._ask("close", hdrs.METH_DELETE, SEND_S)
        except (LinkLostError, MalformedError):
            pass  # it has ended already
        finally:
            await self._session.close()

    async def _ask(self, op: str, method: str, within_s: float, body: bytes = b"") -> bytes:
        answer = bytearray()
        timeout = aiohttp.ClientTimeout(total=within_s)
        try:
            async with self._session.request(
                method, self._url, data=io.BytesIO(body), timeout=timeout, ssl=self._tls
            ) as reply:
                async for chunk in reply.content.iter_chunked(CHUNK_BYTES):
                    answer += chunk
                    if len(answer) > BODY_BYTES_MAX:
                        hint = f"an answer has at most {BODY_BYTES_MAX} bytes"
                        raise MalformedError(op, "hub", "too much in one answer", hint)
                status = reply.status
        except (OSError, RuntimeError, TimeoutError, aiohttp.ClientError) as error:
            raise _lost(op, str(error) or type(error).__name__, self._url) from error
        if status != web.HTTPOk.status_code:
            raise _lost(op, f"the answer is {status}", self._url)
        return bytes(answer)


def polling(url: str, tls: ssl.SSLContext | None = None) -> Connect:
    """Return a `Connect` to the hub at `url` (`http://host:port/link` or `https://…`)."""

    async def connect() -> Link:
        link = PollingLink(aiohttp.ClientSession(), url, tls)
        try:
            await link.open()
        except BaseException:
            await link.close()
            raise
        return link

    return connect


def _lost(op: str, cause: str, subject: str = "link") -> LinkLostError:
    hint = "check the network and the address; the next link resumes"
    return LinkLostError(op, subject, cause, hint, is_retryable=True)
