"""The page of devices on the real box: found, adopted, tested, bound, forgotten."""

import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from drivers.fakes.printer import FakePrinter
from edge.domain.commands import DeviceReport
from edge.domain.model.devices import Fact
from tests.e2e.pda import Pda, Theme
from tests.e2e.peer import Peer
from tests.e2e.realbox import RealBox, login, read
from tests.e2e.test_axe import violations
from tests.e2e.walk import DESK, PHONE, texts

pytestmark = pytest.mark.asyncio(loop_scope="session")
MODEL = "GK888t"


async def discover(box: RealBox, printer: FakePrinter) -> None:
    """Let discovery report a printer whose language it could not tell."""
    url = f"tcp://127.0.0.1:{printer.port}"
    facts = {"model": Fact(MODEL, "mdns"), "make": Fact("Zebra", "mdns")}
    report = DeviceReport(
        "d-door", "printer", "identified", ids=("mac:1",), urls=(url,), url=url, facts=facts,
        sources=("mdns",),
    )  # fmt: skip
    await box.process.floor.submit(report, via="driver", actor="discovery")


def printed_code(printer: FakePrinter) -> str:
    """Read the code off the newest label."""
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(printer.labels[-1].png)))
    return str(code.text)


async def put_to_use(
    pda: Pda, box: RealBox, printer: FakePrinter, t: dict[str, str]
) -> AsyncIterator[str]:
    """Take a found printer through the page, yielding what is on the screen."""
    page = pda.page

    async def press(name: str) -> None:
        await page.get_by_role("button", name=name, exact=True).click()

    if t["act.language"] == "中文":
        await press("English")
    await pda.scan("@S:S1")
    await login(pda, box, "supervisor")
    await page.locator("header .menu").click()
    await page.locator("#layer").get_by_role("button", name=t["screen.devices"], exact=True).click()
    await pda.sees(f"{t['devices.adopted']} (1)")
    await discover(box, printer)
    await pda.sees(MODEL)
    yield "list"
    await page.locator(".row", has_text=MODEL).click()
    await page.locator("#adopt input[name=name]").fill("Door")
    await press(t["act.adopt"])
    await pda.sees(t["refusal.device_language_missing"])
    await page.locator(f"#adopt .radio input[value={printer.lang}]").check()
    yield "found"
    await press(t["act.adopt"])
    await pda.sees(t["device_test.none"])
    await press(t["act.device_test"])
    await pda.sees(t["device_test.printed"])
    yield "tested"
    await pda.scan(printed_code(printer))
    await pda.sees(t["notice.device_bound"].format(station="S1"))
    await pda.sees(t["device_test.proved"])
    yield "proved"
    station = (await read(pda, "/stations"))["stations"][0]
    assert [(each["name"], each["test"]["due"]) for each in station["printers"]] == [
        ("Door", False), ("P1", True),
    ]  # fmt: skip
    await page.locator(".row", has_text="S1").click()
    await pda.sees(t["device_label.confirmed"])
    assert printed_code(printer) == "@S:S1"
    yield "sticker"
    printer.paper_out = True
    await pda.sees(t["job_reason.paper"])
    yield "ill"
    await press(t["act.unbind"].format(station="S1"))
    await pda.sees(t["notice.device_unbound"].format(station="S1"))
    await press(t["act.forget"])
    await pda.sees(t["devices.sure"].format(name="Door"))
    yield "sure"
    await pda.scan("@C:OK")
    await pda.sees(t["notice.device_forgotten"])
    yield "forgotten"


@pytest.mark.parametrize(("size", "theme", "lang"), [(PHONE, "light", "zh"), (DESK, "dark", "en")])
async def test_a_found_printer_is_put_to_use_on_the_page(
    box: RealBox, handheld: Callable[..., Any], size: dict[str, int], theme: Theme, lang: str
) -> None:
    """Found → adopted → test label → scanned back → bound; axe agrees each time (DEV-3, PRN-7)."""
    printer = FakePrinter("zpl")
    await printer.start()
    pda = await handheld(size=size, theme=theme)
    found = {}
    async for step in put_to_use(pda, box, printer, texts(lang)):
        if broken := await violations(pda):
            found[step] = broken
    await printer.stop()
    assert found == {}


async def add_by_address(
    pda: Pda, box: RealBox, printer: FakePrinter, t: dict[str, str]
) -> AsyncIterator[str]:
    """Name a printer by its address, with each mistake before; yield what is on the screen."""
    page = pda.page

    async def press_add() -> None:
        await page.get_by_role("button", name=t["act.device_add"], exact=True).click()

    if t["act.language"] == "中文":
        await page.get_by_role("button", name="English", exact=True).click()
    await login(pda, box, "supervisor")
    await page.locator("header .menu").click()
    await page.locator("#layer").get_by_role("button", name=t["screen.devices"], exact=True).click()
    await press_add()
    await pda.sees(t["refusal.device_address_missing"])
    yield "empty"
    await pda.scan(f"127.0.0.1:{printer.port}")
    await pda.sees(t["devices.address_read"])
    await press_add()
    await pda.sees(t["refusal.device_language_missing"])
    await page.locator(f"#add .radio input[value={printer.lang}]").check()
    await press_add()
    await pda.sees(t["refusal.device_name_missing"])
    yield "nameless"
    address = page.locator("#add input[name=address]")
    known = await address.input_value()
    await page.locator("#add input[name=name]").fill("Cellar")
    await address.fill("gopher://10.0.0.9")
    await press_add()
    await pda.sees(t["hint.device_url"])
    yield "wrong"
    await address.fill(known)
    await press_add()
    await pda.sees(t["notice.device_adopted"])
    await pda.sees(t["device_test.none"])
    yield "added"


@pytest.mark.parametrize(("size", "theme", "lang"), [(PHONE, "light", "zh"), (DESK, "dark", "en")])
async def test_a_printer_is_added_by_its_address_on_the_page(
    box: RealBox, handheld: Callable[..., Any], size: dict[str, int], theme: Theme, lang: str
) -> None:
    """By hand or by scan; what is missing is said before it is sent (DEV-2); axe agrees."""
    printer = FakePrinter("escpos")
    await printer.start()
    pda = await handheld(size=size, theme=theme)
    found = {}
    async for step in add_by_address(pda, box, printer, texts(lang)):
        if broken := await violations(pda):
            found[step] = broken
    await printer.stop()
    assert found == {}


async def test_what_a_fixed_scanner_reads_is_the_screens_own_scan(pda: Pda, peer: Peer) -> None:
    """A `scan` frame is handled as a wedge's scan; what could not be read is said (DEV-5)."""
    await pda.sign_in("@B:1001", "482913")
    await pda.sees("在线")
    await peer.push({"t": "scan", "id": "1", "device": "d", "code": "@C:HELP", "problem": ""})
    await pda.page.wait_for_selector("#layer[open] .help")
    await peer.push({"t": "scan", "id": "2", "device": "d", "code": "", "problem": "frame"})
    await pda.sees("固定扫描枪没读出来")
