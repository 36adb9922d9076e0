"""The box's configuration: one TOML file, and environment variables that win over it.

An unknown key is an error that names its line. `FLOORGATE_HTTP_PORT=8443` sets `http.port`.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from drivers.api import Source
from edge.app.sessions import Station

ENV_PREFIX: Final = "FLOORGATE_"


class ConfigError(Exception):
    """The configuration cannot be used; the text says where and what to write."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the configuration."""


class BoxConfig(Part, frozen=True):
    """Who this box is."""

    id: str = "box-1"
    name: str = "Floorgate"
    language: Literal["zh", "en"] = "zh"
    """The language that a new PDA begins in."""


class HttpConfig(Part, frozen=True):
    """Where the box's pages are. Without `tls` only a loopback host makes sense."""

    host: str = "0.0.0.0"  # noqa: S104 - PDAs come over the LAN
    port: int = 8443
    tls: bool = True
    names: tuple[str, ...] = ()
    """Further DNS names and IP addresses that the certificate is made for."""
    origins: tuple[str, ...] = ()
    """Further origins from which the box's pages may be used (a reverse proxy's)."""
    certificate: str = ""
    """The site's own certificate with its chain (PEM); without it the box makes its own."""
    key: str = ""
    """The key of that certificate (PEM, not encrypted)."""
    open_devices: bool = False
    """Let PDAs sign in that nobody paired; for demonstrations."""
    enrol_port: int | None = None
    """Plain HTTP, for the enrolment page only; 0: none; unset: 80 where systemd opened it."""


class HubConfig(Part, frozen=True):
    """Where the hub is; without a URL the box works alone."""

    url: str = ""
    token: str = ""
    """Enrolment token, used until the hub's key is pinned."""


class DiskConfig(Part, frozen=True):
    """How much room the box keeps on the disk of its data."""

    warn_mb: Annotated[int, msgspec.Meta(ge=1)] = 1024
    """Below this much free space the box says so."""
    stop_mb: Annotated[int, msgspec.Meta(ge=1)] = 256
    """Below this it only reads, and refuses commands with `disk_full`."""
    ballast_mb: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Size of a file that may be removed to go on at once; 0 for none."""


class ArchiveConfig(Part, frozen=True):
    """What becomes of old entries; see `floorgate archive`."""

    keep_days: Annotated[int, msgspec.Meta(ge=1)] = 30
    """How long entries stay in the live journal."""
    max_mb: Annotated[int, msgspec.Meta(ge=1)] = 20_480
    """Beyond this the oldest files of the archive go, where a hub holds their entries."""


class RetentionConfig(Part, frozen=True):
    """After how many days personal data goes; see `floorgate erase`.

    Counted from the last change of the record and of its order, whichever is later. What belongs to
    an order that is open, or to somebody who works here, stays.
    """

    recipients_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    """Names, phones, addresses, remarks, messages."""
    staff_days: Annotated[int, msgspec.Meta(ge=1)] = 180
    """Names and PINs of people who work here no more."""
    photos_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    videos_days: Annotated[int, msgspec.Meta(ge=1)] = 30


class SpareConfig(Part, frozen=True):
    """How this box has a spare, or this machine is one."""

    feeds: str = ""
    """A folder on another machine, mounted here, that this box feeds."""
    follows: str = ""
    """The share of the box whose spare this machine is."""


class DiscoveryConfig(Part, frozen=True):
    """Where devices are looked for."""

    enabled: bool = True
    networks: tuple[str, ...] = ()
    """Networks (CIDR) that may be probed; nothing outside them ever is."""
    wide: bool = False
    """Whether networks larger than a /22 may be probed too."""
    interfaces: tuple[str, ...] = ()
    """Own addresses on which to listen for devices that announce themselves; none: all."""
    sources: tuple[Source, ...] = tuple(Source)
    community: str = "public"
    """SNMP community."""
    announce: bool = True
    """Whether the box announces itself, so that PDAs find it without typing."""


class PrinterConfig(Part, frozen=True):
    """A printer of the site."""

    id: str
    name: str
    url: str


class Config(Part, frozen=True):
    """All of it."""

    data: str
    """Folder of everything that the box keeps."""
    box: BoxConfig = BoxConfig()
    http: HttpConfig = HttpConfig()
    hub: HubConfig = HubConfig()
    disk: DiskConfig = DiskConfig()
    archive: ArchiveConfig = ArchiveConfig()
    retention: RetentionConfig = RetentionConfig()
    spare: SpareConfig = SpareConfig()
    discovery: DiscoveryConfig = DiscoveryConfig()
    stations: tuple[Station, ...] = ()
    printers: tuple[PrinterConfig, ...] = ()


def load_config(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, a value is of a wrong type,
            or a station names a printer that is not there.
    """
    try:
        text = path.read_text("utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give another with --config FILE") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    _override(table, environ)
    try:
        config = msgspec.convert(table, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}{_line_of(text, str(error))}: {error}") from error
    if bool(config.http.certificate) != bool(config.http.key):
        line = _line_of(text, "`$.http.certificate`") or _line_of(text, "`$.http.key`")
        raise ConfigError(f"{path}{line}: http.certificate and http.key go together; set both")
    known = {printer.id for printer in config.printers}
    for station in config.stations:
        unknown = set(station.printers) - known
        if unknown:
            raise ConfigError(f"{path}: station {station.id} names unknown printers {unknown}")
    return config


def _override(table: dict[str, Any], environ: Mapping[str, str]) -> None:
    parts = {
        field.name for field in msgspec.structs.fields(Config) if isinstance(field.default, Part)
    }
    for name, value in environ.items():
        section, _, key = name.removeprefix(ENV_PREFIX).lower().partition("_")
        if name.startswith(ENV_PREFIX) and key and section in parts:
            given = table.setdefault(section, {})
            if isinstance(given, dict):  # what is no table is told with its line
                given[key] = value


def _line_of(text: str, message: str) -> str:
    """Return `:line` of the key that `message` quotes, where it can be found."""
    unknown = re.search(r"unknown field `([^`]+)`", message)
    wrong = re.search(r"`\$(?:[^`]*)\.(\w+)[^`.]*`", message)
    key = unknown[1] if unknown else wrong[1] if wrong else ""
    for number, line in enumerate(text.splitlines(), 1):
        if key and line.strip().startswith((key, f"[{key}")):
            return f":{number}"
    return ""
