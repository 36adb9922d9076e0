"""Two hosts across a veth pair: a real /24 is swept, mDNS and UDP broadcasts cross a real link.

Needs root to make network namespaces. Without, the same tests run on the loopback network and say
so; what they cannot show there is the MAC address, so the silent printer's move is left to the
announced one.
"""

import asyncio
import contextlib
import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from drivers.api import Device, Settings, Source, State, fake_printer, make_discovery
from drivers.discovery import udp
from drivers.discovery.manager import Discovery
from tests.drivers.discovery.peers import avahi, device, in_namespace, tool, until

T = TypeVar("T")
UUID = "4509a320-00a0-008f-00b6-002507510eca"
PORT = 9100
ANY = "0.0.0.0"  # noqa: S104 - a host of the test alone


@dataclasses.dataclass(frozen=True)
class Site:
    """A box's end and a printers' end, on two hosts or on one."""

    box: str
    far: str
    network: str
    box_ip: str
    printer_ip: str
    moved_ip: str
    link: str
    is_real: bool

    async def at_box(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await (in_namespace(self.box, make) if self.is_real else make())

    async def at_far(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await (in_namespace(self.far, make) if self.is_real else make())

    @property
    def prefix(self) -> tuple[str, ...]:
        return (tool("ip"), "netns", "exec", self.far) if self.is_real else ()

    def far_ip(self, *words: str) -> None:
        _ip(*(("-n", self.far) if self.is_real else ()), *words)


def _ip(*words: str) -> None:
    subprocess.run([tool("ip"), *words], check=True, capture_output=True)


@contextlib.contextmanager
def _two_hosts() -> Any:
    box, far = f"fgbox{os.getpid()}", f"fgfar{os.getpid()}"
    try:
        for name, address, link in ((box, "10.71.0.1/24", "box0"), (far, "10.71.0.77/24", "far0")):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
            if name == far:
                _ip("-n", box, "link", "add", "box0", "type", "veth", "peer", "far0", "netns", far)
                _ip("-n", box, "addr", "add", "10.71.0.1/24", "dev", "box0")
                _ip("-n", box, "link", "set", "box0", "up")
                _ip("-n", far, "addr", "add", address, "dev", link)
                _ip("-n", far, "link", "set", link, "up")
        yield Site(
            box, far, "10.71.0.0/24", "10.71.0.1", "10.71.0.77", "10.71.0.140", "far0", is_real=True
        )
    finally:
        for name in (box, far):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "del", name)


@pytest.fixture
def site() -> Any:
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(_two_hosts())
        except subprocess.CalledProcessError as error:
            sys.stdout.write(f"no network namespaces ({error.stderr!r}): on loopback instead\n")
            found = Site(
                *("", "", "127.0.0.64/27", "127.0.0.1", "127.0.0.77", "127.0.0.78", "lo"),
                is_real=False,
            )
        yield found


def now_us() -> int:
    return time.monotonic_ns() // 1_000


async def serve(site: Site) -> None:
    """Run a ZPL printer at the far end until cancelled."""

    async def run() -> None:
        printer = fake_printer("zpl", ANY if site.is_real else site.printer_ip, PORT)
        await printer.start()
        try:
            await asyncio.Event().wait()
        finally:
            await printer.stop()

    await site.at_far(run)


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_silent_printer_is_swept_on_a_real_network_and_followed(site: Site) -> None:
    """A /24 is swept in seconds; the printer's MAC keeps its identity at a new address (DEV-2)."""
    settings = Settings(
        networks=(site.network,),
        sources=(Source.SWEEP, Source.PROBE),
        watch_interval_s=1,
        sweep_interval_s=3,
    )

    async def at_box() -> tuple[Device, float, Device | None, float]:
        discovery = make_discovery(settings, now_us)
        try:
            started = time.monotonic()
            await discovery.start()
            found = await until(
                device(discovery, lambda each: each.language == "zpl"), "the silent printer"
            )
            found_s = time.monotonic() - started
            if not site.is_real:
                return found, found_s, None, 0.0
            site.far_ip("addr", "del", f"{site.printer_ip}/24", "dev", site.link)
            site.far_ip("addr", "add", f"{site.moved_ip}/24", "dev", site.link)
            started = time.monotonic()
            url = f"tcp://{site.moved_ip}:{PORT}"
            moved = await until(device(discovery, lambda each: url in each.urls), "it moved")
            return found, found_s, moved, time.monotonic() - started
        finally:
            await discovery.stop()

    async with running(serve(site)):
        found, found_s, moved, moved_s = await site.at_box(at_box)
    sys.stdout.write(f"{site.network}: found in {found_s:.1f} s, followed in {moved_s:.1f} s\n")
    assert f"tcp://{site.printer_ip}:{PORT}?lang=zpl" == found.url
    if moved is not None:
        assert found.key.startswith("mac:")
        assert (found.key, State.IDENTIFIED, ()) == (moved.key, moved.state, moved.conflicts)


async def test_an_announced_printer_is_found_across_the_link(site: Site, tmp_path: Path) -> None:
    """MDNS crosses the link: avahi on the far host, discovery on the box (DEV-1)."""
    settings = Settings(interfaces=(site.box_ip,), sources=(Source.MDNS,))

    async def at_box() -> Device:
        discovery: Discovery = make_discovery(settings, now_us)
        await discovery.start()
        try:
            return await until(device(discovery, lambda each: each.urls), "the announced printer")
        finally:
            await discovery.stop()

    async with avahi(tmp_path, site.link, site.prefix) as far:
        far.publish("Far", "_pdl-datastream._tcp", PORT, f"UUID={UUID}", "usb_CMD=TSPL")
        found = await site.at_box(at_box)
    host = site.printer_ip if site.is_real else "127.0.0.1"
    assert (f"uuid:{UUID}", f"tcp://{host}:{PORT}?lang=tspl") == (found.key, found.url)


async def test_a_printer_with_an_address_elsewhere_answers_a_broadcast(site: Site) -> None:
    """Asked by broadcast, a printer set to another subnet is reported as misconfigured (DEV-1)."""
    settings = Settings(
        networks=(site.network,), sources=(Source.UDP,), udp_interval_s=1, oem_port=14_600
    )
    body = bytes.fromhex("0007ab12cd34") + b"\x0f\x00" + bytes([192, 168, 123, 100])
    reply = udp.OEM_FOUND + body + b"\xff\xff\xff\x00" + bytes(4) + b"\x8c\x23\x01"

    async def printer() -> None:
        class Oem(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport: Any = transport

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                if data == udp.OEM_FIND:
                    self.transport.sendto(reply, addr)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            Oem,
            local_addr=(ANY, 14_600),
            allow_broadcast=True,
        )
        try:
            await asyncio.Event().wait()
        finally:
            transport.close()
            await asyncio.sleep(0)

    async def at_box() -> Device:
        discovery: Discovery = make_discovery(settings, now_us)
        await discovery.start()
        try:
            return await until(device(discovery, lambda each: each.fact("note")), "its reply")
        finally:
            await discovery.stop()

    async with running(site.at_far(printer)):
        found = await site.at_box(at_box)
    assert (found.key, found.urls) == ("mac:0007ab12cd34", ())
    assert found.fact("note").startswith("misconfigured IP 192.168.123.100")
