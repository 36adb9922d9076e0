"""What clients see of devices and stations, as the journal knows them."""

import msgspec

from edge.domain.devices import equipment, sticker_code
from edge.domain.model import Clash, Device, Name, Station
from edge.domain.rules import Ruleset
from edge.domain.stickers import station_code
from edge.domain.world import World

HOUR_US = 3_600_000_000


class TestView(msgspec.Struct, frozen=True):
    """The newest test label. `due`: none was scanned back within a shift."""

    state: str
    at: int | None
    reason: str | None
    proved_at: int | None
    due: bool


class LabelView(msgspec.Struct, frozen=True):
    """The newest sticker, or label of the box, that was printed here."""

    code: str
    state: str
    at: int
    proof: str | None
    reason: str | None


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """A device; what only the running box knows is filled in by it."""

    id: str
    kind: str
    state: str
    adopted: bool
    configured: bool
    name: str
    make: str
    model: str
    language: str
    note: str
    url: str
    urls: tuple[str, ...]
    ids: tuple[str, ...]
    says: dict[str, str]
    sources: tuple[str, ...]
    conflicts: tuple[Clash, ...]
    since: int
    stations: list[str]
    sticker: str
    test: TestView
    label: LabelView | None = None
    fault: str = ""
    jobs: int = 0


class StationDevice(msgspec.Struct, frozen=True):
    """A device as its station sees it."""

    id: str
    name: str
    state: str
    configured: bool
    test: TestView | None
    fault: str = ""


class StationView(msgspec.Struct, frozen=True):
    """A packing station, its printers in the order of their use, and its fixed scanners."""

    id: str
    name: Name
    sticker: str
    printers: list[StationDevice]
    scanners: list[StationDevice]
    screens: int = 0
    """Screens of the station that are connected."""


def test_view(device: Device, rules: Ruleset, now_us: int) -> TestView:
    """Return how a printer's newest test label stands."""
    label = device.test
    within_us = rules.document.labels.queue.test_h * HOUR_US
    if label is None:
        return TestView("none", None, None, None, due=True)
    proved = label.proved_us or None
    is_due = proved is None or now_us - proved > within_us
    return TestView(label.state, label.at_us, label.reason or None, proved, due=is_due)


def _label_view(device: Device) -> LabelView | None:
    label = device.label
    if label is None:
        return None
    return LabelView(
        label.code, label.state, label.at_us, label.proof or None, label.reason or None
    )


def device_view(world: World, device_id: str, rules: Ruleset, now_us: int) -> DeviceView | None:
    """Return a device, or None where there is none of this id."""
    device = world.get(Device, device_id)
    if device is None or device.is_forgotten:
        return None
    stations = [world.the(Station, each) for each in equipment(world).stations]
    return DeviceView(
        id=device.id,
        kind=device.kind,
        state=device.state,
        adopted=device.is_adopted,
        configured=bool(device.configured_url),
        name=device.fact("name"),
        make=device.fact("make"),
        model=device.fact("model"),
        language=device.fact("language"),
        note=device.fact("note"),
        url=device.url,
        urls=device.urls,
        ids=device.ids,
        says={name: fact.source for name, fact in device.facts.items()},
        sources=device.sources,
        conflicts=device.conflicts,
        since=device.since_us,
        stations=[each.id for each in stations if device.id in (*each.printers, *each.scanners)],
        sticker=sticker_code(device.id),
        test=test_view(device, rules, now_us),
        label=_label_view(device),
    )


def station_view(world: World, station_id: str, rules: Ruleset, now_us: int) -> StationView:
    """Return a station and what is bound to it."""
    station = world.the(Station, station_id)

    def shown(device_id: str) -> StationDevice | None:
        device = world.get(Device, device_id)
        if device is None or device.is_forgotten:
            return None
        is_printer = device.kind == "printer"
        tested = test_view(device, rules, now_us) if is_printer else None
        name = device.fact("name") or device.id
        return StationDevice(device.id, name, device.state, bool(device.configured_url), tested)

    return StationView(
        id=station.id,
        name=station.name,
        sticker=station_code(station.id),
        printers=[each for d in station.printers if (each := shown(d)) is not None],
        scanners=[each for d in station.scanners if (each := shown(d)) is not None],
    )
