"""What a floor does wrong, on purpose or not: each has its words on the page (SEC-2, SEC-4)."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser

from edge.domain.lockouts import ROW_MAX
from tests.e2e.pda import Pda, open_context
from tests.e2e.realbox import RealBox, begin_task, login, read
from tests.e2e.test_box import pick_all
from tests.e2e.test_trouble import SAVED
from tests.e2e.walk import go

pytestmark = pytest.mark.asyncio(loop_scope="session")
Handheld = Callable[..., Awaitable[Pda]]
DAY_MS = 86_400_000
WRONG_PIN = "111222"


@pytest.mark.parametrize("days", [-1, 1])
async def test_a_pda_whose_clock_is_a_day_off_picks_as_ever(
    browser: Browser, box: RealBox, days: int
) -> None:
    """Sign-in, a whole pick, the box's times on the screen, the badge alone afterwards (SYNC-4)."""
    await box.instruct("order.assign", box.floor.orders[0])
    pda = await open_context(browser, box.process.url + "/", open_now=False)
    await pda.context.add_init_script(
        f"const now = Date.now; Date.now = () => now() + {days * DAY_MS};"
    )
    await pda.open()
    await begin_task(pda, box)
    await pick_all(pda)
    await pda.sees("全部拣完")
    assert await box.state("SO-1001") == "picked"
    await go(pda, "orders", "zh")
    await pda.scan("SO-1001")
    moments = pda.page.locator(".moment summary")
    await moments.first.wait_for()
    told = [text.split()[0] for text in await moments.all_inner_texts()]
    assert [time for time in told if not re.fullmatch(r"\d\d:\d\d", time)] == [], "not of today"
    await go(pda, "diagnostics", "zh")
    skew_s = int((await pda.page.get_by_text(re.compile(r"^-?\d+ s$")).inner_text()).split()[0])
    assert round(skew_s / 86_400) == -days
    who = box.floor.logins_of("picker")[0]
    await pda.scan("@C:USER")
    await pda.sees("扫工牌")
    await pda.scan(who.badge)
    await pda.page.locator("header .who").wait_for()
    assert pda.errors == []
    await pda.context.close()


async def test_a_badge_that_is_used_at_two_pdas_at_once_is_told(
    box: RealBox, handheld: Handheld
) -> None:
    """The wearer goes on at the second one; a superior is called, and answers by scan (SEC-2)."""
    chief = await handheld()
    await login(chief, box, "supervisor")
    for _ in range(2):
        pda = await handheld()
        await login(pda, box, "picker")
        await pda.page.locator("header .who").wait_for()
        await pda.sees("在线")
    await chief.page.wait_for_selector("#alarm[open]")
    await chief.sees("两台设备")
    await chief.scan("@C:OK")
    await chief.until("!document.querySelector('#alarm').open")
    await chief.drained()
    assert await read(chief, "/alarms") == {"alarms": []}


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_wrong_pins_lock_a_badge_at_one_pda_and_nobody_else(
    box: RealBox, handheld: Handheld, lang: str
) -> None:
    """The page says how long; the next person signs in there, the same one elsewhere (SEC-2)."""
    pda = await handheld()
    if lang == "en":
        await pda.page.get_by_role("button", name="English").click()
    first, second = box.floor.logins_of("picker")[:2]
    wrong, locked = {
        "zh": ("工牌或 PIN 不对", "输错太多次"),
        "en": ("Badge or PIN is wrong", "Too many wrong tries"),
    }[lang]
    await pda.scan(first.badge)
    for n in range(ROW_MAX + 1):
        await pda.page.wait_for_selector("#layer[open] .keys")
        for digit in WRONG_PIN:
            await pda.page.get_by_role("button", name=digit, exact=True).click()
        await pda.page.locator("#layer .act.main").click()
        await pda.sees(wrong if n < ROW_MAX else locked)
    await pda.page.keyboard.press("Escape")
    await pda.sign_in(second.badge, second.pin)
    await pda.page.locator("header .who").wait_for()
    other = await handheld()
    await other.sign_in(first.badge, first.pin)
    await other.page.locator("header .who").wait_for()


async def test_a_forged_cookie_ends_at_the_sign_in(box: RealBox, handheld: Handheld) -> None:
    """A changed cookie opens nothing: the PDA is back at its sign-in screen (SEC-4)."""
    pda = await handheld()
    await login(pda, box, "picker")
    await pda.page.locator("header .who").wait_for()
    await pda.until(SAVED % "pinAt")  # the badge alone is enough for who gave a PIN
    [cookie] = [each for each in await pda.context.cookies() if "floor" in each["name"]]
    forged = cookie["value"][:-4] + ("AAAA" if cookie["value"][-4:] != "AAAA" else "BBBB")
    await pda.context.add_cookies([{**cookie, "value": forged}])  # type: ignore[typeddict-item]
    await pda.page.reload()
    await pda.ready()
    await pda.page.locator(".badge-art").wait_for()
    await pda.scan(box.floor.logins_of("picker")[0].badge)
    await pda.page.locator("header .who").wait_for()
