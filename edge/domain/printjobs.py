"""A print job: what the print queue reports of it, and what people do about it.

`queued` → `sending` (claimed by a printer, its odometer read before the first byte) → `sent` →
`proved`. Beside that way lie `unknown` (nobody can tell: a person scans the label or says what
became of it), `slip` (no printer of the station works: a slip with a QR stands for the label, and
scanning it at any station prints the label there) and `failed`.
"""

from typing import Any

from edge.domain.commands import PrintReport, SlipScan, WaybillResolve
from edge.domain.labelling import hold_open, why_not_packed
from edge.domain.model import Job, Order
from edge.domain.orders import job_of, the_order
from edge.domain.packing import station_of
from edge.domain.printstages import AFTER, HELP, LATE, SLIP_PREFIX
from edge.domain.refusals import Refusal, RefusedError, refused
from edge.domain.rules import GRADES, Ruleset
from edge.domain.turn import Turn
from edge.domain.waybills import void_label
from edge.domain.workflow import settle
from edge.domain.world import World

Facts = dict[str, Any]


def report(turn: Turn, data: PrintReport) -> Facts:
    """Write down what became of a copy; a proof that suffices ships the order."""
    job = job_of(turn, data.job_id)
    if data.stage not in AFTER:
        raise RefusedError("malformed", problem=f"stage {data.stage}", kind="print.report")
    if job.state in ("proved", "void"):
        raise RefusedError("outcome_known", job=job.id, state=job.state)
    if job.state in HELP and data.stage not in LATE:
        raise RefusedError("outcome_known", job=job.id, state=job.state)
    state, grade = AFTER[data.stage]
    order = the_order(turn, job.order)
    if grade and GRADES.index(grade) <= GRADES.index(order.grade):
        grade = ""
    turn.emit(
        "print.reported",
        f"job:{job.id}",
        (f"order:{job.order}",),
        job=job.id,
        stage=data.stage,
        state=state or job.state,
        grade=grade,
        printer=data.printer or job.printer,
        mark=data.mark,
        bytes_out=data.bytes_out,
        proof=data.proof,
        reason=data.reason,
        detail=data.detail,
    )
    if grade:
        settle(turn, turn.world.the(Order, job.order))
    return {"job": job.id}


def _why_known(job: Job) -> Refusal | None:
    if job.state in ("unknown", "failed", "sent", "slip"):
        return None
    return Refusal("outcome_known", {"job": job.id, "state": job.state})


def why_not_resolve(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Return why nobody has to say what became of the order's newest copy."""
    if not order.copies:
        return Refusal("label_missing", {"order": order.id})
    known = _why_known(world.the(Job, order.copies[-1].job))
    return known or why_not_packed(world, order, rules)


def resolve(turn: Turn, data: WaybillResolve) -> Facts:
    """Let a person say whether a copy whose outcome is unknown came out of the printer."""
    job = job_of(turn, data.job_id)
    if closed := _why_known(job):
        raise refused(closed)
    if job.state == "slip" and data.printed:  # a slip never counts as a label (FLOW-4)
        raise RefusedError("label_printing", job=job.id, state=job.state, printer=job.printer)
    order = the_order(turn, job.order)
    hold_open(why_not_packed(turn.world, order, turn.rules))
    turn.emit(
        "waybill.resolved",
        f"job:{job.id}",
        (f"order:{job.order}",),
        job=job.id,
        order=job.order,
        printed=data.printed,
    )
    if not data.printed:
        void_label(turn, order, reason="not_out", number_too=False)
    return {"order_id": job.order, "job": job.id}


def scan_slip(turn: Turn, data: SlipScan) -> Facts:
    """Print the label that a slip stands for, at the station where the slip is scanned (PRN-3).

    No byte of that label ever left, so it is the same copy: nothing is marked or voided.
    """
    prefix, _, job_id = data.code.partition(":")
    job = turn.world.get(Job, job_id) if prefix == SLIP_PREFIX else None
    if job is None:
        raise RefusedError("not_a_slip", got=data.code)
    if job.state != "slip":
        raise RefusedError("slip_spent", job=job.id, order=job.order, state=job.state)
    order = the_order(turn, job.order)
    hold_open(why_not_packed(turn.world, order, turn.rules))
    station = station_of(turn)
    refs = (f"order:{job.order}",)
    turn.emit("slip.scanned", f"job:{job.id}", refs, job=job.id, order=job.order, station=station)
    return {"order_id": job.order, "job": job.id}
