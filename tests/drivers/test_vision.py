"""Codes on photos: what is read, what is refused, and that the service stays small and alive."""

import asyncio
import io
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import zint
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.api import (
    PICTURE_BYTES_MAX,
    ImageError,
    builtin_template,
    raster_png,
    render_label,
    search_codes,
)
from drivers.api import sample_data as data_of
from drivers.vision.decoder import WorkerDecoder
from drivers.vision.image import load_grey
from drivers.vision.pipeline import decode
from edge.bench.devices_decode import make_samples

MISSED_MAX = 2
"""Of 30 pictures; the bench measures a larger set against the targets."""


def code_png(text: str, symbology: zint.Symbology, *, gs1: bool = False) -> bytes:
    """Return a picture of one code, four pixels a module."""
    symbol = zint.Symbol()
    symbol.symbology = symbology
    if gs1:
        symbol.input_mode = zint.InputMode.GS1 | zint.InputMode.GS1PARENS
    symbol.encode(text)
    packed = np.asarray(symbol.encoded_data)[: symbol.rows]
    bits = np.unpackbits(packed, axis=1, count=symbol.width, bitorder="little")
    dots = bits.repeat(4, axis=1).repeat(4 if symbol.rows > 1 else 200, axis=0)
    grey = np.pad(np.where(dots, 0, 255).astype(np.uint8), 60, constant_values=255)
    return png(Image.fromarray(grey))


def png(picture: Image.Image) -> bytes:
    """Return a picture as a PNG."""
    out = io.BytesIO()
    picture.save(out, "png")
    return out.getvalue()


def test_spoilt_pictures_are_read() -> None:
    """Tilted, blurred, noisy, small and shaded codes are read, and hardly one wrongly (PICK-3)."""
    missed, wrong = [], []
    for sample in make_samples(1):
        texts = [code.text for code in search_codes(sample.picture)]
        if sample.text not in texts:
            missed.append((sample.symbology, sample.way))
        wrong += [text for text in texts if text != sample.text]
    assert (missed[MISSED_MAX:], wrong) == ([], [])


def test_every_code_of_a_label_is_found_with_its_place() -> None:
    """A photo of a waybill gives its number and its QR, from top to bottom (PRN-8)."""
    data = data_of("waybill")
    label = raster_png(render_label(builtin_template("waybill"), data))
    codes = decode(label)
    qr = f"FG1:{data['waybill']}:{data['copy_id']}"
    assert [(code.symbology, code.text) for code in codes] == [
        ("Code 128", data["waybill"]),
        ("QR Code", qr),
    ]
    for code in codes:
        assert all(0 <= x <= 800 and 0 <= y <= 1200 for x, y in code.corners)
    assert min(y for _, y in codes[0].corners) < min(y for _, y in codes[1].corners)


@pytest.mark.parametrize("text", ["围兜 1 件", "王䶮喆", "上海市青浦区"])
def test_chinese_in_a_qr_code_is_read(text: str) -> None:
    """UTF-8 without a mark of its encoding is not mistaken for another (PICK-3)."""
    assert [code.text for code in decode(code_png(text, zint.Symbology.QRCODE))] == [text]


def test_a_gs1_code_keeps_its_separators() -> None:
    """The reader gives what GS1 parsing needs: identifier and separators (PICK-3)."""
    picture = code_png("(01)06901234567892(10)A7(17)270131", zint.Symbology.DATAMATRIX, gs1=True)
    (code,) = decode(picture)
    assert (code.aim, code.text) == ("]d2", "010690123456789210A7\x1d17270131")


def test_a_turned_photo_is_read_upright() -> None:
    """A phone's mark of orientation is heeded, so that places are those that a person sees."""
    picture = Image.open(io.BytesIO(code_png("SF1508240017734", zint.Symbology.CODE128)))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    out = io.BytesIO()
    picture.convert("L").save(out, "jpeg", quality=95, exif=exif)
    grey, _ = load_grey(out.getvalue())
    assert grey.shape == (picture.width, picture.height)
    assert [code.text for code in decode(out.getvalue())] == ["SF1508240017734"]


# ---- bad input ----------------------------------------------------------------------------------


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that says it is large, and ends there."""
    head = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + bytes([1, 0, 0, 0, 0])
    checked = head + zlib.crc32(head).to_bytes(4)
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d" + checked + b"\x00\x00\x10\x00IDAT"


WHOLE = code_png("A-01-03", zint.Symbology.QRCODE)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no whole picture"),
        (b"%PDF-1.7 and \xff\xd8\xff\xe0 in it", "no whole picture"),
        (WHOLE[: len(WHOLE) // 2], "no whole picture"),
        (b"GIF89a" + b"\0" * 40, "no whole picture"),
        (bomb(30_000, 30_000), "far too many pixels"),
        (bomb(9_000, 9_000), "9,000 × 9,000 pixels"),
        (b"\xff" * (PICTURE_BYTES_MAX + 1), "bytes"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, said: str) -> None:
    """Empty, foreign, truncated, enormous and oversized: each refused before it costs anything."""
    with pytest.raises(ImageError, match=said) as refused:
        decode(data)
    assert refused.value.hint


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=30))
def test_any_bytes_are_read_or_explained(at: int, junk: bytes) -> None:
    """A damaged picture gives codes or an ImageError, nothing else."""
    at %= len(WHOLE)
    for data in (junk, WHOLE[:at] + junk + WHOLE[at + len(junk) :]):
        try:
            codes = decode(data, budget_s=0.0)
        except ImageError:
            continue
        assert all(code.corners for code in codes)


# ---- the worker ---------------------------------------------------------------------------------


async def test_pictures_are_read_in_a_process_of_their_own() -> None:
    """One after the other by the same worker; the readers are not loaded into the service."""
    decoder = WorkerDecoder()
    try:
        assert [code.text for code in await decoder.decode(WHOLE)] == ["A-01-03"]
        both = await asyncio.gather(*(decoder.decode(WHOLE) for _ in range(4)))
        assert [[code.text for code in codes] for codes in both] == [["A-01-03"]] * 4
        assert decoder.workers <= 2
        with pytest.raises(ImageError, match="no whole picture"):
            await decoder.decode(b"nothing")
        decoder.dismiss()
        assert decoder.workers == 0
        assert [code.text for code in await decoder.decode(WHOLE)] == ["A-01-03"]
    finally:
        await decoder.close()


async def test_a_worker_that_dies_costs_one_picture() -> None:
    """A killed process is told as a picture that could not be read; the next one is read."""
    decoder = WorkerDecoder(workers_max=1)
    try:
        await decoder.decode(WHOLE)
        (worker,) = decoder._idle
        os.kill(worker.pid, 19)  # SIGSTOP: it will not answer
        slow = WorkerDecoder(workers_max=1, answer_s=0.2)
        slow._idle.append(worker)
        with pytest.raises(ImageError, match="could not be read"):
            await slow.decode(WHOLE)
        assert worker.returncode is not None
        assert [code.text for code in await decoder.decode(WHOLE)] == ["A-01-03"]
    finally:
        await decoder.close()


def test_the_service_loads_no_reader() -> None:
    """Until a picture comes, and after, the service holds neither OpenCV nor zbar."""
    script = (
        "import asyncio, sys; from drivers.api import open_decoder; import edge.bootstrap\n"
        "async def main():\n"
        "    decoder = open_decoder()\n"
        f"    codes = await decoder.decode({WHOLE!r})\n"
        "    await decoder.close()\n"
        "    print(len(codes), sorted({'cv2', 'pyzbar', 'zxingcpp'} & set(sys.modules)))\n"
        "asyncio.run(main())"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert said == "1 []\n"


# ---- the command line ---------------------------------------------------------------------------


def test_the_command_line_reads_files(tmp_path: Path) -> None:
    """Codes with their places and GS1 parts; exit code 1 where a file gave none (PICK-3)."""
    good, empty = tmp_path / "good.png", tmp_path / "empty.png"
    gs1 = code_png("(01)06901234567892(10)A7", zint.Symbology.DATAMATRIX, gs1=True)
    good.write_bytes(gs1)
    empty.write_bytes(png(Image.new("L", (200, 200), 255)))
    command = [sys.executable, "-m", "edge", "decode", "--json", str(good), str(empty), "none.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1
    assert first["codes"][0]["gs1"]["lot"] == "A7"
    assert (second["codes"], second["problem"]) == ([], "")
    assert "No such file" in third["problem"]
    chinese = os.environ | {"LC_ALL": "zh_CN.UTF-8"}
    command = [*command[:4], str(good), str(empty), "none.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=chinese)
    said = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert said == [f"{good}: 1 个条码", f"{empty}: 没有条码", "none.png: 没有这个文件或文件夹"]
