"""What may go by which carrier: judged before anything is printed, and put right by the hub.

An order that cannot be labelled as it is stands in the fix queue with its reason and what would
help; all others go on. It leaves when the hub sends a better recipient or another carrier (FLOW-8).
"""

from typing import Any, Final

import msgspec

from edge.domain.facts import order_facts
from edge.domain.model import Assignment, Order, Pool, pool_id
from edge.domain.orders import the_order
from edge.domain.recipients import derived, keep_personal
from edge.domain.refusals import Refusal, RefusedError, refused
from edge.domain.turn import Turn
from edge.domain.waybills import check_number, owner_of, recall_label, reserve
from edge.domain.workflow import order_refs

Body = dict[str, Any]

SUGGESTIONS_MAX: Final = 6
NAME_CHARS_MAX: Final = 40


def judge(turn: Turn, order_id: str) -> None:
    """Put an order into the fix queue, or take it out, by what is known of it now."""
    order, content = turn.world.the(Order, order_id), turn.world.the(Assignment, order_id)
    if turn.rules.is_over(order.state):
        return
    closed = _why_no_label(turn, content)
    if closed is None:
        if order.fix is not None:
            turn.emit("label.cleared", f"order:{order.id}", order=order.id, code=order.fix.code)
        return
    if order.fix is None or (order.fix.code, order.fix.facts) != (closed.code, closed.facts):
        turn.emit(
            "label.blocked",
            f"order:{order.id}",
            order_refs(order),
            order=order.id,
            code=closed.code,
            facts=closed.facts,
            suggest=_suggestions(turn, content, closed.code),
        )


def _why_no_label(turn: Turn, content: Assignment) -> Refusal | None:
    if content.erased:
        return Refusal("recipient_erased", {"order": content.id})
    if content.phone_masked:
        return Refusal("phone_masked", {"order": content.id})
    if content.address_vague:
        return Refusal("address_vague", {"order": content.id})
    if closed := why_not_by(turn, content):
        return closed
    owner = owner_of(turn, content.id, content.waybill) if content.waybill else None
    if owner is not None:
        return Refusal("waybill_in_use", {"waybill": content.waybill, "order": owner})
    return None


def why_not_by(turn: Turn, content: Assignment) -> Refusal | None:
    """Return why the order's carrier does not take it; a rule that fails to answer says no."""
    carrier = turn.rules.carriers.get(content.carrier)
    if carrier is None:
        return None
    facts = {"order": content.id, "carrier": content.carrier, "service": content.service}
    if carrier.off:
        return Refusal("carrier_off", facts)
    seen = order_facts(turn.world, turn.world.the(Order, content.id), turn.rules, content)
    asked = turn.rules.context(seen)
    try:
        rule = next(
            (each for each in carrier.forbids if turn.rules.is_true(each.when, asked)), None
        )
    except RefusedError as error:
        return error.refusal
    if rule is None:
        return None
    saw = turn.rules.saw(rule.when, seen)
    return Refusal("carrier_forbidden", facts | {"rule": rule.id, "saw": saw})


def _suggestions(turn: Turn, content: Assignment, code: str) -> list[tuple[str, str]]:
    """Return the carriers and services that would take the order, where that is what it needs."""
    if code not in ("carrier_off", "carrier_forbidden"):
        return []
    offers = [
        (carrier.id, service)
        for carrier in turn.rules.document.carriers
        for service in [each.id for each in carrier.services] or [""]
    ]
    found = [
        offer
        for offer in offers
        if why_not_by(turn, msgspec.structs.replace(content, carrier=offer[0], service=offer[1]))
        is None
    ]
    return found[:SUGGESTIONS_MAX]


# ---- what the hub does about it ---------------------------------------------------------------


def switch(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Give an order to another carrier: its label and number go, the new one is offered (FLOW-11).

    Whether the order is frozen makes no difference: nothing moves. A parcel that is shipped keeps
    its label; it has to come back first. A carrier of which nothing is known cannot give the new
    label, unless its number comes along; the label in force stays.
    """
    order = _still_here(turn, str(body["order_id"]))
    content = turn.world.the(Assignment, order.id)
    carrier, service = str(body["carrier"]), str(body.get("service") or "")
    if not carrier or max(len(carrier), len(service)) > NAME_CHARS_MAX or "/" in carrier + service:
        problem = f"carrier and service: at most {NAME_CHARS_MAX} characters, no slash"
        raise RefusedError("malformed", problem=problem, kind="carrier.switch")
    number = check_number(body["waybill"], "carrier.switch") if body.get("waybill") else ""
    if not number and not _is_known(turn, carrier, service):
        raise RefusedError("carrier_unknown", carrier=carrier, known=sorted(turn.rules.carriers))
    wanted = msgspec.structs.replace(content, carrier=carrier, service=service, waybill=number)
    if closed := why_not_by(turn, wanted):
        raise refused(closed)
    if number and (owner := owner_of(turn, order.id, number)) is not None:
        raise RefusedError("waybill_in_use", waybill=number, order=owner)
    is_kept = bool(number) and number in (order.waybill, content.waybill)
    recall_label(turn, order, "carrier_switched", number_too=not is_kept)
    turn.emit(
        "carrier.switched",
        f"order:{order.id}",
        order_refs(order),
        order=order.id,
        carrier=carrier,
        service=service,
        waybill=number,
        old_carrier=content.carrier,
        old_service=content.service,
        **link,
    )
    if number:
        reserve(turn, order.id, number)
    judge(turn, order.id)


def _is_known(turn: Turn, carrier: str, service: str) -> bool:
    """Tell whether the ruleset lists a carrier, or the hub has filled a pool of its numbers."""
    pools = (pool_id(carrier, service), pool_id(carrier, ""))
    return carrier in turn.rules.carriers or any(turn.world.get(Pool, each) for each in pools)


def update(turn: Turn, body: Body, **link: Any) -> None:  # noqa: ANN401
    """Take over another recipient or remark; a label that shows the old one is void."""
    order = _still_here(turn, str(body["order_id"]))
    if not body.get("recipient"):
        problem = "recipient: what it is now; or lines, tags …"
        raise RefusedError("malformed", problem=problem, kind="order.update")
    recall_label(turn, order, "recipient_changed")
    turn.emit(
        "order.updated",
        f"order:{order.id}",
        order_refs(order),
        order=order.id,
        content=derived(body, turn.rules)
        | {"personal": keep_personal(turn, f"order:{order.id}", body)},
        **link,
    )


def _still_here(turn: Turn, order_id: str) -> Order:
    order = the_order(turn, order_id)
    if turn.rules.is_over(order.state):
        raise RefusedError("order_ended", order=order.id, state=order.state)
    if turn.rules.desk(order.state) == "dock":
        raise RefusedError("already_shipped", order=order.id)
    return order
