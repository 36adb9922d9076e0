"""What the hub's API shows of boxes, orders and instructions. Pure."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from sync import keys
from sync.chain import Entry
from sync.hub.core import BoxView
from sync.hub.store import KeptEntry, OrderRow, Told

NOT_DONE: Final = ("set_aside", "refused")
"""Outcomes of an instruction that come with a reason."""


def box(view: BoxView) -> dict[str, Any]:
    """Return one box as JSON; tokens stay inside."""
    at = view.record
    return {
        "box": at.box,
        "name": at.name,
        "warehouse": at.warehouse,
        "is_up": view.is_up,
        "is_enrolled": at.public_key is not None,
        "key_id": keys.key_id(at.public_key) if at.public_key else None,
        "epoch": at.epoch,
        "up_cursor": at.seq,
        "head": at.head.hex(),
        "lag_entries": max(0, at.head_seq - at.seq),
        "instructions": at.dseq,
        "down_cursor": at.got_dseq,
        "rules": at.rules,
        "skew_us": view.skew_us,
        "seen_us": at.seen_us,
        "last_error": view.last_error,
        "quarantine": msgspec.json.decode(at.quarantine) if at.quarantine else None,
        "checkpoint": msgspec.json.decode(at.checkpoint) if at.checkpoint else None,
    }


def told(one: Told, answer: Entry | None) -> dict[str, Any]:
    """Return one instruction as JSON; `answer` is the entry that says why it was not done."""
    shown = {name: getattr(one, name) for name in one.__struct_fields__ if name != "b"}
    why = {name: answer.data.get(name) for name in ("code", "facts")} if answer else None
    return {**shown, "why": why}


def order(
    order_id: str,
    row: OrderRow | None,
    entries: Sequence[KeptEntry],
    instructions: Sequence[dict[str, Any]],
    decode: Callable[[bytes], Entry],
) -> dict[str, Any]:
    """Return all that is known of one order; `content` is None for one the hub never sent."""
    content = None if row is None else msgspec.json.decode(row.content)
    return {
        "order_id": order_id,
        "box": row.box if row else entries[0].box,
        "state": row.state if row else None,
        "content": content,
        "routing": content.get("routing") if content else None,
        "instructions": instructions,
        "entries": [_entry(kept, decode) for kept in entries],
    }


def _entry(kept: KeptEntry, decode: Callable[[bytes], Entry]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "box": kept.box,
        "epoch": kept.epoch,
        "seq": kept.seq,
        "hash": kept.hash.hex(),
        "received_us": kept.received_us,
    }
    if kept.parked == "unreadable":
        return {**shown, "parked": kept.parked}
    entry = decode(kept.raw)
    names = ("at_us", "device_at_us", "kind", "subject", "refs", "actor", "device", "via")
    said = {name: getattr(entry, name) for name in (*names, "cause", "rules", "data")}
    return {**shown, **said, "parked": kept.parked}
