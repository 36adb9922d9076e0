"""People at the PDA: fast switch, the lock layer, first PINs, the first admin."""

import io
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from edge.app.sessionwatch import BACK_US, IDLE_US
from tests.e2e.pda import MakePda, Pda
from tests.e2e.peer import Peer
from tests.e2e.realbox import RealBox, login, read
from tests.e2e.test_pick import start_pick
from tests.e2e.walk import DESK

pytestmark = pytest.mark.asyncio(loop_scope="session")
Handheld = Callable[..., Awaitable[Pda]]
STEP = "扫商品，一件一扫"


async def test_two_people_share_a_pda_by_badge_alone(make_pda: MakePda, peer: Peer) -> None:
    """After each gave a PIN once, badges switch with no touch, however fast (SEC-2, PICK-5, G6)."""
    pda = await make_pda()
    await pda.sign_in("@B:1001", "482913")
    await pda.sees("王小梅")
    await pda.scan("@B:2001")
    await pda.type_pin("618450")
    await pda.sees("陈静")
    for badge, name in (("@B:1001", "王小梅"), ("@B:2001", "陈静"), ("@B:1001", "王小梅")):
        await pda.scan(badge)
        await pda.page.locator("header .who").get_by_text(name).wait_for()
        assert not await pda.page.locator("#layer[open]").count()
    peer.talks.clear()
    await pda.scan("@B:2001")
    await pda.page.locator("header .who").get_by_text("陈静").wait_for()
    for code in ("@C:USER", "@B:1001", "@C:OK"):
        await pda.scan(code)  # the link is still coming up
    await pda.page.locator("header .who").get_by_text("王小梅").wait_for()
    peer.talks.set()
    await pda.page.wait_for_selector(".tote.now")


async def test_the_lock_layer_gives_back_the_exact_step(make_pda: MakePda, peer: Peer) -> None:
    """Scans are refused aloud over the intact screen; the same badge resumes the step (SEC-2)."""
    pda = await make_pda()
    await start_pick(pda)
    await pda.scan("B-01-02")
    await pda.when(lambda: peer.task["at"] == "B-01-02")
    await pda.sees(STEP)
    await peer.lock()
    await pda.page.wait_for_selector("#lock[open]")
    await pda.page.evaluate("window.signals.length = 0")
    for code in ("6901234567891", "@C:OK", "T-2"):
        await pda.scan(code)
    await pda.until("window.signals.length >= 3")
    assert [c["data"].get("code") for c in peer.applied][-1] == "B-01-02"
    assert await pda.page.locator("#lock .notice.stop").count() == 1
    assert STEP in await pda.page.locator("#screen").inner_text()
    await pda.page.reload()
    await pda.ready()
    await pda.page.wait_for_selector("#lock[open]")
    await pda.scan("@B:1001")
    await pda.until("!document.querySelector('#lock').open")
    await pda.scan("6901234567891")
    await pda.when(lambda: peer.task["steps"][0]["picked"] == 1)


async def test_somebody_else_signs_in_at_a_locked_pda(make_pda: MakePda, peer: Peer) -> None:
    """The next person begins on their own screen, and the task waits for its picker (SEC-2)."""
    pda = await make_pda()
    await pda.sign_in("@B:1001", "482913")
    await pda.until("document.querySelector('.row') !== null")
    await pda.scan("@C:OK")
    await pda.sees("扫一个空周转箱")
    await peer.lock()
    await pda.page.wait_for_selector("#lock[open]")
    await pda.scan("@B:2001")
    await pda.type_pin("618450")
    await pda.page.locator("header .who").get_by_text("陈静").wait_for()
    assert not await pda.page.locator("#lock[open]").count()
    assert (peer.task["picker"], peer.task["state"]) == ("P-01", "taken")
    await pda.scan("@B:1001")
    await pda.sees("扫一个空周转箱")


async def test_an_old_badge_is_told_from_a_bin(make_pda: MakePda) -> None:
    """A badge of before is refused with what to do; other codes are no badges (SEC-2)."""
    pda = await make_pda()
    await pda.scan("B-1001")
    await pda.sees("这张工牌已停用")
    await pda.scan("6901234567891")
    await pda.sees("这不是工牌")
    assert not await pda.page.locator("#layer[open]").count()


# ---- the real box -------------------------------------------------------------------------------


async def code_of(pda: Pda) -> str:
    """Return the code on the badge that the screen shows."""
    picture = pda.page.locator(".badge-picture")
    await pda.until("document.querySelector('.badge-picture')?.naturalWidth > 0")
    path = await picture.get_attribute("src")
    answer = await pda.page.request.get(pda.url.rstrip("/") + str(path))
    grey = np.asarray(Image.open(io.BytesIO(await answer.body())).convert("L"))
    [found] = zxingcpp.read_barcodes(grey)
    return str(found.text)


async def test_the_first_admin_and_the_first_newcomer(handheld: Handheld, box: RealBox) -> None:
    """Console code, name, PIN, badge; then a person, their badge, their own PIN (SEC-2, SEC-3)."""
    code = box.process.web.first_admin.new_code("uid:0").code
    desk: Pda = await handheld(size=DESK)
    await desk.page.get_by_role("button", name="首位管理员").click()
    for name, value in (
        ("code", code), ("name_zh", "林涛"), ("pin", "570826"), ("again", "570826"),
    ):  # fmt: skip
        await desk.page.locator(f"#claim input[name={name}]").fill(value)
    await desk.page.get_by_role("button", name="成为管理员").click()
    badge = await code_of(desk)
    assert badge not in await desk.page.content()
    await desk.page.get_by_role("button", name="去登录").click()
    await desk.sign_in(badge, "570826")
    await desk.page.wait_for_selector("header .menu")
    await desk.page.locator("header .menu").click()
    await desk.page.get_by_role("button", name="人员", exact=True).click()
    await desk.sees("王小梅")
    await desk.page.get_by_role("button", name="加人").click()
    await desk.page.locator("#newcomer input[name=person]").fill("P-77")
    await desk.page.locator("#newcomer input[name=zh]").fill("韩梅梅")
    await desk.page.locator("#newcomer input[value=picker]").check()
    await desk.page.get_by_role("button", name="保存").click()
    await desk.page.get_by_role("button", name="打印工牌").click()
    newcomer = await code_of(desk)
    first = await desk.page.locator(".card output.shown").inner_text()
    await desk.page.get_by_role("button", name="返回").click()
    await desk.page.get_by_role("button", name="韩梅梅").click()
    await desk.page.get_by_role("button", name="补发工牌").wait_for()
    assert first not in await desk.page.content()
    pda: Pda = await handheld()
    await pda.sign_in(newcomer, first)
    await pda.sees("设一个自己的 PIN")
    await pda.type_pin("123456")
    await pda.type_pin("123456")
    await pda.sees("这个 PIN 太好猜")
    await pda.type_pin("904372")
    await pda.type_pin("904373")
    await pda.sees("两次不一样")
    await pda.type_pin("904372")
    await pda.type_pin("904372")
    await pda.page.locator("header .who").get_by_text("韩梅梅").wait_for()


async def test_a_supervisor_unlocks_and_a_revoked_badge_is_cut(
    handheld: Handheld, box: RealBox
) -> None:
    """Wrong PINs show in the list and are forgotten by a reason; a revoked badge ends at once."""
    picker = box.floor.logins_of("picker")[0]
    pda: Pda = await handheld()
    await login(pda, box, "picker")
    await pda.page.wait_for_selector("header .menu")
    desk: Pda = await handheld(size=DESK)
    await login(desk, box, "supervisor")
    await desk.page.wait_for_selector("header .menu")
    await desk.page.locator("header .menu").click()
    await desk.page.get_by_role("button", name="人员", exact=True).click()
    await desk.page.get_by_text("王小梅").first.click()
    await desk.page.get_by_role("button", name="作废工牌").click()
    await desk.sees("为什么作废工牌？")
    await desk.scan("@C:QTY:1")
    await pda.sees("请扫工牌")
    await pda.scan(picker.badge)
    await pda.type_pin(picker.pin)
    await pda.sees("工牌或 PIN 不对")
    await desk.sees("已保存")


async def test_the_box_locks_a_pda_that_lies_unused(handheld: Handheld, box: RealBox) -> None:
    """Between tasks after 15 min; the badge alone, or badge and PIN, goes on (SEC-2)."""
    pda: Pda = await handheld()
    await login(pda, box, "picker")
    await pda.page.wait_for_selector("header .menu")
    clock: Any = box.process.clock
    watch, boot_us, passed_us = box.process.web.watch, clock.boot_us, 0
    clock.boot_us = lambda: boot_us() + passed_us
    await watch.look()
    passed_us += IDLE_US + BACK_US
    await watch.look()
    await pda.page.wait_for_selector("#lock[open]")
    assert (await read(pda, "/tasks"))["code"] == "session_locked"
    await pda.scan(box.floor.logins_of("picker")[0].badge)
    await pda.until(
        "!document.querySelector('#lock').open && !document.querySelector('#layer').open"
    )
    await pda.settled()
    assert "tasks" in await read(pda, "/tasks")
    clock.boot_us = boot_us


async def test_names_that_were_lost_are_given_in_one_go(
    box: RealBox, handheld: Callable[..., Awaitable[Pda]]
) -> None:
    """Whoever has no name stands first on the page, and gets one there (SYNC-5)."""
    who = box.floor.logins_of("picker")[0].person
    with closing(sqlite3.connect(Path(box.process.config.data) / "floor.db")) as db, db:
        db.execute("DELETE FROM personal WHERE key IN (?, ?)", (f"person:{who}", f"pin:{who}"))
    pda = await handheld(size=DESK)
    await login(pda, box, "supervisor")
    await pda.page.locator("header .menu").click()
    await pda.page.locator("#layer").get_by_role("button", name="人员", exact=True).click()
    await pda.sees("没有姓名 (1)")
    await pda.sees("无 PIN")
    await pda.page.locator(f"#name-{who} input").fill("司马懿之")
    await pda.page.locator(f"#name-{who} button").click()
    await pda.page.locator(".row", has_text="司马懿之").wait_for()
    assert await pda.page.get_by_text("没有姓名").count() == 0
