"""A ruleset as it is written: one struct per part.

A text that is more than a text says so by its type: `Condition` is checked and compiled, `StateId`,
`GateName`, `RoleName` and the like must name something that is there.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

from edge.domain.model import Name


def _marked(mark: str, description: str) -> Any:  # noqa: ANN401 - what Annotated takes
    return msgspec.Meta(description=description, extra={"mark": mark})


Condition = Annotated[str, _marked("condition", "An expression over `order` that is true or false")]
StateId = Annotated[str, _marked("state", "Id of a state")]
ActionName = Annotated[str, _marked("action", "An action that `transitions` names")]
EffectName = Annotated[str, _marked("effect", "Something done on entry to a state")]
GateName = Annotated[str, _marked("gate", "Name of a gate")]
RoleName = Annotated[str, _marked("role", "A role that `roles` names")]
CommandKind = Annotated[str, _marked("command", "A kind of command")]
SkuId = Annotated[str, msgspec.Meta(pattern=r"^\S{1,64}$", description="A SKU of the catalogue")]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**31)]
RulesetId = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,40}$")]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part of a ruleset document."""


class Meta(Part, frozen=True):
    """Which ruleset this is."""

    id: RulesetId
    version: Version
    boxes: tuple[str, ...] = ()
    """Boxes that it is for; none: any."""


class State(Part, frozen=True):
    """A state. `kind`: start, hold (waits for somebody), floor (in work) or end.

    `desk` is the part of the floor that it belongs to. `enter` names what is done when an order
    comes here, `auto` the actions that are then taken by themselves, in this order, as soon as
    their gates are open.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    kind: str
    owner: RoleName
    name: Name
    desk: Literal["", "pick", "pack", "dock", "back"] = ""
    enter: tuple[EffectName, ...] = ()
    auto: tuple[ActionName, ...] = ()


class Transition(Part, frozen=True, rename={"sources": "from"}):
    """A way from states to a state, by an action, through gates. Without `to` it stays there."""

    action: str
    sources: tuple[StateId, ...]
    to: StateId | None = None
    gates: tuple[GateName, ...] = ()
    frozen: bool = False


class HoldRule(Part, frozen=True):
    """Where an order waits when `when` is true of it. The journal names the rule by its id."""

    state: StateId
    when: Condition
    id: str = ""


class Workflow(Part, frozen=True):
    """States, transitions, and holds at acceptance."""

    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    holds: tuple[HoldRule, ...] = ()
    actions: dict[str, Name] = {}
    """What an action is called; each that a transition names is named here."""
    carrier_actions: dict[str, ActionName] = {}
    """Action that a carrier's status calls for, e.g. `lost` → `carrier.trouble`."""


class OrderTypes(Part, frozen=True):
    """Types of order that this floor knows."""

    known: tuple[str, ...] = ()


class Give(Part, frozen=True):
    """A gift."""

    sku: SkuId
    qty: Count = 1
    tracked: bool = True


class GiftRule(Part, frozen=True):
    """What is given when `when` is true of an order."""

    id: str
    when: Condition
    give: tuple[Give, ...]
    group: str = ""
    """Of the rules of one group (tiers) only the first that is true gives; none: always."""


class Picking(Part, frozen=True):
    """How pieces are counted."""

    each_max: int = 5
    tote_required: bool = True


class PrintQueueRules(Part, frozen=True):
    """How long and how often printing is tried before somebody is asked (PRN-3, PRN-5)."""

    retry_pauses_ms: tuple[int, ...] = (200, 1_000, 3_000)
    """Pauses before the retries of a copy of which no byte left; then comes the next printer."""
    proof_s: int = 10
    """How long a printer may take to prove a label."""
    settle_s: int = 30
    """How long a printer may take to take in, or throw away, all that was sent to it."""
    hold_min: int = 15
    """How long an ill printer may hold a label before a person is asked."""
    slip_after_s: int = 120
    """How long a job waits while none of its station's printers works; then comes the slip."""
    expire_min: int = 30
    """Age at which a job that was not printed is given up."""
    test_h: int = 12
    """How long a test label that was scanned back counts: a shift."""


class Quota(Part, frozen=True):
    """Pieces of a SKU that are kept for orders with a tag."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    sku: SkuId
    qty: Count
    tag: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class StockRules(Part, frozen=True):
    """How the books are kept."""

    quotas: tuple[Quota, ...] = ()
    lock_flag_h: int = 72
    """Age at which an order's lock is flagged."""
    lock_release_h: int = 4
    """How long after that it is released, where nobody works on the order."""
    count_pieces_max: int = 2
    """Pieces by which a count may differ and be booked without an approval."""
    check_window: int = 200
    """Newest checks of the books that are looked at."""
    check_fail_pm: int = 50
    """Share of them, per mille, above which orders are accepted optimistically."""
    check_recover_pm: int = 20
    """Share at which the books are believed again."""


class Labels(Part, frozen=True):
    """What a label must prove before its order ships, and how it is printed."""

    proof_least: str = "scan_confirmed"
    queue: PrintQueueRules = PrintQueueRules()


class Freezes(Part, frozen=True):
    """What interceptions of the hub do, by category."""

    countdown_s: dict[str, Annotated[int, msgspec.Meta(ge=0, le=86_400)]] = {}
    """Seconds between receipt and effect; 15 where nothing is said."""
    effects: dict[str, Literal["end", "amend", "rush"]] = {}
    """`end` stops the order and has its goods put back, `amend` takes over what it brought."""
    contradictions: tuple[tuple[str, str], ...] = ()
    """Categories of which both within the countdown need a supervisor's decision."""


class Breaker(Part, frozen=True):
    """A rule that freezes an order of which `when` is true, until a superior releases it."""

    id: str
    when: Condition
    name: Name


TIMER_EVENTS: Final = {
    "order.assigned": "state",
    "order.moved": "to",
    "order.rushed": "order",
    "order.prioritised": "rule",
    "task.made": "task",
    "print.reported": "stage",
    "waybill.proved": "grade",
    "handover.scanned": "waybill",
    "carrier.status_changed": "status",
}
"""Kinds of entry that start and end timers, and the field that `kind:value` compares."""


class TimerRule(Part, frozen=True):
    """A deadline of orders, and what happens when it has passed."""

    id: str
    name: Name
    """What people are told."""
    starts: tuple[str, ...]
    """Events, each `kind` or `kind:value`, e.g. `order.moved:ready`."""
    ends: tuple[str, ...]
    after_s: Annotated[int, msgspec.Meta(ge=0, le=31 * 86_400)]
    when: Condition
    """Which orders it is for, asked when it starts."""
    since: Literal["event", "paid", "created"] = "event"
    plus_promise: bool = False
    """Whether the promised time of the order is added."""
    alarm: tuple[RoleName, ...] = ()
    priority: Literal["", "P0"] = ""
    mark: str = ""


class ShippedEdits(Part, frozen=True):
    """How often one person may change shipped orders in a day of the site."""

    actions: tuple[CommandKind, ...] = ()
    states: tuple[StateId, ...] = ()
    per_day: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 5
    lock_s: Annotated[int, msgspec.Meta(ge=1, le=31 * 86_400)] = 7_200
    utc_offset_min: Annotated[int, msgspec.Meta(ge=-840, le=840)] = 480
    """Minutes by which the site's day runs ahead of UTC."""


class PriorityRule(Part, frozen=True):
    """What is picked before all else."""

    id: str
    when: Condition
    name: Name
    priority: Literal["P0"] = "P0"


class Lanes(Part, frozen=True):
    """Which tag puts an order into the fast lane."""

    fast_tag: str = "24H"


class Priorities(Part, frozen=True):
    """What makes an order urgent, and from which score on its risk is shown (per mille)."""

    risk_high_pm: int = 850
    remark_words: tuple[str, ...] = ()
    rules: tuple[PriorityRule, ...] = ()
    """The first that is true of an order counts."""


class Site(Part, frozen=True):
    """Where this floor is."""

    city: str = ""
    warehouse: str = ""
    """What the hub calls this warehouse in its routing decisions."""
    utc_offset_min: int = 480
    """Minutes that the site's clocks are ahead of UTC; its day decides what has expired."""


class Addresses(Part, frozen=True):
    """An address without a digit and shorter than this is too vague to print."""

    chars_min: int = 8


class Service(Part, frozen=True):
    """A service of a carrier."""

    id: str
    name: Name


class Forbid(Part, frozen=True):
    """What a carrier does not carry: orders of which `when` is true. `name` says it to people."""

    id: str
    when: Condition
    name: Name


class Carrier(Part, frozen=True):
    """A carrier, its services, and what it does not carry."""

    id: Annotated[str, msgspec.Meta(min_length=1, pattern="^[^/]*$")]
    name: Name
    services: tuple[Service, ...] = ()
    forbids: tuple[Forbid, ...] = ()
    off: bool = False
    """Switched off: its free waybill numbers go back to the hub, and nothing new is printed."""
    pool_low: Annotated[int, msgspec.Meta(ge=0)] = 50
    """With fewer free numbers than this in a pool, the hub is told."""


class AheadRule(Part, frozen=True):
    """Orders of which `when` is true have their waybill printed before they are picked."""

    id: str
    when: Condition
    station: Annotated[str, msgspec.Meta(min_length=1)]
    """On whose printers."""
    group: str = ""
    """Whom the hub shall notify."""


class CarrierRecord(Part, frozen=True):
    """A parcel must be in its carrier's records this long after it shipped; later is marked."""

    late_s: Annotated[int, msgspec.Meta(ge=1, le=30 * 86_400)] = 7_200


class EvidenceRule(Part, frozen=True):
    """Orders with one of `tags` are printed and shipped with evidence of one of `kinds` only.

    It counts where it was attached while the order was in one of `states`.
    """

    tags: tuple[str, ...]
    kinds: tuple[str, ...]
    states: tuple[StateId, ...]


class ApprovalPolicy(Part, frozen=True):
    """Who may ask for something, and who decides it."""

    name: Name
    answers: dict[str, Name]
    """What each answer will do."""
    ask: tuple[RoleName, ...] = ()
    """Roles whose people may ask; none: only the box itself does."""
    sign: tuple[tuple[RoleName, ...], ...] = (("supervisor",),)
    """One entry per signature: the roles of which a person may give it. Two: a dual sign."""
    chain: tuple[tuple[RoleName, ...], ...] = ()
    """Next superiors: each time-out lets the roles of one entry more sign."""
    remote: bool = False
    """Whether one signature may come through the hub."""
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=31 * 86_400)] = 7_200
    expires_s: Annotated[int, msgspec.Meta(ge=0, le=31 * 86_400)] = 86_400
    """After so long without a decision the request is void; 0: never.

    What holds an order frozen waits until somebody decides, whatever is said here.
    """


class Reason(Part, frozen=True):
    """A reason that a person may choose."""

    code: str
    zh: str
    en: str


class Expected(Part, frozen=True):
    """What must become of a sample; what is left out is not looked at."""

    state: StateId | None = None
    lane: str | None = None
    rule: str | None = None
    """The rule by which it waits; empty: it does not."""
    gifts: tuple[str, ...] | None = None
    """`SKU ×pieces (rule)`, one by one."""
    priority: str | None = None
    """The rule by which it is picked before others; empty: it is not."""
    evidence: tuple[str, ...] | None = None
    """Kinds of evidence of which one is due before the label is printed."""
    refused: str | None = None
    """Code of the refusal of the order as a whole."""


class Sample(Part, frozen=True):
    """An order as `order.assign` gives it, and what must become of it."""

    name: str
    order: dict[str, Any]
    expect: Expected


class ReturnCode(Part, frozen=True):
    """Why goods come back. A code says whether they may be sold again."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    zh: str
    en: str
    sellable: bool = False
    keywords: tuple[str, ...] = ()
    """Words in what a person types that suggest this code."""


class Returns(Part, frozen=True):
    """Where goods go that come back: those that may be sold again, and the others."""

    bin: str = "RETURNS"
    quarantine: str = "QUARANTINE"


class Document(Part, frozen=True):
    """A ruleset as it is written."""

    meta: Meta
    workflow: Workflow
    order_types: OrderTypes = OrderTypes()
    roles: dict[CommandKind, tuple[str, ...]] = {}
    gifts: tuple[GiftRule, ...] = ()
    picking: Picking = Picking()
    stock: StockRules = StockRules()
    labels: Labels = Labels()
    freezes: Freezes = Freezes()
    lanes: Lanes = Lanes()
    priorities: Priorities = Priorities()
    site: Site = Site()
    addresses: Addresses = Addresses()
    carriers: tuple[Carrier, ...] = ()
    print_ahead: tuple[AheadRule, ...] = ()
    carrier_record: CarrierRecord = CarrierRecord()
    evidence: tuple[EvidenceRule, ...] = ()
    approvals: dict[str, ApprovalPolicy] = {}
    breakers: tuple[Breaker, ...] = ()
    shipped_edits: ShippedEdits = ShippedEdits()
    timers: tuple[TimerRule, ...] = ()
    reasons: dict[str, tuple[Reason, ...]] = {}
    return_codes: tuple[ReturnCode, ...] = ()
    returns: Returns = Returns()
    samples: Annotated[tuple[Sample, ...], msgspec.Meta(max_length=100)] = ()
