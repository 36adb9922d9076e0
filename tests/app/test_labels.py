"""What stands on a waybill: order and recipient as they are when it is printed."""

from pathlib import Path
from typing import Any, Final

import pytest

from edge.app.labels import WaybillLabels, content_of
from edge.domain import commands as c
from edge.domain.model import Job
from tests.domain.site import MUG, TOWEL, Site, changed_rules, line
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


def test_pick_8_the_label_names_what_is_in_the_parcel() -> None:
    """Of an order that goes in part the label counts what was packed, at the site's time."""
    site = Site(rules=changed_rules(site={"utc_offset_min": 540}))
    site.to_picking("1001", line(1, MUG, 2), line(2, TOWEL, 8))
    assert site.short(found=0).ok
    site.pick_all()
    assert site.ask("partial", who="packer").ok
    assert site.sign(site.approval().id).ok
    assert site.by("packer", c.PackOpen("1001")).ok
    assert site.by("packer", c.PackScan("1001", TOWEL, 2, 8)).ok
    assert site.by("packer", c.PackFinish("1001")).ok
    assert site.by("packer", c.WaybillPrint("1001")).ok
    label = content_of(site.world, site.job(), 0)
    assert label["items"] == [{"name": TOWEL, "qty": 8}]
    assert (label["lines_total"], label["pieces_total"]) == (1, 8)
    assert label["printed_at"] == "1970-01-01 09:00"
