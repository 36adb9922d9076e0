"""The durable print queue.

A job is an entry before its first byte leaves (`print.queued`, then `claimed`), and so is what
became of it. Nothing that may have reached a printer is sent again by itself: only a copy of which
no byte left is retried, on the same printer and then on the next one of the station. A copy whose
outcome nobody can tell is `unknown` until a person scans it or says what became of it (PRN-2…4).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from drivers.api import CopyId, DriverError, LabelError, Mark, Printer, Proof, Raster
from edge.app.floor import Floor
from edge.app.ports import Clock, Committed, Reader
from edge.domain.commands import PrintReport
from edge.domain.model import Job

PROOF_S: Final = 10.0
FAULT_POLL_S: Final = 0.5
RETRY_S: Final = (0.2, 1.0, 3.0)
"""Pauses before the retries of a copy of which no byte left; after them comes the next printer."""
FAULT_POLLS_MAX: Final = 4
"""Looks at an ill printer before its station's next one is tried."""
JOBS_MAX: Final = 10_000

log = structlog.get_logger()

Fields = Callable[[Job, int], Awaitable[dict[str, Any]]]
Render = Callable[[dict[str, Any]], Raster]


class PrinterSlot:
    """A printer of the site; one copy at a time goes through it."""

    def __init__(self, printer_id: str, name: str, printer: Printer) -> None:
        self.id = printer_id
        self.name = name
        self.printer = printer
        self.lock = asyncio.Lock()
        self.fault = ""
        """What is wrong with it now: offline, paper, head … or nothing."""


class PrintQueue:
    """Prints the jobs of every station, one station's jobs in order."""

    def __init__(
        self,
        floor: Floor,
        reader: Reader,
        clock: Clock,
        *,
        slots: Mapping[str, PrinterSlot],
        groups: Mapping[str, tuple[str, ...]],
        fields: Fields,
        render: Render,
    ) -> None:
        self._floor = floor
        self._reader = reader
        self._clock = clock
        self.slots = slots
        self._groups = groups
        self._fields = fields
        self._render = render
        self._news = {station: asyncio.Event() for station in groups}
        self._tasks: list[asyncio.Task[None]] = []
        self.on_change: Callable[[], None] = lambda: None
        """Called when a printer falls ill or is well again."""

    async def start(self) -> None:
        """Say of every copy that was on its way when the service stopped that nobody knows."""
        for station in self._groups:
            for job in await self._jobs(station):
                if job.state == "sending":
                    await self._report(job, "unknown", reason="restarted")
            self._tasks.append(asyncio.create_task(self._work(station)))

    async def stop(self) -> None:
        """Stop after what is in hand; the queue goes on at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for slot in self.slots.values():
            await slot.printer.close()

    def on_commit(self, committed: Committed) -> None:
        """Wake the stations that have something to print."""
        for draft in committed.drafts:
            if draft.kind == "print.queued" and draft.data["station"] in self._news:
                self._news[draft.data["station"]].set()

    async def _jobs(self, station: str) -> list[Job]:
        ids = await self._reader.find(Job, "active", station, JOBS_MAX)
        found = [await self._reader.doc(Job, each) for each in ids]
        return [job for job in found if isinstance(job, Job)]

    async def _work(self, station: str) -> None:
        while True:
            self._news[station].clear()
            for job in await self._jobs(station):
                if job.state == "queued":
                    await self._try_to_print(job)
            await self._news[station].wait()

    async def _try_to_print(self, job: Job) -> None:
        """Print one job; a fault of ours ends that job, never the station's queue."""
        try:
            await self._print(job, self._groups[job.station])
        except Exception:
            log.exception("print job failed", job=job.id)
            now = await self._reader.doc(Job, job.id)
            has_begun = isinstance(now, Job) and now.state == "sending"
            await self._report(job, "unknown" if has_begun else "failed", reason="internal")

    async def _print(self, job: Job, group: tuple[str, ...]) -> None:
        try:
            label = self._render(await self._fields(job, self._clock.now_us()))
        except LabelError as error:
            log.warning("label cannot be made", job=job.id, path=error.path, problem=str(error))
            await self._report(job, "failed", reason=f"label: {error}")
            return
        for printer_id in group:
            slot = self.slots[printer_id]
            async with slot.lock:
                if await self._print_on(job, label, slot):
                    return
        await self._report(job, "failed", reason="no printer could take it")

    async def _print_on(self, job: Job, label: Raster, slot: PrinterSlot) -> bool:
        """Return whether the copy's fate was decided on this printer."""
        for pause_s in (0.0, *RETRY_S):
            await asyncio.sleep(pause_s)
            if not await self._is_wanted(job):
                return True
            if not await self._is_well(job, slot):
                return False
            fate = await self._send(job, label, slot)
            if fate is not None:
                return fate
        return False

    async def _is_wanted(self, job: Job) -> bool:
        now = await self._reader.doc(Job, job.id)
        return isinstance(now, Job) and now.state == "queued"

    async def _is_well(self, job: Job, slot: PrinterSlot) -> bool:
        """Wait a little for an ill printer; with nowhere else to go, wait until it is well."""
        looks = 0
        while fault := await self._fault_of(slot):
            looks += 1
            if looks == 1:
                await self._report(job, "retry", reason=fault, printer=slot.id)
            if looks >= FAULT_POLLS_MAX and self._has_another(job, slot):
                return False
            if not await self._is_wanted(job):
                return True
            await asyncio.sleep(FAULT_POLL_S)
        return True

    def _has_another(self, job: Job, slot: PrinterSlot) -> bool:
        group = self._groups[job.station]
        after = group[group.index(slot.id) + 1 :]
        return any(not self.slots[each].fault for each in after)

    async def _fault_of(self, slot: PrinterSlot) -> str:
        try:
            await slot.printer.open()
            faults = (await slot.printer.status()).faults
            fault = faults[0] if faults else ""
        except DriverError as error:
            await slot.printer.close()
            log.debug("printer does not answer", printer=slot.id, problem=str(error))
            fault = "offline"
        if fault != slot.fault:
            slot.fault = fault
            self.on_change()
        return fault

    async def _send(self, job: Job, label: Raster, slot: PrinterSlot) -> bool | None:
        """Send one copy. True: its fate is decided; None: no byte left, it may be tried again."""
        copy_id = CopyId(job.copy)
        try:
            mark = await slot.printer.mark()
        except DriverError:
            await slot.printer.close()
            return None
        if not await self._report(job, "claimed", printer=slot.id):
            return True
        try:
            sent = await slot.printer.send(slot.printer.encode(label, copy_id), copy_id)
        except DriverError as error:
            await slot.printer.close()
            stage = "unknown" if error.bytes_out else "retry"
            await self._report(
                job, stage, reason=error.cause, bytes_out=error.bytes_out, printer=slot.id
            )
            return True if error.bytes_out else None
        await self._report(job, "sent", bytes_out=sent, printer=slot.id)
        await self._prove(job, copy_id, mark, slot)
        return True

    async def _prove(self, job: Job, copy_id: CopyId, mark: Mark | None, slot: PrinterSlot) -> None:
        try:
            proof = await slot.printer.await_proof(copy_id, mark, PROOF_S)
        except DriverError as error:
            await slot.printer.close()
            await self._report(job, "unknown", reason=error.cause, printer=slot.id)
            return
        if proof is not Proof.NONE:
            await self._report(job, "confirmed", proof=proof.value, printer=slot.id)

    async def _report(self, job: Job, stage: str, **facts: Any) -> bool:  # noqa: ANN401
        outcome = await self._floor.insist(
            PrintReport(job.id, stage, **facts), via="driver", actor="printing"
        )
        return outcome.answer.ok
