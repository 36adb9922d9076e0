"""Lighthouse over a page of the box: what a stranger's tool says of it."""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from edge.bench.handheld import CHROMIUM

CATEGORIES: Final = ("performance", "accessibility", "best-practices", "seo")
RUN_S_MAX: Final = 90
END_S_MAX: Final = 5
STDERR_CHARS_MAX: Final = 300
_NODE: Final = Path(sys.prefix) / "bin" / "node"
_CLI: Final = Path(sys.prefix) / "node" / "node_modules" / "lighthouse" / "cli" / "index.js"
_FLAGS: Final = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


async def scores(
    url: str, categories: tuple[str, ...] = CATEGORIES, *, trust: str = ""
) -> dict[str, float]:
    """Return the score, 0 … 100, of each category; takes about 15 s.

    `trust`: the flag by which Chromium trusts the box's own certificate. Raises `RuntimeError`
    where Lighthouse fails, `TimeoutError` after `RUN_S_MAX`; its Chromium ends with it.
    """
    for needed in (_NODE, _CLI, Path(CHROMIUM)):
        assert needed.exists(), f"{needed} is missing; install it with: scripts/setup.sh test"
    command = [
        str(_NODE), str(_CLI), url, "--quiet", "--output=json",
        f"--chrome-flags={_FLAGS} {trust}", f"--only-categories={','.join(categories)}",
        "--no-enable-error-reporting",
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | {"CHROME_PATH": CHROMIUM},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(RUN_S_MAX):
            out, err = await process.communicate()
    finally:
        await _ended(process)
    if process.returncode:
        raise RuntimeError(f"Lighthouse failed; run it again: {err.decode()[-STDERR_CHARS_MAX:]}")
    told = json.loads(out)["categories"]
    return {name: 100 * told[name]["score"] for name in categories}


async def _ended(process: asyncio.subprocess.Process) -> None:
    """See to it that a run is over: asked by SIGINT, it ends its Chromium too."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(END_S_MAX):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
