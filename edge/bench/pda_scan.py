"""From the trigger to the eye: scans on a PDA four times slower than this machine."""

import asyncio
from random import Random
from typing import Final

from edge.bench import handheld
from edge.bench.figures import Figure, Keep, Say, median, percentile
from edge.bench.pda_rig import Handheld, Site, until

SCANS: Final = 80
SCANS_MIN: Final = 20
"""A round that was cut off counts from so many on."""
ROUNDS: Final = 3
PAUSE_S_MAX: Final = 0.05
TORN_S: Final = 3.0
"""A scan whose keys came too far apart, for the machine stood still, is scanned again."""
RATIO_MAX: Final = 1.7
"""What 25 ms are to the 15 ms that a bare page took on a quiet machine."""
P50_MS_MAX: Final = 25.0
P95_MS_MAX: Final = 50.0
GAP_S_MAX: Final = 0.03
EACH: Final = 5
"""Scans per intake and focus."""
CODE: Final = "A-01 02"
"""A code with a space in it: a space presses a focused button."""

TOUCHED: Final = "window.presses + Number(document.querySelector('#probe-field').value !== 'abc')"
WATCH: Final = """
window.marks = []; window.sent = [];
let key = 0, kept = 0, told = () => {};
window.marked = (n) => new Promise((done) => {
  told = () => window.marks.length >= n && done(window.marks); told(); });
addEventListener('keydown', (e) => { if (e.key === 'Enter') { key = e.timeStamp; kept = 0; } },
  true);
const add = IDBObjectStore.prototype.add;
IDBObjectStore.prototype.add = function (...row) {
  this.transaction.addEventListener('complete', () => { kept = performance.now(); });
  return add.apply(this, row); };
document.addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
  if (!key || !kept) return;
  const from = key; key = 0;
  const { port1, port2 } = new MessageChannel(); // runs when this frame has been painted
  port1.onmessage = () => {
    window.marks.push([kept - from, performance.now() - from]); told(); };
  port2.postMessage(0);
}).observe(document, { subtree: true, childList: true, characterData: true }));
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (text) {
  const { cmd } = JSON.parse(text);
  if (cmd?.kind === 'pick.scan') window.sent.push(cmd.data.code);
  return send.call(this, text); };
"""
"""Notes for each scan, from its Enter: when it was on the disk, and when that was painted, ms."""


async def scan_figures(site: Site, say: Say, keep: Keep) -> None:
    """Measure scans on the page and Enters on a bare one, in turn."""
    say(f"{SCANS} scans, {ROUNDS} times, 4× slower")
    rounds: list[Marks] = []
    floors: list[Marks] = []
    try:
        await _rounds(site, rounds, floors)
    finally:
        told, beside = ([marks for marks in each if len(marks) >= SCANS_MIN]
                        for each in (rounds, floors))  # fmt: skip
        if told and beside:
            keep([
                _figure("on the PDA's disk and painted", 1, 0.5, told, beside, P50_MS_MAX),
                _figure("on the PDA's disk and painted", 1, 0.95, told, beside, P95_MS_MAX),
                _figure("on the PDA's disk", 0, 0.5, told, beside, None),
            ])  # fmt: skip


Marks = list[tuple[float, float]]


async def _rounds(site: Site, rounds: list[Marks], floors: list[Marks]) -> None:
    async with (
        site.handheld(script=WATCH) as pda,
        site.handheld(script=WATCH, bare=True) as bare,
    ):
        await pda.open()
        await pda.kept()
        await pda.pick(0)
        code = await pda.item()
        await bare.open()
        for each in (pda, bare):
            await each.throttle()
        for _ in range(ROUNDS):
            for each, done in ((pda, rounds), (bare, floors)):
                await each.page.bring_to_front()
                done.append([])
                await _scans(each, code, done[-1])


async def _scans(pda: Handheld, code: str, marks: Marks) -> None:
    """Scan at a steady hand's pace; `marks` takes what the page noted of each scan."""
    random = Random(1)  # noqa: S311 - pauses
    await pda.js("void (window.marks.length = 0)")
    while len(marks) < SCANS:
        await handheld.keys(pda.cdp, code, prefix="~")
        try:
            async with asyncio.timeout(TORN_S):
                marks[:] = await pda.js(f"window.marked({len(marks) + 1})")
        except TimeoutError:
            continue
        await asyncio.sleep(random.random() * PAUSE_S_MAX)


def _figure(
    what: str, at: int, share: float, rounds: list[Marks], floors: list[Marks], most: float | None
) -> Figure:
    values = [percentile([mark[at] for mark in marks], share) for marks in rounds]
    value = median(values)
    floor = median([percentile([mark[at] for mark in marks], share) for marks in floors])
    return Figure(
        f"scan → {what}, p{share * 100:.0f}", "ms", value, (min(values), max(values)), floor,
        "a bare page that does the same", value / floor,
        f"≤ {most:g} ms, or ≤ {RATIO_MAX} × the bare page" if most else "",
        value <= max(most, RATIO_MAX * floor) if most else None,
    )  # fmt: skip


async def intake_figures(site: Site, say: Say, keep: Keep) -> None:
    """Measure the share of scans that are recognised, by intake, whatever has the focus."""
    random = Random(2)  # noqa: S311 - gaps between keys
    async with site.handheld(script=WATCH) as pda:
        await pda.open()
        await pda.kept()
        await pda.pick(1)
        await pda.js(handheld.PROBES)
        for name, intake in handheld.INTAKES.items():
            say(f"intake {name}")
            shares = []
            for focus, give in handheld.FOCUSES.items():
                shares.append(await _recognised(pda, intake, focus, give, random))
            keep([
                Figure(f"recognised, {name}, least of {len(shares)} focuses", "%", min(shares),
                       target="= 100 %", met=min(shares) == 100)  # noqa: PLR2004 - all
            ])  # fmt: skip
        touched = await pda.js(TOUCHED)
    name = "buttons pressed and fields altered by those scans"
    keep([Figure(name, "", touched, target="= 0", met=touched == 0)])


async def _recognised(
    pda: Handheld, intake: handheld.Intake, focus: str, give: str, random: Random
) -> float:
    await pda.js("void (window.sent.length = 0)")
    for n in range(1, EACH + 1):
        await pda.js(give)
        if focus == "dialog":
            await pda.until("document.querySelector('#layer[open]')")
        if intake is handheld.keys:
            await handheld.keys(pda.cdp, CODE, gap_s=random.random() * GAP_S_MAX)
        else:
            await intake(pda.cdp, CODE)
        await _settled(pda, n)
        if focus == "dialog":
            await pda.js("document.querySelector('#layer').open && history.back()")
            await pda.until("!document.querySelector('#layer').open")
    sent: list[str] = await pda.js("window.sent")
    return 100 * sum(code == CODE for code in sent) / max(EACH, len(sent))


async def _settled(pda: Handheld, n: int) -> None:
    """Wait until a scan was heard; one that never is counts as missed."""
    try:
        async with asyncio.timeout(2):
            await until(lambda: pda.js(f"window.sent.length >= {n}"))
    except TimeoutError:
        return
