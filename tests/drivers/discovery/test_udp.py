"""Vendors' UDP search: exact bytes, a printer of another subnet, noise."""

import asyncio
import ipaddress
import socket
import time
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Kind, Sighting, Source
from drivers.discovery import udp
from drivers.discovery.model import Miss
from drivers.discovery.udp import UdpSource, sighting_of_oem, sighting_of_zebra
from tests.drivers.discovery.peers import until

SUBNETS = (ipaddress.IPv4Network("10.0.0.0/24"),)
LOOPBACK = (ipaddress.IPv4Network("127.0.0.0/8"),)


def zebra(address: str) -> bytes:
    ip = ipaddress.IPv4Address(address).packed
    reply = bytearray(120)
    reply[0:4] = udp.ZEBRA_FOUND
    reply[12:24] = b"ZTC ZD421-20"
    reply[39:47] = b"V93.21.1"
    reply[60:67] = b"D2J2043"
    reply[72:84] = ip + bytes([255, 255, 255, 0]) + bytes(4)
    reply[84:94] = b"zebra-door"
    return bytes(reply)


def oem(address: str, port: int = 9100) -> bytes:
    ip = ipaddress.IPv4Address(address).packed
    body = bytes.fromhex("0007ab12cd34") + b"\x0f\x00" + ip + b"\xff\xff\xff\x00" + bytes(4)
    return udp.OEM_FOUND + body + port.to_bytes(2, "little") + b"\x01"


def test_a_zebras_reply_is_read() -> None:
    """Model, serial number, name and address stand at their places (DEV-1)."""
    seen = sighting_of_zebra(zebra("10.0.0.9"), 5, SUBNETS)
    assert seen is not None
    assert (
        seen.model,
        seen.serial,
        seen.name,
        seen.language,
    ) == ("ZTC ZD421-20", "D2J2043", "zebra-door", "zpl")
    assert seen.urls == ("tcp://10.0.0.9:9100",)


def test_a_printer_with_an_address_elsewhere_is_reported() -> None:
    """Reached by broadcast but not by its address: no URL, and the reason."""
    seen = sighting_of_oem(oem("192.168.123.100"), 5, SUBNETS)
    assert seen is not None
    assert (seen.urls, seen.mac, seen.kind) == ((), "0007ab12cd34", Kind.PRINTER)
    assert seen.note == "misconfigured IP 192.168.123.100 mask 255.255.255.0: not in this network"


def test_nothing_here_can_rewrite_a_printers_address() -> None:
    """The family's order to save an address is not among what is sent."""
    assert {b"MP4200FIND", bytes.fromhex("2e2c3a010000")} == {udp.OEM_FIND, udp.ZEBRA_FIND}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=130), st.integers(0, 119), st.binary(max_size=5))
def test_any_datagram_makes_a_sighting_or_none(noise: bytes, at: int, patch: bytes) -> None:
    """Invariant: noise and damaged replies never raise."""
    for good in (zebra("10.0.0.9"), oem("10.0.0.9")):
        damaged = good[:at] + patch + good[at + len(patch) :]
        for datagram in (noise, damaged, good[:at], good[:4] + noise):
            for parse in (sighting_of_zebra, sighting_of_oem):
                seen = parse(datagram, 0, SUBNETS)
                assert seen is None or seen.source is Source.UDP


async def test_printers_answer_a_broadcast_on_the_loopback_network() -> None:
    """Real datagrams: two printers of both families are asked by broadcast and answer."""
    loop = asyncio.get_running_loop()
    heard: list[Sighting | Miss] = []

    class Printer(asyncio.DatagramProtocol):
        def __init__(self, question: bytes, reply: bytes) -> None:
            self.question, self.reply = question, reply

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.DatagramTransport", transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if data == self.question:
                self.transport.sendto(b"noise", addr)
                self.transport.sendto(self.reply, addr)

    async def printer(question: bytes, reply: bytes) -> asyncio.DatagramTransport:
        port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        port.bind(("", 0))
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Printer(question, reply), sock=port
        )
        return transport

    both = [
        await printer(udp.ZEBRA_FIND, zebra("127.0.0.7")),
        await printer(udp.OEM_FIND, oem("127.0.0.8", 9101)),
    ]
    ports = (both[0].get_extra_info("sockname")[1], both[1].get_extra_info("sockname")[1])
    source = UdpSource(LOOPBACK, ports, 60, time.monotonic_ns, heard.append)
    looking = asyncio.create_task(source.look())
    urls = {"tcp://127.0.0.7:9100", "tcp://127.0.0.8:9101"}
    await until(
        lambda: urls <= {url for s in heard if isinstance(s, Sighting) for url in s.urls},
        "both printers answer",
    )
    looking.cancel()
    for transport in both:
        transport.close()
    await asyncio.gather(looking, return_exceptions=True)
