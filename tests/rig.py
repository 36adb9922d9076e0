"""A real box on the loopback with clients, for tests of what stands around the law."""

import hashlib
import io
import itertools
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from aiohttp import ClientSession, ClientWebSocketResponse, DummyCookieJar, TCPConnector

from edge.app.ports import Outcome
from edge.app.sessions import Station
from edge.bootstrap import BoxProcess
from edge.config import BoxConfig, Config, DiscoveryConfig, HttpConfig, PrinterConfig
from edge.domain.commands import COMMAND_VERSION, InstructionAccept
from edge.domain.model import Name
from tests.domain.site import BINS, MUG, PEOPLE, TOWEL, gtin, line, person

PIN: Final = "482913"
RECEIVE_S: Final = 10.0

_ids = itertools.count(1)


def new_id() -> str:
    """Return an id as a client makes it."""
    return f"019a0000-0000-7000-8000-{next(_ids):012x}"


def badge(name: str) -> str:
    """Return what stands on a person's badge."""
    return f"@B:{name}"


def pin_verifier(pin: str) -> dict[str, Any]:
    """Return a quick verifier of a PIN; real ones cost more."""
    salt = b"salt" * 4
    found = hashlib.scrypt(pin.encode(), salt=salt, n=16, r=1, p=1, dklen=32)
    return {"salt": salt.hex(), "n": 16, "r": 1, "p": 1, "hash": found.hex()}


class Client:
    """A PDA or station, with a session once it is signed in."""

    def __init__(self, rig: "Rig", device: str) -> None:
        self.rig = rig
        self.device = device
        self.token = ""
        self.session: dict[str, Any] = {}

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send a request, and return status and JSON of the answer."""
        sent = {"X-Floor": "1", "Content-Type": "application/json"}
        sent |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        raw = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        data = io.BytesIO(raw) if raw else None
        url, headers = f"{self.rig.url}{path}", sent | (headers or {})
        async with self.rig.http.request(method, url, data=data, headers=headers) as answer:
            return answer.status, msgspec.json.decode(await answer.read())

    async def get(self, path: str) -> Any:
        """Return the JSON of a read that succeeds."""
        status, body = await self.ask("GET", path)
        assert status == 200, body
        return body

    async def sign_in(self, name: str, station: str = "") -> Self:
        """Open a session."""
        body = {"badge": badge(name), "pin": PIN, "device": self.device, "station": station}
        status, answer = await self.ask("POST", "/api/v1/session", body)
        assert status == 200, answer
        self.token, self.session = answer["token"], answer["session"]
        return self

    def command(self, kind: str, data: dict[str, Any], **over: Any) -> dict[str, Any]:
        """Return a command of this client."""
        made = {
            "v": 1,
            "id": new_id(),
            "kind": kind,
            "device": self.device,
            "session_id": self.session["id"],
            "captured_at": self.rig.box.clock.now_us(),
            "data": data,
        }
        return made | over

    async def send(self, *commands: dict[str, Any]) -> list[dict[str, Any]]:
        """Send commands as a list, and return their answers."""
        status, answers = await self.ask("POST", "/api/v1/commands", list(commands))
        assert status == 200, answers
        assert isinstance(answers, list)
        return answers

    async def do(self, kind: str, **data: Any) -> dict[str, Any]:
        """Send one command, and return its answer."""
        return (await self.send(self.command(kind, data)))[0]

    async def must(self, kind: str, **data: Any) -> dict[str, Any]:
        """Send one command that succeeds, and return its facts."""
        answer = await self.do(kind, **data)
        assert answer["ok"], answer
        facts: dict[str, Any] = answer["facts"]
        return facts

    @asynccontextmanager
    async def socket(
        self,
        since: int | None = None,
        headers: dict[str, str] | None = None,
        v: int = COMMAND_VERSION,
    ) -> AsyncIterator[ClientWebSocketResponse]:
        """Open the websocket."""
        query = f"?v={v}" + ("" if since is None else f"&since={since}")
        sent = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        url = f"{self.rig.url}/api/v1/ws{query}"
        async with self.rig.http.ws_connect(url, headers=sent) as socket:
            yield socket


async def heard(socket: ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """Return the next frame of a kind, passing over others."""
    while True:
        frame = await socket.receive_json(timeout=RECEIVE_S)
        if frame["t"] == kind:
            found: dict[str, Any] = frame
            return found


class Rig:
    """The box, and what reaches it."""

    def __init__(self, box: BoxProcess, http: ClientSession) -> None:
        self.box = box
        self.http = http
        self.dseq = 0

    @property
    def url(self) -> str:
        """Where the box's pages are."""
        return self.box.url

    async def tell(self, kind: str, **body: Any) -> Outcome:
        """Let the hub send an instruction."""
        self.dseq += 1
        data = InstructionAccept(self.dseq, kind, self.box.clock.now_us(), body)
        return await self.box.floor.submit(data, via="hub", actor="hub")

    async def furnish(self) -> None:
        """Let the hub send goods, people and numbers."""
        await self.tell("catalog.upsert", items=[
            {"sku": sku, "name": {"zh": sku, "en": sku}, "codes": [gtin(sku)]} for sku in BINS
        ])  # fmt: skip
        await self.tell("location.upsert", items=[
            {"code": code, "zone": code[0], "walk": walk} for walk, code in enumerate(BINS.values())
        ])  # fmt: skip
        on_hand = [{"sku": s, "location": place, "qty": 100_000} for s, place in BINS.items()]
        await self.tell("stock.snapshot", items=on_hand)
        await self.tell("waybill.pool", carrier="SF", numbers=[f"SF{n:04}" for n in range(1, 100)])
        people = [
            person(name, roles)
            | {"badge_hash": hashlib.sha256(badge(name).encode()).hexdigest()}
            | {"pin": pin_verifier(PIN)}
            for name, roles in PEOPLE.items()
        ]
        await self.tell("people.upsert", items=people)

    async def assign(self, order_id: str, *lines: dict[str, Any], **over: Any) -> None:
        """Let the hub assign an order; by default two mugs and eight towels."""
        body = {
            "order_id": order_id,
            "lines": list(lines) or [line(1, MUG, 2), line(2, TOWEL, 8)],
            "recipient": {"name": "李雷", "phone": "13800000000", "address": "文一路 1 号"},
            "carrier": "SF",
            "service": "standard",
        }
        outcome = await self.tell("order.assign", **body | over)
        assert "code" not in outcome.answer.facts, outcome

    async def client(self, name: str = "", station: str = "", device: str = "") -> Client:
        """Return a client, signed in where a name is given."""
        client = Client(self, device or f"pda-{name}")
        return await client.sign_in(name, station) if name else client

    async def pick(self, picker: Client, order_id: str) -> None:
        """Pick an order from its open task to the end."""
        task_id = (await picker.get(f"/api/v1/orders/{order_id}"))["task"]
        task = (await picker.must("task.take", task_ids=[task_id]))["task"]
        await picker.must("tote.bind", task_id=task_id, order_id=order_id, code=f"T-{order_id}")
        for step in task["steps"]:
            at = {"task_id": task_id, "step": step["no"]}
            await picker.must("pick.scan", **at, code=step["location"])
            await picker.must("pick.scan", **at, code=step["sku"])
            if step["check"] == "confirm":
                await picker.must("pick.qty", **at, qty=step["qty"])
            for _ in range(step["qty"] - 1 if step["check"] == "each" else 0):
                await picker.must("pick.scan", **at, code=step["sku"])

    async def pack(self, packer: Client, order_id: str) -> dict[str, Any]:
        """Check a picked order and close its parcel; return its pack view."""
        pack = (await packer.must("pack.open", code=f"T-{order_id}"))["pack"]
        for each in pack["lines"]:
            times = each["qty"] if each["check"] == "each" else 1
            for _ in range(times):
                await packer.must(
                    "pack.scan", order_id=order_id, code=each["sku"], qty=each["qty"] // times
                )
        facts = await packer.must("pack.finish", order_id=order_id)
        view: dict[str, Any] = facts["pack"]
        return view


def config(data: Path, printers: dict[str, str] | None = None, **http: Any) -> Config:
    """Return the configuration of a box on a free port of the loopback, with one station."""
    urls = printers or {}
    return Config(
        data=str(data),
        box=BoxConfig(id="box-t", name="Test hall"),
        http=HttpConfig(host="127.0.0.1", port=0, **({"open_devices": True} | http)),
        discovery=DiscoveryConfig(enabled=False),
        stations=(Station("S1", Name("一号台", "Station 1"), tuple(urls)),),
        printers=tuple(PrinterConfig(name, name.upper(), url) for name, url in urls.items()),
    )


@asynccontextmanager
async def running(settings: Config) -> AsyncIterator[Rig]:
    """Run a box, with an HTTP client that trusts its certificate authority."""
    box = BoxProcess(settings)
    await box.open()
    try:
        trust = ssl.create_default_context(cafile=str(Path(settings.data) / "tls" / "ca.pem"))
        kept = DummyCookieJar()  # each client shows its own token
        async with ClientSession(connector=TCPConnector(ssl=trust), cookie_jar=kept) as http:
            yield Rig(box, http)
    finally:
        await box.close()
