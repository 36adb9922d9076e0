"""The box's configuration: one TOML file, and environment variables that win over it.

An unknown key is an error that names its line. `FLOORGATE_HTTP_PORT=8443` sets `http.port`.
"""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from enum import EnumType
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec

from drivers.api import Source
from edge.app.sessions import Station
from edge.app.telling import ToldError, cause_zh
from edge.domain.foreign import in_chinese

ENV_PREFIX: Final = "FLOORGATE_"
Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
"""A TCP port; 0: one that is free."""


class ConfigError(ToldError):
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
    port: Port = 8443
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
    enrol_port: Port | None = None
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
    """After how many days personal data, and orders that ended, go; see `floorgate erase`.

    Counted from the last change of the record and of its order, whichever is later. What belongs to
    an order that is open, or to somebody who works here, stays.
    """

    recipients_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    """Names, phones, addresses, remarks, messages."""
    staff_days: Annotated[int, msgspec.Meta(ge=1)] = 180
    """Names and PINs of people who work here no more."""
    photos_days: Annotated[int, msgspec.Meta(ge=1)] = 90
    videos_days: Annotated[int, msgspec.Meta(ge=1)] = 30
    orders_days: Annotated[int, msgspec.Meta(ge=30)] = 400
    """What the box knows of orders that ended; their journal is in the archive."""


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
        raise ConfigError(
            f"{path}: {error.strerror}; give another with --config FILE",
            f"{path}：{cause_zh(error)}；请用 --config 文件 指定另一个",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: not TOML: {error}", f"{path}：不是 TOML：{in_chinese(str(error))}"
        ) from error
    _override(table, environ)
    try:
        config = msgspec.convert(table, Config, strict=False)
    except msgspec.ValidationError as error:
        at, fault = f"{path}{_line_of(text, str(error))}", str(error)
        wanted, wanted_zh = _wanted(fault)
        said, said_zh = _in_words(fault)
        raise ConfigError(f"{at}: {said}{wanted}", f"{at}：{said_zh}{wanted_zh}") from error
    _check(config, path, text)
    return config


def _check(config: Config, path: Path, text: str) -> None:
    """Raise `ConfigError` where values do not go together, or cannot be what they are for."""
    if bool(config.http.certificate) != bool(config.http.key):
        line = _line_of(text, "`$.http.certificate`") or _line_of(text, "`$.http.key`")
        raise ConfigError(
            f"{path}{line}: http.certificate and http.key go together; set both",
            f"{path}{line}：http.certificate 和 http.key 要一起写；请两个都写",
        )
    known = {printer.id for printer in config.printers}
    for station in config.stations:
        if unknown := ", ".join(sorted(set(station.printers) - known)):
            raise ConfigError(
                f"{path}: station {station.id} names unknown printers {unknown}; add [[printers]]",
                f"{path}：打包台 {station.id} 写了没有的打印机 {unknown}；请加上 [[printers]]",
            )
    if (hub := config.hub.url) and not hub.startswith(("ws://", "wss://")):
        raise ConfigError(
            f"{path}{_line_of(text, '`$.hub.url`')}: hub.url {hub}: write it as "
            "wss://hub.example/link",
            f"{path}{_line_of(text, '`$.hub.url`')}：hub.url {hub}：请写成 wss://hub.example/link",
        )
    for network in config.discovery.networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            line = _line_of(text, "`$.discovery.networks`")
            raise ConfigError(
                f"{path}{line}: discovery.networks: {error}; write it as 10.0.0.0/24",
                f"{path}{line}：discovery.networks：{in_chinese(str(error))}；请写成 10.0.0.0/24",
            ) from error


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


# ---- what is wrong, in words ---------------------------------------------------------------------

_PLACE: Final = re.compile(r" - at `\$\.?([^`]*)`$")
_UNKNOWN: Final = re.compile(r"unknown field `([^`]+)`")
_FAULTS: Final = (
    (re.compile(r"Object contains unknown field `(.+?)`"), r"there is no key `\1`",
     r"没有 `\1` 这个键"),
    (re.compile(r"Object missing required field `(.+?)`"), r"`\1` is missing", r"缺少 `\1`"),
    (re.compile(r"Expected `(.+?)`, got `(.+?)`"), r"<\1> is needed, not <\2>",
     r"这里是<\2>，应为<\1>"),
    (re.compile(r"Expected `(.+?)` ([<>]=? \S+)"), r"<\1> \2 is needed", r"应为 \2 的<\1>"),
    (re.compile(r"Invalid enum value (.+?)(?= - at|$)"), r"\1 cannot stand here", r"不能写 \1"),
    (_PLACE, r" (in `\1`)", r"（在 `\1`）"),
)  # fmt: skip
"""What msgspec says of a value, and the same for people in English and Chinese."""
_KINDS: Final = {
    "int": ("a whole number", "整数"), "float": ("a number", "数字"),
    "bool": ("true or false", " true 或 false"), "str": ("a text in quotes", "加引号的文字"),
    "array": ("a list […]", "列表 […]"), "object": ("a table", "表"), "null": ("nothing", "空"),
}  # fmt: skip


def _in_words(fault: str) -> tuple[str, str]:
    """Return in English and Chinese what msgspec found wrong."""
    en = zh = fault
    for said, words, words_zh in _FAULTS:
        en, zh = said.sub(words, en), said.sub(words_zh, zh)
    for kind, (name, name_zh) in _KINDS.items():
        en, zh = en.replace(f"<{kind}>", name), zh.replace(f"<{kind}>", name_zh)
    return en, zh


def _wanted(fault: str) -> tuple[str, str]:
    """Return what could be written instead, in English and Chinese; nothing where none is near."""
    place = _PLACE.search(fault)
    kind = _kind_at(place[1] if place else "")
    if unknown := _UNKNOWN.search(fault):
        keys = [field.encode_name for field in msgspec.structs.fields(kind)]
        near = difflib.get_close_matches(unknown[1], keys, 1)
        wanted = f"`{near[0]}`" if near else ", ".join(keys)
        return f"; {'write' if near else 'there are:'} {wanted}", f"；可以写：{wanted}"
    if "enum value" in fault:
        choices = ", ".join(map(str, kind if isinstance(kind, EnumType) else get_args(kind)))
        return f"; write one of: {choices}", f"；可以写：{choices}"
    return "", ""


def _kind_at(place: str) -> Any:  # noqa: ANN401 - any type that the configuration has
    """Return the type of what stands at a place such as `http.port` or `stations[...].id`."""
    kind: Any = Config
    for name in filter(None, place.split(".")):
        kind = {f.encode_name: f.type for f in msgspec.structs.fields(kind)}[name.split("[")[0]]
        if "[" in name or get_origin(kind) is tuple:
            kind = get_args(kind)[0]
    return kind
