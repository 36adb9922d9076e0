"""What a box reads before it first answers: as much on a full floor as on an empty one."""

from collections import Counter
from pathlib import Path

import pytest

from edge.bootstrap import BoxProcess
from edge.domain.model import Doc
from edge.store import reader, sqlite
from tests.rig import config, running


async def opened(folder: Path, orders: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return how many documents of each kind a box reads to open, that has so many orders.

    Half of them wait to be picked, each with its deadlines; the others ended.
    """
    async with running(config(folder)) as rig:
        await rig.furnish()
        for n in range(orders):
            await rig.assign(f"o{n}")
            if n % 2:
                body = {"order_id": f"o{n}", "category": "cancel", "countdown_s": 0}
                await rig.tell("order.freeze", **body)
    read: Counter[str] = Counter()
    decode = sqlite.decode_doc

    def noted(kind: str, body: bytes) -> Doc:
        read[kind] += 1
        return decode(kind, body)

    with monkeypatch.context() as patched:
        for module in (reader, sqlite):
            patched.setattr(module, "decode_doc", noted)
        box = BoxProcess(config(folder))
        await box.open()
        read.pop("timer", None)  # they are taken up beside it, see test_timers
        await box.close()
    return read


async def test_a_start_reads_no_more_on_a_full_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither open orders nor ended ones are read before the first answer."""
    empty = await opened(tmp_path / "empty", 0, monkeypatch)
    full = await opened(tmp_path / "full", 40, monkeypatch)
    assert full == empty
    assert full["box"] > 0
