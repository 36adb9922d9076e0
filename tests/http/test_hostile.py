"""Requests that no page sends: each gets a clear "no" or is cut, and the box goes on (SEC-4)."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
import uvloop
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web

from edge.app.dispatch import FRAME_BYTES_MAX
from edge.http import door, wire
from edge.http.door import Door, Shares
from edge.http.socket import SOCKETS_MAX
from tests.rig import Rig, heard

READ_S = 10.0


@asynccontextmanager
async def connection(rig: Rig) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection to the box's port, below HTTP."""
    trust = ssl.create_default_context(cafile=str(rig.box.data / "tls" / "ca.pem"))
    port = int(rig.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=trust, server_hostname="localhost"
    )
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def said(rig: Rig, raw: bytes) -> bytes:
    """Return the first bytes of what the box says to `raw`, nothing where it hangs up."""
    async with connection(rig) as (reader, writer):
        writer.write(raw)
        async with asyncio.timeout(READ_S):
            return await reader.read(100)


async def is_well(rig: Rig) -> bool:
    """Tell whether another PDA is served as ever."""
    keeper = await rig.client("keeper")
    return (await keeper.get("/health"))["ok"] is True


HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
TOO_LONG = b"x" * 9_000
MALFORMED = [
    pytest.param(HEAD + b"A: " + TOO_LONG + b"\r\n\r\n", id="a header of 9,000 bytes"),
    pytest.param(HEAD + b"A: b\r\n" * 200 + b"\r\n", id="200 headers"),
    pytest.param(b"GET /" + TOO_LONG + b" HTTP/1.1\r\n\r\n", id="an address of 9,000 bytes"),
    pytest.param(b"\x16\x03\x01\x02\x00" * 50 + b"\r\n\r\n", id="no HTTP"),
    pytest.param(HEAD + b"Content-Length: -1\r\n\r\n", id="a negative length"),
    pytest.param(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two lengths"),
    pytest.param(
        HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        id="length and chunks: request smuggling",
    ),
    pytest.param(HEAD + b"A\x00B: c\r\n\r\n", id="a zero byte in a name"),
]


@pytest.mark.parametrize("raw", MALFORMED)
async def test_what_is_no_http_gets_400(rig: Rig, raw: bytes) -> None:
    """The connection gets 400 and ends; nobody else notices."""
    assert (await said(rig, raw)).split(b" ")[1] == b"400"
    assert await is_well(rig)


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
async def test_a_method_that_is_not_asked_for_repeats_nothing(rig: Rig, method: str) -> None:
    """405 in the one shape, without a word of what was sent (SEC-4)."""
    picker = await rig.client("picker")
    status, answer = await picker.ask(method, "/api/v1/tasks", headers={"X-Secret": "4711"})
    assert (status, answer["code"], "4711" in str(answer)) == (405, "method_not_allowed", False)


def nested(levels: int) -> bytes:
    """Return a command whose data is nested so deep."""
    return b'[{"data":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}]"


@pytest.mark.parametrize(
    ("body", "sent", "code"),
    [
        pytest.param(b"[]", {"Content-Type": "text/plain"}, "malformed", id="text"),
        pytest.param(b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}, "malformed",
                     id="a form"),
        pytest.param(b"[]", {"Content-Type": "multipart/form-data"}, "malformed", id="parts"),
        pytest.param(nested(100_000), {}, "malformed", id="deep objects"),
        pytest.param(b"[" * 500_000, {}, "malformed", id="deep lists"),
        pytest.param(b'["\xff\xfe"]', {}, "malformed", id="no UTF-8"),
        pytest.param(b'["\\ud800"]', {}, "malformed", id="half a surrogate pair"),
        pytest.param(b"[1e999999]", {}, "malformed", id="a number beyond all numbers"),
        pytest.param(b"[]", {"Content-Encoding": "gzip"}, "malformed", id="no gzip"),
        pytest.param(b" " * (wire.BODY_BYTES_MAX + 1), {}, "too_large", id="too large"),
    ],
)  # fmt: skip
async def test_a_body_that_is_no_command(
    rig: Rig, body: bytes, sent: dict[str, str], code: str
) -> None:
    """400 in the one shape, no entry, and what the body must be."""
    picker = await rig.client("picker")
    before = rig.box.writer.head.seq
    status, answer = await picker.ask("POST", "/api/v1/commands", body, sent)
    assert (status, answer["code"], rig.box.writer.head.seq) == (400, code, before)
    assert await is_well(rig)


async def test_a_body_that_never_comes_is_given_up(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends its body byte by byte is told so after a while, and cut (SEC-4)."""
    monkeypatch.setattr(wire, "BODY_S", 0.1)
    picker = await rig.client("picker")
    head = (
        "POST /api/v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {picker.token}\r\nX-Floor: 1\r\nContent-Length: 100\r\n\r\n["
    )
    async with connection(rig) as (reader, writer):
        writer.write(head.encode())
        async with asyncio.timeout(READ_S):
            answer = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readuntil(b"}")
    assert (answer.split(b"\r\n")[0], b"body_late" in body) == (b"HTTP/1.1 400 Bad Request", True)


@pytest.fixture
def short_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let connections idle for a moment only; it is read when the door opens."""
    monkeypatch.setattr(door, "IDLE_S", 0.3)


@pytest.mark.usefixtures("short_idle")
async def test_heads_that_never_end_are_cut(rig: Rig) -> None:
    """A hundred connections that dribble their heads are closed; a PDA is served meanwhile."""
    picker = await rig.client("picker")
    async with asyncio.timeout(READ_S), asyncio.TaskGroup() as group:
        slow = [group.create_task(_dribble(rig)) for _ in range(100)]
        assert (await picker.get("/api/v1/tasks"))["tasks"] == []
    assert [task.result() for task in slow] == [b""] * len(slow)


async def _dribble(rig: Rig) -> bytes:
    async with connection(rig) as (reader, writer):
        writer.write(HEAD + b"A: b")
        return await reader.read()


# ---- the websocket ----------------------------------------------------------------------------


async def _ended(socket: ClientWebSocketResponse) -> int | None:
    """Return the code with which the box ends a conversation."""
    async with asyncio.timeout(READ_S):
        async for _ in socket:
            pass
    return socket.close_code


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        pytest.param(WSMsgType.BINARY, b"\x00\x01", 1003, id="bytes"),
        pytest.param(WSMsgType.TEXT, b"\xff\xfe\xfd", 1007, id="text that is no UTF-8"),
        pytest.param(WSMsgType.TEXT, b"x" * (FRAME_BYTES_MAX + 1), 1009, id="too long"),
    ],
)
async def test_frames_that_end_the_conversation(
    rig: Rig, kind: WSMsgType, payload: bytes, code: int
) -> None:
    """It is closed, where possible with the code of RFC 6455, 7.4.1; another PDA's goes on."""
    picker, other = await rig.client("picker"), await rig.client("packer")
    async with picker.socket() as socket, other.socket() as calm:
        await heard(socket, "hello")
        await socket.send_frame(payload, kind)
        assert await _ended(socket) in {code, 1006}
        await calm.send_json({"t": "ping"})
        assert (await heard(calm, "pong"))["t"] == "pong"


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b'{"t":1}',
        b'{"t":"cmd"}',
        b'{"t":"cmd","cmd":[]}',
        b'{"t":"fly"}',
        nested(5_000)[1:-1],
        b'{"t":"cmd","cmd":' + nested(5_000)[1:-1] + b"}",
    ],
    ids=lambda frame: repr(frame[:20]),
)
async def test_frames_that_mean_nothing_are_answered(rig: Rig, frame: bytes) -> None:
    """Each gets `malformed`, leaves no entry, and the conversation goes on (SEC-4)."""
    picker = await rig.client("picker")
    before = rig.box.writer.head.seq
    async with picker.socket() as socket:
        await heard(socket, "hello")
        await socket.send_frame(frame, WSMsgType.TEXT)
        assert (await heard(socket, "answer"))["code"] == "malformed"
        await socket.send_json({"t": "ping"})
        assert (await heard(socket, "pong"))["t"] == "pong"
    assert rig.box.writer.head.seq == before


async def test_frames_without_a_mask_or_with_reserved_bits_end_it(rig: Rig) -> None:
    """What RFC 6455 forbids of a client's frames closes its connection, and no other."""
    picker = await rig.client("picker")
    for raw in (b"\xf1\x80\x00\x00\x00\x00", b"\x8f\x80\x00\x00\x00\x00", b"\x89\xfe\xff\xff" * 4):
        async with picker.socket() as socket:
            await heard(socket, "hello")
            assert socket._response.connection is not None
            transport = socket._response.connection.transport
            assert transport is not None
            transport.write(raw)
            assert await _ended(socket) in {1002, 1006, 1009}
    assert await is_well(rig)


def test_bodies_are_decoded_by_one_parser() -> None:
    """A key that stands twice is no second truth: the last one counts, everywhere the same."""
    assert msgspec.json.decode(b'{"a":1,"a":2}') == {"a": 2}


# ---- connections ------------------------------------------------------------------------------


async def test_a_device_gone_wild_takes_its_share_of_websockets_only(rig: Rig) -> None:
    """One websocket too many of a device is refused, and another PDA gets its own (SEC-4)."""
    wild, calm = await rig.client("picker"), await rig.client("packer")
    async with contextlib.AsyncExitStack() as held:
        for _ in range(SOCKETS_MAX):
            await held.enter_async_context(wild.socket())
        with pytest.raises(WSServerHandshakeError) as refused:
            await held.enter_async_context(wild.socket())
        assert refused.value.status == 429
        async with calm.socket() as socket:
            assert (await heard(socket, "hello"))["t"] == "hello"
    while (await calm.get("/health"))["ok"] and rig.box.push.clients_of(wild.device):
        pass
    async with wild.socket() as socket:
        assert (await heard(socket, "hello"))["t"] == "hello"


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_an_address_takes_its_share_of_connections_only(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """One too many of an address is closed at once, others are served, and room comes back."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_shares())


async def _shares() -> None:
    door = Door(web.Application(), "http.port", Shares(each_max=3, all_max=4))
    port = await door.open("127.0.0.1", 0, handed={})
    wild = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    assert await _hung_up(port, "127.0.0.1")
    calm = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
    assert await _hung_up(port, "127.0.0.3")  # the door holds no more
    wild.pop()[1].close()
    async with asyncio.timeout(READ_S):
        while await _hung_up(port, "127.0.0.1"):
            pass
    for _, writer in (*wild, calm):
        writer.close()
    await door.close()


async def _hung_up(port: int, address: str) -> bool:
    """Tell whether the door closes a new connection of an address without a word."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        said = await reader.read(9)
        writer.close()
    except ConnectionError:
        return True
    return not said
