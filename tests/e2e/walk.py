"""A walk through the page's screens on a real box, for whoever looks at them: eyes or axe."""

from collections.abc import AsyncIterator

from playwright.async_api import Browser

from tests.e2e.pda import Pda, Theme, open_context
from tests.e2e.realbox import RealBox, login

PHONE = {"width": 360, "height": 640}
DESK = {"width": 1280, "height": 800}
SIZES = (PHONE, DESK)
THEMES: tuple[Theme, ...] = ("light", "dark")
LANGS = ("zh", "en")
PLACES = (
    "tasks", "pack", "handover", "putback", "counts", "orders", "approvals", "prints", "fixes",
    "lots", "live", "devices",
)  # fmt: skip
"""Screens of the menu, in its order for somebody who may go everywhere."""


async def furnish(box: RealBox) -> None:
    """Let there be something to see: an order to pick, one whose instructions contradict."""
    for order in box.floor.orders[:3]:
        await box.instruct("order.assign", order)
    for category in ("cancel", "rush"):
        await box.instruct("order.freeze", {"order_id": "SO-1001", "category": category})


async def settled(pda: Pda) -> None:
    """Wait until what was asked for has come and been painted."""
    await pda.page.evaluate(
        "new Promise((done) => setTimeout(() => requestAnimationFrame(done), 400))"
    )


async def walk(
    browser: Browser, box: RealBox, *, size: dict[str, int], theme: Theme, lang: str
) -> AsyncIterator[tuple[str, Pda]]:
    """Yield each screen and layer as a supervisor comes to it."""
    pda = await open_context(browser, box.process.url + "/", size=size, theme=theme)
    if lang == "en":
        await pda.page.get_by_role("button", name="English").click()
    await settled(pda)
    yield "signin", pda
    who = box.floor.logins_of("supervisor")[0]
    await pda.scan(who.badge)
    await pda.page.wait_for_selector("#layer[open] .keys")
    yield "pin", pda
    await pda.scan("@C:UNDO")
    await login(pda, box, "supervisor")
    await pda.page.wait_for_selector("header .menu")
    await settled(pda)
    if await pda.page.locator("#alarm[open]").count():
        yield "alarm", pda
        await pda.scan("@C:OK")
        await settled(pda)
    menu = pda.page.locator("header .menu")
    await menu.click()
    await settled(pda)
    yield "menu", pda
    await pda.scan("@C:UNDO")
    for at, place in enumerate(PLACES):
        await menu.click()
        await pda.page.locator("#layer .places .act").nth(at).click()
        await settled(pda)
        yield place, pda
        if place == "approvals" and await pda.page.locator(".row").count():
            await pda.scan("@C:OK")
            await pda.page.wait_for_selector(".choice")
            yield "approval", pda
            await pda.scan("@C:QTY:1")
            await settled(pda)
            yield "approval-chosen", pda
    await pda.scan("@C:HELP")
    await settled(pda)
    yield "help", pda
    await pda.scan("@C:UNDO")
    await menu.click()
    await pda.page.locator("#layer .places .act").nth(PLACES.index("orders")).click()
    await pda.scan("SO-1001")
    await pda.page.wait_for_selector(".moment")
    yield "order", pda
    await pda.page.locator(".moment").last.scroll_into_view_if_needed()
    yield "order-timeline", pda
    await pda.context.close()
