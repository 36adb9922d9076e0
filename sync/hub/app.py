"""The hub's door: the boxes' WebSocket, the JSON API, and one page for people."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import resources
from typing import Any, Final

import msgspec
from aiohttp import web

from sync.chain import Entry, decode_entry
from sync.hub import views
from sync.hub.core import Hub
from sync.hub.requests import KINDS, HubError
from sync.hub.store import HubStore, Told
from sync.messages import FRAME_BYTES_MAX
from sync.transports.polling import Polls
from sync.transports.websocket import WebSocketLink

log = logging.getLogger(__name__)

BODY_BYTES_MAX: Final = 8 * 1024 * 1024
PAGE_ORDERS_MAX: Final = 200
ENTRIES_MAX: Final = 1000
KIND_CHARS_MAX: Final = 64
LINKS_MAX: Final = 2000
CSP: Final = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'"
)
HUB: Final = web.AppKey("hub", Hub)
LINKS: Final = web.AppKey("links", set[asyncio.Task[None]])
POLLS: Final = web.AppKey("polls", Polls)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(hub: Hub) -> web.Application:
    """Return the application that serves `hub`."""
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_one_error_shape])
    app[HUB] = hub
    app[LINKS] = set()
    app[POLLS] = Polls(hub.serve)
    app.on_shutdown.append(_end_polls)
    app.add_routes(
        [
            web.get("/", _page("page.html", "text/html")),
            web.get("/page.js", _page("page.js", "text/javascript")),
            web.get("/page.css", _page("page.css", "text/css")),
            web.get("/health", _health),
            web.get("/link", _link),
            *app[POLLS].routes(),
            web.post("/api/v1/orders", _assign),
            web.get("/api/v1/orders", _orders),
            web.get("/api/v1/orders/{id}", _order),
            web.post("/api/v1/orders/{id}/{verb}", _change),
            web.post("/api/v1/instructions", _instruct),
            web.get("/api/v1/boxes", _boxes),
            web.get("/api/v1/boxes/{box}", _box),
            web.get("/api/v1/boxes/{box}/orders", _floor),
            web.post("/api/v1/{what}", _submit),
        ]
    )
    return app


async def _link(request: web.Request) -> web.StreamResponse:
    if len(request.app[LINKS]) >= LINKS_MAX:
        raise HubError("too_many_links", {"links_max": LINKS_MAX}, "try again later", 503)
    socket = web.WebSocketResponse(max_msg_size=FRAME_BYTES_MAX)
    await socket.prepare(request)
    task = asyncio.current_task()
    assert task is not None
    request.app[LINKS].add(task)
    try:
        await request.app[HUB].serve(WebSocketLink(socket))
    finally:
        request.app[LINKS].discard(task)
    return socket


async def _end_polls(app: web.Application) -> None:
    await app[POLLS].close()


async def _submit(request: web.Request) -> web.StreamResponse:
    what = request.match_info["what"]
    if what not in KINDS:
        raise HubError("not_found", {"list": what}, f"one of orders, {', '.join(KINDS)}", 404)
    told = await request.app[HUB].submit(what, await _body(request))
    return _json({"ok": True, "instructions": told}, 202)


async def _assign(request: web.Request) -> web.StreamResponse:
    assigned = await request.app[HUB].assign(await _body(request))
    return _json({"ok": True, "orders": assigned}, 202)


async def _change(request: web.Request) -> web.StreamResponse:
    order_id, verb = request.match_info["id"], request.match_info["verb"]
    told = await request.app[HUB].change(order_id, verb, await _body(request))
    return _json({"ok": True, **told}, 202)


async def _instruct(request: web.Request) -> web.StreamResponse:
    match await _body(request):
        case {"box": str(box), "kind": str(kind), "body": dict(body)} if (
            0 < len(kind) <= KIND_CHARS_MAX
        ):
            told = await request.app[HUB].instruct(box, kind, body)
            return _json({"ok": True, **told}, 202)
        case _:
            raise HubError("malformed", {}, "the body is {box, kind, body: {…}}", 400)


async def _orders(request: web.Request) -> web.StreamResponse:
    state, after = request.query.get("state"), request.query.get("after", "")
    rows = await request.app[HUB].read(lambda store: store.orders(state, after, PAGE_ORDERS_MAX))
    found = [
        {"order_id": row.order_id, "box": row.box, "state": row.state, "at_us": row.received_us}
        for row in rows
    ]
    is_more = len(rows) == PAGE_ORDERS_MAX
    return _json({"ok": True, "orders": found, "after": rows[-1].order_id if is_more else None})


async def _order(request: web.Request) -> web.StreamResponse:
    order_id = request.match_info["id"]
    hub = request.app[HUB]
    row = await hub.read(lambda store: store.order(order_id))
    entries = await hub.read(lambda store: store.entries_of(order_id, ENTRIES_MAX))
    told = await hub.read(lambda store: told_of(store, order_id=order_id))
    if row is None and not entries:
        raise HubError("order_unknown", {"order_id": order_id}, "check the order's id", 404)
    return _json({"ok": True, **views.order(order_id, row, entries, told, decode_entry)})


async def _boxes(request: web.Request) -> web.StreamResponse:
    return _json({"ok": True, "boxes": [views.box(one) for one in await request.app[HUB].boxes()]})


async def _box(request: web.Request) -> web.StreamResponse:
    name = request.match_info["box"]
    hub = request.app[HUB]
    view = views.box(await hub.box(name))
    for outcome in views.NOT_DONE:
        view[outcome] = await hub.read(partial(told_of, box=name, outcome=outcome))
    return _json({"ok": True, "box": view})


def told_of(store: HubStore, **wanted: str) -> list[dict[str, Any]]:
    """Return instructions, each with what the box answered."""
    return [views.told(one, _answer(store, one)) for one in store.told(**wanted)]


def _answer(store: HubStore, one: Told) -> Entry | None:
    """Return the entry that says why an instruction was not done."""
    if one.outcome not in views.NOT_DONE or one.answer_epoch is None or one.answer_seq is None:
        return None
    found = store.behind(one.box, one.answer_epoch, one.answer_seq - 1, 1)
    return decode_entry(found[0]) if found else None


async def _floor(request: web.Request) -> web.StreamResponse:
    name = request.match_info["box"]
    await request.app[HUB].box(name)
    return _json(await request.app[HUB].read(lambda store: store.floor(name)))


async def _health(request: web.Request) -> web.StreamResponse:
    boxes = await request.app[HUB].boxes()
    up = sum(box.is_up for box in boxes)
    return _json({"ok": True, "boxes": len(boxes), "boxes_up": up})


def _page(name: str, content_type: str) -> Handler:
    async def page(_: web.Request) -> web.StreamResponse:
        text = resources.files(__package__).joinpath("page", name).read_text("utf-8")
        headers = {"Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff"}
        return web.Response(text=text, content_type=content_type, headers=headers)

    return page


async def _body(request: web.Request) -> Any:  # noqa: ANN401 - JSON from outside
    raw = await request.read()
    if not raw:
        return {}
    if request.content_type != "application/json":
        raise HubError("not_json", {}, "send Content-Type: application/json", 415)
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HubError("malformed", {"cause": str(error)}, "send valid JSON", 400) from error


def _check_origin(request: web.Request) -> None:
    """Refuse what a page from elsewhere makes a browser send; machines send no Origin."""
    origin = request.headers.get("Origin")
    if origin not in (None, f"http://{request.host}", f"https://{request.host}"):
        raise HubError("cross_origin", {"origin": str(origin)[:200]}, "use the hub's own page", 403)


@web.middleware
async def _one_error_shape(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        _check_origin(request)
        return await handler(request)
    except HubError as error:
        code, facts, hint, status = error.code, error.facts, error.hint, error.status
    except web.HTTPException as error:
        code = "_".join((error.reason or "error").lower().split())
        facts, hint, status = {"path": request.path}, "see docs/SYNC_PROTOCOL.md", error.status
    except Exception:  # the one place that turns a bug of ours into an answer
        log.exception("request failed", extra={"path": request.path})
        code, facts, hint, status = "internal", {}, "report it with the hub's log", 500
    return _json({"ok": False, "code": code, "facts": facts, "hint": hint}, status)


def _json(content: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(content), status=status, content_type="application/json"
    )
