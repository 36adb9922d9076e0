"""Printers that count their labels, and those that must not be asked (PRN-4)."""

import pytest

from drivers.api import CopyId, Mark, Proof, Raster, fake_printer, printer_at
from drivers.fakes.printer import FakePrinter, Lang, Wire

COPY = CopyId("copy-1")
COUNTING: list[tuple[Lang, str, bool]] = [
    ("zpl", "", True),
    ("tspl", "TTP-244 Plus", True),
    ("escpos", "TM-T88V", False),
]


async def on(lang: Lang, model: str) -> FakePrinter:
    """Return a virtual printer that is on."""
    fake = fake_printer(lang, model=model, has_network=False)
    await fake.start()
    return fake


@pytest.mark.parametrize(("lang", "model", "is_lasting"), COUNTING)
async def test_the_count_is_one_further_for_whoever_asks_next(
    lang: Lang, model: str, is_lasting: bool, small: Raster
) -> None:
    """A service that crashed after a label left finds it counted on a new line (PRN-2, PRN-4)."""
    fake = await on(lang, model)
    before, after = printer_at(fake), printer_at(fake)
    await before.open()
    mark = await before.mark()
    await before.send(before.encode(small, COPY), COPY)
    assert await before.await_proof(COPY, mark, 5) is not Proof.NONE
    await before.close()
    await after.open()
    counted = await after.mark()
    await fake.stop()
    assert (mark, counted) == (Mark(0, is_lasting), Mark(1, is_lasting))


@pytest.mark.parametrize(("lang", "model"), [("tspl", "GP-1324D"), ("escpos", "XP-80C")])
async def test_a_model_that_is_not_known_to_count_is_not_asked(
    lang: Lang, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that a clone may print as text is sent to no clone (PRN-4)."""
    heard = bytearray()
    feed = Wire.feed

    async def overheard(wire: Wire, data: bytes) -> None:
        heard.extend(data)
        await feed(wire, data)

    monkeypatch.setattr(Wire, "feed", overheard)
    fake = await on(lang, model)
    printer = printer_at(fake)
    await printer.open()
    assert await printer.mark() is None
    await fake.stop()
    assert b"OUT" not in heard
    assert b"\x1dg2" not in heard


async def test_a_cable_that_is_pulled_in_the_raster_spoils_nothing(waybill: Raster) -> None:
    """EIO in the middle of a copy, the device gone and back: half a picture is dropped (DEV-4)."""
    fake = await on("tspl", "TTP-244 Plus")
    printer = printer_at(fake, is_cable=True)
    await printer.open()
    mark = await printer.mark()
    fake.cut_after_bytes = 3_000
    with pytest.raises(Exception, match="the line broke"):
        await printer.send(printer.encode(waybill, COPY), COPY)
    fake.unplugged = True
    with pytest.raises(Exception, match="no such device"):
        await printer.open()
    fake.unplugged = False
    await printer.open()
    assert await printer.mark() == mark
    again = CopyId("copy-2")
    await printer.send(printer.encode(waybill, again), again)
    assert await printer.await_proof(again, mark, 5) is Proof.TOKEN
    await fake.stop()
    assert (fake.printed[0], len(fake.printed), fake.labels[0].raster) == (again, 1, waybill)
