"""Serial ports: USB adapters and scanners, by-id where they have a serial number, else by-path.

Adapters without a serial number (CH340) share one by-id name; only the socket tells them apart.
"""

from pathlib import Path
from typing import Final

from drivers.discovery.model import Kind, Sighting, Source
from drivers.discovery.usb import DEVICES_MAX, read_text

SCANNER_WORDS: Final = ("barcode", "scanner", "honeywell", "datalogic", "newland", "symbol")
"""In a USB product or vendor name: it is a scanner."""
PARENTS_MAX: Final = 6


def find(root: str, at_us: int) -> list[Sighting]:
    """Return the serial ports that udev named; the box's own ttyS* are added by hand."""
    by_path = _links(Path(root, "dev/serial/by-path"))
    by_id = _links(Path(root, "dev/serial/by-id"))
    found: list[Sighting] = []
    for tty in sorted({*by_path, *by_id})[:DEVICES_MAX]:
        usb = _usb_device(Path(root, "sys/class/tty", tty, "device"))
        serial = read_text(usb / "serial") if usb else ""
        make, product = (
            read_text(usb / name) if usb else "" for name in ("manufacturer", "product")
        )
        path = by_path.get(tty, "")
        name = by_id.get(tty, "") if serial or not path else ""
        folder, link = ("by-id", name) if name else ("by-path", path)
        found.append(
            Sighting(
                source=Source.SERIAL,
                at_us=at_us,
                kind=Kind.SCANNER if is_scanner(f"{make} {product}") else Kind.UNKNOWN,
                urls=(f"serial:///dev/serial/{folder}/{link}",),
                serial=f"{make} {serial}".strip() if serial else "",
                usb_path=path or link,
                name=product or by_id.get(tty, ""),
                make=make,
                model=product,
            )
        )
    return found


def is_scanner(words: str) -> bool:
    """Whether a name is a scanner's."""
    return any(word in words.lower() for word in SCANNER_WORDS)


def _links(folder: Path) -> dict[str, str]:
    """Return, for each device node, the link of `folder` that leads to it."""
    try:
        links = sorted(folder.iterdir())[:DEVICES_MAX]
    except OSError:
        return {}
    return {link.resolve().name: link.name for link in links}


def _usb_device(device: Path) -> Path | None:
    """Return the USB device's folder above a tty's, where the names are."""
    folder = device.resolve()
    for parent in (folder, *folder.parents[:PARENTS_MAX]):
        if (parent / "idVendor").exists():
            return parent
    return None
