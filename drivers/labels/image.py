"""Pictures on labels: any common file becomes dots."""

import base64
import binascii
import io
from typing import Final

import numpy as np
from PIL import Image

from drivers.api import LabelError
from drivers.labels.glyphs import Dots

BASE64_CHARS_MAX: Final = 400_000
PIXELS_MAX: Final = 4_000_000
FORMATS: Final = ("PNG", "JPEG", "BMP", "GIF", "WEBP")


def dots(path: str, encoded: str, size: tuple[int, int], *, dither: bool) -> Dots:
    """Return the picture in base64, as large as it fits into `size` (width, height in dots).

    What is transparent stays white.
    """
    if len(encoded) > BASE64_CHARS_MAX:
        raise LabelError(
            path,
            f"the picture takes {len(encoded)} characters",
            f"make it smaller: at most {BASE64_CHARS_MAX}",
        )
    try:
        raw = base64.b64decode(encoded, validate=True)
        file = Image.open(io.BytesIO(raw), formats=FORMATS)
        if file.width * file.height > PIXELS_MAX:
            raise LabelError(
                path,
                f"the picture has {file.width} × {file.height} pixels",
                f"scale it down: at most {PIXELS_MAX} pixels",
            )
        picture = file.convert("RGBA")
    except (binascii.Error, OSError, SyntaxError, ValueError) as error:
        raise LabelError(
            path, "this is no whole picture", f"give one of {', '.join(FORMATS)} in base64"
        ) from error
    paper = Image.new("RGBA", picture.size, "white")
    grey = Image.alpha_composite(paper, picture).convert("L")
    scale = min(size[0] / grey.width, size[1] / grey.height)
    fitted = grey.resize((max(1, int(grey.width * scale)), max(1, int(grey.height * scale))))
    way = Image.Dither.FLOYDSTEINBERG if dither else Image.Dither.NONE
    return ~np.asarray(fitted.convert("1", dither=way))
