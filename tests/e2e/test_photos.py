"""Photos and films as evidence on the real box: cut off, taken up again, never too many."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Playwright, Route

from edge.bench.handheld import ARGS, CHROMIUM
from tests.e2e.pda import Pda, open_context
from tests.e2e.realbox import RealBox, login, pick
from tests.e2e.walk import CAMERA, go, texts

pytestmark = pytest.mark.asyncio(loop_scope="session")
Handheld = Callable[..., Any]
PIECE = 256 * 1024
PHOTOS_MAX = 20
ORDER = "SO-1007"


def noise(side: int) -> bytes:
    """Return a picture that no compression makes small."""
    picture = io.BytesIO()
    Image.effect_noise((side, side), 90).save(picture, "png")
    return picture.getvalue()


async def start_pack(pda: Pda, box: RealBox, t: dict[str, str]) -> None:
    """Open a picked order at the station."""
    await box.instruct("order.assign", box.floor.orders[6])
    await pick(box)
    if t["act.language"] == "中文":
        await pda.page.get_by_role("button", name="English").click()
    await pda.scan("@S:S1")
    await login(pda, box, "packer")
    await pda.sees(t["pack.scan_tote"])
    await pda.scan((await box.order(ORDER)).tote or "")
    await pda.page.get_by_role("button", name=t["act.photo"]).wait_for()


async def shoot(pda: Pda, t: dict[str, str], picture: bytes) -> None:
    """Take a photo."""
    async with pda.page.expect_file_chooser() as chosen:
        await pda.page.get_by_role("button", name=t["act.photo"]).click()
    file: FilePayload = {"name": "p.png", "mimeType": "image/png", "buffer": picture}
    await (await chosen.value).set_files(file)


async def evidence(box: RealBox) -> list[dict[str, Any]]:
    """Return what was attached to the order, as the journal tells."""
    entries = await box.process.reads.timeline(ORDER)
    return [each["data"] for each in entries if each["kind"] == "evidence.attached"]


async def attached(box: RealBox) -> list[int]:
    """Return the sizes of the order's photos and films."""
    return [each["size"] for each in await evidence(box)]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_an_upload_that_was_cut_goes_on_where_it_ended(
    box: RealBox, handheld: Handheld, lang: str
) -> None:
    """The second piece is lost and the tab killed: the third try begins at the second (RET-3)."""
    t, pda = texts(lang), await handheld()
    await start_pack(pda, box, t)
    begins: list[int] = []

    async def lose_second(route: Route) -> None:
        if route.request.method == "PUT":
            header = route.request.headers["content-range"]
            begins.append(int(header.removeprefix("bytes ").split("-")[0]))
            if begins == [0, PIECE]:
                await route.abort()
                return
        await route.continue_()

    await pda.context.route("**/api/v1/blobs/**", lose_second)
    await shoot(pda, t, noise(1400))
    await pda.sees(t["notice.photo_kept"])
    await pda.when(lambda: len(begins) == 2)
    await pda.page.close()
    await pda.open()
    await pda.sees(t["pack.photos_wait"].format(n=1))
    await pda.sees(t["notice.photo_there"])
    assert begins == [0, PIECE, *range(PIECE, begins[-1] + 1, PIECE)]
    (size,) = await attached(box)
    assert begins[-1] < size <= begins[-1] + PIECE
    assert await pda.page.get_by_text(t["pack.photos_wait"].format(n=1)).count() == 0


async def test_photos_on_a_pda_are_bounded_and_must_be_pictures(
    box: RealBox, handheld: Handheld
) -> None:
    """What is no picture is refused, and so is one more than fit; none is lost (RET-3)."""
    t, pda = texts("zh"), await handheld()
    await start_pack(pda, box, t)
    await pda.keeps_page()
    await pda.context.set_offline(True)
    await pda.page.wait_for_selector(".link.down")
    await shoot(pda, t, b"no picture")
    await pda.sees(t["refusal.photo_unkept"])
    for n in range(1, PHOTOS_MAX + 1):
        await shoot(pda, t, noise(16))
        await pda.sees(t["pack.photos_wait"].format(n=n))
    await shoot(pda, t, noise(16))
    await pda.sees(t["refusal.photos_full"].format(max=PHOTOS_MAX))
    assert await pda.page.get_by_text(t["pack.photos_wait"].format(n=PHOTOS_MAX)).count() == 1


async def test_a_photo_that_the_box_refuses_holds_up_none(box: RealBox, handheld: Handheld) -> None:
    """It is put aside with its reason, the next is attached, and it is sent once more (RET-3)."""
    t, pda = texts("zh"), await handheld()
    await start_pack(pda, box, t)
    asked: list[str] = []

    async def refuse_first(route: Route) -> None:
        asked.append(route.request.url)
        if route.request.method == "PUT" and route.request.url == asked[0]:
            body = {"ok": False, "code": "media_refused", "facts": {}, "hint": "media_refused"}
            await route.fulfill(status=422, json=body)
        else:
            await route.continue_()

    await pda.keeps_page()
    await pda.context.set_offline(True)
    await pda.page.wait_for_selector(".link.down")
    for n in (1, 2):
        await shoot(pda, t, noise(16 * n))
        await pda.sees(t["pack.photos_wait"].format(n=n))
    await pda.context.route("**/api/v1/blobs/**", refuse_first)
    await pda.context.set_offline(False)
    await pda.sees(t["notice.photo_there"])
    assert len(await attached(box)) == 1
    await pda.page.reload()
    await pda.ready()
    await pda.context.unroute_all()
    await go(pda, "status", "zh")
    await pda.sees(t["status.photos"])
    await pda.sees(t["refusal.media_refused"])
    await pda.page.get_by_role("button", name=t["act.photo_again"]).click()
    await pda.sees(t["notice.photo_there"])
    assert len(await attached(box)) == 2
    assert await pda.page.get_by_text(t["status.photos"]).count() == 0


async def test_a_photo_is_its_photographers_whoever_signs_in_next(
    box: RealBox, handheld: Handheld
) -> None:
    """A picker cannot attach it and loses it not; it is the packer's own in the journal (RET-3)."""
    t, pda = texts("zh"), await handheld()
    await start_pack(pda, box, t)
    packer = box.floor.logins_of("packer")[0]
    await pda.context.route("**/api/v1/blobs/**", lambda route: route.abort())
    await shoot(pda, t, noise(16))
    await pda.sees(t["pack.photos_wait"].format(n=1))
    await pda.settled()
    await login(pda, box, "picker")
    await pda.until("document.querySelector('header .link.up') !== null")
    async with pda.page.expect_response(lambda r: "/blobs/" in r.url and r.status == 403):
        await pda.context.unroute_all()
    await login(pda, box, "keeper")
    await pda.sees(t["notice.photo_there"])
    entries = await box.process.reads.timeline(ORDER)
    [actor] = [each["actor"] for each in entries if each["kind"] == "evidence.attached"]
    assert actor == packer.person


LENS = """const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.lenses = [];
navigator.mediaDevices.getUserMedia = async (...of) => {
  const stream = await open(...of); window.lenses.push(...stream.getTracks()); return stream; };
void 0;"""
"""Every camera that the page opened, to see that it lets go of them."""


@pytest.mark.parametrize(("lang", "end"), [("zh", "by the card"), ("en", "by itself")])
async def test_a_film_is_evidence_and_the_camera_is_let_go(
    playwright: Playwright, box: RealBox, lang: str, end: str
) -> None:
    """One is given up, one is ended by the OK card or after its time and attached (RET-3)."""
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *CAMERA])
    t, pda = texts(lang), await open_context(browser, box.process.url + "/")
    await pda.context.grant_permissions(["camera"])
    await start_pack(pda, box, t)
    await pda.page.evaluate(LENS)
    for given_up in (True, False):
        await pda.page.get_by_role("button", name=t["act.film"], exact=True).click()
        await pda.page.get_by_text(t["film.left"].split("{")[0]).wait_for()
        if given_up:
            await pda.page.get_by_role("button", name=t["act.film_drop"]).click()
        elif end == "by the card":
            await pda.scan("@C:OK")
        else:
            await pda.page.evaluate("void (performance.now = () => 1e12)")
    await pda.sees(t["notice.video_there"])
    await pda.until("!document.querySelector('#layer').open")
    [film] = await evidence(box)
    assert (film["evidence"], film["media_type"]) == ("video", "video/webm")
    assert film["size"] > 0
    assert await pda.page.evaluate("window.lenses.length") == 2  # the next began at once
    await pda.until("window.lenses.every((each) => each.readyState === 'ended')")
    assert pda.errors == []
    await browser.close()


async def test_without_a_camera_no_film_begins(box: RealBox, handheld: Handheld) -> None:
    """The page says what to do instead, and goes on (PDA-4, RET-3)."""
    t, pda = texts("zh"), await handheld()
    await start_pack(pda, box, t)
    await pda.page.get_by_role("button", name=t["act.film"], exact=True).click()
    await pda.sees(t["film.fault_none"])
    await pda.scan("@C:UNDO")
    await pda.until("!document.querySelector('#layer').open")
    assert await evidence(box) == []
