"""What the hub pushes down: catalogue, people, orders, interceptions, rulesets.

Every instruction is answered by an entry. One that cannot be handled is set aside with its reason,
for a person, and never blocks the next (SYNC-2).
"""

from collections.abc import Callable
from typing import Any, Final

from edge.domain.commands import CheckpointCountersign, InstructionAccept, RulesetActivate
from edge.domain.entries import LINK_DSEQ, PersonalRecord
from edge.domain.freezing import open_freeze, revoke_freeze
from edge.domain.model import Box
from edge.domain.orders import assign, make_ready, the_order
from edge.domain.personal import seal
from edge.domain.refusals import Fault, RefusedError
from edge.domain.rules import RulesetError, load_ruleset
from edge.domain.turn import Turn
from edge.domain.workflow import wait

Body = dict[str, Any]
Facts = dict[str, Any]
Handler = Callable[..., None]

ITEMS_MAX: Final = 1_000


def accept(turn: Turn, data: InstructionAccept) -> Facts:
    """Carry out an instruction, refuse it, or set it aside; in each case it is journalled."""
    link = {LINK_DSEQ: data.dseq, "issued_at": data.issued_at}
    handler = _HANDLERS.get(data.instruction_kind)
    kind = data.instruction_kind
    subject = f"instruction:{turn.command.id}"
    if turn.world.the(Box, "box").dseq >= data.dseq:
        return {"dseq": data.dseq, "known": True}
    if handler is None:
        turn.emit(
            "instruction.set_aside", subject, kind=kind, code="unknown_kind", facts={}, **link
        )
        return {"dseq": data.dseq}
    branch = Turn(turn.world.branch(), turn.command, turn.env, turn.rules)
    try:
        handler(branch, data.body, **link)
    except (RefusedError, KeyError, TypeError, ValueError, AttributeError) as error:
        code, facts, aside = _why(error)
        written = "instruction.set_aside" if aside else "instruction.refused"
        turn.emit(written, subject, _refs(data.body), kind=kind, code=code, facts=facts, **link)
        return {"dseq": data.dseq, "code": code}
    turn.world.merge(branch.world)
    turn.drafts += branch.drafts
    turn.personal += branch.personal
    return {"dseq": data.dseq}


def _why(error: Exception) -> tuple[str, Facts, bool]:
    """Return code and facts of what went wrong, and whether only a person can mend it."""
    if not isinstance(error, RefusedError):
        return "malformed", {"problem": f"{type(error).__name__}: {error}"[:200]}, True
    refusal = error.refusal
    return refusal.code, refusal.facts, refusal.fault in (Fault.UNKNOWN, Fault.MALFORMED)


def _refs(body: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever the hub sent
    order = body.get("order_id") if isinstance(body, dict) else None
    return (f"order:{order}",) if isinstance(order, str) else ()


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
    """Names and PIN verifiers go beside the journal; it holds ids, roles and badge hashes."""
    items = []
    for person in _items(body):
        value = {"name": person["name"], "pin": person["pin"]}
        salt = turn.env.new_salt()
        turn.personal.append(PersonalRecord(f"person:{person['id']}", salt, value))
        public = {
            "id": person["id"],
            "roles": person["roles"],
            "badge_hash": person["badge_hash"],
            "active": person.get("active", True),
            "personal": seal(salt, value),
        }
        items.append(public)
    turn.emit("people.upserted", "people", items=items, **link)


def _stock(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    on_hand: dict[str, dict[str, int]] = {}
    for item in _items(body):
        shelves = on_hand.setdefault(item["sku"], {})
        shelves[item["location"]] = shelves.get(item["location"], 0) + int(item["qty"])
    turn.emit("stock.snapshot_taken", "stock", on_hand=on_hand, **link)


def _pool(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    numbers = [str(number) for number in body["numbers"]]
    if len(numbers) > ITEMS_MAX:
        raise RefusedError("malformed", problem=f"numbers: ≤ {ITEMS_MAX}", kind="waybill.pool")
    turn.emit("waybill.pooled", "waybills", carrier=str(body["carrier"]), numbers=numbers, **link)


def _release(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    order = the_order(turn, str(body["order_id"]))
    turn.emit("order.released", f"order:{order.id}", order=order.id, **link)
    make_ready(turn, order, "order.release")


def _hold(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    order = the_order(turn, str(body["order_id"]))
    state = turn.rules.states.get(str(body["state"]))
    if order.state != "received" or state is None or state.kind != "hold":
        raise RefusedError("not_in_state", order=order.id, state=order.state, action="order.hold")
    turn.emit("order.held", f"order:{order.id}", order=order.id, **link)
    wait(turn, order, state.id, "hub")


def _carrier_status(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    order = the_order(turn, str(body["order_id"]))
    status = str(body["status"])
    subject = f"order:{order.id}"
    turn.emit("carrier.status_changed", subject, order=order.id, status=status, **link)


def _publish(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    document = body["document"]
    raw = document.encode() if isinstance(document, str) else bytes(document)
    activate_ruleset(turn, RulesetActivate(raw), **link)


def activate_ruleset(turn: Turn, data: RulesetActivate, **link: Any) -> Facts:  # noqa: ANN401
    """Let a ruleset decide from the next command on; a bad one is refused and the old one stays."""
    try:
        rules = load_ruleset(data.document)
    except RulesetError as error:
        raise RefusedError("malformed", problem=str(error), kind="ruleset") from error
    label = rules.label
    turn.emit("ruleset.activated", f"ruleset:{label}", label=label, document=data.document, **link)
    return {"rules": label}


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


_HANDLERS: Final[dict[str, Handler]] = {
    "catalog.upsert": _catalog,
    "location.upsert": _locations,
    "people.upsert": _people,
    "stock.snapshot": _stock,
    "waybill.pool": _pool,
    "order.assign": assign,
    "order.release": _release,
    "order.hold": _hold,
    "order.freeze": open_freeze,
    "order.revoke": revoke_freeze,
    "order.carrier_status": _carrier_status,
    "ruleset.publish": _publish,
}
