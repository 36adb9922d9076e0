"""May a copy be sent again? The table of what is known of a copy that did not go well.

"Sent" is not "printed", and "not confirmed" is not "not printed": a printer that ran out of paper
holds the label and prints it when it is filled. So a copy of which a byte left is sent again only
where the printer's own count proves that nothing came out; where nothing can tell, a person is
asked (PRN-2, PRN-4).
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec


class Verdict(StrEnum):
    """What to do with a copy."""

    RETRY = "retry"
    """Nothing of it was printed, and nothing of it will be: send it again."""
    WAIT = "wait"
    """The printer holds it and prints it once it is well: leave it alone."""
    RECONCILE = "reconcile"
    """Ask the printer before anything else."""
    PROVED = "proved"
    """It came out."""
    UNKNOWN = "unknown"
    """Nobody can tell: ask a person."""


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a copy."""

    bytes_out: int | None
    """Most bytes that may have reached the printer; None after a stop of the service."""
    can_count: bool = False
    """The printer has an odometer, and it was read before the first byte."""
    is_asked: bool = False
    """The printer was asked about the copy since things went wrong."""
    is_line_lost: bool = False
    """The connection that carried the copy is gone, and an answer on it with it."""
    is_proved: bool = False
    """The printer named the copy as done, by token or job state."""
    fault: str = ""
    """What the printer says of itself: offline, paper, head …"""
    is_busy: bool = False
    """The printer says that it has work in hand."""
    counted: int | None = None
    """Labels that came out since the odometer was read; None where it could not be read."""
    is_lasting: bool = True
    """That count outlives a loss of power."""
    is_settled: bool = False
    """The printer has been well and idle for as long as it may take to take in what was sent."""


TABLE: Final[tuple[tuple[str, Callable[[Situation], bool], Verdict], ...]] = (
    ("no byte left", lambda c: c.bytes_out == 0, Verdict.RETRY),
    ("the printer names it as done", lambda c: c.is_proved, Verdict.PROVED),
    ("its odometer is one further", lambda c: c.counted == 1, Verdict.PROVED),
    ("nobody has asked the printer yet", lambda c: not c.is_asked, Verdict.RECONCILE),
    ("others printed on it too", lambda c: (c.counted or 0) > 1, Verdict.UNKNOWN),
    (
        "it cannot count, and its answer is lost",
        lambda c: c.is_line_lost and not c.can_count,
        Verdict.UNKNOWN,
    ),
    ("it has a fault: it holds the label", lambda c: bool(c.fault), Verdict.WAIT),
    ("it is busy: it has the label in hand", lambda c: c.is_busy, Verdict.WAIT),
    ("it may still be taking it in", lambda c: not c.is_settled, Verdict.RECONCILE),
    (
        "its odometer stands still, it holds nothing",
        lambda c: c.counted == 0 and c.is_lasting,
        Verdict.RETRY,
    ),
    ("it cannot tell", lambda _: True, Verdict.UNKNOWN),
)
"""What is known → what to do. The first row that fits decides; the last one always fits."""


def judge(copy: Situation) -> Verdict:
    """Return what to do with a copy that did not go well."""
    return next(verdict for _, fits, verdict in TABLE if fits(copy))
