"""Found, adopted, bound, tested, lost: what the law says of devices (DEV-2…5, PRN-7)."""

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain import commands as c
from edge.domain import devices
from edge.domain.commands import ConfiguredPrinter, ConfiguredStation
from edge.domain.device_views import device_view, station_view
from edge.domain.model import Clash, Device, Equipment, Fact, Name, Station
from edge.domain.projections import apply
from edge.domain.world import World
from tests.domain.site import Site

URL: Final = "tcp://10.0.0.9:9100?lang=zpl"
STATION: Final = ConfiguredStation("S1", Name("一号台", "Station 1"), ("P1",))
SECOND: Final = ConfiguredStation("S2", Name("二号台", "Station 2"))
P1: Final = ConfiguredPrinter("P1", "Desk", "tcp://10.0.0.1?lang=tspl")
HOUR_S: Final = 3_600


@pytest.fixture(name="floor")
def _floor(site: Site) -> Site:
    site.run(c.SiteConfigure((P1,), (STATION, SECOND)))
    return site


def seen(site: Site, device: str = "d1", **over: Any) -> str:
    """Let discovery speak of a device; return the kinds of entry that this left."""
    facts = {"name": Fact("Zebra", "mdns"), "language": Fact("zpl", "probe")}
    said: dict[str, Any] = {"kind": "printer", "seen": "identified", "url": URL, "facts": facts}
    said |= {"ids": ("serial:50J1",), "urls": ("tcp://10.0.0.9:9100",), "sources": ("mdns",)}
    before = len(site.journal)
    site.run(c.DeviceReport(device=device, **said | over), via="driver")
    return " ".join(draft.kind for draft in site.journal[before:])


def test_only_what_differs_becomes_an_entry(floor: Site) -> None:
    """Found, the same again, moved, lost, back, in conflict: one entry each, none for a repeat."""
    clash = Clash("shared_address", ("tcp://10.0.0.9:9100", "serial:50J2"))
    moved: dict[str, Any] = {
        "url": "tcp://10.0.0.7:9100?lang=zpl",
        "urls": ("tcp://10.0.0.7:9100",),
    }
    said = [seen(floor), seen(floor), seen(floor, **moved), seen(floor, seen="stale", **moved)]
    said += [seen(floor, **moved), seen(floor, conflicts=(clash,), **moved)]
    assert said == [
        *("device.found", "", "device.changed"),
        *("device.lost", "device.back", "device.conflicted"),
    ]
    assert seen(floor, "gone-before-it-came", seen="gone") == ""


def test_a_found_device_does_nothing_until_somebody_adopts_it(floor: Site) -> None:
    """Binding, testing and unknown roles are refused; adopted it can be tested (DEV-3)."""
    seen(floor)
    assert floor.by("packer", c.DeviceBind("@D:d1")).code == "device_not_adopted"
    assert floor.by("keeper", c.DeviceTest("d1")).code == "device_not_adopted"
    assert floor.by("packer", c.DeviceAdopt("d1")).code == "role_missing"
    assert floor.by("picker", c.DeviceTest("d1")).code == "role_missing"
    assert floor.by("keeper", c.DeviceAdopt("d1", name="台 3")).ok
    assert floor.by("keeper", c.DeviceAdopt("d1")).code == "device_adopted"
    assert floor.by("keeper", c.DeviceAdopt("d9")).code == "unknown_device"
    assert floor.the(Device, "d1").state == "adopted"
    assert floor.by("packer", c.DeviceTest("d1")).ok


def test_what_discovery_cannot_tell_a_person_says(floor: Site) -> None:
    """A silent port needs kind and language; what a person said outlives what is seen later."""
    seen(floor, kind="unknown", facts={}, url="tcp://10.0.0.9:9100", seen="new")
    assert floor.by("keeper", c.DeviceAdopt("d1")).code == "device_kind_missing"
    assert floor.by("keeper", c.DeviceAdopt("d1", kind="printer")).code == "device_language_missing"
    wrong = c.DeviceAdopt("d1", kind="printer", language="cobol")
    assert floor.by("keeper", wrong).code == "device_language_missing"
    assert floor.by("keeper", c.DeviceAdopt("d1", "Desk 3", "printer", "tspl")).ok
    assert floor.the(Device, "d1").url == "tcp://10.0.0.9:9100?lang=tspl"
    assert seen(floor, kind="unknown", url="tcp://10.0.0.9:9100") == ""
    assert seen(floor, kind="unknown", is_adopted=True) == "device.changed"
    device = floor.the(Device, "d1")
    found = device.kind, device.fact("name"), device.fact("language")
    assert found == ("printer", "Desk 3", "tspl")


def test_a_sticker_binds_and_its_test_label_proves(floor: Site) -> None:
    """The test label is the sticker: scanned at the station it binds, and is proof (PRN-7)."""
    seen(floor)
    floor.by("keeper", c.DeviceAdopt("d1"))
    label = floor.by("packer", c.DeviceTest("d1")).facts["test"]
    floor.run(c.DeviceTestReport("d1", label), via="driver")
    late = c.DeviceTestReport("d1", label, "paper")
    assert floor.run(late, via="driver").code == "outcome_known"
    code = devices.sticker_code("d1", label)
    assert floor.by("packer", c.DeviceBind(code)).facts == {"device": "d1", "station": "S1"}
    assert floor.the(Station, "S1").printers == ("d1", "P1")
    view = station_view(floor.world, "S1", floor.rules, floor.now_us)
    assert [(each.id, each.test.state, each.test.due) for each in view.printers if each.test] == [
        ("d1", "proved", False),
        ("P1", "none", True),
    ]
    assert floor.by("packer", c.DeviceProve("@D:d1:00000000")).code == "test_label_old"
    assert floor.by("packer", c.DeviceProve("FG1:SF1")).code == "not_a_sticker"
    assert floor.by("packer", c.DeviceProve(code)).ok
    floor.pass_s(13 * HOUR_S)
    shown = device_view(floor.world, "d1", floor.rules, floor.now_us)
    assert shown is not None
    assert (shown.test.state, shown.test.due, shown.stations) == ("proved", True, ["S1"])


def test_a_printer_prints_the_stickers_of_the_site(floor: Site) -> None:
    """A station's, a device's, the box's label: asked once, its outcome written once (PRN-7)."""
    seen(floor)
    assert floor.by("keeper", c.DeviceLabel("d1", "@S:S1")).code == "device_not_adopted"
    floor.by("keeper", c.DeviceAdopt("d1"))
    assert floor.by("packer", c.DeviceLabel("d1", "@S:S1")).code == "role_missing"
    wrong = ("@S:S9", "@D:d9", "FG1:SF1")
    said = [floor.by("keeper", c.DeviceLabel("d1", code)).code for code in wrong]
    assert said == ["unknown_station", "unknown_device", "not_a_sticker"]
    for code, ref in (("@S:S1", "station:S1"), ("@D:P1:0a1b", "device:P1"), ("", None)):
        label = floor.by("keeper", c.DeviceLabel("d1", code)).facts["label"]
        asked = floor.said("device.label_asked")[-1]
        assert (asked.data["code"], ref in asked.refs) == (code[:5], ref is not None)
        floor.run(c.DeviceLabelReport("d1", label, proof="odometer"), via="driver")
        late = c.DeviceLabelReport("d1", label, reason="paper")
        assert floor.run(late, via="driver").code == "outcome_known"
    shown = device_view(floor.world, "d1", floor.rules, floor.now_us)
    assert shown is not None
    assert shown.label is not None
    assert (shown.label.code, shown.label.state, shown.label.proof) == ("", "confirmed", "odometer")


def test_a_scanner_is_at_one_station_only(floor: Site) -> None:
    """Bound elsewhere it leaves the first station; a scan that nobody claims is kept (DEV-5)."""
    seen(floor, kind="scanner", facts={}, url="hid:///dev/input/by-id/gun")
    floor.by("keeper", c.DeviceAdopt("d1", "Gun"))
    assert floor.by("keeper", c.DeviceTest("d1")).code == "device_kind_missing"
    assert floor.by("keeper", c.DeviceBind("@D:d1")).code == "station_missing"
    assert floor.by("keeper", c.DeviceBind("@D:d1", "S9")).code == "unknown_station"
    for station in ("S1", "S2"):
        assert floor.by("keeper", c.DeviceBind("@D:d1", station)).ok
    assert [floor.the(Station, each).scanners for each in ("S1", "S2")] == [(), ("d1",)]
    floor.run(c.ScanReport("d1", "S2", 3), via="driver")
    assert floor.said("scan.unclaimed")[-1].data == {"device": "d1", "station": "S2", "codes": 3}


def test_the_configuration_adopts_and_withdraws(floor: Site) -> None:
    """Its printers are adopted at the start, once; without their lines they are gone (DEV-3)."""
    before = len(floor.journal)
    floor.run(c.SiteConfigure((P1,), (STATION, SECOND)))
    assert floor.journal[before:] == []
    assert floor.by("keeper", c.DeviceForget("P1")).code == "device_configured"
    assert floor.by("keeper", c.DeviceUnbind("S1", "P1")).code == "device_configured"
    floor.by("packer", c.DeviceBind("@D:P1"))
    assert floor.by("keeper", c.DeviceUnbind("S1", "P1")).ok
    floor.run(c.SiteConfigure((), (ConfiguredStation("S1", Name("一", "One")),)))
    kinds = [draft.kind for draft in floor.journal[-3:]]
    assert kinds == ["device.forgotten", "station.removed", "station.configured"]
    assert floor.the(Equipment, "site") == Equipment(id="site", devices=(), stations=("S1",))


def test_devices_are_added_and_forgotten_by_hand(floor: Site) -> None:
    """A URL makes an adopted device; forgotten it leaves its stations, and is new when seen."""
    added = floor.by("admin", c.DeviceAdd(URL, "Desk 4")).facts["device"]
    assert floor.the(Device, added).state == "adopted"
    assert floor.by("admin", c.DeviceAdd(URL, "Desk 5")).code == "device_known"
    assert floor.by("admin", c.DeviceAdd("x", "Mouse", "mouse")).code == "device_kind_missing"
    floor.by("packer", c.DeviceBind(f"@D:{added}"))
    assert floor.by("keeper", c.DeviceForget(added)).ok
    assert floor.the(Station, "S1").printers == ("P1",)
    assert floor.by("keeper", c.DeviceUnbind("S1", added)).code == "unknown_device"
    assert seen(floor, added) == "device.found"
    assert floor.the(Device, added).state == "identified"


def test_there_is_a_bound_to_what_is_listed(floor: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full list forgets what is gone and was never adopted; else the next one is refused."""
    monkeypatch.setattr(devices, "DEVICES_MAX", 3)
    monkeypatch.setattr(devices, "BOUND_MAX", 1)
    seen(floor, "d1")
    seen(floor, "d2")
    assert seen(floor, "d3") == "command.refused"
    seen(floor, "d1", seen="gone")
    assert seen(floor, "d3") == "device.forgotten device.found"
    for each in ("d2", "d3"):
        floor.by("keeper", c.DeviceAdopt(each))
    assert floor.by("packer", c.DeviceBind("@D:d2")).ok
    assert floor.by("packer", c.DeviceBind("@D:d3")).code == "devices_full"


IDS = ("d1", "d2", "P1")
anything = st.one_of(
    st.builds(
        c.DeviceReport,
        device=st.sampled_from(IDS),
        kind=st.sampled_from(("printer", "scanner", "unknown")),
        seen=st.sampled_from(("new", "identified", "stale", "gone")),
        url=st.sampled_from((URL, "tcp://10.0.0.9:9100", "")),
    ),
    st.builds(
        c.DeviceAdopt,
        st.sampled_from(IDS),
        st.just("x"),
        st.sampled_from(("", "printer", "scanner")),
        st.sampled_from(("", "zpl")),
    ),
    st.builds(c.DeviceForget, st.sampled_from(IDS)),
    st.builds(c.DeviceTest, st.sampled_from(IDS)),
    st.builds(c.DeviceLabel, st.sampled_from(IDS), st.sampled_from(("", "@S:S1", "@D:d1"))),
    st.builds(c.DeviceBind, st.sampled_from([f"@D:{i}" for i in IDS]), st.sampled_from(("S1", ""))),
    st.builds(c.DeviceUnbind, st.just("S1"), st.sampled_from(IDS)),
    st.builds(c.DeviceProve, st.sampled_from([f"@D:{i}:1" for i in IDS])),
    st.sampled_from([c.SiteConfigure((), (STATION,)), c.SiteConfigure((P1,), (STATION, SECOND))]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(anything, max_size=30))
def test_nothing_is_asked_of_a_device_that_is_not_adopted(steps: list[Any]) -> None:
    """Whatever comes in whatever order: only adopted devices are tested or bound (DEV-3)."""
    site = Site(stock=1)
    site.run(c.SiteConfigure((P1,), (STATION,)))
    for step in steps:
        adopted = {device.id for device in site.all(Device) if device.is_adopted}
        before = len(site.journal)
        own = isinstance(step, c.DeviceReport | c.SiteConfigure)
        site.run(step) if own else site.by("keeper", step)
        for draft in site.journal[before:]:
            if draft.kind in ("device.test_asked", "device.label_asked", "device.bound"):
                assert draft.data["device"] in adopted
        for station in site.all(Station):
            bound = (*station.bound, *station.scanners)
            assert all(site.the(Device, each).is_adopted for each in bound)
    replayed: dict[Any, Any] = {}
    world = World(lambda kind, doc_id: replayed.get((kind.KIND, doc_id)))
    for draft in site.journal:
        apply(world, draft)
    kinds = ("device", "station", "equipment")
    assert {key: doc for key, doc in world.changes.items() if key[0] in kinds} == {
        key: doc for key, doc in site.docs.items() if key[0] in kinds
    }
