"""What entries about waybill numbers do to the documents."""

from typing import Any

import msgspec

from edge.domain.entries import Fact
from edge.domain.model import (
    Assignment,
    Evidence,
    Fix,
    Order,
    Pool,
    PoolSlot,
    Waybill,
    pool_id,
)
from edge.domain.projecting import on, the_order
from edge.domain.projections_print import void_job
from edge.domain.world import World


@on("waybill.pooled")
def _waybill_pooled(world: World, _: Fact, data: dict[str, Any]) -> None:
    carrier, service = data["carrier"], data["service"]
    if service:
        top = world.get(Pool, carrier) or Pool(id=carrier)
        world.put(top)
        world.edit(top, services=tuple(dict.fromkeys((*top.services, service))))
    name = pool_id(carrier, service)
    pool = world.get(Pool, name) or Pool(id=name)
    for number in data["numbers"]:
        world.put(Waybill(id=number, carrier=carrier, state="free", pool=name))
        pool = _append(world, pool, number)
    world.edit(pool, is_low_told=False)


def _append(world: World, pool: Pool, number: str) -> Pool:
    world.put(PoolSlot(id=f"{pool.id}/{pool.tail}", number=number))
    return world.edit(pool, tail=pool.tail + 1, free=pool.free + 1)


@on("waybill.pool_low")
def _waybill_pool_low(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Pool, data["pool"]), is_low_told=True)


@on("waybill.reserved")
def _waybill_reserved(world: World, _: Fact, data: dict[str, Any]) -> None:
    _take(world, data, "reserved")


@on("waybill.bound")
def _waybill_bound(world: World, _: Fact, data: dict[str, Any]) -> None:
    _take(world, data, "bound")
    if data["slot"] is not None:
        world.edit(world.the(Pool, data["pool"]), head=data["slot"] + 1)
    world.edit(the_order(world, data), waybill=data["waybill"])


def _take(world: World, data: dict[str, Any], state: str) -> None:
    found = world.get(Waybill, data["waybill"])
    waybill = found or Waybill(id=data["waybill"], carrier=data["carrier"], state="free")
    if found and found.state == "free":
        pool = world.the(Pool, found.pool)
        world.edit(pool, free=pool.free - 1)
    world.edit(waybill, state=state, order=data["order"])


@on("waybill.released")
def _waybill_released(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Waybill, data["waybill"]), state="free", order="")
    _append(world, world.the(Pool, data["pool"]), data["waybill"])
    _unbind(world, the_order(world, data), data["waybill"])


@on("waybill.returned")
def _waybill_returned(world: World, _: Fact, data: dict[str, Any]) -> None:
    for number in data["numbers"]:
        world.edit(world.the(Waybill, number), state="returned", order="")
    if data["pool"]:
        pool = world.the(Pool, data["pool"])
        world.edit(pool, free=pool.free - len(data["numbers"]))
    else:
        _unbind(world, the_order(world, data), data["numbers"][0])


def _unbind(world: World, order: Order, number: str) -> None:
    if order.waybill == number:
        world.edit(order, waybill="")


@on("waybill.voided")
def _waybill_voided(world: World, fact: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    copies = tuple(
        msgspec.structs.replace(copy, void=True) if copy.id in data["copies"] else copy
        for copy in order.copies
    )
    world.edit(order, copies=copies, grade="none")
    for copy in copies:
        if copy.id in data["copies"]:
            void_job(world, fact, copy.job)
    if data["number_too"]:
        world.edit(world.the(Waybill, data["waybill"]), state="void")


@on("label.blocked")
def _label_blocked(world: World, fact: Fact, data: dict[str, Any]) -> None:
    fix = Fix(
        code=data["code"],
        facts=data["facts"],
        suggest=tuple((carrier, service) for carrier, service in data["suggest"]),
        since_us=fact.at_us,
    )
    world.edit(the_order(world, data), fix=fix)


@on("label.cleared")
def _label_cleared(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(the_order(world, data), fix=None)


@on("carrier.switched")
def _carrier_switched(world: World, _: Fact, data: dict[str, Any]) -> None:
    content = world.the(Assignment, data["order"])
    new = {name: data[name] for name in ("carrier", "service", "waybill")}
    world.edit(content, **new)
    order = the_order(world, data)
    if order.waybill != data["waybill"]:
        world.edit(order, waybill="")


@on("order.updated")
def _order_updated(world: World, _: Fact, data: dict[str, Any]) -> None:
    content = world.the(Assignment, data["order"])
    hits = tuple(data["content"]["remark_hits"])
    kept = {"recipient_key": "", "erased": False}
    world.edit(content, **kept | data["content"] | {"remark_hits": hits})


@on("evidence.attached")
def _evidence_attached(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    one = Evidence(kind=data["evidence"], blob=data["blob"], state=data["state"])
    world.edit(order, evidence=(*order.evidence, one))


@on("order.tagged")
def _order_tagged(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Assignment, data["order"]), tags=tuple(data["tags"]))
