"""What holds the page together: its own tests, its texts, its sizes, its plain-words pages."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from playwright.async_api import Browser, Playwright

from edge.bench.handheld import ARGS, CHROMIUM
from edge.bootstrap import default_ruleset
from edge.domain.refusals import FAULTS
from edge.http.assets import page_root
from tests.e2e.pda import RENEWING, MakePda, Pda, open_context
from tests.e2e.peer import WAYBILL, Peer
from tests.e2e.test_trouble import SAVED
from tests.e2e.walk import texts

TARGET_PX = 64
FOOTER_PX = 72
FUNCTIONS = ("pick", "take", "pack", "print", "handover", "putback")
"""What the status page tells of."""


def in_node(*args: str) -> None:
    """Run Node.js as the lock files bring it; it must be content."""
    node = Path(sys.prefix) / "bin" / "node"
    assert node.exists(), "Node.js is missing; install it with: scripts/setup.sh test"
    done = subprocess.run([node, *args], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_page_s_own_tests_pass() -> None:
    """The pure core passes its tests in Node.js (PDA-1, PDA-2)."""
    in_node("--test", *sorted(str(path) for path in (page_root() / "test").glob("*.test.js")))


@pytest.mark.parametrize("project", ["tsconfig.json", "tsconfig.sw.json"])
def test_the_page_s_types_are_right(project: str) -> None:
    """TypeScript, strict, has nothing against the types in the page's comments."""
    tsc = Path(sys.prefix) / "node" / "node_modules" / "typescript" / "lib" / "tsc.js"
    in_node(str(tsc), "-p", str(page_root() / project))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_refusal_has_its_text(lang: str) -> None:
    """Whatever the box refuses, the page can say why in both languages (PDA-4)."""
    texts = json.loads(Path(page_root() / "locales" / f"{lang}.json").read_text("utf-8"))
    assert {f"refusal.{code}" for code in FAULTS} - set(texts) == set()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_state_has_its_name(lang: str) -> None:
    """No state that the box ships with shows as an id (FLOW-2, PDA-3)."""
    names = texts(lang)
    states = tomllib.loads(default_ruleset().decode())["workflow"]["states"]
    assert [each["id"] for each in states if f"state.{each['id']}" not in names] == []


async def sizes(pda: Pda) -> list[tuple[str, float, float]]:
    """Return the buttons on the screen that are too small for a glove."""
    found: list[tuple[str, float, float]] = await pda.page.evaluate(
        "([least, foot]) => [...document.querySelectorAll('button')]"
        ".filter((b) => b.checkVisibility()).map((b) => [b, b.getBoundingClientRect()])"
        ".filter(([b, r]) => r.width < least || r.height < (b.closest('footer') ? foot : least))"
        ".map(([b, r]) => [b.textContent, r.width, r.height])",
        [TARGET_PX, FOOTER_PX],
    )
    return found


@pytest.mark.asyncio(loop_scope="session")
async def test_every_target_fits_a_glove(pda: Pda, peer: Peer) -> None:
    """No button is below 64 px, none in a footer below 72 px, on any screen at 360×640 (PDA-3)."""
    assert await sizes(pda) == []
    await pda.scan("@B:1001")
    await pda.page.wait_for_selector("#layer[open] .keys")
    assert await sizes(pda) == []
    await pda.scan("@C:UNDO")
    await pda.sign_in("@B:1001", "482913")
    await pda.until("document.querySelector('.row') !== null")
    assert await sizes(pda) == []
    await pda.scan("@C:OK")
    await pda.sees("扫一个空周转箱")
    assert await sizes(pda) == []
    for place in ("状态与设置", "归位"):
        await pda.page.locator("header .menu").click()
        await pda.page.wait_for_selector("#layer[open] .act")
        assert await sizes(pda) == []
        await pda.page.get_by_role("button", name=place).click()
        assert await sizes(pda) == []
    await peer.alarm("cancel")
    await pda.page.wait_for_selector("#alarm[open]")
    assert await sizes(pda) == []
    overflow = await pda.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert overflow is False


@pytest.mark.asyncio(loop_scope="session")
async def test_language_and_theme_switch_and_stay(make_pda: MakePda) -> None:
    """Dark follows the system, a manual choice and the language outlive a reload (PDA-3)."""
    pda = await make_pda(theme="dark")
    look = "[document.documentElement.lang, document.documentElement.dataset.theme].join()"
    assert await pda.page.evaluate(look) == "zh-CN,dark"
    await pda.page.get_by_role("button", name="English").click()
    await pda.sees("Scan your badge")
    await pda.page.get_by_role("button", name="Status, settings").click()
    await pda.page.get_by_role("button", name="Light", exact=True).click()
    await pda.until(f"{look} === 'en,light'")
    await pda.until(f"({SAVED % 'theme'}).then((theme) => theme === 'light')")
    await pda.page.reload()
    await pda.ready()
    assert await pda.page.evaluate(look) == "en,light"
    await pda.sees("Scan your badge")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_newer_page_waits_for_the_task_to_end(make_pda: MakePda, peer: Peer) -> None:
    """A new version is fetched during a pick and used only after it (PDA-1)."""
    pda = await make_pda(open_now=False)
    await pda.context.add_init_script(RENEWING)
    await pda.open()
    await pda.sign_in("@B:1001", "482913")
    await pda.until("document.querySelector('.row') !== null")
    await pda.keeps_page()
    await pda.scan("@C:OK")
    await pda.sees("扫一个空周转箱")
    peer.version = "next"
    await peer.cut()
    await pda.until("navigator.serviceWorker.getRegistration().then((r) => !!r?.waiting)")
    await pda.sees("扫一个空周转箱")
    peer.task["state"] = "done"
    peer.task["rev"] += 1
    for step in peer.task["steps"]:
        step["done"] = True
    for order in peer.task["orders"]:
        order["goes"] = "pack"
    await peer.push({"t": "entry", "entry": {
        "seq": 9, "at": 1, "kind": "order.moved", "subject": "order:WEB-2011001",
        "refs": ["task:task-1"], "device": "", "data": {},
    }})  # fmt: skip
    await pda.sees("全部拣完")
    async with pda.page.expect_event("load"):
        await pda.scan("@C:OK")
    await pda.ready()
    await pda.until(
        "navigator.serviceWorker.getRegistration().then((r) => r.active.scriptURL.endsWith('next'))"
    )


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_what_works_now_is_told_function_by_function(
    make_pda: MakePda, peer: Peer, lang: str
) -> None:
    """With the hub, with the box alone, and on the PDA alone: each function says how (PDA-4)."""
    t, pda = texts(lang), await make_pda()
    if lang == "en":
        await pda.page.get_by_role("button", name="English").click()
    await pda.sign_in("@B:1001", "482913")
    await pda.until("document.querySelector('.row') !== null")
    await pda.page.locator("header .menu").click()
    await pda.page.get_by_role("button", name=t["screen.status"]).click()

    async def told(*how: str) -> None:
        works = [t[f"works.{each}"] for each in how]
        names = [t[f"function.{name}"] for name in FUNCTIONS]
        shown = [f"{name}\n{work}" for name, work in zip(names, works, strict=True)]
        rows = "[...document.querySelectorAll('.fact')].slice(0, 6).map((row) => row.innerText)"
        await pda.until(f"JSON.stringify({rows}) === JSON.stringify({json.dumps(shown)})")

    status = {"t": "status", "hub_lag": 0, "disk": "ok", "printers": []}
    await peer.push(status | {"hub": "up"})
    await told(*["all"] * 6)
    await peer.push(status | {"hub": "down"})
    await told(*["box"] * 6)
    peer.away = True
    await pda.context.set_offline(True)
    await peer.cut()
    await told("pda", *["no"] * 5)


@pytest.mark.asyncio(loop_scope="session")
async def test_an_old_engine_is_told_in_plain_words(browser: Browser, peer: Peer) -> None:
    """An engine below the floor gets a page that names its version and the cure (PDA-1)."""
    pda = await open_context(browser, peer.url, open_now=False)
    await pda.context.add_init_script("delete Array.prototype.findLast")
    pda.page = await pda.context.new_page()
    await pda.page.goto(pda.url)
    await pda.sees("浏览器太旧")
    await pda.sees("Chromium 97 or newer is needed")
    await pda.context.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_plain_http_is_told_in_plain_words(playwright: Playwright, peer: Peer) -> None:
    """Over plain http the page says why nobody can sign in, and names the https address (SEC-1)."""
    port = peer.url.rsplit(":", 1)[1].strip("/")
    rules = "--host-resolver-rules=MAP box.lan 127.0.0.1"
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, rules])
    pda = await open_context(browser, f"http://box.lan:{port}/", open_now=False)
    pda.page = await pda.context.new_page()
    await pda.page.goto(pda.url)
    await pda.sees("连接不安全")
    await pda.sees("https://box.lan/")
    await browser.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_station_screen_is_wide(make_pda: MakePda, peer: Peer) -> None:
    """At 1280×800 a packer has the same way: tote, pieces, gift, label, proof (PDA-3)."""
    pda = await make_pda(size={"width": 1280, "height": 800})
    await pda.scan("@S:S1")
    await pda.sign_in("@B:2001", "618450")
    await pda.sees("扫周转箱")
    for code in ("T-9", "MUG-350", "MUG-350", "@C:OK", "@C:OK"):
        await pda.scan(code)
    await pda.sees("扫新打印的面单")
    assert await sizes(pda) == []
    await pda.scan(WAYBILL)
    await pda.page.locator(".all-good").wait_for()
    assert peer.pack["state"] == "shipped"
