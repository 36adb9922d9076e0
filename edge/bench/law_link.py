"""From the hub to the floor: a published ruleset and a freeze, through real processes."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from edge.bench.child import pin_hash
from edge.bench.figures import Figure, median, percentile
from edge.bench.floor import PIN, order_body, people_items, stock_lists
from edge.bootstrap import default_ruleset

PDAS: Final = 200
ACTIVE_ORDERS: Final = 10_000
PUSHES: Final = 20
FREEZES: Final = 20
PUBLISH_S_MAX: Final = 2.0
FREEZE_S_MAX: Final = 1.0
FLOOR_S: Final = (18.0, 43.0)
"""How long a cancel takes to reach the floor in warehouses without a box."""
POST_ITEMS: Final = 200
WAIT_S_MAX: Final = 300.0
TOKEN: Final = "bench-token"  # noqa: S105 - of a hub that lives as long as the bench
TOOK: Final = "floorgate_ruleset_publish_to_first_order_seconds"

Progress = Callable[[str], None]


@contextmanager
def _process(*words: str) -> Iterator[str]:
    """Run `floorgate` until the block ends; give the address that it prints first."""
    command = [sys.executable, "-m", "edge", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(WAIT_S_MAX)


async def link_figures(
    folder: Path, progress: Progress, orders: int = ACTIVE_ORDERS, pdas: int = PDAS
) -> list[Figure]:
    """Measure with a hub, a box with `orders` active orders, and `pdas` websockets."""
    words = ("hub", "--data", str(folder / "hub"), "--port", "0", "--box", f"bench={TOKEN}")
    with _process(*words) as hub:
        config = folder / "box.toml"
        config.write_text(
            f'data = "{folder}/box"\n[box]\nid = "bench"\n'
            f'[http]\nhost = "127.0.0.1"\nport = 0\nopen_devices = true\ntls = false\n'
            f'[hub]\nurl = "{hub.replace("http", "ws")}/link"\ntoken = "{TOKEN}"\n'
        )
        with _process("serve", "--config", str(config)) as box:
            async with aiohttp.ClientSession() as client:
                site = _Site(client, hub, box)
                progress(f"{orders} orders through the hub")
                filled_s = await site.fill(orders, pdas)
                progress(f"publish to first order, {PUSHES} times")
                publishes = [await site.publish_s(2 + n) for n in range(PUSHES)]
                progress(f"freeze to the last of {pdas} PDAs, {FREEZES} times")
                freezes = await site.freezes_s(pdas)
    publish, freeze = percentile(publishes, 0.99), percentile(freezes, 0.99)
    published = "publish at the hub → first order decided by it"
    told = f"freeze at the hub → last of {pdas} PDAs told, {orders:,} orders"
    return [
        Figure(f"{orders:,} orders through the hub, taken over", "/s", orders / filled_s),
        Figure(published, "s", median(publishes), (min(publishes), max(publishes))),
        Figure(f"{published}, p99 of {PUSHES}", "s", publish, target=f"≤ {PUBLISH_S_MAX:g} s",
               met=publish <= PUBLISH_S_MAX),
        Figure(told, "s", median(freezes), (min(freezes), max(freezes)), FLOOR_S[0],
               "least of 18-43 s without a box", median(freezes) / FLOOR_S[0]),
        Figure(f"{told}, p99 of {FREEZES}", "s", freeze, target=f"≤ {FREEZE_S_MAX:g} s",
               met=freeze <= FREEZE_S_MAX),
    ]  # fmt: skip


class _Site:
    """A hub and a box, driven through their APIs."""

    def __init__(self, client: aiohttp.ClientSession, hub: str, box: str) -> None:
        self._client = client
        self._hub = hub
        self._box = box
        self._orders = 0

    async def _post(self, path: str, body: Any) -> None:  # noqa: ANN401 - any JSON
        async with self._client.post(f"{self._hub}/api/v1/{path}", json=body) as reply:
            assert reply.status < 300, await reply.text()  # noqa: PLR2004 - HTTP

    async def _until(self, done: Callable[[str], bool], path: str) -> str:
        end = time.monotonic() + WAIT_S_MAX
        while time.monotonic() < end:
            async with self._client.get(f"{self._box}{path}") as reply:
                text = await reply.text()
            if done(text):
                return text
            await asyncio.sleep(0.01)
        raise TimeoutError(path)

    async def _assign(self, count: int) -> None:
        first, self._orders = self._orders, self._orders + count
        for at in range(first, self._orders, POST_ITEMS):
            some = range(at, min(at + POST_ITEMS, self._orders))
            await self._post("orders", [order_body(n, 1, 2) for n in some])

    async def _sign_in(self, n: int) -> str:
        body = {"badge": f"@B:{n}", "pin": PIN, "device": f"pda-{n}"}
        url = f"{self._box}/api/v1/session"
        async with self._client.post(url, json=body, headers={"X-Floor": "1"}) as reply:
            token: str = (await reply.json())["token"]
        return token

    async def fill(self, orders: int, people: int) -> float:
        """Give the box goods, people and orders, by way of the hub; return s for the orders."""
        await self._until(lambda text: '"hub":"up"' in text, "/health")
        for what, items in stock_lists().items():
            await self._post(what, items)
        await self._post("people", people_items(people, pin_hash()))
        begun = time.monotonic()
        await self._assign(orders)
        last = f"O{orders - 1:07}"
        self._tokens = [await self._sign_in(0)]
        headers = {"Authorization": f"Bearer {self._tokens[0]}"}
        end = time.monotonic() + WAIT_S_MAX
        while time.monotonic() < end:
            url = f"{self._box}/api/v1/orders/{last}"
            async with self._client.get(url, headers=headers) as reply:
                if reply.ok:
                    break
            await asyncio.sleep(0.1)
        filled_s = time.monotonic() - begun
        self._tokens += [await self._sign_in(n) for n in range(1, people)]
        return filled_s

    async def publish_s(self, version: int) -> float:
        """Publish a ruleset and an order behind it; return what the box measured."""
        text = default_ruleset().decode().replace("version = 1", f"version = {version}", 1)
        before = await self._until(bool, "/metrics")
        await self._post("rulesets", [{"document": text}])
        await self._assign(1)
        after = await self._until(lambda text: _metric(text) != _metric(before), "/metrics")
        return _metric(after)

    async def freezes_s(self, pdas: int) -> list[float]:
        """Freeze orders one after the other; return s from the request to the last PDA's frame."""
        sockets = []
        for token in self._tokens[:pdas]:
            headers = {"Authorization": f"Bearer {token}"}
            sockets.append(await self._client.ws_connect(f"{self._box}/api/v1/ws", headers=headers))
        found = []
        for n in range(FREEZES):
            order = f"order:O{n:07}"
            begun = time.monotonic()
            told = asyncio.gather(*(_told(socket, order) for socket in sockets))
            await self._post(f"orders/O{n:07}/cancel", {})
            async with asyncio.timeout(WAIT_S_MAX):
                found.append(max(await told) - begun)
        for socket in sockets:
            await socket.close()
        return found


async def _told(socket: aiohttp.ClientWebSocketResponse, order: str) -> float:
    """Return when the frame came that says that `order` is frozen."""
    async for message in socket:
        frame = msgspec.json.decode(message.data)
        entry = frame.get("entry", {})
        if entry.get("kind") == "freeze.opened" and order in entry["refs"]:
            return time.monotonic()
    raise ConnectionError("the box hung up")


def _metric(text: str) -> float:
    return float(next(line for line in text.splitlines() if line.startswith(TOOK)).split()[1])
