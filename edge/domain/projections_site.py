"""What entries about the site, its people and its orders do to the documents."""

from typing import Any, Final

import msgspec

from edge.domain.entries import Fact
from edge.domain.model import (
    Alarm,
    Approval,
    Assignment,
    Box,
    Change,
    Code,
    Deadlines,
    EqualGroup,
    Freeze,
    Fulfilment,
    Location,
    Order,
    Push,
    Retention,
    RulesetHistory,
    RulesetRecord,
    Sibling,
    Siblings,
    Sku,
    Timer,
)
from edge.domain.projecting import on, the_order
from edge.domain.world import World

RULESETS_KEPT_MAX: Final = 50
"""Rulesets that a roll-back can lead to, one after the other."""

# ---- the site ---------------------------------------------------------------------------------


@on("box.founded")
def _box_founded(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.put(Box(id="box", name=data["name"]))


@on("projection.snapshot")
def _projection_snapshot(world: World, fact: Fact, _: dict[str, Any]) -> None:
    if fact.seq == 1:
        world.edit(world.the(Box, "box"), epoch_us=fact.at_us)


@on("personal.erased")
def _personal_erased(world: World, _: Fact, data: dict[str, Any]) -> None:
    for key in data["keys"]:
        kind, _, rest = key.partition(":")
        content = world.get(Assignment, rest) if kind == "order" else None
        if content is not None:
            world.edit(content, erased=True)


@on("retention.swept")
def _retention_swept(world: World, fact: Fact, data: dict[str, Any]) -> None:
    world.put(Retention(id="box", at_us=fact.at_us, **data))


@on("ruleset.activated")
def _ruleset_activated(world: World, fact: Fact, data: dict[str, Any]) -> None:
    label = data["label"]
    record = RulesetRecord(id=label, document=data["document"], published_us=fact.at_us)
    world.put(record)
    world.edit(world.the(Box, "box"), rules=label)
    history = world.get(RulesetHistory, "box") or RulesetHistory(id="box")
    ruleset, _, version = label.rpartition("@")
    before = (*history.before, data["before"]) if data.get("before") else history.before
    push = Push(
        label=label,
        signed_by=data.get("signed_by", ""),
        issued_us=data.get("issued_at", 0),
        received_us=fact.at_us,
    )
    world.edit(
        history,
        newest={**history.newest, ruleset: int(version)},
        before=before[-RULESETS_KEPT_MAX:],
        left=(),
        pushes=(*history.pushes, push)[-RULESETS_KEPT_MAX:],
    )


@on("ruleset.rolled_back")
def _ruleset_rolled_back(world: World, fact: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Box, "box"), rules=data["label"])
    history = world.the(RulesetHistory, "box")
    push = Push(label=data["label"], signed_by=fact.actor, received_us=fact.at_us, back=True)
    world.edit(
        history,
        before=history.before[:-1],
        left=(*history.left, data["before"]),
        pushes=(*history.pushes, push)[-RULESETS_KEPT_MAX:],
    )


@on("ruleset.first_decided")
def _ruleset_first_decided(world: World, fact: Fact, _: dict[str, Any]) -> None:
    history = world.the(RulesetHistory, "box")
    newest = msgspec.structs.replace(history.pushes[-1], first_us=fact.at_us)
    world.edit(history, pushes=(*history.pushes[:-1], newest))


@on("catalog.upserted")
def _catalog_upserted(world: World, _: Fact, data: dict[str, Any]) -> None:
    for item in data["items"]:
        sku = msgspec.convert({**item, "id": item["sku"]}, Sku)
        _regroup(world, world.get(Sku, sku.id), sku)
        world.put(sku)
        for code in sku.codes:
            world.put(Code(id=code, sku=sku.id))


def _regroup(world: World, old: Sku | None, new: Sku) -> None:
    if old is not None and old.equal_group not in ("", new.equal_group):
        group = world.the(EqualGroup, old.equal_group)
        world.edit(group, skus=tuple(sku for sku in group.skus if sku != new.id))
    if new.equal_group:
        known = world.get(EqualGroup, new.equal_group)
        skus = {*(known.skus if known else ()), new.id}
        world.put(EqualGroup(id=new.equal_group, skus=tuple(sorted(skus))))


@on("location.upserted")
def _location_upserted(world: World, _: Fact, data: dict[str, Any]) -> None:
    for item in data["items"]:
        blocked = item.get("blocked", False)
        zone, walk = item["zone"], item["walk"]
        world.put(Location(id=item["code"], zone=zone, walk=walk, blocked=blocked))


# ---- people -----------------------------------------------------------------------------------


@on("alarm.raised")
def _alarm_raised(world: World, fact: Fact, data: dict[str, Any]) -> None:
    alarm = Alarm(
        id=data["alarm"],
        person=data["person"],
        roles=tuple(data["roles"]),
        code=data["code"],
        facts=data["facts"],
        raised_us=fact.at_us,
    )
    world.put(alarm)


@on("alarm.acked")
def _alarm_acked(world: World, fact: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Alarm, data["alarm"]), acked_us=fact.at_us, acked_by=fact.actor)


@on("alarm.settled")
def _alarm_settled(world: World, fact: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Alarm, data["alarm"]), settled_us=fact.at_us)


# ---- orders -----------------------------------------------------------------------------------


@on("order.assigned")
def _order_assigned(world: World, fact: Fact, data: dict[str, Any]) -> None:
    assignment = msgspec.convert(data["content"], Assignment)
    world.put(assignment)
    order = Order(
        id=assignment.id,
        state=data["state"],
        lane=data["lane"],
        since_us=fact.at_us,
        accepted_us=fact.at_us,
        grade="none",
    )
    world.put(order)
    if assignment.fulfilment:
        world.put(Fulfilment(id=assignment.fulfilment, order=assignment.id))


@on("change.received")
def _change_received(world: World, _: Fact, data: dict[str, Any]) -> None:
    content = msgspec.convert(data["content"], Assignment)
    world.put(Change(id=data["freeze"], order=data["order"], content=content))


@on("order.changed")
def _order_changed(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.put(msgspec.convert(data["content"], Assignment))


@on("order.risk_changed")
def _order_risk_changed(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Assignment, data["order"]), risk_pm=data["risk_pm"])


@on("order.siblings_told")
def _order_siblings_told(world: World, _: Fact, data: dict[str, Any]) -> None:
    siblings = tuple(msgspec.convert(each, Sibling) for each in data["siblings"])
    world.put(Siblings(id=data["order"], siblings=siblings))


@on("order.moved")
def _order_moved(world: World, fact: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    to = data["to"]
    is_back = data.get("back", False)
    fix = None if is_back else order.fix
    shipped_us = 0 if is_back else order.shipped_us
    if to == "shipped":
        shipped_us = order.shipped_us or fact.at_us
    world.edit(order, state=to, since_us=fact.at_us, fix=fix, shipped_us=shipped_us)


@on("order.held")
def _order_held(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(the_order(world, data), task="")


@on("carrier.status_changed")
def _carrier_status_changed(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    fields = {"carrier_valid": data["valid"], "carrier_scan_us": data["first_scan_us"]}
    world.edit(order, carrier_status=data["status"], **fields)


@on("order.resent")
def _order_resent(world: World, _: Fact, data: dict[str, Any]) -> None:
    """What the carrier knew was another parcel; the first entries did not say so."""
    if data.get("carrier_anew"):
        known = {"carrier_status": "", "carrier_valid": False, "carrier_scan_us": 0}
        world.edit(the_order(world, data), carrier_mark="", **known)


@on("carrier.awaited")
def _carrier_awaited(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(the_order(world, data), carrier_timer=data["timer"], carrier_mark="")


@on("carrier.marked")
def _carrier_marked(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(the_order(world, data), carrier_mark=data["mark"])


@on("freeze.opened")
def _freeze_opened(world: World, fact: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    freeze = Freeze(
        id=data["freeze"],
        category=data["category"],
        instruction=data["instruction"],
        opened_us=fact.at_us,
        due_us=data["due_us"],
        reason=data["reason"],
    )
    world.edit(order, freezes=(*order.freezes, freeze))


@on("freeze.closed")
def _freeze_closed(world: World, _: Fact, data: dict[str, Any]) -> None:
    order = the_order(world, data)
    left = tuple(freeze for freeze in order.freezes if freeze.id != data["freeze"])
    contested = tuple(each for each in order.contested if each != data["freeze"])
    ended = [freeze for freeze in order.freezes if freeze.id == data["freeze"]]
    if data["outcome"] == "released":
        order = world.edit(order, released=(*order.released, *(each.reason for each in ended)))
    world.edit(order, freezes=left, contested=contested)


@on("timer.armed")
def _timer_armed(world: World, _: Fact, data: dict[str, Any]) -> None:
    timer = Timer(
        id=data["timer"],
        purpose=data["purpose"],
        subject=data["subject"],
        due_us=data["due_us"],
        delay_us=data["delay_us"],
        due_boot_us=data["due_boot_us"],
        boot_id=data["boot_id"],
        refs=tuple(data["refs"]),
        state="armed",
    )
    world.put(timer)
    if timer.purpose == "order.deadline":
        _purpose, rule, order = timer.subject.split(":", 2)
        running = world.get(Deadlines, order)
        timers = (running.timers if running else {}) | {rule: timer.id}
        world.put(Deadlines(id=order, timers=timers))
    elif timer.purpose.startswith("approval."):
        approval = world.the(Approval, timer.subject.partition(":")[2])
        world.edit(approval, timers=(*approval.timers, timer.id))


@on("timer.fired")
def _timer_fired(world: World, _: Fact, data: dict[str, Any]) -> None:
    _spend(world, data["timer"], "fired")


@on("timer.disarmed")
def _timer_disarmed(world: World, _: Fact, data: dict[str, Any]) -> None:
    _spend(world, data["timer"], "disarmed")


def _spend(world: World, timer_id: str, state: str) -> None:
    timer = world.edit(world.the(Timer, timer_id), state=state)
    if timer.purpose == "order.deadline":
        _purpose, rule, order = timer.subject.split(":", 2)
        running = world.the(Deadlines, order).timers
        left = {name: each for name, each in running.items() if name != rule}
        world.put(Deadlines(id=order, timers=left))
    elif timer.purpose.startswith("approval."):
        approval = world.the(Approval, timer.subject.partition(":")[2])
        world.edit(approval, timers=tuple(each for each in approval.timers if each != timer.id))
