"""What befalls a print job, drawn from a seed."""

from enum import StrEnum
from random import Random
from typing import Final

import msgspec

FAULT_SHARE: Final = 0.4
"""Share of jobs that something befalls."""
MENDED_S_MAX: Final = 300.0
"""Longest time until a person has loaded paper, closed the head, switched on."""
BLINK_S_MAX: Final = 40.0
"""Longest time for which a printer is slow, mute or restarting."""
DOWN_S_MAX: Final = 20.0
"""Longest time for which the service is down after a crash."""
RASTER_BYTES_MAX: Final = 6_000


class Kind(StrEnum):
    """One thing that goes wrong."""

    NONE = "none"
    PAPER_BEFORE = "paper out before the job"
    PAPER_IN = "paper out in the label"
    HEAD_BEFORE = "head open before the job"
    HEAD_IN = "head open in the label"
    PAUSED = "paused in the label"
    SWITCHED_OFF = "switched off before the job"
    UNPLUGGED = "cable out before the job"
    POWER_CYCLE = "power-cycled in the label"
    PULLED = "cable pulled in the raster"
    CUT = "line dropped in the raster"
    CUT_AFTER = "line dropped after the label"
    MUTE = "answers nothing for a while"
    LATE = "answers late"
    SLOW = "takes bytes slowly"
    CRASH_QUEUED = "crash when queued"
    CRASH_CLAIMED = "crash when claimed"
    CRASH_RASTER = "crash in the raster"
    CRASH_SENT = "crash when sent"
    CRASH_LABEL = "crash when the label is out"
    CRASH_CONFIRMED = "crash when confirmed"


MENDED_BY_PEOPLE: Final = frozenset(
    {
        Kind.PAPER_BEFORE,
        Kind.PAPER_IN,
        Kind.HEAD_BEFORE,
        Kind.HEAD_IN,
        Kind.PAUSED,
        Kind.SWITCHED_OFF,
        Kind.UNPLUGGED,
        Kind.PULLED,
    }
)
CRASHES: Final = frozenset(kind for kind in Kind if kind.value.startswith("crash"))


class Fault(msgspec.Struct, frozen=True):
    """What befalls one job."""

    kind: Kind
    for_s: float = 0.0
    """Until it is mended; of a crash: until the service runs again."""
    after_bytes: int = 0
    """Bytes of the copy that still get through a line that drops."""
    after_s: float = 0.0
    """Into the raster, where the service crashes in it."""


def draw(random: Random, share: float = FAULT_SHARE) -> Fault:
    """Return what befalls the next job."""
    if random.random() >= share:
        return Fault(Kind.NONE)
    kind = random.choice([each for each in Kind if each is not Kind.NONE])
    longest_s = BLINK_S_MAX
    if kind in MENDED_BY_PEOPLE:
        longest_s = MENDED_S_MAX
    elif kind in CRASHES:
        longest_s = DOWN_S_MAX
    return Fault(
        kind,
        for_s=random.uniform(1, longest_s),
        after_bytes=random.randrange(RASTER_BYTES_MAX),
        after_s=random.uniform(0, 1),
    )
