"""What goes wrong on a floor: two on one line, a full disk, a slow PDA, a page that is too old."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from edge.bench.pda_rig import SLOWER
from tests.e2e.pda import RENEWING, MakePda, Pda
from tests.e2e.peer import Peer
from tests.e2e.realbox import RealBox, begin_task, login, read
from tests.e2e.test_axe import violations
from tests.e2e.test_box import pick_all
from tests.e2e.walk import texts

pytestmark = pytest.mark.asyncio(loop_scope="session")
PICKER = ("@B:1001", "482913")
ITEM = "6901234567891"
SAVED = (
    "new Promise((done) => { indexedDB.open('floor').onsuccess = (e) => {"
    " e.target.result.transaction('saved').objectStore('saved').get('%s')"
    ".onsuccess = (r) => { e.target.result.close(); done(r.target.result); }; }; })"
)
"""What the PDA has on its disk under a name."""
QUOTA_BYTES = 4_000_000
FILL = """new Promise((done) => {
  const open = indexedDB.open('filler', 1);
  open.onupgradeneeded = () => open.result.createObjectStore('rows', { autoIncrement: true });
  open.onsuccess = () => {
    let size = 1 << 20;
    const more = () => {
      if (size < 64) { open.result.close(); done(true); return; }
      const tx = open.result.transaction('rows', 'readwrite');
      const bytes = new Uint8Array(size); // random: the disk would press anything else
      for (let at = 0; at < size; at += 65536)
        crypto.getRandomValues(bytes.subarray(at, at + 65536));
      tx.objectStore('rows').add(bytes);
      tx.oncomplete = more;
      tx.onabort = () => { size >>= 1; more(); };
    };
    more();
  }; })"""
"""Fill the disk to the last byte; what a phone full of pictures does."""


async def start(pda: Pda, lang: str = "zh") -> None:
    """Sign in, take the task, bind a tote, stand at the first bin."""
    t = texts(lang)
    if lang == "en":
        await pda.page.get_by_role("button", name="English").click()
    await pda.sign_in(*PICKER)
    await pda.until("document.querySelector('.row') !== null")
    await pda.scan("@C:OK")
    await pda.sees(t["pick.do_tote"])
    await pda.scan("T-1")
    await pda.scan("B-01-02")
    await pda.sees(t["said.location"])


async def test_of_two_pickers_on_one_task_one_wins(
    box: RealBox, handheld: Callable[[], Any]
) -> None:
    """Both take it in the same moment: one has it, the other is told by whom (PICK-6)."""
    await box.instruct("order.assign", box.floor.orders[0])
    pdas = [await handheld(), await handheld()]
    people = box.floor.logins_of("picker")[:2]
    for pda, who in zip(pdas, people, strict=True):
        await pda.sign_in(who.badge, who.pin)
        await pda.until("document.querySelector('.row') !== null")
    await asyncio.gather(*(pda.scan("@C:OK") for pda in pdas))
    for pda in pdas:
        await pda.until("/扫一个空周转箱|拿走/.test(document.body.innerText)")
    tasks = [(await read(pda, "/session"))["session"]["task"] for pda in pdas]
    assert sorted(task is None for task in tasks) == [False, True]
    winner, loser = sorted(range(2), key=lambda at: tasks[at] is None)
    name = (await read(pdas[winner], "/session"))["session"]["person"]["name"]["zh"]
    await pdas[winner].sees("扫一个空周转箱")
    await pdas[loser].sees(f"任务已被 {name} 拿走")


async def test_of_two_pdas_on_one_line_the_second_is_told(
    box: RealBox, handheld: Callable[[], Any]
) -> None:
    """A line that was picked on a swapped PDA is not picked again on the first (PICK-6, PICK-7)."""
    await box.instruct("order.assign", box.floor.orders[0])
    first = await handheld()
    await begin_task(first, box)
    second = await handheld()
    await login(second, box, "picker")
    await second.sees("扫一个空周转箱")
    await pick_all(second)
    await second.sees("全部拣完")
    await first.sees("全部拣完")
    assert await box.state("SO-1001") == "picked"
    _, raws = await box.process.reader.entries(0, 10_000)
    assert sum(b"pick.scanned" in raw for raw in raws) == sum(
        1 + line["qty"] for line in box.floor.orders[0]["lines"]
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_full_disk_refuses_the_scan_and_says_what_to_do(
    make_pda: MakePda, peer: Peer, lang: str
) -> None:
    """What cannot be kept is refused aloud; what was kept is sent; nothing is pretended (PDA-1)."""
    pda = await make_pda(open_now=False)
    quota: dict[str, Any] = {"origin": peer.url.rstrip("/")}
    other = await pda.context.new_page()
    await other.goto(peer.url + "manifest.webmanifest")
    cdp = await pda.context.new_cdp_session(other)
    await cdp.send("Storage.overrideQuotaForOrigin", quota | {"quotaSize": QUOTA_BYTES})
    await pda.open()
    await start(pda, lang)
    t = texts(lang)
    none, one = (t["link.banner"].replace("{n}", str(n)) for n in (0, 1))
    await pda.drained()
    peer.away = True
    await pda.context.set_offline(True)
    await peer.cut()
    await pda.sees(none)
    await pda.scan(ITEM)
    await pda.sees(one)
    await pda.page.evaluate(FILL)
    await pda.page.evaluate("window.signals.length = 0")
    await pda.scan(ITEM)
    await pda.sees(t["refusal.storage_full"])
    await pda.sees(t["hint.storage_full"])
    await pda.sees("1/2")
    await pda.sees(one)
    assert await pda.page.evaluate("window.signals") == [5]
    await cdp.send("Storage.overrideQuotaForOrigin", quota)
    peer.away = False
    await pda.context.set_offline(False)
    await pda.drained()
    assert peer.task["steps"][0]["picked"] == 1
    await pda.scan(ITEM)
    await pda.sees("A-02-02")
    await pda.when(lambda: peer.task["steps"][0]["picked"] == 2)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_screen_that_does_not_come_is_said_and_asked_for_again(
    make_pda: MakePda, lang: str
) -> None:
    """Where its module cannot be fetched, it says what to do; then it is there."""
    t = texts(lang)
    pda = await make_pda(open_now=False)
    await pda.context.add_init_script("delete Navigator.prototype.serviceWorker")
    await pda.context.route("**/screens/diagnostics.js", lambda route: route.abort())
    await pda.open()
    if lang == "en":
        await pda.page.get_by_role("button", name="English").click()
    await pda.sign_in(*PICKER)
    await pda.page.locator("header .menu").click()
    await pda.page.get_by_role("button", name=t["screen.diagnostics"]).click()
    await pda.sees(t["notice.part_missing"])
    await pda.sees(t["hint.part_missing"])
    assert await violations(pda) == []
    await pda.page.evaluate("window.signals.length = 0")
    await pda.scan(ITEM)
    await pda.until("window.signals.length > 0")
    assert await pda.page.evaluate("window.signals") == [5]
    await pda.page.locator(".notice.stop", has_text=t["notice.part_missing"]).wait_for()
    await pda.page.get_by_role("button", name=t["act.back"]).click()
    await pda.page.wait_for_selector(".row")
    await pda.page.locator("header .menu").click()
    await pda.page.get_by_role("button", name=t["screen.diagnostics"]).click()
    await pda.sees(t["notice.part_missing"])
    await pda.context.unroute_all()
    await pda.sees(t["diagnostics.wedge"])
    assert pda.errors == []


async def test_a_whole_pick_on_a_slow_pda(box: RealBox, handheld: Callable[[], Any]) -> None:
    """Four times slower, a pick is done by scans alone just the same (PDA-1, PDA-2)."""
    await box.instruct("order.assign", box.floor.orders[0])
    pda = await handheld()
    await (await pda.cdp()).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await begin_task(pda, box)
    await pick_all(pda)
    await pda.sees("全部拣完")
    assert await box.state("SO-1001") == "picked"


async def test_a_page_too_old_says_so_keeps_its_scans_and_renews_itself(
    pda: Pda, peer: Peer
) -> None:
    """A page that the box does not understand any more loses nothing, and is replaced (PDA-1)."""
    await start(pda)
    await pda.keeps_page()
    await pda.drained()
    peer.oldest = 2
    await peer.cut()
    await pda.sees("页面太旧，边缘盒听不懂")
    await pda.scan(ITEM)
    await pda.until("document.querySelector('.tick.kept') !== null")
    assert await pda.kept() == 1
    async with pda.page.expect_event("load"):
        peer.version = "next"
    peer.oldest = 1
    await pda.ready()
    await pda.sees("1/2")
    await pda.drained()
    assert peer.task["steps"][0]["picked"] == 1


async def test_a_newer_page_waits_a_day_at_most(make_pda: MakePda, peer: Peer) -> None:
    """After a day a newer page takes over in the middle of a pick, on the same step (PDA-1)."""
    pda = await make_pda(open_now=False)
    await pda.context.add_init_script(
        "const now = Date.now; let ahead = 0;"
        " Date.now = () => now() + ahead; window.skip = (ms) => { ahead += ms; };" + RENEWING
    )
    await pda.open()
    await start(pda)
    await pda.keeps_page()
    peer.version = "next"
    await peer.cut()
    await pda.until(SAVED % "newerSinceMs")
    await pda.page.evaluate("window.skip(86_000_000)")
    await pda.scan(ITEM)
    await pda.sees("1/2")
    await pda.drained()
    async with pda.page.expect_event("load"):
        await pda.page.evaluate("window.skip(500_000)")
    await pda.ready()
    await pda.sees("1/2")
