"""The machine's own IPv4 networks, and who may be spoken to."""

import fcntl
import ipaddress
import socket
import struct
from pathlib import Path
from typing import Final

import msgspec

from drivers.api import DriverError

HOSTS_MAX: Final = 1_022
"""Of a /22: the largest network swept without being told."""
WIDE_HOSTS_MAX: Final = 65_534
_SIOCGIFADDR: Final = 0x8915
_SIOCGIFNETMASK: Final = 0x891B
_MAC_DIGITS: Final = 12


class Attached(msgspec.Struct, frozen=True):
    """An own address and the network on its interface."""

    interface: str
    address: str
    network: ipaddress.IPv4Network


def attached() -> tuple[Attached, ...]:
    """Return the first IPv4 address of each interface that has one."""
    found: list[Attached] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                address, mask = (
                    socket.inet_ntoa(fcntl.ioctl(asker.fileno(), code, request)[20:24])
                    for code in (_SIOCGIFADDR, _SIOCGIFNETMASK)
                )
            except OSError:
                continue  # no IPv4 address
            network = ipaddress.IPv4Network(f"{address}/{mask}", strict=False)
            found.append(Attached(name, address, network))
    return tuple(found)


def parse_networks(
    networks: tuple[str, ...], *, is_wide: bool
) -> tuple[ipaddress.IPv4Network, ...]:
    """Return the networks that may be swept; raise `DriverError` for one that may not."""
    parsed: list[ipaddress.IPv4Network] = []
    for text in networks:
        try:
            network = ipaddress.IPv4Network(text, strict=False)
        except ValueError as error:
            raise DriverError("sweep", text, str(error), "write it as 10.0.0.0/24") from error
        hosts_max = WIDE_HOSTS_MAX if is_wide else HOSTS_MAX
        if network.num_addresses - 2 > hosts_max:
            raise DriverError(
                "sweep",
                text,
                f"{network.num_addresses} addresses are more than {hosts_max}",
                "name smaller networks, or allow wide sweeps (never more than a /16)",
            )
        parsed.append(network)
    return tuple(parsed)


def is_within(host: str, networks: tuple[ipaddress.IPv4Network, ...]) -> bool:
    """Whether `host` is an address in one of the networks."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in networks)


def mac_of(host: str, root: str = "/") -> str:
    """Return the MAC that the kernel knows for a neighbour, as 12 digits, or nothing."""
    try:
        table = Path(root, "proc/thread-self/net/arp").read_text()
    except OSError:
        return ""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 3 and fields[0] == host:  # noqa: PLR2004 - the fourth is the MAC
            mac = fields[3].replace(":", "").lower()
            return mac if len(mac) == _MAC_DIGITS and mac.strip("0") else ""
    return ""
