"""The hub link where a proxy lets no WebSocket through: requests stand in, and give way again."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sync.api import hub_link, run_hub
from sync.transports import fallback

POLL_S_MAX = 35.0
PASSED_ON = ("Content-Type",)


class Proxy:
    """Passes requests on to the hub. What it does with WebSockets is `websockets`.

    `refuse`: it knows none. `swallow`: it opens them and lets nothing through. `greet`: it opens
    them to say something of its own. `pass`: it does.
    """

    def __init__(self, hub: str) -> None:
        self.websockets = "refuse"
        self.opened: list[str] = []
        self._hub = hub

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        self.opened.append(request.method)
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        body = await request.read()
        async with (
            aiohttp.ClientSession() as client,
            client.request(
                request.method, f"{self._hub}{request.path}", data=body, headers=headers
            ) as reply,
        ):
            return web.Response(status=reply.status, body=await reply.read())

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.websockets == "refuse":
            raise web.HTTPBadRequest
        ours = web.WebSocketResponse()
        await ours.prepare(request)
        if self.websockets == "swallow":
            await ours.receive()
            return ours
        if self.websockets == "greet":
            self.opened.append("greeted")
            await ours.send_str("please sign in")
            return ours
        self.opened.append("websocket")
        async with aiohttp.ClientSession() as client:
            theirs = await client.ws_connect(f"{self._hub}/link")
            await asyncio.wait(
                [asyncio.create_task(_pump(*way)) for way in ((ours, theirs), (theirs, ours))],
                return_when=asyncio.FIRST_COMPLETED,
            )
            await theirs.close()
        return ours


async def _pump(source: Any, sink: Any) -> None:
    async for message in source:
        await sink.send_bytes(message.data)


@asynccontextmanager
async def proxied(folder: Path) -> AsyncIterator[tuple[str, Proxy, str]]:
    """Run a hub behind a proxy; give the hub's address, the proxy, and its address."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    hub = asyncio.create_task(
        run_hub(folder, "127.0.0.1", 0, {"box-1": "token-1"}, on_ready=ready.set_result)
    )
    proxy = Proxy(await ready)
    app = web.Application(client_max_size=2**23)
    app.router.add_route("*", "/{any:.*}", proxy.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield ready.result(), proxy, f"ws://{host}:{port}/link"
    finally:
        await runner.cleanup()
        hub.cancel()
        await asyncio.gather(hub, return_exceptions=True)


async def tell(hub: str, path: str, body: Any) -> None:
    async with aiohttp.ClientSession() as client, client.post(f"{hub}{path}", json=body) as reply:
        assert reply.status == 202, await reply.text()


@pytest.mark.parametrize("websockets", ["refuse", "swallow"])
async def test_ruleset_and_freeze_arrive_by_requests_within_the_bound(
    kit: Any, tmp_path: Path, websockets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a proxy without WebSockets all goes on, in order and signed, in time (RULE-2, SYNC-1).

    Entries go up and are acknowledged as on a WebSocket.
    """
    monkeypatch.setattr(fallback, "FIRST_S", 0.3)
    async with proxied(tmp_path) as (hub, proxy, url):
        proxy.websockets = websockets
        world, journal = kit.World(":memory:"), kit.Journal()
        for _ in range(30):
            journal.add()
        agent = world.agent(journal, connect=hub_link(url))
        world.spawn(agent.run())
        begun = time.monotonic()
        await tell(hub, "/api/v1/rulesets", [{"document": "version = 2"}])
        frozen = {"box": "box-1", "kind": "order.freeze", "body": {"order_id": "1001"}}
        await tell(hub, "/api/v1/instructions", frozen)
        await kit.until(lambda: len(journal.delivered) == 2, POLL_S_MAX)
        took_s = time.monotonic() - begun
        assert [each.kind for each in journal.delivered] == ["ruleset.publish", "order.freeze"]
        assert took_s < POLL_S_MAX
        await kit.until(lambda: agent.state.up_cursor == 30)
        begun = time.monotonic()
        await tell(hub, "/api/v1/instructions", frozen)  # on a link that waits: it is told at once
        await kit.until(lambda: len(journal.delivered) == 3)
        assert time.monotonic() - begun < 5
        assert "websocket" not in proxy.opened
        await world.stop()


async def test_websockets_are_taken_again_when_they_work(
    kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link by requests gives way by itself; nothing is lost or doubled in between (SYNC-1)."""
    monkeypatch.setattr(fallback, "RETURN_S", 0.2)
    async with proxied(tmp_path) as (hub, proxy, url):
        world, journal = kit.World(":memory:"), kit.Journal()
        agent = world.agent(journal, connect=hub_link(url))
        proxy.websockets = "greet"
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.up)
        assert set(proxy.opened) >= {"POST", "GET"}
        await kit.until(lambda: proxy.opened.count("greeted") > 1)
        proxy.websockets = "pass"
        await kit.until(lambda: "websocket" in proxy.opened)
        for n in range(20):
            journal.add()
            frozen = {"box": "box-1", "kind": "order.freeze", "body": {"order_id": f"{n}"}}
            await tell(hub, "/api/v1/instructions", frozen)
        await kit.until(lambda: len(journal.delivered) == 20 and agent.state.up_cursor == 20)
        assert [each.body["order_id"] for each in journal.delivered] == [f"{n}" for n in range(20)]
        proxy.opened.clear()
        journal.add()
        await kit.until(lambda: agent.state.up_cursor == 21)
        assert proxy.opened == []
        await world.stop()


async def test_broken_bodies_and_unknown_links_end_nothing_else(tmp_path: Path) -> None:
    """What is no array of frames, or for no link, is refused; the door stays open (SEC-4)."""
    async with proxied(tmp_path) as (hub, _, _), aiohttp.ClientSession() as client:
        async with client.post(f"{hub}/link") as reply:
            name = await reply.text()
        said = []
        for path, body in ((name, b"\xc1"), ("0" * 32, b"\x90"), (name, b"\x90")):
            async with client.post(f"{hub}/link/{path}", data=body) as reply:
                said.append((reply.status, json.loads(await reply.text())["ok"]))
        assert said == [(400, False), (410, False), (410, False)]
        async with client.post(f"{hub}/link") as reply:
            assert reply.status == 200
