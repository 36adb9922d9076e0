"""Rasters as pictures and pages for people."""

import io
from collections.abc import Sequence

from PIL import Image

from drivers.api import Raster


def png(label: Raster) -> bytes:
    """Return `label` as a 1-bit PNG with its resolution."""
    out = io.BytesIO()
    _picture(label).save(out, "png", dpi=(label.dpi, label.dpi))
    return out.getvalue()


def pdf(labels: Sequence[Raster]) -> bytes:
    """Return `labels` as a PDF, a page each, in their true size."""
    first, *others = map(_picture, labels)
    out = io.BytesIO()
    first.save(
        out, "pdf", save_all=True, append_images=others, resolution=labels[0].dpi,
        producer="Floorgate", creationDate=None, modDate=None,
    )  # fmt: skip
    return out.getvalue()


def _picture(label: Raster) -> Image.Image:
    return Image.frombytes("1", (label.width, label.height), label.rows, "raw", "1;I")
