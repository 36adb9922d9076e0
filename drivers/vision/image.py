"""From a file's bytes to grey pixels, with bounds that hold before anything is decoded."""

import io
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from drivers.api import ImageError
from drivers.vision import check_bytes

FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
PIXELS_MAX: Final = 64_000_000
"""What is opened at all; a phone's photo has 12 to 50 million."""
PIXELS_WORKED: Final = 12_000_000
"""Above, the picture is scaled down to this before it is searched."""

Grey: TypeAlias = NDArray[Any]
"""Rows of grey pixels, uint8."""


def load_grey(data: bytes) -> tuple[Grey, float]:
    """Return the picture upright in grey, and how far it was scaled down (1: not at all).

    Raises:
        ImageError: it is no picture, a broken one, or beyond the bounds.
    """
    check_bytes(data)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as file:
            pixels = _check_size(file)
            scale = min(1.0, (PIXELS_WORKED / pixels) ** 0.5)
            if scale < 1.0:
                file.draft("L", (int(file.width * scale), int(file.height * scale)))
            wanted = (max(1, int(file.width * scale)), max(1, int(file.height * scale)))
            upright = ImageOps.exif_transpose(file).convert("RGBA" if _has_alpha(file) else "L")
            if upright.width * upright.height > PIXELS_WORKED:
                turned = wanted if upright.width >= upright.height else wanted[::-1]
                upright.thumbnail(turned)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(
            "the picture has far too many pixels", f"send at most {PIXELS_MAX:,}: a smaller photo"
        ) from error
    except UnidentifiedImageError as error:
        raise ImageError("this is no whole picture", f"send one of {', '.join(FORMATS)}") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        raise ImageError(
            f"this is no whole picture: {error}", f"send one of {', '.join(FORMATS)}"
        ) from error
    if upright.mode == "RGBA":
        paper = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(paper, upright).convert("L")
    return np.array(upright, np.uint8), scale


def _check_size(file: Image.Image) -> int:
    pixels = file.width * file.height
    if pixels > PIXELS_MAX:
        raise ImageError(
            f"the picture has {file.width:,} × {file.height:,} pixels",
            f"send at most {PIXELS_MAX:,} pixels: a smaller photo",
        )
    return pixels


def _has_alpha(file: Image.Image) -> bool:
    return file.mode in ("RGBA", "LA", "PA") or "transparency" in file.info
