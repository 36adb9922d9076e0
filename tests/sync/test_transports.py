"""What every link must do, held over each kind of link."""

import asyncio
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import pytest
from aiohttp import web

from sync.errors import LinkLostError, MalformedError
from sync.messages import FRAME_BYTES_MAX
from sync.ports import Connect, Link
from sync.transports.memory import Faults, memory_pair
from sync.transports.polling import BODY_BYTES_MAX, Polls, polling
from sync.transports.websocket import WebSocketLink, websocket


@pytest.fixture(params=["memory", "websocket", "polling"])
async def ends(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Link, Link]]:
    """The two ends of one open link."""
    if request.param == "memory":
        yield memory_pair(Random(1))
        return
    accepted: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
    is_over = asyncio.Event()

    async def accept(arriving: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=FRAME_BYTES_MAX)
        await socket.prepare(arriving)
        accepted.set_result(WebSocketLink(socket))
        await is_over.wait()
        return socket

    async def serve(link: Link) -> None:
        accepted.set_result(link)
        await is_over.wait()

    polls = Polls(serve)
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.add_routes([web.get("/link", accept), *polls.routes()])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    ways = {"websocket": websocket, "polling": polling}
    scheme = {"websocket": "ws", "polling": "http"}[request.param]
    ours = await ways[request.param](f"{scheme}://{host}:{port}/link")()
    yield ours, await accepted
    is_over.set()
    await ours.close()
    await polls.close()
    await runner.cleanup()


async def test_frames_arrive_whole_and_in_order(ends: tuple[Link, Link]) -> None:
    """Frames of any size up to the bound arrive as they were sent, either way (SYNC-1)."""
    frames = [b"", b"\x00", b"x" * 70_000, b"y" * (FRAME_BYTES_MAX - 1)]
    for ours, theirs in (ends, ends[::-1]):
        for frame in frames:
            sending = asyncio.ensure_future(ours.send(frame))
            assert await theirs.receive() == frame
            await sending


async def test_close_delivers_what_was_sent_then_ends_both(ends: tuple[Link, Link]) -> None:
    """A last frame, such as a reject, is not lost by closing behind it (SYNC-1)."""
    ours, theirs = ends
    await theirs.send(b"last")
    closing = asyncio.ensure_future(theirs.close())
    assert await ours.receive() == b"last"
    with pytest.raises(LinkLostError):
        await ours.receive()
    await closing
    await ours.close()
    await ours.close()
    with pytest.raises(LinkLostError):
        await ours.send(b"late")
    with pytest.raises(LinkLostError):
        await theirs.receive()


@pytest.mark.parametrize(("way", "scheme"), [(websocket, "ws"), (polling, "http")])
async def test_connecting_to_nothing_is_link_lost(
    unused_tcp_port: int, way: Callable[[str], Connect], scheme: str
) -> None:
    """No hub there: a retryable error that says where it was looked for (SYNC-1)."""
    with pytest.raises(LinkLostError) as caught:
        await way(f"{scheme}://127.0.0.1:{unused_tcp_port}/link")()
    assert caught.value.is_retryable
    assert str(unused_tcp_port) in caught.value.subject


async def test_text_on_a_websocket_is_malformed(aiohttp_server: Any) -> None:
    """A peer that talks text is told what a frame is (SEC-4)."""

    async def talk(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("hello")
        await socket.receive()
        return socket

    app = web.Application()
    app.router.add_get("/link", talk)
    server = await aiohttp_server(app)
    link = await websocket(f"ws://127.0.0.1:{server.port}/link")()
    with pytest.raises(MalformedError):
        await link.receive()
    await link.close()


def test_memory_faults_are_repeatable(kit: Any) -> None:
    """The same seed gives the same losses, doubles and order."""

    async def run(seed: int, into: list[bytes]) -> None:
        ours, theirs = memory_pair(Random(seed), Faults(0.2, 0.2, 1.0))
        for n in range(50):
            await ours.send(bytes([n]))
        await ours.close()
        while True:
            try:
                into.append(await theirs.receive())
            except LinkLostError:
                return

    runs: list[list[bytes]] = [[], [], []]
    for seed, into in zip((1, 1, 2), runs, strict=True):
        kit.run(run(seed, into))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert runs[0] != sorted(runs[0])
    assert len(set(runs[0])) < 50
