"""The part of the composition root that has to do with training: a box in memory per trainee.

A practice floor has a journal, a writer and a print queue of its own, of the same parts as the real
box, and nothing else: no hub, no file, no printer. It is given no way to the real floor, so that
nothing done on it can get there. What does get there is one report for each practice order.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from drivers.api import CopyId, Mark, PrinterStatus, Proof, Raster, Reading
from edge.app.approvals import Approvals
from edge.app.dispatch import Dispatcher
from edge.app.floor import Floor
from edge.app.labels import WaybillLabels
from edge.app.ports import BlobState, Clock, Ids
from edge.app.practice import Course, Report, Rooms, can_be_taught
from edge.app.printers import PrinterBoard, PrinterSlot
from edge.app.printing import PrintQueue
from edge.app.push import Push
from edge.app.reads import Reads
from edge.app.sessions import Sessions, Station
from edge.domain.commands import BoxFound, SessionOpen, TrainingReport
from edge.domain.lessons import STATION, catalog, locations, terms_of
from edge.domain.model import Name, Session
from edge.domain.refusals import RefusedError
from edge.domain.rules import in_force
from edge.domain.views import answer_view
from edge.http.guard import Guard
from edge.http.limits import DEVICE, Limit
from edge.http.routes import Handlers
from edge.http.socket import Socket
from edge.store.reader import InlineReader
from edge.store.runners import InlineRunner
from edge.store.sqlite import SqliteStore
from edge.store.writer import Writer

NAME: Final = "practice"
NUMBERS: Final = 200
"""Waybill numbers of a practice floor."""
ROLES: Final = ("picker", "packer")
FACTORS: Final = ("badge", "pin")
"""Shown at the real floor's door, by the session that the practice floor is made for."""
DOTS: Final = 8
_DESK: Final = Station(STATION, Name("练习台", "Practice desk"), ("screen",))


class _NoBlobs:
    """No photo is taken in a lesson."""

    async def state(self, sha256: str) -> BlobState:
        """Return that nothing is known of a blob."""
        return BlobState(sha256, 0)

    async def append(self, sha256: str, offset: int, size: int, piece: bytes) -> BlobState:
        """Take nothing."""
        del offset, size, piece
        raise RefusedError("unknown_blob", blob=sha256)

    async def drop(self, sha256: str) -> None:
        """Do nothing: none is here."""

    async def older(self, before_us: int) -> list[str]:
        """Return none."""
        del before_us
        return []


class ScreenPrinter:
    """A `Printer` whose labels are shown on the trainee's own screen."""

    def __init__(self) -> None:
        self.label = ""
        """What the code of the newest label says."""

    async def probe(self) -> str | None:
        """Return the model."""
        return "screen"

    async def open(self) -> None:
        """Do nothing: it is there."""

    async def status(self) -> PrinterStatus:
        """Return that all is well."""
        return PrinterStatus(online=Reading.OK, paper=Reading.OK)

    async def mark(self) -> Mark | None:
        """Return nothing: it counts no labels."""
        return None

    async def send(self, copy: bytes, copy_id: CopyId) -> int:
        """Show a label."""
        del copy_id
        self.label = copy.decode()
        return len(copy)

    async def await_proof(self, copy_id: CopyId, mark: Mark | None, timeout_s: float) -> Proof:
        """Return nothing: the label is proved by the trainee's scan."""
        del copy_id, mark, timeout_s
        return Proof.NONE

    async def cancel(self) -> None:
        """Do nothing: what was sent is shown."""

    async def close(self) -> None:
        """Do nothing."""

    def encode(self, label: Raster, copy_id: CopyId) -> bytes:
        """Return the text of the label's code."""
        del copy_id
        return label.rows


def _render(fields: dict[str, object]) -> Raster:
    """Return a "picture" that holds what the label's code says, in place of dots."""
    rows = f"FG1:{fields['waybill']}:{fields['copy_id']}".encode()
    return Raster(width=DOTS, height=len(rows), dpi=203, rows=rows)


class PracticeFloor:
    """A floor in memory, for one person at one device."""

    session: Session
    """The trainee's own on it."""

    def __init__(
        self, document: bytes, clock: Clock, ids: Ids, report: Report, guard: Guard
    ) -> None:
        """`guard` is that of the real door: it counts how often a device asks, on any floor."""
        self._document = document
        self._terms = terms_of(in_force(document).document)
        self._clock = clock
        self._ids = ids
        self._store = SqliteStore(":memory:")
        self._writer = Writer(
            self._store,
            box=NAME,
            clock=clock,
            ids=ids,
            sign=lambda *_: b"",  # nobody is ever shown this chain
            render=answer_view,
        )
        self._runner = InlineRunner(self._writer)
        self._reader = InlineReader(self._store.connection)
        self._reads = Reads(self._reader)
        self._floor = Floor(self._runner, self._reads, clock, ids, _NoBlobs())
        self._push = Push()
        self._sessions = Sessions(
            self._floor, self._reads, clock, ids, secret=ids.new_salt(), stations=(_DESK,)
        )
        self._printer = ScreenPrinter()
        self._printing = self._print_queue()
        self.course = Course(self._floor, self._reader, clock, self._printer, report, self._terms)
        approvals = Approvals(self._floor, self._sessions, clock)
        self.handlers = Handlers(self._floor, self._reads, self._sessions, approvals, guard)
        self.socket = Socket(
            self._dispatcher(), self._push, Limit(DEVICE, clock), on_leave=lambda _: None
        )

    def _print_queue(self) -> PrintQueue:
        slot = PrinterSlot("screen", "screen", self._printer)
        return PrintQueue(
            self._floor,
            self._reader,
            self._clock,
            PrinterBoard(self._clock, [slot], {STATION: (slot.id,)}),
            rules=self._reads.print_rules,
            fields=WaybillLabels(self._reader, NAME).fields,
            render=_render,
            render_slip=_render,
        )

    async def open(self, live: Session, name: Name) -> None:
        """Lay out goods, bins and waybills, and open the trainee's session."""
        self._runner.start()
        for listener in (
            self._push.on_commit, self._printing.on_commit, self.course.on_commit,
        ):  # fmt: skip
            self._runner.listen(listener)
        await self._floor.submit(BoxFound(NAME, self._document), via="box")
        await self._printing.start()
        names = {"zh": name.zh, "en": name.en}
        person = {"id": live.person, "name": names, "roles": list(ROLES), "active": True}
        tell = self.course.tell
        await tell("catalog.upsert", items=catalog())
        await tell("location.upsert", items=locations())
        await tell("people.upsert", items=[person])
        numbers = [f"U{n:09d}" for n in range(1, NUMBERS + 1)]
        await tell("waybill.pool", carrier=self._terms.carrier, numbers=numbers)
        await self._sign_in(live)

    async def _sign_in(self, live: Session) -> None:
        session_id = self._ids.new_id()
        await self._floor.submit(
            SessionOpen(session_id, live.person, STATION),
            via="pda",
            actor=live.person,
            device=live.device,
            factors=FACTORS,
            verified_us=self._clock.now_us(),
        )
        session = await self._reads.session(session_id)
        assert session is not None, "the practice floor knows its trainee"
        self.session = session

    def _dispatcher(self) -> Dispatcher:
        return Dispatcher(
            self._floor,
            self._reader,
            self._sessions,
            self._push,
            self._clock,
            status=lambda: {"hub": "none", "hub_lag": 0, "printers": []},
            head_seq=lambda: self._writer.head.seq,
        )

    async def close(self) -> None:
        """Give the floor up; nothing of it stays."""
        await self.socket.close()
        self._runner.stop()
        await self._printing.stop()
        self._store.close()


def practice_rooms(
    floor: Floor, reads: Reads, clock: Clock, ids: Ids, built_in: Callable[[], bytes], guard: Guard
) -> Rooms[PracticeFloor]:
    """Return the practice floors of a box, none yet; `floor` takes the reports of their orders.

    They go by the ruleset in force when they open, or by the one `built_in` where that one stops
    the lessons' orders.
    """
    known: dict[str, bytes] = {}

    async def rules() -> bytes:
        label, document = await reads.ruleset()
        if label not in known:
            known.clear()
            is_fit = await asyncio.to_thread(can_be_taught, document)
            known[label] = document if is_fit else built_in()
        return known[label]

    async def report(done: TrainingReport) -> object:
        return await floor.insist(done, via="box")

    async def make(live: Session) -> PracticeFloor:
        room = PracticeFloor(await rules(), clock, ids, report, guard)
        await room.open(live, await reads.name_of(live.person))
        return room

    return Rooms(clock, make)
