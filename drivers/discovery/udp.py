"""Vendors' own search by UDP broadcast, which also reaches printers with an address elsewhere.

Zebra: port 4201. "80 mm" printers of Xprinter, Rongta and others: port 1460, MP4200FIND. That
family's MP4200SAVE rewrites a printer's address and is not in this code.
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import Final

from drivers.discovery.model import RAW_PORT, Kind, Miss, Sighting, Source
from drivers.discovery.nets import Attached, attached
from drivers.discovery.rounds import Rounds

ZEBRA_FIND: Final = bytes.fromhex("2e2c3a010000")
ZEBRA_FOUND: Final = bytes.fromhex("3a2c2e03")
ZEBRA_BYTES_MIN: Final = 84
OEM_FIND: Final = b"MP4200FIND"
OEM_FOUND: Final = b"MP4200FOUND"
OEM_BYTES_MIN: Final = 33
"""After the word itself: MAC, length, addresses, port."""
OEM_REPLY_PORT: Final = 4040
"""Where that family sends its replies, whoever asked."""
ROUNDS: Final = 3
ROUND_S: Final = 0.5
REPLIES_MAX: Final = 512

Subnets = tuple[ipaddress.IPv4Network, ...]


def sighting_of_zebra(reply: bytes, at_us: int, subnets: Subnets) -> Sighting | None:
    """Return what a Zebra's reply says; None for anything else."""
    if not reply.startswith(ZEBRA_FOUND) or len(reply) < ZEBRA_BYTES_MIN:
        return None
    address = ipaddress.IPv4Address(reply[72:76])
    urls, note = _where(address, ipaddress.IPv4Address(reply[76:80]), RAW_PORT, subnets)
    return Sighting(
        source=Source.UDP,
        at_us=at_us,
        kind=Kind.PRINTER,
        urls=urls,
        serial=_text(reply[60:70]),
        name=_text(reply[84:109]),
        make="Zebra",
        model=_text(reply[12:32]),
        language="zpl",
        note=note or _text(reply[39:49]),
    )


def sighting_of_oem(reply: bytes, at_us: int, subnets: Subnets) -> Sighting | None:
    """Return what an MP4200 printer's reply says; None for anything else."""
    start = reply.find(OEM_FOUND)
    body = reply[start + len(OEM_FOUND) :]
    if start < 0 or len(body) < OEM_BYTES_MIN - len(OEM_FOUND):
        return None
    mac, address, mask = body[0:6], body[8:12], body[12:16]
    port = int.from_bytes(body[20:22], "little")
    urls, note = _where(
        ipaddress.IPv4Address(address), ipaddress.IPv4Address(mask), port or RAW_PORT, subnets
    )
    return Sighting(
        source=Source.UDP,
        at_us=at_us,
        kind=Kind.PRINTER,
        urls=urls,
        mac=mac.hex() if any(mac) else "",
        note=note,
    )


def _where(
    address: ipaddress.IPv4Address, mask: ipaddress.IPv4Address, port: int, subnets: Subnets
) -> tuple[tuple[str, ...], str]:
    """Return its URL, or none and what is wrong with its address."""
    if any(address in subnet for subnet in subnets):
        return (f"tcp://{address}:{port}",), ""
    return (), f"misconfigured IP {address} mask {mask}: not in this network"


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("ascii", "replace").strip()


class UdpSource(Rounds):
    """See `drivers.discovery.manager.Watcher`."""

    source = Source.UDP

    def __init__(
        self,
        networks: Subnets,
        ports: tuple[int, int],
        interval_s: float,
        now_us: Callable[[], int],
        emit: Callable[[Sighting | Miss], None],
    ) -> None:
        """`ports` are Zebra's and the MP4200 family's."""
        self.interval_s = interval_s
        self._networks = networks
        self._ports = ports
        self._now_us = now_us
        self._emit = emit

    async def look(self) -> None:
        """Ask on each own network that the operator allowed."""
        own = [a for a in attached() if any(a.network.overlaps(n) for n in self._networks)]
        await asyncio.gather(*(self._ask(one) for one in own))

    async def _ask(self, own: Attached) -> None:
        loop = asyncio.get_running_loop()
        with _broadcaster(own) as asker:
            replies = 0
            for _ in range(ROUNDS):
                for port, question in zip(self._ports, (ZEBRA_FIND, OEM_FIND), strict=True):
                    for target in {str(own.network.broadcast_address), "255.255.255.255"}:
                        with contextlib.suppress(OSError):  # one of the two is enough
                            asker.sendto(question, (target, port))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ROUND_S):
                        while replies < REPLIES_MAX:
                            self._read(await loop.sock_recv(asker, 2_048), own)
                            replies += 1

    def _read(self, reply: bytes, own: Attached) -> None:
        subnets = (own.network, *self._networks)
        for parse in (sighting_of_zebra, sighting_of_oem):
            seen = parse(reply, self._now_us(), subnets)
            if seen is not None:
                self._emit(seen)


@contextlib.contextmanager
def _broadcaster(own: Attached) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0)
        asker.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        with contextlib.suppress(PermissionError):  # then the default route's network is asked
            asker.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, own.interface.encode())
        try:
            asker.bind(("", OEM_REPLY_PORT))
        except OSError:
            asker.bind(("", 0))
        yield asker
