"""Discovery as a whole on the loopback network: sweep, identification, loss, return, trouble."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.api import (
    Device,
    DriverError,
    Progress,
    Settings,
    Sighting,
    Source,
    State,
    fake_printer,
    make_discovery,
)
from drivers.discovery.manager import Discovery
from drivers.discovery.nets import attached, mac_of, parse_networks
from drivers.discovery.sweep import IN_FLIGHT_MAX, SweepSource
from drivers.fakes.printer import FakePrinter
from tests.drivers.discovery.peers import device, until

HERE = ("127.0.0.1/32",)


def now_us() -> int:
    return time.monotonic_ns() // 1_000


@contextlib.asynccontextmanager
async def printers(*languages: str) -> AsyncIterator[list[FakePrinter]]:
    running = [fake_printer(language) for language in languages]  # type: ignore[arg-type]
    for printer in running:
        await printer.start()
    try:
        yield running
    finally:
        for printer in running:
            await printer.stop()


def allowed(*found: FakePrinter, sources: tuple[Source, ...] = ()) -> Settings:
    return Settings(
        networks=HERE,
        sources=sources or (Source.SWEEP, Source.PROBE),
        sweep_ports=tuple(printer.port for printer in found),
        watch_interval_s=0.1,
        sweep_interval_s=60,
    )


@contextlib.asynccontextmanager
async def stopping(discovery: Discovery) -> AsyncIterator[Discovery]:
    try:
        yield discovery
    finally:
        await discovery.stop()
        await discovery.stop()


async def test_silent_printers_are_swept_and_identified() -> None:
    """A scan finds printers that announce nothing, and asks each its language (DEV-1, DEV-2)."""
    told: list[Progress] = []
    async with (
        printers("tspl", "zpl") as (tspl, zpl),
        stopping(make_discovery(allowed(tspl, zpl), now_us)) as discovery,
    ):
        found = await discovery.scan(10, told.append)
    assert {tspl.url, zpl.url} == {each.url for each in found}
    assert [each.state for each in found] == [State.IDENTIFIED] * 2
    assert {tspl.model, zpl.model} == {each.fact("model") for each in found}
    assert told[-1].done == (Source.SWEEP,)
    assert (tspl.odometer, zpl.odometer) == (0, 0)


async def test_a_lost_printer_is_shown_and_found_again() -> None:
    """Switched off it is stale within the watch, switched on it is identified again (DEV-4)."""
    changes: list[Device] = []
    async with printers("zpl") as (printer,):
        discovery = make_discovery(allowed(printer), now_us, on_change=changes.append)
        async with stopping(discovery):
            await discovery.scan(10)
            await printer.stop()
            await until(device(discovery, lambda each: each.state is State.STALE), "stale", 10)
            await printer.start()
            await until(device(discovery, lambda each: each.state is State.IDENTIFIED), "back", 10)
    states = [each.state for each in changes]
    assert states == [State.NEW, State.IDENTIFIED, State.STALE, State.IDENTIFIED]
    assert len({each.key for each in changes}) == 1


async def test_a_failed_connection_has_the_device_looked_at_at_once() -> None:
    """`suspect` needs no watch round: the device is knocked at, and searched for (DEV-4)."""
    settings = Settings(networks=HERE, sources=(Source.SWEEP,), watch_interval_s=3_600)
    async with stopping(make_discovery(settings, now_us)) as discovery:
        await discovery.start()
        discovery.add(
            Sighting(
                source=Source.MANUAL,
                at_us=now_us(),
                urls=("tcp://127.0.0.1:1",),
                language="zpl",
            )
        )
        found = await until(device(discovery, lambda each: each.urls), "the named printer")
        discovery.suspect(found.key)
        await until(device(discovery, lambda each: each.state is State.STALE), "stale", 10)


async def test_an_address_in_use_is_left_alone() -> None:
    """While a job holds the address's lock, nobody knocks or asks there; afterwards it is asked."""
    lock = asyncio.Lock()
    async with printers("tspl") as (printer,), lock:
        settings = allowed(printer, sources=(Source.PROBE,))
        discovery = make_discovery(settings, now_us, lambda _: lock)
        async with stopping(discovery):
            await discovery.start()
            url = f"tcp://127.0.0.1:{printer.port}"
            discovery.add(Sighting(source=Source.MANUAL, at_us=now_us(), urls=(url,)))
            found = await until(device(discovery, lambda each: each.urls), "the named printer")
            await until(lambda: not discovery._interviews, "the interview ends")
            discovery.suspect(found.key)
            await until(lambda: len(discovery._tasks) == 2, "the look ends")
            assert discovery.devices()[0].state is State.NEW
            assert printer.hosts == 0


async def test_a_source_that_fails_stops_no_other() -> None:
    """MDNS on an address that is not ours fails and says so; the sweep goes on."""
    async with printers("zpl") as (printer,):
        settings = Settings(
            networks=HERE,
            interfaces=("203.0.113.9",),
            sources=(Source.MDNS, Source.SWEEP, Source.PROBE),
            sweep_ports=(printer.port,),
        )
        async with stopping(make_discovery(settings, now_us)) as discovery:
            found = await discovery.scan(10)
            assert [printer.url] == [each.url for each in found]
            assert list(discovery.problems) == [Source.MDNS]


async def test_a_listener_that_fails_stops_nothing() -> None:
    """An error of whoever is told about changes is theirs."""

    def broken(_: Device) -> None:
        raise RuntimeError("mine")

    async with (
        printers("zpl") as (printer,),
        stopping(make_discovery(allowed(printer), now_us, on_change=broken)) as discovery,
    ):
        assert [printer.url] == [each.url for each in await discovery.scan(10)]


async def test_an_address_outside_the_networks_is_never_spoken_to() -> None:
    """A record may name any address; only allowed and attached networks are asked."""
    settings = Settings(sources=(Source.PROBE, Source.SNMP), watch_interval_s=0.05)
    async with stopping(make_discovery(settings, now_us)) as discovery:
        await discovery.start()
        urls = ("tcp://198.51.100.7:9100", "tcp://printer.example:9100")
        for url in urls:
            discovery.add(Sighting(source=Source.MDNS, at_us=now_us(), urls=(url,)))
        await until(lambda: len(discovery.devices()) == 2, "both are listed")
        assert discovery._interviews == {}
        assert [discovery._may_speak_to(url) for url in urls] == [False, False]


@pytest.mark.parametrize("network", ["10.0.0.0/21", "10.0.0.0/8", "fd00::/64", "tomorrow"])
def test_a_network_too_large_or_none_is_refused(network: str) -> None:
    """More than a /22 is swept only when told, more than a /16 never; the error says what to do."""
    with pytest.raises(DriverError) as refused:
        make_discovery(Settings(networks=(network,)), now_us)
    assert refused.value.hint


def test_a_wide_network_is_swept_when_told() -> None:
    """The /22 is the largest unasked."""
    assert len(parse_networks(("10.0.0.0/22",), is_wide=False)) == 1
    assert len(parse_networks(("10.0.0.0/16",), is_wide=True)) == 1
    with pytest.raises(DriverError):
        parse_networks(("10.0.0.0/15",), is_wide=True)


async def test_a_sweep_knocks_at_no_more_than_64_doors_at_once() -> None:
    """Bounded: a /24 of the loopback network, three ports each, is swept within the limit."""
    seen: list[object] = []
    most = 0
    async with printers("zpl") as (printer,):
        networks = parse_networks(("127.0.0.0/24",), is_wide=False)
        sweep = SweepSource(networks, (printer.port, 1, 2), 60, "/", now_us, seen.append)
        looking = asyncio.ensure_future(sweep.look())
        while not looking.done():
            most = max(most, len(asyncio.all_tasks()))
            await asyncio.sleep(0)
    assert len(seen) == 1
    assert most <= IN_FLIGHT_MAX + 10


def test_the_neighbour_table_tells_the_mac(tmp_path: Path) -> None:
    """The kernel's ARP table names the MAC of who answered; an incomplete entry names nobody."""
    table = tmp_path / "proc/thread-self/net/arp"
    table.parent.mkdir(parents=True)
    table.write_text(
        "IP address HW type Flags HW address Mask Device\n"
        "10.0.0.9 0x1 0x2 00:07:AB:12:cd:34 * eth0\n"
        "10.0.0.8 0x1 0x0 00:00:00:00:00:00 * eth0\n"
    )
    macs = [mac_of(host, str(tmp_path)) for host in ("10.0.0.9", "10.0.0.8", "10.0.0.7")]
    assert macs == ["0007ab12cd34", "", ""]
    assert mac_of("10.0.0.9", str(tmp_path / "none")) == ""
    assert "127.0.0.1" in {own.address for own in attached()}
