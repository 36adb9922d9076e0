"""Erasing personal data after its time, without touching the journal's proof (SEC-5).

The journal names such data by salted hashes alone, so value and salt can go. What may go is judged
here, inside the transaction: nothing of an order that somebody may still work on, nobody who works
here. The entry that says what went makes a spare erase it too.
"""

from typing import Any

from edge.domain.commands import PersonalErase, RetentionReport
from edge.domain.entries import PersonalRecord
from edge.domain.model import Amendment, Change, Order, Person
from edge.domain.turn import Turn

STAFF = ("person", "pin")
PICTURES = ("photo", "video")


def erase(turn: Turn, data: PersonalErase) -> dict[str, Any]:
    """Erase those of the records that may go; return their keys."""
    gone = [key for key in dict.fromkeys(data.keys) if _may_go(turn, key, data.before_us)]
    turn.personal += [PersonalRecord(key, b"", {}) for key in gone]
    if gone:
        turn.emit("personal.erased", "personal", _orders(gone), keys=gone)
    return {"keys": gone}


def report(turn: Turn, data: RetentionReport) -> dict[str, Any]:
    """Keep what a look through all that is past its time came to."""
    counts = {"erased": data.erased, "pictures": data.pictures, "waiting": data.waiting}
    turn.emit("retention.swept", "personal", **counts)
    return {}


def _may_go(turn: Turn, key: str, before_us: int) -> bool:
    kind, _, rest = key.partition(":")
    if kind in STAFF:
        person = turn.world.get(Person, rest)
        return person is None or (not person.active and person.off_us < before_us)
    if kind == "message":
        return True
    order = turn.world.get(Order, _order_of(turn, kind, rest))
    if order is None:
        return True
    is_over = order.shipped_us > 0 or turn.rules.is_over(order.state)
    waits = order.freezes or order.approvals
    return is_over and not waits and order.since_us < before_us


def _order_of(turn: Turn, kind: str, rest: str) -> str:
    """Return whose order a record is."""
    if kind in PICTURES:
        return rest.partition(":")[2]
    if kind == "return":
        return rest.rpartition(":")[0]
    if kind == "freeze":
        found = turn.world.get(Amendment, rest) or turn.world.get(Change, rest)
        return found.order if isinstance(found, Amendment | Change) else ""
    return rest


def _orders(keys: list[str]) -> list[str]:
    return [key for key in keys if key.startswith("order:")]
