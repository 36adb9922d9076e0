"""How much there is to load before a PDA can be used, and how long that takes."""

from typing import Any, Final

from edge.bench import lighthouse
from edge.bench.figures import Figure, Keep, Say, median
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


async def load_figures(site: Site, say: Say, keep: Keep) -> None:
    """Measure the page's first load, cold and from its service worker, beside a bare page."""
    say(f"{LOADS} cold loads, 4× slower, 10 Mbit/s")
    cold: list[Loaded] = []
    bare: list[Loaded] = []
    for _ in range(LOADS):
        async with site.handheld() as pda:
            cold.append(await _load(pda))
        async with site.handheld(bare=True) as pda:
            bare.append(await _load(pda))
    kb, requests = cold[-1]["bytes"] / 1000, cold[-1]["requests"]
    keep([
        Figure("shell until ready, gzip", "kB", kb, target="≤ 40 kB", met=kb <= KB_MAX),
        Figure("requests until ready", "", requests, target="≤ 20", met=requests <= REQUESTS_MAX),
        _figure("ready, cold, 4× slower, 10 Mbit/s", cold, bare, COLD_MS_MAX),
    ])  # fmt: skip
    say("loads from the service worker")
    async with site.handheld() as pda:
        await pda.open()
        await pda.kept()
        kept = [await _load(pda) for _ in range(LOADS)]
        keep([_figure("ready, from the service worker, 4× slower", kept, bare, KEPT_MS_MAX)])
        await pda.cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        await pda.pick(2)
        resumed = [await _load(pda) for _ in range(LOADS)]
    keep([_figure("ready, the same, on the step of a pick in hand", resumed, bare, KEPT_MS_MAX)])


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


async def lighthouse_figures(site: Site, say: Say, keep: Keep) -> None:
    """Measure what Lighthouse makes of the page: the median of the runs that end."""
    found: list[dict[str, float]] = []
    try:
        for run in range(LIGHTHOUSE_RUNS):
            say(f"Lighthouse, {run + 1} of {LIGHTHOUSE_RUNS}")
            found.append(await lighthouse.scores(site.url, trust=site.trust))
    finally:
        keep([_lighthouse(name, [run[name] for run in found]) for name in (found or [{}])[0]])


def _lighthouse(name: str, scores: list[float]) -> Figure:
    score = round(median(scores))
    return Figure(f"Lighthouse, {name}", "", score, (min(scores), max(scores)), target="= 100",
                  met=score == 100)  # noqa: PLR2004 # fmt: skip
