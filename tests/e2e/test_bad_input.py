"""What a floor does wrong, on purpose or not: each has its words on the page (SEC-2, SEC-4)."""

import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.async_api import Browser

from edge.domain.badges import badge_hash
from edge.domain.lockouts import ROW_MAX
from edge.http.certificates import CertificateView, Level
from tests.e2e.pda import Pda, open_context
from tests.e2e.realbox import RealBox, begin_task, login, read
from tests.e2e.test_box import pick_all
from tests.e2e.test_desk import contradict
from tests.e2e.test_trouble import SAVED
from tests.e2e.walk import go, texts
from tests.rig import new_id

pytestmark = pytest.mark.asyncio(loop_scope="session")
Handheld = Callable[..., Awaitable[Pda]]
DAY_MS = 86_400_000
DAY_US = DAY_MS * 1000
HOUR_US = DAY_US // 24
WRONG_PIN = "111222"


async def speak_english(pda: Pda) -> None:
    """Change the language where somebody who is signed in does."""
    await go(pda, "status", "zh")
    await pda.page.get_by_role("button", name="English", exact=True).click()
    await pda.sees("What works now")


def on_a_clock(us: int, form: str) -> str:
    """Return a time of the box as a clock in this place shows it."""
    return datetime.fromtimestamp(us / 1e6, UTC).astimezone().strftime(form)


def certify(box: RealBox, begins_us: int, ends_us: int, level: Level) -> None:
    """Let the box's certificate be good from then until then, from now on."""
    now_us = box.process.clock.now_us()
    days = ends_us // DAY_US
    view = CertificateView("box", now_us + begins_us, now_us + ends_us, days, level)
    box.process.certificates = SimpleNamespace(view=lambda: view)  # type: ignore[assignment]
    box.process._tell_status()


async def certificate_is_told(pda: Pda, box: RealBox, days: int) -> None:
    """Its end is told by the box's time; where the browser refuses it, the PDA's date is named."""
    certify(box, -DAY_US, 30 * DAY_US + HOUR_US, "soon")
    await pda.sees("边缘盒证书还有 30 天到期")
    await speak_english(pda)
    certify(box, -DAY_US, 7 * DAY_US + HOUR_US, "urgent")
    await pda.sees("The box's certificate ends in 7 days")
    certify(box, -HOUR_US, HOUR_US, "urgent")
    await pda.sees("The box's certificate ends in 0 days")
    await pda.context.set_offline(True)
    today = on_a_clock(box.process.clock.now_us() + days * DAY_US, "%Y-%m-%d")
    await pda.sees(f"This PDA's date {today} is wrong, so the box cannot be reached")


@pytest.mark.parametrize("days", [-1, 1])
async def test_a_pda_whose_clock_is_a_day_off_picks_as_ever(
    browser: Browser, box: RealBox, days: int
) -> None:
    """A pick with an alarm, the box's times, the badge alone, the certificate's end (SYNC-4)."""
    await box.instruct("order.assign", box.floor.orders[0])
    pda = await open_context(browser, box.process.url + "/", open_now=False)
    await pda.context.add_init_script(
        f"const now = Date.now; Date.now = () => now() + {days * DAY_MS};"
    )
    await pda.open()
    await begin_task(pda, box)
    freeze = {"order_id": "SO-1001", "category": "cancel", "countdown_s": 600}
    await box.instruct("order.freeze", freeze)
    await pda.sees("订单 …1001 已取消，请停止操作")
    [frozen] = (await box.order("SO-1001")).frozen
    due = on_a_clock(frozen.due_at, "%H:%M")
    await pda.sees(f"{due} 生效")
    await pda.scan("@C:OK")
    await pda.sees(f"已冻结：取消，{due} 生效")
    await box.instruct("order.revoke", {"order_id": "SO-1001"})
    await pda.sees("扫一个空周转箱")
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
    await pda.sees("本机慢 1 天" if days < 0 else "本机快 1 天")
    who = box.floor.logins_of("picker")[0]
    await pda.scan("@C:USER")
    await pda.sees("扫工牌")
    await pda.scan(who.badge)
    await pda.page.locator("header .who").wait_for()
    await pda.scan("@C:USER")
    await pda.sees("扫工牌")
    await login(pda, box, "supervisor")
    await pda.page.locator("header .who").wait_for()
    await certificate_is_told(pda, box, days)
    assert pda.errors == []
    await pda.context.close()


async def test_a_badge_that_is_used_at_two_pdas_at_once_is_told(
    box: RealBox, handheld: Handheld
) -> None:
    """The wearer goes on; a superior is called, in either language, answers by scan (SEC-2)."""
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
    await speak_english(chief)
    await go(chief, "alarms", "en")
    await chief.sees("is used at two devices at once")


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


async def at_the_pin(pda: Pda, badge: str, pin: str, lang: str) -> None:
    """Sign in, open the only request, choose its first answer, and show the badge."""
    if lang == "en":
        await pda.page.get_by_role("button", name="English").click()
    await pda.sign_in(badge, pin)
    await pda.page.wait_for_selector("header .menu")
    await pda.settled()
    if await pda.page.locator("#alarm[open]").count():  # nobody has answered it yet
        await pda.scan("@C:OK")
        await pda.until("!document.querySelector('#alarm').open")
    await go(pda, "approvals", lang)
    await pda.page.wait_for_selector(".row")
    for code, next_ in (("@C:OK", ".answers"), ("@C:1", ".strip.now"), (badge, "#layer .keys")):
        await pda.scan(code)
        await pda.page.wait_for_selector(next_)


AGAIN = """([path, body]) => fetch(path, { method: 'POST', body,
  headers: { 'X-Floor': '1', 'Content-Type': 'application/json' } }).then((r) => r.json())"""
"""Send a request of the page once more."""


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_signature_that_comes_late_or_twice_decides_nothing(
    box: RealBox, handheld: Handheld, lang: str
) -> None:
    """Of two at the PIN one decides, the page tells the other; replayed it counts once (APPR-1)."""
    who = box.floor.logins_of("supervisor")[0]
    [chief] = [each for each in box.floor.people if each["id"] == who.person]
    other = {**chief, "id": "P-18", "badge_hash": badge_hash("@B:5002")}
    await box.instruct("people.upsert", {"items": [other]})
    await contradict(box)
    late, first = await handheld(), await handheld()
    await at_the_pin(late, who.badge, who.pin, lang)
    await at_the_pin(first, "@B:5002", who.pin, lang)
    async with first.page.expect_request("**/decide") as sent:
        await first.type_pin(who.pin)
    request = await sent.value
    await first.sees(texts(lang)["notice.signed"])
    await late.sees(texts(lang)["refusal.approval_closed"])
    body: dict[str, Any] = json.loads(request.post_data or "")
    replays = [body, body | {"answer": "rush"}, body | {"id": new_id()}]
    said = [await first.page.evaluate(AGAIN, [request.url, json.dumps(each)]) for each in replays]
    assert said[0]["repeated"] is True
    assert [each["code"] for each in said[1:]] == ["id_reused", "approval_closed"]
    signed = [each["actor"] for each in await box.process.reads.timeline("SO-1001")
              if each["kind"] == "approval.signed"]  # fmt: skip
    assert signed == ["P-18"]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_signature_on_facts_that_changed_decides_nothing(
    box: RealBox, handheld: Handheld, lang: str
) -> None:
    """The pad closes with the cause as soon as it is known; it is judged anew (APPR-1)."""
    who = box.floor.logins_of("supervisor")[0]
    await contradict(box)
    pda = await handheld()
    await at_the_pin(pda, who.badge, who.pin, lang)
    await box.instruct("order.freeze", {"order_id": "SO-1001", "category": "address"})
    await pda.sees(texts(lang)["refusal.approval_stale"])
    await pda.until("!document.querySelector('#layer').open")
    assert await pda.page.locator(".strip.now").count() == 0
    signed = [each["kind"] for each in await box.process.reads.timeline("SO-1001")]
    assert "approval.signed" not in signed


async def test_a_forged_cookie_ends_at_the_sign_in(box: RealBox, handheld: Handheld) -> None:
    """A changed cookie opens nothing: the PDA is back at its sign-in, in its language (SEC-4)."""
    pda = await handheld()
    await login(pda, box, "picker")
    await pda.page.locator("header .who").wait_for()
    await pda.until(SAVED % "pinAt")  # the badge alone is enough for who gave a PIN
    await speak_english(pda)
    await pda.until(f"({SAVED % 'lang'}).then((lang) => lang === 'en')")
    [cookie] = [each for each in await pda.context.cookies() if "floor" in each["name"]]
    forged = cookie["value"][:-4] + ("AAAA" if cookie["value"][-4:] != "AAAA" else "BBBB")
    await pda.context.add_cookies([{**cookie, "value": forged}])  # type: ignore[typeddict-item]
    await pda.page.reload()
    await pda.ready()
    await pda.sees(texts("en")["signin.scan_badge"])
    await pda.scan(box.floor.logins_of("picker")[0].badge)
    await pda.page.locator("header .who").wait_for()
