"""Reading codes: several readers, the cheap ones first, the costly ones only for what is missing.

zxing-cpp reads DataMatrix and PDF417, which zbar cannot; zbar reads small and pale 1-D codes that
zxing misses. Both lose a 1-D code that is tilted: OpenCV finds where it is, and it is read upright.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import cv2
import numpy as np
import zxingcpp
from pyzbar import pyzbar
from pyzbar.wrapper import ZBarSymbol, zbar_image_scanner_set_config

from drivers.api import Code
from drivers.scanners.framing import decode_text
from drivers.vision.image import PIXELS_WORKED, Grey, load_grey

BUDGET_S: Final = 3.0
"""Searching goes on for so long while nothing was found."""
CODES_MAX: Final = 64
CHARS_MIN: Final = 4
"""zbar sees shorter codes in noise, unless their symbology has a check digit."""
SIDE_MIN: Final = 24
CROP_SIDE_MAX: Final = 1_600
_CHECKED: Final = {
    ZBarSymbol.EAN13, ZBarSymbol.EAN8, ZBarSymbol.UPCA, ZBarSymbol.UPCE,
    ZBarSymbol.CODE128, ZBarSymbol.CODE93, ZBarSymbol.QRCODE,
}  # fmt: skip
_ZBAR: Final = [*_CHECKED, ZBarSymbol.CODE39, ZBarSymbol.I25, ZBarSymbol.CODABAR]
"""Without DATABAR: zbar asserts on noise that looks like it, and takes the process along."""
_CFG_BINARY: Final = 4
"""Gives the bytes of a QR code as they are, instead of a guess at their encoding."""
_NAMES: Final = {
    "EAN13": ("EAN-13", "]E0"),
    "EAN8": ("EAN-8", "]E4"),
    "UPCA": ("UPC-A", "]E0"),
    "UPCE": ("UPC-E", "]E0"),
    "CODE128": ("Code 128", "]C0"),
    "CODE93": ("Code 93", "]G0"),
    "CODE39": ("Code 39", "]A0"),
    "I25": ("ITF", "]I0"),
    "CODABAR": ("Codabar", "]F0"),
    "QRCODE": ("QR Code", "]Q1"),
}
"""zbar's names → the names that zxing uses, AIM identifier."""

Found = dict[tuple[str, str], Code]


def decode(data: bytes, budget_s: float = BUDGET_S) -> list[Code]:
    """Return the codes on a picture, from top to bottom; raise `ImageError` where it is none."""
    grey, scale = load_grey(data)
    found = search(grey, budget_s)
    codes = [_scaled(code, scale) for code in found.values()]
    return sorted(codes, key=lambda code: (min(y for _, y in code.corners), code.text))[:CODES_MAX]


def search(grey: Grey, budget_s: float = BUDGET_S) -> Found:
    """Return the codes in grey pixels, by symbology and text."""
    until_s = time.monotonic() + budget_s
    found: Found = {}
    _zxing(grey, found, thorough=False)
    _zbar(grey, found)
    _zxing(grey, found, thorough=True)
    _tilted(grey, found)
    for attempt in _attempts(grey):
        if found or time.monotonic() >= until_s:
            break
        picture, back = attempt()
        seen: Found = {}
        _zxing(picture, seen, thorough=True)
        _zbar(picture, seen)
        _add(found, seen, back)
    return _without_parts(found)


def _without_parts(found: Found) -> Found:
    """Drop short retail codes beside long ones: readers see them in parts of a tilted long one."""
    has_whole = any(code.symbology in ("EAN-13", "UPC-A") for code in found.values())
    return {
        key: code
        for key, code in found.items()
        if not (has_whole and code.symbology in ("UPC-E", "EAN-8"))
    }


# ---- the readers ---------------------------------------------------------------------------------


def _zxing(grey: Grey, found: Found, *, thorough: bool) -> None:
    for code in zxingcpp.read_barcodes(
        grey,
        try_rotate=thorough,
        try_downscale=thorough,
        try_invert=thorough,
        text_mode=zxingcpp.TextMode.Plain,
    ):
        at = code.position
        corners = tuple(
            (point.x, point.y)
            for point in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
        )
        name = str(code.format)
        text = decode_text(code.bytes)
        found.setdefault(
            (_family(name), text), Code(text, name, code.symbology_identifier, corners, "zxing")
        )


@contextmanager
def _binary_scanner() -> Iterator[Any]:
    with _make_scanner() as scanner:
        zbar_image_scanner_set_config(scanner, ZBarSymbol.QRCODE, _CFG_BINARY, 1)
        yield scanner


_make_scanner = pyzbar._image_scanner  # noqa: SLF001 - decode() has no other door for a setting
pyzbar._image_scanner = _binary_scanner  # noqa: SLF001


def _zbar(grey: Grey, found: Found) -> None:
    for symbol in pyzbar.decode(grey, symbols=_ZBAR):
        text = decode_text(symbol.data)
        if len(text) < CHARS_MIN and ZBarSymbol[symbol.type] not in _CHECKED:
            continue
        name, aim = _NAMES[symbol.type]
        x, y, w, h = symbol.rect
        corners = ((x, y), (x + w, y), (x + w, y + h), (x, y + h))
        found.setdefault((_family(name), text), Code(text, name, aim, corners, "zbar"))


def _family(name: str) -> str:
    """Return the group in which the same text is the same code: readers name EAN and UPC apart."""
    return "retail" if name.startswith(("EAN", "UPC")) else name.replace("-", " ").lower()


# ---- tilted codes --------------------------------------------------------------------------------


def _tilted(grey: Grey, found: Found) -> None:
    """Turn what looks like a 1-D code upright, and read it."""
    is_there, quads = cv2.barcode.BarcodeDetector().detect(grey)
    if not is_there or quads is None:
        return
    for quad in quads[:CODES_MAX]:
        if any(_holds(quad, code) for code in found.values()):
            continue
        upright, back = _upright(grey, quad)
        if upright is None:
            continue
        seen: Found = {}
        _zxing(upright, seen, thorough=True)
        _zbar(upright, seen)
        _add(found, seen, back)


def _holds(quad: Any, code: Code) -> bool:  # noqa: ANN401 - OpenCV's points
    x, y = np.mean(code.corners, axis=0)
    return cv2.pointPolygonTest(quad.astype(np.float32), (float(x), float(y)), False) >= 0  # noqa: FBT003


def _upright(grey: Grey, quad: Any) -> tuple[Grey | None, Any]:  # noqa: ANN401
    """Return the part around `quad` turned upright, with room for quiet zones, and the way back."""
    (x, y), (w, h), angle = cv2.minAreaRect(quad.astype(np.float32))
    if w < h:
        w, h, angle = h, w, angle + 90
    if w < SIDE_MIN or h < 1:
        return None, None
    zoom = 2.0 if w < CROP_SIDE_MAX / 4 else 1.0
    width, height = int(min(w * 1.3 * zoom, CROP_SIDE_MAX)), int(min(h * 1.4 * zoom, CROP_SIDE_MAX))
    turn = cv2.getRotationMatrix2D((x, y), angle, zoom)
    turn[:, 2] = turn[:, 2] + np.array([width / 2 - x, height / 2 - y])
    upright = cv2.warpAffine(
        grey, turn, (width, max(height, SIDE_MIN)),
        flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return upright, cv2.invertAffineTransform(turn)


# ---- second looks --------------------------------------------------------------------------------


def _attempts(grey: Grey) -> list[Callable[[], tuple[Grey, Any]]]:
    """Return other views of the picture, each with the way back to its coordinates."""

    def scaled(factor: float) -> tuple[Grey, Any]:
        way = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        picture = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=way)
        return picture, np.array([[1 / factor, 0, 0], [0, 1 / factor, 0]])

    def turned(angle: float) -> tuple[Grey, Any]:
        height, width = grey.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        side = int(np.hypot(width, height))
        turn[:, 2] = turn[:, 2] + np.array([side - width, side - height]) / 2
        picture = cv2.warpAffine(
            grey, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return picture, cv2.invertAffineTransform(turn)

    same = np.array([[1.0, 0, 0], [0, 1.0, 0]])

    def sharpened(sigma: float) -> tuple[Grey, Any]:
        large, back = scaled(2.0) if has_room else (grey, same)
        soft = cv2.GaussianBlur(large, (0, 0), sigma)
        return cv2.addWeighted(large, 3.0, soft, -2.0, 0), back

    has_room = grey.size * 4 <= PIXELS_WORKED
    views: list[Callable[[], tuple[Grey, Any]]] = [
        lambda: sharpened(3.0),
        lambda: (cv2.createCLAHE(3.0, (8, 8)).apply(grey), same),
        lambda: turned(30),
        lambda: turned(-30),
        lambda: sharpened(6.0),
        lambda: scaled(0.5),
        lambda: (cv2.medianBlur(grey, 3), same),
        lambda: turned(15),
        lambda: turned(-15),
    ]
    if has_room:
        views.insert(3, lambda: scaled(2.0))
    return views


def _add(found: Found, seen: Found, back: Any) -> None:  # noqa: ANN401 - an affine matrix
    for key, code in seen.items():
        points = np.array([[x, y, 1.0] for x, y in code.corners]) @ back.T
        corners = tuple((round(x), round(y)) for x, y in points.tolist())
        found.setdefault(key, Code(code.text, code.symbology, code.aim, corners, code.reader))


def _scaled(code: Code, scale: float) -> Code:
    corners = tuple((round(x / scale), round(y / scale)) for x, y in code.corners)
    return Code(code.text, code.symbology, code.aim, corners, code.reader)
