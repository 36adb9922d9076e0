"""From a printer's URL to its driver. The only place that knows every scheme and language."""

from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from drivers.api import DriverError, Printer, Proof
from drivers.labelprinter import EscposPrinter, TsplPrinter, Waits, ZplPrinter
from drivers.transports import Link

RAW_PORT: Final = 9100
IPP_PORT: Final = 631
IPP_PATH: Final = "/ipp/print"
GAP_MM: Final = 2.0
GAP_MM_MAX: Final = 50.0
"""No stock has a wider gap."""
BAUD_MIN, BAUD_MAX = 1_200, 4_000_000

EXAMPLES: Final = (
    "tcp://10.0.0.9:9100?lang=tspl",
    "serial:///dev/ttyUSB0?baud=9600&flow=none&lang=zpl",
    "usb:///dev/usb/lp0?lang=escpos",
    "ipp://10.0.0.9:631/ipp/print",
)
_HINT: Final = (
    f"write it as one of: {'  '.join(EXAMPLES)}  (lang: tspl, zpl or escpos; tspl takes gap_mm=2,"
    " escpos takes proof=token or none; serial takes baud and flow=none, rtscts or xonxoff)"
)

Options = dict[str, str]


def make_printer(url: str, waits: Waits | None = None) -> Printer:
    """Return a closed printer for `url`; raise `DriverError` if the URL is not understood."""
    try:
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        printer = _made(parts, options, waits or Waits())
    except ValueError as error:
        raise DriverError("open", url, str(error), _HINT) from error
    if options:
        raise DriverError("open", url, f"not understood: {', '.join(options)}", _HINT)
    return printer


def printer_over(link: Link, lang: str, waits: Waits) -> Printer:
    """Return a closed printer of `lang` at the other end of `link`."""
    return _LANGUAGES[lang](link, waits, {})


def _made(parts: SplitResult, options: Options, waits: Waits) -> Printer:
    if parts.scheme in ("ipp", "ipps"):
        return _ipp(parts, options, waits)
    lang = options.pop("lang", "")
    if parts.scheme not in _LINKS:
        known = ", ".join([*_LINKS, "ipp", "ipps"])
        raise ValueError(f"no way to reach '{parts.scheme}' devices, only {known}")
    if lang not in _LANGUAGES:
        raise ValueError(f"no printer language '{lang}'")
    return _LANGUAGES[lang](_LINKS[parts.scheme](parts, options), waits, options)


def _tcp(parts: SplitResult, options: Options) -> Link:
    from drivers.transports.tcp import TcpLink  # noqa: PLC0415 - each loads when first used

    del options
    if not parts.hostname:
        raise ValueError("the host is missing")
    return TcpLink(parts.hostname, parts.port or RAW_PORT)


def _serial(parts: SplitResult, options: Options) -> Link:
    from drivers.transports.serial import BAUD_DEFAULT, FLOWS, SerialLink  # noqa: PLC0415

    baud = int(options.pop("baud", BAUD_DEFAULT))
    if not BAUD_MIN <= baud <= BAUD_MAX:
        raise ValueError(f"no port runs at {baud} baud")
    flow = options.pop("flow", "none")
    if flow not in FLOWS:
        raise ValueError(f"no flow control '{flow}'")
    return SerialLink(_device(parts), baud, flow)


def _usb(parts: SplitResult, options: Options) -> Link:
    from drivers.transports.usb import UsbLink  # noqa: PLC0415

    del options
    return UsbLink(_device(parts))


def _device(parts: SplitResult) -> str:
    if parts.netloc or not parts.path.strip("/"):
        raise ValueError("the device's path is missing (three strokes before it: ///dev/…)")
    return parts.path


def _tspl(link: Link, waits: Waits, options: Options) -> Printer:
    gap_mm = float(options.pop("gap_mm", GAP_MM))
    if not 0 <= gap_mm <= GAP_MM_MAX:
        raise ValueError(f"no stock has a gap of {gap_mm:g} mm")
    return TsplPrinter(link, waits, gap_mm)


def _zpl(link: Link, waits: Waits, options: Options) -> Printer:
    del options
    return ZplPrinter(link, waits)


def _escpos(link: Link, waits: Waits, options: Options) -> Printer:
    proof = options.pop("proof", "")
    if proof not in ("", Proof.TOKEN, Proof.NONE):
        raise ValueError(f"no such proof '{proof}'")
    return EscposPrinter(link, waits, has_process_id=proof == Proof.TOKEN if proof else None)


def _ipp(parts: SplitResult, options: Options, waits: Waits) -> Printer:
    from drivers.ippprinter import IppPrinter  # noqa: PLC0415

    if options.pop("lang", "ipp") != "ipp":
        raise ValueError("an IPP printer's lang is ipp, or left out")
    if not parts.hostname:
        raise ValueError("the host is missing")
    path = parts.path if parts.path.strip("/") else IPP_PATH
    is_secure = parts.scheme == "ipps"
    return IppPrinter(parts.hostname, parts.port or IPP_PORT, path, waits, is_secure=is_secure)


_LINKS: Final[dict[str, Callable[[SplitResult, Options], Link]]] = {
    "tcp": _tcp,
    "serial": _serial,
    "usb": _usb,
}
_LANGUAGES: Final[dict[str, Callable[[Link, Waits, Options], Printer]]] = {
    "tspl": _tspl,
    "zpl": _zpl,
    "escpos": _escpos,
}
