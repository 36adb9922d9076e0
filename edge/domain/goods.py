"""What is wrong with an order's goods: gifts that are short, lots that must not leave."""

from edge.domain.allotting import available, is_picked, picked_stock
from edge.domain.model import (
    Assignment,
    EqualGroup,
    Line,
    Lot,
    Order,
    Sku,
    lot_id,
)
from edge.domain.refusals import Refusal
from edge.domain.rules import Ruleset
from edge.domain.world import World


def gift_lines(content: Assignment) -> list[Line]:
    """Return the gifts that come from stock."""
    return [line for line in content.lines if line.gift and is_picked(line)]


def missing_of(world: World, order: Order, line: Line, rules: Ruleset) -> int:
    """Return the pieces of a gift that were not found, or that no order could lock now."""
    if order.task:
        return line.qty - order.short.get(str(line.no), line.qty)
    tags = world.the(Assignment, order.id).tags
    return max(0, line.qty - available(world, line.sku, tags, rules))


def suggest(world: World, order: Order, line: Line, qty: int, rules: Ruleset) -> Sku | None:
    """Return a gift of equal value that is in stock: of the same group, nearest in price."""
    was = world.the(Sku, line.sku)
    group = world.get(EqualGroup, was.equal_group) if was.equal_group else None
    tags = world.the(Assignment, order.id).tags
    equal = [world.the(Sku, sku) for sku in (group.skus if group else ()) if sku != was.id]
    there = [sku for sku in equal if available(world, sku.id, tags, rules) >= qty]
    return min(there, key=lambda sku: (abs(sku.price_fen - was.price_fen), sku.id), default=None)


def gifts_enough(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """No gift from stock is short; a short one is replaced by a supervisor's badge (GIFT-3)."""
    for line in gift_lines(world.the(Assignment, order.id)):
        missing = missing_of(world, order, line, rules)
        if missing:
            other = suggest(world, order, line, missing, rules)
            sku = world.the(Sku, line.sku)
            facts = {"order": order.id, "line": line.no, "sku": sku.id, "qty": missing}
            facts["name"] = {"zh": sku.name.zh, "en": sku.name.en}
            if other is None:
                return Refusal("gift_short", facts)
            named = {"zh": other.name.zh, "en": other.name.en}
            return Refusal("gift_short_suggest", {**facts, "suggest": other.id, "other": named})
    return None


def lots_free(world: World, order: Order, _: Ruleset) -> Refusal | None:
    """No piece in the parcel is of a lot that quality has frozen (PICK-9)."""
    for sku, _place, lot, _qty in picked_stock(world, order):
        known = world.get(Lot, lot_id(sku, lot)) if lot else None
        if known is not None and known.frozen:
            return Refusal("lot_frozen", {"sku": sku, "lot": lot, "reason": known.frozen})
    return None
