"""A walk through the page's screens on a real box, for whoever looks at them: eyes or axe."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Browser

from edge.domain.commands import DevicePair, DeviceReport, OrdersLetGo
from edge.domain.model.devices import Fact
from edge.http.assets import page_root
from tests.domain.site import changed_rules
from tests.e2e.pda import Pda, Theme, open_context
from tests.e2e.realbox import RealBox, login, pick, ship

PHONE = {"width": 360, "height": 640}
DESK = {"width": 1280, "height": 800}
SIZES = (PHONE, DESK)
THEMES: tuple[Theme, ...] = ("light", "dark")
LANGS = ("zh", "en")
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
"""A browser that has one, as PDAs do."""
PLACES = (
    "tasks", "pack", "handover", "putback", "returns", "counts", "lots", "live", "alarms",
    "approvals", "orders", "prints", "fixes", "training", "devices", "doctor", "pdas", "people",
    "rules", "calibrate", "diagnostics", "status",
)  # fmt: skip
"""Screens of the menu."""
DESK_LEADS = {
    "approval": "approval", "device": "device", "pda": "pda", "pairing": "pairing",
    "person": "person", "newcomer": "newcomer", "order": "order", "order-archived": "order",
}  # fmt: skip
"""Stops of the desk's walk, and the screens that they show beyond those of the menu."""
FLOOR_LEADS = {"firstadmin": "firstadmin", "pick-item": "pick", "practice": "lesson"}
"""The same of the floor's."""
DESK_ASKS = {"pin": "pin", "menu": "menu", "help": "help", "pda-sure": "sure"}
"""Stops of the desk's walk, and the dialogs that they show."""
FLOOR_ASKS = {
    "short": "qty", "short-reason": "reason",
    "pin-new": "pin", "pin-again": "pin", "pin-differs": "pin", "film": "film",
}  # fmt: skip
"""The same of the floor's."""


def texts(lang: str) -> dict[str, str]:
    """Return the page's texts."""
    parts = [page_root() / "locales" / f"{name}.json" for name in (f"{lang}.start", lang)]
    return {key: text for part in parts for key, text in json.loads(part.read_text()).items()}


async def go(pda: Pda, place: str, lang: str) -> None:
    """Go to a place by the menu."""
    await pda.page.locator("header .menu").click()
    name = texts(lang)[f"screen.{place}"]
    await pda.page.locator("#layer .tiles").get_by_role("button", name=name, exact=True).click()
    await pda.settled()


async def furnish(box: RealBox) -> None:
    """Let there be something to see: orders in every hand, one whose instructions contradict."""
    await box.instruct("order.assign", box.floor.orders[1])
    await pick(box)
    await ship(box)
    for order in (box.floor.orders[2], box.floor.orders[6]):
        await box.instruct("order.assign", order)
    await pick(box)
    await box.instruct(
        "order.freeze", {"order_id": "SO-1003", "category": "cancel", "countdown_s": 0}
    )
    await let_go(box, box.floor.orders[5])
    for order in (box.floor.orders[0], *box.floor.orders[3:5]):
        await box.instruct("order.assign", order)
    for category in ("cancel", "rush"):
        await box.instruct("order.freeze", {"order_id": "SO-1001", "category": category})
    text = {"zh": "三号门的快递车提前到 16:30", "en": "The van at gate 3 comes at 16:30 today"}
    await box.instruct("message.show", {"text": text, "roles": ["supervisor"]})
    rules = changed_rules(order_types={"known": ["deposit", "partial"]})
    await box.instruct("ruleset.publish", {"document": rules})
    report = DeviceReport(
        "d-door", "printer", "identified", ids=("mac:1",), url="tcp://127.0.0.1:9100",
        facts={"model": Fact("GK888t", "mdns"), "make": Fact("Zebra", "mdns")}, sources=("mdns",),
    )  # fmt: skip
    await box.process.floor.submit(report, via="driver", actor="discovery")
    paired = DevicePair("pda-7", "PDA 7", "key", "Chrome 138", persisted=False)
    await box.process.floor.submit(paired, via="local", actor="uid:0")


async def let_go(box: RealBox, order: Any) -> None:
    """Let an order come, end, and leave the box as if that was long ago."""
    await box.instruct("order.assign", order)
    freeze = {"order_id": order["order_id"], "category": "cancel", "countdown_s": 0}
    await box.instruct("order.freeze", freeze)
    while await box.state(order["order_id"]) != "cancelled":  # noqa: ASYNC110 - by a timer
        await asyncio.sleep(0.01)
    old = OrdersLetGo((order["order_id"],), {}, box.process.clock.now_us() + 1)
    await box.process.floor.submit(old, via="timer", actor="box")


async def back(pda: Pda, box: RealBox, lang: str) -> AsyncIterator[str]:
    """Walk through a put-back and a return."""
    cancelled, shipped = await box.order("SO-1003"), await box.order("SO-1002")
    await go(pda, "putback", lang)
    for name, code in (("order", "SO-1003"), ("lay", cancelled.put_back[0].codes[0])):
        await pda.scan(code)
        await pda.settled()
        yield f"putback-{name}"
    await go(pda, "returns", lang)
    for name, code in (
        ("why", shipped.parcel.waybill or ""),
        ("why-more", "@C:0"),
        ("order", "@C:3"),
        ("piece", shipped.lines[0].sku),
        ("lay", "@C:2"),
    ):
        await pda.scan(code)
        await pda.settled()
        if await pda.page.locator("#layer[open]").count():
            await pda.scan("@C:OK")
            await pda.settled()
        yield f"returns-{name}"


async def open_walk(
    browser: Browser, box: RealBox, size: dict[str, int], theme: Theme, lang: str
) -> Pda:
    """Return a PDA at the sign-in screen."""
    pda = await open_context(browser, box.process.url + "/", size=size, theme=theme)
    if lang == "en":
        await pda.page.get_by_role("button", name="English").click()
    await pda.settled()
    return pda


async def first(pda: Pda, selector: str) -> None:
    """Press the first of something, and see what comes of it."""
    await pda.page.locator(selector).first.click()
    await pda.settled()


async def beyond(pda: Pda, box: RealBox, place: str, lang: str) -> AsyncIterator[str]:
    """Go on from a place of the menu to what only it leads to."""
    if place == "rules":
        await pda.page.locator("footer .act").first.click()
        await pda.sees(texts(lang)["notice.tried"])
        yield "rules-tried"
    if place == "approvals" and await pda.page.locator(".row").count():
        await pda.scan("@C:OK")
        await pda.page.wait_for_selector(".choice")
        yield "approval"
        await pda.scan("@C:1")
        await pda.settled()
        yield "approval-chosen"
        await pda.scan(box.floor.logins_of("supervisor")[0].badge)
        await pda.page.wait_for_selector("#layer[open] .keys")
        yield "approval-sign"
        await pda.scan("@C:UNDO")
        await pda.settled()
    if place == "devices":
        await first(pda, ".row:has-text('GK888t')")
        yield "device-found"
        await go(pda, "devices", lang)
        await first(pda, ".row:has-text('P1')")
        yield "device"
    if place == "pdas":
        await first(pda, ".row")
        yield "pda"
        await first(pda, "footer .act:last-child")
        yield "pda-sure"
        await pda.scan("@C:UNDO")
        await go(pda, "pdas", lang)
        await first(pda, "footer .act")
        await pda.page.wait_for_selector(".invite img")
        yield "pairing"
    if place == "people":
        await first(pda, ".row")
        yield "person"
        await go(pda, "people", lang)
        await first(pda, "footer .act")
        yield "newcomer"
    if place == "counts":
        await pda.scan("A-01-01")
        await pda.settled()
        yield "count-bin"
        await pda.scan("WIPES-80")
        await pda.settled()
        yield "count-number"
        await pda.scan("@C:UNDO")


async def desk(pda: Pda, box: RealBox, lang: str) -> AsyncIterator[str]:
    """Yield each screen and layer as a supervisor comes to it."""
    yield "signin"
    who = box.floor.logins_of("supervisor")[0]
    await pda.scan(who.badge)
    await pda.page.wait_for_selector("#layer[open] .keys")
    yield "pin"
    await pda.scan("@C:UNDO")
    await login(pda, box, "supervisor")
    await pda.page.wait_for_selector("header .menu")
    await pda.settled()
    for name in ("alarm", "message"):
        await pda.page.wait_for_selector("#alarm[open]")
        yield name
        await pda.scan("@C:OK")
        await pda.settled()
    await pda.page.locator("header .menu").click()
    await pda.settled()
    yield "menu"
    await pda.scan("@C:UNDO")
    for place in PLACES:
        await go(pda, place, lang)
        yield place
        async for name in beyond(pda, box, place, lang):
            yield name
    async for name in back(pda, box, lang):
        yield name
    await pda.scan("@C:HELP")
    await pda.settled()
    yield "help"
    await pda.scan("@C:UNDO")
    await go(pda, "orders", lang)
    await pda.scan("SO-1001")
    await pda.page.wait_for_selector(".moment")
    yield "order"
    await pda.page.locator(".moment").last.scroll_into_view_if_needed()
    yield "order-timeline"
    await pda.scan("SO-1006")
    await pda.page.wait_for_selector(".notice.wrong")
    await pda.sees(texts(lang)["entry.orders.let_go"])
    yield "order-archived"
