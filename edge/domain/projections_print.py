"""What entries about print jobs and proofs do to the documents."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from edge.domain.entries import Fact
from edge.domain.model import Assignment, Copy, Job, Order, PrintDay
from edge.domain.model.orders import LABEL_DUE
from edge.domain.printstages import GOOD, HELP
from edge.domain.projecting import on, the_order
from edge.domain.world import World

SITE_UTC_OFFSET: Final = timedelta(hours=8)
_PRINTED: Final = ("printer_confirmed", "scan_confirmed")


def _job(fact: Fact, data: dict[str, Any], **more: Any) -> Job:  # noqa: ANN401 - its fields
    """Return the job of a copy that begins now."""
    return Job(
        id=data["job"],
        order=data["order"],
        waybill=data["waybill"],
        copy=data["copy"],
        n=data["n"],
        station=data["station"],
        queued_us=fact.at_us,
        since_us=fact.at_us,
        **more,
    )


@on("print.queued")
def _print_queued(world: World, fact: Fact, data: dict[str, Any]) -> None:
    job = _job(fact, data, printer=data["printer"], state="queued", asked_us=fact.at_us)
    world.put(job)
    _tally(world, job, jobs=1)
    order = the_order(world, data)
    copy = Copy(id=data["copy"], n=data["n"], job=data["job"])
    is_ahead = data.get("ahead", False)
    world.edit(order, copies=(*order.copies, copy), grade="accepted", is_ahead=is_ahead)


@on("waybill.adopted")
def _waybill_adopted(world: World, fact: Fact, data: dict[str, Any]) -> None:
    job = _job(fact, data, printer="", state="by_hand", attempts=1)
    world.put(job)
    content = world.the(Assignment, data["order"])
    named = {name: data[name] for name in ("carrier", "service", "waybill")}
    world.edit(content, **named)
    order = the_order(world, data)
    copy = Copy(id=data["copy"], n=data["n"], job=data["job"])
    world.edit(order, copies=(*order.copies, copy), grade="accepted", is_ahead=False)


@on("print.reported")
def _print_reported(world: World, fact: Fact, data: dict[str, Any]) -> None:
    job = world.the(Job, data["job"])
    if job.state == "void":
        return
    stage = data["stage"]
    _note_fault(world, job, is_fault=stage not in GOOD, is_help=stage in HELP)
    if stage == "confirmed":
        _note_printed(world, job)
    job = world.the(Job, job.id)
    world.edit(
        job,
        state=data["state"],
        printer=data["printer"],
        reason=data["reason"],
        attempts=job.attempts + (stage == "claimed"),
        mark=data["mark"] if stage == "claimed" else job.mark,
        grade=_GRADE_AT.get(stage, job.grade),
        since_us=fact.at_us if data["state"] != job.state else job.since_us,
    )
    order = world.the(Order, job.order)
    if data["grade"] and order.copies and order.copies[-1].id == job.copy:
        world.edit(order, grade=data["grade"])


_GRADE_AT: Final = {"sent": "sent", "confirmed": "printer_confirmed", "retry": "", "moved": ""}
"""How well the copy itself is proved after a report; a copy that goes back is not proved at all."""


@on("slip.scanned")
def _slip_scanned(world: World, fact: Fact, data: dict[str, Any]) -> None:
    job = world.the(Job, data["job"])
    world.edit(
        job,
        state="queued",
        station=data["station"],
        printer="",
        reason="",
        asked_us=fact.at_us,
        since_us=fact.at_us,
    )


@on("waybill.proved")
def _waybill_proved(world: World, fact: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    marks = tuple(mark for mark in order.marks if mark != LABEL_DUE)
    world.edit(order, grade=data["grade"], marks=marks)
    job = world.the(Job, data["job"])
    if job.state != "by_hand":
        _note_printed(world, job)
    world.edit(job, state="proved", reason="", grade=data["grade"], since_us=fact.at_us)


@on("waybill.resolved")
def _waybill_resolved(world: World, fact: Fact, data: dict[str, Any]) -> None:
    job = world.the(Job, data["job"])
    _note_fault(world, job, is_fault=job.is_faulted, is_help=True)
    state = "sent" if data["printed"] else "failed"
    world.edit(
        world.the(Job, job.id), state=state, reason="resolved", grade="", since_us=fact.at_us
    )


def void_job(world: World, fact: Fact, job_id: str) -> None:
    """Take a job whose copy is void."""
    job = world.the(Job, job_id)
    _note_voided(world, job, is_withdrawn=fact.via != "pda")
    world.edit(world.the(Job, job_id), state="void", since_us=fact.at_us)


# ---- how printing went ------------------------------------------------------------------------


def _note_fault(world: World, job: Job, *, is_fault: bool, is_help: bool) -> None:
    """Count a job that met its first fault, or now needs its first help."""
    is_first_help = is_fault and is_help and not job.is_helped
    _tally(world, job, faulted=is_fault and not job.is_faulted, helped=is_first_help)
    world.edit(job, is_faulted=job.is_faulted or is_fault, is_helped=job.is_helped or is_first_help)


def _note_printed(world: World, job: Job) -> None:
    if job.grade not in _PRINTED:
        is_healed = job.is_faulted and not job.is_helped
        _tally(world, job, printed=1, healed=is_healed)


def _note_voided(world: World, job: Job, *, is_withdrawn: bool) -> None:
    """Count a job that ended before it was printed: given up by its order, or by a person."""
    if job.is_faulted and not job.is_helped and job.grade not in _PRINTED:
        _tally(world, job, withdrawn=is_withdrawn, helped=not is_withdrawn)
        world.edit(job, is_helped=True)


def _tally(world: World, job: Job, **more: int) -> None:
    if not any(more.values()):
        return
    date = (datetime.fromtimestamp(job.queued_us // 1_000_000, UTC) + SITE_UTC_OFFSET).date()
    day = world.get(PrintDay, date.isoformat()) or PrintDay(id=date.isoformat())
    counts = {name: getattr(day, name) + int(count) for name, count in more.items()}
    world.put(msgspec.structs.replace(day, **counts))
