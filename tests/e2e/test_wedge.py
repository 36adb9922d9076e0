"""Every intake of a scanner against everything that may have the focus."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.e2e.pda import Pda
from tests.e2e.peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="session")
CODE = "A-01 02"
"""A code with a space in it: a space presses a focused button."""


async def keys(pda: Pda) -> None:
    """Type as a scanner without a prefix does."""
    await pda.scan(CODE, prefix="")


async def commit(pda: Pda) -> None:
    """Commit the whole code as an input method does."""
    await pda.commit(CODE)


async def process_keys(pda: Pda) -> None:
    """Commit each character behind a key event 229, as Android keyboards do."""
    cdp = await pda.cdp()
    sent = []
    for char in CODE:
        key = {"type": "rawKeyDown", "key": "Process", "windowsVirtualKeyCode": 229}
        sent.append(asyncio.ensure_future(cdp.send("Input.dispatchKeyEvent", key)))
        sent.append(asyncio.ensure_future(cdp.send("Input.insertText", {"text": char})))
    await asyncio.gather(*sent)
    await pda.scan("", prefix="")


async def paste(pda: Pda) -> None:
    """Paste, as some scanner services do."""
    await pda.page.evaluate(
        "(text) => { const data = new DataTransfer(); data.setData('text/plain', text);"
        " document.activeElement.dispatchEvent(new ClipboardEvent('paste',"
        " { clipboardData: data, bubbles: true, cancelable: true })); }",
        CODE,
    )
    await pda.scan("", prefix="")


INTAKES = {"keys": keys, "commit": commit, "process": process_keys, "paste": paste}
FOCUSES = {
    "body": "document.activeElement.blur()",
    "button": "document.querySelector('#probe-button').focus()",
    "field": "document.querySelector('#probe-field').focus()",
    "dialog": "document.querySelector('header .menu').click()",
}
PROBES = """(() => {
  const main = document.querySelector('#main');
  main.insertAdjacentElement('beforeend', Object.assign(document.createElement('button'),
    { id: 'probe-button', textContent: '-', onclick: () => { window.presses += 1; } }));
  main.insertAdjacentElement('beforeend', Object.assign(document.createElement('input'),
    { id: 'probe-field', value: 'abc' }));
  window.presses = 0;
})()"""


@pytest.mark.parametrize("focus", FOCUSES)
@pytest.mark.parametrize("intake", INTAKES)
async def test_a_scan_is_heard_and_touches_nothing(
    pda: Pda, peer: Peer, intake: str, focus: str
) -> None:
    """A scan arrives once, presses no button and leaves each field as it was (PDA-2, PICK-4)."""
    send: Callable[[Pda], Awaitable[None]] = INTAKES[intake]
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
    await send(pda)
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
