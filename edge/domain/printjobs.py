"""A print job: what the print queue reports of it, and what a person says became of it."""

from typing import Any

from edge.domain.commands import PrintReport, WaybillResolve
from edge.domain.labelling import hold_open, ship_if_proved, why_not_packed
from edge.domain.model import Order
from edge.domain.orders import job_of
from edge.domain.refusals import RefusedError
from edge.domain.rules import GRADES
from edge.domain.turn import Turn
from edge.domain.waybills import void_label

Facts = dict[str, Any]

_AFTER: dict[str, tuple[str, str]] = {
    "claimed": ("sending", ""),
    "sent": ("sent", "sent"),
    "confirmed": ("sent", "printer_confirmed"),
    "retry": ("queued", ""),
    "moved": ("queued", ""),
    "failed": ("failed", ""),
    "unknown": ("unknown", ""),
}
"""Stage that the print queue reports → state of the job, grade that the copy has then."""


def report(turn: Turn, data: PrintReport) -> Facts:
    """Write down what became of a copy; a proof that suffices ships the order."""
    job = job_of(turn, data.job_id)
    if data.stage not in _AFTER:
        raise RefusedError("malformed", problem=f"stage {data.stage}", kind="print.report")
    if job.state in ("proved", "void"):
        raise RefusedError("outcome_known", job=job.id, state=job.state)
    state, grade = _AFTER[data.stage]
    order = turn.world.the(Order, job.order)
    if grade and GRADES.index(grade) <= GRADES.index(order.grade):
        grade = ""
    turn.emit(
        "print.reported",
        f"job:{job.id}",
        (f"order:{job.order}",),
        job=job.id,
        stage=data.stage,
        state=state,
        grade=grade,
        printer=data.printer or job.printer,
        bytes_out=data.bytes_out,
        proof=data.proof,
        reason=data.reason,
    )
    if grade:
        ship_if_proved(turn, turn.world.the(Order, job.order))
    return {"job": job.id}


def resolve(turn: Turn, data: WaybillResolve) -> Facts:
    """Let a person say whether a copy whose outcome is unknown came out of the printer."""
    job = job_of(turn, data.job_id)
    if job.state not in ("unknown", "failed", "sent"):
        raise RefusedError("outcome_known", job=job.id, state=job.state)
    order = turn.world.the(Order, job.order)
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
