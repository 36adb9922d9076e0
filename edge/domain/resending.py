"""A shipped order is sent again: with a reason, by a superior's grant (FLOW-6).

The grant voids the label and the pick in one turn: the old parcel can be neither packed nor handed
over again. Goods that are still in the house become a put-back; what the carrier has stays out of
the books until it is scanned back.
"""

from typing import Any, Final

from edge.domain.approving import ApprovalKind, register_approval, request_approval
from edge.domain.commands import OrderResend
from edge.domain.model import Approval, Order
from edge.domain.orders import the_order
from edge.domain.refusals import Refusal, refused
from edge.domain.rules import Ruleset
from edge.domain.rulesets import active_rules
from edge.domain.turn import Turn
from edge.domain.workflow import choose, move, order_refs
from edge.domain.world import World

KIND: Final = "resend"


def ask(turn: Turn, data: OrderResend) -> dict[str, Any]:
    """Ask a superior to have an order sent again."""
    order = the_order(turn, data.order_id)
    if closed := why_not_resend(turn.world, order, turn.rules):
        raise refused(closed)
    approval = request_approval(turn, KIND, order.id, data.reason, {})
    return {"approval": approval, "order_id": order.id}


def why_not_resend(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Return why an order cannot be sent again now."""
    way = choose(world, order, "order.resend", rules)
    return way if isinstance(way, Refusal) else None


def _why_not(world: World, asked: Approval) -> Refusal | None:
    rules = active_rules(world)
    if not rules.knows_reason(KIND, asked.reason):
        return Refusal("reason_unknown", {"reason": asked.reason})
    return why_not_resend(world, world.the(Order, asked.order), rules)


def _facts(world: World, asked: Approval) -> dict[str, Any]:
    order = world.the(Order, asked.order)
    return {
        "state": order.state,
        "waybill": order.waybill,
        "away": order.away,
        "carrier_status": order.carrier_status,
        "shipped_us": order.shipped_us,
    }


def _send_again(turn: Turn, approval: Approval) -> None:
    order = turn.world.the(Order, approval.order)
    turn.emit(
        "order.resent",
        f"order:{order.id}",
        (*order_refs(order), f"approval:{approval.id}"),
        order=order.id,
        approval=approval.id,
        reason=approval.reason,
        waybill=order.waybill,
        was=order.state,
        carrier_anew=True,
    )
    move(turn, order, "order.resend")


register_approval(KIND, ApprovalKind(facts=_facts, effect=_send_again, why_not=_why_not))
