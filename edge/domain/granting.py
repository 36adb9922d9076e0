"""Gift rules: what an order is given, and on what data (GIFT-1)."""

from typing import Any

import msgspec

from edge.domain.facts import seen_of
from edge.domain.model import Assignment, Line, Order, Sku
from edge.domain.rules import GiftRule
from edge.domain.turn import Turn

Facts = dict[str, Any]


def grant(turn: Turn, content: Assignment) -> None:
    """Run the gift rules once; of a group only the first rule that is true gives."""
    order = turn.world.the(Order, content.id)
    seen = seen_of(turn, order)
    served: set[str] = set()
    for rule in turn.rules.document.gifts:
        if rule.group in served or not turn.rules.is_true(rule.when, seen.asked):
            continue
        if rule.group:
            served.add(rule.group)
        _give(turn, content, rule, turn.rules.saw(rule.when, seen.facts))


def _give(turn: Turn, content: Assignment, rule: GiftRule, saw: Facts) -> None:
    lines = turn.world.the(Assignment, content.id).lines
    first = max(line.no for line in lines) + 1
    known = [give for give in rule.give if turn.world.get(Sku, give.sku)]
    gifts = [
        Line(no=no, sku=each.sku, qty=each.qty, gift=True, rule=rule.id, tracked=each.tracked)
        for no, each in enumerate(known, first)
    ]
    turn.emit(
        "gift.granted",
        f"order:{content.id}",
        order=content.id,
        rule=rule.id,
        when=rule.when,
        lines=msgspec.to_builtins(gifts),
        missing=[give.sku for give in rule.give if give not in known],
        saw=saw,
    )
