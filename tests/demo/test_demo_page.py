"""The demo page: its codes, its coach, its switches, and a newcomer who only clicks what glows."""

import asyncio
import json
import re
import ssl
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
import zxingcpp
from playwright.async_api import async_playwright

from edge.bench.handheld import ARGS, CHROMIUM
from edge.bootstrap import default_ruleset
from edge.demo.client import trusting
from edge.demo.coach import OK, View, next_step
from edge.demo.codes import QUIET, svg
from edge.demo.rule import Thresholds, edit_ruleset
from edge.demo.sample import make_floor
from tests.demo.process import POLL_S, WAIT_S, Running, free_base

CLICKS_MAX = 60
FLOOR = make_floor(seed=1, now_us=1_700_000_000_000_000)
PACKED: dict[str, Any] = {
    "order": "SO-1",
    "state": "packed_checked",
    "station": "S1",
    "tote": "T-01",
    "frozen": None,
    "lines": [],
    "parcel": {"waybill": "SF1", "job": {"id": "J", "state": "sent"}},
}


# ---- without a process ---------------------------------------------------------------------------


def read_svg(picture: str) -> list[str]:
    """Return what a scanner reads off one of our pictures."""
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', picture)
    assert size is not None
    dots = np.full((int(size[2]), int(size[1])), 255, np.uint8)
    for x, y, height in re.findall(r"M(\d+) (\d+)h1v(\d+)h-1z", picture):
        dots[int(y) : int(y) + int(height), int(x)] = 0
    return [code.text for code in zxingcpp.read_barcodes(dots.repeat(4, 0).repeat(4, 1))]


@pytest.mark.parametrize(
    "text", ["A-01-02", "T-07", "@B:1001", "@C:OK", "@S:S1", "FG1:SF100000000001:c-1", "DIAPER-M"]
)
def test_each_code_of_the_floor_reads_back(text: str) -> None:
    """A picture of a code carries the code, whichever symbology suits it (PICK-3)."""
    picture = svg(text)
    assert picture is not None
    assert read_svg(picture.decode()) == [text]


def test_items_are_ean_13() -> None:
    """A GTIN becomes an EAN-13 of 95 modules between its quiet zones."""
    gtin = FLOOR.catalog[0]["codes"][0]
    picture = svg(gtin)
    assert picture is not None
    assert f'viewBox="0 0 {95 + 2 * QUIET} ' in picture.decode()
    assert read_svg(picture.decode()) == [gtin]


@pytest.mark.parametrize("text", ["", "面单", "a\n", "x" * 121])
def test_what_no_code_can_carry_gets_no_picture(text: str) -> None:
    """Text that is empty, too long or not ASCII is refused rather than altered."""
    assert svg(text) is None


def view(**changes: Any) -> View:
    """Return a floor with two people signed in and nothing to do."""
    picker = {"person": {"id": "P-01", "roles": ["picker"]}, "task": None}
    packer = {"person": {"id": "P-04", "roles": ["packer"]}, "station": {"id": "S1"}}
    given: dict[str, Any] = {
        "sessions": {"pda": picker, "station": packer},
        "alarms": {"pda": [], "station": []},
        "tasks": [],
        "pack": None,
        "label": None,
        "put_back": None,
        "totes_in_use": frozenset({"T-01"}),
        "picker": FLOOR.logins_of("picker")[0],
        "packer": FLOOR.logins_of("packer")[0],
        "station": "S1",
        "totes": FLOOR.totes,
    }
    return View(**{**given, **changes})


def test_coach_begins_with_the_pickers_badge() -> None:
    """Without a session the first code is a badge, and the PIN comes before the OK card."""
    step = next_step(view(sessions={"pda": None, "station": None}))
    assert (step.door, step.say, step.codes, step.pin) == (
        *("pda", "sign_in"),
        *(("@B:1001", OK), "482913"),
    )


def test_coach_puts_an_alarm_before_everything() -> None:
    """An alarm is acknowledged before any other scan (FRZ-4)."""
    alarm = {"facts": {"order": "SO-1"}}
    step = next_step(view(alarms={"pda": [], "station": [alarm]}, tasks=[{}]))
    assert (step.door, step.say, step.codes) == ("station", "alarm", (OK,))


def test_coach_names_a_free_tote() -> None:
    """The tote to bind is one that carries no other order."""
    order = {"id": "SO-1", "tote": None, "frozen": None, "ended": None}
    task = {"id": "T1", "state": "taken", "at": None, "orders": [order], "steps": [
        {"no": 1, "order": "SO-1", "done": False, "check": "each", "scanned": False}]}  # fmt: skip
    session = {"person": {"id": "P-01", "roles": ["picker"]}, "task": task}
    step = next_step(view(sessions={"pda": session, "station": None}))
    assert (step.say, step.codes) == ("tote", ("T-02",))


def test_coach_waits_for_the_printer_and_then_wants_the_label() -> None:
    """Until the label is out there is nothing to scan; then the label itself is next (PRN-4)."""
    before = next_step(view(pack=PACKED))
    after = next_step(view(pack=PACKED, label="FG1:SF1:c"))
    assert (before.say, before.codes) == ("printing", ())
    assert (after.say, after.codes) == ("prove", ("FG1:SF1:c",))


def test_coach_offers_a_task_and_ends_when_there_is_none() -> None:
    """A picker without goods in hand takes the next task, as long as there is one."""
    assert [next_step(view(tasks=[{}])).say, next_step(view()).say] == ["take", "done"]


def test_pushed_rule_is_the_next_version_with_other_thresholds() -> None:
    """The page's rule differs from the built-in one by version and thresholds alone (RULE-1)."""
    rules = json.loads(edit_ruleset(Thresholds(7, 100, 200), newer_than="default@4"))
    expected = tomllib.loads(default_ruleset().decode())
    expected["meta"]["version"] = 5
    expected["picking"]["each_max"] = 7
    expected["gifts"][0]["when"] = "order.amount_fen >= 20000"
    expected["gifts"][1]["when"] = "order.amount_fen >= 10000"
    assert rules == expected
    with pytest.raises(ValueError, match="second gift tier"):
        edit_ruleset(Thresholds(7, 200, 100), newer_than="default@4")


# ---- with everything running ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A demo with its page."""
    demo = Running(tmp_path_factory.mktemp("demo") / "data", free_base())
    yield demo.first_line()
    demo.process.terminate()
    demo.process.communicate(timeout=WAIT_S)


@pytest.fixture
def tls(addresses: dict[str, Any]) -> ssl.SSLContext:
    """What trusts the demo's box."""
    return trusting(Path(addresses["data"]["ca"]))


@pytest.fixture
async def http(tls: ssl.SSLContext) -> AsyncIterator[aiohttp.ClientSession]:
    """A caller of the page's API."""
    connector = aiohttp.TCPConnector(ssl=tls)
    async with aiohttp.ClientSession(connector=connector, headers={"X-Floor": "1"}) as session:
        yield session


async def test_people_came_in_as_at_a_new_site(
    addresses: dict[str, Any], http: aiohttp.ClientSession
) -> None:
    """The console's code made the admin, the admin the others, the box their badges (SEC-2)."""
    logins = json.loads((Path(addresses["data"]["root"]) / "seeded-people.json").read_text())
    admin = next(each for each in logins if "admin" in each[3])
    assert admin[0].startswith("ADMIN-")
    api = f"{addresses['box'].rstrip('/')}/api/v1"
    login = {"badge": admin[1], "pin": admin[2], "device": "test-office"}
    async with http.post(f"{api}/session", json=login) as response:
        shown = {"Authorization": f"Bearer {(await response.json())['token']}"}
    async with http.get(f"{api}/people", headers=shown) as response:
        people = {each["id"]: each for each in (await response.json())["people"]}
    for person, badge, _, roles in logins:
        found = people[person]
        assert (found["roles"], found["pin"], found["named"]) == (roles, "set", True)
        assert found["badge_at"] is not None
        assert len(badge) > len("@B:") + 20
    assert (Path(addresses["data"]["badges"]) / "P-01.pdf").read_bytes().startswith(b"%PDF")


async def test_newcomer_ships_an_order_by_clicking_what_glows(addresses: dict[str, Any]) -> None:
    """Sign-in, pick, check, label and proof go by clicks on codes alone (FLOW-4, PRN-4, PDA-2)."""
    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGS, "--ignore-certificate-errors"]
        )
        context = await browser.new_context(
            viewport={"width": 1440, "height": 960}, ignore_https_errors=True, locale="en"
        )
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        await page.goto(addresses["demo"])
        for door in ("pda", "station"):
            frame = page.frame_locator(f"#{door} iframe").frame_locator("#pda")
            await frame.locator("html[data-ready]").wait_for()
        said: list[str] = []
        for _ in range(CLICKS_MAX):
            await page.locator("#coach .hot").first.wait_for(timeout=8000)
            said.append(await page.locator("#coach .say").inner_text())
            if said[-1].startswith("Shipped!"):
                break
            await page.locator("#coach .hot").first.click()
        await page.click("#tab-orders")
        await page.locator(".order", has_text="Shipped").wait_for()
        await browser.close()

    assert said[-1].startswith("Shipped!"), said
    assert errors == []


async def test_switches_reach_hub_box_and_printers(
    addresses: dict[str, Any], http: aiohttp.ClientSession
) -> None:
    """A cancel freezes, a rule decides at once, a WAN cut is seen and heals (FRZ-1, RULE-2)."""
    api = f"{addresses['demo']}api"

    async def ask(path: str, body: object = None) -> Any:
        method = "GET" if body is None else "POST"
        async with http.request(method, f"{api}/{path}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def until(path: str, holds: Any) -> Any:
        async with asyncio.timeout(WAIT_S):
            while True:
                if holds(found := await ask(path)):
                    return found
                await asyncio.sleep(POLL_S)

    await ask("cancel", {"order": "SO-1012"})
    await until("orders/SO-1012", lambda story: story["order"]["frozen"])
    await ask("rule", {"each_max": 2, "tier_one": 100, "tier_two": 200})
    await until("state", lambda state: state["rules"] == "default@2")
    await ask("switch", {"name": "tspl", "is_on": False})
    await ask("switch", {"name": "wan", "is_on": False})
    cut = await until("state", lambda state: not state["hub"]["up"])
    await ask("switch", {"name": "wan", "is_on": True})
    mended = await until("state", lambda state: state["hub"]["up"])
    more = await ask("orders", {})

    assert cut["switches"] == {"wan": False, "wifi": True, "tspl": False, "zpl": True}
    assert mended["switches"]["wan"] is True
    assert more == {"new": 12}


async def test_page_refuses_other_sites_and_nonsense(
    addresses: dict[str, Any], http: aiohttp.ClientSession
) -> None:
    """A request without the page's header, or with a body that is none, changes nothing (SEC-4)."""
    url = f"{addresses['demo']}api/switch"
    async with http.post(url, json={}, headers={"X-Floor": ""}) as response:
        foreign = response.status
    async with http.post(url, data=b"{") as response:
        broken = response.status
    async with http.get(f"{addresses['demo']}site.py") as response:
        absent = response.status
    async with http.get(addresses["demo"]) as response:
        policy = response.headers["Content-Security-Policy"]

    assert (foreign, broken, absent) == (403, 400, 404)
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
