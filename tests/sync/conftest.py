"""A virtual clock, a journal in memory, and a small world of one hub and one box."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sync.api import (
    GENESIS,
    BoxIdentity,
    Entry,
    HubAgent,
    Instruction,
    Link,
    LinkLostError,
    LinkState,
    encode_entry,
    link,
)
from sync.hub.core import Hub
from sync.hub.store.sqlite import SqliteHubStore
from sync.transports.memory import NO_FAULTS, Faults, memory_pair

BOX_KEY = bytes(range(32))
HUB_KEY = bytes(range(32, 64))
START_US = 1_700_000_000_000_000


class VirtualSelector(selectors.DefaultSelector):
    """Never waits: the time that a wait would take is added to the clock."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("every task waits for ever")
        self.now_s += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.virtual = VirtualSelector()
        super().__init__(self.virtual)

    def time(self) -> float:
        return self.virtual.now_s


class LoopClock:
    """The box's or hub's clocks on the running loop; `skew_us` sets the wall clock wrong."""

    def __init__(self, skew_us: int = 0) -> None:
        self.skew_us = skew_us

    def now_us(self) -> int:
        return START_US + self.skew_us + int(self.monotonic() * 1e6)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class MemoryJournal:
    """A box's journal as the link sees it; `delivered` has every call of `accept`."""

    def __init__(self, box: str = "box-1", epoch: int = 1) -> None:
        self.box = box
        self.epoch = epoch
        self.raws: list[bytes] = []
        self.hashes = [GENESIS]
        self.delivered: list[Instruction] = []
        self.pins: list[bytes] = []
        self.on_add: Callable[[], None] = lambda: None

    def add_raw(self, raw: bytes) -> None:
        self.raws.append(raw)
        self.hashes.append(link(self.hashes[-1], raw))
        self.on_add()

    def add(self, kind: str = "pick.scanned", **fields: Any) -> None:
        self.add_raw(make_entry(len(self.raws) + 1, kind, self.box, self.epoch, **fields))

    def head(self) -> tuple[int, int]:
        return self.epoch, len(self.raws)

    async def read(self, after_seq: int, n: int) -> tuple[bytes, list[bytes]]:
        await asyncio.sleep(0)
        return self.hashes[after_seq], self.raws[after_seq : after_seq + n]

    async def down_cursor(self) -> int:
        return len(self.delivered)

    async def accept(self, instructions: Sequence[Instruction]) -> None:
        for instruction in instructions:
            await asyncio.sleep(0)
            self.delivered.append(instruction)

    def rules(self) -> str:
        return "rules-1"

    async def pin_hub(self, hub_key: bytes) -> None:
        self.pins.append(hub_key)


def make_entry(
    seq: int, kind: str = "pick.scanned", box: str = "box-1", epoch: int = 1, **fields: Any
) -> bytes:
    """The bytes of a small entry."""
    return encode_entry(
        Entry(
            v=1,
            box=box,
            epoch=epoch,
            seq=seq,
            at_us=START_US + seq,
            device_at_us=START_US + seq,
            kind=kind,
            subject="",
            refs=fields.get("refs", ()),
            actor="person:7",
            device="device:1",
            via="pda",
            cause=fields.get("cause", ""),
            rules="rules-1",
            data=fields.get("data", {}),
        )
    )


class World:
    """One hub and the ways to link boxes to it, over memory links with `faults`."""

    def __init__(self, path: Path | str, seed: int = 1) -> None:
        self.path = path
        self.random = Random(seed)
        self.faults: Faults = NO_FAULTS
        self.tasks: set[asyncio.Task[Any]] = set()
        self.is_reachable = True
        self.store = SqliteHubStore(path)
        self.start_hub()

    def start_hub(self) -> None:
        self.hub = Hub(store=self.store, private_key=HUB_KEY, clock=LoopClock(), random=self.random)

    async def connect(self) -> Link:
        if not self.is_reachable:
            raise LinkLostError("connect", "hub", "no route", "wait", is_retryable=True)
        ours, theirs = memory_pair(self.random, self.faults)
        self.spawn(self.hub.serve(theirs))
        return ours

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def agent(self, journal: MemoryJournal, **changes: Any) -> HubAgent:
        """An agent for `journal`; fields of its identity and `connect` may be given."""
        states: list[LinkState] = []
        connect = changes.pop("connect", self.connect)
        clock = changes.pop("clock", LoopClock())
        on_countersign = changes.pop("on_countersign", None)
        fields = {"private_key": BOX_KEY, "token": "token-1", "hub_key": None, **changes}
        identity = BoxIdentity(journal.box, "Box one", journal.epoch, **fields)
        agent = HubAgent(
            identity=identity,
            journal=journal,
            connect=connect,
            clock=clock,
            random=self.random,
            on_state=states.append,
            on_countersign=on_countersign,
        )
        journal.on_add = agent.notify
        return agent

    async def stop(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def stored(self, box: str = "box-1", epoch: int = 1) -> list[bytes]:
        query = "SELECT raw FROM entry WHERE box = ? AND epoch = ? ORDER BY seq"
        return [bytes(row["raw"]) for row in self.store._db.execute(query, (box, epoch))]


async def until(is_true: Callable[[], bool], within_s: float = 600.0) -> None:
    """Let virtual time pass until `is_true`."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + within_s
    while not is_true():
        assert loop.time() < deadline_s, "it did not come true"
        await asyncio.sleep(0.01)


class Kit:
    """What tests take from here by one fixture, since test folders are not packages."""

    World = World
    Journal = MemoryJournal
    Clock = LoopClock
    entry = staticmethod(make_entry)
    until = staticmethod(until)
    BOX_KEY = BOX_KEY
    HUB_KEY = HUB_KEY
    START_US = START_US

    @staticmethod
    def run(work: Coroutine[Any, Any, None]) -> None:
        """Run `work` on a loop whose time is virtual."""
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(work)


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    return Kit
