"""The whole path: a scan on a PDA's websocket, over TLS, to its durable answer."""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import msgspec
import uvloop

from edge.bench.child import Child, pin_hash, serving
from edge.bench.figures import Figure, median, percentile
from edge.bench.floor import PIN, BenchFloor
from edge.clock import SystemIds

PDAS: Final = 200
ROUNDS: Final = 3
SECONDS: Final = 4.0
WARM_S: Final = 1.0


class Load(NamedTuple):
    """Scans a second of the whole floor, and the targets of their p50 and p99 in ms."""

    rate: int
    p50_max: float | None
    p99_max: float


LOADS: Final = (Load(400, 2.0, 8.0), Load(2_000, None, 25.0))
LOADS_SLOW_FLUSH: Final = (Load(400, None, 50.0),)

_ids = SystemIds()


class Pda:
    """One websocket with a task in hand, at its first bin."""

    def __init__(self, n: int, child: Child, client: aiohttp.ClientSession) -> None:
        self._n = n
        self._child = child
        self._client = client
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self._pongs: list[asyncio.Future[float]] = []
        self._answers: dict[str, dict[str, Any]] = {}
        self._session = ""

    async def open(self, task_id: str) -> None:
        """Sign in, connect, take the task, bind a tote, scan the bin."""
        body = {"badge": f"@B:{self._n}", "pin": PIN, "device": f"pda-{self._n}"}
        url = f"{self._child.url}/api/v1/session"
        tls = self._child.tls()
        async with self._client.post(url, json=body, headers={"X-Floor": "1"}, ssl=tls) as reply:
            signed_in = await reply.json()
        self._session = signed_in["session"]["id"]
        headers = {"Authorization": f"Bearer {signed_in['token']}"}
        self._socket = await self._client.ws_connect(
            f"{self._child.url}/api/v1/ws", headers=headers, ssl=tls, compress=0
        )
        self._reader = asyncio.create_task(self._read())
        answer = await self._ask("task.take", {"task_ids": [task_id]})
        self.task = answer["facts"]["task"]
        order = self.task["orders"][0]["id"]
        tote = {"task_id": task_id, "order_id": order, "code": f"T-{self._n}"}
        await self._ask("tote.bind", tote)
        await self._ask("pick.scan", self._scan(self.task["steps"][0]["location"]))

    def _scan(self, code: str) -> dict[str, Any]:
        return {"task_id": self.task["id"], "step": 1, "code": code}

    async def _ask(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        command_id = _ids.new_id()
        await self._send(command_id, kind, data)
        await self._waiting[command_id]
        answer = self._answers.pop(command_id)
        assert answer["ok"], answer
        return answer

    async def _send(self, command_id: str, kind: str, data: dict[str, Any]) -> None:
        command = {
            "v": 1,
            "id": command_id,
            "kind": kind,
            "device": f"pda-{self._n}",
            "session_id": self._session,
            "captured_at": time.time_ns() // 1000,
            "data": data,
        }
        self._waiting[command_id] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(msgspec.json.encode({"t": "cmd", "cmd": command}).decode())

    async def _read(self) -> None:
        async for message in self._socket:
            frame = msgspec.json.decode(message.data)
            now = time.monotonic()
            if frame["t"] == "answer":
                self._answers[frame["id"]] = frame
                self._waiting.pop(frame["id"]).set_result(now)
            elif frame["t"] == "pong":
                self._pongs.pop(0).set_result(now)

    async def scan_at(self, due: float) -> float:
        """Scan a piece at `due`; return ms from then to the durable answer."""
        command_id = _ids.new_id()
        code = self.task["steps"][0]["expect"]["codes"][0]
        await self._send(command_id, "pick.scan", self._scan(code))
        answered = await self._waiting[command_id]
        answer = self._answers.pop(command_id)
        assert answer["ok"], answer
        return (answered - due) * 1e3

    async def ping_at(self, due: float) -> float:
        """Send a ping at `due`; return ms from then to its pong: the path without the writer."""
        pong: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._pongs.append(pong)
        await self._socket.send_str('{"t":"ping"}')
        return (await pong - due) * 1e3

    async def close(self) -> None:
        """Hang up."""
        await self._socket.close()
        self._reader.cancel()


def path_figures(folder: Path, progress: Callable[[str], None]) -> list[Figure]:
    """Measure scans at each load, and pings beside them; also with a flush that takes 8 ms."""
    return [
        *_served(folder / "fast", LOADS, progress),
        *_served(folder / "slow", LOADS_SLOW_FLUSH, progress, slow_flush=True),
    ]


def _served(
    data: Path,
    loads: Sequence[Load],
    progress: Callable[[str], None],
    *,
    slow_flush: bool = False,
) -> list[Figure]:
    data.mkdir()
    floor = BenchFloor(data / "floor.db")
    floor.stock_up()
    floor.assign(range(PDAS), qty=10**6 // 8)
    floor.make_people(PDAS, pin_hash())
    tasks = floor.open_tasks(PDAS)
    floor.store.close()
    with serving(data, slow_flush=slow_flush) as child:
        figures = uvloop.run(_measure(child, tasks, loads, progress))
    if not slow_flush:
        return figures
    return [msgspec.structs.replace(f, name=f"{f.name}, 8 ms flush") for f in figures]


async def _measure(
    child: Child, tasks: list[str], loads: Sequence[Load], progress: Callable[[str], None]
) -> list[Figure]:
    figures = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as client:
        pdas = [Pda(n, child, client) for n in range(PDAS)]
        for pda, task in zip(pdas, tasks, strict=True):
            await pda.open(task)
        for load in loads:
            progress(f"{load.rate} scans/s")
            await _load([pda.scan_at for pda in pdas], load.rate, WARM_S)
            pings = await _load([pda.ping_at for pda in pdas], load.rate, SECONDS)
            rounds = [
                await _load([pda.scan_at for pda in pdas], load.rate, SECONDS)
                for _ in range(ROUNDS)
            ]
            figures += [
                _figure(load.rate, 0.5, rounds, pings, load.p50_max),
                _figure(load.rate, 0.99, rounds, pings, load.p99_max),
            ]
        for pda in pdas:
            await pda.close()
    return figures


def _figure(
    rate: int, share: float, rounds: list[list[float]], pings: list[float], most: float | None
) -> Figure:
    values = [percentile(each, share) for each in rounds]
    value, floor = median(values), percentile(pings, share)
    return Figure(
        f"scan → durable answer at {rate}/s, p{share * 100:.0f}",
        "ms",
        value,
        (min(values), max(values)),
        floor=floor,
        floor_name="ping → pong",
        ratio=value / floor,
        target=f"≤ {most:g} ms" if most else "",
        met=value <= most if most else None,
    )


async def _load(ask: list[Callable[[float], Any]], rate: int, seconds: float) -> list[float]:
    """Ask in an open loop: each is timed from when it was due, whether or not others wait."""
    gc.disable()  # the generator's own pauses are not what is measured
    start = time.monotonic() + 0.05
    tasks = []
    for n in range(int(rate * seconds)):
        due = start + n / rate
        if (wait_s := due - time.monotonic()) > 0:
            await asyncio.sleep(wait_s)
        tasks.append(asyncio.create_task(ask[n % len(ask)](due)))
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        gc.enable()
