"""Gates: named checks on a transition. A gate answers None (open) or the refusal that it gives."""

from collections.abc import Callable
from typing import Final

from edge.domain.allotting import allot, is_optimistic
from edge.domain.goods import gifts_enough, lots_free
from edge.domain.model import Assignment, Order, Plan, Task
from edge.domain.refusals import Refusal
from edge.domain.rules import GRADES, Ruleset
from edge.domain.world import World

Gate = Callable[[World, Order, Ruleset], Refusal | None]


def needed_at_packing(world: World, order: Order) -> list[int]:
    """Return the pieces to check at packing, line by line."""
    lines = world.the(Assignment, order.id).lines
    return [order.short.get(str(line.no), line.qty) for line in lines]


def stock_enough(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Every tracked line can be locked, or the books are not believed at present (PICK-11)."""
    if is_optimistic(world):
        return None
    _, short = allot(world, order, rules)
    if not short:
        return None
    first = short[0]
    facts = {"order": order.id, "sku": first.sku, "qty": first.wanted, "available": first.available}
    return Refusal("stock_short", facts)


def nothing_picked(world: World, order: Order, _: Ruleset) -> Refusal | None:
    """No piece of the order has left its bin."""
    picked = sum(qty for _, _, qty in picked_pieces(world, order))
    return Refusal("not_in_state", {"order": order.id, "state": order.state}) if picked else None


def lines_closed(world: World, order: Order, _: Ruleset) -> Refusal | None:
    """Every step of the order is picked or closed short."""
    task = world.the(Task, order.task)
    plan = world.the(Plan, order.task)
    open_lines = [
        step.line
        for step, closed in zip(plan.steps, task.closed, strict=True)
        if step.order == order.id and not closed
    ]
    return Refusal("lines_open", {"order": order.id, "lines": open_lines}) if open_lines else None


def lines_picked(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Every step of the order is picked in full."""
    if order.short:
        return Refusal("lines_open", {"order": order.id, "lines": [int(no) for no in order.short]})
    return lines_closed(world, order, rules)


def all_checked(world: World, order: Order, _: Ruleset) -> Refusal | None:
    """Every item, gift and service item was checked again at packing."""
    lines = world.the(Assignment, order.id).lines
    needed = needed_at_packing(world, order)
    checked = order.checked or (0,) * len(lines)
    missing = [
        line.no for line, has, needs in zip(lines, checked, needed, strict=True) if has < needs
    ]
    return Refusal("pack_incomplete", {"order": order.id, "missing": missing}) if missing else None


def label_proved(_: World, order: Order, rules: Ruleset) -> Refusal | None:
    """The live copy of this parcel's waybill is proved to the grade that the rules demand."""
    least = "scan_confirmed" if order.is_ahead else rules.document.labels.proof_least
    if GRADES.index(order.grade) >= GRADES.index(least):
        return None
    return Refusal("label_not_proved", {"order": order.id, "grade": order.grade, "least": least})


def evidence_attached(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """The photo or video that one of the order's tags demands is attached."""
    tags = set(world.the(Assignment, order.id).tags)
    for rule in rules.document.evidence:
        due = sorted(tags & set(rule.tags))
        attached = any(e.kind in rule.kinds and e.state in rule.states for e in order.evidence)
        if due and not attached:
            facts = {"order": order.id, "tag": due[0], "kinds": list(rule.kinds)}
            return Refusal("evidence_missing", facts)
    return None


def all_put_back(_: World, order: Order, __: Ruleset) -> Refusal | None:
    """Everything that was picked lies in its bin again."""
    left = sum(item.qty - item.done for item in order.put_back)
    return Refusal("lines_open", {"order": order.id, "left": left}) if left else None


def picked_pieces(world: World, order: Order) -> list[tuple[str, str, int]]:
    """Return (SKU, location, pieces) of all that was picked for the order."""
    task = world.get(Task, order.task) if order.task else None
    if task is None:
        return []
    plan = world.the(Plan, order.task)
    return [
        (step.sku, step.location, picked)
        for step, picked in zip(plan.steps, task.picked, strict=True)
        if step.order == order.id and picked
    ]


GATES: Final[dict[str, Gate]] = {
    gate.__name__: gate
    for gate in (
        gifts_enough,
        lots_free,
        stock_enough,
        nothing_picked,
        lines_closed,
        lines_picked,
        all_checked,
        label_proved,
        evidence_attached,
        all_put_back,
    )
}
