"""What the hub pushes down: catalogue, people, orders, interceptions, rulesets.

Every instruction is answered by an entry. One that cannot be handled is set aside with its reason,
for a person, and never blocks the next (SYNC-2).
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from edge.domain import cosigning, quota, rulesets
from edge.domain.alarms import tell_rule_error
from edge.domain.carrier_truth import take_status
from edge.domain.carriers import switch
from edge.domain.changing import reassign, take_risk, update
from edge.domain.commands import (
    CheckpointCountersign,
    InstructionAccept,
    SnapshotKeep,
)
from edge.domain.entries import LINK_DSEQ
from edge.domain.evidence import set_tags
from edge.domain.families import merge, take_sibling_status
from edge.domain.freezing import open_freeze, revoke_freeze
from edge.domain.ids import ID_CHARS_MAX
from edge.domain.messages import show as show_message
from edge.domain.model import Box
from edge.domain.orders import assign, the_order
from edge.domain.people import take_people
from edge.domain.recall import LotOrder, freeze_lot
from edge.domain.reconciling import AsOf, set_quotas, take_snapshot
from edge.domain.refusals import Fault, Refusal, RefusedError
from edge.domain.releasing import release
from edge.domain.turn import Turn
from edge.domain.waybills import fill_pool, recall_pool
from edge.domain.workflow import move, order_refs, wait

Body = dict[str, Any]
Facts = dict[str, Any]
Handler = Callable[..., None]

ITEMS_MAX: Final = 1_000
ENTRY_BYTES_MAX: Final = 240 * 1024
"""Below what the hub link takes of one entry, with room for its other fields."""
PROBLEM_CHARS_MAX: Final = 200

_encode = msgspec.msgpack.Encoder(order="sorted").encode


class EarlyError(RefusedError):
    """An instruction came before the one that the box waits for; it is to be sent again."""


def accept(turn: Turn, data: InstructionAccept) -> Facts:
    """Carry out an instruction, refuse it, or set it aside; in each case it is journalled.

    The hub's numbers have no gaps: one that comes before its turn is not taken, so that none can be
    passed over.
    """
    link = {LINK_DSEQ: data.dseq, "issued_at": data.issued_at}
    handler = _HANDLERS.get(data.instruction_kind)
    kind = data.instruction_kind
    subject = f"instruction:{turn.command.id}"
    cursor = turn.world.the(Box, "box").dseq
    if cursor >= data.dseq:
        return {"dseq": data.dseq, "known": True}
    if data.dseq > cursor + 1:
        raise EarlyError("instruction_early", expected=cursor + 1, got=data.dseq)
    if handler is None:
        turn.emit(
            "instruction.set_aside", subject, kind=kind, code="unknown_kind", facts={}, **link
        )
        return {"dseq": data.dseq}
    branch = Turn(turn.world.branch(), turn.command, turn.env, turn.rules)
    try:
        handler(branch, data.body, **link)
        _check_storable(branch)
    except Exception as error:  # noqa: BLE001 - whatever a body holds, the next one must come
        code, facts, aside = _why(error)
        written = "instruction.set_aside" if aside else "instruction.refused"
        tell_rule_error(turn, subject, Refusal(code, facts))
        turn.emit(written, subject, _refs(data.body), kind=kind, code=code, facts=facts, **link)
        return {"dseq": data.dseq, "code": code}
    turn.world.merge(branch.world)
    turn.drafts += branch.drafts
    turn.personal += branch.personal
    return {"dseq": data.dseq}


def _check_storable(turn: Turn) -> None:
    """Refuse what could not be read back: the hub's values reach entries and documents as sent."""
    for draft in turn.drafts:
        if _has_float(draft.data):
            problem = "no fractions: money is fen, mass grams, times µs"
            raise RefusedError("malformed", problem=problem, kind=draft.kind)
        size = len(_encode((draft.refs, draft.data)))
        if size > ENTRY_BYTES_MAX:
            raise RefusedError("too_large", bytes_max=ENTRY_BYTES_MAX)
    for doc in filter(None, turn.world.changes.values()):
        msgspec.msgpack.decode(_encode(doc), type=type(doc))


def _has_float(value: Any) -> bool:  # noqa: ANN401 - any value that MessagePack holds
    if isinstance(value, dict):
        return any(map(_has_float, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_float, value))
    return isinstance(value, float)


def _why(error: Exception) -> tuple[str, Facts, bool]:
    """Return code and facts of what went wrong, and whether only a person can mend it."""
    if not isinstance(error, RefusedError):
        code = "internal" if isinstance(error, AssertionError) else "malformed"
        return code, {"problem": f"{type(error).__name__}: {error}"[:PROBLEM_CHARS_MAX]}, True
    refusal = error.refusal
    facts = {
        name: value[:PROBLEM_CHARS_MAX] if isinstance(value, str) else value
        for name, value in refusal.facts.items()
    }
    return refusal.code, facts, refusal.fault in (Fault.UNKNOWN, Fault.MALFORMED)


def _refs(body: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever the hub sent
    order = body.get("order_id") if isinstance(body, dict) else None
    is_id = isinstance(order, str) and len(order) <= ID_CHARS_MAX
    return (f"order:{order}",) if is_id else ()


def _items(body: Body) -> list[Body]:
    items = body["items"]
    if not isinstance(items, list) or len(items) > ITEMS_MAX:
        raise RefusedError("malformed", problem=f"items: a list of ≤ {ITEMS_MAX}", kind="")
    return items


def _catalog(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    turn.emit("catalog.upserted", "catalog", items=_items(body), **link)


def _locations(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    turn.emit("location.upserted", "locations", items=_items(body), **link)


def _people(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    take_people(turn, _items(body), **link)


def _stock(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    known = {field: body.get(field) for field in AsOf.__struct_fields__}
    take_snapshot(turn, _items(body), msgspec.convert(known, AsOf), **link)


def _quotas(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    set_quotas(turn, _items(body), **link)


def _lot(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    freeze_lot(turn, msgspec.convert(body, LotOrder), **link)


def _hold(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    order = the_order(turn, str(body["order_id"]))
    state = turn.rules.states.get(str(body["state"]))
    if state is None or state.kind != "hold":
        raise RefusedError("malformed", problem="state: one of kind hold", kind="order.hold")
    move(turn, order, "order.hold")
    refs = order_refs(order)
    order = wait(turn, order, state.id, "hub")
    turn.emit("order.held", f"order:{order.id}", refs, order=order.id, **link)


def countersign(turn: Turn, data: CheckpointCountersign) -> Facts:
    """Keep the hub's signature of a checkpoint in the journal itself (AUD-1)."""
    turn.emit(
        "checkpoint.countersigned",
        "journal",
        seq=data.seq,
        at_us=data.at_us,
        head=data.head,
        signature=data.signature,
    )
    return {"seq": data.seq}


def keep_snapshot(turn: Turn, data: SnapshotKeep) -> Facts:
    """Note the hash of a stored snapshot: what replay behind it starts from."""
    turn.emit(
        "projection.snapshot",
        f"snapshot:{data.seq}",
        ("snapshots",),
        epoch=data.epoch,
        seq=data.seq,
        head=data.head,
        docs=data.docs,
        sha256=data.sha256,
    )
    return {"seq": data.seq}


_HANDLERS: Final[dict[str, Handler]] = {
    "catalog.upsert": _catalog,
    "location.upsert": _locations,
    "people.upsert": _people,
    "stock.snapshot": _stock,
    "stock.quota": _quotas,
    "lot.freeze": _lot,
    "waybill.pool": fill_pool,
    "waybill.recall": recall_pool,
    "order.assign": assign,
    "order.update": update,
    "carrier.switch": switch,
    "tag.set": set_tags,
    "order.merge": merge,
    "order.reassign": reassign,
    "order.risk": take_risk,
    "order.sibling_status": take_sibling_status,
    "message.show": show_message,
    "order.release": release,
    "order.hold": _hold,
    "approval.decide": cosigning.decide,
    "account.unlock_code": quota.receive_code,
    "order.freeze": open_freeze,
    "order.revoke": revoke_freeze,
    "order.carrier_status": take_status,
    "ruleset.publish": rulesets.publish,
}
