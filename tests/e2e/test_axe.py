"""Accessibility of every screen and dialog, as axe-core judges it."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright

from edge.bench.handheld import ARGS, CHROMIUM
from tests.e2e import walk
from tests.e2e.pda import Pda, Theme
from tests.e2e.realbox import RealBox
from tests.e2e.walk import CAMERA, DESK, PHONE, PLACES, desk, furnish, open_walk, texts
from tests.e2e.walk_floor import PARTS

pytestmark = pytest.mark.asyncio(loop_scope="session")
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
Part = Callable[[Pda, RealBox, str], AsyncIterator[str]]
"""A walk that tells the name of each screen it comes to."""
LOOKS: dict[str, list[tuple[dict[str, int], Theme]]] = {
    "zh": [(PHONE, "light"), (DESK, "dark")],
    "en": [(PHONE, "dark"), (DESK, "light")],
}
"""How each screen is looked at in a language."""
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


def places(lang: str) -> set[str]:
    """Return the names of the screens that the walk comes to."""
    return {texts(lang)[f"screen.{place}"] for place in PLACES}


async def violations(pda: Pda) -> list[Any]:
    """Return what axe-core finds: rule, and what it is about. The debugger is above the CSP."""
    cdp = await pda.cdp()
    if not await pda.page.evaluate("'axe' in window"):
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
TOUCH = """(() => {
  const GAP = 12;
  const wide = (e) => (e.tagName === 'BUTTON' ? 64 : 48); // links, fields and folds lie apart
  const high = (e) => (e.matches('footer button') ? 72 : wide(e));
  const on = (id) => document.querySelector(`dialog#${id}[open]`);
  const top = on('alarm') ?? on('lock') ?? on('layer') ?? document.body;
  const shown = (e) => e.checkVisibility() && !e.closest('.sink, dialog:not([open])');
  const scroller = (e) => { // how far apart two are by scrolling says nothing
    while (e && getComputedStyle(e).overflowY !== 'auto') e = e.parentElement;
    return e;
  };
  const apart = (one, other) => !one.contains(other) && !other.contains(one)
    && scroller(one) === scroller(other);
  const all = [...new Set([...top.querySelectorAll('button, a[href], summary, input, select')]
    .filter(shown).map((e) => e.closest('label.radio') ?? e))];
  const name = (e) => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 24)}`;
  const small = all.map((e) => [e, e.getBoundingClientRect()])
    .filter(([e, { width, height }]) => width < wide(e) || height < high(e))
    .map(([e, { width, height }]) => `${name(e)}: ${width}x${height}`);
  const clear = (one, other) => { // px between two
    const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
    return Math.max(a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom);
  };
  const near = all.flatMap((one, i, those) => those.slice(i + 1)
    .filter((other) => apart(one, other) && clear(one, other) < GAP - 0.5)
    .map((other) => `${name(one)} | ${name(other)}`));
  return [...small, ...near];
})()"""
"""Targets too small or too near to each other for a glove (goal G9)."""
TEXT = """(() => {
  const KEY = /^[a-z]+(_[a-z]+)*(\\.[a-z_]+)+$/; // a text that no language has
  const WORD = /\\p{Script=Latin}+|…\\u2060\\d+|\\d+\\u00a0[a-z]+/gu; // never on two lines
  const CLAUSE = /\\p{Script=Han}{2,}/gu; // on two lines where one is too short for it
  const room = (e) => { // px of a line in the block around
    while (getComputedStyle(e).display === 'inline') e = e.parentElement;
    const { paddingLeft, paddingRight } = getComputedStyle(e);
    return e.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  };
  const on = (id) => document.querySelector(`dialog#${id}[open]`);
  const top = on('alarm') ?? on('lock') ?? on('layer') ?? document.body;
  const texts = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
  const [found, range] = [[], document.createRange()];
  const shown = (e) => e.checkVisibility() && !e.closest('dialog:not([open]), code, svg');
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const [said, e] = [node.data.trim(), node.parentElement];
    if (!said || !shown(e)) continue;
    if (KEY.test(said)) found.push(`no text: ${said}`);
    if (e.matches('.code, dd, .sub, .field *')) continue; // ids are as long as they are
    for (const [least, words] of [[0, WORD], [room(e), CLAUSE]]) {
      for (const word of node.data.matchAll(words)) {
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        const lines = [...range.getClientRects()];
        const tops = new Set(lines.map(({ top }) => Math.round(top)));
        const long = least && lines.reduce((sum, { width }) => sum + width, 0) > least;
        if (tops.size > 1 && !long) found.push(`broken: ${word[0]} of ${said}`);
      }
    }
  }
  const cut = [...top.querySelectorAll('.chip, .act, h1, h2, h3, p')].filter((e) => shown(e)
    && e.getBoundingClientRect().right > (e.closest('.card') ?? top).getBoundingClientRect().right)
    .map((e) => `cut: ${e.textContent.trim()}`);
  return [...found, ...cut];
})()"""
"""Keys without a text, words and short ids broken in two, and what stands over the edge."""
WIDE = "document.documentElement.scrollWidth > innerWidth ? ['wider than the screen'] : []"


PAINTED = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  .then(() => Promise.allSettled(document.getAnimations()
    .filter((each) => each.effect.getComputedTiming().endTime < Infinity)
    .map((each) => each.finished)))"""


async def look(pda: Pda, size: dict[str, int], theme: Theme) -> None:
    """Show the same screen on another display, or in other light."""
    await pda.page.set_viewport_size({"width": size["width"], "height": size["height"]})
    await pda.page.emulate_media(color_scheme=theme)
    await pda.page.evaluate(PAINTED)


async def faults(pda: Pda, lang: str) -> list[Any]:
    """Return what breaks a rule on this screen: of axe, of greyed actions, of its width."""
    found: list[Any] = []
    for size, theme in reversed(LOOKS[lang]):  # the walk goes on with the first
        await look(pda, size, theme)
        for each in (MUTE, DEAD, TOUCH, TEXT, WIDE):
            found += await pda.page.evaluate(each)
        found += await violations(pda)
    return found


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def eyes(playwright: Playwright) -> AsyncIterator[Browser]:
    """A browser with a camera."""
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *CAMERA])
    yield browser
    await browser.close()


async def seen(pda: Pda, part: Part, box: RealBox, lang: str) -> dict[str, list[Any]]:
    """Walk through a part; return the faults of each stop."""
    found = {}
    async for name in part(pda, box, lang):
        if name == "menu":
            shown = set(await pda.page.locator("#layer .tiles .act-text").all_inner_texts())
            assert shown - places(lang) <= {texts(lang)["screen.help"]}
        found[name] = await faults(pda, lang)
    return found


@pytest.mark.timeout(300)  # sixty screens, each looked at twice
@pytest.mark.parametrize(
    ("parts", "stops"),
    [
        ((desk,), {*PLACES, *walk.DESK_LEADS, *walk.DESK_ASKS}),
        (PARTS, {*walk.FLOOR_LEADS, *walk.FLOOR_ASKS}),
    ],
    ids=["desk", "floor"],
)
@pytest.mark.parametrize("lang", LOOKS)
async def test_axe_finds_nothing(
    eyes: Browser, box: RealBox, lang: str, parts: tuple[Part, ...], stops: set[str]
) -> None:
    """No screen and no dialog breaks a rule or CSP, in both themes and languages (PDA-3, SEC-4)."""
    size, theme = LOOKS[lang][0]
    await furnish(box)
    found: dict[str, list[Any]] = {}
    errors: list[str] = []
    for part in parts:
        pda = await open_walk(eyes, box, size, theme, lang)
        found |= await seen(pda, part, box, lang)
        errors += pda.errors
        await pda.context.close()
    assert stops - set(found) == set()
    assert ({name: broken for name, broken in found.items() if broken}, errors) == ({}, [])
