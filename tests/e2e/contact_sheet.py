"""Photograph every screen, both sizes, themes and languages, into one page to look at.

python -m tests.e2e.contact_sheet FOLDER
"""

import asyncio
import html
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from edge.bench.handheld import ARGS, CHROMIUM
from tests.e2e.realbox import real_box
from tests.e2e.walk import CAMERA, LANGS, SIZES, THEMES, desk, furnish, open_walk
from tests.e2e.walk_floor import PARTS


async def photograph(folder: Path) -> int:
    """Write the pictures and `index.html` into `folder`; return how many there are."""
    shots: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *CAMERA])
        for size in SIZES:
            for theme in THEMES:
                for lang in LANGS:
                    with tempfile.TemporaryDirectory() as data:
                        async with real_box(Path(data)) as box:
                            await furnish(box)
                            for part in (desk, *PARTS):
                                pda = await open_walk(browser, box, size, theme, lang)
                                async for name in part(pda, box, lang):
                                    file = f"{size['width']}-{theme}-{lang}-{name}.png"
                                    await pda.page.screenshot(path=folder / file)
                                    shots.append(file)
                                await pda.context.close()
        await browser.close()
    figures = "".join(
        f'<figure><img src="{html.escape(each)}" loading="lazy"><figcaption>{html.escape(each)}'
        "</figcaption></figure>"
        for each in shots
    )
    page = (
        "<!doctype html><meta charset=utf-8><title>Floorgate: screens</title><style>body{display:"
        "flex;flex-wrap:wrap;gap:12px;font:14px sans-serif}img{max-height:640px;border:1px solid}"
        f"figure{{margin:0}}</style>{figures}"
    )
    (folder / "index.html").write_text(page, "utf-8")
    return len(shots)


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    print(asyncio.run(photograph(Path(sys.argv[1]))), "screens")  # noqa: T201 - its answer
