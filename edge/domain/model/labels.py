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
    """queued, sending (bytes may have left), sent, proved, slip, unknown, failed, void, or by_hand:
    no printer of ours made it."""
    attempts: int = 0
    reason: str = ""
    queued_us: int = 0
    asked_us: int = 0
    """When it was queued, or its slip was scanned: what its age is counted from."""
    since_us: int = 0
    """When it came into its state."""
    grade: str = ""
    """How well this copy is proved; empty while no byte of it is known to have left."""
    mark: int = -1
    """Odometer of `printer` before the copy's first byte; -1: it has none."""
    is_faulted: bool = False
    """Something went wrong with it."""
    is_helped: bool = False
    """A person had, or has, to do something about it beyond scanning its label."""

    @property
    def is_in_hand(self) -> bool:
        """Whether the print queue has something to do for it."""
        if self.state == "sent":
            return self.grade == "sent"
        return self.state in ("queued", "sending")

    def terms(self) -> dict[str, str]:
        """Return the station: while the queue works on it, and while it is open to anybody."""
        terms = {"active": self.station} if self.is_in_hand else {}
        is_open = self.is_in_hand or self.state in ("slip", "unknown", "failed")
        return terms | ({"open": self.station} if is_open else {})


class PrintDay(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """How printing went; the id is the date on which the jobs were queued, UTC+8.

    A job *met a fault* when anything but claiming, sending and proving was reported of it. It
    *healed itself* when it was printed and proved all the same, and no person did more for it than
    scan the label, as with every label.
    """

    KIND = "print_day"
    jobs: int = 0
    printed: int = 0
    """Proved by the printer or by a scan."""
    faulted: int = 0
    """Jobs that met a fault."""
    healed: int = 0
    """Of these: printed without a person's help."""
    helped: int = 0
    """Of these: a person was asked, or took a slip, or printed another copy."""
    withdrawn: int = 0
    """Of these: voided for another reason before anybody had to help."""
