"""What discovery sees, and what it makes of it. Plain data."""

from enum import StrEnum
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import msgspec

RAW_PORT: Final = 9100
IPP_PORT: Final = 631
LPD_PORT: Final = 515
SAME_DEVICE_PORTS: Final = frozenset({80, 161, 443, LPD_PORT, IPP_PORT, 6101, RAW_PORT})
"""Ports that one printer has side by side. Any other port may be a device of its own."""
ASKED_BY_LANGUAGE: Final = ("tcp", "usb", "serial")
"""URL schemes that carry a printer language."""
IPP_SCHEMES: Final = ("ipps", "ipp")
URLS_MAX: Final = 4_096
"""Parsed URLs remembered."""
SCHEMES_BEST_FIRST: Final = ("usb", "tcp", "serial", "ipps", "ipp", "lpd", "hid")


class Source(StrEnum):
    """Who saw it; the most trusted word on a field first."""

    MANUAL = "manual"
    PROBE = "probe"
    """The device answered in its own language."""
    USB = "usb"
    MDNS = "mdns"
    SNMP = "snmp"
    UDP = "udp"
    """A vendor's own search protocol."""
    SERIAL = "serial"
    HID = "hid"
    SWEEP = "sweep"
    """A port of an allowed network was open."""


class Kind(StrEnum):
    """What sort of device it is."""

    PRINTER = "printer"
    SCANNER = "scanner"
    OTHER = "other"
    """It answered, and is neither."""
    UNKNOWN = "unknown"


class State(StrEnum):
    """Where a device stands. Adoption is not discovery's: a person decides it."""

    NEW = "new"
    IDENTIFIED = "identified"
    """Its kind is known and, for a printer, its language or that it speaks IPP."""
    STALE = "stale"
    """Missed three times, or not seen for 120 s."""
    GONE = "gone"
    """Stale for ten minutes, or known by another key now (`replaced_by`)."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that one source saw at one moment; empty = the source cannot tell."""

    source: Source
    at_us: int
    """By a clock that does not go back."""
    kind: Kind = Kind.UNKNOWN
    urls: tuple[str, ...] = ()
    """Ways to reach it: tcp://10.0.0.9:9100, usb:///dev/usb/lp0, hid:///dev/input/by-id/…"""
    uuid: str = ""
    serial: str = ""
    mac: str = ""
    """Twelve lower-case hexadecimal digits."""
    usb_path: str = ""
    """The socket it is plugged into: of a device without a serial number, the only identity."""
    name: str = ""
    make: str = ""
    model: str = ""
    language: str = ""
    """tspl, zpl, escpos or cpcl; that it speaks IPP shows in its URLs."""
    note: str = ""
    """What a person should know, such as an address outside the network."""


class Miss(msgspec.Struct, frozen=True):
    """A source looked where a device was, and it was not there."""

    source: Source
    url: str
    at_us: int
    is_certain: bool = False
    """Unplugged: no need to look three times."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator allows, and how often to look."""

    networks: tuple[str, ...] = ()
    """CIDR networks that may be swept and asked; none = no sweep."""
    is_wide: bool = False
    """Sweep networks larger than a /22 too."""
    interfaces: tuple[str, ...] = ()
    """Own IPv4 addresses to use mDNS on; none = all."""
    sources: tuple[Source, ...] = tuple(Source)
    sweep_interval_s: float = 60.0
    udp_interval_s: float = 60.0
    mdns_interval_s: float = 30.0
    local_interval_s: float = 2.0
    """USB, serial and HID: how soon a plugged device is seen."""
    watch_interval_s: float = 5.0
    """How often a known network device is looked at."""
    root: str = "/"
    """Where /sys, /dev and /proc are."""
    community: str = "public"
    """SNMP community."""
    sweep_ports: tuple[int, ...] = (RAW_PORT, IPP_PORT, LPD_PORT)
    snmp_port: int = 161
    zebra_port: int = 4201
    oem_port: int = 1460


class Progress(msgspec.Struct, frozen=True):
    """How far a scan is."""

    done: tuple[Source, ...]
    """Sources that have looked once."""
    waiting: tuple[Source, ...]
    devices: int


class Fact(msgspec.Struct, frozen=True):
    """One field of a device, and who says so."""

    value: str
    source: Source


class Clash(StrEnum):
    """What does not fit together."""

    SHARED_ADDRESS = "shared_address"
    """Two devices answer at one address."""
    TWO_ADDRESSES = "two_addresses"
    """One identity answers at two addresses at once: a copied serial number or MAC."""
    LANGUAGE = "language"
    """Two sources name different languages."""


class Conflict(msgspec.Struct, frozen=True):
    """A contradiction that a person should look into; `parties` are addresses, keys or claims."""

    clash: Clash
    parties: tuple[str, ...]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One physical device."""

    key: str
    """Its strongest id; stays when the address changes."""
    ids: tuple[str, ...]
    """All its ids, strongest first: uuid: serial: mac: usb: host:. One that was adopted is known
    again by any of them but host:, which is only an address."""
    state: State
    kind: Kind = Kind.UNKNOWN
    urls: tuple[str, ...] = ()
    """Where it is now, best way first."""
    facts: dict[str, Fact] = {}
    """`name`, `make`, `model`, `language` and `note`, as far as known."""
    sources: tuple[Source, ...] = ()
    first_us: int = 0
    last_us: int = 0
    """When it was last seen."""
    conflicts: tuple[Conflict, ...] = ()
    replaced_by: str = ""
    """The key under which it lives on, when more was learned of it."""

    def fact(self, field: str) -> str:
        """Return a field's value, or nothing."""
        found = self.facts.get(field)
        return found.value if found is not None else ""

    @property
    def language(self) -> str:
        """The label language; else ipp where it has such a URL; else nothing."""
        speaks_ipp = any(scheme_of(url) in IPP_SCHEMES for url in self.urls)
        return self.fact("language") or ("ipp" if speaks_ipp else "")

    @property
    def url(self) -> str:
        """The URL for `open_printer`, with the language where one is known; "" if nowhere."""
        language = self.language
        fitting = IPP_SCHEMES if language == "ipp" else ASKED_BY_LANGUAGE
        best = next((url for url in self.urls if scheme_of(url) in fitting), "")
        if not language or not best:
            return next(iter(self.urls), "")
        if language == "ipp":
            return best
        return f"{best}{'&' if '?' in best else '?'}lang={language}"


def scheme_of(url: str) -> str:
    """Return what stands before the colon."""
    return url.partition(":")[0]


@lru_cache(URLS_MAX)
def host_of(url: str) -> tuple[str, int] | None:
    """Return host and port of a network URL, else None."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    ports = {"tcp": RAW_PORT, "ipp": IPP_PORT, "ipps": IPP_PORT, "lpd": LPD_PORT}
    if parts.scheme not in ports or not parts.hostname:
        return None
    return parts.hostname, port or ports[parts.scheme]


@lru_cache(URLS_MAX)
def place_of(url: str) -> str:
    """Return what can hold one device: a host, a host's unusual port, or a path."""
    found = host_of(url)
    if found is None:
        return url
    host, port = found
    return host if port in SAME_DEVICE_PORTS else f"{host}:{port}"


def url_rank(url: str) -> tuple[int, bool, str]:
    """Sort URLs best way first."""
    scheme = scheme_of(url)
    known = SCHEMES_BEST_FIRST
    rank = known.index(scheme) if scheme in known else len(known)
    found = host_of(url)
    return rank, found is not None and found[1] != RAW_PORT, url
