"""Faults that befall a virtual printer by themselves, from a seed."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from random import Random
from typing import Final

import msgspec

AFTER_BYTES_MAX: Final = 30_000


class FaultKind(StrEnum):
    """What happens, and when."""

    PAPER = "paper"
    """Paper ends in the middle of the label."""
    HEAD = "head"
    RIBBON = "ribbon"
    PAUSE = "pause"
    POWER = "power"
    """Power fails in the middle of the label: what is held is lost."""
    CUT = "cut"
    """The connection breaks while the next copy is on its way."""
    MUTE = "mute"
    """Prints, and answers nothing."""
    LATE = "late"
    """Prints, and answers `for_s` later."""


class Fault(msgspec.Struct, frozen=True):
    """One fault, mended by itself after `for_s`."""

    kind: FaultKind
    for_s: float = 0.0
    after_bytes: int = 0
    """CUT: bytes that still get through."""


FaultPlan = Callable[[], Fault | None]
"""Asked once for each label that a printer has received whole: what befalls it, or the next."""


def seeded_faults(
    seed: int,
    share: float,
    kinds: Sequence[FaultKind] = tuple(FaultKind),
    for_s_max: float = 1.0,
    after_bytes_max: int = AFTER_BYTES_MAX,
) -> FaultPlan:
    """Return a plan in which a `share` of labels meets a fault; the same for the same seed."""
    random = Random(seed)  # noqa: S311 - seeded faults, not secrets

    def plan() -> Fault | None:
        if random.random() >= share:
            return None
        return Fault(
            random.choice(kinds), random.uniform(0, for_s_max), random.randrange(after_bytes_max)
        )

    return plan
