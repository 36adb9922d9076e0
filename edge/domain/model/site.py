"""What is known of the site: the box, its rules, goods and where they lie."""

import msgspec

from edge.domain.model.base import Doc, Name


class Box(Doc, frozen=True, kw_only=True):
    """This box: there is one, with the id `box`."""

    KIND = "box"
    name: str
    dseq: int = 0
    """The newest instruction of the hub that is journalled."""
    rules: str = ""
    """Label of the active ruleset, e.g. `default@1`."""
    epoch_us: int = 0
    """When the journal's epoch began, where it goes on from an earlier one."""


class Retention(Doc, frozen=True, kw_only=True):
    """The last look through all that is past its time; there is one, with the id `box`."""

    KIND = "retention"
    at_us: int
    erased: int
    pictures: int
    waiting: int
    """Records that stayed, because their order is open or their person works here."""


class LettingGo(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """How many orders, and documents that hung on orders, left; there is one, its id is `box`."""

    KIND = "letting_go"
    at_us: int = 0
    orders: int = 0
    docs: int = 0


class RulesetRecord(Doc, frozen=True, kw_only=True):
    """A ruleset as it came; the id is its label."""

    KIND = "ruleset"
    document: bytes
    published_us: int = 0


class Push(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A ruleset came into force: when it was issued, came, and first decided an order."""

    label: str
    signed_by: str
    issued_us: int = 0
    """By the hub's clock; 0 where it came by another way."""
    received_us: int
    first_us: int = 0
    back: bool = False
    """It was brought back by a roll-back."""


class RulesetHistory(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """What was in force here: there is one, with the id `box`."""

    KIND = "ruleset_history"
    newest: dict[str, int] = msgspec.field(default_factory=dict)
    """Newest version that was ever in force, by id of the ruleset."""
    before: tuple[str, ...] = ()
    """Labels that a roll-back leads to, the next one last."""
    left: tuple[str, ...] = ()
    """Labels that roll-backs have left, and whose states stay."""
    pushes: tuple[Push, ...] = ()
    """What came into force last, the newest last."""


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

    @property
    def named_by(self) -> tuple[str, ...]:
        """Every code that names it, each once: the printed ones, then its id."""
        return tuple(dict.fromkeys((*self.codes, self.id)))


class Code(Doc, frozen=True, kw_only=True):
    """A printed code (the id) and the SKU that it was last given to."""

    KIND = "code"
    sku: str


class EqualGroup(Doc, frozen=True, kw_only=True):
    """SKUs of equal value, any of which may stand in for another; the id is the group."""

    KIND = "equal_group"
    skus: tuple[str, ...]


class Location(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A bin. What lies in a blocked one stands in the books and is promised to nobody."""

    KIND = "location"
    zone: str
    walk: int
    blocked: bool = False
