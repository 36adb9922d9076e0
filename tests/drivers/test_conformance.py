# ruff: noqa: SIM300 - what is expected stands first
"""One suite for every language: a driver against the real protocol run from the other end."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import pytest

from drivers.api import (
    CopyId,
    DriverError,
    Printer,
    Proof,
    Raster,
    Reading,
    fake_printer,
    open_printer,
)
from drivers.fakes.printer import FakeLabel, FakePrinter
from drivers.labelprinter import Waits
from drivers.registry import make_printer

Printing = Callable[..., AbstractAsyncContextManager[tuple[FakePrinter, Printer]]]

ONE, TWO = CopyId("copy-1"), CopyId("copy-2")
PROOF = {"tspl": Proof.TOKEN, "zpl": Proof.ODOMETER}

both = pytest.mark.parametrize("lang", ["tspl", "zpl"])


@both
async def test_a_copy_is_sent_once_and_proved(
    printing: Printing, waybill: Raster, lang: str
) -> None:
    """Each copy comes out once, bit for bit, and the printer's own word proves it. PRN-1, PRN-4."""
    async with printing(lang) as (fake, printer):
        for copy_id in (ONE, TWO):
            mark = await printer.mark()
            copy = printer.encode(waybill, copy_id)
            assert len(copy) == await printer.send(copy, copy_id)
            assert PROOF[lang] is await printer.await_proof(copy_id, mark, 10)
        assert [(ONE, waybill), (TWO, waybill)] == [(x.copy_id, x.raster) for x in fake.labels]
        assert [] == fake.problems


@both
async def test_the_model_and_status_are_read(printing: Printing, lang: str) -> None:
    """A printer is recognised by its language and names its model; all is well. DEV-2, PRN-5."""
    async with printing(lang) as (fake, printer):
        assert fake.model == await printer.probe()
        status = await printer.status()
        assert (Reading.OK, Reading.OK, ()) == (status.paper, status.head, status.faults)


@both
async def test_another_language_is_not_recognised(printing: Printing, lang: str) -> None:
    """Probing a printer with the other language says None and prints nothing. DEV-2, DEV-3."""
    other = {"tspl": "zpl", "zpl": "tspl"}[lang]
    async with printing(lang) as (fake, _):
        stranger = make_printer(fake.url.replace(f"lang={lang}", f"lang={other}"), Waits(0.1))
        assert await stranger.probe() is None
        assert not fake.labels


@both
@pytest.mark.parametrize("part", ["paper", "head", "ribbon", "paused"])
async def test_a_fault_is_named_and_nothing_is_sent(
    printing: Printing, small: Raster, lang: str, part: str
) -> None:
    """A copy for a printer with a fault is refused before its first byte. PRN-5."""
    switch = {"paper": "paper_out", "head": "head_open", "ribbon": "ribbon_out"}.get(part, part)
    async with printing(lang) as (fake, printer):
        setattr(fake, switch, True)
        assert (part,) == (await printer.status()).faults
        with pytest.raises(DriverError) as caught:
            await printer.send(printer.encode(small, ONE), ONE)
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
        assert part in caught.value.cause
        setattr(fake, switch, False)
        await printer.send(printer.encode(small, ONE), ONE)


@both
async def test_a_held_copy_is_proved_when_it_comes_out(
    printing: Printing, small: Raster, lang: str
) -> None:
    """Paper ends after sending: no proof, nothing resent; with paper one label comes. PRN-2."""
    async with printing(lang) as (fake, printer):
        fake.seconds_per_label = 60
        mark = await printer.mark()
        await printer.send(printer.encode(small, ONE), ONE)
        fake.paper_out = True
        fake.seconds_per_label = 0
        assert Proof.NONE is await printer.await_proof(ONE, mark, 0.2)
        waiting = asyncio.create_task(printer.await_proof(ONE, mark, 5))
        assert ("paper",) == (await printer.status()).faults
        fake.paper_out = False
        assert PROOF[lang] is await waiting
        assert [ONE] == [label.copy_id for label in fake.labels]


@both
async def test_a_held_copy_never_proves_the_next(
    printing: Printing, small: Raster, lang: str
) -> None:
    """While the printer holds earlier work, even of another connection, no copy starts. PRN-4."""
    async with printing(lang) as (fake, printer):
        fake.seconds_per_label = 60
        await printer.send(printer.encode(small, ONE), ONE)
        await printer.close()
        await printer.open()
        with pytest.raises(DriverError) as caught:
            await printer.send(printer.encode(small, TWO), TWO)
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
        assert "busy with earlier work" in caught.value.cause


@both
async def test_a_broken_connection_says_how_much_was_sent(
    printing: Printing, waybill: Raster, lang: str
) -> None:
    """Cut in the middle, a copy is not retryable, and no half label comes out. PRN-2."""
    async with printing(lang) as (fake, printer):
        fake.cut_after_bytes = 10_000
        copy = printer.encode(waybill, ONE) + bytes(16_000_000)  # more than any buffer holds
        with pytest.raises(DriverError) as caught:
            await printer.send(copy, ONE)
        assert 0 < caught.value.bytes_out < len(copy)
        assert not caught.value.is_retryable
        assert not fake.labels
        await printer.open()
        mark = await printer.mark()
        await printer.send(printer.encode(waybill, TWO), TWO)
        assert PROOF[lang] is await printer.await_proof(TWO, mark, 10)


@both
async def test_a_copy_cut_off_on_its_way_is_not_claimed(
    printing: Printing, waybill: Raster, lang: str
) -> None:
    """Taken whole by the system, in half by the printer: no proof, no leave to resend. PRN-2."""
    async with printing(lang) as (fake, printer):
        mark = await printer.mark()
        fake.cut_after_bytes = 10_000
        copy = printer.encode(waybill, ONE)
        with pytest.raises(DriverError) as caught:  # noqa: PT012 - either may see it first
            await printer.send(copy, ONE)
            await printer.await_proof(ONE, mark, 10)
        assert not caught.value.is_retryable
        assert 0 < caught.value.bytes_out <= len(copy)
        assert not fake.labels


@both
async def test_a_reboot_loses_the_copy_and_proves_nothing(
    printing: Printing, small: Raster, lang: str
) -> None:
    """A printer that restarts with a copy in it: lost, not retryable, unknown. PRN-4."""
    async with printing(lang) as (fake, printer):
        fake.seconds_per_label = 60
        mark = await printer.mark()
        await printer.send(printer.encode(small, ONE), ONE)
        waiting = asyncio.create_task(printer.await_proof(ONE, mark, 5))
        while not fake.held:  # noqa: ASYNC110 - the printer tells nobody that it has a label
            await asyncio.sleep(0)
        fake.reboot()
        with pytest.raises(DriverError) as caught:
            await waiting
        assert not caught.value.is_retryable
        assert caught.value.bytes_out
        assert not fake.labels


@both
async def test_a_refused_connection_is_retryable(lang: str) -> None:
    """Nobody listens: nothing was sent, trying again is safe, and close does no harm. PRN-3."""
    fake = fake_printer(lang)  # type: ignore[arg-type]
    await fake.start()
    await fake.stop()
    printer = open_printer(fake.url)
    with pytest.raises(DriverError) as caught:
        await printer.open()
    assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
    await printer.close()
    await printer.close()
    await fake.start()
    await printer.open()
    await printer.close()
    await fake.stop()


@both
async def test_an_unopened_printer_says_so(lang: str) -> None:
    """Every call on a closed printer is a retryable error, never a crash."""
    printer = make_printer(f"tcp://127.0.0.1:9?lang={lang}")
    for call in (printer.status, printer.cancel, lambda: printer.send(b"x", ONE)):
        with pytest.raises(DriverError) as caught:
            await call()
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)


@both
async def test_silence_is_a_fault(printing: Printing, small: Raster, lang: str) -> None:
    """An open connection without answers is a fault to look at, not an absence. PRN-5."""
    async with printing(lang, reply_s=0.2) as (fake, printer):
        fake.mute = True
        with pytest.raises(DriverError) as caught:
            await printer.send(printer.encode(small, ONE), ONE)
        assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
        assert "no answer on an open connection" == caught.value.cause
        assert not fake.labels


@both
async def test_silence_after_sending_proves_nothing(
    printing: Printing, small: Raster, lang: str
) -> None:
    """A label that comes out of a mute printer is not claimed as proved. PRN-4."""
    async with printing(lang, reply_s=0.5) as (fake, printer):
        mark = await printer.mark()
        fake.seconds_per_label = 60
        await printer.send(printer.encode(small, ONE), ONE)
        fake.mute = True
        fake.seconds_per_label = 0
        fake.look_again()
        assert Proof.NONE is await printer.await_proof(ONE, mark, 0.3)
        assert [ONE] == [label.copy_id for label in fake.labels]


async def test_late_answers_meet_nobody(printing: Printing, small: Raster) -> None:
    """A silent ZPL printer is disconnected: its late word marks no other copy. PRN-4."""
    async with printing("zpl", reply_s=0.5) as (fake, printer):
        mark = await printer.mark()
        fake.seconds_per_label = 60
        await printer.send(printer.encode(small, ONE), ONE)
        fake.mute = True
        assert Proof.NONE is await printer.await_proof(ONE, mark, 0.1)
        fake.mute = False
        with pytest.raises(DriverError, match="not connected"):
            await printer.mark()


@both
async def test_cancel_drops_what_is_held(printing: Printing, small: Raster, lang: str) -> None:
    """After cancel a held copy never comes out. PRN-2."""
    async with printing(lang) as (fake, printer):
        fake.seconds_per_label = 60
        await printer.send(printer.encode(small, ONE), ONE)
        await printer.cancel()
        assert not (await printer.status()).busy
        assert (0, 0) == (fake.held, len(fake.labels))


@both
async def test_closing_ends_a_wait(printing: Printing, small: Raster, lang: str) -> None:
    """close() while proof is awaited ends the wait with an error and frees the connection."""
    async with printing(lang) as (fake, printer):
        fake.seconds_per_label = 60
        mark = await printer.mark()
        await printer.send(printer.encode(small, ONE), ONE)
        waiting = asyncio.create_task(printer.await_proof(ONE, mark, 30))
        await asyncio.sleep(0)
        await printer.close()
        with pytest.raises(DriverError):
            await waiting
        await printer.open()
        assert (await printer.status()).busy


@both
async def test_a_slow_printer_gets_all(printing: Printing, waybill: Raster, lang: str) -> None:
    """A printer that reads slowly still gets the whole copy, once."""
    async with printing(lang) as (fake, printer):
        fake.bytes_per_s = 2_000_000
        mark = await printer.mark()
        await printer.send(printer.encode(waybill, ONE), ONE)
        assert PROOF[lang] is await printer.await_proof(ONE, mark, 5)
        assert [waybill] == [label.raster for label in fake.labels]


@both
async def test_labels_land_as_pictures(tmp_path: Path, small: Raster, lang: str) -> None:
    """Each label is a PNG in the folder, in the list, and told to the listener."""
    seen: list[FakeLabel] = []
    fake = fake_printer(lang, out_dir=tmp_path, on_label=seen.append)  # type: ignore[arg-type]
    await fake.start()
    printer = open_printer(fake.url)
    await printer.open()
    mark = await printer.mark()
    await printer.send(printer.encode(small, ONE), ONE)
    await printer.await_proof(ONE, mark, 10)
    await printer.close()
    await fake.stop()
    assert list(fake.labels) == seen
    assert [f"{lang}-00001.png"] == os.listdir(tmp_path)  # noqa: PTH208 - a test may block


@both
async def test_a_faulty_printer_may_be_silent(printing: Printing, small: Raster, lang: str) -> None:
    """Proof is awaited through the silence of a printer in a fault. PRN-4."""
    async with printing(lang, reply_s=0.2) as (fake, printer):
        fake.silent_in_fault = True
        fake.seconds_per_label = 60
        mark = await printer.mark()
        await printer.send(printer.encode(small, ONE), ONE)
        fake.head_open = True
        fake.seconds_per_label = 0
        waiting = asyncio.create_task(printer.await_proof(ONE, mark, 5))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.1)
        fake.head_open = False
        assert PROOF[lang] is await waiting
