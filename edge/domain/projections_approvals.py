"""What entries about approvals do to the documents."""

from typing import Any

import msgspec

from edge.domain.entries import Fact
from edge.domain.model import Amendment, Approval, Assignment, Opinion, Order, Task
from edge.domain.projecting import on
from edge.domain.world import World


@on("approval.requested")
def _requested(world: World, fact: Fact, data: dict[str, Any]) -> None:
    approval = Approval(
        id=data["approval"],
        kind=data["kind"],
        state="open",
        order=data["order"],
        reason=data["reason"],
        data=data["data"],
        asked_by=data["asked_by"],
        asked_us=fact.at_us,
        facts=data["facts"],
        sign=tuple(map(tuple, data["sign"])),
        chain=tuple(map(tuple, data["chain"])),
        remote=data["remote"],
        timeout_us=data["timeout_us"],
    )
    world.put(approval)
    if approval.order:
        order = world.the(Order, approval.order)
        world.edit(order, approvals=(*order.approvals, approval.id))


@on("approval.signed")
def _signed(world: World, fact: Fact, data: dict[str, Any]) -> None:
    approval = world.the(Approval, data["approval"])
    opinion = Opinion(
        person=data["person"],
        roles=tuple(data["roles"]),
        answer=data["answer"],
        at_us=fact.at_us,
        opinion=data["opinion"],
        remote=data["remote"],
    )
    world.edit(approval, opinions=(*approval.opinions, opinion))


@on("approval.called")
def _called(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Approval, data["approval"]), call=data["alarm"])


@on("approval.escalated")
def _escalated(world: World, _: Fact, data: dict[str, Any]) -> None:
    approval = world.the(Approval, data["approval"])
    world.edit(approval, level=data["level"], stuck=True)


@on("approval.decided")
def _decided(world: World, _: Fact, data: dict[str, Any]) -> None:
    _close(world, data, "decided", data["answer"])


@on("approval.expired")
def _expired(world: World, _: Fact, data: dict[str, Any]) -> None:
    _close(world, data, "expired")


@on("approval.withdrawn")
def _withdrawn(world: World, _: Fact, data: dict[str, Any]) -> None:
    _close(world, data, "withdrawn")


def _close(world: World, data: dict[str, Any], state: str, answer: str = "") -> None:
    approval = world.edit(world.the(Approval, data["approval"]), state=state, answer=answer)
    if approval.order:
        order = world.the(Order, approval.order)
        left = tuple(each for each in order.approvals if each != approval.id)
        world.edit(order, approvals=left)


@on("order.marked")
def _marked(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = world.the(Order, data["order"])
    world.edit(order, marks=tuple(dict.fromkeys((*order.marks, data["mark"]))))


@on("order.unmarked")
def _unmarked(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = world.the(Order, data["order"])
    world.edit(order, marks=tuple(each for each in order.marks if each != data["mark"]))


@on("order.prioritised")
def _prioritised(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = world.edit(world.the(Order, data["order"]), priority=data["priority"])
    task = world.get(Task, order.task) if order.task else None
    if task is not None:
        world.edit(task, priority=data["priority"])


@on("freeze.contested")
def _contested(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = world.the(Order, data["order"])
    world.edit(order, contested=tuple(dict.fromkeys((*order.contested, *data["freezes"]))))


@on("freeze.resumed")
def _resumed(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Order, data["order"]), contested=())


@on("amendment.received")
def _amendment_received(world: World, _: Fact, data: dict[str, Any]) -> None:
    amendment = Amendment(
        id=data["freeze"], order=data["order"], fields=tuple(data["fields"]), facts=data["facts"]
    )
    world.put(amendment)


@on("order.amended")
def _amended(world: World, _: Fact, data: dict[str, Any]) -> None:
    content = world.the(Assignment, data["order"])
    fields = msgspec.to_builtins(content) | data["facts"]
    if data["record"]:
        fields |= {"recipient_key": data["record"], "erased": False}
    world.put(msgspec.convert(fields, Assignment))
