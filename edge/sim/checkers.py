"""What must be true of every world. Each checker reads the evidence and names what is wrong.

They judge from the entries, the stores and the answers alone, and share no code with what they
judge but the shapes of entries; `replayed` runs the appliers, because that is its question.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, Final

import msgspec

from edge.domain.model import Doc, LetGo, Order
from edge.domain.projections import apply
from edge.domain.world import World
from edge.sim.evidence import Evidence, is_at_rest
from edge.sim.leaving import judge_leaving
from edge.sim.orders import judge_orders
from edge.store.sqlite import decode_doc, encode_doc
from sync.api import GENESIS, Verifier, is_checkpoint_signed, is_countersigned

Found = Iterator[str]
Checker = Callable[[Evidence], Found]

WITHOUT_ENTRY: Final = frozenset(
    {"malformed", "unknown_kind", "not_signed_in", "busy", "id_reused", "too_large", "disk_full"}
)
"""Refusals that leave no entry: at the door, or because there is no room for one."""


NOT_NOW: Final = frozenset({"busy", "disk_full"})
"""Answers after which the same command may get another one."""


def nothing_broke(evidence: Evidence) -> Found:
    """The world came to rest, nothing raised that nobody handles, no wrong scan was accepted."""
    yield from evidence.broken
    if evidence.mistakes_accepted:
        yield f"{evidence.mistakes_accepted} wrong scans were accepted"


def nothing_lost(evidence: Evidence) -> Found:
    """What was answered is in the journal, under the command's id, for good."""
    causes = {kept.entry.cause for kept in evidence.journal}
    for answer in evidence.answers:
        if answer.code in WITHOUT_ENTRY:
            continue
        if answer.id not in causes:
            yield f"{answer.kind} {answer.id} was answered and left no entry"
        elif evidence.kept_answers.get(answer.id) != (answer.ok, answer.code):
            yield f"{answer.kind} {answer.id} was answered other than the box remembers"


def applied_once(evidence: Evidence) -> Found:
    """No command has its effect twice: its entries stand together and none comes twice."""
    runs = Counter(cause for cause, _ in groupby(k.entry.cause for k in evidence.journal))
    for cause, count in runs.items():
        if count > 1:
            yield f"command {cause} left entries at {count} places"
    effects = Counter(
        (e.cause, e.kind, e.subject, msgspec.msgpack.encode(e.data, order="sorted"))
        for e in (kept.entry for kept in evidence.journal)
    )
    for (cause, kind, *_), count in effects.items():
        if count > 1:
            yield f"command {cause} wrote {kind} {count} times"


def answered_alike(evidence: Evidence) -> Found:
    """The same command got the same answer each time."""
    said: dict[str, tuple[bool, str]] = {}
    for answer in evidence.answers:
        first = said.setdefault(answer.id, (answer.ok, answer.code))
        if first != (answer.ok, answer.code) and not {first[1], answer.code} & NOT_NOW:
            yield f"{answer.kind} {answer.id} was answered {first} and {answer.ok, answer.code}"


def chain_whole(evidence: Evidence) -> Found:
    """Every entry hashes the one before; checkpoints and countersignatures are right."""
    verifier = Verifier(box=evidence.box, public_key=evidence.box_key)
    checkpoints = {c.seq: (c, signature) for c, signature in evidence.checkpoints}
    head = GENESIS
    for at, kept in enumerate(evidence.journal, start=1):
        head = hashlib.sha256(head + kept.raw).digest()
        if head != kept.hash or kept.seq != at or kept.entry.seq != at:
            yield f"entry {kept.seq} does not stand in the chain"
        verifier.entry(kept.raw, kept.hash)
        if kept.seq in checkpoints:
            verifier.checkpoint(*checkpoints[kept.seq])
    report = verifier.report()
    yield from (f"verifier: {finding.detail}" for finding in report.findings)
    if report.checkpoints != len(evidence.checkpoints):
        yield f"{report.checkpoints} of {len(evidence.checkpoints)} checkpoints are right"
    for checkpoint, signature in evidence.checkpoints:
        if not is_checkpoint_signed(checkpoint, signature, evidence.box_key):
            yield f"checkpoint {checkpoint.seq} is not signed by the box"
    for kept in evidence.journal:
        if kept.entry.kind == "checkpoint.countersigned":
            data = kept.entry.data
            checkpoint, _ = checkpoints[data["seq"]]
            if not is_countersigned(checkpoint, data["signature"], evidence.hub_key):
                yield f"checkpoint {checkpoint.seq} is not countersigned by the hub"


def replayed(evidence: Evidence) -> Found:
    """The entries, applied to nothing, give the stored documents to the byte."""
    world = World(lambda _kind, _id: None)
    for kept in evidence.journal:
        apply(world, kept.entry)
    docs = [doc for doc in world.changes.values() if doc is not None]
    made = {(doc.KIND, doc.id): encode_doc(doc) for doc in docs}
    for key in sorted(made.keys() | evidence.docs.keys()):
        if made.get(key) != evidence.docs.get(key):
            yield f"document {key} is {evidence.docs.get(key)!r}, replay gives {made.get(key)!r}"
    terms = {row for doc in docs for row in _terms(doc)}
    if terms != evidence.terms:
        yield f"terms differ from those of replay: {sorted(terms ^ evidence.terms)[:3]}"


def _terms(doc: Doc) -> Iterator[tuple[str, str, str, str]]:
    for term, value in doc.terms().items():
        yield doc.KIND, term, value, doc.id


def hub_equals_box(evidence: Evidence) -> Found:
    """The hub holds every entry, knows every order's state, and has each instruction answered."""
    if evidence.hub_hashes != [kept.hash for kept in evidence.journal]:
        held, kept_here = len(evidence.hub_hashes), len(evidence.journal)
        yield f"the hub holds {held} entries of {kept_here}, or others"
    raws = {kept.seq: kept.raw for kept in evidence.journal}
    yield from (
        f"the hub holds another entry {seq}"
        for seq, raw in evidence.hub_raws.items()
        if raws.get(seq) != raw
    )
    states: dict[str, str] = {}
    for entry in (kept.entry for kept in evidence.journal):
        if entry.kind == "order.assigned":
            states[entry.data["order"]] = entry.data["state"]
        elif entry.kind == "order.moved":
            states[entry.data["order"]] = entry.data["to"]
    if states != evidence.hub_states:
        yield f"floor states are {states}, the hub believes {evidence.hub_states}"


def answered_once(evidence: Evidence) -> Found:
    """Each instruction is answered by one entry, in the order in which the hub said them."""
    links = [
        (entry.data["dseq"], entry.cause, entry.kind)
        for entry in (kept.entry for kept in evidence.journal)
        if "dseq" in entry.data
    ]
    if [dseq for dseq, _, _ in links] != [one.dseq for one in evidence.told]:
        answered = [dseq for dseq, _, _ in links]
        yield f"instructions {answered} are answered, {len(evidence.told)} were sent"
        return
    for one, (dseq, cause, kind) in zip(evidence.told, links, strict=True):
        outcome = {"instruction.set_aside": "set_aside", "instruction.refused": "refused"}
        if (one.id, one.outcome) != (cause, outcome.get(kind, "applied")):
            yield f"instruction {dseq} {one.kind} was answered by {kind}, the hub has {one.outcome}"


def stock_stays_positive(evidence: Evidence) -> Found:
    """No shelf ever holds less than nothing, and no order gives back more than it locked."""
    on_hand: Counter[tuple[str, ...]] = Counter()
    locked: Counter[tuple[str, ...]] = Counter()
    for kept in evidence.journal:
        data = kept.entry.data
        if kept.entry.kind == "stock.snapshot_taken":
            skus = {row[0] for row in data["books"]}
            for key in [key for key in on_hand if key[0] in skus]:
                del on_hand[key]
            on_hand.update({(sku, place, lot): qty for sku, place, lot, qty, _ in data["books"]})
        elif kept.entry.kind == "stock.moved":
            if data["why"] == "ship":
                yield from _ships_more_than_locked(kept.seq, data, locked)
            for sku, place, pieces, locks, *lot in data["moves"]:
                shelf = (sku, place, "".join(lot))
                on_hand[shelf] += pieces
                locked[data.get("order", ""), *shelf] += locks
                if on_hand[shelf] < 0:
                    yield f"entry {kept.seq}: {on_hand[shelf]} of {sku} at {place}"
                if locked[data.get("order", ""), *shelf] < 0:
                    yield f"entry {kept.seq}: {data['order']} gives back too much of {sku}"


def _ships_more_than_locked(
    seq: int, data: dict[str, Any], locked: Counter[tuple[str, ...]]
) -> Found:
    for sku in {move[0] for move in data["moves"]}:
        out = -sum(move[2] for move in data["moves"] if move[0] == sku)
        had = sum(qty for key, qty in locked.items() if key[:2] == (data["order"], sku))
        if out > had:
            yield f"entry {seq}: {data['order']} ships {out} of {sku}, {had} were locked"


def timers_fire_once(evidence: Evidence) -> Found:
    """A timer fires at most once, after it was armed; a freeze ends at most once."""
    armed: set[str] = set()
    fired: Counter[str] = Counter()
    closed: Counter[str] = Counter()
    for entry in (kept.entry for kept in evidence.journal):
        match entry.kind:
            case "timer.armed":
                armed.add(entry.data["timer"])
            case "timer.fired":
                fired[entry.data["timer"]] += 1
                if entry.data["timer"] not in armed:
                    yield f"timer {entry.data['timer']} fired and was never armed"
            case "freeze.closed":
                closed[entry.data["freeze"]] += 1
    yield from (f"timer {name} fired {count} times" for name, count in fired.items() if count > 1)
    yield from (f"freeze {name} ended {count} times" for name, count in closed.items() if count > 1)


def labels_come_once(evidence: Evidence) -> Found:
    """No copy comes out of a printer twice, and what comes out was queued."""
    queued = {k.entry.data["copy"] for k in evidence.journal if k.entry.kind == "print.queued"}
    for label, count in Counter(evidence.labels).items():
        if count > 1:
            yield f"copy {label.n} of {label.waybill} came out {count} times"
        if label.copy_id not in queued:
            yield f"copy {label.n} of {label.waybill} came out and was never queued"


def orders_come_to_rest(evidence: Evidence) -> Found:
    """At the end every order is handed over, cancelled, or waits with a reason on record."""
    last = {
        k.entry.data["order"]: k.entry.data
        for k in evidence.journal
        if k.entry.kind == "order.moved"
    }
    for order in evidence.orders:
        moved = last.get(order, {"to": "not here"})
        if not is_at_rest(moved["to"]) and (LetGo.KIND, order) not in evidence.docs:
            yield f"{order} ends as {moved['to']}"
        if moved["to"].startswith("hold_") and not moved.get("rule"):
            yield f"{order} waits in {moved['to']} without a reason"


def orders_obey(evidence: Evidence) -> Found:
    """No false `shipped`, and nothing happens to a frozen order but the freeze's own effect."""
    yield from judge_orders(kept.entry for kept in evidence.journal)


def let_go_for_good(evidence: Evidence) -> Found:
    """Nothing open is let go, what is gone never comes back, and box and hub agree how it ended."""
    yield from judge_leaving(kept.entry for kept in evidence.journal)
    for kept in evidence.journal:
        for order in kept.entry.data["orders"] if kept.entry.kind == "orders.let_go" else ():
            word = evidence.docs.get((LetGo.KIND, order))
            if word is None or (Order.KIND, order) in evidence.docs:
                yield f"{order} was let go, and is here, or no word of it"
            elif _last_state(word) != evidence.hub_states.get(order):
                yield f"{order} went as {_last_state(word)}, the hub has another state"


def _last_state(body: bytes) -> str:
    word = decode_doc(LetGo.KIND, body)
    assert isinstance(word, LetGo)
    return word.state


CHECKERS: Final[tuple[Checker, ...]] = (
    nothing_broke,
    nothing_lost,
    applied_once,
    answered_alike,
    chain_whole,
    replayed,
    hub_equals_box,
    answered_once,
    orders_obey,
    orders_come_to_rest,
    let_go_for_good,
    stock_stays_positive,
    timers_fire_once,
    labels_come_once,
)


def check(evidence: Evidence) -> list[str]:
    """Return all that is wrong, each with the checker that found it."""
    return [f"{checker.__name__}: {what}" for checker in CHECKERS for what in checker(evidence)]
