"""The site's printers and scanners: found, adopted, bound, tested, lost (DEV-2…5, PRN-7).

Discovery says what it sees (`device.report`), a person says what is used (`device.adopt`). Nothing
prints and nothing scans before: the print queue and the scanners know adopted devices only. What
discovery says of a field never replaces what a person said of it.
"""

from typing import Any, Final

from edge.domain import commands as c
from edge.domain.ids import derived_id
from edge.domain.model import (
    Clash,
    Device,
    DeviceTest,
    Equipment,
    Fact,
    Station,
)
from edge.domain.model.devices import EQUIPMENT, STALE
from edge.domain.packing import station_of
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn
from edge.domain.world import World

Facts = dict[str, Any]

DEVICES_MAX: Final = 512
BOUND_MAX: Final = 16
"""Devices that people may bind to one station."""
KINDS: Final = ("printer", "scanner")
MANUAL: Final = "manual"
STICKER: Final = "@D:"
"""Begins the code of a device's sticker, and no other code."""
TEST_CHARS: Final = 8
_LANGUAGES: Final = ("tspl", "zpl", "escpos")


def sticker_code(device_id: str, test: str = "") -> str:
    """Return the text of a sticker's QR: the device, and the test label that it is."""
    return f"{STICKER}{device_id}:{test}" if test else f"{STICKER}{device_id}"


def read_sticker(world: World, code: str) -> tuple[Device, str]:
    """Return the device of a sticker, and which test label it is, if any."""
    if not code.startswith(STICKER):
        raise RefusedError("not_a_sticker", got=code)
    whole = code.removeprefix(STICKER)
    if _known(world, whole):
        return the_device(world, whole), ""
    device_id, _, test = whole.rpartition(":")
    return the_device(world, device_id), test


def the_device(world: World, device_id: str) -> Device:
    """Return a device that is known."""
    if not _known(world, device_id):
        raise RefusedError("unknown_device", device=device_id)
    return world.the(Device, device_id)


def equipment(world: World) -> Equipment:
    """Return which devices and stations there are."""
    return world.get(Equipment, EQUIPMENT) or Equipment(id=EQUIPMENT)


def the_station(world: World, station_id: str) -> Station:
    """Return a station that there is."""
    station = world.get(Station, station_id)
    if station is None or station.is_removed:
        raise RefusedError("unknown_station", station=station_id)
    return station


def _known(world: World, device_id: str) -> bool:
    device = world.get(Device, device_id)
    return device is not None and not device.is_forgotten


def _adopted(world: World, device_id: str) -> Device:
    device = the_device(world, device_id)
    if not device.is_adopted:
        raise RefusedError("device_not_adopted", device=device_id)
    return device


def printer_of(world: World, device_id: str) -> Device:
    """Return a printer that is in use."""
    device = _adopted(world, device_id)
    if device.kind != "printer":
        raise RefusedError("device_kind_missing", device=device.id, kinds=["printer"])
    return device


def _make_room(turn: Turn) -> None:
    """Forget the devices that nobody adopted and that are gone; refuse where all are needed."""
    known = equipment(turn.world).devices
    if len(known) < DEVICES_MAX:
        return
    for device_id in known:
        device = turn.world.the(Device, device_id)
        if device.seen in STALE and not device.is_adopted:
            _forget(turn, device)
            return
    raise RefusedError("devices_full", max=DEVICES_MAX)


# ---- what discovery and the configuration say ----------------------------------------------------


def report(turn: Turn, data: c.DeviceReport) -> Facts:
    """Write down what changed about a device since discovery last spoke of it."""
    device = turn.world.get(Device, data.device)
    if device is None or device.is_forgotten:
        if data.seen not in STALE:
            _make_room(turn)
            _emit(turn, "device.found", data.device, _content(data, {}))
        return {"device": data.device}
    if data.is_adopted != device.is_adopted:
        return {"device": data.device}
    content = _content(data, device.facts)
    if device.is_adopted:  # what it is used as, a person said
        content["kind"] = device.kind
    if all(getattr(device, name) == value for name, value in content.items()):
        return {"device": data.device}
    _emit(turn, _what(device, data), data.device, content)
    return {"device": data.device}


def _what(device: Device, data: c.DeviceReport) -> str:
    """Return the kind of entry that says best what changed."""
    if data.seen != device.seen and (data.seen in STALE or device.seen in STALE):
        return "device.lost" if data.seen in STALE else "device.back"
    if data.conflicts and data.conflicts != device.conflicts:
        return "device.conflicted"
    return "device.changed"


def _content(data: c.DeviceReport, before: dict[str, Fact]) -> Facts:
    kept = {name: fact for name, fact in before.items() if fact.source == MANUAL}
    return {
        "kind": data.kind,
        "seen": data.seen,
        "ids": data.ids,
        "urls": data.urls,
        "url": data.url,
        "facts": {**data.facts, **kept},
        "sources": data.sources,
        "conflicts": data.conflicts,
    }


def _emit(turn: Turn, kind: str, device_id: str, content: Facts) -> None:
    plain = content | {
        "facts": {n: {"value": f.value, "source": f.source} for n, f in content["facts"].items()},
        "conflicts": [_plain(clash) for clash in content["conflicts"]],
        **{name: list(content[name]) for name in ("ids", "urls", "sources")},
    }
    turn.emit(kind, f"device:{device_id}", device=device_id, **plain)


def _plain(clash: Clash) -> Facts:
    return {"clash": clash.clash, "parties": list(clash.parties)}


def configure(turn: Turn, data: c.SiteConfigure) -> Facts:
    """Take over what the configuration says; a printer of it was adopted by who wrote it."""
    wanted = {printer.id for printer in data.printers}
    for device_id in equipment(turn.world).devices:
        device = turn.world.the(Device, device_id)
        if device.configured_url and device_id not in wanted:
            _forget(turn, device)
    for printer in data.printers:
        known = turn.world.get(Device, printer.id)
        is_same = known is not None and not known.is_forgotten
        if is_same and known is not None:
            is_same = (known.configured_url, known.fact("name")) == (printer.url, printer.name)
        if not is_same:
            turn.emit("device.configured", f"device:{printer.id}", device=printer.id,
                      name=printer.name, url=printer.url)  # fmt: skip
    _configure_stations(turn, data.stations)
    return {}


def _configure_stations(turn: Turn, stations: tuple[c.ConfiguredStation, ...]) -> None:
    wanted = {station.id for station in stations}
    for station_id in equipment(turn.world).stations:
        if station_id not in wanted:
            turn.emit("station.removed", f"station:{station_id}", station=station_id)
    for station in stations:
        known = turn.world.get(Station, station.id)
        is_same = known is not None and not known.is_removed
        if is_same and known is not None:
            is_same = (known.name, known.configured) == (station.name, station.printers)
        if not is_same:
            name = {"zh": station.name.zh, "en": station.name.en}
            turn.emit("station.configured", f"station:{station.id}", station=station.id,
                      name=name, printers=list(station.printers))  # fmt: skip


# ---- what people decide --------------------------------------------------------------------------


def adopt(turn: Turn, data: c.DeviceAdopt) -> Facts:
    """Put a found device to use."""
    device = the_device(turn.world, data.device)
    if device.is_adopted:
        raise RefusedError("device_adopted", device=device.id)
    kind = data.kind or device.kind
    language = data.language or device.fact("language") or _language_of(device.url)
    if kind not in KINDS or not device.url:
        raise RefusedError("device_kind_missing", device=device.id, kinds=list(KINDS))
    if kind == "printer" and (not language or data.language not in ("", *_LANGUAGES)):
        raise RefusedError("device_language_missing", device=device.id, languages=list(_LANGUAGES))
    name = data.name or device.fact("name") or device.fact("model") or device.id
    given = {"name": name} | ({"language": data.language} if data.language else {})
    url = device.url
    if kind == "printer" and _language_of(url) == "":
        url = f"{url}{'&' if '?' in url else '?'}lang={language}"
    turn.emit("device.adopted", f"device:{device.id}", device=device.id, kind=kind, url=url,
              given=given)  # fmt: skip
    return {"device": device.id}


def _language_of(url: str) -> str:
    """Return the language that a URL names: IPP is one by its scheme."""
    if url.startswith(("ipp:", "ipps:")):
        return "ipp"
    return url.partition("lang=")[2].partition("&")[0]


def add(turn: Turn, data: c.DeviceAdd) -> Facts:
    """Name a device by hand; the URL was checked at the door."""
    if data.kind not in KINDS:
        raise RefusedError("device_kind_missing", device="", kinds=list(KINDS))
    for known_id in equipment(turn.world).devices:
        if data.url == turn.world.the(Device, known_id).url:
            raise RefusedError("device_known", device=known_id)
    _make_room(turn)
    device_id = derived_id("device", data.url, turn.command.id)[-12:]
    turn.emit("device.added", f"device:{device_id}", device=device_id, kind=data.kind,
              url=data.url, name=data.name)  # fmt: skip
    return {"device": device_id}


def bind(turn: Turn, data: c.DeviceBind) -> Facts:
    """Bind a device to a station by its sticker; a scanner is at one station only (DEV-5)."""
    device, test = read_sticker(turn.world, data.code)
    device = _adopted(turn.world, device.id)
    station = the_station(turn.world, data.station or station_of(turn))
    bound = station.scanners if device.kind == "scanner" else station.bound
    if len(bound) >= BOUND_MAX and device.id not in bound:
        raise RefusedError("devices_full", max=BOUND_MAX)
    refs = (f"station:{station.id}",)
    if device.kind == "scanner":
        for other_id in equipment(turn.world).stations:
            if device.id in turn.world.the(Station, other_id).scanners and other_id != station.id:
                _unbind(turn, other_id, device.id)
    turn.emit("device.bound", f"device:{device.id}", refs, device=device.id, station=station.id,
              kind=device.kind)  # fmt: skip
    if device.test is not None and test and test == device.test.id:
        _prove(turn, device, device.test)
    return {"device": device.id, "station": station.id}


def unbind(turn: Turn, data: c.DeviceUnbind) -> Facts:
    """Take a device from a station."""
    station = the_station(turn.world, data.station)
    if data.device in station.configured and data.device not in station.bound:
        raise RefusedError("device_configured", device=data.device)
    if data.device not in (*station.bound, *station.scanners):
        raise RefusedError("unknown_device", device=data.device)
    _unbind(turn, station.id, data.device)
    return {"device": data.device, "station": station.id}


def _unbind(turn: Turn, station_id: str, device_id: str) -> None:
    turn.emit("device.unbound", f"device:{device_id}", (f"station:{station_id}",),
              device=device_id, station=station_id)  # fmt: skip


def forget(turn: Turn, data: c.DeviceForget) -> Facts:
    """Use a device no more."""
    device = the_device(turn.world, data.device)
    if device.configured_url:
        raise RefusedError("device_configured", device=device.id)
    _forget(turn, device)
    return {"device": device.id}


def _forget(turn: Turn, device: Device) -> None:
    for station_id in equipment(turn.world).stations:
        station = turn.world.the(Station, station_id)
        if device.id in (*station.bound, *station.scanners):
            _unbind(turn, station_id, device.id)
    turn.emit("device.forgotten", f"device:{device.id}", device=device.id)


# ---- test labels ---------------------------------------------------------------------------------


def test(turn: Turn, data: c.DeviceTest) -> Facts:
    """Ask for a test label; it leaves at most once."""
    device = printer_of(turn.world, data.device)
    test_id = turn.env.new_id()[-TEST_CHARS:]
    turn.emit("device.test_asked", f"device:{device.id}", device=device.id, test=test_id)
    return {"device": device.id, "test": test_id}


def report_test(turn: Turn, data: c.DeviceTestReport) -> Facts:
    """Write down what became of a test label."""
    device = the_device(turn.world, data.device)
    if device.test is None or device.test.id != data.test or device.test.state != "asked":
        raise RefusedError("outcome_known", device=device.id)
    state = "failed" if data.reason else "printed"
    turn.emit("device.test_reported", f"device:{device.id}", device=device.id, test=data.test,
              state=state, reason=data.reason)  # fmt: skip
    return {"device": device.id}


def prove(turn: Turn, data: c.DeviceProve) -> Facts:
    """Take the scan of a test label as proof that the printer prints and the label reads."""
    device, test_id = read_sticker(turn.world, data.code)
    device = _adopted(turn.world, device.id)
    if device.test is None or device.test.id != test_id:
        raise RefusedError("test_label_old", device=device.id)
    _prove(turn, device, device.test)
    return {"device": device.id}


def _prove(turn: Turn, device: Device, label: DeviceTest) -> None:
    if label.state != "proved":
        turn.emit("device.test_proved", f"device:{device.id}", device=device.id, test=label.id)


def report_scan(turn: Turn, data: c.ScanReport) -> Facts:
    """Write down that a fixed scanner was used where nobody was signed in (DEV-5)."""
    device = _adopted(turn.world, data.device)
    refs = (f"station:{data.station}",) if data.station else ()
    turn.emit("scan.unclaimed", f"device:{device.id}", refs, device=device.id,
              station=data.station, codes=data.codes)  # fmt: skip
    return {"device": device.id}
