"""Fills the metrics: durations as things happen, gauges when somebody asks."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from edge.app.metrics import Metrics
from edge.app.ports import Clock, Committed, Reader
from edge.app.printers import PrinterBoard
from edge.app.printing import JOBS_MAX
from edge.app.push import QUEUE_MAX as PUSH_MAX
from edge.app.push import Push
from edge.app.reads import Reads
from edge.app.sparing import SpareView
from edge.app.stockreads import StockReads
from edge.app.timers import TIMERS_MAX
from edge.domain.entries import Draft
from edge.domain.model import Job, LettingGo, Order, Retention, Timer
from edge.domain.printviews import sum_of
from sync.api import LinkState, decode_entry

US_PER_S: Final = 1_000_000
JOBS_TIMED_MAX: Final = 10_000
"""Labels whose time to the proof is taken at once."""
PROVED: Final = frozenset({"printer_confirmed", "scan_confirmed"})
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class Now(msgspec.Struct, frozen=True):
    """What the composition root knows at this moment."""

    version: str
    is_ready: bool
    seq: int
    groups: int
    commands_waiting: int
    commands_max: int
    link: LinkState | None
    is_time_trusted: bool
    disk_stage: int
    """0 enough room, 1 low, 2 the box only reads."""
    parts: dict[str, tuple[int, int]]
    """Bytes and bound (0: none) of each part of the box's folder."""
    spare: SpareView | None
    """How far the spare is behind; None where none is fed."""
    certificate_us: int
    """When the pages' certificate ends; 0 without one."""


class Measuring:
    """Listens to what becomes durable, and gathers the rest on demand."""

    def __init__(
        self,
        reader: Reader,
        clock: Clock,
        push: Push,
        board: PrinterBoard,
        data: Path,
        now: Callable[[], Now],
    ) -> None:
        self.metrics = Metrics()
        self._reader = reader
        self._reads = Reads(reader)
        self._stock = StockReads(reader)
        self._clock = clock
        self._push = push
        self._board = board
        self._data = data
        self._now = now
        self._queued: dict[str, int] = {}
        """When each label that is not proved yet was queued."""
        self.metrics.set("start_time_seconds", clock.now_us() / US_PER_S)
        self.metrics.set("ruleset_publish_to_first_order_seconds", 0)

    def on_answer(self, took_s: float) -> None:
        """Take how long a client's command took to its durable answer."""
        self.metrics.observe("command_seconds", took_s)

    def on_group(self, took_s: float) -> None:
        """Take how long a group took to become durable; called on the writer's thread."""
        self.metrics.observe("commit_seconds", took_s)

    def on_commit(self, committed: Committed) -> None:
        """Take the durations that durable entries tell. Comes after the push to the PDAs."""
        for draft in committed.drafts:
            data = draft.data
            match draft.kind:
                case "command.refused":
                    self.metrics.add("refusals_total", data["code"])
                case "freeze.opened":
                    told_us = self._clock.now_us() - draft.at_us
                    self.metrics.observe("freeze_told_seconds", told_us / US_PER_S)
                case "alarm.acked":
                    self.metrics.observe("alarm_acknowledged_seconds", data["took_us"] / US_PER_S)
                case "ruleset.first_decided":
                    took_s = (data["since_issued_us"] or data["since_received_us"]) / US_PER_S
                    self.metrics.observe("ruleset_effect_seconds", took_s)
                    self.metrics.set("ruleset_publish_to_first_order_seconds", took_s)
                case "print.queued":
                    self._note_queued(data["job"], draft.at_us)
                case "print.reported" | "waybill.proved":
                    self._note_print(draft)

    def _note_queued(self, job: str, queued_us: int) -> None:
        if len(self._queued) >= JOBS_TIMED_MAX:  # the oldest was voided long ago
            self._queued.pop(next(iter(self._queued)))
        self._queued[job] = queued_us

    def _note_print(self, draft: Draft) -> None:
        """Take the time to the first proof of a label, whether its printer or a person gave it."""
        if draft.data["grade"] not in PROVED:
            return
        queued_us = self._queued.pop(draft.data["job"], None)
        if queued_us is not None:
            self.metrics.observe("print_job_seconds", (draft.at_us - queued_us) / US_PER_S)

    async def text(self) -> str:
        """Return every figure as it is now, in Prometheus' text format."""
        now = self._now()
        put = self.metrics.set
        put("build_info", 1, now.version)
        put("ready", now.is_ready)
        put("journal_seq", now.seq)
        put("commit_groups_total", now.groups)
        put("resident_bytes", resident_bytes())
        put("clock_trusted", now.is_time_trusted)
        put("pdas_connected", self._push.devices)
        disk = shutil.disk_usage(self._data)
        put("disk_free_bytes", disk.free)
        put("disk_size_bytes", disk.total)
        put("disk_stage", now.disk_stage)
        for part, (used, bound) in now.parts.items():
            put("part_bytes", used, part)
            if bound:
                put("part_limit_bytes", bound, part)
        if now.spare:
            put("spare_ok", now.spare.ok)
            put("spare_gap_entries", now.spare.gap_entries)
            put("spare_gap_seconds", now.spare.gap_s)
        if now.certificate_us:
            put("certificate_expires_seconds", now.certificate_us / US_PER_S)
        self._note_printers()
        await self._note_queues(now)
        await self._note_link(now)
        await self._note_counts()
        return self.metrics.text()

    def _note_printers(self) -> None:
        self.metrics.clear("printers")
        self.metrics.set("printers", 0, "")
        faults = [slot.fault for slot in self._board.slots]
        for fault in set(faults):
            self.metrics.set("printers", faults.count(fault), fault)

    async def _note_queues(self, now: Now) -> None:
        timers = await self._reader.counts(Timer, "state")
        depths = {
            "commands": (now.commands_waiting, now.commands_max),
            "push": (self._push.fullest, PUSH_MAX),
            "print": (sum((await self._reader.counts(Job, "active")).values()), JOBS_MAX),
            "timers": (timers.get("armed", 0), TIMERS_MAX),
        }
        for queue, (depth, depth_max) in depths.items():
            self.metrics.set("queue_depth", depth, queue)
            self.metrics.set("queue_depth_max", depth_max, queue)

    async def _note_link(self, now: Now) -> None:
        put, link = self.metrics.set, now.link
        lag = now.seq - link.up_cursor if link else 0
        put("hub_up", bool(link and link.up))
        put("hub_lag_entries", lag)
        put("hub_lag_seconds", await self._waiting_s(link.up_cursor) if link and lag else 0)
        if link and link.skew_us is not None:
            put("hub_skew_seconds", link.skew_us / US_PER_S)

    async def _waiting_s(self, confirmed_seq: int) -> float:
        """Return the age of the entry after the one that the hub confirmed last."""
        _, raws = await self._reader.entries(confirmed_seq, 1)
        oldest_us = decode_entry(raws[0]).at_us if raws else self._clock.now_us()
        return max(0, self._clock.now_us() - oldest_us) / US_PER_S

    async def _note_counts(self) -> None:
        put = self.metrics.set
        swept = await self._reader.doc(Retention, "box")
        if isinstance(swept, Retention):
            put("retention_swept_seconds", swept.at_us / US_PER_S)
            put("retention_waiting", swept.waiting)
        gone = await self._reader.doc(LettingGo, "box")
        if isinstance(gone, LettingGo):
            put("orders_let_go_seconds", gone.at_us / US_PER_S)
        put("orders_let_go_total", gone.orders if isinstance(gone, LettingGo) else 0)
        self.metrics.clear("orders")
        for state, count in (await self._reader.counts(Order, "state")).items():
            put("orders", count, state)
        printing = sum_of(await self._reads.print_days())
        put("print_jobs_total", printing.jobs)
        put("print_jobs_printed_total", printing.printed)
        put("print_jobs_faulted_total", printing.faulted)
        put("print_jobs_healed_total", printing.healed)
        put("print_jobs_helped_total", printing.helped)
        ended = printing.healed + printing.helped
        put("print_self_healed_ratio", printing.healed / ended if ended else 1)
        checks = await self._stock.checks()
        put("stock_checks_total", checks.checks)
        put("stock_check_hit_ratio", _share(checks.hits, checks.checks))
        put("stock_check_failed_ratio", _share(sum(checks.window), len(checks.window)))
        put("stock_optimistic", checks.optimistic)
        put("stock_trusted_orders_total", checks.trusted)
        put("stock_compensated_orders_total", checks.compensated)


def resident_bytes() -> int:
    """Return this process' resident memory (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE_BYTES


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
