"""What every command shares: its bounds, and the base of its data."""

from typing import ClassVar, Final

import msgspec

COMMAND_VERSION: Final = 1
COMMAND_VERSION_OLDEST: Final = 1
"""Pages that speak this version are still understood: the one before the newest, once there is."""
CODE_CHARS_MAX: Final = 256
TASKS_TAKEN_MAX: Final = 6
EVIDENCE_MAX: Final = 16
DATA_FIELDS_MAX: Final = 8
QTY_MAX: Final = 1_000_000
TIME_US_MAX: Final = 2**53
"""The year 2255; the largest whole number that every JSON reader keeps exactly."""


class Gs1(msgspec.Struct, frozen=True):
    """What a GS1 code carries, parsed at the door (GS1 General Specifications, section 3)."""

    codes: tuple[str, ...] = ()
    """The GTIN in the forms in which a catalogue may write it."""
    lot: str = ""
    expiry: str = ""
    """Last day of use, `YYYY-MM-DD`."""
    serial: str = ""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The data of one command; the tag is its kind."""

    FROM_CLIENTS: ClassVar[bool] = True
    """Whether a client may send it; the others come from the box itself."""
    NUMBER_MAX: ClassVar[int] = QTY_MAX
    """The largest number that its data may hold."""
