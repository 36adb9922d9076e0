"""The demo's WAN and Wi-Fi: what passes, what a cut breaks, what heals."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from edge.demo.access_point import AccessPoint
from edge.demo.relay import Relay

POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"


class Box:
    """A box as the access point sees one."""

    def __init__(self) -> None:
        self.cookies: list[str] = []
        self.ended = asyncio.Event()

    async def page(self, request: web.Request) -> web.StreamResponse:
        """Answer with what the caller sent."""
        self.cookies.append(request.headers.get("Cookie", ""))
        said = {
            "path": request.raw_path,
            "host": request.host,
            "floor": request.headers.get("X-Floor"),
            "body": (await request.read()).decode(),
        }
        response = web.json_response(said, headers={"Content-Security-Policy": POLICY})
        response.set_cookie("__Host-floor", "secret", httponly=True, secure=True)
        return response

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Send back what comes."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"{request.query['since']} {message.data}")
        self.ended.set()
        return socket


@pytest.fixture
def box() -> Box:
    """A pretended box."""
    return Box()


@pytest.fixture
async def point(box: Box) -> AsyncIterator[AccessPoint]:
    """An access point before the box, with a page of its own."""
    app = web.Application()
    app.router.add_get("/api/v1/ws", box.socket)
    app.router.add_route("*", "/{path:.*}", box.page)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()

    async def own(_: web.Request) -> web.StreamResponse:
        return web.Response(text="demo")

    point = AccessPoint(
        f"http://127.0.0.1:{runner.addresses[0][1]}",
        ssl.create_default_context(),
        host="127.0.0.1",
        doors={"pda": 0, "station": 0},
        own=[web.get("/demo/", own)],
    )
    await point.start(None)
    yield point
    await point.stop()
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that sends the cookies it is told to."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


def url(point: AccessPoint, path: str, door: str = "pda") -> str:
    """Return an address at a door."""
    return f"http://127.0.0.1:{point.ports[door]}{path}"


async def test_requests_pass_unchanged_and_the_page_may_be_framed(
    point: AccessPoint, http: aiohttp.ClientSession
) -> None:
    """Path, body, host and headers reach the box; the answer's policy lets the demo frame it."""
    at = url(point, "/a%2Fb?c=%20d")
    async with http.post(at, data="goods", headers={"X-Floor": "1"}) as response:
        said = await response.json()
        policy = response.headers["Content-Security-Policy"]
    port = point.ports["pda"]

    assert said == {
        "path": "/a%2Fb?c=%20d",
        "host": f"127.0.0.1:{port}",
        "floor": "1",
        "body": "goods",
    }
    assert policy == POLICY.replace("'none'; base", f"'self' https://127.0.0.1:{port}; base")


async def test_each_door_has_a_session_of_its_own(
    point: AccessPoint, box: Box, http: aiohttp.ClientSession
) -> None:
    """One browser at two doors is two devices: neither sees the other's session."""
    name = f"__Host-floor-{point.ports['station']}"
    headers = {"Cookie": f"__Host-floor=picker; {name}=packer"}
    async with http.get(url(point, "/"), headers=headers) as response:
        first = response.headers["Set-Cookie"]
    async with http.get(url(point, "/", "station"), headers=headers) as response:
        second = response.headers["Set-Cookie"]

    assert box.cookies == ["__Host-floor=picker", "__Host-floor=packer"]
    assert (first.split(";")[0], second.split(";")[0]) == ("__Host-floor=secret", f"{name}=secret")


async def test_wifi_off_breaks_what_is_open_lets_nothing_through_and_heals(
    point: AccessPoint, box: Box, http: aiohttp.ClientSession
) -> None:
    """A cut ends websockets and requests alike, spares the demo's page, and is over when mended."""
    socket = await http.ws_connect(url(point, "/api/v1/ws?since=7"))
    await socket.send_str("scan")
    assert await socket.receive_str() == "7 scan"

    point.switch(is_up=False)
    broken = await socket.receive()
    await box.ended.wait()
    with pytest.raises(aiohttp.ClientError):
        await http.get(url(point, "/"))
    with pytest.raises(aiohttp.ClientError):
        await http.ws_connect(url(point, "/api/v1/ws?since=7"))
    async with http.get(url(point, "/demo/")) as response:
        own = await response.text()

    assert broken.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    assert own == "demo"

    point.switch(is_up=True)
    async with http.get(url(point, "/")) as response:
        assert response.status == 200
    again = await http.ws_connect(url(point, "/api/v1/ws?since=8"))
    await again.send_str("scan")
    assert await again.receive_str() == "8 scan"
    await again.close()


async def test_box_away_is_told_as_such(http: aiohttp.ClientSession) -> None:
    """With the box being started again, a request is answered 502, for the client to try again."""
    point = AccessPoint(
        "http://127.0.0.1:9", ssl.create_default_context(), host="127.0.0.1", doors={"pda": 0}
    )
    await point.start(None)
    async with http.get(url(point, "/health")) as response:
        answer = response.status, (await response.json())["code"]
    await point.stop()

    assert answer == (502, "box_away")


async def test_wan_cut_breaks_connections_and_heals() -> None:
    """The relay passes bytes both ways, breaks them at a cut, and passes them again when mended."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    hub = await asyncio.start_server(echo, "127.0.0.1", 0)
    relay = Relay("127.0.0.1", 0, hub.sockets[0].getsockname()[1])
    await relay.start()

    async with contextlib.AsyncExitStack() as stack:

        async def call(text: bytes) -> asyncio.StreamReader:
            reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
            stack.push_async_callback(_close, writer)
            writer.write(text)
            return reader

        open_before = await call(b"up")
        first = await open_before.read(100)
        relay.switch(is_up=False)
        broken = [await _read(open_before), await _read(await call(b"cut"))]
        relay.switch(is_up=True)
        again = await _read(await call(b"mended"))
    await relay.stop()
    hub.close()
    await hub.wait_closed()

    assert (first, broken, again) == (b"up", [b"", b""], b"mended")


async def _read(reader: asyncio.StreamReader) -> bytes:
    """Return what comes; nothing where the connection is broken."""
    try:
        return await reader.read(100)
    except OSError:
        return b""


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
