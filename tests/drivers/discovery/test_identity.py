"""Sightings merge to devices: identity, address changes, conflicts, staleness."""

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Clash, Device, Kind, Sighting, Source, State
from drivers.discovery.identity import (
    GONE_AFTER_US,
    RECORDS_MAX,
    SECOND_US,
    STALE_AFTER_US,
    Ledger,
    changes,
    is_telling,
)
from drivers.discovery.model import Miss

UUID = "11112222-3333-4444-5555-666677778888"
MAC = "0007ab12cd34"


def seen(source: Source, at_s: int, *urls: str, **facts: Any) -> Sighting:
    facts.setdefault("kind", Kind.PRINTER)
    return Sighting(source=source, at_us=at_s * SECOND_US, urls=urls, **facts)


def devices(*events: Sighting | Miss, at_s: int = 0) -> tuple[Device, ...]:
    ledger = Ledger()
    for event in events:
        ledger.add(event)
    return ledger.devices((at_s or max(e.at_us for e in events) // SECOND_US) * SECOND_US)


def test_one_device_seen_five_ways_is_listed_once() -> None:
    """IPP, raw port, sweep, SNMP and the ARP table name one printer, with all its ids (DEV-2)."""
    found = devices(
        seen(Source.SWEEP, 1, "tcp://10.0.0.9:9100", "ipp://10.0.0.9:631/ipp/print", mac=MAC),
        seen(Source.MDNS, 2, "ipp://10.0.0.9:631/ipp/print", uuid=UUID, model="ZD421"),
        seen(Source.MDNS, 2, "tcp://10.0.0.9:9100", name="Zebra by the door"),
        seen(Source.SNMP, 3, "tcp://10.0.0.9:9100", serial="D2J204", model="ZTC ZD421"),
        seen(Source.PROBE, 4, "tcp://10.0.0.9:9100", language="zpl"),
    )
    ids = (f"uuid:{UUID}", "serial:D2J204", f"mac:{MAC}", "host:10.0.0.9:9100")
    assert [ids] == [device.ids for device in found]
    assert (ids[0], State.IDENTIFIED) == (found[0].key, found[0].state)
    assert found[0].url == "tcp://10.0.0.9:9100?lang=zpl"
    model = found[0].facts["model"]
    assert (model.value, model.source) == ("ZD421", Source.MDNS)


def test_an_address_change_is_the_same_device() -> None:
    """DHCP gives another address: same key, new URL, no conflict (DEV-2)."""
    before = seen(Source.SWEEP, 1, "tcp://10.0.0.9:9100", mac=MAC)
    after = seen(Source.SWEEP, 30, "tcp://10.0.0.77:9100", mac=MAC)
    (device,) = devices(before, after)
    assert (f"mac:{MAC}", ("tcp://10.0.0.77:9100",)) == (device.key, device.urls)
    assert device.conflicts == ()


def test_an_address_given_to_another_device_moves_nothing_with_it() -> None:
    """Who had an address before keeps its facts; the new holder is another device."""
    one = seen(Source.SWEEP, 1, "tcp://10.0.0.9:9100", mac=MAC, language="zpl")
    moved = seen(Source.SWEEP, 200, "tcp://10.0.0.77:9100", mac=MAC)
    other = seen(Source.SWEEP, 210, "tcp://10.0.0.9:9100", mac="0007ab000002")
    found = devices(one, moved, other)
    assert {f"mac:{MAC}": "zpl", "mac:0007ab000002": ""} == {d.key: d.language for d in found}
    assert [device.conflicts for device in found] == [(), ()]


def test_one_mac_at_two_addresses_is_a_conflict() -> None:
    """Two addresses that answer at once under one identity are shown, not hidden."""
    at_nine = "tcp://10.0.0.9:9100"
    (device,) = devices(
        seen(Source.SWEEP, 1, at_nine, mac=MAC),
        seen(Source.SWEEP, 5, "tcp://10.0.0.10:9100", mac=MAC),
        seen(Source.SWEEP, 9, at_nine, mac=MAC),
    )
    (conflict,) = device.conflicts
    assert (conflict.clash, conflict.parties) == (Clash.TWO_ADDRESSES, ("10.0.0.10", "10.0.0.9"))


def test_two_devices_at_one_address_are_a_conflict() -> None:
    """Two MACs that take turns at one address are two devices that both say so."""
    url = "tcp://10.0.0.9:9100"
    found = devices(
        seen(Source.SWEEP, 1, url, mac=MAC),
        seen(Source.SWEEP, 5, url, mac="0007ab000002"),
        seen(Source.SWEEP, 9, url, mac=MAC),
    )
    assert [[c.clash for c in d.conflicts] for d in found] == [[Clash.SHARED_ADDRESS]] * 2


def test_a_print_server_is_a_device_per_queue() -> None:
    """Queues with UUIDs of their own at one host are no conflict."""
    found = devices(
        seen(Source.MDNS, 1, "ipp://10.0.0.5:631/printers/a", uuid=UUID),
        seen(Source.MDNS, 1, "ipp://10.0.0.5:631/printers/b", uuid=UUID[:-1] + "9"),
    )
    assert [device.conflicts for device in found] == [(), ()]


def test_sources_that_name_two_languages_are_a_conflict() -> None:
    """The device's own answer wins, and the contradiction is shown."""
    url = "tcp://10.0.0.9:9100"
    (device,) = devices(
        seen(Source.MDNS, 1, url, language="zpl"), seen(Source.PROBE, 2, url, language="tspl")
    )
    assert device.language == "tspl"
    assert [c.parties for c in device.conflicts] == [("mdns: zpl", "probe: tspl")]


def test_unusual_ports_of_one_host_are_devices_of_their_own() -> None:
    """Three printers behind one address, each at a port of its own, are three."""
    urls = [f"tcp://10.0.0.9:{port}" for port in (9101, 9102, 9103)]
    found = devices(*(seen(Source.SWEEP, 1, url) for url in urls))
    assert [f"host:10.0.0.9:{port}" for port in (9101, 9102, 9103)] == [d.key for d in found]


def test_a_device_that_is_missed_again_and_again_is_gone_in_time() -> None:
    """Only the newest misses are kept, and still it is stale for no more than ten minutes."""
    printer = seen(Source.SWEEP, 0, "tcp://10.0.0.9:9100")
    ends_s = (STALE_AFTER_US + GONE_AFTER_US) // SECOND_US
    times = range(30, ends_s + 1, 30)
    misses = [Miss(Source.SWEEP, "tcp://10.0.0.9:9100", at * SECOND_US) for at in times]
    states = [devices(printer, *misses, at_s=at)[0].state for at in (ends_s - 1, ends_s)]
    assert states == [State.STALE, State.GONE]


def test_three_misses_or_two_minutes_make_stale_and_ten_minutes_more_gone() -> None:
    """A lost device is shown; when it is seen again it is there again (DEV-4)."""
    url = "tcp://10.0.0.9:9100"
    sighting = seen(Source.SWEEP, 1, url, language="zpl")
    misses = [Miss(Source.SWEEP, url, n * SECOND_US) for n in (2, 3, 4)]

    def state(*events: Sighting | Miss, at_s: int) -> State:
        return devices(sighting, *events, at_s=at_s)[0].state

    assert state(*misses[:2], at_s=4) == State.IDENTIFIED
    assert state(*misses, at_s=4) == State.STALE
    assert state(at_s=121) == State.STALE
    assert state(at_s=121 + GONE_AFTER_US // SECOND_US) == State.GONE
    assert state(Miss(Source.USB, url, 2 * SECOND_US, is_certain=True), at_s=2) == State.STALE
    assert state(*misses, seen(Source.SWEEP, 5, url), at_s=5) == State.IDENTIFIED


def test_ids_that_clones_share_tell_nothing() -> None:
    """Two printers with the serial number 00000000 stay two."""
    assert [is_telling(v) for v in ("00000000", "12345678", "n/a", "None", "ab")] == [False] * 5
    urls = ("usb:///dev/usb/lp0", "usb:///dev/usb/lp1")
    found = devices(*(seen(Source.USB, 1, u, serial="00000000", usb_path=u[-3:]) for u in urls))
    assert [device.key for device in found] == ["usb:lp0", "usb:lp1"]


def test_a_change_names_the_key_under_which_a_device_lives_on() -> None:
    """When more is learned of a device, its old key is told to be gone, and where to."""
    ledger = Ledger()
    ledger.add(seen(Source.SWEEP, 1, "tcp://10.0.0.9:9100"))
    before = ledger.devices(SECOND_US)
    ledger.add(seen(Source.SNMP, 2, "tcp://10.0.0.9:9100", serial="D2J204"))
    told = list(changes(before, ledger.devices(2 * SECOND_US)))
    assert [(device.key, device.state, device.replaced_by) for device in told] == [
        ("host:10.0.0.9:9100", State.GONE, "serial:D2J204"),
        ("serial:D2J204", State.NEW, ""),
    ]
    assert list(changes(told[1:], told[1:])) == []


def test_the_ledger_is_bounded() -> None:
    """A flood of sightings keeps the latest, and no more than the limit."""
    ledger = Ledger()
    for n in range(RECORDS_MAX + 5):
        ledger.add(Sighting(source=Source.MDNS, at_us=n, name=f"n{n}"))
    names = {sighting.name for sighting in ledger._spans}
    assert len(names) == RECORDS_MAX
    assert names.isdisjoint({"n0", "n4"})


URLS = [f"tcp://10.0.0.{n}:{port}" for n in (1, 2, 3) for port in (9100, 631, 4444)]
SIGHTINGS = st.builds(
    Sighting,
    source=st.sampled_from(Source),
    at_us=st.integers(0, 400).map(lambda s: s * SECOND_US),
    kind=st.sampled_from(Kind),
    urls=st.lists(st.sampled_from(URLS), max_size=2, unique=True).map(tuple),
    uuid=st.sampled_from(["", UUID, "aaaa-bbbb"]),
    serial=st.sampled_from(["", "D2J204", "D2J205"]),
    mac=st.sampled_from(["", MAC, "0007ab000002"]),
    language=st.sampled_from(["", "zpl", "tspl"]),
    note=st.text(max_size=3),
)
MISSES = st.builds(
    Miss,
    st.sampled_from(Source),
    st.sampled_from(URLS),
    st.integers(0, 400).map(lambda s: s * SECOND_US),
    st.booleans(),
)
EVENTS = st.lists(SIGHTINGS | MISSES, max_size=12)


@settings(max_examples=120, deadline=None)
@given(EVENTS, st.integers(0, 2**32))
def test_neither_order_nor_repetition_changes_the_outcome(
    events: list[Sighting | Miss], seed: int
) -> None:
    """Invariant: the same sightings, shuffled and some twice, make the same devices."""
    shuffled = events + events[::2]
    random.Random(seed).shuffle(shuffled)
    now = 420
    once = devices(*events, at_s=now) if events else ()
    assert once == (devices(*shuffled, at_s=now) if events else ())


@settings(max_examples=80, deadline=None)
@given(EVENTS)
def test_no_id_is_on_two_devices(events: list[Sighting | Miss]) -> None:
    """Invariant: an id other than the address names one device, and keys are unique."""
    found = devices(*events, at_s=420) if events else ()
    ids = [i for device in found for i in device.ids if not i.startswith("host:")]
    assert sorted(set(ids)) == sorted(ids)
    keys = [device.key for device in found]
    assert sorted(set(keys)) == sorted(keys)
