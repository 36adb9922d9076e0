"""A caller of the hub's JSON API (docs/SYNC_PROTOCOL.md), as an order system would call it."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import aiohttp
import msgspec

from edge.demo.caller import Caller
from edge.demo.site import DemoError
from sync.api import Import, Order, Return

ORDERS_PER_POST_MAX: Final = 200
ITEMS_PER_POST_MAX: Final = 5_000
ATTEMPTS_MAX: Final = 20
BACKOFF_S: Final = 0.25
REQUEST_S: Final = 30.0
_BAD: Final = 400
_TROUBLE: Final = 500

Body = dict[str, Any]


class HubClient(Caller):
    """The hub at `url`; an asynchronous context manager. A hub that is away is tried again."""

    def __init__(self, url: str) -> None:
        super().__init__(REQUEST_S)
        self.url = url.rstrip("/")

    async def get(self, path: str) -> Body:
        """Return what `/api/v1/<path>` gives; raise `DemoError` for a no."""
        return await self._request("GET", path, None)

    async def post(self, path: str, body: Any) -> Body:  # noqa: ANN401 - any JSON
        """Send `body` to `/api/v1/<path>` and return the answer; raise `DemoError` for a no."""
        return await self._request("POST", path, body)

    async def send(self, what: str, items: Sequence[Any]) -> None:
        """Send a list of records (`catalog`, `locations`, `people`, `stock`, `waybills`)."""
        for start in range(0, len(items), ITEMS_PER_POST_MAX):
            await self.post(what, items[start : start + ITEMS_PER_POST_MAX])

    async def assign(self, orders: Sequence[Order | Body]) -> int:
        """Send orders; return how many of them the hub had not had before."""
        fresh = 0
        for start in range(0, len(orders), ORDERS_PER_POST_MAX):
            answer = await self.post("orders", orders[start : start + ORDERS_PER_POST_MAX])
            fresh += sum(order["is_new"] for order in answer["orders"])
        return fresh

    async def ask_return(self, box: str, note: Return) -> None:
        """Ask `box` to take goods back; it sets aside what it does not know (SYNC-2)."""
        body = msgspec.to_builtins(note)
        await self.post("instructions", {"box": box, "kind": "order.freeze", "body": body})

    async def send_site(self, imported: Import) -> None:
        """Send what an order file says of articles, bins and stock."""
        await self.send("catalog", imported.catalog)
        await self.send("locations", imported.locations)
        await self.send("stock", imported.stock)

    async def _request(self, method: str, path: str, body: Any) -> Body:  # noqa: ANN401
        data = None if body is None else msgspec.json.encode(body)
        cause = ""
        for _ in range(ATTEMPTS_MAX):
            try:
                async with self._http.request(
                    method,
                    f"{self.url}/api/v1/{path}",
                    data=data,
                    headers={"Content-Type": "application/json"},
                ) as response:
                    raw = await response.read()
                    if response.status < _TROUBLE:
                        return _read(path, response.status, raw)
                    cause = f"HTTP {response.status}"
            except aiohttp.InvalidURL as error:
                raise DemoError(f"{self.url} is no URL; write http://host:port") from error
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                cause = str(error) or type(error).__name__
            await asyncio.sleep(BACKOFF_S)
        raise DemoError(f"the hub at {self.url} does not answer {path}: {cause}")


def _read(path: str, status: int, raw: bytes) -> Body:
    try:
        answer = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise DemoError(f"{path}: the answer is not a hub's (HTTP {status})")
    if status >= _BAD:
        facts = ", ".join(f"{name}: {value}" for name, value in answer.get("facts", {}).items())
        raise DemoError(f"{path}: {answer.get('code')} {facts}; {answer.get('hint')}")
    return answer
