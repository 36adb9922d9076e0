"""The demo's Wi-Fi: PDAs reach the box only through it, and it can be switched off.

Theory of operation: one application listens on two doors (ports), so that one browser can hold a
picker's PDA and a packer's screen as two devices: a browser keeps storage by port. It keeps cookies
by host alone, so the second door keeps the session's cookie under a name of its own. `/demo` is
answered here, everything else by the box, byte for byte but for one header: the box forbids framing
its page, and the demo page shows it in a frame.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

BODY_BYTES_MAX: Final = 2 * 1024 * 1024
FRAME_BYTES_MAX: Final = 4 * 1024 * 1024
CONNECTIONS_MAX: Final = 500
CONNECT_S: Final = 2.0
REQUEST_S: Final = 30.0
SHUTDOWN_S: Final = 0.5
COOKIE: Final = "__Host-floor"
_HOP: Final = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length"}
)
"""Headers of one hop (RFC 9110, 7.6.1)."""
_FRAMING: Final = "frame-ancestors 'none'"
_WS_HEADERS: Final = ("Authorization", "Origin", "User-Agent", "Host")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class AccessPoint:
    """Passes requests and websockets on to the box at `box_url` while `is_up`.

    `doors` names its ports; `own` are the routes of the demo itself, which a cut never touches.
    """

    def __init__(
        self,
        box_url: str,
        tls: ssl.SSLContext,
        *,
        host: str,
        doors: Mapping[str, int],
        own: list[web.RouteDef] | None = None,
    ) -> None:
        self.is_up = True
        self.ports: dict[str, int] = dict(doors)
        self._box_url = box_url
        self._tls = tls
        self._host = host
        self._own = own or []
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None
        self._passing: set[asyncio.Transport] = set()
        """Connections that carry something of the box at this moment."""

    async def start(self, certificate: ssl.SSLContext | None) -> None:
        """Open the doors with the box's own certificate."""
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=CONNECTIONS_MAX),
            timeout=aiohttp.ClientTimeout(total=REQUEST_S, sock_connect=CONNECT_S),
            auto_decompress=False,
        )
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.add_routes(self._own)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        for door, port in self.ports.items():
            site = web.TCPSite(self._runner, self._host, port, ssl_context=certificate)
            await site.start()
            self.ports[door] = self._runner.addresses[-1][1]

    async def stop(self) -> None:
        """Close everything; may be called any time."""
        self.switch(is_up=False)
        if self._runner is not None:
            await self._runner.cleanup()
        if self._http is not None:
            await self._http.close()

    def switch(self, *, is_up: bool) -> None:
        """Cut or mend: a cut breaks whatever passes to and from the box, and lets nothing new."""
        self.is_up = is_up
        if not is_up:
            for transport in tuple(self._passing):
                transport.abort()

    # ---- passing on ---------------------------------------------------------------------------

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        if transport is None or not self.is_up:
            if transport is not None:
                transport.abort()
            return web.Response(status=503)
        self._passing.add(transport)
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._pass_socket(request)
            return await self._pass_request(request)
        except (aiohttp.ClientError, TimeoutError, OSError):
            hint = {"ok": False, "code": "box_away", "facts": {}, "hint": "box_away"}
            return web.json_response(hint, status=502)
        finally:
            self._passing.discard(transport)

    async def _pass_request(self, request: web.Request) -> web.StreamResponse:
        assert self._http is not None
        headers = CIMultiDict(
            (name, value) for name, value in request.headers.items() if name.lower() not in _HOP
        )
        self._rename_in(request, headers)
        body = await request.read()
        async with self._http.request(
            request.method,
            self._box_url + request.raw_path,
            headers=headers,
            data=body or None,
            allow_redirects=False,
        ) as answer:
            response = web.Response(status=answer.status, body=await answer.read())
            for name, value in answer.headers.items():
                if name.lower() not in _HOP:
                    response.headers.add(name, value)
        self._mend_out(request, response.headers)
        return response

    async def _pass_socket(self, request: web.Request) -> web.StreamResponse:
        assert self._http is not None
        headers = CIMultiDict(
            (name, request.headers[name])
            for name in (*_WS_HEADERS, "Cookie")
            if name in request.headers
        )
        self._rename_in(request, headers)
        try:
            far = await self._http.ws_connect(
                self._box_url + request.raw_path, headers=headers, max_msg_size=FRAME_BYTES_MAX
            )
        except aiohttp.WSServerHandshakeError as error:
            return web.Response(status=error.status)
        async with far:
            near = web.WebSocketResponse(max_msg_size=FRAME_BYTES_MAX, compress=False)
            await near.prepare(request)
            ways = (asyncio.create_task(_pump(near, far)), asyncio.create_task(_pump(far, near)))
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                with contextlib.suppress(OSError):
                    await near.close(code=far.close_code or 1001)
        return near

    # ---- what is changed on the way -----------------------------------------------------------

    def _cookie_of(self, request: web.Request) -> str:
        """Return the name under which the browser keeps the session of this door."""
        port = request.transport.get_extra_info("sockname")[1] if request.transport else 0
        first = next(iter(self.ports.values()))
        return COOKIE if port == first else f"{COOKIE}-{port}"

    def _rename_in(self, request: web.Request, headers: CIMultiDict[str]) -> None:
        session = request.cookies.get(self._cookie_of(request))
        headers.popall("Cookie", None)
        if session is not None:
            headers["Cookie"] = f"{COOKIE}={session}"

    def _mend_out(self, request: web.Request, headers: CIMultiDict[str]) -> None:
        name = self._cookie_of(request)
        cookies = headers.popall("Set-Cookie", [])
        for cookie in cookies:
            rest = cookie.removeprefix(f"{COOKIE}=")
            headers.add("Set-Cookie", cookie if rest == cookie else f"{name}={rest}")
        policy = headers.get("Content-Security-Policy")
        if policy is not None:
            host = (request.host or "localhost").rsplit(":", 1)[0]
            page = f"https://{host}:{next(iter(self.ports.values()))}"
            headers["Content-Security-Policy"] = policy.replace(
                _FRAMING, f"frame-ancestors 'self' {page}"
            )


async def _pump(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    target: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    """Pass messages on until either side ends."""
    with contextlib.suppress(OSError, aiohttp.ClientError):
        async for message in source:
            if message.type is aiohttp.WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                await target.send_bytes(message.data)
