"""From a scanner's URL to its driver."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from drivers.api import DriverError, OnScan, Scanner
from drivers.scanners.framing import LENGTH_MAX, Framing
from drivers.scanners.hid import HidScanner
from drivers.scanners.serial import SerialScanner
from drivers.scanners.tcp import ListeningScanner, TcpScanner

BAUD: Final = 9_600
_EXAMPLE: Final = (
    "write it as serial:///dev/serial/by-id/…?baud=9600, hid:///dev/input/by-id/…, "
    "tcp://10.0.0.9:23 (the scanner waits) or tcp-listen://0.0.0.0:2001 (it dials us); "
    "prefix, suffix (percent-encoded), idle_ms and length_max may follow the ?"
)


def make_scanner(url: str, on_scan: OnScan) -> Scanner:
    """Return a scanner for `url`, not yet started; raise `DriverError` where it is no URL."""
    try:
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        baud = int(options.pop("baud", BAUD))
        framing = Framing(
            prefix=options.pop("prefix", "").encode(),
            suffix=options.pop("suffix", "").encode(),
            idle_s=_bounded(options.pop("idle_ms", "50"), 5, 2_000) / 1_000,
            length_max=_bounded(options.pop("length_max", str(LENGTH_MAX)), 1, LENGTH_MAX),
        )
        port = parts.port or 0
    except ValueError as error:
        raise DriverError("open", url, str(error), _EXAMPLE) from error
    if options:
        raise DriverError("open", url, f"not understood: {', '.join(options)}", _EXAMPLE)
    match parts.scheme:
        case "serial" if parts.path:
            return SerialScanner(parts.path, baud, framing, on_scan)
        case "hid" if parts.path:
            return HidScanner(parts.path, framing, on_scan)
        case "tcp" if parts.hostname and port:
            return TcpScanner(parts.hostname, port, framing, on_scan)
        case "tcp-listen" if parts.hostname:
            return ListeningScanner(parts.hostname, port, framing, on_scan)
    raise DriverError("open", url, f"no way to reach '{parts.scheme}' scanners", _EXAMPLE)


def _bounded(text: str, least: int, most: int) -> int:
    number = int(text)
    if not least <= number <= most:
        raise ValueError(f"{number} is not between {least} and {most}")
    return number
