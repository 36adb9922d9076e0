"""Code 128, QR and DataMatrix as pictures, one module being a whole number of dots."""

from typing import Final

import numpy as np
import zint

from drivers.api import LabelError
from drivers.labels.glyphs import Dots

CODE128_CHARS_MAX: Final = 80
QR_CHARS_MAX: Final = 512
DATAMATRIX_CHARS_MAX: Final = 512
MODULE_MM_MIN_CODE128: Final = 0.24
"""Thinnest bar that the floor's scanners read off thermal paper: 2 dots at 203 dpi."""
MODULE_MM_MIN_QR: Final = 0.36
"""3 dots at 203 dpi."""
MODULE_MM_MIN_DATAMATRIX: Final = 0.36
QUIET_CODE128: Final = 10
"""Modules, ISO/IEC 15417 clause 4.3.2."""
QUIET_QR: Final = 4
"""Modules, ISO/IEC 18004 clause 9.1."""
QUIET_DATAMATRIX: Final = 2
"""Modules: one by ISO/IEC 16022 clause 5.2, another for what thermal paper smears."""
_QR_LEVEL_M: Final = 2
_GS1: Final = zint.InputMode.GS1 | zint.InputMode.GS1PARENS
"""Text as GS1 writes it for people: `(01)06901234567892(10)LOT-A`; syntax is checked."""


def code128(
    path: str, text: str, size: tuple[int, int], dots_per_mm: float, *, gs1: bool = False
) -> Dots:
    """Return the bars of `text`: `size` is the room for them with their quiet zones."""
    _check_ascii(path, text, CODE128_CHARS_MAX)
    width, height = size
    bars = _modules(path, text, zint.Symbology.GS1_128 if gs1 else zint.Symbology.CODE128, gs1)[0]
    module = width // (len(bars) + 2 * QUIET_CODE128)
    _check_module(path, module, MODULE_MM_MIN_CODE128, dots_per_mm)
    return np.broadcast_to(np.repeat(bars, module), (height, len(bars) * module))


def qr(path: str, text: str, side: int, dots_per_mm: float) -> Dots:
    """Return the QR code of `text`, level M, in at most `side` dots with the quiet zone."""
    _check_ascii(path, text, QR_CHARS_MAX)
    squares = _modules(path, text, zint.Symbology.QRCODE)
    module = side // (len(squares) + 2 * QUIET_QR)
    _check_module(path, module, MODULE_MM_MIN_QR, dots_per_mm)
    return squares.repeat(module, axis=0).repeat(module, axis=1)


def datamatrix(path: str, text: str, side: int, dots_per_mm: float, *, gs1: bool = False) -> Dots:
    """Return the DataMatrix (ECC 200) of `text` in at most `side` dots with the quiet zone."""
    _check_ascii(path, text, DATAMATRIX_CHARS_MAX)
    squares = _modules(path, text, zint.Symbology.DATAMATRIX, gs1)
    module = side // (max(squares.shape) + 2 * QUIET_DATAMATRIX)
    _check_module(path, module, MODULE_MM_MIN_DATAMATRIX, dots_per_mm)
    return squares.repeat(module, axis=0).repeat(module, axis=1)


def _modules(path: str, text: str, symbology: zint.Symbology, gs1: bool = False) -> Dots:  # noqa: FBT002
    symbol = zint.Symbol()
    symbol.symbology = symbology
    if gs1:
        symbol.input_mode = _GS1
        symbol.warn_level = zint.WarningLevel.FAIL_ALL  # a wrong check digit is only warned of
    if symbology is zint.Symbology.DATAMATRIX:
        symbol.option_3 = zint.DataMatrixOptions.SQUARE
    if symbology is zint.Symbology.QRCODE:
        symbol.option_1 = _QR_LEVEL_M
    try:
        symbol.encode(text)
    except Exception as error:  # zint raises bare subclasses of Exception per error code
        hint = "write it as (01)06901234567892(10)LOT-A" if gs1 else "shorten the value"
        raise LabelError(path, f"no code can be made: {error}", hint) from error
    packed = np.asarray(symbol.encoded_data)[: symbol.rows]
    bits = np.unpackbits(packed, axis=1, count=symbol.width, bitorder="little")
    return bits.astype(np.bool_)


def _check_ascii(path: str, text: str, chars_max: int) -> None:
    if not text or len(text) > chars_max or not (text.isascii() and text.isprintable()):
        raise LabelError(
            path,
            f"a code cannot carry {text[:40]!r}",
            f"use 1 to {chars_max} ASCII characters; put Chinese text beside the code",
        )


def _check_module(path: str, module: int, module_mm_min: float, dots_per_mm: float) -> None:
    if module / dots_per_mm < module_mm_min:
        raise LabelError(
            path,
            f"the code is too dense: a module would be {module / dots_per_mm:.2f} mm",
            f"widen the element until a module is {module_mm_min} mm, or shorten the value",
        )
