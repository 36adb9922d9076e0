"""Gates: named checks on a transition. A gate answers None (open) or the refusal that it gives.

Each has a name, and a text that says when it is open, in both languages. What to do about a closed
one is the hint of its refusal, in the locale files.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from edge.domain.allotting import allot, is_optimistic, picked_stock
from edge.domain.goods import gifts_enough, lots_free
from edge.domain.model import Assignment, Lock, Name, Order, Plan, Shelf, Task, shelf_id
from edge.domain.refusals import Refusal
from edge.domain.rules import GRADES, Ruleset
from edge.domain.world import World

Check = Callable[[World, Order, Ruleset], Refusal | None]


class Gate(msgspec.Struct, frozen=True):
    """A named check: its code in rulesets, its name, and when it is open."""

    code: str
    check: Check
    name: Name
    opens: Name


GATES: Final[dict[str, Gate]] = {}


def gate(name: Name, opens: Name) -> Callable[[Check], Check]:
    """Register a check as a gate under its function's name."""

    def register(check: Check) -> Check:
        assert check.__name__ not in GATES, check.__name__
        GATES[check.__name__] = Gate(check.__name__, check, name, opens)
        return check

    return register


def needed_at_packing(world: World, order: Order) -> list[int]:
    """Return the pieces to check at packing, line by line."""
    lines = world.the(Assignment, order.id).lines
    return [order.short.get(str(line.no), line.qty) for line in lines]


@gate(
    Name("库存足够", "Enough stock"),
    Name("每个要拣的行都能锁定库存", "every tracked line can be locked"),
)
def stock_enough(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Every tracked line can be locked, or the books are not believed at present (PICK-11)."""
    if is_optimistic(world):
        return None
    _, short = allot(_without_own_locks(world, order), order, rules)
    if not short:
        return None
    first = short[0]
    facts = {"order": order.id, "sku": first.sku, "qty": first.wanted, "available": first.available}
    return Refusal("stock_short", facts)


def _without_own_locks(world: World, order: Order) -> World:
    """Return the world as it is once the order gives back the locks that nobody picked."""
    lock = world.get(Lock, order.id)
    picked = {piece[:3]: piece[3] for piece in picked_stock(world, order)}
    free = world.branch()
    for sku, location, lot, qty in lock.pieces if lock else ():
        unpicked = qty - picked.get((sku, location, lot), 0)
        shelf = free.the(Shelf, shelf_id(sku, location, lot))
        free.edit(shelf, locked=max(0, shelf.locked - max(0, unpicked)))
    return free


@gate(
    Name("尚未拣货", "Nothing picked"),
    Name("没有一件商品离开库位", "no piece has left its bin"),
)
def nothing_picked(world: World, order: Order, _: Ruleset) -> Refusal | None:
    """No piece of the order has left its bin."""
    picked = sum(qty for _, _, qty in picked_pieces(world, order))
    return Refusal("not_in_state", {"order": order.id, "state": order.state}) if picked else None


@gate(
    Name("已拣部分", "Something picked"),
    Name("至少有一件已拣出", "at least one piece was picked"),
)
def something_picked(world: World, order: Order, _: Ruleset) -> Refusal | None:
    """At least one piece of the order has left its bin."""
    if any(qty for _, _, qty in picked_pieces(world, order)):
        return None
    return Refusal("nothing_picked", {"order": order.id})


@gate(
    Name("无人开始", "Untouched"),
    Name("还没有人开始拣这张订单", "nobody has begun to pick the order, alone or with others"),
)
def untouched(world: World, order: Order, _: Ruleset) -> Refusal | None:
    """Nobody has begun to pick the order, alone or in a cluster."""
    task = world.get(Task, order.task) if order.task else None
    if task is None or (task.state, task.orders) != ("open", (order.id,)) or any(task.picked):
        return Refusal("picking_begun", {"order": order.id, "by": task.picker if task else ""})
    return None


@gate(
    Name("各行已结束", "Lines closed"),
    Name("每一步都已拣齐或报缺", "every step is picked or closed short"),
)
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


@gate(
    Name("已拣齐", "All picked"),
    Name("每一步都已足量拣齐", "every step is picked in full"),
)
def lines_picked(world: World, order: Order, rules: Ruleset) -> Refusal | None:
    """Every step of the order is picked in full."""
    if order.short:
        return Refusal("lines_open", {"order": order.id, "lines": [int(no) for no in order.short]})
    return lines_closed(world, order, rules)


@gate(
    Name("已全部复核", "All checked"),
    Name(
        "商品、赠品和服务用品打包时都已再扫", "all items, gifts, service items were scanned again"
    ),
)
def all_checked(world: World, order: Order, _: Ruleset) -> Refusal | None:
    """Every item, gift and service item was checked again at packing."""
    lines = world.the(Assignment, order.id).lines
    needed = needed_at_packing(world, order)
    checked = order.checked or (0,) * len(lines)
    missing = [
        line.no for line, has, needs in zip(lines, checked, needed, strict=True) if has < needs
    ]
    return Refusal("pack_incomplete", {"order": order.id, "missing": missing}) if missing else None


@gate(
    Name("面单已验证", "Label proved"),
    Name("有效面单已达到规则要求的凭证等级", "the live label is proved as the rules demand"),
)
def label_proved(_: World, order: Order, rules: Ruleset) -> Refusal | None:
    """The live copy of this parcel's waybill is proved to the grade that the rules demand."""
    least = "scan_confirmed" if order.is_ahead else rules.document.labels.proof_least
    if GRADES.index(order.grade) >= GRADES.index(least):
        return None
    return Refusal("label_not_proved", {"order": order.id, "grade": order.grade, "least": least})


@gate(
    Name("凭证已上传", "Evidence attached"),
    Name("标签要求的照片或视频已上传", "the photo or video that a tag demands is attached"),
)
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


@gate(
    Name("已全部退回", "All returned"),
    Name("发出的每件商品都已扫描退回", "every piece that was shipped was scanned back"),
)
def all_returned(_: World, order: Order, __: Ruleset) -> Refusal | None:
    """Every piece that was shipped was scanned back."""
    left = sum(item.qty - item.done for item in order.returns)
    return Refusal("lines_open", {"order": order.id, "left": left}) if left else None


@gate(
    Name("已全部归位", "All put back"),
    Name("拣出的商品都已回到库位", "everything that was picked lies in its bin again"),
)
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


gate(
    Name("赠品齐全", "Gifts there"),
    Name("没有赠品缺货", "no gift from stock is short"),
)(gifts_enough)
gate(
    Name("批次可用", "Lots free"),
    Name("包裹里没有被冻结的批次", "no piece is of a lot that quality has frozen"),
)(lots_free)
