"""Every intake of a scanner against everything that may have the focus."""

import pytest

from edge.bench.handheld import FOCUSES, INTAKES, PROBES
from tests.e2e.pda import Pda
from tests.e2e.peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="session")
CODE = "A-01 02"
"""A code with a space in it: a space presses a focused button."""


@pytest.mark.parametrize("focus", FOCUSES)
@pytest.mark.parametrize("intake", INTAKES)
async def test_a_scan_is_heard_and_touches_nothing(
    pda: Pda, peer: Peer, intake: str, focus: str
) -> None:
    """A scan arrives once, presses no button and leaves each field as it was (PDA-2, PICK-4)."""
    await pda.sign_in("@B:1001", "482913")
    await pda.until("document.querySelector('.row') !== null")
    await pda.scan("@C:OK")
    await pda.sees("扫一个空周转箱")
    await pda.scan("T-1")
    await pda.sees("走到库位，扫库位码")
    await pda.page.evaluate(PROBES)
    await pda.page.evaluate("document.querySelector('#probe-field').setSelectionRange(1, 2)")
    await pda.page.evaluate(FOCUSES[focus])
    if focus == "dialog":
        await pda.page.wait_for_selector("#layer[open]")
    await INTAKES[intake](await pda.cdp(), CODE)
    await pda.sees("库位不对：要 B-01-02")
    await pda.drained()
    scans = [c["data"]["code"] for c in peer.applied if c["kind"] == "pick.scan"]
    assert scans == [CODE]
    field = await pda.page.evaluate(
        "(() => { const f = document.querySelector('#probe-field');"
        " return [f.value, f.selectionStart, f.selectionEnd, window.presses]; })()"
    )
    assert field == ["abc", 1, 2, 0]


async def test_a_person_can_type_into_a_field(pda: Pda) -> None:
    """Slow keys and completed words stay in the field that they were typed into (PDA-2)."""
    await pda.page.evaluate(PROBES)
    await pda.page.locator("#probe-field").click()
    assert await pda.page.evaluate("document.activeElement.id") == "probe-field"
    await pda.page.keyboard.press("End")
    await pda.page.keyboard.type("de", delay=120)
    await pda.commit("fgh", enter=False)
    await pda.until("document.querySelector('#probe-field').value === 'abcdefgh'")
    await pda.page.keyboard.type("ij", delay=150)
    await pda.page.keyboard.press("Enter")
    assert await pda.page.locator("#probe-field").input_value() == "abcdefghij"


async def test_the_page_can_be_walked_by_tab(pda: Pda) -> None:
    """A keyboard reaches the buttons by Tab and presses them (PDA-3)."""
    await pda.page.keyboard.press("Tab")
    await pda.page.keyboard.press("Shift+Tab")
    await pda.page.keyboard.press("Tab")
    assert await pda.page.evaluate("document.activeElement.tagName") == "BUTTON"
    focused = await pda.page.evaluate("document.activeElement.textContent.trim()")
    await pda.page.keyboard.press("Enter")
    if focused == "English":
        await pda.sees("Scan your badge")
