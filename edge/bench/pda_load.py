"""How much there is to load before a PDA can be used, and how long that takes."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from edge.bench import lighthouse
from edge.bench.figures import Figure, median
from edge.bench.pda_rig import Handheld, Site

LOADS: Final = 5
KB_MAX: Final = 40.0
REQUESTS_MAX: Final = 20
COLD_MS_MAX: Final = 900.0
KEPT_MS_MAX: Final = 400.0
LIGHTHOUSE_RUNS: Final = 3
SHELL: Final = """(() => {
  const ready = performance.getEntriesByName('ready')[0].startTime;
  const files = [...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource')]
    .filter((r) => r.startTime < ready && !r.name.includes('/api/'));
  return { ready, requests: files.length,
    bytes: files.reduce((sum, r) => sum + r.encodedBodySize, 0) }; })()"""


async def load_figures(site: Site, say: Callable[[str], None]) -> list[Figure]:
    """Measure the page's first load, cold and from its service worker, beside a bare page."""
    say(f"{LOADS} cold loads, 4× slower, 10 Mbit/s")
    cold, bare = [], []
    for _ in range(LOADS):
        async with site.handheld() as pda:
            cold.append(await _load(pda))
        async with site.handheld(bare=True) as pda:
            bare.append(await _load(pda))
    say("loads from the service worker")
    async with site.handheld() as pda:
        await pda.open()
        await pda.kept()
        kept = [await _load(pda) for _ in range(LOADS)]
        await pda.cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        await pda.pick(2)
        resumed = [await _load(pda) for _ in range(LOADS)]
    kb, requests = cold[-1]["bytes"] / 1000, cold[-1]["requests"]
    return [
        Figure("shell until ready, gzip", "kB", kb, target="≤ 40 kB", met=kb <= KB_MAX),
        Figure("requests until ready", "", requests, target="≤ 20", met=requests <= REQUESTS_MAX),
        _figure("ready, cold, 4× slower, 10 Mbit/s", cold, bare, COLD_MS_MAX),
        _figure("ready, from the service worker, 4× slower", kept, bare, KEPT_MS_MAX),
        _figure("ready, the same, on the step of a pick in hand", resumed, bare, KEPT_MS_MAX),
    ]


Loaded = dict[str, Any]


async def _load(pda: Handheld) -> Loaded:
    await pda.throttle(wifi=True)
    await pda.open()
    told: Loaded = await pda.js(SHELL)
    return told


def _figure(name: str, loads: list[Loaded], bare: list[Loaded], most: float) -> Figure:
    times = [each["ready"] for each in loads]
    value, floor = median(times), median([each["ready"] for each in bare])
    return Figure(name, "ms", value, (min(times), max(times)), floor, "a bare page, cold",
                  value / floor, f"≤ {most:g} ms", value <= most)  # fmt: skip


async def lighthouse_figures(site: Site, say: Callable[[str], None]) -> list[Figure]:
    """Measure what Lighthouse makes of the page: the median of some runs."""
    say(f"Lighthouse, {LIGHTHOUSE_RUNS} times")
    found = await asyncio.to_thread(
        lighthouse.scores, site.url, runs=LIGHTHOUSE_RUNS, trust=site.trust
    )
    return [
        Figure(f"Lighthouse, {name}", "", score, target="= 100",
               met=score == 100)  # noqa: PLR2004 - the most
        for name, score in found.items()
    ]  # fmt: skip
