"""Goods that go back to a bin, on the real box and by the scanner alone: returns and put-backs."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.pda import Pda
from tests.e2e.realbox import RealBox, login, pick, read, ship
from tests.e2e.walk import go

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def count(pda: Pda, want: int, *, open_: int) -> None:
    """Say how many, where more than one piece is possible."""
    if open_ > 1:
        await pda.page.wait_for_selector("#layer[open] .shown")
        await pda.scan(f"@C:QTY:{want}")
        await pda.until("!document.querySelector('#layer').open")


async def test_goods_of_a_cancelled_order_go_back_by_quantity(
    box: RealBox, handheld: Callable[..., Any]
) -> None:
    """Piece, bin and number by scan; a wrong bin is refused at once (FRZ-5)."""
    await box.instruct("order.assign", box.floor.orders[0])
    await pick(box)
    await box.instruct(
        "order.freeze", {"order_id": "SO-1001", "category": "cancel", "countdown_s": 0}
    )
    pda = await handheld()
    await login(pda, box, "keeper")
    await go(pda, "putback", "zh")
    await pda.sees("要归位")
    await pda.scan("SO-1001")
    await pda.sees("扫要放回的商品")
    for item in (await read(pda, "/orders/SO-1001"))["put_back"]:
        await pda.scan(item["codes"][0])
        await pda.sees("放好后扫库位码")
        await pda.scan("Z-09-09")
        await pda.scan(item["location"])
        await count(pda, item["qty"], open_=item["qty"])
        await pda.sees(f"已放回 ×{item['qty']}")
    await pda.sees("这个订单没有要归位的了")
    assert await box.state("SO-1001") == "cancelled"


async def test_a_parcel_that_comes_back_freezes_and_names_why(
    box: RealBox, handheld: Callable[..., Any]
) -> None:
    """Label, code, each piece with its code into its bin; digit cards name every code (RET-1)."""
    await box.instruct("order.assign", box.floor.orders[0])
    await pick(box)
    await ship(box)
    assert await box.state("SO-1001") == "handed_over"
    pda = await handheld()
    await login(pda, box, "keeper")
    await go(pda, "returns", "zh")
    waybill = (await read(pda, "/orders/SO-1001"))["parcel"]["waybill"]
    await pda.scan(waybill)
    await pda.sees("为什么退回？")
    assert await pda.page.locator(".tiles .act").count() == 10
    await pda.page.locator("#return-text").fill("盒子有臭味")
    await pda.page.locator(".tiles .choice").wait_for()
    await pda.sees("气味异常")
    await pda.scan("6901234567891")
    await pda.sees("先选退货原因")
    await pda.scan("@C:1")
    await pda.sees("已收到退货，订单 …1001 已冻结")
    frozen = (await read(pda, "/orders/SO-1001"))["frozen"]
    assert [each["category"] for each in frozen] == ["return"]
    [*_, last] = (await read(pda, "/return-codes"))["codes"]
    assert (last["code"], last["sellable"]) == ("C2", True)
    for item in (await read(pda, "/orders/SO-1001"))["returns"]:
        await pda.scan(item["codes"][0])
        await count(pda, item["qty"], open_=item["qty"])
        await pda.sees("为什么退回？")
        await pda.scan("@C:0")
        await pda.sees(last["zh"])
        await pda.scan("@C:3")
        await pda.sees("可再售，放到退货库位")
        await pda.scan("QUARANTINE")
        await pda.sees("库位不对")
        await pda.scan("RETURNS")
        await pda.until("!document.querySelector('.place.now')")
    await pda.sees("订单 …1001 全部退回")
    assert await box.state("SO-1001") == "returned"
