"""Waybill numbers, and labels on their way out of a printer."""

from edge.domain.model.base import Doc


def pool_id(carrier: str, service: str) -> str:
    """Return the id of a pool: of one service of a carrier, or of all that it carries."""
    return f"{carrier}/{service}" if service else carrier


class Pool(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """Waybill numbers of a carrier or of one of its services (`pool_id`), allocated ahead."""

    KIND = "pool"
    head: int = 0
    tail: int = 0
    """Slots before `head` are used up; those from there to `tail` may hold a free number."""
    free: int = 0
    is_low_told: bool = False
    """Whether the hub was told, since the last fill, that the numbers run out."""
    services: tuple[str, ...] = ()
    """Services of this carrier that have a pool of their own."""


class PoolSlot(Doc, frozen=True, kw_only=True):
    """A waybill number in a pool; the id is `pool/slot`."""

    KIND = "slot"
    number: str


class Waybill(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A waybill number, and the one order that has it."""

    KIND = "waybill"
    carrier: str
    state: str
    """free, reserved (came with its order), bound, void (spent) or returned (to the hub)."""
    pool: str = ""
    """The pool that it came in; none where it came with an order or was read from a label."""
    order: str = ""


class Job(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """One copy of a label on its way out of a printer."""

    KIND = "job"
    order: str
    waybill: str
    copy: str
    n: int
    station: str
    printer: str
    state: str
    attempts: int = 0
    reason: str = ""
    queued_us: int = 0

    def terms(self) -> dict[str, str]:
        """Return the station while a printer has something to do for it."""
        return {"active": self.station} if self.state in ("queued", "sending", "sent") else {}
