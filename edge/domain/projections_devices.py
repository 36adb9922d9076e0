"""What entries about devices and stations do to the documents."""

from typing import Any

import msgspec

from edge.domain.entries import Fact as EntryFact
from edge.domain.model import Clash, Device, DeviceLabel, DeviceTest, Equipment, Fact, Name, Station
from edge.domain.model.devices import EQUIPMENT
from edge.domain.projecting import on
from edge.domain.world import World

MANUAL = "manual"


def _list(world: World, *, device: str = "", station: str = "") -> None:
    """Note that there is such a device or station."""
    known = world.get(Equipment, EQUIPMENT) or Equipment(id=EQUIPMENT)
    devices = known.devices if device in ("", *known.devices) else (*known.devices, device)
    stations = known.stations if station in ("", *known.stations) else (*known.stations, station)
    world.put(Equipment(id=EQUIPMENT, devices=devices, stations=stations))


def _fields(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": data["kind"],
        "seen": data["seen"],
        "ids": tuple(data["ids"]),
        "urls": tuple(data["urls"]),
        "url": data["url"],
        "facts": msgspec.convert(data["facts"], dict[str, Fact]),
        "sources": tuple(data["sources"]),
        "conflicts": msgspec.convert(data["conflicts"], tuple[Clash, ...]),
    }


@on("device.found")
def _device_found(world: World, fact: EntryFact, data: dict[str, Any]) -> None:
    world.put(Device(id=data["device"], since_us=fact.at_us, **_fields(data)))
    _list(world, device=data["device"])


def _device_differs(world: World, fact: EntryFact, data: dict[str, Any]) -> None:
    device = world.the(Device, data["device"])
    since_us = device.since_us if device.seen == data["seen"] else fact.at_us
    world.edit(device, since_us=since_us, **_fields(data))


for _kind in ("device.changed", "device.lost", "device.back", "device.conflicted"):
    on(_kind)(_device_differs)


@on("device.adopted")
def _device_adopted(world: World, fact: EntryFact, data: dict[str, Any]) -> None:
    device = world.the(Device, data["device"])
    given = {name: Fact(value, MANUAL) for name, value in data["given"].items()}
    world.edit(
        device,
        kind=data["kind"],
        url=data["url"],
        facts={**device.facts, **given},
        adopted_us=fact.at_us,
        adopted_by=fact.actor,
        since_us=fact.at_us,
    )


def _device_named(world: World, fact: EntryFact, data: dict[str, Any]) -> None:
    """Take in a device that somebody wrote down; what was learned of it before is kept."""
    url, is_configured = data["url"], fact.kind == "device.configured"
    known = world.get(Device, data["device"])
    if known is None or known.is_forgotten:
        known = Device(id=data["device"], kind="printer", seen="identified")
    world.put(
        msgspec.structs.replace(
            known,
            kind=data.get("kind", "printer"),
            url=url,
            urls=(url.partition("?")[0],),
            facts={**known.facts, "name": Fact(data["name"], MANUAL)},
            since_us=fact.at_us,
            adopted_us=fact.at_us,
            adopted_by=fact.actor,
            configured_url=url if is_configured else "",
        )
    )
    _list(world, device=data["device"])


on("device.configured")(_device_named)
on("device.added")(_device_named)


@on("device.forgotten")
def _device_forgotten(world: World, _: EntryFact, data: dict[str, Any]) -> None:
    device = world.the(Device, data["device"])
    world.put(Device(id=device.id, kind=device.kind, is_forgotten=True))
    known = world.the(Equipment, EQUIPMENT)
    world.edit(known, devices=tuple(each for each in known.devices if each != device.id))


# ---- stations ---------------------------------------------------------------------------------


@on("station.configured")
def _station_configured(world: World, _: EntryFact, data: dict[str, Any]) -> None:
    known = world.get(Station, data["station"])
    station = Station(
        id=data["station"],
        name=msgspec.convert(data["name"], Name),
        configured=tuple(data["printers"]),
        bound=known.bound if known else (),
        scanners=known.scanners if known else (),
    )
    world.put(station)
    _list(world, station=station.id)


@on("station.removed")
def _station_removed(world: World, _: EntryFact, data: dict[str, Any]) -> None:
    station = world.the(Station, data["station"])
    world.edit(station, is_removed=True, bound=(), scanners=())
    known = world.the(Equipment, EQUIPMENT)
    world.edit(known, stations=tuple(each for each in known.stations if each != station.id))


@on("device.bound")
def _device_bound(world: World, _: EntryFact, data: dict[str, Any]) -> None:
    station = world.the(Station, data["station"])
    field = "scanners" if data["kind"] == "scanner" else "bound"
    before = getattr(station, field)
    world.edit(station, **{field: tuple(dict.fromkeys((data["device"], *before)))})


@on("device.unbound")
def _device_unbound(world: World, _: EntryFact, data: dict[str, Any]) -> None:
    station = world.the(Station, data["station"])
    bound = tuple(each for each in station.bound if each != data["device"])
    scanners = tuple(each for each in station.scanners if each != data["device"])
    world.edit(station, bound=bound, scanners=scanners)


# ---- test labels ------------------------------------------------------------------------------


@on("device.test_asked")
def _test_asked(world: World, fact: EntryFact, data: dict[str, Any]) -> None:
    label = DeviceTest(id=data["test"], state="asked", at_us=fact.at_us)
    world.edit(world.the(Device, data["device"]), test=label)


@on("device.test_reported")
def _test_reported(world: World, _: EntryFact, data: dict[str, Any]) -> None:
    _edit_test(world, data, state=data["state"], reason=data["reason"])


@on("device.test_proved")
def _test_proved(world: World, fact: EntryFact, data: dict[str, Any]) -> None:
    _edit_test(world, data, state="proved", proved_us=fact.at_us, proved_by=fact.actor)


def _edit_test(world: World, data: dict[str, Any], **fields: Any) -> None:  # noqa: ANN401
    device = world.the(Device, data["device"])
    assert device.test is not None
    world.edit(device, test=msgspec.structs.replace(device.test, **fields))


@on("device.label_asked")
def _label_asked(world: World, fact: EntryFact, data: dict[str, Any]) -> None:
    label = DeviceLabel(id=data["label"], code=data["code"], state="asked", at_us=fact.at_us)
    world.edit(world.the(Device, data["device"]), label=label)


@on("device.label_reported")
def _label_reported(world: World, _: EntryFact, data: dict[str, Any]) -> None:
    device = world.the(Device, data["device"])
    assert device.label is not None
    said = {name: data[name] for name in ("state", "proof", "reason")}
    world.edit(device, label=msgspec.structs.replace(device.label, **said))
