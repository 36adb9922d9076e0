"""Photograph every screen, both sizes, themes and languages, into one page to look at.

python -m tests.e2e.contact_sheet FOLDER
"""

import asyncio
import html
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from playwright.async_api import async_playwright

from edge.bench.handheld import ARGS, CHROMIUM
from tests.e2e.realbox import real_box
from tests.e2e.walk import CAMERA, LANGS, SIZES, THEMES, desk, furnish, open_walk
from tests.e2e.walk_floor import PARTS


async def photograph(folder: Path) -> int:
    """Write the pictures and `index.html` into `folder`; return how many there are."""
    shots: dict[str, list[str]] = defaultdict(list)
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
                                    shots[name].append(file)
                                await pda.context.close()
        await browser.close()
    (folder / "index.html").write_text(sheet(shots), "utf-8")
    return sum(map(len, shots.values()))


def sheet(shots: dict[str, list[str]]) -> str:
    """Return the page: a screen is a row, its sizes, themes and languages side by side."""
    rows = "".join(
        f"<h2>{html.escape(name)}</h2><div>"
        + "".join(
            f'<img src="{html.escape(file)}" alt="{html.escape(file)}" title="{html.escape(file)}"'
            ' loading="lazy">'
            for file in files
        )
        + "</div>"
        for name, files in shots.items()
    )
    return (
        "<!doctype html><meta charset=utf-8><title>Floorgate: screens</title><style>body{font:"
        "16px sans-serif;background:#888}div{display:flex;gap:12px}img{height:480px}</style>" + rows
    )


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    print(asyncio.run(photograph(Path(sys.argv[1]))), "screens")  # noqa: T201 - its answer
