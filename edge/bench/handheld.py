"""A handheld in Chromium, and its scanner: it types, commits and pastes as scan engines do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from playwright.async_api import CDPSession

CHROMIUM: Final = "/usr/bin/chromium"
ARGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--autoplay-policy=user-gesture-required",
)  # fmt: skip
"""Nothing to the outside, and no sound before a key or a touch, as on a PDA."""
HEAR: Final = """
window.heard = { alarm: 0, buzz: 0, buzzes: 0, red: 0, voice: 0, clips: 0 };
const now = () => performance.now();
navigator.vibrate = (p) => { if (p.length === 5) {
  window.heard.buzz ||= now(); window.heard.buzzes += 1; } return true; };
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when) {
  window.heard.voice ||= now(); window.heard.clips += 1; start.call(this, when); };
window.WebSocket = class extends WebSocket {
  constructor(url) { super(url); this.addEventListener('message', ({ data }) => {
    if (JSON.parse(data).t === 'alarm') window.heard.alarm ||= now(); }); } };
document.addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
  if (document.querySelector('#alarm').open) requestAnimationFrame(() => setTimeout(() => {
    window.heard.red ||= now(); })); }).observe(document.querySelector('#alarm'),
  { attributes: true }));
"""
"""Notes when an alarm came, and when hand, eye and ear were told of it, ms."""
_KEYS: Final = {"Enter": (13, "\r"), "Tab": (9, ""), " ": (32, " ")}

Intake = Callable[[CDPSession, str], Awaitable[None]]


async def keys(
    cdp: CDPSession, text: str, *, prefix: str = "", end: str = "Enter", gap_s: float = 0,
    stamped: bool = False,
) -> None:  # fmt: skip
    """Type `text` as a keyboard wedge does, no key waiting for the one before to be taken.

    `stamped` keys bear the times of a scanner's keyboard, a millisecond apart, as a kernel stamps
    them: however late a busy machine delivers them. Others bear the time of their delivery.
    """
    sent = []
    began = time.time()
    for n, char in enumerate([*prefix, *text, *([end] if end else [])]):
        code, out = _KEYS.get(char) or (ord(char.upper()) if char.isalnum() else 0, char)
        for kind in ("keyDown", "keyUp"):
            event: dict[str, Any] = {"type": kind, "key": char, "windowsVirtualKeyCode": code}
            event |= {"text": out} if kind == "keyDown" else {}
            event |= {"timestamp": began + n / 1000} if stamped else {}
            sent.append(asyncio.ensure_future(cdp.send("Input.dispatchKeyEvent", event)))
        if gap_s:
            await asyncio.sleep(gap_s)
    await asyncio.gather(*sent)


async def commit(cdp: CDPSession, text: str, *, enter: bool = True) -> None:
    """Commit `text` whole as an input method does: what scanners do with factory settings."""
    committed = asyncio.ensure_future(cdp.send("Input.insertText", {"text": text}))
    if enter:  # not awaited in between: in a field the Enter must follow at once
        await keys(cdp, "")
    await committed


async def process_keys(cdp: CDPSession, text: str) -> None:
    """Commit each character behind a key event 229, as Android keyboards do."""
    sent = []
    for char in text:
        key = {"type": "rawKeyDown", "key": "Process", "windowsVirtualKeyCode": 229}
        sent.append(asyncio.ensure_future(cdp.send("Input.dispatchKeyEvent", key)))
        sent.append(asyncio.ensure_future(cdp.send("Input.insertText", {"text": char})))
    await asyncio.gather(*sent)
    await keys(cdp, "")


async def paste(cdp: CDPSession, text: str) -> None:
    """Paste `text`, as some scanner services do."""
    put = (
        "const data = new DataTransfer(); data.setData('text/plain', %r);"
        " document.activeElement.dispatchEvent(new ClipboardEvent('paste',"
        " { clipboardData: data, bubbles: true, cancelable: true }));"
    )
    await cdp.send("Runtime.evaluate", {"expression": "{" + put % text + "}"})
    await keys(cdp, "")


INTAKES: Final[dict[str, Intake]] = {
    "keys": keys, "commit": commit, "process": process_keys, "paste": paste,
}  # fmt: skip
"""The ways by which a scan comes into a page."""
FOCUSES: Final = {
    "body": "document.activeElement.blur()",
    "button": "document.querySelector('#probe-button').focus()",
    "field": "document.querySelector('#probe-field').focus()",
    "dialog": "document.querySelector('header .menu').click()",
}
"""What may have the focus, and what gives it."""
PROBES: Final = """(() => {
  const main = document.querySelector('#main');
  main.insertAdjacentElement('beforeend', Object.assign(document.createElement('button'),
    { id: 'probe-button', textContent: '-', onclick: () => { window.presses += 1; } }));
  main.insertAdjacentElement('beforeend', Object.assign(document.createElement('input'),
    { id: 'probe-field', value: 'abc' }));
  window.presses = 0;
})()"""
"""A button and a field that a scan must leave alone."""
