"""Training in the page: a newcomer with nothing but the screen's text, and who leads them."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.pda import Pda
from tests.e2e.realbox import RealBox, login, read

pytestmark = pytest.mark.asyncio(loop_scope="session")
Handheld = Callable[..., Any]
COACH = "document.querySelector('.coach')?.innerText ?? ''"
NAMED = """[...document.querySelectorAll('.ware')].map((b) => [b.querySelector('span').textContent,
  new URL(b.querySelector('img').src).searchParams.get('text')])"""


async def enter(pda: Pda) -> None:
    """Go to the practice floor by the scanner alone, from the training screen."""
    async with pda.page.expect_navigation(url="**/?practice"):
        await pda.scan("@C:OK")
    await pda.ready()
    await pda.sees("训练模式")


async def act(pda: Pda, told: str) -> None:
    """Do what the text says: quoted goods, a bin, a tote, the label, or a card are scanned."""
    sheet = dict(await pda.page.evaluate(NAMED))
    if "SHORT" in told:
        found = re.search(r"填 (\d+)", told)
        assert found is not None, told
        await pda.scan("@C:SHORT")
        await pda.scan(f"@C:QTY:{found[1]}")
        await pda.scan("@C:1")
    elif "OK 卡" in told:
        await pda.page.wait_for_selector("footer .act.main:not([aria-disabled])")
        await pda.scan("@C:OK")
    elif quoted := re.search(r"扫[^“]*“(.+?)”|拿“(.+?)”", told):
        await pda.scan(sheet[quoted[1] or quoted[2]])
    elif code := re.search(r"[TU]-\d\d", told):
        await pda.scan(code[0])
    else:
        assert "面单" in told, told
        await pda.scan(sheet["刚打出的面单"])


async def test_a_newcomer_completes_orders_with_the_text_alone(
    box: RealBox, handheld: Handheld
) -> None:
    """First order, wrong item and gifts, short pick: by scanner, reading the screen (PDA-6)."""
    pda = await handheld()
    await login(pda, box, "picker")
    await pda.page.locator("header .menu").click()
    await pda.page.locator("#layer").get_by_role("button", name="训练", exact=True).click()
    await pda.sees("练习仓里学")
    await enter(pda)
    for lesson in ("第一单", "拿错与赠品", "缺货"):
        await pda.sees(f"开始：{lesson}")
        told = await pda.page.evaluate(COACH)
        await pda.scan("@C:OK")
        for _ in range(30):
            await pda.until(f"({COACH}) !== {told!r} && ({COACH}).length > 0")
            told = await pda.page.evaluate(COACH)
            if "这一单完成了" in told:
                break
            if told.startswith("等一下"):
                continue
            if "面单出来了" in told:
                await pda.until(f"({NAMED}).some(([name]) => name === '刚打出的面单')")
            await act(pda, told)
        assert "这一单完成了" in told, told
        await pda.sees("做对了")
        frame = "getComputedStyle(document.querySelector('#screen')).borderStyle"
        assert await pda.page.evaluate(frame) == "dashed"
    await pda.page.get_by_role("button", name="结束训练").click()
    await pda.page.wait_for_url(lambda url: "practice" not in url)
    await pda.ready()
    rows = (await read(pda, "/training"))["trainees"]
    assert [(row["shipped"], row["wrong_pm"], row["on_time_pm"]) for row in rows] == [(3, 0, 1000)]


async def test_a_leader_assigns_training_and_the_trainee_is_led_there(
    box: RealBox, handheld: Handheld
) -> None:
    """The leader presses a name; that person's next sign-in shows the training page (PDA-6)."""
    desk = await handheld(size={"width": 1280, "height": 800})
    await login(desk, box, "leader")
    await desk.page.locator("header .menu").click()
    await desk.page.locator("#layer").get_by_role("button", name="训练", exact=True).click()
    await desk.page.get_by_role("button", name="王小梅").click()
    await desk.sees("已安排，下次登录先到训练页")
    pda = await handheld()
    await login(pda, box, "picker")
    await pda.sees("组长请你先做训练")
    await enter(pda)
    await pda.page.reload()
    await pda.ready()
    await pda.sees("扫 OK 卡（或按下面的按钮）开始")
