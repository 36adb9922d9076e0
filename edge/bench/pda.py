"""`floorgate bench pda`: the page in Chromium, on a PDA four times slower than this machine.

Chromium, Playwright and Node.js are development tools: `scripts/setup.sh test` brings them.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from edge.bench.figures import Keep, Say

PICKERS: Final = 6
PIECES: Final = 5_000
SECONDS_MAX: Final = {"scans": 65, "loads": 45, "intakes": 35, "alarms": 25, "Lighthouse": 55}
"""How long each part may take; with the start and the end of the box it stays below 4 minutes."""


def run(say: Say, keep: Keep) -> None:
    """Measure all of it; takes two to four minutes.

    A part that dies or takes too long keeps what it has, and the next one is measured; at the end
    `RuntimeError` names them.
    """
    if find_spec("playwright") is None:
        raise RuntimeError("Playwright is missing; install it with: scripts/setup.sh test")
    with tempfile.TemporaryDirectory(
        dir=Path.cwd(), prefix=".bench-", ignore_cleanup_errors=True
    ) as name:
        asyncio.run(_measure(Path(name), say, keep))


async def _measure(folder: Path, say: Say, keep: Keep) -> None:
    from edge.bench import pda_alarm, pda_load, pda_rig, pda_scan  # noqa: PLC0415 - need Playwright

    first = PICKERS - pda_alarm.ALARMS
    problems: list[str] = []

    def fails(problem: str) -> None:
        say(f"not measured: {problem}")
        problems.append(problem)

    async with pda_rig.site(folder, orders=PICKERS, pieces=PIECES) as site:
        parts: dict[str, Callable[[], Awaitable[None]]] = {
            "scans": lambda: pda_scan.scan_figures(site, say, keep),
            "loads": lambda: pda_load.load_figures(site, say, keep),
            "intakes": lambda: pda_scan.intake_figures(site, say, keep),
            "alarms": lambda: pda_alarm.alarm_figures(site, first, say, keep),
            "Lighthouse": lambda: pda_load.lighthouse_figures(site, say, keep),
        }
        for name, measure in parts.items():
            try:
                async with asyncio.timeout(SECONDS_MAX[name]):
                    await measure()
            except TimeoutError:
                fails(f"{name} took more than {SECONDS_MAX[name]} s")
            except Exception as error:  # the other parts are measured all the same
                this = asyncio.current_task()
                if this and this.cancelling():  # a browser that was closed says so in its own way
                    raise asyncio.CancelledError from error
                fails(f"{name}: {type(error).__name__}: {error}")
    if problems:
        raise RuntimeError("; ".join(problems))
