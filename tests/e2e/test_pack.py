"""Packing, the label and its proof, hand-over and put-back in a real browser."""

import io

import pytest
from PIL import Image
from playwright.async_api import FilePayload

from tests.e2e.pda import Pda
from tests.e2e.peer import WAYBILL, Peer

pytestmark = pytest.mark.asyncio(loop_scope="session")
PACKER = ("@B:2001", "618450")


async def start_pack(pda: Pda) -> None:
    """Bind the station, sign in, open the tote."""
    await pda.scan("@S:S1")
    await pda.sees("打包台 S1")
    await pda.sign_in(*PACKER)
    await pda.sees("扫周转箱")
    await pda.scan("T-9")
    await pda.sees("保温杯 350ml")


async def test_pack_print_and_prove(pda: Pda, peer: Peer) -> None:
    """Every piece and gift is checked, and only the scanned label ships (FLOW-4, GIFT-2, PRN-4)."""
    await start_pack(pda)
    await pda.scan("6901234567999")
    await pda.sees("商品不对")
    await pda.scan("6901234567900")
    await pda.scan("MUG-350")
    await pda.sees("已放入：贺卡")
    await pda.scan("@C:OK")
    await pda.sees("打印面单")
    await pda.scan("@C:OK")
    await pda.sees("扫新打印的面单")
    await pda.scan("SF999")
    await pda.sees("这不是我们的面单")
    assert peer.pack["state"] == "packed_checked"
    await pda.scan(f"FG1:{WAYBILL}:copy-1")
    await pda.page.locator(".all-good").wait_for()
    assert peer.pack["state"] == "shipped"
    await pda.scan(f"FG1:{WAYBILL}:copy-1")
    await pda.sees("这是面单")
    await pda.scan("@C:OK")
    await pda.sees("没有等待打包的订单")


async def test_a_greyed_button_says_why(pda: Pda) -> None:
    """An action that is not open yet stays in reach and names its reason (PDA-4)."""
    await start_pack(pda)
    await pda.scan("6901234567900")
    await pda.page.locator("header .menu").click()
    tasks = pda.page.get_by_role("button", name="拣货任务")
    assert await tasks.get_attribute("aria-disabled") == "true"
    await pda.page.get_by_text("需要：拣货员").first.wait_for()


async def test_hand_over_and_put_back(pda: Pda, peer: Peer) -> None:
    """Parcels are handed over and goods put back by scan (FRZ-5)."""
    await pda.scan("@S:S1")
    await pda.sign_in(*PACKER)
    await pda.page.locator("header .menu").click()
    await pda.page.get_by_role("button", name="交接").click()
    await pda.sees("扫包裹上的面单")
    await pda.scan(WAYBILL)
    await pda.sees(f"已交接 {WAYBILL}")
    assert [cmd["kind"] for cmd in peer.applied] == ["handover.scan"]


async def test_a_photo_is_kept_sent_in_pieces_and_attached(pda: Pda, peer: Peer) -> None:
    """A photo taken in a hole of the Wi-Fi goes up by its hash and is attached (RET-3)."""
    await start_pack(pda)
    await pda.keeps_page()
    peer.away = True
    await pda.context.set_offline(True)
    await peer.cut()
    await pda.sees("离线·待传 0")
    picture = io.BytesIO()
    Image.effect_noise((2000, 1200), 90).save(picture, "png")
    async with pda.page.expect_file_chooser() as chosen:
        await pda.page.get_by_role("button", name="拍照").click()
    file: FilePayload = {"name": "p.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    await (await chosen.value).set_files(file)
    await pda.sees("照片已存本机")
    peer.away = False
    await pda.context.set_offline(False)
    await pda.when(lambda: any(c["kind"] == "evidence.attach" for c in peer.applied))
    ((name, body),) = peer.blobs.items()
    with Image.open(io.BytesIO(body)) as sent:
        assert (sent.format, sent.size) == ("JPEG", (1600, 960))
    assert len(body) > 256 * 1024
    attached = next(c["data"] for c in peer.applied if c["kind"] == "evidence.attach")
    assert attached == {
        "order_id": "WEB-2011003", "kind": "photo", "blob": f"sha256:{name}",
        "size": len(body), "media_type": "image/jpeg",
    }  # fmt: skip
    await pda.until("!document.body.textContent.includes('张待传')")
