"""A picker's day in a real browser: sign in, pick by scan alone, alarms, holes in the Wi-Fi."""

import pytest

from edge.bench.handheld import HEAR
from tests.e2e.pda import MakePda, Pda
from tests.e2e.peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="session")
PICKER = ("@B:1001", "482913")


async def start_pick(pda: Pda) -> None:
    """Sign in, take the only task by command card, bind the first tote."""
    await pda.sign_in(*PICKER)
    await pda.sees("拿第一个任务")
    await pda.until("document.querySelector('.row') !== null")
    await pda.scan("@C:OK")
    await pda.sees("扫一个空周转箱")
    await pda.scan("T-1")
    await pda.sees("走到库位，扫库位码")


def kinds(peer: Peer) -> list[str]:
    """Return the kinds of the commands that took effect, in order."""
    return [cmd["kind"] for cmd in peer.applied]


async def test_a_whole_pick_by_the_trigger_alone(pda: Pda, peer: Peer) -> None:
    """Totes, locations, items, gift and a counted line are done by scans only (PDA-2, PICK-1)."""
    await start_pick(pda)
    for code in ("B-01-02", "6901234567891", "6901234567891", "A-02-02", "SKU-2"):
        await pda.scan(code)
    await pda.sees("扫空周转箱（…1002）")
    for code in ("T-2", "B-03-02", "6901234567893"):
        await pda.scan(code)
    await pda.page.wait_for_selector("#layer[open] .shown")
    await pda.scan("@C:QTY:40")
    await pda.sees("全部拣完")
    await pda.until("document.querySelectorAll('.tick.done').length === 2")
    assert [s["picked"] for s in peer.task["steps"]] == [2, 1, 40]
    assert peer.task["state"] == "done"
    assert await pda.kept() == 0


async def test_wrong_bin_and_item_are_refused_in_three_ways(pda: Pda, peer: Peer) -> None:
    """A wrong bin or item buzzes, colours the notice and leaves the line alone (PICK-2, PDA-3)."""
    await start_pick(pda)
    await pda.scan("A-09-02")
    await pda.sees("库位不对：要 B-01-02")
    await pda.scan("B-01-02")
    await pda.sees("库位对")
    await pda.scan("6909999999999")
    await pda.sees("商品不对：要 SKU-1")
    assert await pda.page.locator(".notice.wrong").count() == 1
    assert await pda.page.evaluate("window.signals.filter((n) => n === 3).length") == 2
    assert peer.task["steps"][0]["picked"] == 0


async def test_scans_come_through_whatever_has_the_focus(pda: Pda, peer: Peer) -> None:
    """Keys, Tab-ended keys, commits and full-width commits arrive; no button is pressed (PDA-2)."""
    await start_pick(pda)
    await pda.scan("B-01-02", end="Tab")
    await pda.sees("库位对")
    await pda.commit("6901234567891")
    await pda.sees("1/2")
    await pda.page.locator("footer .act").first.focus()
    await pda.scan("6901234567891")
    await pda.sees("A-02-02")
    assert await pda.page.locator("#layer[open]").count() == 0
    await pda.page.locator("header .menu").click()
    await pda.page.wait_for_selector("#layer[open]")
    await pda.commit("Ａ-０２-０２", enter=False)
    await pda.sees("库位对")
    await pda.commit("中文输入")
    await pda.sees("扫到了中文或全角字符")
    await pda.when(lambda: peer.task["at"] == "A-02-02")


async def test_twenty_scans_at_once_are_each_kept_and_answered_in_order(
    pda: Pda, peer: Peer
) -> None:
    """A burst loses and doubles nothing (PICK-4, PICK-5)."""
    peer.task["steps"][0]["qty"] = peer.task["steps"][0]["expect"]["qty"] = 25
    await start_pick(pda)
    await pda.scan("B-01-02")
    for _ in range(20):
        await pda.scan("6901234567891")
    await pda.sees("20/25")
    await pda.when(lambda: peer.task["steps"][0]["picked"] == 20)
    await pda.drained()
    scans = [cmd for cmd in peer.applied if cmd["kind"] == "pick.scan"]
    assert [cmd["data"]["code"] for cmd in scans] == ["B-01-02"] + ["6901234567891"] * 20
    assert sorted(cmd["id"] for cmd in scans) == [cmd["id"] for cmd in scans]


async def test_a_pick_outlives_the_network_a_reload_and_a_killed_tab(pda: Pda, peer: Peer) -> None:
    """Offline the same line comes back, scans are kept, and drain in order (PDA-1, PICK-7)."""
    await start_pick(pda)
    await pda.keeps_page()
    peer.away = True
    await pda.context.set_offline(True)
    await peer.cut()
    await pda.sees("离线·待传 0")
    await pda.scan("B-01-02")
    await pda.scan("6901234567891")
    await pda.sees("离线·待传 2")
    await pda.page.reload()
    await pda.ready()
    await pda.sees("离线·待传 2")
    await pda.scan("6901234567891")
    await pda.sees("A-02-02")
    await pda.page.close()
    await pda.open()
    await pda.sees("离线·待传 3")
    await pda.sees("A-02-02")
    short = pda.page.get_by_role("button", name="缺货")
    assert await short.get_attribute("aria-disabled") is None
    await pda.page.locator("header .menu").click()
    out = pda.page.get_by_role("button", name="退出登录")
    assert await out.get_attribute("aria-disabled") == "true"
    await pda.page.get_by_text("连不上边缘盒").first.wait_for()
    await pda.page.get_by_role("button", name="设备诊断").click()  # a screen not opened before
    await pda.sees("项需要处理")
    await pda.page.go_back()
    await pda.sees("A-02-02")
    peer.away = False
    peer.lose_answers = 2
    await pda.context.set_offline(False)
    await pda.when(lambda: sum(peer.repeats.values()) >= 1)
    await pda.drained()
    assert kinds(peer)[2:] == ["pick.scan"] * 3
    assert peer.task["steps"][0]["picked"] == 2
    assert await pda.kept() == 0


async def test_a_lost_answer_has_one_effect(pda: Pda, peer: Peer) -> None:
    """A command whose answer is lost is sent again and done once (PICK-5)."""
    await start_pick(pda)
    peer.lose_answers = 1
    await pda.scan("B-01-02")
    await pda.when(lambda: peer.repeats)
    await pda.drained()
    assert list(peer.repeats.values()) == [1]
    assert kinds(peer).count("pick.scan") == 1


async def test_an_alarm_stops_the_picker_until_acknowledged(pda: Pda, peer: Peer) -> None:
    """Red, buzz and text come at once, outlive a reload, and end by a scan of OK (FRZ-4)."""
    await start_pick(pda)
    await pda.page.evaluate("window.signals.length = 0")
    await peer.alarm("cancel")
    await pda.sees("订单 …1001 已取消，请停止操作")
    await pda.until("window.signals.includes(5)")
    await pda.scan("B-01-02")
    await pda.sees("先确认警报")
    await pda.page.reload()
    await pda.ready()
    await pda.sees("订单 …1001 已取消，请停止操作")
    await pda.scan("@C:OK")
    await pda.until("!document.querySelector('#alarm').open")
    await pda.sees("扫空周转箱（…1002）")
    await pda.when(lambda: kinds(peer)[-1] == "alarm.ack")
    assert "pick.scan" not in kinds(peer)


async def test_an_alarm_is_told_to_hand_eye_and_ear_at_once(make_pda: MakePda, peer: Peer) -> None:
    """Buzz, red and the recorded voice begin with its frame, with no speech engine (FRZ-4).

    How soon is measured by `bench pda`: 300 ms at most.
    """
    pda = await make_pda(open_now=False)
    await pda.context.add_init_script(HEAR)
    await pda.context.add_init_script("delete window.speechSynthesis")
    await pda.open()
    await start_pick(pda)
    await pda.keeps_page()
    clip = "(r) => r.name.endsWith('voice/zh/cancel.opus') && r.responseEnd"
    await pda.until(f"performance.getEntriesByType('resource').some({clip})")
    await peer.alarm("cancel")
    await pda.until("window.heard.voice > 0 && window.heard.red > 0")
    heard = await pda.page.evaluate("window.heard")
    assert heard["clips"] == 6  # order, 1, 0, 0, 1, cancelled
    late = {what: heard[what] - heard["alarm"] for what in ("buzz", "red", "voice")}
    assert min(late.values()) >= 0, late
    await pda.until("window.heard.buzzes > 1")
    await pda.scan("@C:OK")
    await pda.when(lambda: kinds(peer)[-1] == "alarm.ack")
    assert peer.applied[-1]["data"]["shown_ms"] > 0


BACK = """new Promise((done) => {
  addEventListener('popstate', () => done(), { once: true });
  history.back(); })"""
LAYERS = {
    "calibration": ("校准扫描枪", "扫第 1 个码"),
    "menu": ("", "干活"),
    "help": ("怎么做", "指令卡"),
}
"""What may be open when an alarm comes: how the menu leads there, and what it shows."""


@pytest.mark.parametrize("layer", LAYERS)
async def test_an_alarm_comes_through_whatever_is_open(pda: Pda, peer: Peer, layer: str) -> None:
    """It lies on top, a scan answers it, and what was open is there again (FRZ-4, PDA-3)."""
    button, shown = LAYERS[layer]
    await pda.sign_in(*PICKER)
    await pda.sees("拿第一个任务")
    await pda.page.locator("header .menu").click()
    if button:
        await pda.page.get_by_role("button", name=button, exact=True).click()
    await pda.sees(shown)
    await peer.alarm("cancel")
    await pda.page.wait_for_selector("#alarm[open]")
    top = "document.elementFromPoint(180, 320).closest('#alarm') !== null"
    assert await pda.page.evaluate(top)
    await pda.scan("@C:OK")
    await pda.until("!document.querySelector('#alarm').open")
    await pda.when(lambda: kinds(peer)[-1:] == ["alarm.ack"])
    assert await pda.page.get_by_text(shown).first.is_visible()


async def test_nothing_is_opened_over_an_alarm(pda: Pda, peer: Peer) -> None:
    """A PIN that is asked for while an alarm rings waits beneath it (FRZ-4)."""
    await pda.sign_in(*PICKER)
    await pda.sees("拿第一个任务")
    await peer.alarm("cancel")
    await pda.page.wait_for_selector("#alarm[open]")
    await pda.page.evaluate(BACK)
    await pda.page.evaluate("document.querySelector('header .menu').click()")
    await pda.page.evaluate("new Promise((done) => requestAnimationFrame(done))")
    assert not await pda.page.locator("#layer[open]").count()
    await pda.scan("@C:OK")
    await pda.page.wait_for_selector("#layer[open]")


async def test_what_was_picked_offline_in_vain_is_an_alarm(pda: Pda, peer: Peer) -> None:
    """Scans that a freeze overtook call the picker and say where the goods go (FRZ-2, PDA-1)."""
    await start_pick(pda)
    await pda.scan("B-01-02")
    await pda.sees("库位对")
    await pda.when(lambda: peer.task["at"] == "B-01-02")
    await pda.drained()
    peer.away = True
    await pda.context.set_offline(True)
    await peer.cut()
    await pda.sees("离线·待传 0")
    await pda.scan("6901234567891")
    await pda.scan("6901234567891")
    await pda.sees("离线·待传 2")
    peer.task["orders"][0]["frozen"] = {"category": "cancel", "due_at": 1_800_000_015_000_000}
    peer.task["rev"] += 1
    peer.away = False
    await pda.context.set_offline(False)
    await pda.sees("订单 …1001：离线扫描没有算数")
    await pda.sees("停手，等待决定")
    await pda.until("!document.querySelector('.link small')")
    await pda.settled()
    await pda.page.reload()
    await pda.ready()
    await pda.sees("订单 …1001：离线扫描没有算数")
    await pda.scan("@C:OK")
    await pda.until("!document.querySelector('#alarm').open")
    assert await pda.kept() == 0
    assert "alarm.ack" not in kinds(peer)


async def test_a_priority_order_pops_up_and_stops_nobody(pda: Pda, peer: Peer) -> None:
    """An order that goes before others is said over the screen while scans go on (RULE-5)."""
    await start_pick(pda)
    data = {"order": "WEB-2011009", "rule": "remark-urgent", "priority": "P0"}
    await peer.push({"t": "entry", "entry": {
        "seq": 9, "at": 1_800_000_000_000_000, "kind": "order.prioritised",
        "subject": "order:WEB-2011009", "refs": [], "device": "", "data": data,
    }})  # fmt: skip
    await pda.sees("优先 P0：订单 …1009 先拣")
    await pda.scan("B-01-02")
    await pda.sees("库位对")
    await pda.page.locator(".urgent").click()
    await pda.until("!document.querySelector('.urgent')")


async def test_a_short_pick_by_command_cards(pda: Pda, peer: Peer) -> None:
    """Short, found quantity and reason are given without a touch (PICK-8, PDA-2)."""
    await start_pick(pda)
    await pda.scan("@C:SHORT")
    await pda.page.wait_for_selector("#layer[open] .shown")
    await pda.scan("@C:QTY:1")
    await pda.sees("为什么缺货？")
    await pda.scan("@C:QTY:2")
    await pda.sees("已记缺货：找到 1/2")
    await pda.drained()
    shorts = [c["data"] for c in peer.applied if c["kind"] == "pick.short"]
    assert shorts == [{"task_id": "task-1", "step": 1, "found": 1, "reason": "damaged"}]


async def test_a_badge_code_is_never_shown_or_stored(pda: Pda) -> None:
    """The badge's code stands neither in the page nor in its stores, right or wrong PIN (SEC-2)."""
    await pda.sign_in("@B:1001", "000000")
    await pda.sees("工牌或 PIN 不对")
    await pda.sign_in(*PICKER)
    await pda.sees("拿第一个任务")
    stores = await pda.page.evaluate(
        "new Promise((done) => { indexedDB.open('floor').onsuccess = (e) => {"
        " const tx = e.target.result.transaction(['outbox', 'saved']); const all = [];"
        " for (const name of ['outbox', 'saved']) tx.objectStore(name).getAll().onsuccess ="
        " (r) => all.push(r.target.result);"
        " tx.oncomplete = () => { e.target.result.close(); done(JSON.stringify(all)); }; }; })"
    )
    page = await pda.page.content()
    assert "@B:1001" not in stores + page
    assert "482913" not in stores + page


async def test_a_scan_right_after_a_dialog_closed_is_not_lost(pda: Pda) -> None:
    """Scans that close one dialog and open the next follow each other at full speed (PDA-2)."""
    await pda.sign_in(*PICKER)
    await pda.sees("拿第一个任务")
    for _ in range(5):
        for code in ("@C:HELP", "@C:UNDO", "@B:2001"):
            await pda.scan(code)
        await pda.page.wait_for_selector("#layer[open] .keys")
        await pda.scan("@C:UNDO")
        await pda.until("!document.querySelector('#layer').open")


async def test_the_page_is_installable_small_and_strict(make_pda: MakePda) -> None:
    """First paint costs at most 20 requests, under a CSP with Trusted Types (PDA-1, SEC-4)."""
    pda = await make_pda()
    resources = await pda.page.evaluate(
        "performance.getEntriesByType('resource').filter((r) => !r.name.includes('/api/'))"
        ".map((r) => [r.name, r.transferSize, r.startTime])"
    )
    ready = await pda.page.evaluate("performance.getEntriesByName('ready')[0].startTime")
    shell = [r for r in resources if r[2] < ready]
    assert len(shell) + 1 <= 20, [r[0] for r in shell]
    manifest = await pda.page.evaluate("fetch('manifest.webmanifest').then((r) => r.json())")
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}


async def test_a_task_can_be_given_back(pda: Pda, peer: Peer) -> None:
    """A picker gives a task back with a reason, and is led to the list (PICK-1)."""
    await start_pick(pda)
    await pda.page.locator("header .menu").click()
    await pda.page.get_by_role("button", name="放下任务").click()
    await pda.scan("@C:OK")
    await pda.sees("已放下任务")
    assert [c["data"] for c in peer.applied if c["kind"] == "task.release"] == [
        {"task_id": "task-1", "reason": "break"}
    ]


async def test_scans_of_another_window_count_too(pda: Pda, peer: Peer) -> None:
    """Key events that a page of the same origin dispatches are scans like others (PDA-2)."""
    await start_pick(pda)
    await pda.page.evaluate(
        "for (const key of [...'~B-01-02', 'Enter'])"
        " window.dispatchEvent(new KeyboardEvent('keydown', { key }));"
    )
    await pda.sees("库位对")
    await pda.when(lambda: peer.task["at"] == "B-01-02")


async def test_the_back_key_closes_what_lies_on_top(pda: Pda) -> None:
    """Android's back key closes a dialog and never leaves the page (PDA-2)."""
    await start_pick(pda)
    await pda.page.locator("header .menu").click()
    await pda.page.wait_for_selector("#layer[open]")
    await pda.page.go_back()
    await pda.until("!document.querySelector('#layer').open")
    await pda.sees("走到库位，扫库位码")


async def test_the_scanner_alone_does_it_all(make_pda: MakePda, peer: Peer) -> None:
    """Short pick, digits, an approval request and a change of user need no touch (PDA-2)."""
    pda = await make_pda(touch=False)
    await pda.sign_in(*PICKER)
    await pda.until("document.querySelector('.row') !== null")
    await pda.page.evaluate("addEventListener('pointerdown', () => { window.touched = true; })")
    for code in ("@C:1", "@C:OK", "T-1", "B-01-02", "6901234567891", "@C:SHORT", "@C:1", "@C:OK"):
        await pda.scan(code)
    await pda.sees("为什么缺货？")
    for code in ("@C:2", "A-02-02", "@C:SHORT", "@C:0", "@C:OK", "@C:1", "@C:ASK"):
        await pda.scan(code)
    await pda.sees("为什么更换赠品？")
    await pda.scan("@C:1")
    await pda.sees("已申请，等主管批准")
    for code in ("T-2", "B-03-02", "6901234567893", "@C:4", "@C:0", "@C:OK"):
        await pda.scan(code)
    await pda.sees("拣货结束，逐个看下面")
    await pda.scan("@C:USER")
    await pda.sees("请扫工牌")
    assert not await pda.page.evaluate("window.touched")
    given = [c["data"] for c in peer.applied if c["kind"] in ("pick.short", "gift.substitute")]
    assert given == [
        {"task_id": "task-1", "step": 1, "found": 1, "reason": "damaged"},
        {"task_id": "task-1", "step": 2, "found": 0, "reason": "missing"},
        {"order_id": "WEB-2011001", "line": 2, "reason": "short"},
    ]
    assert peer.task["steps"][2]["picked"] == 40


async def test_a_pin_is_never_entered_from_printed_cards(pda: Pda) -> None:
    """Digit cards and short barcodes of digits leave the PIN empty (SEC-2)."""
    await pda.scan("@B:1001")
    await pda.page.wait_for_selector("#layer[open] .keys")
    for code in ("@C:4", "@C:QTY:482913", "@C:QTY:4829"):
        await pda.scan(code)
        await pda.sees("先完成这一步")
    await pda.scan("482", prefix="")
    await pda.page.keyboard.type("82", delay=120)
    await pda.page.keyboard.press("Enter")
    await pda.until("document.querySelector('#layer .shown').textContent.trim() === '●●'")
