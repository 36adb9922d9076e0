"""Waybill numbers, and labels on their way out of a printer."""

from edge.domain.model.base import Doc


class Pool(Doc, frozen=True, kw_only=True):
    """Waybill numbers of one carrier (the id) that were allocated ahead: slots head … tail - 1."""

    KIND = "pool"
    head: int = 0
    tail: int = 0


class PoolSlot(Doc, frozen=True, kw_only=True):
    """A waybill number in a pool; the id is `carrier/slot`."""

    KIND = "slot"
    number: str


class Waybill(Doc, frozen=True, kw_only=True):
    """A waybill number and the one order that it is bound to."""

    KIND = "waybill"
    carrier: str
    order: str = ""
    void: bool = False


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
