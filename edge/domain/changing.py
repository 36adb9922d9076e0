"""What the hub changes of an order that is here: its content, its risk, and whether it stays.

Before anybody picks, an order may be changed in any way: it goes back to its beginning and is
judged anew. Later a change of more than recipient and remark waits for a supervisor (`reworking`).
"""

from typing import Any, Final

import msgspec

from edge.domain import reworking
from edge.domain.carriers import update as update_recipient
from edge.domain.model import Assignment, Order, Sku
from edge.domain.orders import accept, read_content, the_order
from edge.domain.refusals import Refusal, RefusedError, refused
from edge.domain.turn import Turn
from edge.domain.waybills import recall_label
from edge.domain.workflow import choose, move, order_refs

Body = dict[str, Any]
RISK_PM_MAX: Final = 1_000
_CONTENT: Final = frozenset(
    {"lines", "charges", "tags", "type", "promise", "finance_cleared", "customer_level", "service"}
)
"""Fields that are more than a recipient: with one of them the order begins anew."""
_KEPT: Final = (
    "parent", "fulfilment", "risk_pm", "routing", "waybill", "carrier", "service", "tags",
    "charges", "type", "customer_level", "finance_cleared",
)  # fmt: skip
"""Fields that stay as they were where the hub does not name them."""
_PERSONAL: Final = (
    "personal", "recipient_key", "phone_masked", "address_vague", "same_city", "remark_hits",
    "erased",
)  # fmt: skip
"""Fields that were derived of the recipient and the remark."""


def update(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Take over what the hub changed of an order's content."""
    if not _CONTENT & body.keys():
        update_recipient(turn, body, **link)
        return
    if "remark" in body and "recipient" not in body:
        problem = "recipient: as it is now, with the remark"
        raise RefusedError("malformed", problem=problem, kind="order.update")
    order = the_order(turn, str(body["order_id"]))
    way = choose(turn.world, order, "order.update", turn.rules)
    if not isinstance(way, Refusal):
        move(turn, order, "order.update")
        _take_over(turn, order, _new_content(turn, order, body, ""), **link)
    elif turn.rules.allows(reworking.ACTION, order.state):
        freeze = turn.env.new_id()
        reworking.ask(turn, order, freeze, _new_content(turn, order, body, freeze), **link)
    else:
        raise refused(way)


def _take_over(turn: Turn, order: Order, content: Assignment, **link: Any) -> None:  # noqa: ANN401
    """Let an order that nobody began have another content, and accept it anew."""
    recall_label(turn, order, "order_changed")
    turn.emit(
        "order.changed",
        f"order:{order.id}",
        order_refs(order),
        order=order.id,
        content=msgspec.to_builtins(content),
        **link,
    )
    accept(turn, turn.world.the(Order, order.id))


def _new_content(turn: Turn, order: Order, body: Body, freeze: str) -> Assignment:
    """Return what an order would contain: as sent, and as it was where nothing is said.

    Another recipient is kept under the key of `freeze`, where there is one, until it is decided.
    """
    old = turn.world.the(Assignment, order.id)
    known = msgspec.to_builtins(old)
    kept = {name: known[name] for name in _KEPT if name in known}
    kept |= {"paid_at": old.paid_us, "created_at": old.created_us, "promise": old.promise_us}
    granted = [line for line in known["lines"] if line.get("rule")]
    lines = body.get("lines") or [line for line in known["lines"] if not line.get("rule")]
    sent = {**kept, **body, "lines": [*lines, *_renumbered(lines, granted)]}
    key = f"freeze:{freeze}" if freeze else ""
    content = read_content(turn, sent, key)
    if "recipient" not in body:
        same = {name: getattr(old, name) for name in _PERSONAL}
        content = msgspec.structs.replace(content, **same)
    elif key:
        content = msgspec.structs.replace(content, recipient_key=key)
    unknown = [line.sku for line in content.lines if turn.world.get(Sku, line.sku) is None]
    if unknown:
        raise RefusedError("unknown_item", got=unknown[0])
    return content


def _renumbered(lines: list[Body], granted: list[Body]) -> list[Body]:
    """Return gifts that were granted, numbered behind the new lines."""
    first = 1 + max((line.get("no", 0) for line in lines), default=0)
    return [{**line, "no": first + at} for at, line in enumerate(granted)]


def reassign(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Let an order go that another warehouse shall have; only while nothing of it is picked."""
    order = the_order(turn, str(body["order_id"]))
    warehouse = str(body.get("warehouse") or "")
    subject = f"order:{order.id}"
    turn.emit("order.reassigned", subject, order=order.id, warehouse=warehouse, **link)
    move(turn, order, "order.reassign")


def take_risk(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Keep the hub's newest risk score of an order, and what it rests on (codes)."""
    order = the_order(turn, str(body["order_id"]))
    risk_pm = body["risk_pm"]
    factors = [str(each)[:40] for each in body.get("factors") or ()]
    if type(risk_pm) is not int or not 0 <= risk_pm <= RISK_PM_MAX:
        problem = f"risk_pm: 0 to {RISK_PM_MAX}"
        raise RefusedError("malformed", problem=problem, kind="order.risk")
    turn.emit(
        "order.risk_changed",
        f"order:{order.id}",
        order=order.id,
        risk_pm=risk_pm,
        factors=factors[:20],
        **link,
    )
