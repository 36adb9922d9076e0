"""Hundreds of copies through printers with seeded faults: what is said is what the paper shows."""

import asyncio
from collections import Counter

import pytest

from drivers.api import CopyId, DriverError, Printer, Proof, Raster, fake_printer
from drivers.fakes.faults import seeded_faults
from drivers.labelprinter import Waits
from drivers.printers import escpos
from drivers.registry import printer_over

COPIES = 150
WAITS = Waits(reply_s=0.01, idle_s=0.2, poll_s=0.001)
PROOF_S = 0.05
MENDED_S = 0.01


async def one(printer: Printer, label: Raster, copy_id: CopyId) -> Proof | DriverError:
    """Print one copy without retries; return its proof or what went wrong."""
    try:
        await printer.open()
        mark = await printer.mark()
        await printer.send(printer.encode(label, copy_id), copy_id)
        return await printer.await_proof(copy_id, mark, PROOF_S)
    except DriverError as error:
        await printer.close()
        await asyncio.sleep(MENDED_S)  # else one outage would use up all copies
        return error


@pytest.mark.parametrize("lang", ["tspl", "zpl", "escpos"])
@pytest.mark.parametrize("seed", [1, 2])
async def test_no_word_without_paper(small: Raster, lang: str, seed: int) -> None:
    """Of all copies: none twice, a proved one is out, and one of which no byte left is not."""
    fake = fake_printer(lang, has_network=False)  # type: ignore[arg-type]
    fake.plan = seeded_faults(seed, 0.4, for_s_max=MENDED_S, after_bytes_max=300)
    await fake.start()
    printer = printer_over(fake.link(), lang, WAITS)
    fates: dict[str, Proof | DriverError] = {}
    for number in range(COPIES):
        copy_id = CopyId(f"copy-{number}")
        name = escpos.process_id(copy_id) if lang == "escpos" else copy_id
        fates[name] = await one(printer, small, copy_id)
    await printer.close()
    fake.plan = lambda: None
    await asyncio.sleep(2 * MENDED_S)  # the last fault is mended, and what was held is out
    await fake.stop()
    out = Counter(fake.printed)
    proved = {name for name, fate in fates.items() if fate in (Proof.TOKEN, Proof.ODOMETER)}
    errors = {name: fate for name, fate in fates.items() if isinstance(fate, DriverError)}
    unsent = {name for name, error in errors.items() if not error.bytes_out}
    assert {1} == {*out.values()}
    assert proved <= set(out)
    assert unsent.isdisjoint(out)
    assert len(proved) > COPIES // 3
    assert len(errors) > 0
    assert len(fates) > len(proved | unsent)


def test_the_same_seed_brings_the_same_faults() -> None:
    """A run can be had again. Another seed brings others."""
    runs = [[plan() for _ in range(200)] for plan in (seeded_faults(s, 0.3) for s in (7, 7, 8))]
    assert runs[0] == runs[1] != runs[2]
    assert 30 < sum(fault is not None for fault in runs[0]) < 90
