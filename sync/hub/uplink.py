"""What is new in a batch of entries, and what it says of orders and instructions. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from sync.chain import GENESIS, Entry, decode_entry, link
from sync.errors import BROKEN_BYTES
from sync.hub.store import Batch

ORDER_REF: Final = "order:"
ANSWERS: Final = {"instruction.set_aside": "set_aside", "instruction.refused": "refused"}
"""Kinds of answer; any other entry caused by an instruction means that it was applied."""


class Row(msgspec.Struct, frozen=True):
    """One entry to store."""

    seq: int
    hash: bytes
    raw: bytes
    parked: str | None


class News(msgspec.Struct, frozen=True):
    """What a batch adds to the store."""

    rows: list[Row]
    orders: list[tuple[str, int]]
    """Order id and the number of an entry that names it."""
    states: dict[str, str]
    """Newest floor state by order id."""
    answers: dict[str, tuple[str, int]]
    """Outcome and entry number by the id of what caused it, first answer first."""


def fork_seq(batch: Batch, known: Mapping[int, bytes]) -> int | None:
    """Return the first entry of `batch` that differs from the `known` hashes, if any does.

    `known` has the stored hashes from entry `first_seq - 1` on.
    """
    before = GENESIS if batch.first_seq == 1 else known.get(batch.first_seq - 1)
    if before != batch.previous_hash:
        return batch.first_seq - 1
    head = batch.previous_hash
    for seq, raw in enumerate(batch.raws, batch.first_seq):
        head = link(head, raw)
        if seq in known and known[seq] != head:
            return seq
    return None


def news(batch: Batch, cursor: int) -> News:
    """Return what `batch` adds behind `cursor`; an entry that cannot be read is parked."""
    told = News([], [], {}, {})
    head = batch.previous_hash
    for seq, raw in enumerate(batch.raws, batch.first_seq):
        head = link(head, raw)
        if seq > cursor:
            entry = _entry(raw)
            told.rows.append(Row(seq, head, raw, _parked(entry, batch, seq)))
            if entry is not None:
                _note(told, entry, seq)
    return told


def _entry(raw: bytes) -> Entry | None:
    try:
        return decode_entry(raw)
    except BROKEN_BYTES:
        return None


def _parked(entry: Entry | None, batch: Batch, seq: int) -> str | None:
    if entry is None:
        return "unreadable"
    if (entry.box, entry.epoch, entry.seq) != (batch.box, batch.epoch, seq):
        return "misplaced"
    return None


def _note(told: News, entry: Entry, seq: int) -> None:
    for ref in {ref for ref in entry.refs if ref.startswith(ORDER_REF)}:
        told.orders.append((ref.removeprefix(ORDER_REF), seq))
    if entry.cause:
        told.answers.setdefault(entry.cause, (ANSWERS.get(entry.kind, "applied"), seq))
    match entry.kind, entry.data:
        case "order.moved", {"order": str(order_id), "to": str(state)}:
            told.states[order_id] = state
        case "order.assigned", {"order_id": str(order_id)}:
            first = entry.data.get("state")
            told.states[order_id] = first if isinstance(first, str) else "received"
