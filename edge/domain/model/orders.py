"""Orders: what was assigned, and where each one is."""

from typing import Any, Final

import msgspec

from edge.domain.model.base import Doc

LABEL_DUE: Final = "label_due"
"""Mark of a packed order whose label was voided: it needs a new one before it leaves."""


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
    routing: dict[str, Any] = msgspec.field(default_factory=dict)
    parent: str = ""
    fulfilment: str = ""
    """Code of a child of a split order; no two orders have the same."""
    risk_pm: int = 0
    phone_masked: bool = False
    address_vague: bool = False
    same_city: bool = False
    """Whether it goes to the city that this site is in."""
    remark_hits: tuple[str, ...] = ()
    personal: str = ""
    """Salted hash of the recipient's record."""
    recipient_key: str = ""
    """Key of the record that took that one's place, when the address was changed."""
    created_us: int = 0
    erased: bool = False
    """Whether the recipient's record was erased after its time."""


class Freeze(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An open cause for which nothing moves an order."""

    id: str
    category: str
    instruction: str
    opened_us: int
    due_us: int
    reason: str = ""


class Amendment(Doc, frozen=True, kw_only=True):
    """What an interception (the id is its freeze's) would change of an order."""

    KIND = "amendment"
    order: str
    fields: tuple[str, ...]
    facts: dict[str, Any]
    """Fields of the assignment; what is personal stands beside the journal."""


class Change(Doc, frozen=True, kw_only=True):
    """New content of an order that is in work (the id is its freeze's), until it is decided."""

    KIND = "change"
    order: str
    content: Assignment


class Copy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One printed copy of a waybill."""

    id: str
    n: int
    job: str
    void: bool = False


class Fix(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why an order's waybill cannot be printed as it is, and which carriers would take it."""

    code: str
    facts: dict[str, Any]
    suggest: tuple[tuple[str, str], ...] = ()
    """(Carrier, service)."""
    since_us: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A photo or video that somebody attached, and the state that the order was in."""

    kind: str
    blob: str
    state: str


class PutBack(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Picked goods of an order that ended, to be returned to their bin."""

    sku: str
    location: str
    qty: int
    done: int = 0
    late: bool = False
    """Scanned when it did not count any more: what is still to be picked keeps its lock."""
    lot: str = ""
    """Of a late piece; the others' lots stand in the order's lock."""


class LetGo(Doc, frozen=True, kw_only=True):
    """The word that stays of an order (the id) whose documents left; the archive has the rest."""

    KIND = "let_go"
    state: str
    """The state that it ended in."""
    ended_us: int


class Fulfilment(Doc, frozen=True, kw_only=True):
    """A fulfilment code (the id) and the one order that it names."""

    KIND = "fulfilment"
    order: str


class Sibling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Another child of the same split order, as the hub knows it."""

    order_id: str
    state: str
    warehouse: str = ""


class Siblings(Doc, frozen=True, kw_only=True):
    """The other children of a split order; the id is the child's that is here."""

    KIND = "siblings"
    siblings: tuple[Sibling, ...]


class Returned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Pieces of a shipped line that may come back, and how many did."""

    line: int
    sku: str
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
    short: dict[str, int] = msgspec.field(default_factory=dict)
    """Pieces found, by line number, of the lines that were closed short."""
    checked: tuple[int, ...] = ()
    """Pieces checked at packing, line by line."""
    packer: str = ""
    station: str = ""
    waybill: str = ""
    copies: tuple[Copy, ...] = ()
    grade: str
    put_back: tuple[PutBack, ...] = ()
    away: bool = False
    """Whether the carrier has the parcel."""
    returns: tuple[Returned, ...] = ()
    """What may come back of it, once it began to."""
    carrier_status: str = ""
    carrier_valid: bool = False
    carrier_scan_us: int = 0
    """The carrier's first scan."""
    carrier_mark: str = ""
    """`missing` (no record in time), `late` (scanned too late) or nothing."""
    carrier_timer: str = ""
    is_ahead: bool = False
    """Whether the newest copy was printed before the packing: only its scan proves it."""
    shipped_us: int = 0
    """When it left the floor's hands; 0 while it has not, or since it came back."""
    fix: Fix | None = None
    evidence: tuple[Evidence, ...] = ()
    weight_g: int = 0
    trusted: bool = False
    """Accepted against the books, which were not believed then (PICK-11)."""
    approvals: tuple[str, ...] = ()
    """Approvals about it that nobody has decided yet."""
    marks: tuple[str, ...] = ()
    """What people should know of it: `approval_stuck`, and what timers of the ruleset mark."""
    contested: tuple[str, ...] = ()
    """Freezes that contradict each other and wait for a decision."""
    released: tuple[str, ...] = ()
    """Breakers that a superior has released it from."""
    priority: str = ""

    def terms(self) -> dict[str, str]:
        """Return state, the tote that carries it, whether it is stuck or in the fix queue."""
        terms = {"state": self.state}
        if self.tote:
            terms["tote"] = self.tote
        if self.fix:
            terms["fix"] = "open"
        if any(item.done < item.qty for item in self.put_back):
            terms["put_back"] = "open"
        if (self.freezes or self.marks) and not self.shipped_us and self.state != "cancelled":
            terms["stuck"] = "yes"
        return terms
