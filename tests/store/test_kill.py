"""`floorgate serve` is killed, again and again, in the middle of its work."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from edge.domain.model import Order
from edge.store.journal import Journal
from edge.store.replay import check_replay
from edge.store.sqlite import SqliteStore
from sync.api import ExportedEntry, Verifier, decode_entry
from tests.store.kit import BOX_KEY, BOX_PUBLIC_KEY, PEOPLE, PIN, Floor, SeededIds

SOAK = bool(os.environ.get("FLOORGATE_SOAK"))
KILLS = 500 if SOAK else 10
CHECK_EVERY = 25 if SOAK else 1
"""Kills between looks at the whole journal; the last look sees all that went wrong before."""
ANSWERS_A_ROUND = (10, 60)
ORDERS = KILLS * 7
QTY = 3
START_S_MAX = 30.0
CONFIG = """
data = "{data}"
[box]
id = "box-1"
[http]
open_devices = true
host = "127.0.0.1"
port = 0
tls = false
"""


class Box:
    """The box as a process of its own, and where it is reached now."""

    def __init__(self, folder: Path) -> None:
        self._config = folder / "floorgate.toml"
        self._config.write_text(CONFIG.format(data=folder))
        self._process: asyncio.subprocess.Process | None = None
        self._drain: asyncio.Task[bytes] | None = None
        self.url = ""
        self.is_up = asyncio.Event()

    async def start(self) -> None:
        """Start it and wait until it serves."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge", "serve", "--config", str(self._config),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S_MAX):
            said = b""
            while b"serving http" not in said:
                line = await self._process.stdout.readline()
                assert line, f"the box did not start: {said.decode()}"
                said += line
        self._drain = asyncio.create_task(self._process.stdout.read())
        self.url = said.decode().rpartition("serving ")[2].strip()
        self.is_up.set()

    async def kill(self) -> None:
        """End it with SIGKILL."""
        assert self._process is not None
        assert self._drain is not None
        self.is_up.clear()
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        await self._drain


class Answers:
    """All answers that came, by command, and how often one came again."""

    def __init__(self) -> None:
        self.given: set[str] = set()
        self.repeated = 0
        self._news = asyncio.Condition()

    async def add(self, command: str, *, repeated: bool) -> None:
        """Take note of an answer."""
        self.given.add(command)
        self.repeated += repeated
        async with self._news:
            self._news.notify_all()

    async def reach(self, count: int) -> None:
        """Wait until there are `count` answers."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.given) >= count)


class Picker:
    """A person who sends one command after the other, each until it is answered."""

    def __init__(self, box: Box, http: aiohttp.ClientSession, answers: Answers, no: int) -> None:
        self._box = box
        self._http = http
        self._answers = answers
        self._ids = SeededIds(1_000 + no)
        self._no = no
        self._headers = {"X-Floor": "1"}
        self._session = ""

    async def work(self, tasks: list[tuple[str, str]]) -> None:
        """Sign in and pick all tasks."""
        await self._sign_in()
        for task, order in tasks:
            facts = await self._send("task.take", task_ids=[task])
            await self._send("tote.bind", task_id=task, order_id=order, code=f"T-{order}")
            for step in facts["task"]["steps"]:
                code = step["expect"]["codes"][0]
                for scanned in (step["location"], *[code] * step["qty"]):
                    await self._send("pick.scan", task_id=task, step=step["no"], code=scanned)

    async def _sign_in(self) -> None:
        body = {"badge": f"@B:{self._no}", "pin": PIN, "device": f"pda-{self._no}"}
        answer = await self._post("session", body)
        self._session = answer["session"]["id"]
        self._headers["Authorization"] = f"Bearer {answer['token']}"

    async def _send(self, kind: str, **data: Any) -> dict[str, Any]:
        command_id = self._ids.new_id()
        command = {
            "v": 1,
            "id": command_id,
            "kind": kind,
            "device": f"pda-{self._no}",
            "session_id": self._session,
            "captured_at": time.time_ns() // 1_000,
            "data": data,
        }
        (answer,) = await self._post("commands", [command])
        assert answer["ok"], answer
        await self._answers.add(command_id, repeated=answer.get("repeated", False))
        facts: dict[str, Any] = answer["facts"]
        return facts

    async def _post(self, path: str, body: Any) -> Any:
        """Post until there is an answer, however often the box dies over it."""
        while True:
            await self._box.is_up.wait()
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                url = f"{self._box.url}/api/v1/{path}"
                async with self._http.post(url, json=body, headers=self._headers) as response:
                    answer = await response.json()
                    assert response.status == 200, answer
                    return answer
            await asyncio.sleep(0)  # lets the one who kills say that the box is down


def prepare(folder: Path) -> list[tuple[str, str]]:
    """Lay out the data folder of a box with people and orders; return (task, order)."""
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "box.key").write_bytes(BOX_KEY)
    with closing(SqliteStore(folder / "floor.db")) as store:
        floor = Floor(store).found()
        orders = [floor.assign(qty=QTY) for _ in range(ORDERS)]
        floor.run(*(command for _, command in orders))
        found = [store.doc(Order, order) for order, _ in orders]
        return [(each.task, each.id) for each in found if isinstance(each, Order)]


def entries(folder: Path) -> Iterator[ExportedEntry]:
    """Yield the entries of a box's journal."""
    with closing(Journal(folder)) as journal:
        for item in journal.items():
            if isinstance(item, ExportedEntry):
                yield item


def kinds_after_check(folder: Path, given: set[str]) -> Counter[str]:
    """Hold what is on disk to what was answered; return how often each kind of entry is there."""
    verifier = Verifier(public_key=BOX_PUBLIC_KEY)
    runs: list[str] = []
    kinds: Counter[str] = Counter()
    for item in entries(folder):
        verifier.entry(item.raw, item.hash)
        entry = decode_entry(item.raw)
        kinds[entry.kind] += 1
        if not runs or runs[-1] != entry.cause:
            runs.append(entry.cause)
    assert verifier.report().ok
    assert given - set(runs) == set(), "answered, and not there"
    assert [cause for cause, count in Counter(runs).items() if count > 1] == [], "carried out twice"
    with closing(Journal(folder)) as journal:
        assert check_replay(journal).differences == ()
    return kinds


@pytest.mark.timeout(3_600 if SOAK else 120)
async def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """After each kill -9 the box goes on where it stood; each command counts once (PICK-5, OPS-2).

    Commands without an answer are sent again under their ids. In the end every piece is picked
    exactly once, the journal verifies, and replay gives what is stored.
    """
    random = Random(9)
    tasks = prepare(tmp_path)
    box = Box(tmp_path)
    answers = Answers()
    await box.start()
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as pickers:
        for no in range(PEOPLE):
            picker = Picker(box, http, answers, no)
            pickers.create_task(picker.work(tasks[no::PEOPLE]))
        for kill in range(KILLS):
            await answers.reach(len(answers.given) + random.randint(*ANSWERS_A_ROUND))
            await box.kill()
            if kill % CHECK_EVERY == 0:
                kinds_after_check(tmp_path, answers.given)
                print(f"{kill + 1} of {KILLS} kills")  # noqa: T201 - `make soak` shows it
            await box.start()
    await box.kill()
    kinds = kinds_after_check(tmp_path, answers.given)
    assert answers.repeated > 0
    assert (kinds["pick.scanned"], kinds["command.refused"]) == (ORDERS * 2 * (1 + QTY), 0)
