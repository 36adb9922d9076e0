"""Printers, scanners and packing stations."""

from typing import Final

import msgspec

from edge.domain.model.base import Doc, Name

EQUIPMENT: Final = "site"
"""Id of the one `Equipment` document."""
STALE: Final = ("stale", "gone")
"""What discovery says of a device that is not where it was."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One field of a device, and who says so: a source of discovery, or `manual`, a person."""

    value: str
    source: str


class Clash(msgspec.Struct, frozen=True, gc=False):
    """A contradiction that a person should look into."""

    clash: str
    parties: tuple[str, ...]


class DeviceTest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest test label of a printer. `state`: asked, printed, failed or proved."""

    id: str
    state: str
    at_us: int
    reason: str = ""
    proved_us: int = 0
    proved_by: str = ""


class DeviceLabel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The newest label of the site on a printer. `state`: asked, sent, confirmed or failed."""

    id: str
    code: str
    """What its QR says, for a sticker; empty: the label of the box."""
    state: str
    at_us: int
    proof: str = ""
    reason: str = ""


class Device(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """One physical device; the id stays with it when its address changes."""

    KIND = "device"
    kind: str
    """printer, scanner, or unknown."""
    seen: str = "new"
    """What discovery says: new, identified, stale or gone."""
    ids: tuple[str, ...] = ()
    """What it is known again by, the strongest first: uuid: serial: mac: usb: host:."""
    urls: tuple[str, ...] = ()
    url: str = ""
    """How it is opened, language included."""
    facts: dict[str, Fact] = msgspec.field(default_factory=dict)
    """name, make, model, language, note: as far as known."""
    sources: tuple[str, ...] = ()
    conflicts: tuple[Clash, ...] = ()
    since_us: int = 0
    """When it came into its state."""
    adopted_us: int = 0
    adopted_by: str = ""
    configured_url: str = ""
    """Where the configuration says that it is; empty for all others."""
    test: DeviceTest | None = None
    label: DeviceLabel | None = None
    is_forgotten: bool = False

    @property
    def is_adopted(self) -> bool:
        """Whether a person, or the configuration, put it to use."""
        return self.adopted_us > 0 and not self.is_forgotten

    @property
    def state(self) -> str:
        """new, identified, adopted, stale or gone."""
        return "adopted" if self.is_adopted and self.seen not in STALE else self.seen

    def fact(self, field: str) -> str:
        """Return a field's value, or nothing."""
        found = self.facts.get(field)
        return found.value if found is not None else ""


class Station(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A packing station of the configuration, and what people bound to it."""

    KIND = "station"
    name: Name
    configured: tuple[str, ...] = ()
    """Printers that the configuration gives it."""
    bound: tuple[str, ...] = ()
    """Printers that people bound to it, the newest first."""
    scanners: tuple[str, ...] = ()
    is_removed: bool = False

    @property
    def printers(self) -> tuple[str, ...]:
        """The printers in the order of their use."""
        return tuple(dict.fromkeys((*self.bound, *self.configured)))


class Equipment(Doc, frozen=True, kw_only=True):
    """Which devices and stations there are: one document, with the id `site`."""

    KIND = "equipment"
    devices: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
