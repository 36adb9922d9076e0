"""What a ruleset's expressions may ask of an order; `rules.vocabulary` declares it."""

from typing import Any

from edge.domain.model import Assignment, Order
from edge.domain.rules import Ruleset


def order_facts(order: Order, content: Assignment, rules: Ruleset) -> dict[str, Any]:
    """Return the facts of an order and its content, by the names of the vocabulary."""
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
        "lines": [{"sku": line.sku, "qty": line.qty} for line in content.lines],
        "state": order.state,
        "lane": order.lane,
        "priority": order.priority,
        "same_city": content.same_city,
    }
