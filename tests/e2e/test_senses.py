"""What moves on the screen moves slowly, and not at all for who wants none; times are the box's."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from sync.api import decode_entry
from tests.e2e.pda import MakePda, Pda
from tests.e2e.peer import Peer
from tests.e2e.realbox import RealBox, login, read

pytestmark = pytest.mark.asyncio(loop_scope="session")
FLASH_GAP_MS_MIN = 334
"""Three flashes a second at most (WCAG 2.3.1)."""
FLASHES = """
window.flashes = [];
document.addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
  if (document.documentElement.dataset.flash) window.flashes.push(performance.now());
}).observe(document.documentElement, { attributeFilter: ['data-flash'] }));
"""
DAY_S = 86_400
AHEAD = f"""
const then = Date.now;
Date.now = () => then() + {DAY_S * 1000};
window.Date = class extends Date {{
  constructor(...given) {{ given.length ? super(...given) : super(Date.now()); }} }};
"""
"""The clock of a PDA that is a day ahead."""


async def test_no_flash_comes_more_than_three_times_a_second(make_pda: MakePda) -> None:
    """However fast the scans are; an alarm pulses more slowly than that (PDA-3)."""
    pda = await make_pda(open_now=False)
    await pda.context.add_init_script(FLASHES)
    await pda.open()
    for n in range(30):
        await pda.scan(f"69012345678{n:02}")
    await pda.until("window.flashes.length > 1")
    times: list[float] = await pda.page.evaluate("window.flashes")
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) >= FLASH_GAP_MS_MIN


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
async def test_an_alarm_pulses_slowly_or_stands_still(
    pda: Pda, peer: Peer, motion: str
) -> None:  # fmt: skip
    """Its red changes less than three times a second; with reduced motion nothing moves."""
    await pda.page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    await pda.sign_in("@B:1001", "482913")
    await pda.sees("拿第一个任务")
    await peer.alarm("cancel")
    await pda.page.wait_for_selector("#alarm[open]")
    moving: list[float] = await pda.page.evaluate(
        "document.getAnimations().map((a) => a.effect.getComputedTiming().duration)"
    )
    assert len(moving) == (motion == "no-preference")
    assert all(each >= 2 * FLASH_GAP_MS_MIN for each in moving)


async def test_the_clock_of_a_pda_may_be_a_day_off(
    box: RealBox, handheld: Callable[..., Any]
) -> None:
    """What it captures bears the box's time, and so does what it shows (SYNC-4, PDA-4)."""
    await box.instruct("order.assign", box.floor.orders[0])
    pda = await handheld()
    await pda.context.add_init_script(AHEAD)
    await pda.page.reload()
    await pda.ready()
    await login(pda, box, "picker")
    await pda.page.locator(".row").first.wait_for()
    await pda.page.wait_for_selector(".link.up")
    await pda.scan("@C:OK")
    await pda.page.wait_for_selector(".tote.now")
    await pda.scan("T-101")
    await pda.page.wait_for_selector(".place.now")
    await pda.drained()
    now_us = box.process.clock.now_us()
    told = await captured(box)
    assert {kind: abs(at - now_us) < 60_000_000 for kind, at in told.items()} == {
        "task.taken": True, "tote.bound": True,
    }  # fmt: skip
    (order,) = (await read(pda, "/session"))["session"]["task"]["orders"]
    assert order["tote"] == "T-101"
    await pda.page.locator("header .menu").click()
    await pda.page.get_by_role("button", name="设备诊断", exact=True).click()
    await pda.sees("本机快 1 天")


async def captured(box: RealBox) -> dict[str, int]:
    """Return when the PDA says that it took the task and bound the tote, µs by the box's clock."""
    _, raws = await box.process.reader.entries(0, 5_000)
    kinds = ("task.taken", "tote.bound")
    entries = [entry for entry in map(decode_entry, raws) if entry.kind in kinds]
    return {each.kind: each.device_at_us or 0 for each in entries}
