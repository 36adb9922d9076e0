"""Scans through holes in the Wi-Fi, killed tabs, lost answers and an update of the page.

Every scan that the page kept is in the box's journal once: `make soak` counts ten thousand.
"""

import asyncio
import itertools
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Error

from edge.http.assets import Assets
from sync.api import decode_entry
from tests.e2e.pda import Pda, open_context
from tests.e2e.realbox import RealBox, login, read, real_box

SCANS_MIN = 10_000 if os.environ.get("FLOORGATE_SOAK") else 80
LINES = 4
PIECES = 5
UPDATE_S_MAX = 60.0
KEEP_S = 15.0
"""A scan that is not on the disk by then was torn: it is scanned again, as a person does."""
TORN_MAX = 4
"""Scans in a row that a person would repeat before calling somebody."""
SCANS = ("pick.scan", "tote.bind")
JOURNALLED = (*SCANS, "pick.scanned", "tote.bound")
"""As what they are in the journal, refused or not."""
LOSSY = """
const { add, getAll } = IDBObjectStore.prototype;
IDBObjectStore.prototype.getAll = function () {
  const rows = getAll.call(this);
  if (this.name === 'outbox') rows.addEventListener('success',
    () => rows.result.forEach((row) => window.keptCommand(row)));
  return rows; };
IDBObjectStore.prototype.add = function (row) {
  if (row.cmd) this.transaction.addEventListener('complete',
    () => window.keptCommand(row));
  return add.call(this, row); };
window.WebSocket = class extends WebSocket {
  constructor(url) {
    super(navigator.onLine ? url : `${url}-none`);
    this.addEventListener('message', (event) => {
      if (JSON.parse(event.data).t !== 'answer' || Math.random() > 0.3) return;
      event.stopImmediatePropagation();
      this.close();
      setTimeout(() => window.dispatchEvent(new Event('online')), 20);
    });
  } };
"""
"""Tells which commands are on the disk, by a start before any is sent: one that was kept as its tab
died may be answered at once. Loses three answers of ten, and the link with each."""


OFFERED = """[...document.querySelectorAll('footer .act')].some((b) =>
  b.textContent.includes('拿第一个任务') && b.getAttribute('aria-disabled') !== 'true')"""
"""A task is there to be taken."""


class Picker:
    """Somebody with a handheld to whom everything happens."""

    def __init__(self, pda: Pda, random: Random) -> None:
        self.pda, self.random = pda, random
        self.kept: dict[str, bool] = {}
        """Each scan that the page said is kept, by its command's id: whether it was a right one."""
        self.kills = self.holes = 0
        self.in_hole = False
        self.misjudged = 0
        """Right scans that the page took for wrong ones."""
        self._code = ""
        self._unsure = False
        """Whether a scan may have been made once too often: its tab was dead, or it was torn."""
        self._totes = itertools.count(1)
        self._news = asyncio.Event()

    async def open(self) -> None:
        """Take the handheld; what it tells is noted whatever page it shows."""
        await self.pda.context.expose_function("keptCommand", self._note)
        await self.pda.context.add_init_script(LOSSY)
        await self.pda.open()

    def _note(self, row: dict[str, Any]) -> None:
        if row["cmd"]["kind"] in SCANS and row["cmd"]["id"] not in self.kept:
            self.kept[row["cmd"]["id"]] = row["said"]["ok"]
            whole = row["cmd"]["data"]["code"] == self._code
            self.misjudged += whole and not row["said"]["ok"] and not self._unsure
            self._news.set()

    @property
    def good(self) -> int:
        """How many scans the page kept as right ones."""
        return sum(self.kept.values())

    async def pick(self, view: dict[str, Any]) -> None:
        """Pick the task in hand by scans alone, while things happen."""
        await self.scan(f"T-{next(self._totes)}", 1)
        for step in view["steps"]:
            await self.scan(step["location"], 1)
            await self.scan(step["expect"]["codes"][0], step["qty"])

    async def scan(self, code: str, times: int) -> None:
        """Scan `code` until it was kept so often."""
        self._code = code
        wanted = self.good + times
        torn = 0
        while (missing := wanted - self.good) > 0:
            burst = self.random.randint(1, missing)
            goal = self.good + burst
            for _ in range(burst):
                await (self.pda.scan if self.random.random() < 0.5 else self.pda.commit)(code)
            if self.random.random() < 0.06:
                await self.kill()
                self._unsure = True
            elif not await self._reached(goal):
                self._unsure = True
                torn += 1
                assert torn < TORN_MAX, await self.pda.page.inner_text("body")
                continue
            torn = 0
            if self.random.random() < 0.08:
                await self.walk()
        self._unsure = False

    async def _reached(self, goal: int) -> bool:
        try:
            async with asyncio.timeout(KEEP_S):
                while self.good < goal:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def kill(self) -> None:
        """Have the tab die in the middle of it all, and open the page again."""
        self.kills += 1
        page = self.pda.page
        died = asyncio.ensure_future((await self.pda.cdp()).send("Page.crash"))
        await asyncio.wait([died], timeout=0.3)
        await page.close()
        await asyncio.gather(died, return_exceptions=True)
        self.in_hole = False
        await self.pda.open()

    async def walk(self) -> None:
        """Walk into a hole in the Wi-Fi, or out of it."""
        self.in_hole = not self.in_hole
        self.holes += self.in_hole
        line = {"offline": self.in_hole, "latency": 0, "downloadThroughput": -1,
                "uploadThroughput": -1}  # fmt: skip
        cdp = await self.pda.cdp()
        await cdp.send("Network.enable")
        await cdp.send("Network.emulateNetworkConditions", line)

    async def come_back(self) -> None:
        """Stand where there is Wi-Fi until the box has answered everything."""
        if self.in_hole:
            await self.walk()
        async with asyncio.timeout(120):
            while await self.pda.kept():  # noqa: ASYNC110 - the page has no event to wait for
                await asyncio.sleep(0.05)


class Version:
    """What the box says is the page's version."""

    def __init__(self) -> None:
        self.said = ""

    def patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have boxes that start from now on say it."""
        original = Assets.manifest

        async def manifest(assets: Assets, request: web.Request) -> web.Response:
            response = await original(assets, request)
            assert isinstance(response.body, bytes)
            told = json.loads(response.body)
            return web.json_response(told | ({"version": self.said} if self.said else {}))

        monkeypatch.setattr(Assets, "manifest", manifest)


def orders(box: RealBox) -> Iterator[dict[str, Any]]:
    """Yield orders of the same few goods, without end."""
    first = box.floor.orders[0]
    line = {"qty": PIECES, "price_fen": 100}
    for n in itertools.count():
        goods = [box.floor.catalog[at]["sku"] for at in range(LINES)]
        lines = [{**line, "no": at + 1, "sku": sku} for at, sku in enumerate(goods)]
        yield {**first, "order_id": f"CH-{n}", "lines": lines, "gifts": "given"}


@pytest.mark.timeout(7_200 if os.environ.get("FLOORGATE_SOAK") else 300)
@pytest.mark.asyncio(loop_scope="session")
async def test_no_scan_is_lost_or_doubled_whatever_happens(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kept scan is in the journal once, after all that a floor does to it (PICK-5, PDA-1)."""
    version = Version()
    version.patch(monkeypatch)
    async with real_box(tmp_path) as box:
        stock = [{**row, "qty": 10**6} for row in box.floor.stock]
        await box.instruct("stock.snapshot", {"items": stock})
        pda = await open_context(browser, f"{box.process.url}/", open_now=False)
        picker = Picker(pda, Random(5))
        await picker.open()
        await login(pda, box, "picker")
        await pda.keeps_page()
        taken = 0
        for order in orders(box):
            await box.instruct("order.assign", order)
            await take_task(pda)
            if taken == 1:
                version.said = "next"
            await picker.pick((await read(pda, "/session"))["session"]["task"])
            taken += 1
            await picker.come_back()
            await pda.sees("全部拣完")
            await pda.scan("@C:OK")
            print(f"{len(picker.kept):,} of {SCANS_MIN:,} scans")  # noqa: T201 - `make soak` shows it
            if len(picker.kept) >= SCANS_MIN and picker.kills and picker.holes:
                break
        await updated(pda)
        found = await journalled(box)
        assert pda.errors == []
        await pda.context.close()
    assert picker.kills
    assert picker.holes
    assert set(picker.kept) - set(found) == set(), "lost"
    assert [ident for ident, times in found.items() if times > 1] == [], "doubled"
    assert set(found) - set(picker.kept) == set(), "made up"
    assert picker.misjudged == 0
    assert picker.good == taken * (1 + LINES * (1 + PIECES))


async def take_task(pda: Pda) -> None:
    """Take the first task; a scan that fell into the renewal of the page is made again."""
    for _ in range(TORN_MAX):
        with suppress(Error):  # asked in the middle of the reload
            await pda.until(OFFERED)  # a finished pick has rows too
            await pda.scan("@C:OK")
            await pda.page.get_by_text("扫一个空周转箱").first.wait_for(timeout=KEEP_S * 1000)
            return
    raise AssertionError(await pda.page.inner_text("body"))


async def updated(pda: Pda) -> None:
    """Wait until the newer page has taken over; it reloads for that."""
    async with asyncio.timeout(UPDATE_S_MAX):
        while True:
            with suppress(Error):  # asked in the middle of the reload
                if await pda.page.evaluate(
                    "navigator.serviceWorker.controller?.scriptURL.endsWith('v=next')"
                ):
                    return
            await asyncio.sleep(0.1)


async def journalled(box: RealBox) -> Counter[str]:
    """Return how often the journal has each scan of the handheld, by the command's id."""
    found: Counter[str] = Counter()
    seq = 0
    while True:
        _, raws = await box.process.reader.entries(seq, 5_000)
        if not raws:
            return found
        for entry in map(decode_entry, raws):
            seq = entry.seq
            if entry.via == "pda" and entry.data.get("command", entry.kind) in JOURNALLED:
                found[entry.cause] += 1
