"""A label as a document, for printers that take pages rather than a label language.

Sources: PWG 5102.4 "PWG Raster Format" (page header 4.3, compression 4.4).
"""

import struct
from typing import Final

import numpy as np

from drivers.api import Raster

PWG_SYNC: Final = b"RaS2"
_LITERAL_BYTES_MAX: Final = 128
_REPEATS_MAX: Final = 256
_BLACK, _SGRAY = 3, 18  # cupsColorSpace
_ANY_PRIMARY: Final = 0xFFFFFF
_POINTS_PER_INCH: Final = 72


def pwg_raster(label: Raster, *, is_gray: bool = False) -> bytes:
    """Return a one-page PWG raster, `black_1`, or `sgray_8` for a printer without that."""
    rows = np.frombuffer(label.rows, np.uint8).reshape(label.height, -1)
    if is_gray:
        dots = np.unpackbits(rows, axis=1, count=label.width)
        rows = np.where(dots == 1, 0, 255).astype(np.uint8)
    header = _page_header(label, rows.shape[1], is_gray=is_gray)
    return b"".join([PWG_SYNC, header, *_lines(rows.tobytes(), rows.shape[1])])


def _page_header(label: Raster, line_bytes: int, *, is_gray: bool) -> bytes:
    points = [round(side * _POINTS_PER_INCH / label.dpi) for side in (label.width, label.height)]
    bits = 8 if is_gray else 1
    numbers = {
        276: (label.dpi, label.dpi),  # HWResolution
        340: (1,),  # NumCopies
        352: points,  # PageSize
        372: (label.width, label.height),
        384: (bits, bits, line_bytes),  # BitsPerColor, BitsPerPixel, BytesPerLine
        400: (_SGRAY if is_gray else _BLACK,),
        420: (1,),  # NumColors
        452: (1, 1, 1),  # TotalPageCount, CrossFeedTransform, FeedTransform
        480: (_ANY_PRIMARY,),  # AlternatePrimary
    }
    header = bytearray(1_796)
    header[0:9] = b"PwgRaster"
    for at, values in numbers.items():
        struct.pack_into(f">{len(values)}I", header, at, *values)
    return bytes(header)


def _lines(dots: bytes, line_bytes: int) -> list[bytes]:
    """Return lines as literals, equal neighbours as repeats."""
    packed = []
    at = 0
    while at < len(dots):
        line = dots[at : at + line_bytes]
        repeats = 1
        while repeats < _REPEATS_MAX and dots.startswith(line, at + repeats * line_bytes):
            repeats += 1
        packed.append(bytes([repeats - 1]))
        for start in range(0, line_bytes, _LITERAL_BYTES_MAX):
            piece = line[start : start + _LITERAL_BYTES_MAX]
            packed += [bytes([257 - len(piece) if len(piece) > 1 else 0]), piece]
        at += repeats * line_bytes
    return packed
