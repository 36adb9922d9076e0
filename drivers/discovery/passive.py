"""What devices say of themselves unasked: IEEE 1284 ids and DNS-SD records. Pure.

Sources: IEEE 1284-2000 clause 7.6 (device id); Bonjour Printing Specification 1.2.1 (TXT keys).
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from drivers.discovery.model import Kind, Sighting, Source

TEXT_BYTES_MAX: Final = 4_096
KEYS_MAX: Final = 64
ADDRESSES_MAX: Final = 8

_LANGUAGES: Final = (
    ("tspl", re.compile(r"\bTSPL(?:2|-EZ\w*)?\b")),
    ("zpl", re.compile(r"\bZPL(?:[ _-]?(?:II|2))?\b")),
    ("escpos", re.compile(r"\bESC[/ _-]?POS\b")),
    ("cpcl", re.compile(r"\bCPCL\b")),
)
_MODELS: Final = (
    ("zpl", re.compile(r"\bzebra\b|\bZTC\b", re.IGNORECASE)),
    ("tspl", re.compile(r"^TSC\b")),
    ("escpos", re.compile(r"\bTM-[TLUm]\d", re.IGNORECASE)),
)
"""Makes and series that speak one language as they leave the factory; a probe overrules them."""
_1284_KEYS: Final = {
    "manufacturer": "mfg",
    "model": "mdl",
    "command set": "cmd",
    "serialnumber": "sn",
    "sern": "sn",
}
_PATH: Final = re.compile(r"[A-Za-z0-9._~/-]{1,200}")


def language_of_commands(commands: str) -> str:
    """Return the label language that a command-set list names first, else nothing."""
    found = [
        (match.start(), language)
        for language, pattern in _LANGUAGES
        if (match := pattern.search(commands.upper()))
    ]
    return min(found)[1] if found else ""


def language_of_model(make: str, model: str) -> str:
    """Return the language that a make or model is known for, else nothing."""
    words = f"{make} {model}".strip()
    return next((language for language, pattern in _MODELS if pattern.search(words)), "")


def parse_ieee1284(raw: bytes) -> dict[str, str]:
    """Return a device id's fields with their short lower-case names; nonsense is left out."""
    text = raw[:TEXT_BYTES_MAX].decode("utf-8", "replace")
    fields: dict[str, str] = {}
    for part in text.split(";")[:KEYS_MAX]:
        key, colon, value = part.partition(":")
        name = "".join(c for c in key if c.isprintable()).strip().lower()
        if colon and name and value.strip():
            fields.setdefault(_1284_KEYS.get(name, name), value.strip())
    return fields


def sighting_of_1284(raw: bytes, base: Sighting) -> Sighting:
    """Return `base` with what a printer's device id says added."""
    fields = parse_ieee1284(raw)
    make, model = fields.get("mfg", ""), fields.get("mdl", "")
    return msgspec.structs.replace(
        base,
        kind=Kind.PRINTER,
        make=base.make or make,
        model=base.model or model,
        name=base.name or fields.get("des", ""),
        serial=base.serial or fields.get("sn", ""),
        language=base.language
        or language_of_commands(fields.get("cmd", ""))
        or language_of_model(make, model),
    )


class Service(msgspec.Struct, frozen=True):
    """A resolved DNS-SD service."""

    type: str
    """Such as _ipp._tcp.local."""
    name: str
    """The instance's own part, such as "Zebra by the door"."""
    port: int
    addresses: tuple[str, ...]
    txt: Mapping[bytes, bytes | None]


SERVICE_TYPES: Final = {
    "_ipp._tcp.local.": "ipp",
    "_ipps._tcp.local.": "ipps",
    "_pdl-datastream._tcp.local.": "tcp",
    "_printer._tcp.local.": "lpd",
}
"""What is browsed, and the URL scheme that each stands for."""


def sighting_of_service(service: Service, at_us: int) -> Sighting | None:
    """Return what a service says; None for a placeholder, such as `_printer` at port 0."""
    scheme = SERVICE_TYPES.get(service.type)
    if scheme is None or not 0 < service.port < 65_536 or not service.addresses:  # noqa: PLR2004 - ports
        return None
    txt = _texts(service.txt)
    make, model = txt.get("usb_mfg", ""), txt.get("usb_mdl", "")
    model = model or txt.get("product", "").strip("()") or txt.get("ty", "")
    path = txt.get("rp", "").lstrip("/")
    tail = f"/{path if _PATH.fullmatch(path) else 'ipp/print'}" if "ipp" in scheme else ""
    language = language_of_commands(txt.get("usb_cmd", "")) or language_of_model(make, model)
    return Sighting(
        source=Source.MDNS,
        at_us=at_us,
        kind=Kind.PRINTER,
        urls=tuple(
            f"{scheme}://{address}:{service.port}{tail}"
            for address in service.addresses[:ADDRESSES_MAX]
            if _is_address(address)
        ),
        uuid=txt.get("uuid", "").removeprefix("urn:uuid:"),
        name=service.name,
        make=make,
        model=model,
        language=language,
        note=txt.get("note", ""),
    )


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified)


def _texts(txt: Mapping[bytes, bytes | None]) -> dict[str, str]:
    """Return TXT keys in lower case with their texts; the first of a key counts."""
    texts: dict[str, str] = {}
    for key, value in list(txt.items())[:KEYS_MAX]:
        if value:
            name = key.decode("ascii", "replace").lower()
            texts.setdefault(name, value.decode("utf-8", "replace"))
    return texts
