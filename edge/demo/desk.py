"""The demo page's own API at the access point: what to show, and the switches (`/demo/…`).

It looks at the floor as a shift leader does, through the box's public API, and at the hub through
the hub's. The sessions of the two doors are known by the cookies that the browser sends.
"""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

import aiohttp
import msgspec
from aiohttp import web

from edge.demo.access_point import COOKIE, AccessPoint
from edge.demo.client import HttpFloor
from edge.demo.coach import Door, View, next_step
from edge.demo.codes import svg
from edge.demo.crew import Crew, Label, read_label
from edge.demo.floor import FloorLostError, Json, RefusedError
from edge.demo.hub_client import HubClient
from edge.demo.rule import Thresholds, edit_ruleset
from edge.demo.sample import DemoFloor
from edge.demo.site import DemoError, Site
from edge.demo.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable

LABELS_SHOWN_MAX: Final = 24
ORDERS_SHOWN_MAX: Final = 60
SNAPSHOT_S: Final = 0.4
"""Looks at the floor are shared for so long, however many pages ask."""
REQUEST_S: Final = 3.0
FIRST_ORDER: Final = 1_001
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self' {doors}; frame-ancestors 'self' {doors}; base-uri 'none'; form-action 'none'"
)
PAGE_FILES: Final = {
    "": ("index.html", "text/html"),
    "demo.css": ("demo.css", "text/css"),
    "demo.js": ("demo.js", "text/javascript"),
    "panels.js": ("panels.js", "text/javascript"),
    "words.js": ("words.js", "text/javascript"),
    "texts.js": ("texts.js", "text/javascript"),
    "dom.js": ("dom.js", "text/javascript"),
    "boot.js": ("boot.js", "text/javascript"),
    "wedge.html": ("wedge.html", "text/html"),
    "wedge.css": ("wedge.css", "text/css"),
    "wedge.js": ("wedge.js", "text/javascript"),
}
_OK: Final = 200
T = TypeVar("T")


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A switch to turn: `wan`, `wifi`, or a printer's language for its paper."""

    name: str
    is_on: bool


class Bots(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether bots work."""

    is_on: bool


class Cancel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order to cancel."""

    order: str


class Desk:
    """Answers the demo page."""

    def __init__(
        self,
        stage: Stage,
        hub: HubClient,
        eye: HttpFloor,
        crew: Crew,
        floor: DemoFloor,
        bots: tuple[int, int],
    ) -> None:
        self._stage = stage
        self._site: Site = stage.site
        self._hub = hub
        self._eye = eye
        self._crew = crew
        self._floor = floor
        self._bots = bots
        self._texts: dict[tuple[str, int], str] = {}
        self._snapshot: tuple[float, Json] = (0.0, {})
        self._lock = asyncio.Lock()
        self._http: aiohttp.ClientSession | None = None

    async def open(self, tls: ssl.SSLContext) -> None:
        """Get ready to look at the doors' sessions."""
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(ssl=tls),
            timeout=aiohttp.ClientTimeout(total=REQUEST_S),
        )

    async def close(self) -> None:
        """Let go of the box; may be called any time."""
        if self._http is not None:
            await self._http.close()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to serve beside the box's."""
        api = "/demo/api"
        return [
            web.get("/demo", self._to_page),
            web.get(f"{api}/state", self._safely(self._state)),
            web.get(f"{api}/site", self._safely(self._site_facts)),
            web.get(f"{api}/code.svg", self._code),
            web.get(api + "/labels/{lang}/{n:[0-9]{1,9}}.png", self._label),
            web.get(api + "/orders/{id}", self._safely(self._order)),
            web.post(f"{api}/switch", self._safely(self._switch)),
            web.post(f"{api}/bots", self._safely(self._set_bots)),
            web.post(f"{api}/cancel", self._safely(self._cancel)),
            web.post(f"{api}/orders", self._safely(self._more_orders)),
            web.post(f"{api}/rule", self._safely(self._push_rule)),
            web.get("/demo/{file:[a-z.]*}", self._page),
        ]

    # ---- files and pictures ------------------------------------------------------------------

    async def _to_page(self, _: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/demo/")

    async def _page(self, request: web.Request) -> web.StreamResponse:
        found = PAGE_FILES.get(request.match_info["file"])
        if found is None:
            raise web.HTTPNotFound
        name, kind = found
        text = files(__package__).joinpath("page", name).read_text("utf-8")
        host = (request.host or "localhost").rsplit(":", 1)[0]
        doors = " ".join(f"https://{host}:{self._site.port(door)}" for door in ("pda", "station"))
        headers = {
            "Content-Security-Policy": CSP.format(doors=doors),
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        return web.Response(text=text, content_type=kind, charset="utf-8", headers=headers)

    async def _code(self, request: web.Request) -> web.StreamResponse:
        picture = svg(request.query.get("text", ""))
        if picture is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": "max-age=3600"}
        return web.Response(body=picture, content_type="image/svg+xml", headers=headers)

    async def _label(self, request: web.Request) -> web.StreamResponse:
        lang, n = request.match_info["lang"], int(request.match_info["n"])
        for printer in self._stage.printers:
            for label in printer.labels if printer.lang == lang else ():
                if label.n == n:
                    headers = {"Cache-Control": "max-age=3600"}
                    return web.Response(body=label.png, content_type="image/png", headers=headers)
        raise web.HTTPNotFound

    # ---- what to show ------------------------------------------------------------------------

    async def _site_facts(self, _: web.Request) -> Json:
        """Return what does not change while the demo runs."""
        floor = self._floor
        names = {person["id"]: person["name"] for person in floor.people}
        return {
            "doors": {door: self._site.port(door) for door in ("pda", "station")},
            "hub": self._site.hub_url,
            "people": [
                {
                    "id": login.person,
                    "badge": login.badge,
                    "pin": login.pin,
                    "roles": login.roles,
                    "name": names[login.person],
                }
                for login in floor.logins
            ],
            "stations": self._site.station_ids(),
            "totes": floor.totes,
            "locations": [place["code"] for place in floor.locations],
            "items": [
                {"sku": item["sku"], "code": item["codes"][0], "name": item["name"]}
                for item in floor.catalog
            ],
        }

    async def _state(self, request: web.Request) -> Json:
        """Return the floor, the switches and the next step."""
        async with self._lock:
            taken_s, floor = self._snapshot
            if time.monotonic() - taken_s > SNAPSHOT_S:
                async with asyncio.timeout(REQUEST_S):
                    floor = await self._look()
                self._snapshot = (time.monotonic(), floor)
        sessions: dict[Door, Json | None] = {
            "pda": await self._door(request, COOKIE, "session"),
            "station": await self._door(request, self._station_cookie, "session"),
        }
        alarms: dict[Door, Sequence[Json]] = {
            "pda": await self._alarms(request, COOKIE, sessions["pda"]),
            "station": await self._alarms(request, self._station_cookie, sessions["station"]),
        }
        view = await self._view(floor, sessions, alarms)
        people = {door: session and session["person"] for door, session in sessions.items()}
        return {
            **{name: floor[name] for name in ("orders", "counts", "hub", "rules", "printers")},
            "switches": self._switches(),
            "bots": {"at_work": self._crew.size, "scans": self._crew.tally().scans},
            "labels": await self._labels(),
            "people": people,
            "step": msgspec.to_builtins(next_step(view)),
        }

    async def _look(self) -> Json:
        """Return the floor as the box tells it."""
        eye = self._eye
        orders = await eye.get("orders")
        health = await self._health()
        return {
            "orders": [_short(order) for order in islice(orders["orders"], ORDERS_SHOWN_MAX)],
            "counts": orders["counts"],
            "totes": [order["tote"] for order in orders["orders"] if order["tote"]],
            "tasks": (await eye.get("tasks?state=open"))["tasks"],
            "packing": (await eye.get("packing"))["orders"],
            "shipped": (await eye.get("orders?state=shipped"))["orders"],
            "put_back": (await eye.get("orders?state=put_back"))["orders"],
            "hub": {"up": health["hub"] == "up", "lag": health["hub_lag"]},
            "rules": health["rules"],
            "printers": health["printers"],
        }

    async def _health(self) -> Json:
        assert self._http is not None
        async with self._http.get(f"{self._site.box_url}/health") as response:
            found: Json = msgspec.json.decode(await response.read())
            return found

    async def _view(
        self,
        floor: Json,
        sessions: dict[Door, Json | None],
        alarms: dict[Door, Sequence[Json]],
    ) -> View:
        packer = sessions["station"] or {"person": {"id": ""}}
        pack = await self._to_pack(floor, packer["person"]["id"])
        waybill = pack and pack["parcel"]["waybill"]
        return View(
            sessions=sessions,
            alarms=alarms,
            tasks=floor["tasks"],
            pack=pack,
            label=await self._stage.camera(waybill) if waybill else None,
            put_back=next(iter(floor["put_back"]), None),
            totes_in_use=frozenset(floor["totes"]),
            picker=self._floor.logins_of("picker")[0],
            packer=self._floor.logins_of("packer")[0],
            station=self._site.station_ids()[0],
            totes=self._floor.totes,
        )

    async def _to_pack(self, floor: Json, packer: str) -> Json | None:
        """Return the order that the packer has begun, or the first that nobody has."""
        rows = [row for row in floor["packing"] if row["packer"] in (None, packer)]
        mine = [row for row in rows if row["packer"] == packer]
        shipped = [] if mine else floor["shipped"]
        for row in (*mine, *shipped, *rows):
            pack = await self._eye.get(f"packing/{row['id']}")
            if pack["packer"] in (None, packer):
                return pack
        return None

    async def _labels(self) -> list[Json]:
        """Return the newest labels, with the text that a scanner would read off them."""
        labels: list[tuple[str, Label]] = [
            (printer.lang, label) for printer in self._stage.printers for label in printer.labels
        ]
        newest = sorted(labels, key=lambda each: each[1].at_s, reverse=True)[:LABELS_SHOWN_MAX]
        texts = {}
        for lang, label in newest:
            known = self._texts.get((lang, label.n))
            if known is None:
                known = await asyncio.to_thread(read_label, label.raster)
            texts[lang, label.n] = known
        self._texts = texts
        return [
            {"printer": lang, "n": label.n, "at": int(label.at_s), "text": texts[lang, label.n]}
            for lang, label in newest
        ]

    def _switches(self) -> dict[str, bool]:
        switches = {"wan": self._stage.wan.is_up, "wifi": self._wifi.is_up}
        for printer in self._stage.printers:
            switches[printer.lang] = not printer.paper_out
        return switches

    @property
    def _wifi(self) -> AccessPoint:
        assert self._stage.wifi is not None
        return self._stage.wifi

    @property
    def _station_cookie(self) -> str:
        return f"{COOKIE}-{self._site.port('station')}"

    async def _alarms(self, request: web.Request, cookie: str, session: Json | None) -> list[Json]:
        found = await self._door(request, cookie, "alarms") if session is not None else None
        return found["alarms"] if found else []

    async def _door(self, request: web.Request, cookie: str, path: str) -> Any:  # noqa: ANN401
        """Return what the box answers to the session of a door; None without one."""
        token = request.cookies.get(cookie)
        if not token:
            return None
        assert self._http is not None
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self._site.box_url}/api/v1/{path}"
        async with self._http.get(url, headers=headers) as response:
            if response.status != _OK:
                return None
            found = msgspec.json.decode(await response.read())
        return found["session"] if path == "session" else found

    async def _order(self, request: web.Request) -> Json:
        """Return an order as the box tells its story, and as the hub does."""
        order = request.match_info["id"][:64]
        timeline = (await self._eye.get(f"orders/{order}/timeline"))["entries"]
        there = await self._hub.get(f"orders/{order}")
        return {
            "order": await self._eye.get(f"orders/{order}"),
            "box": timeline,
            "hub": {name: there[name] for name in ("state", "routing", "instructions")}
            | {"entries": Counter(entry.get("kind", "?") for entry in there["entries"])},
        }

    # ---- switches ----------------------------------------------------------------------------

    async def _switch(self, request: web.Request) -> Json:
        switch = await _read(request, Switch)
        if switch.name == "wan":
            self._stage.wan.switch(is_up=switch.is_on)
        elif switch.name == "wifi":
            self._wifi.switch(is_up=switch.is_on)
        else:
            for printer in self._stage.printers:
                if printer.lang == switch.name:
                    printer.paper_out = not switch.is_on
        return self._switches()

    async def _set_bots(self, request: web.Request) -> Json:
        wanted = await _read(request, Bots)
        if not wanted.is_on:
            await self._crew.stop()
        elif not self._crew.size:
            self._crew.start(*self._bots)
        return {"at_work": self._crew.size}

    async def _cancel(self, request: web.Request) -> Json:
        wanted = await _read(request, Cancel)
        return await self._hub.post(f"orders/{wanted.order[:64]}/cancel", {"reason": "customer"})

    async def _more_orders(self, _: web.Request) -> Json:
        """Have the hub send the sample's orders once more, as new ones."""
        counts = (await self._eye.get("orders?state=received"))["counts"]
        first, now_us = FIRST_ORDER + sum(counts.values()), time.time_ns() // 1_000
        orders = [
            {
                **order,
                "order_id": f"SO-{number}",
                "paid_at": now_us,
                "promise": now_us + order["promise"] - order["paid_at"],
            }
            for number, order in enumerate(self._floor.orders, start=first)
        ]
        return {"new": await self._hub.assign(orders)}

    async def _push_rule(self, request: web.Request) -> Json:
        thresholds = await _read(request, Thresholds)
        document = edit_ruleset(thresholds, newer_than=(await self._health())["rules"])
        await self._hub.post("rulesets", [{"document": document}])
        return {"ok": True}

    def _safely(
        self, handler: "Callable[[web.Request], Awaitable[Json]]"
    ) -> "Callable[[web.Request], Awaitable[web.StreamResponse]]":
        """Return a handler that answers JSON, whatever goes wrong."""

        async def safe(request: web.Request) -> web.StreamResponse:
            # Another site's page cannot set this header without asking first.
            if request.method == "POST" and request.headers.get("X-Floor") != "1":
                return _no(403, "not from the demo page")
            try:
                found = await handler(request)
            except (DemoError, RefusedError, FloorLostError) as error:
                return _no(409, str(error))
            except (msgspec.DecodeError, ValueError) as error:
                return _no(400, str(error))
            except (aiohttp.ClientError, TimeoutError) as error:
                return _no(502, f"the box does not answer: {error}")
            return web.Response(body=msgspec.json.encode(found), content_type="application/json")

        return safe


def _no(status: int, problem: str) -> web.Response:
    return web.json_response({"ok": False, "problem": problem}, status=status)


async def _read(request: web.Request, shape: type[T]) -> T:
    return msgspec.json.decode(await request.read(), type=shape)


def _short(order: Json) -> Json:
    names = ("id", "state", "state_name", "lane", "frozen", "tags", "tote")
    return {name: order[name] for name in names}
