"""USB printers of the kernel's usblp driver: /sys/class/usbmisc/lp*/device/ieee1284_id."""

from pathlib import Path
from typing import Final

from drivers.discovery.model import Kind, Sighting, Source
from drivers.discovery.passive import TEXT_BYTES_MAX, sighting_of_1284

DEVICES_MAX: Final = 64


def find(root: str, at_us: int) -> list[Sighting]:
    """Return the USB printers; none where there is no usblp."""
    found: list[Sighting] = []
    for entry in sorted(Path(root, "sys/class/usbmisc").glob("lp*"))[:DEVICES_MAX]:
        interface = (entry / "device").resolve()
        plug = interface.parent
        base = Sighting(
            source=Source.USB,
            at_us=at_us,
            kind=Kind.PRINTER,
            urls=(f"usb:///dev/usb/{entry.name}",),
            usb_path=interface.name,
            serial=read_text(plug / "serial"),
        )
        try:
            with (interface / "ieee1284_id").open("rb") as file:
                raw = file.read(TEXT_BYTES_MAX)
        except OSError:
            raw = b""  # unplugged this moment, or a printer without an id
        seen = sighting_of_1284(raw, base)
        found.append(seen)
    return found


def read_text(path: Path) -> str:
    """Return a small sysfs file's text, or nothing."""
    try:
        with path.open("rb") as file:
            return file.read(256).decode("utf-8", "replace").strip()
    except OSError:
        return ""
