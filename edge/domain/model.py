"""The documents of which the floor's state is made.

A document is what the journal says of one thing now. It is never edited in place: `apply` puts a
new one for each entry, and the store keeps the newest. What changes with every scan is small and
apart from what is fixed when the thing is made (`Task` and `Plan`, `Order` and `Assignment`).
Where defaults are left out of the bytes, a text's default is the empty one: another is left out or
not by the identity of the string, and the bytes would depend on where it came from.

Times are µs UTC, money is fen, mass is grams. `doc_id` names a document within its kind; `terms`
are the words it can be found by.
"""

from typing import Any, ClassVar

import msgspec


class Doc(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One document; `KIND` is its kind in the store. Documents form no cycles: no collector."""

    KIND: ClassVar[str]
    id: str

    def terms(self) -> dict[str, str]:
        """Return the words by which this document can be found."""
        return {}


class Name(msgspec.Struct, frozen=True, gc=False):
    """A text for people, in both languages."""

    zh: str
    en: str


# ---- what is known of the site ----------------------------------------------------------------


class Box(Doc, frozen=True, kw_only=True):
    """This box: there is one, with the id `box`."""

    KIND = "box"
    name: str
    dseq: int = 0
    """The newest instruction of the hub that is journalled."""
    rules: str = ""
    """Label of the active ruleset, e.g. `default@1`."""


class RulesetRecord(Doc, frozen=True, kw_only=True):
    """A ruleset as it came; the id is its label."""

    KIND = "ruleset"
    document: bytes
    published_us: int = 0


class Sku(Doc, frozen=True, kw_only=True):
    """A catalogue item."""

    KIND = "sku"
    name: Name
    codes: tuple[str, ...]
    weight_g: int = 0
    price_fen: int = 0
    lot: bool = False
    expiry: bool = False
    equal_group: str = ""


class Location(Doc, frozen=True, kw_only=True):
    """A bin."""

    KIND = "location"
    zone: str
    walk: int


class Stock(Doc, frozen=True, kw_only=True):
    """What lies here of one SKU (the id), by location, and how much of it orders have locked."""

    KIND = "stock"
    on_hand: dict[str, int]
    locked: int = 0

    @property
    def available(self) -> int:
        """Pieces that an order may still lock."""
        return sum(self.on_hand.values()) - self.locked


class Person(Doc, frozen=True, kw_only=True):
    """Somebody who works here. Name and PIN verifier are personal data, kept beside the journal."""

    KIND = "person"
    roles: tuple[str, ...]
    badge_hash: str
    active: bool = True

    def terms(self) -> dict[str, str]:
        """Return the badge's hash."""
        return {"badge": self.badge_hash}


class Hands(Doc, frozen=True, kw_only=True):
    """What a person (the id) has in hand."""

    KIND = "hands"
    task: str = ""


class Session(Doc, frozen=True, kw_only=True):
    """A person at a device, from sign-in to sign-out."""

    KIND = "session"
    person: str
    device: str
    roles: tuple[str, ...]
    opened_us: int
    station: str = ""
    closed_us: int | None = None

    def terms(self) -> dict[str, str]:
        """Return the device while the session is open."""
        return {} if self.closed_us is not None else {"device": self.device}


# ---- orders -----------------------------------------------------------------------------------


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A line of an order, as assigned."""

    no: int
    sku: str
    qty: int
    gift: bool = False
    rule: str = ""
    tracked: bool = True
    service: bool = False
    price_fen: int = 0
    lot: str = ""


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """Something to pay for that nobody picks: postage, a discount."""

    code: str
    name: str
    amount_fen: int


class Assignment(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """What the hub assigned: an order's content. Personal data is kept beside the journal."""

    KIND = "assignment"
    type: str
    lines: tuple[Line, ...]
    charges: tuple[Charge, ...] = ()
    tags: tuple[str, ...] = ()
    carrier: str = ""
    service: str = ""
    waybill: str = ""
    paid_us: int = 0
    promise_us: int = 0
    finance_cleared: bool = True
    customer_level: str = ""
    routing: dict[str, Any] = {}
    parent: str = ""
    risk_pm: int = 0
    phone_masked: bool = False
    remark_hits: tuple[str, ...] = ()
    personal: str = ""
    """Salted hash of the recipient's record."""


class Freeze(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An open cause for which nothing moves an order."""

    id: str
    category: str
    instruction: str
    opened_us: int
    due_us: int
    reason: str = ""


class Copy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One printed copy of a waybill."""

    id: str
    n: int
    job: str
    void: bool = False


class PutBack(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Picked goods of an order that ended, to be returned to their bin."""

    sku: str
    location: str
    qty: int
    done: int = 0


class Order(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """Where an order is. Its content is the `Assignment` of the same id."""

    KIND = "order"
    state: str
    lane: str
    since_us: int = 0
    accepted_us: int = 0
    freezes: tuple[Freeze, ...] = ()
    task: str = ""
    tote: str = ""
    short: dict[str, int] = {}
    """Pieces found, by line number, of the lines that were closed short."""
    checked: tuple[int, ...] = ()
    """Pieces checked at packing, line by line."""
    packer: str = ""
    station: str = ""
    waybill: str = ""
    copies: tuple[Copy, ...] = ()
    grade: str
    put_back: tuple[PutBack, ...] = ()
    carrier_status: str = ""
    weight_g: int = 0

    def terms(self) -> dict[str, str]:
        """Return state, and the tote that carries it."""
        return {"state": self.state} | ({"tote": self.tote} if self.tote else {})


# ---- picking ----------------------------------------------------------------------------------


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stop of a guided pick: some pieces of one line from one bin."""

    order: str
    line: int
    sku: str
    name: Name
    gift: bool
    location: str
    zone: str
    walk: int
    qty: int
    check: str
    """`each`: every piece is scanned. `confirm`: one scan, then the quantity."""
    codes: tuple[str, ...]


class Plan(Doc, frozen=True, kw_only=True):
    """The steps of a task in walk order; fixed while the task is in hand."""

    KIND = "plan"
    steps: tuple[Step, ...]


class Task(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """Lines to pick by one picker, of one or several orders. `picked` runs beside `Plan.steps`."""

    KIND = "task"
    state: str
    """open, taken, done, merged (into another task) or dropped (its order ended)."""
    lane: str
    orders: tuple[str, ...]
    picked: tuple[int, ...]
    closed: tuple[bool, ...]
    """Steps that need nothing more: all picked, or closed short."""
    scanned: int = 0
    """Number of the confirm step whose item was scanned and whose quantity is due, or 0."""
    created_us: int = 0
    picker: str = ""
    taken_us: int = 0
    at: str = ""
    rev: int = 0

    def terms(self) -> dict[str, str]:
        """Return the lane of an open task, the picker of a taken one."""
        match self.state:
            case "open":
                return {"open": self.lane}
            case "taken":
                return {"picker": self.picker}
        return {}


class Tote(Doc, frozen=True, kw_only=True):
    """A tote and the order that it carries."""

    KIND = "tote"
    order: str = ""


# ---- waybills and labels ----------------------------------------------------------------------


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


# ---- alarms and timers ------------------------------------------------------------------------


class Alarm(Doc, frozen=True, kw_only=True):
    """Something that one person must acknowledge."""

    KIND = "alarm"
    person: str
    code: str
    facts: dict[str, Any]
    raised_us: int
    acked_us: int | None = None

    def terms(self) -> dict[str, str]:
        """Return the person until the alarm is acknowledged."""
        return {} if self.acked_us is not None else {"person": self.person}


class Timer(Doc, frozen=True, kw_only=True):
    """A deadline that fires once."""

    KIND = "timer"
    purpose: str
    subject: str
    due_us: int
    delay_us: int
    due_boot_us: int
    boot_id: str
    state: str = "armed"

    def terms(self) -> dict[str, str]:
        """Return `armed` until it fired or was disarmed."""
        return {"state": "armed"} if self.state == "armed" else {}


KINDS: dict[str, type[Doc]] = {doc.KIND: doc for doc in Doc.__subclasses__()}
