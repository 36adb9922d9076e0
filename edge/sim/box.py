"""The simulated box: one machine and its disk, and the lives of the service that runs on it."""

import asyncio
from collections.abc import Callable, Coroutine
from importlib.resources import files
from random import Random
from typing import Any, Final

from edge.app.dispatch import Dispatcher
from edge.app.floor import Floor
from edge.app.hublink import HubJournal
from edge.app.labels import WaybillLabels
from edge.app.lettinggo import LettingGo
from edge.app.ports import BlobState, Committed
from edge.app.printers import PrinterBoard, PrinterSlot
from edge.app.printing import PrintQueue
from edge.app.push import Push
from edge.app.reads import Reads
from edge.app.sessions import Sessions, Station
from edge.app.timers import Timers
from edge.domain.commands import BoxFound, CheckpointCountersign
from edge.domain.model import Name
from edge.domain.rulesets import IN_FORCE_BY
from edge.domain.views import answer_view
from edge.sim.chance import SimClock, SimIds, Weather, stream
from edge.sim.disk import Disk, PowerCutError
from edge.sim.printer import Paper, SimPrinter, render, render_slip
from edge.store.reader import InlineReader
from edge.store.runners import InlineRunner
from edge.store.writer import Writer
from sync.api import BoxIdentity, Checkpoint, Connect, HubAgent, public_key, sign_checkpoint

BOX: Final = "BOX-1"
TOKEN: Final = "sim-token"  # noqa: S105 - of a world that is made up
BOX_KEY: Final = b"\x01" * 32
PRINTERS: Final = ("L1", "L2")
LET_GO_S: Final = 30.0
"""How often a box looks whether an order may go."""
STATION: Final = Station("S1", Name("一号台", "Station 1"), PRINTERS)


def default_ruleset() -> bytes:
    """Return the ruleset that a new box starts with."""
    return files("edge.domain").joinpath("default_ruleset.toml").read_bytes()


class NoBlobs:
    """No photo is ever taken in a simulated world."""

    async def state(self, sha256: str) -> BlobState:
        """Return that nothing is known of a blob."""
        return BlobState(sha256, 0)

    async def append(self, sha256: str, offset: int, size: int, piece: bytes) -> BlobState:
        """Take nothing."""
        raise NotImplementedError(sha256, offset, size, len(piece))

    async def drop(self, sha256: str) -> None:
        """Drop nothing."""
        raise NotImplementedError(sha256)

    async def older(self, before_us: int) -> list[str]:
        """Return nothing."""
        raise NotImplementedError(before_us)


class Life:
    """The service from one start to its end. Parts and wiring are those of `edge.bootstrap`."""

    def __init__(self, machine: "SimBox", connect: Connect) -> None:
        self._machine = machine
        self._tasks: dict[asyncio.Task[Any], None] = {}
        """In the order of their start: a set's order is another one in every process."""
        self.rules = ""
        clock, ids = machine.clock, machine.ids
        self.writer = Writer(
            machine.disk,
            box=BOX,
            clock=clock,
            ids=ids,
            sign=lambda epoch, seq, head, at_us: sign_checkpoint(
                Checkpoint(BOX, epoch, seq, head, at_us), BOX_KEY
            ),
            render=answer_view,
        )
        self.runner = InlineRunner(self.writer, machine.flush_s)
        self.runner.on_failure = machine.fail
        self.reader = InlineReader(machine.disk.store.connection)
        self.reads = Reads(self.reader)
        self.floor = Floor(self.runner, self.reads, clock, ids, NoBlobs())
        self.push = Push()
        self.timers = Timers(self.floor, self.reader, clock)
        self.sessions = Sessions(
            self.floor, self.reads, clock, ids, secret=bytes(32), stations=(STATION,)
        )
        self.dispatcher = Dispatcher(
            self.floor,
            self.reader,
            self.sessions,
            self.push,
            clock,
            status=lambda: {"hub": "up", "hub_lag": 0, "printers": []},
            head_seq=lambda: self.writer.head.seq,
        )
        self.printing = PrintQueue(
            self.floor,
            self.reader,
            clock,
            PrinterBoard(
                clock,
                [PrinterSlot(name, name, machine.printers[name]) for name in PRINTERS],
                {STATION.id: PRINTERS},
            ),
            rules=self.reads.print_rules,
            fields=WaybillLabels(self.reader, BOX).fields,
            render=render,
            render_slip=render_slip,
        )
        self.letting_go = LettingGo(self.floor, self.reader, clock, machine.kept_us)
        self._connect = connect
        self.agent: HubAgent | None = None

    async def open(self) -> None:
        """Start: found the journal at the first time, take up what the last life left."""
        self.runner.start()
        machine = self._machine
        if self.writer.head.seq == 0:
            await self.floor.submit(BoxFound(BOX, default_ruleset()), via="box")
        self.rules = (await self.reads.box()).rules
        for listener in (
            machine.on_commit,
            self.push.on_commit,
            self.timers.on_commit,
            self.printing.on_commit,
            self._note_rules,
        ):
            self.runner.listen(listener)
        self.timers.start()
        await self.printing.start()
        self.agent = self._make_agent()
        self.runner.listen(self._tell_hub)
        self.spawn(self.agent.run(), "hub agent")
        self.spawn(self._let_go(), "letting go")

    async def _let_go(self) -> None:
        while True:
            await asyncio.sleep(LET_GO_S)
            await self.letting_go.look()

    def _make_agent(self) -> HubAgent:
        journal = HubJournal(
            self.floor,
            self.reader,
            head=lambda: self.writer.head,
            rules=lambda: self.rules,
            pin=self._pin,
        )
        disk = self._machine.disk
        return HubAgent(
            identity=BoxIdentity(BOX, BOX, self.writer.head.epoch, BOX_KEY, TOKEN, disk.hub_key),
            journal=journal,
            connect=self._connect,
            clock=self._machine.clock,
            random=self._machine.random,
            on_state=lambda _: None,
            on_countersign=self._keep_countersign,
        )

    async def _pin(self, key: bytes) -> None:
        self._machine.disk.hub_key = key

    def _tell_hub(self, committed: Committed) -> None:
        assert self.agent is not None
        self.agent.notify()
        if signed := committed.checkpoint:
            checkpoint = Checkpoint(BOX, signed.epoch, signed.seq, signed.head, signed.at_us)
            self.agent.checkpoint(checkpoint, signed.signature)

    def _keep_countersign(self, done: Checkpoint, signature: bytes) -> None:
        data = CheckpointCountersign(done.seq, done.at_us, done.head, signature)
        self.spawn(self.floor.submit(data, via="hub", actor="hub"), "countersign")

    def _note_rules(self, committed: Committed) -> None:
        for draft in committed.drafts:
            if draft.kind in IN_FORCE_BY:
                self.rules = draft.data["label"]

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run something that ends with this life."""
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del self._tasks[task]
        if not task.cancelled() and (error := task.exception()):
            self._machine.faults.append(error)

    def end(self) -> None:
        """End at once, wherever everything stands."""
        self.runner.stop()
        self.timers.stop()
        for task in tuple(self._tasks):
            task.cancel()
        self._last = asyncio.create_task(self.printing.stop(), name="stop printing")


class SimBox:
    """A machine that can be killed, lose its power, and start again over the same disk."""

    def __init__(
        self, seed: int, clock: SimClock, weather: Weather, kept_us: int, connect: Connect
    ) -> None:
        self.kept_us = kept_us
        self.random: Random = stream(seed, "box")
        self.clock = clock
        self.ids = SimIds(stream(seed, "box ids"), clock)
        self.disk = Disk()
        self.paper = Paper()
        self.printers = {
            name: SimPrinter(name, self.paper, stream(seed, name), weather) for name in PRINTERS
        }
        self.life: Life | None = None
        self.lives = 0
        self.faults: list[BaseException] = []
        """What broke and should never break."""
        self.on_end: Callable[[], None] = lambda: None
        """Called when the service has ended, by whatever cause."""
        self.on_commit: Callable[[Committed], None] = lambda _: None
        """Called with each durable group, in every life."""
        self._weather = weather
        self._connect = connect

    @property
    def key(self) -> bytes:
        """The box's public key."""
        return public_key(BOX_KEY)

    def flush_s(self) -> float:
        """Return how long the next half of a commit takes."""
        return self.random.uniform(0, self._weather.flush_s_max)

    async def start(self) -> None:
        """Begin the next life; it may end before it is open."""
        assert self.life is None
        life = Life(self, self._connect)
        self.lives += 1
        self.life = life
        await asyncio.wait({life.spawn(life.open(), "open")})

    def fail(self, error: BaseException) -> None:
        """Take the end of a life that its store caused: the power went, or something broke."""
        if not isinstance(error, PowerCutError):
            self.faults.append(error)
        self.kill()

    def kill(self) -> None:
        """End the life; what is not durable is gone."""
        life, self.life = self.life, None
        if life is not None:
            life.end()
            self.disk.rollback()
            self.on_end()
