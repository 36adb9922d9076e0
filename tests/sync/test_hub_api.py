"""The hub's door: its JSON API, its page, its key, its clean start and end."""

import asyncio
import io
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import msgpack
import pytest
from aiohttp.test_utils import TestClient

from sync.api import hub_link, run_hub
from sync.hub.app import BODY_BYTES_MAX, make_app
from sync.hub.core import Hub
from sync.hub.store.sqlite import SqliteHubStore


@pytest.fixture
async def hub(kit: Any) -> AsyncIterator[Hub]:
    store = SqliteHubStore(":memory:")
    hub = Hub(store=store, private_key=kit.HUB_KEY, clock=kit.Clock(), random=Random(1))
    await hub.enrol("box-1", "token-1", warehouse="WH1")
    yield hub
    store.close()


@pytest.fixture
async def client(hub: Hub, aiohttp_client: Any) -> TestClient[Any, Any]:
    made: TestClient[Any, Any] = await aiohttp_client(make_app(hub))
    return made


def order(order_id: str = "536365", **fields: Any) -> dict[str, Any]:
    return {"order_id": order_id, "lines": [{"no": 1, "sku": "A", "qty": 1}], **fields}


async def test_order_is_assigned_once_with_its_routing(client: Any) -> None:
    """The same order twice makes one instruction; its routing is shown (FLOW-1, FLOW-9)."""
    for is_new in (True, False):
        answer = await client.post("/api/v1/orders", json=[order(tags=["24H"])])
        assert answer.status == 202
        said = {"order_id": "536365", "box": "box-1", "is_new": is_new}
        assert await answer.json() == {"ok": True, "orders": [said]}
    story = await (await client.get("/api/v1/orders/536365")).json()
    assert (story["state"], story["entries"]) == (None, [])
    assert [one["kind"] for one in story["instructions"]] == ["order.assign"]
    routing = story["routing"]
    assert routing["top3"] == [{"warehouse": "WH1", "score_pm": routing["score_pm"]}]
    assert routing["constraints"] == ["tag:24H"]
    assert story["content"]["lines"][0]["sku"] == "A"


async def test_given_routing_is_kept(client: Any) -> None:
    """A routing decision made elsewhere is not touched (SYNC-3)."""
    routing = {"score_pm": 1, "top3": [{"warehouse": "WH1", "score_pm": 1}], "constraints": []}
    await client.post("/api/v1/orders", json=[order(routing=routing)])
    story = await (await client.get("/api/v1/orders/536365")).json()
    assert story["routing"] == routing


async def test_orders_for_no_box_change_nothing(client: Any) -> None:
    """One order that no box can take refuses the whole list (FLOW-9)."""
    payload = [order("1"), order("2", warehouse="WH9")]
    answer = await client.post("/api/v1/orders", json=payload)
    assert (answer.status, (await answer.json())["code"]) == (409, "no_box")
    assert (await (await client.get("/api/v1/orders")).json())["orders"] == []


async def test_lists_become_chunks(client: Any, hub: Hub) -> None:
    """Long lists are cut into instructions of at most 200 items (SYNC-1)."""
    items = [{"sku": f"s{n}", "warehouse": "WH1"} for n in range(450)]
    answer = await (await client.post("/api/v1/catalog", json=items)).json()
    assert [one["kind"] for one in answer["instructions"]] == ["catalog.upsert"] * 3
    pool = [{"carrier": "SF", "numbers": [f"SF{n}" for n in range(201)]}]
    answer = await (await client.post("/api/v1/waybills", json=pool)).json()
    assert len(answer["instructions"]) == 2
    told = await hub.read(lambda store: store.signed("box-1", 0, 10))
    assert len(told) == 5
    view = (await (await client.get("/api/v1/boxes/box-1")).json())["box"]
    assert (view["instructions"], view["down_cursor"], view["set_aside"]) == (5, 0, [])


async def test_stock_of_one_article_is_not_torn_apart(client: Any, hub: Hub) -> None:
    """All bins of an article are in one snapshot, since it replaces the former one (PICK-10)."""
    items = [{"sku": f"s{n % 30}", "location": f"L{n}", "qty": 1} for n in range(390)]
    await client.post("/api/v1/stock", json=items)
    signed = await hub.read(lambda store: store.signed("box-1", 0, 10))
    bodies = [msgpack.unpackb(one.b)["body"]["items"] for one in signed.values()]
    assert [len(body) for body in bodies] == [195, 195]
    assert not {item["sku"] for item in bodies[0]} & {item["sku"] for item in bodies[1]}


async def test_change_asks_the_floor_to_freeze_and_revoke(client: Any, hub: Hub) -> None:
    """A cancel is a request with its countdown, and can be revoked (FRZ-1, SYNC-3)."""
    await client.post("/api/v1/orders", json=[order()])
    early = await client.post("/api/v1/orders/536365/revoke")
    assert (early.status, (await early.json())["code"]) == (409, "not_frozen")
    freeze = await (await client.post("/api/v1/orders/536365/cancel", json={})).json()
    revoke = await (await client.post("/api/v1/orders/536365/revoke")).json()
    assert (freeze["kind"], revoke["kind"]) == ("order.freeze", "order.revoke")
    signed = await hub.read(lambda store: store.signed("box-1", 2, 1))
    assert msgpack.unpackb(signed[3].b)["body"] == {
        "order_id": "536365",
        "instruction": freeze["id"],
        "category": "cancel",
    }
    unknown = await client.post("/api/v1/orders/536365/paint", json={})
    assert (unknown.status, (await unknown.json())["code"]) == (404, "verb_unknown")
    absent = await client.post("/api/v1/orders/none/cancel", json={})
    assert (absent.status, (await absent.json())["code"]) == (404, "order_unknown")
    bad = await client.post("/api/v1/orders/536365/cancel", json={"countdown_s": -1})
    assert (bad.status, (await bad.json())["code"]) == (422, "countdown_invalid")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/api/v1/orders", b"[{", 400, "malformed"),
        ("/api/v1/orders", b"\xff\xfe", 400, "malformed"),
        ("/api/v1/orders", b"[" * 100_000, 400, "malformed"),
        ("/api/v1/orders", b'{"order_id": 1}', 400, "malformed"),
        ("/api/v1/orders", b'[{"order_id": 1}]', 422, "order_invalid"),
        ("/api/v1/orders", b'[{"order_id": "1", "lines": []}]', 422, "order_invalid"),
        ("/api/v1/orders", b'[{"order_id":"1","lines":[1],"routing":7}]', 422, "order_invalid"),
        ("/api/v1/orders", b" " * (BODY_BYTES_MAX + 1), 413, "request_entity_too_large"),
        ("/api/v1/nothing", b"[]", 404, "not_found"),
        ("/api/v1/instructions", b'{"box": "box-1"}', 400, "malformed"),
        ("/api/v1/instructions", b'{"box":"b","kind":"k","body":{}}', 404, "box_unknown"),
        ("/nowhere", b"", 404, "not_found"),
    ],
)
async def test_bad_request_has_the_one_error_shape(
    client: Any, path: str, body: bytes, status: int, code: str
) -> None:
    """Every refusal says what is wrong and what to do, in one shape (SEC-4)."""
    headers = {"Content-Type": "application/json"}
    answer = await client.post(path, data=io.BytesIO(body), headers=headers)
    said = await answer.json()
    assert (answer.status, said["ok"], said["code"]) == (status, False, code)
    assert set(said) == {"ok", "code", "facts", "hint"}


async def test_page_of_another_origin_is_refused(client: Any) -> None:
    """What a foreign page makes a browser send is not done, even without a body (SEC-4)."""
    await client.post("/api/v1/orders", json=[order()])
    for origin in ("https://elsewhere.example", "null", "http://[broken"):
        headers = {"Origin": origin}
        answer = await client.post("/api/v1/orders/536365/cancel", headers=headers)
        assert (answer.status, (await answer.json())["code"]) == (403, "cross_origin")
    story = await (await client.get("/api/v1/orders/536365")).json()
    assert [one["kind"] for one in story["instructions"]] == ["order.assign"]
    answer = await client.post("/api/v1/orders", data="[]", headers={"Content-Type": "text/plain"})
    assert (answer.status, (await answer.json())["code"]) == (415, "not_json")


async def test_page_loads_only_its_own_parts(client: Any) -> None:
    """The page needs nothing from elsewhere, and says so to the browser (SEC-4)."""
    for path in ("/", "/page.js", "/page.css"):
        answer = await client.get(path)
        assert answer.status == 200
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "token-1" not in await (await client.get("/api/v1/boxes/box-1")).text()


async def test_hub_keeps_its_key_and_orders_over_a_restart(kit: Any, tmp_path: Path) -> None:
    """A hub that starts again is the same hub, and ends its links cleanly (SYNC-1, SEC-4)."""
    keys: list[bytes] = []
    for _ in range(2):
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        boxes = {"box-1": "token-1"}
        serving = asyncio.ensure_future(
            run_hub(tmp_path / "hub", "127.0.0.1", 0, boxes, on_ready=ready.set_result)
        )
        url = await ready
        world, journal = kit.World(":memory:"), kit.Journal()
        connect = hub_link(f"{url}/link")
        hub_key = keys[0] if keys else None
        agent = world.agent(journal, connect=connect, hub_key=hub_key)
        is_up = asyncio.Event()
        agent._on_state = lambda state, up=is_up: up.set() if state.up else None
        running = world.spawn(agent.run())
        await asyncio.wait_for(is_up.wait(), 10)
        async with aiohttp.ClientSession() as session:
            health = await (await session.get(f"{url}/health")).json()
            assert health == {"ok": True, "boxes": 1, "boxes_up": 1}
            await session.post(f"{url}/api/v1/orders", json=[order()])
        keys += journal.pins
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        running.cancel()
        await world.stop()
    assert len(keys) == 1
    mode = (tmp_path / "hub" / "hub.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    store = SqliteHubStore(tmp_path / "hub" / "hub.sqlite3")
    assert [row.order_id for row in store.orders(None, "", 10)] == ["536365"]
    store.close()
