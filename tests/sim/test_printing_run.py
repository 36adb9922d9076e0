"""Thousands of labels with faults: PRN-2, PRN-3, PRN-4, PRN-5, DEV-4.

The queue, the store and the drivers are those of the service, the printers speak their languages
from the other end, and the judge looks at what lies on the floor.
"""

import os
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from drivers.api import Mark
from edge.app import printing, settling
from edge.app.printers import PrinterBoard, PrinterSlot
from edge.app.printing import PrintQueue
from edge.app.settling import Pending
from edge.domain import printstages, resend
from edge.domain.model import Job
from edge.domain.resend import Situation, Verdict
from edge.sim.printing.faults import Kind
from edge.sim.printing.run import Report, judged

SOAK = bool(os.environ.get("FLOORGATE_SOAK"))
JOBS = 10_000 if SOAK else 200
PLANTED_JOBS = 300
PLANTED_SEEDS = 3
Patch = pytest.MonkeyPatch


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("hall", ["mixed", "zpl", "tsc", "clones", "receipts"])
def test_no_label_comes_twice_and_none_is_lost(
    hall: str, record_property: Callable[[str, object], None]
) -> None:
    """Nothing doubled or lost, proofs are true, 99.2 % heal where printers count (PRN-2, PRN-3)."""
    report = judged(JOBS, seed=1, hall=hall)
    print(report)  # noqa: T201 - `make soak` shows the table
    assert report.found == ()
    record_property("printing run", msgspec.json.encode(report).decode())


def test_every_kind_of_fault_befalls_some_job() -> None:
    """The run leaves out none of the faults that it is there for."""
    report = judged(300, seed=2)
    assert [kind for kind in Kind if not report.table[kind].jobs] == []
    assert report.crashes > 10


def test_a_seed_is_one_run() -> None:
    """The same seed gives the same run, another seed another one."""

    def run(seed: int) -> Report:
        return msgspec.structs.replace(judged(40, seed), took_s=0)

    assert run(3) == run(3)
    assert run(3).entries != run(4).entries


# ---- faults that are planted to see whether the run would find them ---------------------------


def resend_after_bytes_left(patch: Patch) -> None:
    """A copy of which bytes left is simply sent again."""
    patch.setattr(printing, "judge", lambda _: Verdict.RETRY)


def ignore_the_hold(patch: Patch) -> None:
    """A printer out of paper is taken for one that lost its label."""
    table = [row for row in resend.TABLE if row[2] is not Verdict.WAIT]
    patch.setattr(resend, "TABLE", tuple(table))

    def settled(copy: Situation) -> Verdict:
        if copy.fault and copy.can_count:
            return Verdict.RETRY
        return resend.judge(copy)

    patch.setattr(settling, "judge", settled)


def forget_the_mark(patch: Patch) -> None:
    """The odometer before the first byte is not journalled."""
    report = PrintQueue._report

    async def without(queue: PrintQueue, job: Job, stage: str, **facts: Any) -> bool:
        return await report(queue, job, stage, **facts | ({"mark": -1} if "mark" in facts else {}))

    patch.setattr(PrintQueue, "_report", without)


def mark_afterwards(patch: Patch) -> None:
    """What came out before the service stopped is not counted."""
    of_stopped = Pending.of_stopped

    def one_too_many(job: Job) -> Pending:
        pending = of_stopped(job)
        if pending.mark is not None:
            pending.mark = Mark(pending.mark.labels + 1)
        return pending

    patch.setattr(Pending, "of_stopped", staticmethod(one_too_many))


def do_not_settle(patch: Patch) -> None:
    """A restart forgets what printers may still hold."""

    async def again(queue: PrintQueue, job: Job) -> None:
        await queue._report(job, "retry", reason="restarted")

    patch.setattr(PrintQueue, "_take_up", again)


def two_in_flight(patch: Patch) -> None:
    """A printer that may still print one copy is given the next one."""

    def look_away(slot: PrinterSlot) -> str:
        del slot
        return ""

    patch.setattr(PrinterSlot, "holds", property(look_away, lambda *_: None), raising=False)


def a_slip_is_a_label(patch: Patch) -> None:
    """A slip that came out counts as a label that the printer confirmed."""
    patch.setitem(printstages.AFTER, "slip_printed", ("sent", "printer_confirmed"))


def believe_in_well(patch: Patch) -> None:
    """Every printer is taken for a well one: faults are not seen before a job or after."""

    async def well(board: PrinterBoard, slot: PrinterSlot) -> str:
        del board
        await slot.printer.open()
        return ""

    patch.setattr(PrinterBoard, "look", well)


PLANTED = (
    (resend_after_bytes_left, "printed_once"),
    (ignore_the_hold, "printed_once"),
    (forget_the_mark, "heals_itself"),
    (mark_afterwards, "printed_once"),
    (do_not_settle, "printed_once"),
    (two_in_flight, "one_in_flight"),
    (a_slip_is_a_label, "none_lost"),
    (believe_in_well, "nothing_broke"),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("plant", "finder"), PLANTED, ids=[each.__name__ for each, _ in PLANTED])
def test_a_planted_fault_is_found(
    plant: Callable[[Patch], None], finder: str, monkeypatch: Patch
) -> None:
    """The check whose affair it is finds the fault (PRN-2, PRN-3, PRN-4)."""
    plant(monkeypatch)
    found: set[str] = set()
    for seed in range(PLANTED_SEEDS):
        report = judged(PLANTED_JOBS, seed)
        found |= {each.partition(":")[0] for each in report.found}
        if finder in found:
            return
    pytest.fail(f"not found; found instead: {sorted(found)}")
