"""Lessons of the training mode: made-up orders, and what a newcomer is told at each step.

Bins, goods and totes of these lessons are on practice floors only, which `edge.practice` builds.
What to do next follows from the state of the practice order, by the views that the screens show.
Practice goes by the ruleset that decides on the real floor, as long as the lessons' orders can be
worked under it.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from edge.domain.model import Name, Sku
from edge.domain.rules import Document
from edge.domain.views import OrderView, PackView, StepView, order_view, pack_view, task_view
from edge.domain.world import World

Body = dict[str, Any]

STATION: Final = "U1"
TOTES: Final = ("T-91", "T-92", "T-93")
WAREHOUSE: Final = "W1"
_TEA, _JASMINE, _CUP, _STICKER, _CARD = (
    "TRAIN-TEA", "TRAIN-JASMINE", "TRAIN-CUP", "TRAIN-STICKER", "TRAIN-CARD",
)  # fmt: skip
_TEA_BIN, _STICKER_BIN, _CUP_BIN, _MORE_CUPS = "U-01", "U-02", "U-03", "U-04"


class Good(msgspec.Struct, frozen=True):
    """Something that can be picked in a lesson."""

    sku: str
    code: str
    name: Name


GOODS: Final = (
    Good(_TEA, "2000099100009", Name("绿茶 500ml", "Green tea 500 ml")),
    Good(_JASMINE, "2000099100177", Name("茉莉花茶 500ml", "Jasmine tea 500 ml")),
    Good(_CUP, "2000099100511", Name("玻璃杯", "Glass cup")),
    Good(_STICKER, "2000099100344", Name("贴纸", "Sticker sheet")),
    Good(_CARD, "2000099100689", Name("贺卡", "Greeting card")),
)
SHELVES: Final = (
    (_TEA_BIN, _TEA, 20),
    (_TEA_BIN, _JASMINE, 20),
    (_STICKER_BIN, _STICKER, 20),
    (_CUP_BIN, _CUP, 2),
    (_MORE_CUPS, _CUP, 20),
)
"""(Bin, SKU, pieces in the books), made good before each lesson."""


class Lesson(msgspec.Struct, frozen=True):
    """One practice order, from its task to its hand-over."""

    id: str
    lines: tuple[tuple[str, int], ...]
    allowed_s: int
    """On time is who hands the parcel over within so many s."""
    gifts: tuple[tuple[str, bool], ...] = ()
    """(SKU, whether stock is kept of it)."""
    decoy: str = ""
    """Looks alike; to be scanned once, on purpose."""
    missing: tuple[str, int] = ("", 0)
    """(Bin, pieces) that are in the books and not in the bin."""
    is_coached: bool = True


LESSONS: Final = (
    Lesson("first", ((_TEA, 2),), 900),
    Lesson("care", ((_TEA, 1),), 900, gifts=((_STICKER, True), (_CARD, False)), decoy=_JASMINE),
    Lesson("short", ((_CUP, 2),), 900, missing=(_CUP_BIN, 1)),
    Lesson("alone", ((_TEA, 1), (_CUP, 2)), 300, gifts=((_STICKER, True),), is_coached=False),
)
LESSON_IDS: Final = tuple(lesson.id for lesson in LESSONS)

WRONG: Final = frozenset(
    {"wrong_item", "wrong_lot", "surplus", "qty_mismatch", "label_not_ours", "label_old_copy"}
)
"""Refusals without which a wrong parcel would have left."""


class Advice(msgspec.Struct, frozen=True):
    """Where to go and what to do there: `say` is a key of the texts, which `facts` fill."""

    place: str
    say: str
    facts: dict[str, Any] = {}


class Terms(msgspec.Struct, frozen=True):
    """What a ruleset has the order of a lesson be."""

    type: str = "normal"
    carrier: str = "SF"
    service: str = "standard"


def terms_of(document: Document) -> Terms:
    """Return the usual terms as far as a ruleset knows them, and else the first that it knows."""
    usual, known = Terms(), document.order_types.known
    kind = usual.type if usual.type in known or not known else known[0]
    served = [each for each in document.carriers if each.services and not each.off]
    carrier = next((each for each in served if each.id == usual.carrier), None)
    carrier = carrier or next(iter(served), None)
    if carrier is None:
        return Terms(kind)
    services = [each.id for each in carrier.services]
    service = usual.service if usual.service in services else services[0]
    return Terms(kind, carrier.id, service)


def lesson_of(lesson_id: str) -> Lesson | None:
    """Return a lesson, or None where there is none of this name."""
    return next((each for each in LESSONS if each.id == lesson_id), None)


def catalog() -> list[Body]:
    """Return the goods as `catalog.upsert` takes them."""
    return [
        {"sku": good.sku, "codes": [good.code], "name": msgspec.to_builtins(good.name)}
        for good in GOODS
    ]


def locations() -> list[Body]:
    """Return the bins as `location.upsert` takes them."""
    bins = sorted({code for code, _, _ in SHELVES})
    return [
        {"code": code, "zone": code[0], "walk": walk, "warehouse": WAREHOUSE}
        for walk, code in enumerate(bins, 1)
    ]


def stock() -> list[Body]:
    """Return what the books say before a lesson, as `stock.snapshot` takes it."""
    return [
        {"sku": sku, "location": code, "qty": qty, "warehouse": WAREHOUSE}
        for code, sku, qty in SHELVES
    ]


def order_body(lesson: Lesson, order_id: str, now_us: int, terms: Terms) -> Body:
    """Return the lesson's order as `order.assign` takes it."""
    goods = [(sku, qty, False, True) for sku, qty in lesson.lines]
    goods += [(sku, 1, True, tracked) for sku, tracked in lesson.gifts]
    return {
        "order_id": order_id,
        "type": terms.type,
        "tags": [],
        "paid_at": now_us,
        "promise": now_us + lesson.allowed_s * 1_000_000,
        "finance_cleared": True,
        "lines": [
            {"no": no, "sku": sku, "qty": qty, "gift": gift, "tracked": tracked}
            | {"service": False, "price_fen": 0 if gift else 1_000}
            for no, (sku, qty, gift, tracked) in enumerate(goods, 1)
        ],
        "recipient": {"name": "练习", "phone": "13800000000", "address": "练习路 1 号 1 室"},
        "carrier": terms.carrier,
        "service": terms.service,
        "gifts": "given",
    }


def lies_there(lesson: Lesson, location: str, sku: str) -> int:
    """Return how many pieces really lie in a bin, whatever the books say."""
    missing = lesson.missing[1] if lesson.missing[0] == location else 0
    booked = next((qty for code, at, qty in SHELVES if (code, at) == (location, sku)), 0)
    return booked - missing


def advise(world: World, lesson: Lesson, order_id: str, *, saw_decoy: bool) -> Advice:
    """Return what to do next with the practice order."""
    order = order_view(world, order_id)
    assert order is not None
    if order.state == "ready":
        return Advice("tasks", "take")
    if order.state == "picking":
        return _picking(world, lesson, order, saw_decoy=saw_decoy)
    if order.state == "picked":
        return Advice("pack", "open", {"tote": order.tote})
    if order.state in ("packing", "packed_checked"):
        pack = pack_view(world, order_id)
        assert pack is not None
        return _packing(pack)
    if order.state == "shipped":
        return Advice("handover", "handover")
    return Advice("lesson", "done" if order.state == "handed_over" else "stuck")


def _picking(world: World, lesson: Lesson, order: OrderView, *, saw_decoy: bool) -> Advice:
    task = task_view(world, order.task or "")
    if task is None or task.state == "open":
        return Advice("tasks", "take")
    step = next((each for each in task.steps if each.no == task.current), None)
    if step is None:
        return Advice("pick", "wait")
    if order.tote is None:
        return Advice("pick", "tote", {"tote": TOTES[0]})
    if task.at not in step.expect.location:
        return Advice("pick", "location", {"location": step.location})
    return _at_the_bin(world, lesson, step, saw_decoy=saw_decoy)


def _at_the_bin(world: World, lesson: Lesson, step: StepView, *, saw_decoy: bool) -> Advice:
    facts = {"name": msgspec.to_builtins(step.name), "picked": step.picked, "qty": step.qty}
    if lesson.decoy and not saw_decoy and step.sku == lesson.lines[0][0]:
        decoy = world.the(Sku, lesson.decoy).name
        return Advice("pick", "decoy", facts | {"other": msgspec.to_builtins(decoy)})
    there, is_counted = lies_there(lesson, step.location, step.sku), step.check == "confirm"
    if there < step.qty and (step.picked >= there or is_counted):
        return Advice("pick", "short", facts | {"found": there})
    if is_counted and step.scanned:
        return Advice("pick", "qty", facts)
    return Advice("pick", "gift" if step.gift else "item", facts)


def _packing(pack: PackView) -> Advice:
    if pack.state == "packed_checked":
        job = pack.parcel.job
        return Advice("pack", "label" if job and job.state != "void" else "print")
    open_lines = [line for line in pack.lines if not line.done]
    if not open_lines:
        return Advice("pack", "finish")
    line = next((each for each in open_lines if each.tracked), open_lines[0])
    facts = {"name": msgspec.to_builtins(line.name), "picked": line.checked, "qty": line.qty}
    return Advice("pack", "check" if line.tracked else "confirm", facts)


class Marks(msgspec.Struct, frozen=True):
    """How a lesson went so far. `wrong`: a parcel with the wrong content would have left."""

    wrong: bool = False
    mistakes: int = 0
    saw_decoy: bool = False


def mark(marks: Marks, lesson: Lesson, kind: str, data: Body) -> Marks:
    """Return the marks with one entry of the practice journal counted."""
    if kind == "pick.shorted":
        there = lies_there(lesson, data["location"], data["sku"])
        if data["found"] >= there:
            return marks
        return msgspec.structs.replace(marks, wrong=True, mistakes=marks.mistakes + 1)
    if kind != "command.refused":
        return marks
    code = data["code"]
    if lesson.decoy and not marks.saw_decoy and code == "wrong_item" and _is_decoy(lesson, data):
        return msgspec.structs.replace(marks, saw_decoy=True)
    wrong = marks.wrong or code in WRONG
    return msgspec.structs.replace(marks, wrong=wrong, mistakes=marks.mistakes + 1)


def _is_decoy(lesson: Lesson, data: Body) -> bool:
    return data["facts"].get("got") in codes_of((lesson.decoy,))


def codes_of(skus: Iterable[str]) -> list[str]:
    """Return the codes that stand on some goods."""
    wanted = set(skus)
    return [good.code for good in GOODS if good.sku in wanted]
