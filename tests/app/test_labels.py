"""What stands on a waybill: order and recipient as they are when it is printed."""

from pathlib import Path
from typing import Any, Final

import pytest

from edge.app.labels import WaybillLabels
from edge.domain.model import Job
from tests.domain.site import MUG, line
from tests.rig import Client, Rig, config, heard, running

OLD: Final = {"name": "李雷", "phone": "13800000001", "address": "文一路 1 号", "city": "杭州市"}
NEW: Final = {"name": "韩梅", "phone": "13800000002", "address": "文二路 9 号", "city": "杭州市"}


async def _printed(rig: Rig, packer: Client) -> dict[str, Any]:
    """Print order 1001's waybill, and return what its newest copy was made from."""
    await packer.must("waybill.print", order_id="1001")
    jobs = (await packer.get("/api/v1/jobs?order=1001"))["jobs"]
    job = await rig.box.reader.doc(Job, jobs[-1]["id"])
    assert isinstance(job, Job)
    found: dict[str, Any] = (await WaybillLabels(rig.box.reader, "Hall").fields(job, 0))[
        "recipient"
    ]
    return found


@pytest.mark.parametrize("way", ["order.update", "order.freeze"])
async def test_flow_8_the_label_carries_the_new_address(tmp_path: Path, way: str) -> None:
    """After an address change the next label shows it, and nothing of the old one (FRZ-5)."""
    async with running(config(tmp_path)) as rig:
        await rig.furnish()
        await rig.assign("1001", line(1, MUG, 1), recipient=OLD)
        await rig.pick(await rig.client("picker"), "1001")
        packer = await rig.client("packer", "S1")
        await rig.pack(packer, "1001")
        before = await _printed(rig, packer)
        async with packer.socket(since=0) as socket:
            await rig.tell(way, order_id="1001", recipient=NEW, category="address", countdown_s=0)
            while (await heard(socket, "entry"))["entry"]["kind"] != "waybill.voided":
                continue
        after = await _printed(rig, packer)
    assert [before[name] for name in ("name", "phone", "address")] == list(OLD.values())[:3]
    assert [after[name] for name in ("name", "phone", "address")] == list(NEW.values())[:3]
