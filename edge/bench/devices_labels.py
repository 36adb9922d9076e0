"""How fast a waybill becomes a printer's bytes, beside the way that most software takes."""

import contextlib
import io
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from edge.bench.figures import Figure, median

ROUNDS: Final = 7
LABELS_A_ROUND: Final = 20
SERIAL_BAUD: Final = 9_600
BITS_A_BYTE: Final = 10
"""On a serial line, start and stop bit included."""
MS_TARGETS: Final = {"tspl": 1.5, "zpl": 2.5}
BYTES_TARGETS: Final = {"zpl": 16_384}
PEER_LABELS: Final = 3
RATIO_TARGET: Final = 10.0
FONT: Final = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
FACE_SC: Final = 2


def run(say: Callable[[str], None]) -> list[Figure]:
    """Measure rendering and encoding of the 100 × 150 mm waybill in each language."""
    from drivers.api import (  # noqa: PLC0415 - only this bench needs them
        CopyId,
        builtin_template,
        open_printer,
        render_label,
        sample_data,
    )

    template, data = builtin_template("waybill"), sample_data("waybill")
    say("the python-escpos way")
    peer_ms, peer_spread = _times(lambda: _peer(data), PEER_LABELS)
    figures = [Figure("waybill, python-escpos and Pillow", "ms", peer_ms, peer_spread)]
    for lang in ("tspl", "zpl", "escpos"):
        say(f"waybill → {lang}")
        try:
            printer = open_printer(f"tcp://localhost?lang={lang}")
        except Exception as error:  # noqa: BLE001 - a language that this build does not have
            say(str(error))
            continue

        def make(encode: Callable[[Any, Any], bytes] = printer.encode) -> bytes:
            return encode(render_label(template, data), CopyId("bench"))

        size = len(make())
        value_ms, spread = _times(make, LABELS_A_ROUND)
        target_ms = MS_TARGETS.get(lang)
        figures.append(
            Figure(
                f"waybill → {lang}, warm",
                "ms",
                value_ms,
                spread,
                floor=peer_ms,
                floor_name="python-escpos",
                ratio=peer_ms / value_ms,
                target=f"≤ {target_ms} ms and ≥ {RATIO_TARGET:g} ×" if target_ms else "",
                met=(value_ms <= target_ms and peer_ms / value_ms >= RATIO_TARGET)
                if target_ms
                else None,
            )
        )
        bound = BYTES_TARGETS.get(lang)
        figures.append(
            Figure(
                f"waybill as {lang}",
                "bytes",
                size,
                floor=round(size * BITS_A_BYTE / SERIAL_BAUD, 1),
                floor_name=f"s at {SERIAL_BAUD} baud",
                target=f"≤ {bound}" if bound else "",
                met=size <= bound if bound else None,
            )
        )
    return figures


def _times(make: Callable[[], object], labels: int) -> tuple[float, tuple[float, float]]:
    """Return the median time of one label and its spread over the rounds, in ms."""
    make()
    rounds = []
    for _ in range(ROUNDS):
        start = perf_counter()
        for _ in range(labels):
            make()
        rounds.append((perf_counter() - start) * 1e3 / labels)
    return median(rounds), (min(rounds), max(rounds))


def _peer(data: dict[str, Any]) -> bytes:
    """Make a comparable label as a user of the common libraries would: Pillow, then escpos."""
    import segno  # noqa: PLC0415 - only this peer needs them
    from escpos.printer import Dummy  # noqa: PLC0415
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415

    picture = Image.new("1", (800, 1200), 1)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.truetype(FONT, 32, FACE_SC)
    for line in range(12):
        pen.text((20, 300 + line * 44), f"{data['waybill']} 保温杯 480ml 湿巾 {line}", 0, font)
    code = io.BytesIO()
    segno.make(f"FG1:{data['waybill']}:{data['copy_id']}", micro=False).save(
        code, kind="png", scale=5
    )
    picture.paste(Image.open(code).convert("1"), (560, 860))
    printer = Dummy()
    with contextlib.redirect_stdout(io.StringIO()):  # it prints that it cannot centre
        printer.image(picture, impl="bitImageRaster")
    return bytes(printer.output)
