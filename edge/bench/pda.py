"""`floorgate bench pda`: the page in Chromium, on a PDA four times slower than this machine.

Chromium, Playwright and Node.js are development tools: `scripts/setup.sh test` brings them.
"""

import asyncio
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from edge.bench.figures import Keep, Say

PICKERS: Final = 6
PIECES: Final = 5_000


def run(say: Say, keep: Keep) -> None:
    """Measure all of it; takes about four minutes."""
    if find_spec("playwright") is None:
        raise RuntimeError("Playwright is missing; install it with: scripts/setup.sh test")
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        asyncio.run(_measure(Path(name), say, keep))


async def _measure(folder: Path, say: Say, keep: Keep) -> None:
    from edge.bench import pda_alarm, pda_load, pda_rig, pda_scan  # noqa: PLC0415 - need Playwright

    async with pda_rig.site(folder, orders=PICKERS, pieces=PIECES) as site:
        keep(await pda_scan.scan_figures(site, say))
        keep(await pda_load.load_figures(site, say))
        keep(await pda_scan.intake_figures(site, say))
        keep(await pda_alarm.alarm_figures(site, PICKERS - pda_alarm.ALARMS, say))
        keep(await pda_load.lighthouse_figures(site, say))
