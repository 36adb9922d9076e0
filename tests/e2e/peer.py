"""A box made for the page's tests: it speaks docs/PDA_PROTOCOL.md and can misbehave on demand.

It serves the page with the box's own headers and assets, holds one picking task and one parcel in
memory, answers a repeated command with its first answer, and loses answers when told to.
"""

import asyncio
import copy
import hashlib
import itertools
import json
from collections import Counter
from typing import Any

from aiohttp import WSMsgType, web

from edge.http.assets import Assets, page_root
from edge.http.guard import HEADERS

View = dict[str, Any]
PEOPLE = {
    ("@B:1001", "482913"): ("P-01", {"zh": "王小梅", "en": "Wang Xiaomei"}, ["picker"]),
    ("@B:2001", "618450"): ("P-04", {"zh": "陈静", "en": "Chen Jing"}, ["packer"]),
}
REASONS = {
    "short": [
        {"code": "missing", "zh": "库位没有货", "en": "Not in the bin"},
        {"code": "damaged", "zh": "商品破损", "en": "Damaged"},
    ],
    "reprint": [{"code": "smudged", "zh": "打印不清", "en": "Hard to read"}],
    "gift": [{"code": "short", "zh": "赠品缺货", "en": "The gift is short"}],
    "release": [{"code": "break", "zh": "休息或换班", "en": "Break or end of shift"}],
}
WAYBILL = "SF1023456789"
STATES = {
    "pick": {"zh": "拣货中", "en": "Picking"},
    "pack": {"zh": "已拣齐", "en": "Picked"},
    "aside": {"zh": "等待：缺货", "en": "Waiting: short of goods"},
}
"""Names of the states in which an order's goods go somewhere."""


def step(no: int, order: str, slot: int, what: str, **more: Any) -> View:
    """Return a step of the sample task."""
    zh, en = what.split("|")
    place, qty = f"{'AB'[no % 2]}-0{no}-02", more.get("qty", 2)
    codes = [f"690123456789{no}", f"SKU-{no}"]
    expect = {"location": [place], "codes": codes, "qty": qty, "on_wrong": "refuse"}
    return {
        "no": no, "order": order, "slot": slot, "line": no, "sku": f"SKU-{no}",
        "name": {"zh": zh, "en": en}, "gift": False, "location": place, "zone": place[0],
        "qty": qty, "picked": 0, "found": None, "done": False, "check": "each",
        "scanned": False, "expect": expect,
    } | more  # fmt: skip


def sample_task() -> View:
    """Return a task of two orders: pieces, a gift, and a line that is counted."""
    order: View = {"tote": None, "frozen": None, "ended": None, "risk_pm": 0, "tags": [],
                   "goes": "pick", "state_name": STATES["pick"]}  # fmt: skip
    return {
        "id": "task-1", "rev": 1, "lane": "normal", "state": "open", "picker": None,
        "picker_name": None, "created_at": 1, "at": None, "current": 1, "pieces": 44,
        "lines": 3, "zones": ["A", "B"],
        "orders": [
            {**order, "id": "WEB-2011001", "slot": 1, "risk_pm": 900},
            {**order, "id": "WEB-2011002", "slot": 2, "tags": ["24H"]},
        ],
        "steps": [
            step(1, "WEB-2011001", 1, "婴儿湿巾 80抽|Baby wipes, 80"),
            step(2, "WEB-2011001", 1, "防水围兜|Waterproof bib", qty=1, gift=True),
            step(3, "WEB-2011002", 2, "洗衣皂 4块|Laundry soap, 4", qty=40, check="confirm"),
        ],
    }  # fmt: skip


def sample_pack() -> View:
    """Return a parcel of one line and one gift without a code."""
    line = {"service": False, "check": "each", "done": False, "checked": 0}
    return {
        "order": "WEB-2011003", "state": "picked", "lane": "normal", "station": None,
        "tote": "T-9", "frozen": None, "ready": False, "missing": [1, 2],
        "lines": [
            {**line, "no": 1, "sku": "MUG-350", "name": {"zh": "保温杯 350ml", "en": "Thermos mug"},
             "qty": 2, "gift": False, "tracked": True, "codes": ["6901234567900", "MUG-350"]},
            {**line, "no": 2, "sku": "CARD", "name": {"zh": "贺卡", "en": "Greeting card"},
             "qty": 1, "gift": True, "tracked": False, "codes": []},
        ],
        "parcel": {"waybill": None, "carrier": "SF", "copies": 0, "grade": "none", "job": None},
        "why_not": {},
    }  # fmt: skip


class No(Exception):  # noqa: N818 - a refusal, not an error
    """A refusal with its status."""

    def __init__(self, status: int, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.facts = status, code, facts


class Peer:
    """The pretended box. `lose_answers` drops the next n answers after their effect."""

    def __init__(self) -> None:
        self.task, self.pack = sample_task(), sample_pack()
        self.session: View | None = None
        self.pins: dict[str, str] = {}
        """PINs given here, by badge: the badge alone will do from then on."""
        self.alarms: list[View] = []
        self.applied: list[View] = []
        self.answers: dict[str, View] = {}
        self.repeats: Counter[str] = Counter()
        self.lose_answers = 0
        self.blobs: dict[str, bytes] = {}
        self.away = False
        self.talks = asyncio.Event()
        """Links are greeted once it is set."""
        self.talks.set()
        self.url = ""
        self.version = ""
        self.oldest = 1
        """The oldest version of the protocol that is understood."""
        self._ids = itertools.count(1)
        self._sockets: set[web.WebSocketResponse] = set()

    def app(self) -> web.Application:
        """Return the web application."""
        self._assets = assets = Assets(page_root())
        app = web.Application(middlewares=[self._guard])
        api = "/api/v1"
        app.add_routes([
            web.post(f"{api}/session", self._sign_in),
            web.get(f"{api}/session", self._get_session),
            web.delete(f"{api}/session", self._sign_out),
            web.get(f"{api}/first-admin", self._doorstep),
            web.get(f"{api}/blobs/{{sha256}}", self._blob),
            web.put(f"{api}/blobs/{{sha256}}", self._take_piece),
            web.get(f"{api}/ws", self._ws),
            web.get(f"{api}/tasks", self._tasks),
            web.get(f"{api}/tasks/{{id}}", self._one_task),
            web.get(f"{api}/packing", self._packing),
            web.get(f"{api}/packing/{{id}}", self._one_pack),
            web.get(f"{api}/orders", self._orders),
            web.get(f"{api}/reasons", self._reasons),
            web.get("/assets.json", self._manifest),
            web.get("/{path:.*}", assets.serve),
        ])  # fmt: skip
        return app

    async def _manifest(self, request: web.Request) -> web.Response:
        """Answer the page's version, or the one that a test pretends."""
        response = await self._assets.manifest(request)
        assert isinstance(response.body, bytes)
        manifest = json.loads(response.body)
        return web.json_response(manifest | ({"version": self.version} if self.version else {}))

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.away and request.transport is not None:
            request.transport.abort()
        try:
            response: web.StreamResponse = await handler(request)
        except No as no:
            shape = {"ok": False, "code": no.code, "facts": no.facts, "hint": no.code}
            response = web.json_response(shape, status=no.status)
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    # ---- people

    async def _sign_in(self, request: web.Request) -> web.Response:
        asked = await request.json()
        person = PEOPLE.get((asked["badge"], asked["pin"] or self.pins.get(asked["badge"], "")))
        if person is None:
            raise No(401, "sign_in_failed" if asked["pin"] else "pin_needed")
        self.pins[asked["badge"]] = asked["pin"] or self.pins[asked["badge"]]
        ident, name, roles = person
        known = {"id": "S1", "name": "S1", "printers": ["P1"]} if asked.get("station") else None
        self.session = {
            "id": f"session-{next(self._ids)}", "device": asked["device"], "station": known,
            "person": {"id": ident, "name": name, "roles": roles}, "opened_at": 1, "task": None,
        }  # fmt: skip
        response = web.json_response({"ok": True, "session": self._session(), "token": "x"})
        response.set_cookie("floor", "x", httponly=True, samesite="Strict")
        return response

    def _session(self) -> View:
        if self.session is None:
            raise No(401, "not_signed_in")
        mine = self.task["picker"] == self.session["person"]["id"] and self.task["state"] == "taken"
        return {**self.session, "task": self.task if mine else None}

    async def lock(self) -> None:
        """Lock the session, as after a while without use."""
        assert self.session is not None
        self.session["locked"] = True
        for socket in self._sockets:
            await socket.send_json({"t": "lock", "why": "idle"})

    async def _doorstep(self, _: web.Request) -> web.Response:
        return web.json_response({"open": False})

    async def _get_session(self, _: web.Request) -> web.Response:
        return web.json_response(self._session())

    async def _sign_out(self, _: web.Request) -> web.Response:
        self.session = None
        return web.json_response({"ok": True})

    # ---- reads

    async def _tasks(self, _: web.Request) -> web.Response:
        short = {k: v for k, v in self.task.items() if k != "steps"}
        return web.json_response({"tasks": [short] if self.task["state"] == "open" else []})

    async def _one_task(self, _: web.Request) -> web.Response:
        return web.json_response(self.task)

    async def _packing(self, _: web.Request) -> web.Response:
        pack = self.pack
        row = {"id": pack["order"], "tote": pack["tote"], "lane": "24h", "since": 1, "lines": 2}
        waiting = pack["state"] in ("picked", "packing", "packed_checked")
        rows = [row | {"gifts": 1, "state": pack["state"]}] if waiting else []
        return web.json_response({"orders": rows})

    async def _one_pack(self, _: web.Request) -> web.Response:
        return web.json_response(self.pack)

    async def _orders(self, _: web.Request) -> web.Response:
        item = {"sku": "MUG-350", "name": {"zh": "保温杯 350ml", "en": "Thermos mug"},
                "location": "C-02-01", "qty": 2, "done": 0, "codes": []}  # fmt: skip
        order = {"id": "WEB-2011009", "state": "put_back", "put_back": [item]}
        return web.json_response({"orders": [order], "next": None})

    async def _reasons(self, _: web.Request) -> web.Response:
        return web.json_response(REASONS)

    # ---- the websocket

    async def _ws(self, request: web.Request) -> web.WebSocketResponse:
        session = self._session()
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await self.talks.wait()
        if int(request.query["v"]) < self.oldest:
            await ws.send_json({"t": "bye", "code": "page_old"})
            await ws.close()
            return ws
        self._sockets.add(ws)
        await ws.send_json({
            "t": "hello", "box": "box-1", "seq": 1, "now": 1_800_000_000_000_000, "rules": "r1",
            "hub": "up", "hub_lag": 0, "session": session,
            "alarms": [alarm["id"] for alarm in self.alarms],
        })  # fmt: skip
        for alarm in self.alarms:
            await ws.send_json({"t": "alarm", "alarm": alarm})
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                await self._frame(ws, json.loads(message.data))
        self._sockets.discard(ws)
        return ws

    async def _frame(self, ws: web.WebSocketResponse, frame: View) -> None:
        if frame["t"] == "ping":
            await ws.send_json({"t": "pong", "now": 1})
            return
        answer = self.answer(frame["cmd"])
        if self.lose_answers:
            self.lose_answers -= 1
            assert ws._req is not None
            assert ws._req.transport is not None
            ws._req.transport.abort()
            return
        await ws.send_json({"t": "answer", **answer})

    def answer(self, cmd: View) -> View:
        """Return the answer to a command; the same id gets its first answer again."""
        if cmd["id"] in self.answers:
            self.repeats[cmd["id"]] += 1
            return {**self.answers[cmd["id"]], "repeated": True}
        try:
            facts = getattr(self, "_" + cmd["kind"].replace(".", "_"))(cmd["data"])
            answer = {"ok": True, "id": cmd["id"], "status": 200, "facts": copy.deepcopy(facts)}
        except No as no:
            answer = {"ok": False, "id": cmd["id"], "status": no.status, "code": no.code,
                      "facts": no.facts, "hint": no.code}  # fmt: skip
        self.applied.append(cmd)
        self.answers[cmd["id"]] = answer
        return answer

    async def push(self, frame: View) -> None:
        """Send a frame to everybody."""
        for ws in tuple(self._sockets):
            await ws.send_json(frame)

    async def cut(self) -> None:
        """Close every websocket."""
        for ws in tuple(self._sockets):
            await ws.close()

    async def alarm(self, category: str) -> None:
        """Freeze the first order and alarm its picker."""
        order = self.task["orders"][0]
        order["frozen"] = {"category": category, "due_at": 1_800_000_015_000_000}
        self.task["rev"] += 1
        facts = {"order": order["id"], "category": category, "due_at": 1_800_000_015_000_000}
        alarm = {"id": "alarm-1", "code": f"order_frozen_{category}", "facts": facts}
        self.alarms.append(alarm | {"raised_at": 1})
        await self.push({"t": "alarm", "alarm": self.alarms[-1]})

    # ---- picking

    def _changed(self, **more: Any) -> View:
        self.task["rev"] += 1
        for order in self.task["orders"]:
            steps = [s for s in self.task["steps"] if s["order"] == order["id"]]
            if all(s["done"] for s in steps):
                goes = "pack" if all(s["found"] is None for s in steps) else "aside"
                order |= {"goes": goes, "state_name": STATES[goes]}
        if all(s["done"] for s in self.task["steps"]):
            self.task["state"] = "done"
        return {"task": self.task, **more}

    def _task_take(self, _: View) -> View:
        assert self.session is not None
        self.task |= {"state": "taken", "picker": self.session["person"]["id"]}
        return self._changed()

    def _task_release(self, _: View) -> View:
        self.task |= {"state": "open", "picker": None}
        return {}

    def _tote_bind(self, data: View) -> View:
        order = next(o for o in self.task["orders"] if o["id"] == data["order_id"])
        order["tote"] = data["code"]
        return self._changed()

    def _step(self, data: View) -> View:
        found: View = self.task["steps"][data["step"] - 1]
        order = next(o for o in self.task["orders"] if o["id"] == found["order"])
        if order["frozen"]:
            raise No(409, "order_frozen", order=order["id"], **order["frozen"])
        if found["done"]:
            raise No(409, "step_done", step=found["no"])
        return found

    def _pick_scan(self, data: View) -> View:
        one, code = self._step(data), data["code"]
        if code in one["expect"]["location"]:
            self.task["at"] = code
            return self._changed(said="location")
        if code[1:2] == "-":
            raise No(422, "wrong_bin", expected=one["location"], got=code)
        if code not in one["expect"]["codes"]:
            raise No(422, "wrong_item", expected=one["sku"], got=code, sku=one["sku"])
        if self.task["at"] != one["location"]:
            raise No(409, "location_first", expected=one["location"])
        if one["check"] == "confirm":
            one["scanned"] = True
            return self._changed(said="need_qty")
        one["picked"] += 1
        one["done"] = one["picked"] == one["qty"]
        return self._changed(said="item")

    def _pick_qty(self, data: View) -> View:
        one = self._step(data)
        if data["qty"] != one["qty"] - one["picked"]:
            raise No(422, "qty_mismatch", expected=one["qty"] - one["picked"], got=data["qty"])
        one |= {"picked": one["qty"], "done": True}
        return self._changed()

    def _pick_short(self, data: View) -> View:
        self._step(data).update(found=data["found"], done=True)
        return self._changed(said="short")

    def _gift_substitute(self, _: View) -> View:
        return {"approval": "approval-1"}

    def _alarm_ack(self, data: View) -> View:
        self.alarms = [a for a in self.alarms if a["id"] != data["alarm_id"]]
        return {}

    # ---- photos

    def _blob_state(self, name: str) -> web.Response:
        body = self.blobs.get(name, b"")
        done = hashlib.sha256(body).hexdigest() == name
        return web.json_response({"sha256": name, "offset": len(body), "size": len(body),
                                  "media_type": "image/jpeg", "done": done})  # fmt: skip

    async def _blob(self, request: web.Request) -> web.Response:
        return self._blob_state(request.match_info["sha256"])

    async def _take_piece(self, request: web.Request) -> web.Response:
        name = request.match_info["sha256"]
        first = int(request.headers["Content-Range"].split()[1].split("-")[0])
        assert first == len(self.blobs.get(name, b""))
        self.blobs[name] = self.blobs.get(name, b"") + await request.read()
        return self._blob_state(name)

    def _evidence_attach(self, data: View) -> View:
        assert data["blob"].removeprefix("sha256:") in self.blobs
        return {}

    # ---- packing

    def _packed(self) -> View:
        missing = [line["no"] for line in self.pack["lines"] if not line["done"]]
        self.pack |= {"missing": missing, "ready": not missing}
        return {"pack": self.pack}

    def _pack_open(self, data: View) -> View:
        if data["code"] not in (self.pack["tote"], self.pack["order"]):
            raise No(404, "unknown_tote", got=data["code"])
        self.pack["state"] = "packing"
        return self._packed()

    def _pack_scan(self, data: View) -> View:
        for line in self.pack["lines"]:
            if data.get("code") in line["codes"] or data.get("line") == line["no"]:
                if line["done"]:
                    raise No(422, "surplus", qty=line["qty"])
                line["checked"] += data.get("qty", 1)
                line["done"] = line["checked"] == line["qty"]
                return self._packed()
        raise No(422, "wrong_item", expected="MUG-350", got=data.get("code"), sku="")

    def _pack_finish(self, _: View) -> View:
        self.pack["state"] = "packed_checked"
        return self._packed()

    def _waybill_print(self, _: View) -> View:
        job = {"id": "job-1", "state": "sent", "printer": "tsc-1", "reason": None}
        parcel = {"waybill": WAYBILL, "carrier": "SF", "copies": 1, "grade": "sent", "job": job}
        self.pack["parcel"] = parcel
        return self._packed()

    def _waybill_prove(self, data: View) -> View:
        if WAYBILL not in data["code"]:
            raise No(422, "label_not_ours", got=data["code"])
        self.pack["state"] = "shipped"
        self.pack["parcel"] |= {"grade": "scan_confirmed"}
        return self._packed()

    def _handover_scan(self, _: View) -> View:
        return {"order_id": self.pack["order"], "waybill": WAYBILL}

    def _putback_scan(self, _: View) -> View:
        return {}
