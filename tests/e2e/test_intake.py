"""Codes without a scanner: by the camera, and by hand; nobody is ever locked out (PDA-2)."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image
from playwright.async_api import Playwright

from edge.bench.handheld import ARGS, CHROMIUM
from tests.e2e.pda import MakePda, Pda, open_context
from tests.e2e.peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="session")
FRAME = (1280, 720)
FRAMES = 30
RESTED = """const later = window.setTimeout;
window.setTimeout = (work, ms, ...of) => later(work, ms === 5000 ? 0 : ms, ...of);"""
"""A page that has come to rest as soon as it is whole, not five seconds later."""


def film(path: Path, text: str) -> None:
    """Write what a camera sees that looks at a QR: MJPEG, as Chromium's fake camera reads it."""
    code = io.BytesIO()
    segno.make(text, error="m", micro=False).save(code, kind="png", scale=8, border=4)
    frame = Image.new("RGB", FRAME, "#8a8a8a")
    picture = Image.open(code).convert("RGB").rotate(7, expand=True, fillcolor="#ffffff")
    frame.paste(picture, ((FRAME[0] - picture.width) // 2, (FRAME[1] - picture.height) // 2))
    still = io.BytesIO()
    frame.save(still, "JPEG", quality=90)
    path.write_bytes(still.getvalue() * FRAMES)


async def choose(pda: Pda, name: str) -> None:
    """Choose where codes come from, on the status page."""
    await pda.page.get_by_role("button", name="状态与设置").click()
    await pda.page.get_by_role("button", name=name, exact=True).click()


async def test_the_camera_reads_a_badge(playwright: Playwright, peer: Peer, tmp_path: Path) -> None:
    """A badge held before the camera leads to its PIN, as a scanned one does (PDA-2)."""
    film(tmp_path / "cam.mjpeg", "@B:1001")
    args = [
        *ARGS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={tmp_path / 'cam.mjpeg'}",
    ]  # fmt: skip
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=args)
    pda = await open_context(browser, peer.url)
    await pda.context.grant_permissions(["camera"])
    await choose(pda, "摄像头")
    await pda.page.wait_for_selector(".intake video")
    await pda.page.wait_for_selector("#layer[open] .keys")
    assert pda.errors == []
    await browser.close()


async def test_without_a_camera_the_page_says_so_and_goes_on(pda: Pda) -> None:
    """No camera: the page says what to do, the scanner works as before (PDA-4)."""
    await choose(pda, "摄像头")
    await pda.sees("没有能用的摄像头")
    await pda.scan("@B:1001")
    await pda.page.wait_for_selector("#layer[open] .keys")


async def test_codes_can_be_typed_but_no_badge(make_pda: MakePda, peer: Peer) -> None:
    """A typed code is a scan like others; a badge has to be shown (PDA-2, SEC-2)."""
    pda = await make_pda()
    await pda.sign_in("@B:1001", "482913")
    await pda.until("document.querySelector('.row') !== null")
    await pda.scan("@C:OK")
    await pda.sees("扫一个空周转箱")
    await pda.page.locator("header .menu").click()
    await choose(pda, "手工输入")
    await pda.page.locator("#typed-code").fill("@B:2001")
    await pda.page.get_by_role("button", name="确定").click()
    await pda.sees("工牌只能扫，不能输入")
    await pda.page.locator("footer").get_by_role("button", name="返回").click()
    await pda.page.locator("#typed-code").fill("T-7")
    await pda.page.get_by_role("button", name="确定").click()
    await pda.when(lambda: peer.task["orders"][0]["tote"] == "T-7")
    await pda.page.get_by_role("button", name="回到扫码枪").click()
    await pda.until("document.querySelector('.intake') === null")


async def test_the_camera_s_reader_is_no_part_of_the_first_load(
    make_pda: Callable[..., Any],
) -> None:
    """The worker fetches it once the page has come to rest, and keeps it (PDA-1)."""
    pda = await make_pda(open_now=False)
    await pda.context.add_init_script(RESTED)
    await pda.open()
    loaded = "performance.getEntriesByType('resource').some((r) => r.name.includes('zxing'))"
    assert await pda.page.evaluate(loaded) is False
    await pda.until(
        "caches.match('/vendor/zxing/reader/zxing_reader.wasm').then((kept) => Boolean(kept))"
    )
