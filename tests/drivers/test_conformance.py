# ruff: noqa: SIM300 - what is expected stands first
"""One suite for every language and transport: drivers against the real protocol's other end."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest

from drivers.api import (
    CopyId,
    DriverError,
    Mark,
    Printer,
    Proof,
    Raster,
    Reading,
    fake_printer,
    open_printer,
)
from drivers.fakes.printer import FakeLabel, FakePrinter
from drivers.labelprinter import LabelPrinter, Waits
from drivers.printers import escpos
from drivers.registry import make_printer
from tests.drivers.ways import Printing, at

ONE, TWO = CopyId("copy-1"), CopyId("copy-2")
LANGS = ["tspl", "zpl", "escpos"]
PROOF = {"tspl": Proof.TOKEN, "zpl": Proof.ODOMETER, "escpos": Proof.TOKEN}
WAYS = [f"{lang} {by}" for lang in LANGS for by in ("tcp", "serial", "usb")]
SWITCHES = {"paper": "paper_out", "head": "head_open", "ribbon": "ribbon_out", "paused": "paused"}
FAULTS = [(lang, part, part) for lang in ("tspl", "zpl") for part in SWITCHES] + [
    ("escpos", "paper", "paper"),
    ("escpos", "head", "head"),
    ("escpos", "paused", "online"),  # it has no word for it
]

every = pytest.mark.parametrize("way", WAYS)


def proof(way: str) -> Proof:
    return PROOF[way.split(maxsplit=1)[0]]


def out_of(fake: FakePrinter) -> list[str]:
    """Return which copies came out."""
    names = {escpos.process_id(each): each for each in (ONE, TWO)}
    return [names.get(copy_id, copy_id) for copy_id in fake.printed]


async def send(printer: Printer, label: Raster, copy_id: CopyId) -> Mark | None:
    """Send a copy as the queue does, and return its mark."""
    mark = await printer.mark()
    copy = printer.encode(label, copy_id)
    assert len(copy) == await printer.send(copy, copy_id)
    return mark


async def received(fake: FakePrinter) -> None:
    """Wait until the printer has a label; it tells nobody."""
    while not fake.held:  # noqa: ASYNC110 - see above
        await asyncio.sleep(0.001)


@every
async def test_a_copy_is_sent_once_and_proved(
    printing: Printing, waybill: Raster, way: str
) -> None:
    """Each copy comes out once, bit for bit, and the printer's own word proves it. PRN-1, PRN-4."""
    async with printing(way) as (fake, printer, _):
        for copy_id in (ONE, TWO):
            mark = await send(printer, waybill, copy_id)
            assert proof(way) is await printer.await_proof(copy_id, mark, 10)
        assert [ONE, TWO] == out_of(fake)
        assert [waybill, waybill] == [label.raster for label in fake.labels]
        assert [] == fake.problems


@every
async def test_the_model_and_status_are_read(printing: Printing, way: str) -> None:
    """A printer is recognised by its language and names its model; all is well. DEV-2, PRN-5."""
    async with printing(way) as (fake, printer, _):
        assert fake.model == await printer.probe()
        status = await printer.status()
        assert (Reading.OK, Reading.OK, ()) == (status.paper, status.head, status.faults)


@every
async def test_another_language_leaves_no_trace(
    printing: Printing, small: Raster, tmp_path: Path, way: str
) -> None:
    """Probing in other languages says None, prints nothing, and spoils no later copy. DEV-2."""
    lang, by = way.split()
    async with printing(way) as (fake, printer, _):
        await printer.close()
        url, _ = at(fake, by, tmp_path / "device")
        for other in LANGS:
            if other != lang:
                stranger = make_printer(url.replace(f"lang={lang}", f"lang={other}"), Waits(0.1))
                assert await stranger.probe() is None
        assert not fake.printed
        await printer.open()
        mark = await send(printer, small, ONE)
        assert proof(way) is await printer.await_proof(ONE, mark, 10)
        assert [small.rows] == [label.raster.rows for label in fake.labels]


@pytest.mark.parametrize(("lang", "part", "shown"), FAULTS)
async def test_a_fault_is_named_and_nothing_is_sent(
    printing: Printing, small: Raster, lang: str, part: str, shown: str
) -> None:
    """A copy for a printer with a fault is refused before its first byte. PRN-5."""
    async with printing(f"{lang} tcp") as (fake, printer, _):
        setattr(fake, SWITCHES[part], True)
        assert (shown,) == (await printer.status()).faults
        with pytest.raises(DriverError) as caught:
            await printer.send(printer.encode(small, ONE), ONE)
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
        assert shown in caught.value.cause
        setattr(fake, SWITCHES[part], False)
        await printer.send(printer.encode(small, ONE), ONE)


@every
async def test_a_held_copy_is_proved_when_it_comes_out(
    printing: Printing, small: Raster, way: str
) -> None:
    """Paper ends after sending: no proof, nothing resent; with paper one label comes. PRN-2."""
    async with printing(way) as (fake, printer, _):
        fake.seconds_per_label = 60
        mark = await send(printer, small, ONE)
        await received(fake)
        fake.paper_out = True
        fake.seconds_per_label = 0
        assert Proof.NONE is await printer.await_proof(ONE, mark, 0.1)
        waiting = asyncio.create_task(printer.await_proof(ONE, mark, 5))
        assert ("paper",) == (await printer.status()).faults
        fake.paper_out = False
        assert proof(way) is await waiting
        assert [ONE] == out_of(fake)


@every
async def test_a_held_copy_never_proves_the_next(
    printing: Printing, small: Raster, way: str
) -> None:
    """While the printer holds earlier work, the next copy waits or is not proved by it. PRN-4."""
    async with printing(way) as (fake, printer, _):
        fake.seconds_per_label = 60
        await send(printer, small, ONE)
        await received(fake)
        await printer.close()
        await printer.open()
        if not (await printer.status()).busy:  # ESC/POS cannot tell
            mark = await send(printer, small, TWO)
            waiting = asyncio.create_task(printer.await_proof(TWO, mark, 0.1))
            fake.seconds_per_label = 0
            fake.look_again()
            assert Proof.TOKEN is await waiting
            assert [ONE, TWO] == out_of(fake)
            return
        with pytest.raises(DriverError) as caught:
            await printer.send(printer.encode(small, TWO), TWO)
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
        assert "busy with earlier work" in caught.value.cause


@every
async def test_a_broken_line_says_how_much_was_sent(
    printing: Printing, waybill: Raster, way: str
) -> None:
    """Cut in the middle, a copy is not retryable, and half of it spoils no later one. PRN-2."""
    async with printing(way) as (fake, printer, plug):
        copy = printer.encode(waybill, ONE)
        fake.cut_after_bytes = 10_000
        with pytest.raises(DriverError) as caught:
            await printer.send(copy[:-20] + bytes(16_000_000), ONE)  # more than any buffer holds
        assert 0 < caught.value.bytes_out < 16_000_000
        assert not caught.value.is_retryable
        assert not fake.printed
        await plug.plug_in()
        await printer.open()
        mark = await send(printer, waybill, TWO)
        assert proof(way) is await printer.await_proof(TWO, mark, 10)
        assert [waybill] == [label.raster for label in fake.labels]


@pytest.mark.parametrize("lang", LANGS)
async def test_a_replaced_cable_spoils_no_copy(
    printing: Printing, waybill: Raster, lang: str
) -> None:
    """A printer that kept half a picture drops it before the next copy comes. PRN-2."""
    async with printing(f"{lang} usb") as (fake, printer, _):
        copy = printer.encode(waybill, ONE)
        half = copy[: len(copy) // 2]
        assert isinstance(printer, LabelPrinter)
        await printer._link.send(half)
        printer._is_cut_short = True  # as after a send that failed
        await printer.close()
        await printer.open()
        mark = await send(printer, waybill, TWO)
        assert proof(f"{lang} usb") is await printer.await_proof(TWO, mark, 10)
        assert [waybill] == [label.raster for label in fake.labels]


@every
async def test_a_copy_cut_off_on_its_way_is_not_claimed(
    printing: Printing, waybill: Raster, way: str
) -> None:
    """Taken whole by the system, in half by the printer: no proof, no leave to resend. PRN-2."""
    async with printing(way) as (fake, printer, _):
        mark = await printer.mark()
        fake.cut_after_bytes = 10_000
        copy = printer.encode(waybill, ONE)
        with pytest.raises(DriverError) as caught:  # noqa: PT012 - either may see it first
            await printer.send(copy, ONE)
            if await printer.await_proof(ONE, mark, 0.5) is Proof.NONE:
                await printer.status()
        assert not fake.printed
        assert caught.value.op in {"send", "await_proof", "status"}
        if caught.value.op == "send":
            assert not caught.value.is_retryable
            assert 0 < caught.value.bytes_out <= len(copy)


@every
async def test_a_reboot_loses_the_copy_and_proves_nothing(
    printing: Printing, small: Raster, way: str
) -> None:
    """A printer that restarts with a copy in it: lost, not retryable, unknown. PRN-4."""
    async with printing(way, reply_s=0.3) as (fake, printer, _):
        fake.seconds_per_label = 60
        mark = await send(printer, small, ONE)
        waiting = asyncio.create_task(printer.await_proof(ONE, mark, 5))
        await received(fake)
        fake.reboot()
        with pytest.raises(DriverError) as caught:
            await waiting
        assert not caught.value.is_retryable
        assert caught.value.bytes_out
        assert not fake.printed


@every
async def test_a_missing_device_is_retryable(tmp_path: Path, way: str) -> None:
    """Nobody is there: nothing was sent, trying again is safe, and close does no harm. PRN-3."""
    lang, by = way.split()
    fake = fake_printer(lang)  # type: ignore[arg-type]
    await fake.start()
    await fake.stop()
    url, plug = at(fake, by, tmp_path / "device")
    printer = open_printer(url)
    with pytest.raises(DriverError) as caught:
        await printer.open()
    assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
    await printer.close()
    await printer.close()
    await fake.start()
    await plug.plug_in()
    await printer.open()
    await printer.close()
    plug.unplug()
    await fake.stop()


@pytest.mark.parametrize("lang", LANGS)
async def test_an_unopened_printer_says_so(lang: str) -> None:
    """Every call on a closed printer is a retryable error, never a crash."""
    printer = make_printer(f"tcp://127.0.0.1:9?lang={lang}")
    for call in (printer.status, printer.cancel, lambda: printer.send(b"x", ONE)):
        with pytest.raises(DriverError) as caught:
            await call()
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)


@every
async def test_silence_is_a_fault(printing: Printing, small: Raster, way: str) -> None:
    """An open connection without answers is a fault to look at, not an absence. PRN-5."""
    async with printing(way, reply_s=0.1) as (fake, printer, _):
        fake.mute = True
        with pytest.raises(DriverError) as caught:
            await printer.send(printer.encode(small, ONE), ONE)
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
        assert "no answer on an open connection" == caught.value.cause
        assert not fake.printed


@every
async def test_silence_after_sending_proves_nothing(
    printing: Printing, small: Raster, way: str
) -> None:
    """A label that comes out of a mute printer is not claimed as proved. PRN-4."""
    async with printing(way, reply_s=0.3) as (fake, printer, _):
        mark = await printer.mark()
        fake.seconds_per_label = 60
        await printer.send(printer.encode(small, ONE), ONE)
        await received(fake)
        fake.mute = True
        fake.seconds_per_label = 0
        fake.look_again()
        assert Proof.NONE is await printer.await_proof(ONE, mark, 0.1)
        assert 1 == len(fake.printed)


@every
async def test_late_answers_meet_nobody(printing: Printing, small: Raster, way: str) -> None:
    """A printer that answered too late is asked afresh: its late word proves no copy. PRN-4."""
    async with printing(way, reply_s=0.4) as (fake, printer, _):
        fake.answers_after_s = 0.5
        with pytest.raises(DriverError):
            await printer.status()
        fake.answers_after_s = 0
        with pytest.raises(DriverError, match="not connected"):
            await printer.status()
        await printer.open()
        fake.seconds_per_label = 60
        mark = await send(printer, small, ONE)
        assert Proof.NONE is await printer.await_proof(ONE, mark, 0.3)
        assert not fake.printed


@every
async def test_an_answer_may_come_byte_by_byte(printing: Printing, small: Raster, way: str) -> None:
    """A printer that dribbles its words is understood, and its proof too. PRN-4."""
    async with printing(way) as (fake, printer, _):
        fake.trickles = True
        assert fake.model == await printer.probe()
        mark = await send(printer, small, ONE)
        assert proof(way) is await printer.await_proof(ONE, mark, 5)


@every
async def test_cancel_drops_what_is_held(printing: Printing, small: Raster, way: str) -> None:
    """After cancel a held copy never comes out. PRN-2."""
    async with printing(way) as (fake, printer, _):
        fake.seconds_per_label = 60
        await send(printer, small, ONE)
        await received(fake)
        await printer.cancel()
        while fake.held:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.001)
        assert not (await printer.status()).busy
        assert not fake.printed


@every
async def test_closing_ends_a_wait(printing: Printing, small: Raster, way: str) -> None:
    """close() while proof is awaited ends the wait with an error and frees the connection."""
    async with printing(way) as (fake, printer, _):
        fake.seconds_per_label = 60
        mark = await send(printer, small, ONE)
        await received(fake)
        waiting = asyncio.create_task(printer.await_proof(ONE, mark, 30))
        await asyncio.sleep(0)
        await printer.close()
        with pytest.raises(DriverError):
            await waiting
        await printer.open()
        await printer.status()
        assert 1 == fake.held


@every
async def test_one_exchange_at_a_time(printing: Printing, small: Raster, way: str) -> None:
    """Questions asked while proof is awaited take turns, and each gets its own answer."""
    async with printing(way) as (fake, printer, _):
        fake.seconds_per_label = 0.1
        mark = await send(printer, small, ONE)
        waiting = asyncio.create_task(printer.await_proof(ONE, mark, 10))
        asked = await asyncio.gather(*(printer.status() for _ in range(10)))
        assert [()] * 10 == [status.faults for status in asked]
        assert proof(way) is await waiting


@every
async def test_a_slow_printer_gets_all(printing: Printing, waybill: Raster, way: str) -> None:
    """A printer that reads slowly still gets the whole copy, once."""
    async with printing(way) as (fake, printer, _):
        fake.bytes_per_s = 2_000_000
        mark = await send(printer, waybill, ONE)
        assert proof(way) is await printer.await_proof(ONE, mark, 5)
        assert [waybill] == [label.raster for label in fake.labels]


@pytest.mark.parametrize("lang", LANGS)
async def test_labels_land_as_pictures(tmp_path: Path, small: Raster, lang: str) -> None:
    """Each label is a PNG in the folder, in the list, and told to the listener."""
    seen: list[FakeLabel] = []
    fake = fake_printer(lang, out_dir=tmp_path, on_label=seen.append)  # type: ignore[arg-type]
    await fake.start()
    printer = open_printer(fake.url)
    await printer.open()
    mark = await send(printer, small, ONE)
    await printer.await_proof(ONE, mark, 10)
    await printer.close()
    await fake.stop()
    assert list(fake.labels) == seen
    assert [f"{lang}-00001.png"] == os.listdir(tmp_path)  # noqa: PTH208 - a test may block


@every
async def test_a_faulty_printer_may_be_silent(printing: Printing, small: Raster, way: str) -> None:
    """Proof is awaited through the silence of a printer in a fault. PRN-4."""
    async with printing(way, reply_s=0.2) as (fake, printer, _):
        fake.silent_in_fault = True
        fake.seconds_per_label = 60
        mark = await send(printer, small, ONE)
        await received(fake)
        fake.head_open = True
        fake.seconds_per_label = 0
        waiting = asyncio.create_task(printer.await_proof(ONE, mark, 5))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.1)
        fake.head_open = False
        assert proof(way) is await waiting
