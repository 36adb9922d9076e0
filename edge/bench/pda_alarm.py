"""From the hub's freeze to the picker's hand, eye and ear."""

from typing import Final

from edge.bench import handheld
from edge.bench.figures import Figure, Keep, Say, median
from edge.bench.pda_rig import Site

ALARMS: Final = 3
MS_MAX: Final = 300.0
CLIP: Final = "(r) => r.name.endsWith('voice/zh/cancel.opus') && r.responseEnd"
SENSES: Final = {"buzz": "vibration", "red": "red", "voice": "voice"}


async def alarm_figures(site: Site, first: int, say: Say, keep: Keep) -> None:
    """Freeze the orders of pickers `first` and on, each on a PDA of its own."""
    say(f"{ALARMS} alarms, 4× slower")
    late: dict[str, list[float]] = {sense: [] for sense in SENSES}
    try:
        await _alarms(site, range(first, first + ALARMS), late)
    finally:
        keep([
            Figure(f"alarm on the websocket → {name}", "ms", median(late[sense]),
                   (min(late[sense]), max(late[sense])), target=f"≤ {MS_MAX:g} ms",
                   met=max(late[sense]) <= MS_MAX)
            for sense, name in SENSES.items() if late[sense]
        ])  # fmt: skip


async def _alarms(site: Site, people: range, late: dict[str, list[float]]) -> None:
    for person in people:
        async with site.handheld(script=handheld.HEAR) as pda:
            await pda.open()
            await pda.kept()
            await pda.pick(person)
            await pda.until(f"performance.getEntriesByType('resource').some({CLIP})")
            await pda.throttle()
            asked = "fetch('/api/v1/session').then((r) => r.json())"
            order = (await pda.js(asked))["session"]["task"]["orders"][0]["id"]
            await site.instruct("order.freeze", {"order_id": order, "category": "cancel"})
            await pda.until("window.heard.voice && window.heard.red && window.heard.buzz")
            heard = await pda.js("window.heard")
            for sense, times in late.items():
                times.append(heard[sense] - heard["alarm"])
