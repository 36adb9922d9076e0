"""Reading: views and lists from committed state.

A view is a pure function of a `World`. Its documents are fetched as it asks for them: the view
runs, stops at the first one that is missing, and runs again with it. That keeps every view free of
I/O, and serves any store whose reads are asynchronous.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from edge.app.ports import Reader
from edge.domain.asking import Asking, asking_view
from edge.domain.label_views import FixRow, fix_row
from edge.domain.letting_go import refuse_gone
from edge.domain.lockouts import Boot, why_locked
from edge.domain.model import (
    Alarm,
    Approval,
    Assignment,
    Box,
    Doc,
    Hands,
    Job,
    Name,
    Order,
    Person,
    PrintDay,
    RulesetRecord,
    Session,
    Task,
    Trainee,
    Waybill,
)
from edge.domain.model.picking import QUEUES
from edge.domain.printstages import slip_code
from edge.domain.printviews import PrintJobView, print_job_view
from edge.domain.refusals import Refusal
from edge.domain.rules import PrintQueueRules, Ruleset
from edge.domain.rulesets import active_rules
from edge.domain.sessions import may_switch
from edge.domain.views import (
    JobView,
    OrderView,
    PackRow,
    PackView,
    TaskView,
    job_view,
    order_view,
    pack_row,
    pack_view,
    task_view,
)
from edge.domain.views_approvals import ApprovalView, approval_view
from edge.domain.world import Key, Missing, World
from sync.api import decode_entry

T = TypeVar("T")
ONLY: Final = {"stuck": "yes", "put_back": "open"}
"""Terms of orders that lists may be narrowed to, with their value."""
LIST_MAX: Final = 200
TIMELINE_MAX: Final = 2_000
DAYS_MAX: Final = 400
DAYS_KEPT_MAX: Final = 10_000
DOCS_PER_VIEW_MAX: Final = 20_000


class Views:
    """Runs views over one reader, sharing what they have fetched. Give it a snapshot."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._docs: dict[Key, Doc | None] = {}

    async def run(self, view: Callable[[World], T]) -> T:
        """Return `view(world)` over committed documents."""
        while True:
            try:
                return view(World(self._load))
            except Missing as missing:
                assert len(self._docs) < DOCS_PER_VIEW_MAX
                found = await self._reader.doc(missing.kind, missing.doc_id)
                self._docs[missing.kind.KIND, missing.doc_id] = found

    def _load(self, kind: type[Doc], doc_id: str) -> Doc | None:
        key = (kind.KIND, doc_id)
        if key not in self._docs:
            raise Missing(kind, doc_id)
        return self._docs[key]


async def view_of(reader: Reader, view: Callable[[World], T]) -> T:
    """Return `view(world)` over one committed state."""
    async with reader.snapshot() as held:
        return await Views(held).run(view)


class Reads:
    """The questions that clients ask."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def rules(self) -> Ruleset:
        """Return the active ruleset."""
        return await view_of(self._reader, active_rules)

    async def ruleset(self) -> tuple[str, bytes]:
        """Return label and document of the active ruleset."""
        label = (await self.box()).rules
        record = await self._reader.doc(RulesetRecord, label)
        assert isinstance(record, RulesetRecord)
        return label, record.document

    async def print_rules(self) -> PrintQueueRules:
        """Return how long and how often printing is tried."""
        return (await self.rules()).document.labels.queue

    async def task(self, task_id: str) -> TaskView | None:
        """Return a task with its steps."""
        return await view_of(self._reader, partial(task_view, task_id=task_id))

    async def open_tasks(self) -> list[TaskView]:
        """Return open tasks by priority, lane and age, without their steps.

        A task of the fast lane stands behind none of the normal one but those of priority P0, so
        who is free next is offered the oldest of it first, however many normal ones wait.
        """
        found: list[TaskView] = []
        async with self._reader.snapshot() as held:
            views = Views(held)
            for queue in QUEUES:
                for task_id in await held.find(Task, "open", queue, LIST_MAX - len(found)):
                    view = await views.run(partial(task_view, task_id=task_id, steps=False))
                    if view is not None:
                        found.append(view)
        return found

    async def pack(self, code: str) -> PackView | None:
        """Return an order for packing, by its id or its tote."""
        order = await self._by_tote(code) or code
        return await view_of(self._reader, partial(pack_view, order_id=order))

    async def _by_tote(self, code: str) -> str:
        found = await self._reader.find(Order, "tote", code, 1)
        return found[0] if found else ""

    async def to_pack(self) -> list[PackRow]:
        """Return orders that wait for packing or are being packed."""
        found = []
        async with self._reader.snapshot() as held:
            views = Views(held)
            rules = await views.run(active_rules)
            for state in [each for each in rules.states if rules.desk(each) == "pack"]:
                for order_id in await held.find(Order, "state", state, LIST_MAX):
                    row = await views.run(partial(pack_row, order_id=order_id))
                    if row is not None:
                        found.append(row)
        return sorted(found, key=lambda row: (row.lane != "24h", row.since, row.id))

    async def order(self, code: str) -> OrderView | None:
        """Return an order, by its id, the tote that carries it, or its waybill's number.

        Raises:
            RefusedError: `order_archived`, where it was let go.
        """
        async with self._reader.snapshot() as held:
            views = Views(held)
            waybill = await held.doc(Waybill, code)
            by_waybill = waybill.order if isinstance(waybill, Waybill) else ""
            by_tote = next(iter(await held.find(Order, "tote", code, 1)), "")
            for order_id in (code, by_tote, by_waybill):
                found = await views.run(partial(order_view, order_id=order_id))
                if found is not None:
                    return found
            for order_id in (code, by_waybill):
                await views.run(partial(refuse_gone, order_id=order_id))
        return None

    async def orders(
        self, state: str, after: str, limit: int = LIST_MAX, *, only: str = ""
    ) -> list[OrderView]:
        """Return orders, sorted by id, after `after`: of one state, of one of `ONLY`, or all."""
        limit = min(limit, LIST_MAX)
        term, value = (only, ONLY[only]) if only else ("state", state)
        async with self._reader.snapshot() as held:
            ids = (
                await held.find(Order, term, value, limit, after)
                if value
                else await held.list_ids(Order, limit, after)
            )
            views = Views(held)
            found = [await views.run(partial(order_view, order_id=each)) for each in ids]
        return [view for view in found if view is not None]

    async def why_not(self, order_id: str, action: str) -> Asking | None:
        """Return what is missing for an action of an order, or for each of its state."""
        return await view_of(self._reader, partial(asking_view, order_id=order_id, action=action))

    async def order_counts(self) -> dict[str, int]:
        """Return how many orders are in each state."""
        return await self._reader.counts(Order, "state")

    async def timeline(self, order_id: str) -> list[dict[str, Any]]:
        """Return the entries that concern an order, oldest first."""
        ref = f"order:{order_id}"
        raw = await self._reader.archived(ref, TIMELINE_MAX)
        raw += await self._reader.timeline(ref, TIMELINE_MAX - len(raw))
        # Where the journal was cut, an entry may stand both in the archive and here.
        return [entry_view(each) for each in dict.fromkeys(raw)]

    async def names_of(self, people: Iterable[str]) -> dict[str, Name]:
        """Return the names of those whom the box knows."""
        found = {each: await self._reader.doc(Person, each) for each in sorted(set(people))}
        return {each: await self.name_of(each) for each, known in found.items() if known}

    async def jobs(self, order_id: str) -> list[JobView]:
        """Return the print jobs of an order, oldest first."""
        order = await self._reader.doc(Order, order_id)
        if not isinstance(order, Order):
            return []
        jobs = [await self._reader.doc(Job, copy.job) for copy in order.copies]
        return [job_view(job) for job in jobs if isinstance(job, Job)]

    async def print_jobs(self, station: str) -> list[PrintJobView]:
        """Return the print jobs of a station, or of all, that are not done; oldest first."""
        async with self._reader.snapshot() as held:
            stations = [station] if station else sorted(await held.counts(Job, "open"))
            ids = [i for each in stations for i in await held.find(Job, "open", each, LIST_MAX)]
            jobs = [await held.doc(Job, each) for each in ids[:LIST_MAX]]
        views = [print_job_view(job) for job in jobs if isinstance(job, Job)]
        return sorted(views, key=lambda view: (view.queued_at, view.id))

    async def slip(self, job_id: str) -> str | None:
        """Return the text of a job's slip QR while the job waits for it to be scanned."""
        job = await self._reader.doc(Job, job_id)
        return slip_code(job.id) if isinstance(job, Job) and job.state == "slip" else None

    async def print_days(self) -> list[PrintDay]:
        """Return how printing went, day by day, the latest `DAYS_MAX`."""
        async with self._reader.snapshot() as held:
            ids = await held.list_ids(PrintDay, DAYS_KEPT_MAX)
            days = [await held.doc(PrintDay, each) for each in ids[-DAYS_MAX:]]
        return [day for day in days if isinstance(day, PrintDay)]

    async def fix_queue(self) -> list[FixRow]:
        """Return orders whose waybill cannot be printed as they are, the oldest first."""
        async with self._reader.snapshot() as held:
            ids = await held.find(Order, "fix", "open", LIST_MAX)
            views = Views(held)
            rows = [await views.run(partial(fix_row, order_id=each)) for each in ids]
        found = [row for row in rows if row is not None]
        return sorted(found, key=lambda row: (row.lane != "24h", row.since, row.order))

    async def approval(self, approval_id: str) -> ApprovalView | None:
        """Return an approval."""
        return await view_of(self._reader, partial(approval_view, approval_id=approval_id))

    async def approvals(self, session: Session) -> list[ApprovalView]:
        """Return open approvals that the person's roles may decide, and those that they asked."""
        found: list[ApprovalView] = []
        async with self._reader.snapshot() as held:
            ids = await held.find(Approval, "asked_by", session.person, LIST_MAX)
            for role in session.roles:
                ids += await held.find(Approval, f"role:{role}", "due", LIST_MAX)
            views = Views(held)
            for each in sorted(set(ids))[:LIST_MAX]:
                view = await views.run(partial(approval_view, approval_id=each))
                if view is not None:
                    found.append(view)
        return found

    async def alarms(self, session: Session) -> list[Alarm]:
        """Return what the person or one of their roles has not acknowledged, oldest first.

        Of more than `LIST_MAX` those for the person are told, whatever their roles left open.
        """
        ids = await self._reader.find(Alarm, "person", session.person, LIST_MAX)
        for role in session.roles:
            ids += await self._reader.find(Alarm, f"role:{role}", "due", LIST_MAX)
        told = sorted(list(dict.fromkeys(ids))[:LIST_MAX])
        found = [await self._reader.doc(Alarm, each) for each in told]
        return [each for each in found if isinstance(each, Alarm)]

    async def session(self, session_id: str) -> Session | None:
        """Return a session, open or closed."""
        found = await self._reader.doc(Session, session_id)
        return found if isinstance(found, Session) else None

    async def person_by_badge(self, badge_hash: str) -> Person | None:
        """Return who wears a badge."""
        ids = await self._reader.find(Person, "badge", badge_hash, 1)
        found = await self._reader.doc(Person, ids[0]) if ids else None
        return found if isinstance(found, Person) else None

    async def why_locked(self, who: str, device: str, boot: Boot) -> Refusal | None:
        """Return why a badge may not be tried at a device now."""
        return await view_of(self._reader, partial(why_locked, who=who, device=device, boot=boot))

    async def may_switch(self, person: str, device: str, boot: Boot) -> bool:
        """Tell whether a person's badge alone opens a session at a device now."""
        return await view_of(
            self._reader, partial(may_switch, person=person, device=device, boot=boot)
        )

    async def name_of(self, person: str) -> Name:
        """Return a person's name; the id stands in where it was erased."""
        record = await self._reader.personal(f"person:{person}")
        return msgspec.convert(record["name"], Name) if record else Name(person, person)

    async def message(self, message_id: str) -> Name:
        """Return a text of the hub; nothing where it was erased."""
        record = await self._reader.personal(f"message:{message_id}")
        return Name(record["zh"], record["en"]) if record else Name("", "")

    async def person(self, person_id: str) -> Person | None:
        """Return a person."""
        found = await self._reader.doc(Person, person_id)
        return found if isinstance(found, Person) else None

    async def has_pin(self, person_id: str) -> bool:
        """Tell whether a person has a PIN of their own, or one to begin with."""
        return await self.pin_verifier(person_id) is not None

    async def has_name(self, person_id: str) -> bool:
        """Tell whether a person's name is known here."""
        return await self._reader.personal(f"person:{person_id}") is not None

    async def pin_verifier(self, person: str) -> dict[str, Any] | None:
        """Return what a PIN is checked against, and until when it must be replaced."""
        return await self._reader.personal(f"pin:{person}")

    async def task_in_hand(self, person: str) -> TaskView | None:
        """Return the task that a person has in hand."""
        hands = await self._reader.doc(Hands, person)
        if not isinstance(hands, Hands) or not hands.task:
            return None
        return await self.task(hands.task)

    async def must_train(self, person: str) -> bool:
        """Tell whether somebody told a person to train, and not all lessons are done."""
        trainee = await self._reader.doc(Trainee, person)
        return isinstance(trainee, Trainee) and trainee.assigned_us > 0

    async def recipient(self, order_id: str) -> dict[str, Any]:
        """Return the personal data of an order's recipient; empty where it was erased."""
        content = await self._reader.doc(Assignment, order_id)
        key = content.recipient_key if isinstance(content, Assignment) else ""
        return await self._reader.personal(key or f"order:{order_id}") or {}

    async def box(self) -> Box:
        """Return this box."""
        found = await self._reader.doc(Box, "box")
        assert isinstance(found, Box)
        return found


def entry_view(raw: bytes) -> dict[str, Any]:
    """Return an entry as clients see it."""
    entry = decode_entry(raw)
    return {
        "seq": entry.seq,
        "at": entry.at_us,
        "kind": entry.kind,
        "subject": entry.subject,
        "refs": entry.refs,
        "actor": entry.actor,
        "device": entry.device,
        "via": entry.via,
        "cause": entry.cause,
        "rules": entry.rules,
        "data": {k: v for k, v in entry.data.items() if not isinstance(v, bytes)},
    }
