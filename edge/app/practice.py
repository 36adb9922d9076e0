"""Training on practice floors: who has one, which lesson is under way, how it goes (PDA-6)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from edge.app.floor import Floor
from edge.app.ports import Clock, Committed, Reader
from edge.app.reads import LIST_MAX, Reads, view_of
from edge.domain.commands import InstructionAccept, TrainingReport
from edge.domain.lessons import (
    GOODS,
    LESSON_IDS,
    LESSONS,
    SHELVES,
    TOTES,
    Advice,
    Lesson,
    Marks,
    Terms,
    advise,
    lesson_of,
    lies_there,
    mark,
    order_body,
    stock,
    terms_of,
)
from edge.domain.model import Name, Person, Session, Trainee
from edge.domain.refusals import RefusedError
from edge.domain.rules import in_force
from edge.domain.training import TraineeRow, trainee_row
from edge.domain.trial import run_orders

ROOMS_MAX: Final = 16
"""Practice floors at a time; each holds a few MB."""
IDLE_US_MAX: Final = 1_800_000_000
"""One that nobody used for so long is given up where another is wanted."""
SECOND_US: Final = 1_000_000

Report = Callable[[TrainingReport], Awaitable[object]]


def can_be_taught(rules: bytes) -> bool:
    """Tell whether the orders of all lessons go straight to picking under a ruleset."""
    terms = terms_of(in_force(rules).document)
    bodies = [order_body(each, f"U-{n}", 0, terms) for n, each in enumerate(LESSONS, 1)]
    return {outcome.state for outcome in run_orders(rules, bodies)} == {"ready"}


class Good(msgspec.Struct, frozen=True):
    """Goods on a shelf of the practice floor."""

    name: Name
    code: str
    qty: int


class Shelf(msgspec.Struct, frozen=True):
    """A bin of the practice floor and what really lies in it."""

    location: str
    goods: tuple[Good, ...]


class LessonView(msgspec.Struct, frozen=True):
    """Where a trainee stands and what to do next. `say` and `facts` fill a text of the page."""

    lesson: str
    lessons: tuple[str, ...]
    done: tuple[str, ...]
    order: str
    place: str
    say: str
    facts: dict[str, Any]
    is_coached: bool
    allowed_s: int
    took_s: int
    mistakes: int
    wrong: bool
    on_time: bool
    totes: tuple[str, ...]
    shelves: tuple[Shelf, ...]
    label: str
    """What the code of the label says that was printed last."""


class Screen(Protocol):
    """Where labels of a practice floor appear."""

    label: str
    """What the code of the newest label says; nothing before there is one."""


class Course:
    """The lessons of one trainee, on the floor that they are given on."""

    def __init__(
        self,
        floor: Floor,
        reader: Reader,
        clock: Clock,
        screen: Screen,
        report: Report,
        terms: Terms,
    ) -> None:
        """`report` takes each order's outcome; `terms` are those of the floor's ruleset."""
        self._floor = floor
        self._reader = reader
        self._clock = clock
        self._screen = screen
        self._report = report
        self._terms = terms
        self._reporting: set[asyncio.Future[object]] = set()
        self._dseq = 0
        self._runs = 0
        self._person = ""
        self._lesson = LESSONS[0]
        self._order = ""
        self._begun_us = 0
        self._ended_us = 0
        self._marks = Marks()
        self._done: dict[str, None] = {}

    async def tell(self, kind: str, **body: object) -> None:
        """Carry out an instruction, as the hub gives them to a real floor."""
        self._dseq += 1
        data = InstructionAccept(self._dseq, kind, self._clock.now_us(), body)
        outcome = await self._floor.submit(data, via="hub", actor="hub")
        assert "code" not in outcome.answer.facts, outcome.answer

    async def begin(self, person: str, lesson_id: str) -> None:
        """Let a lesson's order come in; one that is under way goes on.

        Raises:
            RefusedError: there is no such lesson.
        """
        lesson = lesson_of(lesson_id)
        if lesson is None:
            raise RefusedError("unknown_lesson", lesson=lesson_id[:40])
        if (await self._advice()).place != "lesson":
            return
        self._runs += 1
        self._person, self._lesson, self._order = person, lesson, f"U-{1000 + self._runs}"
        self._marks, self._begun_us, self._ended_us = Marks(), self._clock.boot_us(), 0
        self._screen.label = ""
        await self.tell("stock.snapshot", items=stock())
        body = order_body(lesson, self._order, self._clock.now_us(), self._terms)
        await self.tell("order.assign", **body)

    def on_commit(self, committed: Committed) -> None:
        """Count what went wrong, and report an order that was handed over."""
        for draft in committed.drafts:
            self._marks = mark(self._marks, self._lesson, draft.kind, draft.data)
            if draft.kind == "order.moved" and draft.data["to"] == "handed_over":
                self._end()

    def _end(self) -> None:
        self._ended_us = self._clock.boot_us()
        self._done[self._lesson.id] = None
        done = TrainingReport(
            person=self._person,
            lesson=self._lesson.id,
            wrong=self._marks.wrong,
            on_time=self._took_s <= self._lesson.allowed_s,
            mistakes=self._marks.mistakes,
            took_s=self._took_s,
        )
        reporting = asyncio.ensure_future(self._report(done))
        self._reporting.add(reporting)
        reporting.add_done_callback(self._reporting.discard)

    @property
    def _took_s(self) -> int:
        return ((self._ended_us or self._clock.boot_us()) - self._begun_us) // SECOND_US

    async def look(self) -> LessonView:
        """Return where the trainee stands and what to do next."""
        advice = await self._advice()
        lesson, took_s = self._lesson, self._took_s if self._order else 0
        return LessonView(
            lesson=lesson.id if self._order else "",
            lessons=LESSON_IDS,
            done=tuple(self._done),
            order=self._order,
            place=advice.place,
            say=advice.say,
            facts=advice.facts,
            is_coached=lesson.is_coached,
            allowed_s=lesson.allowed_s,
            took_s=took_s,
            mistakes=self._marks.mistakes,
            wrong=self._marks.wrong,
            on_time=took_s <= lesson.allowed_s,
            totes=TOTES,
            shelves=_shelves(lesson),
            label=self._screen.label,
        )

    async def _advice(self) -> Advice:
        if not self._order:
            return Advice("lesson", "choose")
        saw = self._marks.saw_decoy
        return await view_of(
            self._reader, lambda world: advise(world, self._lesson, self._order, saw_decoy=saw)
        )


def _shelves(lesson: Lesson) -> tuple[Shelf, ...]:
    named = {good.sku: good for good in GOODS}
    found: dict[str, list[Good]] = {}
    for location, sku, _ in SHELVES:
        qty = lies_there(lesson, location, sku)
        found.setdefault(location, []).append(Good(named[sku].name, named[sku].code, qty))
    return tuple(Shelf(location, tuple(goods)) for location, goods in found.items())


class Closable(Protocol):
    """A practice floor that is open."""

    async def close(self) -> None:
        """Give the floor up; nothing of it stays."""


Room = TypeVar("Room", bound=Closable)


class Rooms(Generic[Room]):
    """The practice floors that there are: one for a person at a device."""

    def __init__(self, clock: Clock, make: Callable[[Session], Awaitable[Room]]) -> None:
        """`make` opens a practice floor for a session of the real one."""
        self._clock = clock
        self._make = make
        self._rooms: dict[tuple[str, str], Room] = {}
        self._used_us: dict[tuple[str, str], int] = {}
        self._one = asyncio.Lock()

    def of(self, session: Session) -> Room:
        """Return the practice floor of a session.

        Raises:
            RefusedError: there is none.
        """
        key = (session.person, session.device)
        room = self._rooms.get(key)
        if room is None:
            raise RefusedError("no_practice")
        self._used_us[key] = self._clock.boot_us()
        return room

    async def enter(self, session: Session) -> Room:
        """Return the practice floor of a session; one is opened where there is none.

        Raises:
            RefusedError: too many are in use.
        """
        key = (session.person, session.device)
        async with self._one:
            if key not in self._rooms:
                await self._make_room()
                self._rooms[key] = await self._make(session)
        return self.of(session)

    async def _make_room(self) -> None:
        if len(self._rooms) < ROOMS_MAX:
            return
        oldest = min(self._rooms, key=lambda key: self._used_us[key])
        if self._clock.boot_us() - self._used_us[oldest] < IDLE_US_MAX:
            raise RefusedError("practice_full", max=ROOMS_MAX)
        await self._drop(oldest)

    async def leave(self, session: Session) -> None:
        """Give the practice floor of a session up, if there is one."""
        async with self._one:
            await self._drop((session.person, session.device))

    async def _drop(self, key: tuple[str, str]) -> None:
        self._used_us.pop(key, None)
        room = self._rooms.pop(key, None)
        if room is not None:
            await room.close()

    async def close(self) -> None:
        """Give all practice floors up."""
        for key in tuple(self._rooms):
            await self._drop(key)


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who may be told to train."""

    id: str
    name: Name


class TrainingReads:
    """How people did in training."""

    def __init__(self, reader: Reader, reads: Reads) -> None:
        self._reader = reader
        self._reads = reads

    async def rows(self, person: str = "") -> list[TraineeRow]:
        """Return the rows of all trainees, or of one person."""
        ids = [person] if person else await self._reader.list_ids(Trainee, LIST_MAX)
        found = [await self._reader.doc(Trainee, each) for each in ids]
        return [
            trainee_row(each, await self._reads.name_of(each.id))
            for each in found
            if isinstance(each, Trainee)
        ]

    async def people(self) -> list[Candidate]:
        """Return those who may be told to train."""
        ids = await self._reader.list_ids(Person, LIST_MAX)
        return [Candidate(each, await self._reads.name_of(each)) for each in ids]
