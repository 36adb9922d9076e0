"""The box whose printing is tried: the service's own parts, over a disk that outlives them."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from drivers.api import Printer
from edge.app.floor import Floor
from edge.app.labels import WaybillLabels
from edge.app.ports import Committed
from edge.app.printers import PrinterBoard, PrinterSlot
from edge.app.printing import PrintQueue
from edge.app.reads import Reads
from edge.domain.commands import BoxFound
from edge.domain.decide import Answer
from edge.domain.views import answer_view
from edge.sim.box import NoBlobs, default_ruleset
from edge.sim.chance import SimClock, SimIds, stream
from edge.sim.disk import Disk
from edge.sim.printing import paper
from edge.store.reader import InlineReader
from edge.store.runners import InlineRunner
from edge.store.writer import Writer

BOX: Final = "BOX-P"
Groups = dict[str, tuple[str, ...]]


class Life:
    """The service from one start to its end."""

    def __init__(self, machine: "PrintBox") -> None:
        clock, ids = machine.clock, machine.ids
        writer = Writer(
            machine.disk, box=BOX, clock=clock, ids=ids,
            sign=lambda *_: b"", render=answer_view,
        )  # fmt: skip
        self.is_new = writer.head.seq == 0
        self.runner = InlineRunner(writer)
        self.reader = InlineReader(machine.disk.store.connection)
        reads = Reads(self.reader)
        self.floor = Floor(self.runner, reads, clock, ids, NoBlobs())
        slots = [PrinterSlot(name, name, make()) for name, make in machine.printers.items()]
        self.board = PrinterBoard(clock, slots, machine.groups)
        self.printing = PrintQueue(
            self.floor,
            self.reader,
            clock,
            self.board,
            rules=reads.print_rules,
            fields=WaybillLabels(self.reader, BOX).fields,
            render=paper.label,
            render_slip=paper.slip,
        )
        self.ended = asyncio.Event()

    async def open(self, on_commit: Callable[[Committed], None]) -> None:
        """Start; found the journal at the first time."""
        self.runner.start()
        if self.is_new:
            await self.floor.submit(BoxFound(BOX, default_ruleset()), via="box")
        self.runner.listen(on_commit)
        self.runner.listen(self.printing.on_commit)
        await self.printing.start()


class PrintBox:
    """A machine whose service can crash at any moment, and starts again over the same disk."""

    def __init__(
        self,
        seed: int,
        loop: Any,  # noqa: ANN401 - a virtual loop
        printers: Mapping[str, Callable[[], Printer]],
        groups: Groups,
        on_commit: Callable[[Committed], None],
    ) -> None:
        self.clock = SimClock(loop, "print box")
        self.ids = SimIds(stream(seed, "print ids"), self.clock)
        self.disk = Disk()
        self.printers = printers
        self.groups = groups
        self.crashes = 0
        self.life: Life | None = None
        self._on_commit = on_commit
        self._is_up = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin the next life."""
        assert self.life is None
        self.life = Life(self)
        await self.life.open(self._on_commit)
        self._is_up.set()

    def crash(self, down_s: float) -> None:
        """End the life wherever everything stands; the next one begins after `down_s`."""
        life, self.life = self.life, None
        if life is None:
            return
        self.crashes += 1
        self._is_up.clear()
        life.ended.set()
        life.runner.stop()
        self._run(life.printing.stop())
        self.disk.rollback()
        self._run(self._start_later(down_s))

    async def _start_later(self, down_s: float) -> None:
        await asyncio.sleep(down_s)
        await self.start()

    def _run(self, work: Any) -> None:  # noqa: ANN401 - a coroutine
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def do(self, data: Any, **who: Any) -> Answer:  # noqa: ANN401 - any command
        """Carry out a command, sent again under its id until a life has answered it."""
        command_id = self.ids.new_id()
        while True:
            await self._is_up.wait()
            life = self.life
            assert life is not None
            asked = asyncio.create_task(life.floor.submit(data, command_id=command_id, **who))
            ended = asyncio.create_task(life.ended.wait())
            await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            if asked.done():
                return asked.result().answer
            asked.cancel()

    async def stop(self) -> None:
        """End the last life in good order."""
        await self._is_up.wait()
        assert self.life is not None
        await self.life.printing.stop()
        self.life.runner.stop()
