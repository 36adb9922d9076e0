"""From a printer's URL to its driver. The only place that knows every scheme and language."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from drivers.api import DriverError, Printer
from drivers.labelprinter import TsplPrinter, Waits, ZplPrinter
from drivers.transports.tcp import TcpLink

RAW_PORT: Final = 9100
GAP_MM: Final = 2.0
_EXAMPLE: Final = "write it as tcp://10.0.0.9:9100?lang=tspl (or zpl; tspl takes gap_mm=2)"


def make_printer(url: str, waits: Waits | None = None) -> Printer:
    """Return a closed printer for `url`; raise `DriverError` if the URL is not understood."""
    waits = waits or Waits()
    try:
        parts = urlsplit(url)
        port = parts.port or RAW_PORT
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        lang = options.pop("lang", "")
        gap_mm = float(options.pop("gap_mm", GAP_MM)) if lang == "tspl" else GAP_MM
    except ValueError as error:
        raise DriverError("open", url, str(error), _EXAMPLE) from error
    if parts.scheme != "tcp" or not parts.hostname:
        raise DriverError("open", url, f"no way to reach '{parts.scheme}' devices", _EXAMPLE)
    if options or not 0 <= gap_mm <= 50:  # noqa: PLR2004 - no stock has a wider gap
        wrong = ", ".join(options) or "gap_mm"
        raise DriverError("open", url, f"not understood: {wrong}", _EXAMPLE)
    link = TcpLink(parts.hostname, port)
    if lang == "tspl":
        return TsplPrinter(link, waits, gap_mm)
    if lang == "zpl":
        return ZplPrinter(link, waits)
    raise DriverError("open", url, f"no printer language '{lang}'", _EXAMPLE)
