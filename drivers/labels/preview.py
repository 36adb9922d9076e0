"""A raster as a picture for people."""

import io

from PIL import Image

from drivers.api import Raster


def png(label: Raster) -> bytes:
    """Return `label` as a 1-bit PNG with its resolution."""
    picture = Image.frombytes("1", (label.width, label.height), label.rows, "raw", "1;I")
    out = io.BytesIO()
    picture.save(out, "png", dpi=(label.dpi, label.dpi))
    return out.getvalue()
