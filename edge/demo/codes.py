"""Codes as pictures: EAN-13 for GTINs, QR for cards and labels, Code 128 for the rest."""

from typing import Final

import numpy as np
import zint

CHARS_MAX: Final = 120
QUIET: Final = 10
"""Modules beside bars (ISO/IEC 15417, 4.3.2)."""
QUIET_QR: Final = 4
BAR_HEIGHT: Final = 40
GTIN_13: Final = 13


def svg(text: str) -> bytes | None:
    """Return the picture of a code that carries `text`, or None if no code can."""
    if not text or len(text) > CHARS_MAX or not (text.isascii() and text.isprintable()):
        return None
    symbol = zint.Symbol()
    symbol.symbology = _symbology(text)
    is_square = symbol.symbology is zint.Symbology.QRCODE
    try:
        symbol.encode(text[:-1] if symbol.symbology is zint.Symbology.EANX else text)
    except Exception:  # noqa: BLE001 - zint raises bare subclasses of Exception per error code
        return None
    packed = np.asarray(symbol.encoded_data)[: symbol.rows]
    rows = np.unpackbits(packed, axis=1, count=symbol.width, bitorder="little")
    quiet, height = (QUIET_QR, 1) if is_square else (QUIET, BAR_HEIGHT)
    if not is_square:
        rows = rows[:1]
    path = "".join(
        f"M{x + quiet} {y * height + quiet}h1v{height}h-1z" for y, x in np.argwhere(rows)
    )
    wide, high = symbol.width + 2 * quiet, len(rows) * height + 2 * quiet
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{wide}v{high}H0z"/>'
        f'<path d="{path}"/></svg>'
    ).encode()


def _symbology(text: str) -> zint.Symbology:
    if len(text) == GTIN_13 and text.isdecimal():
        return zint.Symbology.EANX
    return zint.Symbology.QRCODE if text[0] == "@" or ":" in text else zint.Symbology.CODE128
