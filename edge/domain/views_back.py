"""Where goods go, as clients see it: on from the cart, back to a bin by put-back or by return."""

from typing import Literal

import msgspec

from edge.domain.model import Name, Order, Sku
from edge.domain.rules import Ruleset
from edge.domain.world import World

Goes = Literal["pick", "pack", "aside", "back", "none"]
"""What a picker does with an order's goods: picks on, brings them to packing, sets them aside until
somebody has decided, returns them to their bins; or there is nothing to do with them."""


class PutBackView(msgspec.Struct, frozen=True, gc=False):
    """Pieces to be returned to their bin."""

    sku: str
    name: Name
    location: str
    qty: int
    done: int
    codes: tuple[str, ...]


class ReturnView(msgspec.Struct, frozen=True, gc=False):
    """Pieces of a line that may come back, and how many did."""

    line: int
    sku: str
    name: Name
    qty: int
    done: int
    codes: tuple[str, ...]


def put_back_views(world: World, order: Order) -> tuple[PutBackView, ...]:
    """Return what is to be put back of an ended order."""
    views = []
    for item in order.put_back:
        sku = world.the(Sku, item.sku)
        at = (item.location, item.qty, item.done)
        views.append(PutBackView(item.sku, sku.name, *at, sku.named_by))
    return tuple(views)


def return_views(world: World, order: Order) -> tuple[ReturnView, ...]:
    """Return what may come back of a shipped order."""
    views = []
    for item in order.returns:
        sku = world.the(Sku, item.sku)
        known = (item.line, item.sku, sku.name)
        views.append(ReturnView(*known, item.qty, item.done, sku.named_by))
    return tuple(views)


def where_goods_go(order: Order, task_id: str, rules: Ruleset) -> Goes:
    """Return what the picker of a task does with an order's goods now, were it not frozen."""
    desk = rules.desk(order.state)
    if desk == "pick" and order.task == task_id:
        return "pick"
    if desk == "pack":
        return "pack"
    if any(item.done < item.qty for item in order.put_back):
        return "back"
    is_waiting = desk in ("", "pick") and rules.states[order.state].kind != "end"
    has_goods = order.tote or not rules.document.picking.tote_required
    return "aside" if is_waiting and has_goods else "none"
