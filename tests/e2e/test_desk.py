"""What superiors see and decide, on the real box: approvals, orders, counts, the live floor."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.domain.site import changed_rules
from tests.e2e.pda import Pda
from tests.e2e.peer import Peer
from tests.e2e.realbox import RealBox, login, read

pytestmark = pytest.mark.asyncio(loop_scope="session")
DESK = {"width": 1280, "height": 800}


async def place(pda: Pda, name: str) -> None:
    """Go to a place by the menu."""
    await pda.page.locator("header .menu").click()
    await pda.page.locator("#layer").get_by_role("button", name=name).click()


async def contradict(box: RealBox) -> None:
    """Let the hub cancel an order and call it urgent at once."""
    await box.instruct("order.assign", box.floor.orders[0])
    for category in ("cancel", "rush"):
        await box.instruct("order.freeze", {"order_id": "SO-1001", "category": category})


async def test_a_conflict_is_decided_by_badge_and_pin(
    box: RealBox, handheld: Callable[..., Any]
) -> None:
    """Both instructions and what each answer does are shown; badge, then PIN (FRZ-3, APPR-1)."""
    await contradict(box)
    pda = await handheld()
    await login(pda, box, "supervisor")
    await pda.sees("有审批等您处理：指令冲突")
    await pda.scan("@C:OK")
    await pda.sees("要判断的事")
    await pda.sees("取消订单：面单作废，货品归位")
    await pda.sees("加急：订单最先处理")
    await pda.scan("@C:1")  # a printed card
    await pda.sees("请主管扫工牌，再输 PIN")
    who = box.floor.logins_of("supervisor")[0]
    await pda.sign_in(who.badge, "000000")
    await pda.sees("工牌或 PIN 不对")
    for digit in who.pin:
        await pda.page.get_by_role("button", name=digit, exact=True).click()
    await pda.page.locator("#layer .act.main").click()
    await pda.sees("已决定：执行取消")
    assert await box.state("SO-1001") in ("put_back", "cancelled")
    assert who.badge not in await pda.page.content()


async def test_a_badge_that_comes_before_the_answer_changes_no_user(
    box: RealBox, handheld: Callable[..., Any]
) -> None:
    """A supervisor at a picker's PDA is told to choose first; the picker stays (APPR-1, SEC-2)."""
    await contradict(box)
    pda = await handheld()
    await login(pda, box, "picker")
    await pda.page.locator("header .menu").wait_for()
    await place(pda, "查订单")
    await pda.scan("SO-1001")
    await pda.page.get_by_role("button", name="去审批").click()
    await pda.sees("要判断的事")
    picker = await pda.page.locator("header .who").inner_text()
    who = box.floor.logins_of("supervisor")[0]
    await pda.scan(who.badge)
    await pda.sees("先选一个决定，或扫它的数字卡")
    await pda.scan("@C:1")
    await pda.sees("请主管扫工牌，再输 PIN")
    await pda.sign_in(who.badge, who.pin)
    await pda.sees("已决定：")
    assert await pda.page.locator("header .who").inner_text() == picker


async def test_whose_role_may_not_sign_is_told_so(
    box: RealBox, handheld: Callable[..., Any]
) -> None:
    """A picker's badge under a supervisor's request is refused with the roles (APPR-1, APPR-4)."""
    await contradict(box)
    pda = await handheld()
    await login(pda, box, "supervisor")
    await pda.sees("有审批等您处理")
    await pda.scan("@C:OK")
    await pda.sees("要判断的事")
    await pda.page.get_by_role("button", name="执行加急").click()
    who = box.floor.logins_of("picker")[0]
    await pda.sign_in(who.badge, who.pin)
    await pda.sees("您的角色不能签这个审批")
    await pda.sees("等待签字：仓库主管")


async def test_an_order_tells_its_story(box: RealBox, handheld: Callable[..., Any]) -> None:
    """State, what is closed and why, and who did what by which rules are on one page (AUD-2)."""
    await box.instruct("order.assign", box.floor.orders[0])
    pda = await handheld()
    await login(pda, box, "keeper")
    await place(pda, "查订单")
    await pda.scan("SO-1001")
    await pda.sees("订单 …1001")
    await pda.sees("中枢派单")
    shut = pda.page.get_by_role("button", name="扫描拣货")
    assert await shut.get_attribute("aria-disabled") == "true"
    await shut.click(force=True)
    await pda.page.locator(".notice.wrong").wait_for()
    await pda.page.locator(".moment summary").first.click()
    await pda.page.locator(".moment dl").first.wait_for()
    await pda.scan("NO-SUCH")
    await pda.sees("没有订单 NO-SUCH")


async def test_a_bin_is_counted_blind(box: RealBox, handheld: Callable[..., Any]) -> None:
    """Bin, item, number; what differs waits for an approval, what does not is done (PICK-10)."""
    pda = await handheld()
    await login(pda, box, "keeper")
    await place(pda, "盘点")
    shelf = box.floor.stock[0]
    await pda.scan(shelf["location"])
    await pda.sees("扫商品，再输数量")
    await pda.scan(shelf["sku"])
    await pda.page.wait_for_selector("#layer[open] .shown")
    await pda.scan(f"@C:QTY:{shelf['qty']}")
    await pda.sees("已记，账已对上")


async def test_the_live_floor_puts_what_is_stuck_first(
    box: RealBox, handheld: Callable[..., Any]
) -> None:
    """A supervisor begins at the live floor: stuck orders, approvals, states, work (PDA-5)."""
    await contradict(box)
    await box.instruct("order.assign", box.floor.orders[1])
    pda = await handheld(size=DESK)
    await login(pda, box, "supervisor")
    await pda.sees("有审批等您处理")
    await pda.scan("@C:OK")
    await pda.sees("要判断的事")
    await place(pda, "现场")
    await pda.sees("卡住的订单")
    await pda.page.locator(".card.bad .row.stopped").wait_for()
    await pda.page.locator(".bar-row").first.wait_for()
    await box.instruct("order.assign", box.floor.orders[2])
    await pda.until(
        "[...document.querySelectorAll('.figure')].some((f) => f.textContent.includes('2'))"
    )
    counted = (await read(pda, "/orders?stuck=yes"))["orders"]
    assert [each["id"] for each in counted] == ["SO-1001"]


async def test_all_that_is_stuck_can_be_come_to(box: RealBox, handheld: Callable[..., Any]) -> None:
    """Where more is stuck than the live floor shows, one press lists the whole of it (PDA-5)."""
    freeze = {"category": "cancel", "countdown_s": 600}
    for order in box.floor.orders[:7]:
        await box.instruct("order.assign", order)
        await box.instruct("order.freeze", {"order_id": order["order_id"], **freeze})
    pda = await handheld(size=DESK)
    await login(pda, box, "supervisor")
    card = pda.page.locator(".card.bad", has_text="卡住的订单")
    await card.get_by_text("7", exact=True).wait_for()
    assert await card.locator(".row").count() == 6
    await card.get_by_role("button", name="全部").click()
    await pda.until("document.querySelectorAll('.row.stopped').length === 7")


async def test_a_message_of_the_hub_is_shown_and_answered(
    box: RealBox, handheld: Callable[..., Any]
) -> None:
    """What the hub says stands on the screen until answered; who did is in the log (FRZ-4)."""
    pda = await handheld()
    await login(pda, box, "picker")
    text = {"zh": "三号门今天不开", "en": "Gate 3 stays shut today"}
    who = box.floor.logins_of("picker")[0]
    await box.instruct("message.show", {"text": text, "roles": ["picker"]})
    await pda.sees("三号门今天不开")
    await pda.page.locator(".alarm-body.calm").wait_for()
    await pda.scan("@C:OK")
    await place(pda, "警报")
    await pda.sees("已确认")
    row = (await read(pda, "/alarm-log"))["alarms"][0]
    assert (row["code"], row["acked_by"]["id"]) == ("message", who.person)


async def test_a_ruleset_is_rolled_back_in_one_action(
    box: RealBox, handheld: Callable[..., Any]
) -> None:
    """What changed is told in words, going back is tried, then done and confirmed (RULE-4)."""
    pda = await handheld(size=DESK)
    await login(pda, box, "supervisor")
    await place(pda, "规则集")
    back = pda.page.locator("footer .act").last
    await pda.sees("没有可以回退的规则集")
    assert await back.get_attribute("aria-disabled") == "true"
    before = (await read(pda, "/rulesets"))["rules"]
    rules = changed_rules(order_types={"known": ["deposit"]})
    await box.instruct("ruleset.publish", {"document": rules})
    await box.instruct("order.assign", box.floor.orders[0])
    await pda.sees("后裁决了第一单")
    await pda.sees("订单类型")
    await pda.page.locator("footer .act").first.click()
    await pda.sees("试算完成")
    await back.click()
    await pda.sees(f"马上按 {before} 裁决")
    await pda.scan("@C:OK")
    await pda.sees(f"已退回 {before}")
    await pda.until(f"document.querySelector('.strip.now .lead').textContent === '{before}'")


async def test_a_box_without_room_says_so_on_every_screen(pda: Pda, peer: Peer) -> None:
    """A full disk, and the own printer without paper, name what to do (PRN-5)."""
    await pda.scan("@S:S1")
    await pda.sign_in("@B:2001", "618450")
    await pda.page.wait_for_selector(".link.up")
    ill = [{"id": "P1", "name": "P1", "ok": False, "fault": "paper", "since": 1}]
    status = {"t": "status", "hub": "up", "hub_lag": 0, "disk": "read_only", "printers": ill}
    await peer.push(status)
    await pda.sees("边缘盒磁盘已满")
    await pda.sees("P1: 打印机缺纸：装纸后自动继续")
    await peer.push(status | {"disk": "ok", "printers": []})
    await pda.until("!document.querySelector('.banner')")
