"""The page against the real box, on real files and sockets: one order from shelf to carrier."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.pda import Pda
from tests.e2e.realbox import RealBox, begin_task, login, read

pytestmark = pytest.mark.asyncio(loop_scope="session")
STEPS_MAX = 60


async def pick_all(pda: Pda) -> None:
    """Scan whatever the task in hand wants next, until nothing is left."""
    totes = itertools.count(1)
    for _ in range(STEPS_MAX):
        session = (await read(pda, "/session"))["session"]
        task = session["task"]
        if task is None or task["current"] is None:
            return
        step = task["steps"][task["current"] - 1]
        order = next(o for o in task["orders"] if o["id"] == step["order"])
        if order["tote"] is None:
            await pda.scan(f"T-{next(totes)}")
        elif task["at"] != step["location"]:
            await pda.scan(step["location"])
        elif step["scanned"]:
            await pda.scan("@C:OK")
        else:
            await pda.scan(step["expect"]["codes"][0])
        await changed(pda, task["rev"])
    raise AssertionError("the pick does not end")


async def changed(pda: Pda, rev: int) -> None:
    """Wait until the task in hand is newer than `rev`, or gone."""
    await pda.until(
        "fetch('/api/v1/session').then((r) => r.json())"
        f".then(({{session}}) => !session.task || session.task.rev > {rev})"
    )


async def test_an_order_from_shelf_to_carrier(box: RealBox, handheld: Callable[[], Any]) -> None:
    """Pick, pack, print, prove and hand over, each by scan on the page (FLOW-4, PDA-2, PICK-1)."""
    await box.instruct("order.assign", box.floor.orders[0])
    pda = await handheld()
    await begin_task(pda, box)
    await pick_all(pda)
    await pda.sees("全部拣完")
    assert await box.state("SO-1001") == "picked"

    packer = await handheld()
    await packer.scan("@S:S1")
    await packer.sees("打包台 S1")
    await login(packer, box, "packer")
    await packer.until("document.querySelector('.row') !== null")
    await packer.scan("T-1")
    await packer.sees("T-1 · 0/2 行")
    pack = await read(packer, "/packing/SO-1001")
    for line in pack["lines"]:
        for _ in range(line["qty"]):
            await packer.scan(line["codes"][0])
    await packer.sees("打印面单")
    await packer.sees("齐了，可以打印面单")
    await packer.scan("@C:OK")
    await packer.sees("扫新打印的面单")
    waybill = (await read(packer, "/packing/SO-1001"))["parcel"]["waybill"]
    await packer.scan(waybill)
    await packer.page.locator(".all-good").wait_for()
    assert await box.state("SO-1001") == "shipped"
    await packer.page.locator("header .menu").click()
    await packer.page.get_by_role("button", name="交接").click()
    await packer.scan(waybill)
    await packer.sees(f"已交接 {waybill}")
    assert await box.state("SO-1001") == "handed_over"


async def test_a_cancel_from_the_hub_stops_the_right_hands(
    box: RealBox, handheld: Callable[[], Any]
) -> None:
    """A freeze alarms the order's picker, who acknowledges by scan (FRZ-2, FRZ-4)."""
    await box.instruct("order.assign", box.floor.orders[0])
    pda = await handheld()
    await begin_task(pda, box)
    await box.instruct("order.freeze", {"order_id": "SO-1001", "category": "cancel"})
    await pda.sees("订单 …1001 已取消，请停止操作")
    await pda.scan("@C:OK")
    await pda.until("!document.querySelector('#alarm').open")
    await pda.sees("已冻结：取消")
    await pda.drained()
    assert await read(pda, "/alarms") == {"alarms": []}
