"""The client delivers every command once in effect over real sockets, whatever breaks."""

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.demo import client
from edge.demo.client import HttpFloor, new_id, trusting
from edge.demo.floor import FloorLostError, Json, RefusedError, SignedOutError

By = Literal["socket", "post"]
BOTH: tuple[By, ...] = ("socket", "post")


class Box:
    """The protocol's server side, with faults: each planned fault happens once, in order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.effects: dict[str, Json] = {}
        self.faults: list[str] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.since: list[str | None] = []
        self.is_open = True
        self.put_off: set[str] = set()
        self.seq = 7
        self.alarm: Json | None = None

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/api/v1/session", self.sign_in)
        app.router.add_get("/api/v1/session", self.session)
        app.router.add_delete("/api/v1/session", self.sign_out)
        app.router.add_post("/api/v1/commands", self.commands)
        app.router.add_get("/api/v1/ws", self.socket)
        app.router.add_get("/api/v1/tasks", self.tasks)
        return app

    def fault(self, *names: str) -> str:
        return self.faults.pop(0) if self.faults and self.faults[0] in names else ""

    def puts_off(self, command_id: str) -> bool:
        if command_id in self.put_off:
            self.put_off.clear()
        if self.put_off or self.fault("full"):
            self.put_off.add(command_id)
        return command_id in self.put_off

    def check(self, request: web.Request) -> None:
        if not self.is_open or request.headers.get("Authorization") != "Bearer secret":
            raise web.HTTPUnauthorized(text='{"ok": false, "code": "session_over", "facts": {}}')
        assert request.headers["X-Floor"] == "1"

    async def sign_in(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["pin"] != "482913":
            return web.json_response({"ok": False, "code": "sign_in_failed"}, status=401)
        self.is_open = True
        return web.json_response({"ok": True, "token": "secret", "session": {"id": "s-1"}})

    async def session(self, request: web.Request) -> web.Response:
        self.check(request)
        return web.json_response({"ok": True, "session": {"id": "s-1"}})

    async def sign_out(self, request: web.Request) -> web.Response:
        self.check(request)
        self.is_open = False
        return web.json_response({"ok": True})

    async def tasks(self, request: web.Request) -> web.Response:
        self.check(request)
        if self.fault("busy"):
            raise web.HTTPServiceUnavailable
        if self.fault("nonsense"):
            return web.Response(text="<html>")
        if self.fault("role"):
            return web.json_response({"code": "role_missing", "facts": {"n": 1}}, status=403)
        return web.json_response({"tasks": []})

    def answer(self, command: Json) -> Json:
        repeated = command["id"] in self.effects
        if not repeated:
            self.done.append(command["data"]["code"])
        self.effects[command["id"]] = command
        return {"ok": True, "id": command["id"], "status": 200, "facts": {}, "repeated": repeated}

    async def commands(self, request: web.Request) -> web.Response:
        self.check(request)
        [command] = await request.json()
        if self.fault("drop_before"):
            raise web.HTTPBadGateway
        if self.fault("busy"):
            no = {"ok": False, "id": command["id"], "status": 429, "code": "busy", "facts": {}}
            return web.json_response([no])
        answer = self.answer(command)
        if self.fault("drop_after"):
            raise web.HTTPBadGateway
        return web.json_response([answer])

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        self.check(request)
        assert request.headers["Origin"] == f"{request.scheme}://{request.host}"
        self.since.append(request.query.get("since"))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json(
            {"t": "hello", "seq": self.seq, "hub": "up", "session": {"id": "s-1"}}
        )
        if self.alarm is not None:
            await socket.send_json({"t": "alarm", "alarm": self.alarm})
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            frame = message.json()
            if frame["t"] == "ping":
                await socket.send_json({"t": "pong", "now": 0})
                continue
            if self.fault("drop_before"):
                break
            if self.fault("silent"):
                continue
            if self.puts_off(frame["cmd"]["id"]):
                no = {"ok": False, "status": 507, "code": "disk_full", "facts": {}}
                await socket.send_json({"t": "answer", "id": frame["cmd"]["id"], **no})
                continue
            answer = self.answer(frame["cmd"])
            if self.fault("drop_after"):
                break
            await socket.send_json({"t": "answer", **answer})
        return socket


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
async def server(box: Box) -> AsyncIterator[TestServer]:
    running = TestServer(box.app())
    await running.start_server()
    yield running
    await running.close()


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


def floor_at(server: TestServer, by: By = "socket", **more: Any) -> HttpFloor:
    return HttpFloor(str(server.make_url("")), "pda-1", by=by, pause=at_once, **more)


async def until(is_true: Callable[[], bool], floor: HttpFloor) -> None:
    while not is_true():
        await floor.news(0.01)


async def scan(floor: HttpFloor, code: str) -> Json:
    return await floor.command("pick.scan", {"task_id": "t", "step": 1, "code": code})


@pytest.mark.parametrize("by", BOTH)
@pytest.mark.parametrize("fault", ["", "drop_before", "drop_after"])
async def test_a_command_has_one_effect(box: Box, server: TestServer, by: By, fault: str) -> None:
    """A command whose answer or delivery is lost is sent again under its id (PICK-5)."""
    async with floor_at(server, by) as floor:
        await floor.sign_in("@B:1001", "482913")
        assert (await scan(floor, "a"))["ok"]
        box.faults = [fault]
        answer = await scan(floor, "b")
        assert (await scan(floor, "c"))["ok"]
    assert box.done == ["a", "b", "c"]
    assert answer["repeated"] == (fault == "drop_after")
    assert {uuid.UUID(one).version for one in box.effects} == {7}


async def test_many_commands_survive_a_loss_in_order(box: Box, server: TestServer) -> None:
    """What stands unanswered when the socket breaks is sent again, oldest first (PICK-4)."""
    async with floor_at(server) as floor:
        await floor.sign_in("@B:1001", "482913")
        await scan(floor, "0")
        box.faults = ["drop_after"]
        codes = [str(n) for n in range(1, 30)]
        await asyncio.gather(*(scan(floor, code) for code in codes))
        assert floor.connects == 2
    assert box.done == ["0", *codes]


async def test_none_passes_one_that_was_put_off(box: Box, server: TestServer) -> None:
    """When the box has no room for one, those behind it come again in its wake (PICK-4)."""
    full_times, codes = 3, [str(n) for n in range(30)]
    async with floor_at(server) as floor:
        await floor.sign_in("@B:1001", "482913")
        box.faults = ["full"] * full_times
        answers = await asyncio.gather(*(scan(floor, code) for code in codes))
        assert (await scan(floor, "last"))["ok"]
        assert floor.connects == 1
    assert (box.faults, {answer["ok"] for answer in answers}) == ([], {True})
    assert box.done == [*codes, "last"]


async def test_a_late_answer_is_asked_for_again(
    box: Box, server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that the box swallowed is sent again on the same connection (PICK-5)."""
    monkeypatch.setattr(client, "ANSWER_S", 0.05)
    async with floor_at(server) as floor:
        await floor.sign_in("@B:1001", "482913")
        await scan(floor, "a")
        box.faults = ["silent"]
        await scan(floor, "b")
        assert floor.connects == 1
    assert box.done == ["a", "b"]


async def test_a_busy_box_is_asked_again(box: Box, server: TestServer) -> None:
    """429 and 503 are tried again; the caller sees the good answer only."""
    async with floor_at(server, "post") as floor:
        await floor.sign_in("@B:1001", "482913")
        box.faults = ["busy", "busy"]
        assert (await scan(floor, "a"))["ok"]
        box.faults = ["busy", "busy"]
        assert await floor.get("tasks") == {"tasks": []}
    assert box.done == ["a"]


async def test_reads_that_are_refused_say_why(box: Box, server: TestServer) -> None:
    """A refused or unreadable answer becomes one error with status and code."""
    async with floor_at(server, "post") as floor:
        await floor.sign_in("@B:1001", "482913")
        box.faults = ["role", "nonsense"]
        with pytest.raises(RefusedError) as caught:
            await floor.get("tasks")
        assert (caught.value.status, caught.value.code) == (403, "role_missing")
        assert caught.value.facts == {"n": 1}
        with pytest.raises(RefusedError) as caught:
            await floor.get("tasks")
        assert caught.value.code == "not_json"


async def test_entries_move_the_cursor(box: Box, server: TestServer) -> None:
    """The client connects again from the newest entry it has seen."""
    seen: list[str] = []
    async with floor_at(server, observe=lambda frame: seen.append(frame["t"])) as floor:
        await floor.sign_in("@B:1001", "482913")
        await until(lambda: floor.connects == 1, floor)
        await box.sockets[0].send_json({"t": "entry", "entry": {"seq": 9}})
        await box.sockets[0].send_json({"t": "status", "hub": "down"})
        await until(lambda: floor.hello.get("hub") == "down", floor)
        await box.sockets[0].close()
        await until(lambda: floor.connects == 2, floor)
    assert box.since == [None, "9"]
    assert seen == ["hello", "entry", "status", "hello"]


async def test_an_alarm_stays_until_acknowledged(box: Box, server: TestServer) -> None:
    """An alarm is shown once, however often it is raised, until the box has its answer (FRZ-4)."""
    box.alarm = {"id": "al-1", "code": "order_frozen", "facts": {}}
    async with floor_at(server) as floor:
        await floor.sign_in("@B:1001", "482913")
        await until(lambda: bool(floor.alarms()), floor)
        await box.sockets[0].send_json({"t": "alarm", "alarm": box.alarm})
        await scan(floor, "a")
        assert [alarm["id"] for alarm in floor.alarms()] == ["al-1"]
        await floor.command("alarm.ack", {"alarm_id": "al-1", "code": "ack"})
        assert floor.alarms() == ()


@pytest.mark.parametrize("frame", ['{"nonsense"', '{"a": 1}', "[]", '{"t": "entry"}'])
async def test_nonsense_ends_the_connection_only(box: Box, server: TestServer, frame: str) -> None:
    """A frame that is not as the protocol says costs the connection, not the client."""
    async with floor_at(server) as floor:
        await floor.sign_in("@B:1001", "482913")
        await scan(floor, "a")
        await box.sockets[0].send_str(frame)
        await until(lambda: floor.connects == 2, floor)
        await scan(floor, "b")
    assert box.done == ["a", "b"]


@pytest.mark.parametrize("by", BOTH)
async def test_an_ended_session_is_told_at_once(box: Box, server: TestServer, by: By) -> None:
    """After the session's end every call raises until somebody signs in again (SEC-2)."""
    async with floor_at(server, by) as floor:
        await floor.sign_in("@B:1001", "482913")
        await scan(floor, "a")
        await until(lambda: bool(box.sockets), floor)
        box.is_open = False
        await box.sockets[-1].close()
        with pytest.raises(SignedOutError):
            await scan(floor, "b")
        assert await floor.resume() is None
        await floor.sign_in("@B:1001", "482913")
        await scan(floor, "c")
    assert box.done == ["a", "c"]


async def test_a_session_is_resumed_after_a_loss(server: TestServer) -> None:
    """The token in hand resumes the session; without one there is nothing to resume."""
    async with floor_at(server) as floor:
        assert await floor.resume() is None
        await floor.sign_in("@B:1001", "482913")
        assert await floor.resume() == {"id": "s-1"}
        await floor.sign_out()
        assert await floor.resume() is None
        with pytest.raises(SignedOutError):
            await scan(floor, "a")


async def test_a_wrong_pin_is_a_plain_no(server: TestServer) -> None:
    """A failed sign-in is no lost session."""
    async with floor_at(server) as floor:
        with pytest.raises(RefusedError) as caught:
            await floor.sign_in("@B:1001", "000000")
        assert caught.value.code == "sign_in_failed"
        assert not isinstance(caught.value, SignedOutError)


async def test_a_box_that_is_gone_is_lost(server: TestServer) -> None:
    """Patience has an end: then the caller is told that the box is lost."""
    async with floor_at(server, "post") as floor:
        await floor.sign_in("@B:1001", "482913")
        assert floor.trouble == ""
        api = server.make_url("/api/v1")
        await server.close()
        with pytest.raises(FloorLostError):
            await scan(floor, "a")
        with pytest.raises(FloorLostError):
            await floor.get("tasks")
        assert floor.trouble.startswith(f"{api}: ClientConnectorError: ")


def test_ids_are_distinct_and_sorted_by_time() -> None:
    """Ids are UUIDv7: none twice, later ones not smaller in their first 48 bits."""
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    heads = [one[:13] for one in ids]
    assert heads == sorted(heads)


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "floor test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


async def test_tls_trusts_the_given_authority_only(box: Box, tmp_path: Path) -> None:
    """With the box's CA file both requests and socket work; without it the box is lost (SEC-1)."""
    cert, key = certificate(tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(cert, key)
    runner = web.AppRunner(box.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=served)
    await site.start()
    port = runner.addresses[0][1]
    try:
        url = f"https://127.0.0.1:{port}"
        async with HttpFloor(url, "pda-1", tls=trusting(cert), pause=at_once) as floor:
            await floor.sign_in("@B:1001", "482913")
            assert (await scan(floor, "a"))["ok"]
        async with HttpFloor(url, "pda-1", pause=at_once) as floor:
            with pytest.raises(FloorLostError):
                await floor.sign_in("@B:1001", "482913")
    finally:
        await runner.cleanup()
