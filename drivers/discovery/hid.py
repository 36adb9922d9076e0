"""Keyboards, some of which are scanners: /dev/input/by-id/*-event-kbd. Lists, never grabs."""

from pathlib import Path

from drivers.discovery.model import Kind, Sighting, Source
from drivers.discovery.serialport import is_scanner
from drivers.discovery.usb import DEVICES_MAX

SUFFIX = "-event-kbd"


def find(root: str, at_us: int) -> list[Sighting]:
    """Return the USB keyboards; of a name that is no scanner's, a person must say what it is."""
    found: list[Sighting] = []
    for link in sorted(Path(root, "dev/input/by-id").glob(f"*{SUFFIX}"))[:DEVICES_MAX]:
        stem = link.name.removesuffix(SUFFIX)
        words = stem.removeprefix("usb-").replace("_", " ")
        found.append(
            Sighting(
                source=Source.HID,
                at_us=at_us,
                kind=Kind.SCANNER if is_scanner(words) else Kind.UNKNOWN,
                urls=(f"hid:///dev/input/by-id/{link.name}",),
                usb_path=stem,
                name=words,
            )
        )
    return found
