"""Parcels that come back: each scan names why, by one of the ruleset's codes (RET-1).

The first scan is of the parcel: it freezes the order at once. Then each piece is scanned; one whose
code lets it be sold again is booked into the returns bin, any other into quarantine, where it is
counted and promised to nobody. What a person writes beside the code is personal data; here it only
suggests a code.
"""

from typing import Any, Final

from edge.domain import stock
from edge.domain.commands import ReturnClose, ReturnScan
from edge.domain.effects import alarm_holders
from edge.domain.entries import PersonalRecord
from edge.domain.gates import needed_at_packing
from edge.domain.labelling import order_by_label
from edge.domain.lots import names
from edge.domain.model import Assignment, Order, Returned, Sku
from edge.domain.orders import the_order
from edge.domain.personal import seal
from edge.domain.refusals import RefusedError
from edge.domain.rules import Ruleset
from edge.domain.rules.document import ReturnCode
from edge.domain.turn import Turn
from edge.domain.workflow import move, order_refs, settle

Facts = dict[str, Any]
CATEGORY: Final = "return"
"""Category of the freeze that holds an order while it comes back."""


def suggest(rules: Ruleset, text: str) -> list[str]:
    """Return the codes whose words stand in `text`: the one with the most of them first."""
    found = text.casefold()
    hits = {
        code.code: sum(word.casefold() in found for word in (*code.keywords, code.zh, code.en))
        for code in rules.document.return_codes
    }
    return sorted((code for code, n in hits.items() if n), key=lambda code: -hits[code])


def scan(turn: Turn, data: ReturnScan) -> Facts:
    """Take a parcel back by its label, or a piece of it by its own code."""
    known = {code.code: code for code in turn.rules.document.return_codes}
    if data.return_code not in known:
        facts = {"codes": list(known), "suggest": suggest(turn.rules, data.text)}
        raise RefusedError("return_code_needed", got=data.return_code, **facts)
    if not data.order_id:
        return _open(turn, data)
    return _take_piece(turn, data, known[data.return_code])


def _open(turn: Turn, data: ReturnScan) -> Facts:
    order = order_by_label(turn, data.code)
    content = turn.world.the(Assignment, order.id)
    lines = zip(content.lines, needed_at_packing(turn.world, order), strict=True)
    due = [(line.no, line.sku, qty) for line, qty in lines if line.tracked and qty]
    subject = f"order:{order.id}"
    turn.emit(
        "return.opened",
        subject,
        order_refs(order),
        order=order.id,
        return_code=data.return_code,
        lines=due,
        **_kept(turn, order, data),
    )
    order = move(turn, turn.world.the(Order, order.id), "return.scan")
    if turn.rules.allows("return.close", order.state):
        _freeze(turn, order, data.return_code)
    return {"order_id": order.id}


def _freeze(turn: Turn, order: Order, code: str) -> None:
    """Hold the order while its pieces come back."""
    freeze = turn.env.new_id()
    turn.emit(
        "freeze.opened",
        f"order:{order.id}",
        (*order_refs(order), f"freeze:{freeze}"),
        order=order.id,
        freeze=freeze,
        category=CATEGORY,
        instruction=turn.command.id,
        due_us=0,
        reason=code,
    )
    alarm_holders(turn, order, CATEGORY, 0)


def _kept(turn: Turn, order: Order, data: ReturnScan) -> Facts:
    """Keep what was written beside the journal; return the seal by which it is named there."""
    if not data.text:
        return {}
    salt, value = turn.env.new_salt(), {"text": data.text}
    turn.personal.append(PersonalRecord(f"return:{order.id}:{turn.command.id}", salt, value))
    return {"text": seal(salt, value)}


def _take_piece(turn: Turn, data: ReturnScan, code: ReturnCode) -> Facts:
    order = the_order(turn, data.order_id)
    if not order.returns or not turn.rules.allows("return.close", order.state):
        facts = {"order": order.id, "state": order.state, "action": "return.scan"}
        raise RefusedError("not_in_state", **facts)
    at = next((at for at, item in enumerate(order.returns) if _is_due(turn, item, data.code)), -1)
    if at < 0:
        due = ",".join(item.sku for item in order.returns if item.done < item.qty)
        raise RefusedError("wrong_item", expected=due, got=data.code, sku="")
    item = order.returns[at]
    if not 0 < data.qty <= item.qty - item.done:
        raise RefusedError("qty_mismatch", expected=item.qty - item.done, got=data.qty)
    bins = turn.rules.document.returns
    place = bins.bin if code.sellable else bins.quarantine
    stock.check_bin(place, data.location)
    turn.emit(
        "return.scanned",
        f"order:{order.id}",
        (*order_refs(order), f"sku:{item.sku}"),
        order=order.id,
        item=at,
        sku=item.sku,
        qty=data.qty,
        return_code=code.code,
        sellable=code.sellable,
        location=place,
        **_kept(turn, order, data),
    )
    stock.come_back(turn, order, item.sku, place, data.qty)
    settle(turn, turn.world.the(Order, order.id))
    return {"order_id": order.id, "location": place}


def _is_due(turn: Turn, item: Returned, code: str) -> bool:
    sku = turn.world.the(Sku, item.sku)
    return item.done < item.qty and any(name in sku.named_by for name in names(turn.command, code))


def close(turn: Turn, data: ReturnClose) -> Facts:
    """End a return of which not everything came back."""
    order = move(turn, the_order(turn, data.order_id), "return.close")
    missing = [[item.sku, item.qty - item.done] for item in order.returns if item.done < item.qty]
    subject, refs = f"order:{order.id}", order_refs(order)
    turn.emit("return.closed", subject, refs, order=order.id, missing=missing)
    return {"order_id": order.id}
