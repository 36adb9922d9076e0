"""The gallery: every token and part in each of its states, as screens show them."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser

from edge.http.assets import page_root
from tests.e2e.pda import Theme, open_context
from tests.e2e.realbox import RealBox
from tests.e2e.test_axe import violations
from tests.e2e.test_house import sizes
from tests.e2e.walk import DESK, LANGS, PHONE, THEMES

pytestmark = pytest.mark.asyncio(loop_scope="session")
RULES_NOT_OF_PARTS = {"landmark-no-duplicate-banner", "landmark-banner-is-top-level",
                      "landmark-no-duplicate-contentinfo", "landmark-contentinfo-is-top-level",
                      "landmark-unique", "page-has-heading-one"}  # fmt: skip
"""What holds for a page of its own: here many bars and footers stand beside each other."""
WORDS = {"reason", "whyFrozen", "when", "age", "span", "brief"}
"""Exports of the parts' files that are texts, not parts."""
EXPORT = re.compile(r"^export (?:const|function) (\w+)", re.MULTILINE)
CONTRAST_MIN = 7.0


def exported() -> set[str]:
    """Return the parts that there are."""
    files = (page_root() / "src" / "parts").glob("*.js")
    found = {name for file in files for name in EXPORT.findall(file.read_text("utf-8"))}
    return found - WORDS


@pytest.mark.parametrize("theme", THEMES)
async def test_every_part_is_shown_and_keeps_the_rules(
    browser: Browser, box: RealBox, tmp_path: Path, theme: Theme
) -> None:
    """No part is missing, cut off, too small, pale or against a rule of axe (PDA-3)."""
    url = f"{box.process.url}/gallery/index.html"
    for size in (PHONE, DESK):
        pda = await open_context(browser, url, size=size, theme=theme)
        for lang in LANGS:
            if lang == "en":
                await pda.page.locator("nav .act").first.click()
                await pda.until("document.documentElement.lang === 'en'")
            shown = await pda.page.evaluate(
                "[...document.querySelectorAll('[data-part]')].map((p) => p.dataset.part)"
            )
            assert set(shown) == exported()
            ratios = await pda.page.locator(".swatch span").all_inner_texts()
            assert [r for r in ratios if float(r.split(" ")[0]) < CONTRAST_MIN] == []
            cut = await pda.page.evaluate(
                "[...document.querySelectorAll('.state, .state *')]"
                ".filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth"
                " && getComputedStyle(e).overflowX !== 'hidden'"
                " && getComputedStyle(e).display !== 'inline').map((e) => e.outerHTML.slice(0, 90))"
            )
            assert cut == []
            assert await sizes(pda) == []
            found = [v for v in await violations(pda) if v[0] not in RULES_NOT_OF_PARTS]
            assert found == []
            await pda.page.screenshot(path=tmp_path / f"{size['width']}-{lang}.png", full_page=True)
        assert pda.errors == []
        await pda.context.close()


async def test_every_part_is_used_by_a_screen() -> None:
    """What no screen is made of is no part."""
    source = "".join(
        file.read_text("utf-8")
        for folder in ("screens", "parts")
        for file in sorted((page_root() / "src" / folder).glob("*.js"))
    )
    unused = {name for name in exported() if len(re.findall(rf"\b{name}\(", source)) == 0}
    assert unused == set()
