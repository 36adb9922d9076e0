"""From the hub to the floor: orders, a published ruleset and a freeze, through real processes."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import msgspec

from edge.bench.child import Child, hub_of, pin_hash, serving
from edge.bench.figures import Figure, median, percentile
from edge.bench.floor import PIN, BenchFloor, order_body, people_items, stock_lists
from edge.bench.law_proxy import without_websockets
from edge.bootstrap import default_ruleset
from edge.domain.rules.compiled import load_ruleset

PDAS: Final = 200
ACTIVE_ORDERS: Final = 10_000
LINES: Final = 2
PUSHES: Final = 20
FREEZES: Final = 20
PUBLISH_S_MAX: Final = 2.0
POLLED_S_MAX: Final = 35.0
POLLED_ORDERS: Final = 200
FREEZE_S_MAX: Final = 1.0
POST_ITEMS: Final = 200
STEP_ORDERS: Final = 2_000
"""After so many orders the progress is told."""
FLOOR_ORDERS: Final = 400
FLOOR_ROUNDS: Final = 5
WAIT_S_MAX: Final = 120.0
"""For one step; the bench gives up on a box that does not get there."""
TOOK: Final = "floorgate_ruleset_publish_to_first_order_seconds"

Progress = Callable[[str], None]


async def link_figures(
    folder: Path, progress: Progress, orders: int = ACTIVE_ORDERS, pdas: int = PDAS
) -> list[Figure]:
    """Measure with a hub, a box with `orders` active orders, and `pdas` websockets over TLS."""
    alone = _writer_alone(folder / "alone")
    with hub_of(folder / "hub") as hub, serving(folder / "box", hub=hub) as box:
        connector = aiohttp.TCPConnector(limit=0, ssl=box.tls())
        async with aiohttp.ClientSession(connector=connector) as client:
            site = _Site(client, hub, box)
            rate = await site.fill(orders, progress)
            progress(f"publish to first order, {PUSHES} times")
            publishes = [await site.publish_s(2 + n) for n in range(PUSHES)]
            progress(f"{pdas} PDAs sign in")
            await site.people(pdas)
            async with _Crew(client, box, [await site.sign_in(n) for n in range(pdas)]) as crew:
                progress(f"freeze to the last of {pdas} PDAs, {FREEZES} times")
                rounds = [await site.round_trip_s(crew) for _ in range(FREEZES)]
                freezes = [await site.freeze_s(crew, n) for n in range(FREEZES)]
    polled = await _polled(folder, progress)
    taken = Figure(f"{orders:,} orders of {LINES} lines through the hub, taken over", "/s", rate,
                   floor=alone, floor_name="the writer alone", ratio=rate / alone)  # fmt: skip
    told = f"freeze at the hub → last of {pdas} PDAs told, {orders:,} orders"
    published = "publish at the hub → first order decided by it"
    return [
        taken,
        *_reached(published, publishes, _checks(), "checking it alone", PUBLISH_S_MAX),
        *_reached(f"{published}, by requests", polled, publishes, "by WebSocket", POLLED_S_MAX),
        *_reached(told, freezes, rounds, "a request there, a ping to each", FREEZE_S_MAX),
    ]


async def _polled(folder: Path, progress: Progress) -> list[float]:
    """Return s from publish to first order where a proxy lets no WebSocket through."""
    with hub_of(folder / "polled-hub") as hub:
        async with without_websockets(hub) as proxy:
            with serving(folder / "polled-box", hub=proxy) as box:
                connector = aiohttp.TCPConnector(limit=0, ssl=box.tls())
                async with aiohttp.ClientSession(connector=connector) as client:
                    site = _Site(client, hub, box)
                    await site.fill(POLLED_ORDERS, progress)
                    progress(f"publish to first order by requests, {PUSHES} times")
                    return [await site.publish_s(2 + n) for n in range(PUSHES)]


def _reached(
    name: str, took_s: list[float], beside_s: list[float], beside: str, most_s: float
) -> list[Figure]:
    value, floor = median(took_s), median(beside_s)
    high, high_floor = percentile(took_s, 0.99), percentile(beside_s, 0.99)
    return [
        Figure(name, "s", value, (min(took_s), max(took_s)), floor, beside, value / floor),
        Figure(f"{name}, p99 of {len(took_s)}", "s", high, floor=high_floor, floor_name=beside,
               ratio=high / high_floor, target=f"≤ {most_s:g} s", met=high <= most_s),
    ]  # fmt: skip


def _writer_alone(folder: Path) -> float:
    """Return how many of the same orders a second a writer decides that nobody else asks."""
    folder.mkdir()
    floor = BenchFloor(folder / "floor.db")
    floor.stock_up()
    rates = []
    for at in range(FLOOR_ROUNDS):
        begun = time.perf_counter()
        floor.assign(range(at * FLOOR_ORDERS, (at + 1) * FLOOR_ORDERS), lines=LINES)
        rates.append(FLOOR_ORDERS / (time.perf_counter() - begun))
    floor.store.close()
    return median(rates)


def _checks() -> list[float]:
    """Return s that reading and checking the ruleset takes by itself."""
    took = []
    for n in range(PUSHES):
        document = _ruleset(2 + n)
        begun = time.perf_counter()
        load_ruleset(document)
        took.append(time.perf_counter() - begun)
    return took


class _Crew:
    """PDAs that are connected and hear all that they are told."""

    def __init__(self, client: aiohttp.ClientSession, box: Child, tokens: list[str]) -> None:
        self._client = client
        self._url = f"{box.url}/api/v1/ws"
        self._tokens = tokens
        self._sockets: list[aiohttp.ClientWebSocketResponse] = []
        self._hearing: list[asyncio.Task[None]] = []
        self._heard: dict[str, int] = {}
        """How many PDAs have heard of a thing."""
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        for token in self._tokens:
            headers = {"Authorization": f"Bearer {token}"}
            self._sockets.append(await self._client.ws_connect(self._url, headers=headers))
        self._hearing = [asyncio.create_task(self._hear(socket)) for socket in self._sockets]
        await self.until_all_heard("hello")
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(socket.close() for socket in self._sockets))
        for hearing in self._hearing:
            await hearing

    async def _hear(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            frame = msgspec.json.decode(message.data)
            heard = frame["t"]
            if heard == "entry":
                heard = f"{frame['entry']['kind']} {frame['entry']['subject']}"
            self._heard[heard] = self._heard.get(heard, 0) + 1
            if self._heard[heard] == len(self._sockets):
                async with self._news:
                    self._news.notify_all()

    async def until_all_heard(self, what: str) -> None:
        """Return once every PDA has heard `what`: a frame's kind, or an entry's and its subject."""
        async with asyncio.timeout(WAIT_S_MAX), self._news:
            await self._news.wait_for(lambda: self._heard.get(what, 0) == len(self._sockets))

    async def ping(self) -> None:
        """Return once every PDA has its answer to a ping."""
        self._heard["pong"] = 0
        for socket in self._sockets:
            await socket.send_str('{"t":"ping"}')
        await self.until_all_heard("pong")


class _Site:
    """A hub and a box, driven through their APIs."""

    def __init__(self, client: aiohttp.ClientSession, hub: str, box: Child) -> None:
        self._client = client
        self._hub = hub
        self._box = box
        self._orders = 0

    async def _post(self, path: str, body: Any) -> None:  # noqa: ANN401 - any JSON
        async with self._client.post(f"{self._hub}/api/v1/{path}", json=body) as reply:
            assert reply.status < 300, await reply.text()  # noqa: PLR2004 - HTTP

    async def _until(self, path: str, is_done: Callable[[int, str], bool], token: str = "") -> str:
        """Return what the box says at `path`, once status and text are what they should be."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with asyncio.timeout(WAIT_S_MAX):
            while True:
                async with self._client.get(f"{self._box.url}{path}", headers=headers) as reply:
                    text = await reply.text()
                if is_done(reply.status, text):
                    return text
                await asyncio.sleep(0.01)

    async def _assign(self, count: int) -> None:
        first, self._orders = self._orders, self._orders + count
        for at in range(first, self._orders, POST_ITEMS):
            some = range(at, min(at + POST_ITEMS, self._orders))
            await self._post("orders", [order_body(n, 1, LINES) for n in some])

    async def people(self, count: int) -> None:
        """Have the hub tell the box of people."""
        await self._post("people", people_items(count, pin_hash()))

    async def sign_in(self, n: int) -> str:
        """Sign a picker in at a PDA of the same number, once the box knows of them."""
        body = {"badge": f"@B:{n}", "pin": PIN, "device": f"pda-{n}"}
        url = f"{self._box.url}/api/v1/session"
        async with asyncio.timeout(WAIT_S_MAX):
            while True:
                async with self._client.post(url, json=body, headers={"X-Floor": "1"}) as reply:
                    if reply.ok:
                        token: str = (await reply.json())["token"]
                        return token
                await asyncio.sleep(0.1)

    async def fill(self, orders: int, progress: Progress) -> float:
        """Give the box goods and orders, by way of the hub; return orders a second."""
        await self._until("/health", lambda _, text: '"hub":"up"' in text)
        for what, items in stock_lists().items():
            await self._post(what, items)
        await self.people(1)
        token = await self.sign_in(0)
        progress(f"{orders:,} orders through the hub")
        begun = time.monotonic()
        assigning = asyncio.create_task(self._assign(orders))
        for count in (*range(STEP_ORDERS, orders, STEP_ORDERS), orders):
            path = f"/api/v1/orders/O{count - 1:07}"
            await self._until(path, lambda status, _: status == 200, token)  # noqa: PLR2004 - HTTP
            progress(f"{count:,} of them taken over")
        filled_s = time.monotonic() - begun
        await assigning
        return orders / filled_s

    async def publish_s(self, version: int) -> float:
        """Publish a ruleset and an order behind it; return what the box measured."""
        before = await self._until("/metrics", lambda *_: True)
        await self._post("rulesets", [{"document": _ruleset(version).decode()}])
        await self._assign(1)
        after = await self._until("/metrics", lambda _, text: _metric(text) != _metric(before))
        return _metric(after)

    async def round_trip_s(self, crew: _Crew) -> float:
        """Return s for a request to the hub and then a ping to every PDA: the way, without law."""
        begun = time.monotonic()
        async with self._client.get(f"{self._hub}/health"):
            await crew.ping()
        return time.monotonic() - begun

    async def freeze_s(self, crew: _Crew, n: int) -> float:
        """Cancel order `n` at the hub; return s from the request to the last PDA's frame."""
        begun = time.monotonic()
        await self._post(f"orders/O{n:07}/cancel", {})
        await crew.until_all_heard(f"freeze.opened order:O{n:07}")
        return time.monotonic() - begun


def _ruleset(version: int) -> bytes:
    return default_ruleset().replace(b"version = 1", b"version = %d" % version, 1)


def _metric(text: str) -> float:
    return float(next(line for line in text.splitlines() if line.startswith(TOOK)).split()[1])
