"""The durable print queue.

A job is an entry before its first byte leaves (`print.queued`, then `claimed` with the printer's
odometer), and so is what became of it. A copy of which no byte left is retried, on the same printer
and then on the next one of the station; one of which bytes left is settled with the printer first
(`edge.app.settling`). Where none of a station's printers works, a slip stands for the label until
somebody scans it (PRN-2…5).
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

import structlog

from drivers.api import CopyId, DriverError, LabelError, Proof, Raster
from edge.app.floor import Floor
from edge.app.ports import Clock, Committed, Reader
from edge.app.printers import PrinterBoard, PrinterSlot
from edge.app.settling import Pending, find_out
from edge.app.tasks import Tasks
from edge.domain.commands import NO_MARK, PrintReport
from edge.domain.model import Job
from edge.domain.printstages import HELP, slip_code
from edge.domain.resend import Situation, Verdict, judge
from edge.domain.rules import PrintQueueRules

LOOK_S: Final = 0.5
"""Between looks at a printer that a job waits for."""
WATCH_S: Final = 5.0
"""Between looks at printers that no job waits for."""
LOOKS_MAX: Final = 4
"""Looks at a printer that just fell ill before its station's next one is tried."""
JOBS_MAX: Final = 10_000
ENDS: Final = ("confirmed", *HELP)
"""Stages after which the queue has nothing more to do for a job."""

log = structlog.get_logger()

Fields = Callable[[Job, int], Awaitable[dict[str, Any]]]
Render = Callable[[dict[str, Any]], Raster]
Rules = Callable[[], Awaitable[PrintQueueRules]]


class _Effort:
    """What was tried for a job in this life of the service."""

    def __init__(self, since_s: float) -> None:
        self.since_s = since_s
        self.tries: Counter[str] = Counter()
        """Attempts of which no byte left, by printer."""
        self.told: set[tuple[str, str]] = set()
        """Faults of printers that are on the job's record."""


class PrintQueue:
    """Prints the jobs of every station, one station's jobs in order."""

    def __init__(
        self,
        floor: Floor,
        reader: Reader,
        clock: Clock,
        board: PrinterBoard,
        *,
        rules: Rules,
        fields: Fields,
        render: Render,
        render_slip: Render,
    ) -> None:
        self._floor = floor
        self._reader = reader
        self._clock = clock
        self._board = board
        self._rules = rules
        self._fields = fields
        self._render = render
        self._render_slip = render_slip
        self._news: dict[str, asyncio.Event] = {}
        self._efforts: dict[str, _Effort] = {}
        self._tasks = Tasks()
        self._rendering = asyncio.Lock()

    async def start(self) -> None:
        """Take up what the last life left; what was on its way is settled with its printer."""
        for station in await self._reader.counts(Job, "active"):
            for job in await self._jobs(station):
                if job.state in ("sending", "sent"):
                    await self._take_up(job)
            self._wake(station)
        self._tasks.keep(self._watch, "printer watch")

    async def stop(self) -> None:
        """Stop where everything stands; the queue goes on at the next start."""
        await self._tasks.stop()
        for slot in self._board.slots:
            slot.holds = ""
            await slot.printer.close()

    def on_commit(self, committed: Committed) -> None:
        """Wake the stations that have something to print."""
        for draft in committed.drafts:
            if draft.kind in ("print.queued", "slip.scanned"):
                self._wake(draft.data["station"])

    def _wake(self, station: str) -> None:
        if station not in self._news:
            self._news[station] = asyncio.Event()
            self._tasks.keep(partial(self._work, station), f"print {station}")
        self._news[station].set()

    async def _jobs(self, station: str) -> list[Job]:
        return await self._reader.found(Job, "active", station, JOBS_MAX)

    async def _state(self, job: Job) -> str:
        now = await self._reader.doc(Job, job.id)
        return now.state if isinstance(now, Job) else ""

    async def _watch(self) -> None:
        """Look at the printers that nobody looks at: a lost one is shown, and one that returns."""
        while True:
            await asyncio.sleep(WATCH_S)
            await self.look()

    async def look(self) -> None:
        """Ask every printer that does not work just now how it is."""
        await asyncio.gather(*(self._glance(slot) for slot in self._board.slots))

    async def _glance(self, slot: PrinterSlot) -> None:
        if not slot.lock.locked() and not slot.holds:
            async with slot.lock:
                await self._board.look(slot)

    # ---- one station --------------------------------------------------------------------------

    async def _work(self, station: str) -> None:
        while True:
            self._news[station].clear()
            for job in await self._jobs(station):
                if job.state == "queued" and job.station == station:
                    await self._try_to_print(job)
            await self._news[station].wait()

    async def _try_to_print(self, job: Job) -> None:
        """Print one job; a fault of ours ends that job, never the station's queue."""
        try:
            await self._print(job)
        except Exception:
            log.exception("print job failed", job=job.id)
            has_begun = await self._state(job) in ("sending", "sent")
            await self._report(job, "unknown" if has_begun else "failed", reason="internal")

    async def _print(self, job: Job) -> None:
        """Decide one job's fate, or leave it with the printer that may have it."""
        rules = await self._rules()
        try:
            label = await self._picture(self._render, await self._fields(job, self._clock.now_us()))
        except LabelError as error:
            log.warning("label cannot be made", job=job.id, path=error.path, problem=str(error))
            await self._report(job, "failed", reason="label", detail=str(error))
            return
        effort = self._efforts.setdefault(job.id, _Effort(_now_s()))
        while await self._state(job) == "queued":
            if self._clock.now_us() - job.asked_us > rules.expire_min * 60_000_000:
                await self._report(job, "failed", reason="expired")
            elif await self._round(job, label, effort, rules):
                return  # it is decided, or its printer has it: the effort goes on from there
            elif self._is_hopeless(job, effort, rules):
                await self._fall_back(job)
            else:
                await asyncio.sleep(LOOK_S)
        self._efforts.pop(job.id, None)

    def _is_hopeless(self, job: Job, effort: _Effort, rules: PrintQueueRules) -> bool:
        """Tell whether every printer of the station was tried in vain, or for too long."""
        group = self._board.group(job.station)
        is_spent = all(self._is_spent(slot, effort, rules) for slot in group)
        return is_spent or _now_s() - effort.since_s >= rules.slip_after_s

    @staticmethod
    def _is_spent(slot: PrinterSlot, effort: _Effort, rules: PrintQueueRules) -> bool:
        return effort.tries[slot.id] > len(rules.retry_pauses_ms)

    async def _round(
        self, job: Job, label: Raster, effort: _Effort, rules: PrintQueueRules
    ) -> bool:
        """Try the station's printers in order, the free ones first; True: the job is off hand."""
        group = self._board.group(job.station)
        for slot in sorted(group, key=lambda each: not each.is_free):
            if self._is_spent(slot, effort, rules):
                continue
            async with slot.lock:
                if slot.holds:
                    continue
                if fault := await self._board.look(slot):
                    await self._tell_fault(job, slot, fault, effort)
                    if slot.looks < LOOKS_MAX:
                        return False
                    continue
                if await self._attempt(job, label, slot, effort, rules):
                    return True
        return False

    async def _tell_fault(self, job: Job, slot: PrinterSlot, fault: str, effort: _Effort) -> None:
        """Write on the job's record, once, what keeps a printer from printing it."""
        if (slot.id, fault) not in effort.told:
            effort.told.add((slot.id, fault))
            await self._report(job, "retry", reason=fault, printer=slot.id)

    # ---- one copy on one printer --------------------------------------------------------------

    async def _attempt(
        self, job: Job, label: Raster, slot: PrinterSlot, effort: _Effort, rules: PrintQueueRules
    ) -> bool:
        """Send a copy, again while no byte of it leaves; True: its fate is decided elsewhere."""
        for pause_ms in (0, *rules.retry_pauses_ms)[effort.tries[slot.id] :]:
            await asyncio.sleep(pause_ms / 1000)
            if await self._state(job) != "queued":
                return True
            if fault := await self._board.look(slot):
                await self._tell_fault(job, slot, fault, effort)
                return False
            if await self._send(job, label, slot, rules) is not Verdict.RETRY:
                return True
            effort.tries[slot.id] += 1
        return False

    async def _send(
        self, job: Job, label: Raster, slot: PrinterSlot, rules: PrintQueueRules
    ) -> Verdict:
        """Claim a printer for one copy and send it; or say what to do with it."""
        try:
            mark = await slot.printer.mark()
        except DriverError as error:
            return await self._failed(job, slot, error, Pending(bytes_out=0))
        if mark is None and slot.can_count:  # without its count nothing could be proved later
            await self._report(job, "retry", reason="silent", printer=slot.id)
            return Verdict.RETRY
        slot.can_count = mark is not None
        pending = Pending(bytes_out=0, mark=mark)
        count = NO_MARK if mark is None else mark.labels
        if not await self._report(job, "claimed", printer=slot.id, mark=count):
            return Verdict.PROVED  # it was voided meanwhile: nothing is left to do
        return await self._deliver(job, label, slot, pending, rules.proof_s)

    async def _deliver(
        self, job: Job, label: Raster, slot: PrinterSlot, pending: Pending, proof_s: float
    ) -> Verdict:
        """Send a copy that is claimed, and see it proved."""
        copy_id = CopyId(job.copy)
        try:
            document = await asyncio.to_thread(slot.printer.encode, label, copy_id)
            pending.bytes_out = await slot.printer.send(document, copy_id)
        except DriverError as error:
            pending.bytes_out, pending.is_part = error.bytes_out, True
            return await self._failed(job, slot, error, pending)
        await self._report(job, "sent", bytes_out=pending.bytes_out, printer=slot.id)
        try:
            proof = await slot.printer.await_proof(copy_id, pending.mark, proof_s)
        except DriverError as error:
            return await self._failed(job, slot, error, pending)
        if proof is Proof.NONE:
            self._settle_later(job, slot, pending)
            return Verdict.RECONCILE
        await self._report(job, "confirmed", proof=proof.value, printer=slot.id)
        return Verdict.PROVED

    async def _failed(
        self, job: Job, slot: PrinterSlot, error: DriverError, pending: Pending
    ) -> Verdict:
        """Take a failure on the line to a printer."""
        await slot.printer.close()
        pending.is_line_lost = True
        verdict = judge(Situation(bytes_out=pending.bytes_out))
        stage = "retry" if verdict is Verdict.RETRY else "asked"
        facts = {"reason": "line", "detail": error.cause, "printer": slot.id}
        await self._report(job, stage, bytes_out=pending.bytes_out, **facts)
        if verdict is not Verdict.RETRY:
            self._settle_later(job, slot, pending)
        return verdict

    # ---- a copy that its printer may have -----------------------------------------------------

    async def _take_up(self, job: Job) -> None:
        """Settle a copy that was on its way when the service stopped."""
        slot = self._board.get(job.printer)
        if slot is None or slot.holds:
            await self._report(job, "unknown", reason="restarted")
            return
        pending = Pending.of_stopped(job)
        await self._report(job, "asked", reason="restarted", printer=slot.id)
        self._settle_later(job, slot, pending)

    def _settle_later(self, job: Job, slot: PrinterSlot, pending: Pending) -> None:
        slot.holds = job.id
        self._tasks.start(self._try_to_settle(job, slot, pending), f"settle {job.id}")

    async def _try_to_settle(self, job: Job, slot: PrinterSlot, pending: Pending) -> None:
        """Settle a copy; after a fault of ours a person says what became of it."""
        try:
            await self._settle(job, slot, pending)
        except Exception:
            log.exception("copy not settled", job=job.id)
            await self._report(job, "unknown", reason="internal", printer=slot.id)

    async def _settle(self, job: Job, slot: PrinterSlot, pending: Pending) -> None:
        """Find out what became of a copy; meanwhile its printer gets no other."""

        async def tell(fault: str) -> bool:
            """Put the printer's fault on record; False once the job is in other hands."""
            state = await self._state(job)
            if state in ("sending", "sent") and fault:
                stage = "held" if state == "sent" else "asked"
                await self._report(job, stage, reason=fault, printer=slot.id)
            return state in ("sending", "sent")

        rules = await self._rules()
        try:
            verdict = await find_out(self._board, slot, CopyId(job.copy), pending, rules, tell)
        finally:
            slot.holds = ""
        if verdict is None:
            self._efforts.pop(job.id, None)
        elif verdict is Verdict.PROVED:
            await self._report(job, "confirmed", proof=pending.proof, printer=slot.id)
        elif verdict is Verdict.RETRY:
            self._efforts.setdefault(job.id, _Effort(_now_s())).tries[slot.id] += 1
            await self._report(job, "retry", reason="not_out", printer=slot.id)
            self._wake(job.station)
        elif verdict is Verdict.UNKNOWN:
            await self._report(job, "unknown", reason=pending.reason, printer=slot.id)

    # ---- the slip -----------------------------------------------------------------------------

    async def _fall_back(self, job: Job) -> None:
        """Let a slip stand for the label: on the screen, and from any printer that works."""
        if not await self._report(job, "slip", reason="no_printer"):
            return
        fields = await self._fields(job, self._clock.now_us())
        fields |= {"code": slip_code(job.id), "station": job.station}
        slip = await self._picture(self._render_slip, fields)
        for slot in self._board.slots:
            if not slot.is_free or slot.lock.locked():
                continue
            async with slot.lock:
                if not await self._board.look(slot) and await self._print_slip(job, slip, slot):
                    return

    async def _print_slip(self, job: Job, slip: Raster, slot: PrinterSlot) -> bool:
        """Print a slip once; it is no label, so nobody asks what became of it."""
        copy_id = CopyId(f"slip-{job.id}")
        with suppress(DriverError):
            mark = await slot.printer.mark()
            document = await asyncio.to_thread(slot.printer.encode, slip, copy_id)
            sent = await slot.printer.send(document, copy_id)
            await self._report(job, "slip_printed", bytes_out=sent, printer=slot.id)
            await slot.printer.await_proof(copy_id, mark, LOOK_S)
            return True
        await slot.printer.close()
        return False

    async def _picture(self, render: Render, fields: dict[str, Any]) -> Raster:
        """Render off the event loop, and read back what was rendered; one label at a time."""
        async with self._rendering:
            return await asyncio.to_thread(render, fields)

    async def _report(self, job: Job, stage: str, **facts: Any) -> bool:  # noqa: ANN401
        if stage in ENDS:
            self._efforts.pop(job.id, None)
        outcome = await self._floor.insist(
            PrintReport(job.id, stage, **facts), via="driver", actor="printing"
        )
        return outcome.answer.ok


def _now_s() -> float:
    return asyncio.get_running_loop().time()
