"""What the entry about orders that were let go does to the documents: they are there no more."""

from typing import Any, Final

from edge.domain.entries import Fact
from edge.domain.model import (
    KINDS,
    Assignment,
    Deadlines,
    Doc,
    Gifts,
    Job,
    LetGo,
    LettingGo,
    Lock,
    Order,
    Plan,
    Siblings,
    Task,
    Tote,
)
from edge.domain.projecting import on
from edge.domain.projections_stock import forget_lots
from edge.domain.world import World

OWN: Final[tuple[type[Doc], ...]] = (Order, Assignment, Lock, Deadlines, Gifts, Siblings)
"""Documents whose id is the order's."""


@on("orders.let_go")
def _orders_let_go(world: World, fact: Fact, data: dict[str, Any]) -> None:
    for order_id in data["orders"]:
        _let_go(world, world.the(Order, order_id))
    for kind, ids in data["docs"].items():
        for doc_id in ids:
            world.remove(KINDS[kind], doc_id)
            if kind == Task.KIND:
                world.remove(Plan, doc_id)
    so_far = world.get(LettingGo, "box") or LettingGo(id="box")
    docs = so_far.docs + sum(map(len, data["docs"].values()))
    world.edit(so_far, at_us=fact.at_us, orders=so_far.orders + len(data["orders"]), docs=docs)


def _let_go(world: World, order: Order) -> None:
    """Remove an order with all that it refers to; of it stays a word."""
    forget_lots(world, order.id)
    tote = world.get(Tote, order.tote) if order.tote else None
    if tote is not None and tote.order == order.id:
        world.put(Tote(id=tote.id))
    if order.task:
        world.remove(Task, order.task)
        world.remove(Plan, order.task)
    for copy in order.copies:
        world.remove(Job, copy.job)
    for kind in OWN:
        world.remove(kind, order.id)
    world.put(LetGo(id=order.id, state=order.state, ended_us=order.since_us))
