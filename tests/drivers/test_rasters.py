# ruff: noqa: SIM300 - what is expected stands first
"""One label, four languages: what comes out is the same picture, dot for dot."""

import io

import numpy as np
import pytest
from PIL import Image
from zplkit import Options
from zplkit import render as judge
from zplkit.rendering import Limits

from drivers.api import CopyId, Raster, builtin_template, render_label, sample_data
from drivers.fakes.engine import Engine, Printed
from drivers.fakes.escpos_engine import EscposEngine
from drivers.fakes.tspl_engine import TsplEngine
from drivers.fakes.zpl_engine import ZplEngine
from drivers.printers import escpos, ipp, tspl, zpl
from tests.drivers.test_ipp import pwg_dots

COPY = CopyId("0198f0aa-1")
NAMES = ["waybill", "slip", "tote", "location", "badge", "sticker"]
ZPL_BYTES_MAX = 22_000
"""Of the dense waybill: its picture has no redundancy left that zlib could find in 2.5 ms."""


def out_of(engine: Engine, sent: bytes) -> bytes:
    (label,) = engine.feed(sent)
    assert isinstance(label, Printed)
    assert [] == engine.problems
    return label.raster.rows


def dots(raster: Raster) -> np.ndarray:
    packed = np.frombuffer(raster.rows, np.uint8).reshape(raster.height, -1)
    return np.unpackbits(packed, axis=1, count=raster.width)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dpi", [203, 300])
def test_every_language_prints_the_same_dots(name: str, dpi: int) -> None:
    """TSPL, ZPL, ESC/POS, PWG raster and PNG carry one canonical raster, bit for bit. PRN-1."""
    label = render_label(builtin_template(name), sample_data(name), dpi)
    assert label.rows == out_of(TsplEngine(dpi), tspl.encode(label, COPY))
    assert label.rows == out_of(ZplEngine(dpi), zpl.encode(label, COPY))
    sent = escpos.encode(label, COPY, has_process_id=True)
    assert label.rows == out_of(EscposEngine(dpi), sent)
    for document in (ipp.Takes(), ipp.Takes(pwg_types=("sgray_8",))):
        assert np.array_equal(dots(label), pwg_dots(ipp.encode(label, COPY, document)))
    png = Image.open(io.BytesIO(ipp.encode(label, COPY, ipp.Takes(formats=("image/png",)))))
    assert np.array_equal(dots(label), 1 - np.asarray(png.convert("1"), np.uint8))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dpi", [203, 300])
def test_zpl_pleases_a_judge_not_written_here(name: str, dpi: int) -> None:
    """An independent, strict ZPL renderer draws the same label from our bytes. PRN-1."""
    label = render_label(builtin_template(name), sample_data(name), dpi)
    source = zpl.encode(label, COPY).replace(b"^JZY", b"").replace(b"^PQ1", b"")
    limits = Limits(graphic_bytes=10**8, input_bytes=10**8)
    options = Options(profile="specification", width=label.width, height=label.height, dpi=dpi)
    scene = judge(source, options, limits=limits).labels[0].rasterize()
    black = np.frombuffer(scene.pixels, np.uint8).reshape(scene.height, scene.width) == 0
    assert label.rows == np.packbits(black, axis=1).tobytes()


def test_the_dense_waybill_stays_small(waybill: Raster) -> None:
    """The bytes of the densest built-in label are bounded in ZPL. PRN-1."""
    assert len(zpl.encode(waybill, COPY)) <= ZPL_BYTES_MAX
