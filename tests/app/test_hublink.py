"""Instructions that arrive together: journalled in their order, none lost, few commits."""

from pathlib import Path
from typing import Any

from edge.app.hublink import HubJournal
from edge.domain.ids import derived_id
from edge.domain.model import Box
from sync.api import Instruction
from tests.domain.site import MUG, line
from tests.rig import Rig, config, running


def _instruction(dseq: int, kind: str, body: dict[str, Any], name: str = "") -> Instruction:
    return Instruction(
        v=1,
        box="box-t",
        dseq=dseq,
        id=derived_id("test", name or str(dseq)),
        kind=kind,
        issued_at=0,
        body=body,
    )


def _journal(rig: Rig) -> HubJournal:
    async def pin(_: bytes) -> None:
        """Keep nothing."""

    box = rig.box
    return HubJournal(
        box.floor, box.reader, head=lambda: box.writer.head, rules=lambda: "", pin=pin
    )


def _assign(dseq: int, name: str = "") -> Instruction:
    body = {"order_id": f"O{dseq}", "lines": [line(1, MUG, 1)], "carrier": "SF"}
    return _instruction(dseq, "order.assign", body, name)


async def test_a_batch_is_taken_in_its_order(tmp_path: Path) -> None:
    """Fifty orders handed over at once are all there, and the cursor stands behind the last."""
    async with running(config(tmp_path)) as rig:
        await rig.furnish()
        await _journal(rig).accept([_assign(rig.dseq + n) for n in range(1, 51)])
        picker = await rig.client("picker")
        tasks = (await picker.get("/api/v1/tasks?state=open"))["tasks"]
        box = await rig.box.reader.doc(Box, "box")
    found = {each["orders"][0]["id"] for each in tasks}
    assert found == {f"O{rig.dseq + n}" for n in range(1, 51)}
    assert isinstance(box, Box)
    assert box.dseq == rig.dseq + 50


async def test_what_comes_behind_one_that_fails_is_not_lost(tmp_path: Path) -> None:
    """One whose id was used before is set aside for a person; those behind it are carried out."""
    async with running(config(tmp_path)) as rig:
        await rig.furnish()
        first = rig.dseq + 1
        journal = _journal(rig)
        await journal.accept([_assign(first, "used")])
        await journal.accept([_assign(first + 1, "used"), *(_assign(first + n) for n in (2, 3))])
        picker = await rig.client("picker")
        found = (await picker.get("/api/v1/orders"))["orders"]
        box = await rig.box.reader.doc(Box, "box")
    assert [each["id"] for each in found] == [f"O{first}", f"O{first + 2}", f"O{first + 3}"]
    assert isinstance(box, Box)
    assert box.dseq == first + 3
