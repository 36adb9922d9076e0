"""What a ruleset's expressions may ask of an order; `rules.vocabulary` declares it."""

from datetime import date
from typing import Any

from edge.domain.lots import day_of
from edge.domain.model import Assignment, Line, Order, Sku
from edge.domain.rules import Ruleset
from edge.domain.turn import Seen, Turn
from edge.domain.world import World


def order_facts(
    world: World, order: Order, rules: Ruleset, content: Assignment | None = None
) -> dict[str, Any]:
    """Return the facts of an order and its content, by the names of the vocabulary."""
    content = content or world.the(Assignment, order.id)
    day = date.fromisoformat(day_of(order.accepted_us, rules))
    goods = sum(line.price_fen * line.qty for line in content.lines)
    return {
        "id": content.id,
        "type": content.type,
        "type_known": content.type in rules.document.order_types.known,
        "tags": list(content.tags),
        "amount_fen": goods + sum(charge.amount_fen for charge in content.charges),
        "finance_cleared": content.finance_cleared,
        "customer_level": content.customer_level,
        "carrier": content.carrier,
        "service": content.service,
        "risk_pm": content.risk_pm,
        "remark_hits": list(content.remark_hits),
        "day": day.isoformat(),
        "month": day.month,
        "weekday": day.isoweekday(),
        "lines": [_line_facts(world, line) for line in content.lines],
        "state": order.state,
        "lane": order.lane,
        "priority": order.priority,
        "same_city": content.same_city,
    }


def seen_of(turn: Turn, order: Order) -> Seen:
    """Return an order as expressions see it; made anew only when it or its content has changed."""
    content = turn.world.the(Assignment, order.id)
    known = turn.seen.get(order.id)
    if known is not None and known.order is order and known.content is content:
        return known
    facts = order_facts(turn.world, order, turn.rules, content)
    seen = turn.seen[order.id] = Seen(facts, turn.rules.context(facts), order, content)
    return seen


def _line_facts(world: World, line: Line) -> dict[str, Any]:
    sku = world.get(Sku, line.sku)
    name = sku.name.zh if sku else ""
    return {"sku": line.sku, "qty": line.qty, "name": name, "price_fen": line.price_fen}
