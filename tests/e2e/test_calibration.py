"""A scanner is calibrated by three codes; the device says what of it works (PDA-2, PDA-4)."""

import json
from typing import Any

import pytest

from tests.e2e.pda import MakePda, Pda
from tests.e2e.peer import Peer
from tests.e2e.test_trouble import SAVED
from tests.e2e.walk import DESK, texts

pytestmark = pytest.mark.asyncio(loop_scope="session")
ASCII = "".join(map(chr, range(32, 127)))
GS1 = "010200009910000910AB12\x1d217"


async def to(pda: Pda, name: str) -> None:
    """Go from the sign-in screen to a screen of the device."""
    await pda.page.get_by_role("button", name="状态与设置").click()
    await pda.page.get_by_role("button", name=name, exact=True).click()


async def test_a_well_set_scanner_is_known_after_three_codes(pda: Pda) -> None:
    """Prefix, end and speed are learnt and kept; nothing is to be changed (PDA-2)."""
    await to(pda, "校准扫描枪")
    for n, code in enumerate(("0123456789", ASCII, GS1), 1):
        await pda.sees(f"扫第 {n} 个码")
        await pda.scan(code)
    await pda.sees("扫描枪设置正确")
    await pda.sees("前缀 ~，结尾 Enter")
    await pda.until(SAVED % "profile")
    await pda.page.reload()
    await pda.ready()
    await to(pda, "设备诊断")
    await pda.sees("keys ~…Enter")


async def test_a_code_that_is_skipped_ends_nothing(pda: Pda) -> None:
    """A scanner that reads bars only is calibrated by the other two codes (PDA-2)."""
    await to(pda, "校准扫描枪")
    await pda.sees("扫第 1 个码")
    await pda.scan("0123456789")
    await pda.sees("扫第 2 个码")
    await pda.page.get_by_role("button", name="跳过这个码").click()
    await pda.sees("扫第 3 个码")
    await pda.scan(GS1)
    await pda.sees("扫描枪设置正确")
    assert await pda.page.get_by_text("2 全部字符").count() == 0
    await pda.page.get_by_role("button", name="再校准一次").click()
    for n in (1, 2, 3):
        await pda.sees(f"扫第 {n} 个码")
        await pda.page.get_by_role("button", name="跳过这个码").click()
    await pda.sees("扫工牌")


async def test_an_ill_set_scanner_s_settings_are_named(pda: Pda) -> None:
    """Full-width text by an input method, no prefix, end or separator: each has its setting."""
    await to(pda, "校准扫描枪")
    await pda.sees("扫第 1 个码")
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in "0123456789")
    await pda.commit(wide, enter=False)
    await pda.sees("扫第 2 个码")
    await pda.commit(ASCII, enter=False)
    await pda.sees("扫第 3 个码")
    await pda.commit(GS1.replace("\x1d", ""), enter=False)
    await pda.sees("请修改扫描枪的设置")
    for setting in ("切换到英文半角", "打开 FNC1/GS 输出", "后缀：设为 Enter", "前缀：设为 ~"):
        await pda.sees(setting)
    await pda.page.get_by_role("button", name="登录", exact=True).click()
    await pda.sees("扫工牌")


async def test_three_rejects_lead_to_the_calibration(pda: Pda) -> None:
    """A scanner that sends what is no code three times is to be calibrated (PDA-2)."""
    for _ in range(3):
        await pda.commit("好好好好")
    await pda.sees("扫第 1 个码")


async def test_the_report_of_a_device_holds_nobody_s_name(make_pda: MakePda, peer: Peer) -> None:
    """Each check says what to do; the report is a file without personal data (PDA-4)."""
    del peer
    pda = await make_pda()
    await pda.sign_in("@B:1001", "482913")
    await pda.until("document.querySelector('.row') !== null")
    await pda.page.locator("header .menu").click()
    await pda.page.locator("#layer").get_by_role("button", name="设备诊断").click()
    await pda.sees("按“校准扫描枪”，照提示改设置")
    async with pda.page.expect_download() as download:
        await pda.page.get_by_role("button", name="保存报告").click()
    report: dict[str, Any] = json.loads((await (await download.value).path()).read_text())
    names = {check["name"] for check in report["checks"]}
    assert {"wedge", "sound", "camera", "storage", "certificate", "clock", "outbox"} <= names
    assert report["v"] == 1
    assert not any(word in json.dumps(report, ensure_ascii=False) for word in ("王小梅", "P-01"))


async def test_on_a_desk_the_words_of_a_calibration_stand_under_each_other(
    make_pda: MakePda,
) -> None:
    """What to scan, where it is and where the sheet is are one column, not two (PDA-3)."""
    pda = await make_pda(size=DESK)
    await to(pda, "校准扫描枪")
    await pda.sees("扫第 1 个码")
    lefts = "[...document.querySelectorAll('.list p, .list a')].map((e) => e.offsetLeft)"
    assert len(set(await pda.page.evaluate(lefts))) == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_before_the_sign_in_nobody_is_sent_after_a_link(pda: Pda, lang: str) -> None:
    """Without a session there is none to be up: status and diagnostics say so (PDA-4)."""
    t = texts(lang)
    if lang == "en":
        await pda.page.get_by_role("button", name="English").click()
    await pda.page.get_by_role("button", name=t["screen.status"]).click()
    await pda.sees(t["function.pick"])
    assert await pda.page.get_by_text(t["refusal.not_signed_in"]).count() > 1
    await pda.page.get_by_role("button", name=t["screen.diagnostics"], exact=True).click()
    await pda.sees(t["diagnostics.engine"])
    assert await pda.page.get_by_text(t["diagnostics.connection"]).count() == 0
