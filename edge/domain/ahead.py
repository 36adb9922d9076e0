"""Waybills printed ahead: a same-city rush has its label before it is picked (RULE-5).

Such a label is only bound. Its order ships as any other, when packing is complete, and only by
scanning the label on the parcel, whatever grade would do elsewhere (FLOW-4, `gates.label_proved`).
"""

from typing import Final

from edge.domain.alarms import tell_rule_error
from edge.domain.facts import seen_of
from edge.domain.gates import evidence_attached
from edge.domain.model import Order
from edge.domain.refusals import RefusedError
from edge.domain.rules.document import AheadRule
from edge.domain.turn import Turn
from edge.domain.waybills import queue_copy

_CAUSES: Final = ("order.moved", "label.cleared", "carrier.switched")


def follow(turn: Turn) -> None:
    """Print ahead what this decision has made due for it."""
    for order_id in dict.fromkeys(
        draft.data["order"]
        for draft in turn.drafts
        if draft.kind in _CAUSES
        and ("to" not in draft.data or turn.rules.allows("task.take", draft.data["to"]))
    ):
        _print_if_due(turn, turn.world.the(Order, order_id))


def _print_if_due(turn: Turn, order: Order) -> None:
    rules = turn.rules
    if not rules.document.print_ahead or not _is_before(turn, order) or order.freezes or order.fix:
        return
    if any(not copy.void for copy in order.copies) or evidence_attached(turn.world, order, rules):
        return
    asked = seen_of(turn, order).asked
    for rule in rules.document.print_ahead:
        try:
            if rules.is_true(rule.when, asked):
                _print(turn, order, rule)
                return
        except RefusedError as error:
            refusal = error.refusal
            tell_rule_error(turn, f"order:{order.id}", refusal)
            turn.emit(
                "waybill.ahead_skipped",
                f"order:{order.id}",
                order=order.id,
                rule=rule.id,
                code=refusal.code,
                facts=refusal.facts,
            )
            return


def _is_before(turn: Turn, order: Order) -> bool:
    """Tell whether a label would come ahead of the packing."""
    state = order.state
    in_work = turn.rules.desk(state) in ("pick", "pack")
    return in_work and not turn.rules.allows("waybill.print", state)


def _print(turn: Turn, order: Order, rule: AheadRule) -> None:
    queue_copy(turn, order, rule.station, ahead=True)
    if rule.group:
        waybill = turn.world.the(Order, order.id).waybill
        turn.emit(
            "group.notified",
            f"order:{order.id}",
            order=order.id,
            group=rule.group,
            rule=rule.id,
            waybill=waybill,
        )
