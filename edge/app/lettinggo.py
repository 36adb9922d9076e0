"""Documents of orders that ended long ago leave the box, a few at a time (OPS-2).

A look is at the next documents of each kind, and behind the last one it begins again: however many
there are, it costs the same. The law says which of them may go. Whatever is interrupted has its
turn in the next round.
"""

import asyncio
from typing import Final

import structlog

from edge.app.floor import Floor
from edge.app.ports import Clock, D, Reader
from edge.app.reads import Views
from edge.domain.commands import OrdersLetGo
from edge.domain.ids import uuid7
from edge.domain.letting_go import HANGING, hangs_free
from edge.domain.model import KINDS, Doc, LockSlot, Order
from edge.domain.projections_stock import LOCK_SLOT_US

LOOKED_MAX: Final = 20_000
"""Documents of a kind that one look reads: two million a day."""
PAGE_DOCS: Final = 200
ORDERS_MAX: Final = 50
"""Orders that are judged by one command: some milliseconds of the writer's time."""

log = structlog.get_logger()


class LettingGo:
    """Lets orders go that ended more than `kept_us` ago, and what hung on them."""

    def __init__(self, floor: Floor, reader: Reader, clock: Clock, kept_us: int) -> None:
        self._floor = floor
        self._reader = reader
        self._clock = clock
        self._kept_us = kept_us
        self._at = dict.fromkeys((Order.KIND, *HANGING), "")
        """Behind which id of each kind the next look goes on."""
        self._one = asyncio.Lock()

    async def look(self) -> int:
        """Look at the next documents of each kind, and return how many orders went."""
        async with self._one:
            before_us = self._clock.now_us() - self._kept_us
            orders = await self._look_at_orders(before_us)
            docs = sum([await self._look_at(kind, before_us) for kind in HANGING])
        if orders or docs:
            log.info("let go what ended long ago", orders=orders, docs=docs)
        return orders

    async def _look_at_orders(self, before_us: int) -> int:
        gone = 0
        for _ in range(0, LOOKED_MAX, PAGE_DOCS):
            page = await self._next(Order, "\U0010ffff")
            old = [doc.id for doc in page if doc.since_us < before_us]
            for at in range(0, len(old), ORDERS_MAX):
                some = OrdersLetGo(tuple(old[at : at + ORDERS_MAX]), {}, before_us)
                reply = await self._floor.insist(some, via="box", actor="box")
                gone += reply.answer.facts["orders"]
            if not page:
                break
        return gone

    async def _look_at(self, kind: str, before_us: int) -> int:
        gone = 0
        for _ in range(0, LOOKED_MAX, PAGE_DOCS):
            page = await self._next(KINDS[kind], _first_id(kind, before_us))
            free = [doc.id for doc in page if await self._is_free(doc, before_us)]
            if free:
                some = OrdersLetGo((), {kind: tuple(free)}, before_us)
                reply = await self._floor.insist(some, via="box", actor="box")
                gone += reply.answer.facts["docs"]
            if not page:
                break
        return gone

    async def _next(self, kind: type[D], below: str) -> list[D]:
        """Return the next page of a kind; an empty one ends the round."""
        page = await self._reader.docs(kind, PAGE_DOCS, self._at[kind.KIND], below)
        self._at[kind.KIND] = page[-1].id if page else ""
        return page

    async def _is_free(self, doc: Doc, before_us: int) -> bool:
        """Tell whether a document hangs on nothing; the law asks again."""
        async with self._reader.snapshot() as held:
            return await Views(held).run(lambda world: hangs_free(world, doc, before_us))


def _first_id(kind: str, at_us: int) -> str:
    """Return an id below which those stand that this box gave before a moment."""
    return str(at_us // LOCK_SLOT_US) if kind == LockSlot.KIND else uuid7(at_us, bytes(10))
