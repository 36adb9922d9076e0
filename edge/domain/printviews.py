"""What clients see of the print queue, and of how printing heals itself."""

from collections.abc import Iterable
from typing import Final

import msgspec

from edge.domain.model import Job, PrintDay
from edge.domain.printstages import slip_code

_ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    "queued": ("waybill.reprint",),
    "sending": ("waybill.prove",),
    "sent": ("waybill.prove", "waybill.reprint"),
    "unknown": ("waybill.prove", "waybill.resolve"),
    "slip": ("slip.scan", "waybill.reprint"),
    "failed": ("waybill.reprint", "waybill.resolve"),
}


class PrintJobView(msgspec.Struct, frozen=True, gc=False):
    """A print job that is not done: how far it is proved, and what a person can do about it."""

    id: str
    order: str
    waybill: str
    n: int
    station: str
    state: str
    grade: str
    """How well this copy is proved: none, sent or printer_confirmed."""
    printer: str | None
    attempts: int
    reason: str | None
    queued_at: int
    since: int
    slip: str | None
    actions: tuple[str, ...]


class HealingRow(msgspec.Struct, frozen=True, gc=False):
    """How printing went on one day; see `edge.domain.model.PrintDay`."""

    day: str
    jobs: int
    printed: int
    faulted: int
    healed: int
    helped: int
    withdrawn: int
    open: int
    """Jobs that met a fault and are not at their end."""
    healed_pm: int | None
    """Share of those that came to an end and healed, per mille; None where there are none."""


def print_job_view(job: Job) -> PrintJobView:
    """Return a print job as the print queue's page shows it."""
    return PrintJobView(
        id=job.id,
        order=job.order,
        waybill=job.waybill,
        n=job.n,
        station=job.station,
        state=job.state,
        grade=job.grade or "none",
        printer=job.printer or None,
        attempts=job.attempts,
        reason=job.reason or None,
        queued_at=job.queued_us,
        since=job.since_us,
        slip=slip_code(job.id) if job.state == "slip" else None,
        actions=_ACTIONS.get(job.state, ()),
    )


def healing_row(day: PrintDay) -> HealingRow:
    """Return the figures of a day with what follows from them."""
    ended = day.healed + day.helped
    return HealingRow(
        day=day.id,
        jobs=day.jobs,
        printed=day.printed,
        faulted=day.faulted,
        healed=day.healed,
        helped=day.helped,
        withdrawn=day.withdrawn,
        open=day.faulted - ended - day.withdrawn,
        healed_pm=day.healed * 1000 // ended if ended else None,
    )


def sum_of(days: Iterable[PrintDay]) -> PrintDay:
    """Return the sums over `days`."""
    counts = [name for name in PrintDay.__struct_fields__ if name != "id"]
    days = list(days)
    return PrintDay(id="", **{name: sum(getattr(day, name) for day in days) for name in counts})
