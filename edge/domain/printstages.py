"""What the print queue may report of a job, and what each report means."""

from typing import Final

AFTER: Final[dict[str, tuple[str, str]]] = {
    "claimed": ("sending", ""),
    "sent": ("sent", "sent"),
    "confirmed": ("sent", "printer_confirmed"),
    "retry": ("queued", ""),
    "moved": ("queued", ""),
    "asked": ("", ""),
    "held": ("sent", ""),
    "slip": ("slip", ""),
    "slip_printed": ("", ""),
    "unknown": ("unknown", ""),
    "failed": ("failed", ""),
}
"""Stage that the print queue reports → state of the job, grade that the copy has then.

`retry`: nothing of it was printed, it waits for its turn. `moved`: another printer takes it.
`asked`: bytes may have left, the printer is being asked. `held`: the printer has it, and has a
fault. `asked` and `slip_printed` leave the state as it is.
"""
GOOD: Final = frozenset({"claimed", "sent", "confirmed"})
"""Stages of a job with which nothing goes wrong."""
HELP: Final = frozenset({"slip", "unknown", "failed"})
"""Stages from which only a person leads on."""
LATE: Final = frozenset({"confirmed", "slip_printed"})
"""Stages that are still heard of a job that waits for a person."""
SLIP_PREFIX: Final = "FGS1"
"""Begins the QR of a fallback slip, and no other code."""


def slip_code(job_id: str) -> str:
    """Return the text of a fallback slip's QR: plain ASCII."""
    return f"{SLIP_PREFIX}:{job_id}"
