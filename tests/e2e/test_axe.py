"""Accessibility of every screen and dialog, as axe-core judges it."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.e2e.pda import Pda, Theme
from tests.e2e.realbox import RealBox
from tests.e2e.walk import DESK, PHONE, PLACES, furnish, texts, walk

pytestmark = pytest.mark.asyncio(loop_scope="session")
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


def places(lang: str) -> set[str]:
    """Return the names of the screens that the walk comes to."""
    return {texts(lang)[f"screen.{place}"] for place in PLACES}


async def violations(pda: Pda) -> list[Any]:
    """Return what axe-core finds: rule, and what it is about. The debugger is above the CSP."""
    cdp = await pda.cdp()
    await cdp.send("Runtime.evaluate", {"expression": AXE})
    asked = {"runOnly": TAGS}
    run = f"axe.run(document, {json.dumps(asked)}).then((r) => JSON.stringify(r.violations.map("
    run += "(v) => [v.id, v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3)])))"
    said = await cdp.send(
        "Runtime.evaluate", {"expression": run, "awaitPromise": True, "returnByValue": True}
    )
    found: list[Any] = json.loads(said["result"]["value"])
    return found


MUTE = """[...document.querySelectorAll('[aria-disabled=true]')].filter((b) => b.disabled
  || b.tabIndex < 0 || !b.querySelector('small')?.textContent.trim()).map((b) => b.outerHTML)"""
"""Greyed actions that do not say why, or that a press or a key cannot reach."""
DEAD = "[...document.querySelectorAll('button:disabled')].map((b) => b.outerHTML)"
WIDE = "document.documentElement.scrollWidth > innerWidth ? ['wider than the screen'] : []"


async def faults(pda: Pda) -> list[Any]:
    """Return what breaks a rule on this screen: of axe, of greyed actions, of its width."""
    own = [await pda.page.evaluate(each) for each in (MUTE, DEAD, WIDE)]
    return [*await violations(pda), *(fault for found in own for fault in found)]


@pytest.mark.parametrize(
    ("size", "theme", "lang"),
    [(PHONE, "light", "zh"), (PHONE, "dark", "en"), (DESK, "light", "en"), (DESK, "dark", "zh")],
)
async def test_axe_finds_nothing(
    browser: Browser, box: RealBox, size: dict[str, int], theme: Theme, lang: str
) -> None:
    """No screen and no dialog breaks a rule or CSP, in both themes and languages (PDA-3, SEC-4)."""
    await furnish(box)
    found = {}
    handheld: Pda | None = None
    async for name, pda in walk(browser, box, size=size, theme=theme, lang=lang):
        if name == "menu":
            shown = set(await pda.page.locator("#layer .tiles .act-text").all_inner_texts())
            assert shown - places(lang) <= {texts(lang)["screen.help"]}
        if broken := await faults(pda):
            found[name] = broken
        handheld = pda
    assert handheld is not None
    assert (found, handheld.errors) == ({}, [])
