"""What goes back to a bin, as clients see it: put-backs of ended orders, and returns."""

import msgspec

from edge.domain.model import Name, Order, Sku
from edge.domain.world import World


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
