"""Lighthouse over a page of the box: what a stranger's tool says of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from edge.bench.figures import median
from edge.bench.handheld import CHROMIUM

CATEGORIES: Final = ("performance", "accessibility", "best-practices", "seo")
RUN_S_MAX: Final = 120
STDERR_CHARS_MAX: Final = 300
_NODE: Final = Path(sys.prefix) / "bin" / "node"
_CLI: Final = Path(sys.prefix) / "node" / "node_modules" / "lighthouse" / "cli" / "index.js"
_FLAGS: Final = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


def scores(
    url: str, categories: tuple[str, ...] = CATEGORIES, *, runs: int = 1, trust: str = ""
) -> dict[str, int]:
    """Return the median score, 0 … 100, of each category; a run takes about 15 s.

    `trust`: the flag by which Chromium trusts the box's own certificate.
    """
    found = [_run(url, categories, f"{_FLAGS} {trust}") for _ in range(runs)]
    return {name: round(median([run[name] for run in found])) for name in categories}


def _run(url: str, categories: tuple[str, ...], flags: str) -> dict[str, float]:
    for needed in (_NODE, _CLI, Path(CHROMIUM)):
        assert needed.exists(), f"{needed} is missing; install it with: scripts/setup.sh test"
    command = [
        str(_NODE), str(_CLI), url, "--quiet", "--output=json", f"--chrome-flags={flags}",
        f"--only-categories={','.join(categories)}", "--no-enable-error-reporting",
    ]  # fmt: skip
    env = os.environ | {"CHROME_PATH": CHROMIUM}
    done = subprocess.run(  # noqa: S603 - the pinned tool, with our own address
        command, env=env, capture_output=True, text=True, timeout=RUN_S_MAX, check=False
    )
    if done.returncode:
        raise RuntimeError(f"Lighthouse failed; run it again: {done.stderr[-STDERR_CHARS_MAX:]}")
    told = json.loads(done.stdout)["categories"]
    return {name: 100 * told[name]["score"] for name in categories}
