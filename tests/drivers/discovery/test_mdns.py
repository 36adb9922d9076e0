"""Printers that announce themselves, against avahi and CUPS's own virtual IPP printer."""

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from zeroconf import ServiceStateChange
from zeroconf.asyncio import AsyncZeroconf

from drivers.api import (
    Device,
    Kind,
    Settings,
    Sighting,
    Source,
    State,
    announce_box,
    fake_printer,
    make_discovery,
)
from drivers.discovery import mdns
from drivers.discovery.manager import Discovery
from tests.drivers.discovery.peers import Avahi, avahi, device, tool, until

UUID = "4509a320-00a0-008f-00b6-002507510eca"
ZEBRA = ("txtvers=1", "ty=Zebra ZD421", "usb_MFG=Zebra Technologies", "usb_MDL=ZD421-203dpi")
LOOPBACK = Settings(interfaces=("127.0.0.1",), sources=(Source.MDNS,), mdns_interval_s=0.3)


def now_us() -> int:
    return time.monotonic_ns() // 1_000


@contextlib.asynccontextmanager
async def discovering(settings: Settings = LOOPBACK) -> AsyncIterator[Discovery]:
    discovery = make_discovery(settings, now_us)
    await discovery.start()
    try:
        yield discovery
    finally:
        await discovery.stop()


def named(
    discovery: Discovery, name: str, wanted: Callable[[Device], object]
) -> Callable[[], Device | None]:
    """Look for a device of that name: others on this machine may be announced at the same time."""
    return device(discovery, lambda each: each.fact("name") == name and wanted(each))


@pytest.fixture
async def responder(tmp_path: Path) -> AsyncIterator[Avahi]:
    async with avahi(tmp_path) as running:
        yield running


async def test_one_printer_with_three_services_is_one_device(responder: Avahi) -> None:
    """Avahi announces raw port, LPD and IPP of a printer: one device (DEV-1)."""
    name = "Zebra 门口"
    responder.publish(name, "_pdl-datastream._tcp", 9100, *ZEBRA, "usb_CMD=ZPL", f"UUID={UUID}")
    responder.publish(name, "_ipp._tcp", 631, *ZEBRA, "rp=ipp/print", f"UUID={UUID}")
    responder.publish(name, "_printer._tcp", 515, *ZEBRA, "rp=auto")
    async with discovering() as discovery:
        found = await until(
            named(discovery, name, lambda each: len(each.urls) == 3), "three ways to one printer"
        )
        same = [each.key for each in discovery.devices() if each.fact("name") == name]
        assert [found.key] == same
    assert (f"uuid:{UUID}", State.IDENTIFIED, "zpl") == (found.key, found.state, found.language)
    assert (name, "ZD421-203dpi") == (found.fact("name"), found.fact("model"))
    assert [url.partition(":")[0] for url in found.urls] == ["tcp", "ipp", "lpd"]


async def test_nonsense_in_txt_records_survives(responder: Avahi) -> None:
    """TXT records with odd bytes, no value, twice the same key and hostile paths do no harm."""
    txt = ("UUID", "ty=", "usb_CMD=\x01\x02", "rp=../../etc/x?lang=zpl", "note=" + "九" * 60, "=x")
    responder.publish("Odd one", "_ipp._tcp", 8631, *txt)
    async with discovering() as discovery:
        odd = await until(named(discovery, "Odd one", lambda _: True), "the odd printer")
    assert odd.urls == ("ipp://127.0.0.1:8631/ipp/print",)
    assert (odd.kind, odd.fact("note")) == (Kind.PRINTER, "九" * 60)


async def test_a_printer_that_leaves_is_missed_and_found_again(responder: Avahi) -> None:
    """A goodbye makes it stale within the rounds; announced anew it is back (DEV-4)."""
    first = responder.publish("Leaver", "_pdl-datastream._tcp", 9100, "usb_CMD=TSPL")
    async with discovering() as discovery:

        def in_state(state: State) -> Callable[[], Device | None]:
            return named(discovery, "Leaver", lambda each: each.state is state)

        await until(in_state(State.IDENTIFIED), "the printer")
        first.terminate()
        await until(in_state(State.STALE), "three rounds without an answer")
        responder.publish("Leaver", "_pdl-datastream._tcp", 9100, "usb_CMD=TSPL")
        await until(in_state(State.IDENTIFIED), "the printer again")


async def test_a_service_that_fell_silent_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Years see more names than are followed at once: the one silent longest is forgotten."""
    monkeypatch.setattr(mdns, "NAMES_MAX", 3)
    source = mdns.MdnsSource((), 1.0, now_us, lambda _: None)
    names = [("_ipp._tcp.local.", f"{each}._ipp._tcp.local.") for each in "abc"]
    source._urls = dict.fromkeys(names, ())
    assert not source._has_room()
    async with AsyncZeroconf(interfaces=["127.0.0.1"]) as zeroconf:
        for name in (names[2], names[0]):
            source._heard(zeroconf.zeroconf, *name, ServiceStateChange.Removed)
    assert source._has_room()
    assert list(source._urls) == names[:2]
    source._urls["_ipp._tcp.local.", "new"] = ()
    assert source._has_room()
    assert (names[0] in source._urls, source._has_room()) == (False, True)


def office_printer(responder: Avahi, folder: Path) -> int:
    """Run CUPS's virtual IPP printer; return its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    responder.run(
        *(tool("ippeveprinter"), "-p", str(port), "-n", "localhost", "-d", str(folder)),
        *("-f", "image/pwg-raster", "-M", "Deli", "-m", "DL-888", "Office IPP"),
    )
    return port


async def test_a_silent_ipp_port_is_asked_whether_it_is_a_printer(
    responder: Avahi, tmp_path: Path
) -> None:
    """A swept IPP port may be any web server; one that answers IPP is a printer with a model."""
    port = office_printer(responder, tmp_path)
    settings = Settings(sources=(Source.PROBE,))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        ports = (port, mute.getsockname()[1])
        await until(lambda: _is_open(port), "the IPP printer listens")
        async with discovering(settings) as discovery:
            for each in ports:
                url = f"ipp://127.0.0.1:{each}/ipp/print"
                discovery.add(Sighting(source=Source.SWEEP, at_us=now_us(), urls=(url,)))
            found = await until(
                device(discovery, lambda each: each.state is State.IDENTIFIED), "its answer"
            )
            assert len(discovery.devices()) == 2
    assert (found.fact("model"), found.kind) == ("Deli DL-888", Kind.PRINTER)
    assert f"ipp://127.0.0.1:{port}/ipp/print" == found.url


def _is_open(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


async def test_cups_virtual_printer_is_found_by_its_uuid(responder: Avahi, tmp_path: Path) -> None:
    """Ippeveprinter's IPP service is found; its LPD placeholder at port 0 is no address."""
    office_printer(responder, tmp_path)
    async with discovering() as discovery:
        found = await until(
            named(discovery, "Office IPP", lambda each: each.urls), "the IPP printer"
        )
    assert {"ipp", "ipps"} >= {url.partition(":")[0] for url in found.urls}
    assert (
        found.state,
        found.language,
        found.fact("name"),
    ) == (State.IDENTIFIED, "ipp", "Office IPP")
    assert found.key.startswith("uuid:")


async def test_a_new_address_of_a_known_printer_is_followed(responder: Avahi) -> None:
    """Announced at another port under its UUID, it is the same device at a new URL (DEV-2)."""
    first = responder.publish("Mover", "_ipp._tcp", 8631, f"UUID={UUID}", "rp=ipp/print")
    seen: list[Device] = []
    discovery = make_discovery(LOOPBACK, now_us, on_change=seen.append)
    await discovery.start()
    try:
        await until(named(discovery, "Mover", lambda each: each.urls), "the printer")
        first.terminate()
        responder.publish("Mover", "_ipp._tcp", 8632, f"UUID={UUID}", "rp=ipp/print")
        new = ("ipp://127.0.0.1:8632/ipp/print",)
        moved = named(discovery, "Mover", lambda each: each.urls == new)
        await until(moved, "the new address", 10)
    finally:
        await discovery.stop()
    assert {f"uuid:{UUID}"} == {each.key for each in seen if each.fact("name") == "Mover"}


async def test_the_box_announces_itself(responder: Avahi) -> None:
    """A stranger's browser reads the box's name, id, port and fingerprint (DEV-6)."""
    announcement = announce_box("box-7", "一号仓 gate", 8443, "ab:cd", ("127.0.0.1",))
    await announcement.start()
    try:
        browser = responder.run(tool("avahi-browse"), "-rpf", "_floorgate._tcp")
        assert browser.stdout is not None

        def next_line() -> bytes:
            assert browser.stdout is not None
            return browser.stdout.readline()

        async with asyncio.timeout(20):
            while not (line := await asyncio.to_thread(next_line)).startswith(b"="):
                assert line, "avahi-browse ended"
    finally:
        await announcement.stop()
        await announcement.stop()
    text = re.sub(rb"\\(\d{3})", lambda byte: bytes([int(byte[1])]), line).decode()
    assert "127.0.0.1;8443" in text
    for word in ('"id=box-7"', '"fp=ab:cd"', '"name=一号仓 gate"'):
        assert word in text


async def test_an_announced_printer_without_language_is_asked(responder: Avahi) -> None:
    """What the record does not tell, the printer's own answer does."""
    printer = fake_printer("zpl")
    await printer.start()
    settings = Settings(interfaces=("127.0.0.1",), sources=(Source.MDNS, Source.PROBE))
    try:
        responder.publish("Nameless", "_pdl-datastream._tcp", printer.port)
        async with discovering(settings) as discovery:
            found = await until(
                named(discovery, "Nameless", lambda each: each.state is State.IDENTIFIED),
                "its language",
            )
    finally:
        await printer.stop()
    assert printer.url == found.url
    assert [label.n for label in printer.labels] == []
