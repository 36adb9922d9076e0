"""What became of an order's gifts."""

from typing import Any

import msgspec

from edge.domain.model.base import Doc


class GiftEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One thing that happened to a gift. `what`: granted, picked, packed or substituted."""

    what: str
    at_us: int
    by: str = ""
    line: int = 0
    qty: int = 0
    rules: str = ""
    data: dict[str, Any] = msgspec.field(default_factory=dict)


class Gifts(Doc, frozen=True, kw_only=True):
    """The trace of an order's gifts (the id is the order's), oldest first."""

    KIND = "gifts"
    events: tuple[GiftEvent, ...] = ()
