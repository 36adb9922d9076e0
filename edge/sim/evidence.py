"""What is left when a world has run: the stores of both sides, the answers, the paper."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from edge.domain.model import Alarm, Approval, LetGo, Order, Timer
from edge.sim.box import BOX, SimBox
from edge.sim.floor import Answered
from edge.sim.hub import HUB_KEY, SimHub
from edge.sim.printer import Label
from edge.store.sqlite import decode_doc
from sync.api import Checkpoint, Entry, decode_entry, public_key
from sync.hub.store import Told

ENTRIES_MAX: Final = 10_000
ENDED: Final = ("handed_over", "cancelled")
"""States in which nothing is left to do for an order. The waiting states are `short` and hold_…"""


class Kept(msgspec.Struct, frozen=True):
    """An entry as the box keeps it."""

    seq: int
    epoch: int
    hash: bytes
    raw: bytes
    entry: Entry


class Evidence(msgspec.Struct, frozen=True):
    """All that the checkers may look at."""

    box: str
    box_key: bytes
    hub_key: bytes
    journal: list[Kept]
    docs: dict[tuple[str, str], bytes]
    terms: set[tuple[str, str, str, str]]
    """Kind, term, value and id by which each document is found."""
    kept_answers: dict[str, tuple[bool, str]]
    """(ok, code) by command id, as the box keeps them."""
    checkpoints: list[tuple[Checkpoint, bytes]]
    hub_hashes: list[bytes]
    hub_raws: dict[int, bytes]
    """Bytes of the entries that the hub has of orders."""
    hub_states: dict[str, str]
    told: list[Told]
    orders: tuple[str, ...]
    answers: list[Answered]
    labels: list[Label]
    broken: list[str]
    """What the world itself saw go wrong: what did not come to rest, what raised."""
    mistakes_accepted: int
    """Wrong codes that bots scanned on purpose and that were not refused."""


def gather(
    box: SimBox,
    hub: SimHub,
    *,
    orders: tuple[str, ...],
    answers: list[Answered],
    broken: list[str],
    mistakes_accepted: int,
) -> Evidence:
    """Read everything out of the stores."""
    rows = box.disk.store.connection.execute
    record = hub.store.box(BOX)
    assert record is not None
    known = [hub.store.hash_at(BOX, record.epoch, seq) for seq in range(1, record.seq + 1)]
    return Evidence(
        box=BOX,
        box_key=box.key,
        hub_key=public_key(HUB_KEY),
        journal=[
            Kept(seq, epoch, digest, raw, decode_entry(raw))
            for seq, epoch, digest, raw in rows("SELECT * FROM entry ORDER BY seq")
        ],
        docs={(kind, name): body for kind, name, body in rows("SELECT * FROM doc")},
        terms=set(rows("SELECT * FROM doc_term")),
        kept_answers={name: _said(body) for name, body in rows("SELECT id, body FROM answer")},
        checkpoints=[
            (Checkpoint(BOX, epoch, seq, head, at_us), signature)
            for epoch, seq, at_us, head, signature in rows("SELECT * FROM checkpoint")
        ],
        hub_hashes=[each or b"" for each in known],
        hub_raws={
            kept.seq: kept.raw
            for each in orders
            for kept in hub.store.entries_of(each, ENTRIES_MAX)
        },
        hub_states=hub.store.floor(BOX),
        told=hub.store.told(box=BOX),
        orders=orders,
        answers=answers,
        labels=box.paper.labels,
        broken=broken,
        mistakes_accepted=mistakes_accepted,
    )


def _said(body: bytes) -> tuple[bool, str]:
    answer: dict[str, Any] = msgspec.msgpack.decode(body)
    return answer["ok"], answer.get("code", "")


PATIENT: Final = frozenset(
    {"carrier.record", "order.deadline", "stock.flag_locks", "stock.release_locks"}
)
"""Purposes of timers that a world at rest may still have."""


def is_at_rest(state: str) -> bool:
    """Tell whether an order may stay in `state`: it has ended, or waits with a reason."""
    return state in ENDED or state == "short" or state.startswith("hold_")


def _is_patient(rows: Callable[..., Any], timer_id: str) -> bool:
    """Tell whether a timer waits, for hours, for others than the floor."""
    (body,) = rows(
        "SELECT body FROM doc WHERE kind = ? AND id = ?", (Timer.KIND, timer_id)
    ).fetchone()
    timer = decode_doc(Timer.KIND, body)
    assert isinstance(timer, Timer)
    return timer.purpose in PATIENT


def unsettled(box: SimBox, hub: SimHub, orders: tuple[str, ...]) -> list[str]:
    """Return what is still to be done in a world."""
    if box.life is None:
        return ["the box is down"]
    rows = box.disk.store.connection.execute
    left = []
    states = {}
    for (body,) in rows("SELECT body FROM doc WHERE kind = ?", (Order.KIND,)):
        order = decode_doc(Order.KIND, body)
        assert isinstance(order, Order)
        states[order.id] = order.state
        if order.freezes:
            left.append(f"{order.id} is frozen")
    gone = {name for (name,) in rows("SELECT id FROM doc WHERE kind = ?", (LetGo.KIND,))}
    for order_id in orders:
        state = states.get(order_id, "not here")
        if order_id not in gone and not is_at_rest(state):
            left.append(f"{order_id} is {state}")
    for kind, term in ((Timer, "state"), (Alarm, "person"), (Approval, "role:supervisor")):
        found = rows("SELECT id FROM doc_term WHERE kind = ? AND term = ?", (kind.KIND, term))
        names = [name for (name,) in found]
        if kind is Timer:
            names = [name for name in names if not _is_patient(rows, name)]
        left += [f"{kind.KIND} {name} is open" for name in names]
    told = hub.store.told(box=BOX)
    left += [f"instruction {one.dseq} {one.kind} is unanswered" for one in told if not one.outcome]
    record = hub.store.box(BOX)
    assert record is not None
    head = box.disk.store.head().seq
    if record.seq != head:
        left.append(f"the hub has entries up to {record.seq} of {head}")
    return left
