"""What is found, adopted, bound and tested; and what the configuration says of the site."""

import msgspec

from edge.domain.commands.base import Data
from edge.domain.model.base import Name
from edge.domain.model.devices import Clash, Fact


class ConfiguredPrinter(msgspec.Struct, frozen=True):
    """A printer of the configuration."""

    id: str
    name: str
    url: str


class ConfiguredStation(msgspec.Struct, frozen=True):
    """A station of the configuration, and its printers, the first one first."""

    id: str
    name: Name
    printers: tuple[str, ...] = ()


class SiteConfigure(Data, frozen=True, tag="site.configure"):
    """What the configuration says at a start of the box; only what differs is written."""

    FROM_CLIENTS = False
    printers: tuple[ConfiguredPrinter, ...]
    stations: tuple[ConfiguredStation, ...]


class DeviceReport(Data, frozen=True, tag="device.report"):
    """What discovery says of a device now; only what differs is written."""

    FROM_CLIENTS = False
    device: str
    kind: str
    seen: str
    is_adopted: bool = False
    """What the reporter took it for; a report that adoption overtook is void."""
    ids: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    url: str = ""
    facts: dict[str, Fact] = msgspec.field(default_factory=dict)
    sources: tuple[str, ...] = ()
    conflicts: tuple[Clash, ...] = ()


class DeviceAdopt(Data, frozen=True, tag="device.adopt"):
    """Put a found device to use; what discovery could not tell, a person says."""

    device: str
    name: str = ""
    kind: str = ""
    """printer or scanner."""
    language: str = ""
    """tspl, zpl or escpos."""


class DeviceAdd(Data, frozen=True, tag="device.add"):
    """Name a device by hand, and put it to use."""

    url: str
    """As `edge.app.devices` checked it at the door."""
    name: str
    kind: str = "printer"


class DeviceBind(Data, frozen=True, tag="device.bind"):
    """Scan a device's sticker at a station: a printer becomes the station's first one."""

    code: str
    station: str = ""
    """By default the station of the session."""


class DeviceUnbind(Data, frozen=True, tag="device.unbind"):
    """Take a device from a station."""

    station: str
    device: str


class DeviceForget(Data, frozen=True, tag="device.forget"):
    """Use a device no more; where it is still seen it is new again."""

    device: str


class DeviceTest(Data, frozen=True, tag="device.test"):
    """Print a test label: the printer's sticker, with a code of its own."""

    device: str


class DeviceTestReport(Data, frozen=True, tag="device.test_report"):
    """What became of a test label."""

    FROM_CLIENTS = False
    device: str
    test: str
    reason: str = ""
    """Why it did not come out: a key of the locale files (`job_reason`); empty: it left."""


class DeviceLabel(Data, frozen=True, tag="device.label"):
    """Print a label of the site on this printer: the sticker that carries a code, or the box's."""

    device: str
    code: str = ""
    """`@S:` a station's, `@D:` a device's; empty: the label of the box itself."""


class DeviceLabelReport(Data, frozen=True, tag="device.label_report"):
    """What became of a label of the site."""

    FROM_CLIENTS = False
    device: str
    label: str
    proof: str = ""
    """How the printer proved it: `drivers.api.Proof`; empty: it cannot."""
    reason: str = ""
    """Why it did not come out: a key of the locale files (`job_reason`); empty: it left."""


class DeviceProve(Data, frozen=True, tag="device.prove"):
    """Scan the test label back."""

    code: str


class ScanReport(Data, frozen=True, tag="scan.report"):
    """A fixed scanner read something, and nobody was signed in at its station."""

    FROM_CLIENTS = False
    device: str
    station: str
    codes: int
    """How many codes, since the last report."""
