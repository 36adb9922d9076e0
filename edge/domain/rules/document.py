"""A ruleset as it is written: one struct per part."""

import msgspec

from edge.domain.model import Name


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Part of a ruleset document."""


class Meta(Part, frozen=True):
    """Which ruleset this is."""

    id: str
    version: int


class State(Part, frozen=True):
    """A state. `kind`: start, hold (waits for somebody), floor (in work) or end."""

    id: str
    kind: str
    owner: str
    name: Name


class Transition(Part, frozen=True, rename={"sources": "from"}):
    """A way from states to a state, by an action, through gates."""

    action: str
    sources: tuple[str, ...]
    to: str
    gates: tuple[str, ...] = ()
    frozen: bool = False


class HoldRule(Part, frozen=True):
    """Where an order waits when `when` is true of it."""

    state: str
    when: str


class Workflow(Part, frozen=True):
    """States, transitions, and holds at acceptance."""

    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    holds: tuple[HoldRule, ...] = ()


class OrderTypes(Part, frozen=True):
    """Types of order that this floor knows."""

    known: tuple[str, ...] = ()


class Give(Part, frozen=True):
    """A gift."""

    sku: str
    qty: int = 1
    tracked: bool = True


class GiftRule(Part, frozen=True):
    """What is given when `when` is true of an order."""

    id: str
    when: str
    give: tuple[Give, ...]


class Picking(Part, frozen=True):
    """How pieces are counted."""

    each_max: int = 5
    tote_required: bool = True


class Labels(Part, frozen=True):
    """What a label must prove before its order ships."""

    proof_least: str = "scan_confirmed"


class Freezes(Part, frozen=True):
    """Seconds between the receipt of an interception and its effect, by category."""

    countdown_s: dict[str, int] = {}


class Lanes(Part, frozen=True):
    """Which tag puts an order into the fast lane."""

    fast_tag: str = "24H"


class Priorities(Part, frozen=True):
    """What makes an order urgent."""

    remark_words: tuple[str, ...] = ()


class Service(Part, frozen=True):
    """A service of a carrier."""

    id: str
    name: Name


class Forbid(Part, frozen=True):
    """What a carrier does not carry: orders of which `when` is true. `name` says it to people."""

    id: str
    when: str
    name: Name


class Carrier(Part, frozen=True):
    """A carrier, its services, and what it does not carry."""

    id: str
    name: Name
    services: tuple[Service, ...] = ()
    forbids: tuple[Forbid, ...] = ()
    off: bool = False
    """Switched off: its free waybill numbers go back to the hub, and nothing new is printed."""
    pool_low: int = 50
    """With fewer free numbers than this in a pool, the hub is told."""


class Reason(Part, frozen=True):
    """A reason that a person may choose."""

    code: str
    zh: str
    en: str


class Document(Part, frozen=True):
    """A ruleset as it is written."""

    meta: Meta
    workflow: Workflow
    order_types: OrderTypes = OrderTypes()
    roles: dict[str, tuple[str, ...]] = {}
    gifts: tuple[GiftRule, ...] = ()
    picking: Picking = Picking()
    labels: Labels = Labels()
    freezes: Freezes = Freezes()
    lanes: Lanes = Lanes()
    priorities: Priorities = Priorities()
    carriers: tuple[Carrier, ...] = ()
    reasons: dict[str, tuple[Reason, ...]] = {}
