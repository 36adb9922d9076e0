"""A walk through the screens of those who carry and pack: the door, a pick, a lesson, a parcel."""

from collections.abc import AsyncIterator, Callable

from edge.app.sessionwatch import BACK_US, IDLE_US
from edge.demo.sample import pin_verifier
from edge.domain.commands import PinSet
from tests.e2e.pda import Pda
from tests.e2e.realbox import SCRYPT_N, RealBox, login
from tests.e2e.walk import go, texts

PACKED = "SO-1007"
"""The order that `furnish` leaves picked."""
SHUT = "!document.querySelector('#layer').open"


async def leave_unused(box: RealBox) -> None:
    """Let so much time pass on the box that every session locks."""
    clock, watch = box.process.clock, box.process.web.watch
    boot_us: Callable[[], int] = clock.boot_us
    await watch.look()
    clock.boot_us = lambda: boot_us() + IDLE_US + BACK_US  # type: ignore[method-assign]
    await watch.look()
    clock.boot_us = boot_us  # type: ignore[method-assign]


async def door(pda: Pda, box: RealBox, lang: str) -> AsyncIterator[str]:
    """Yield what can be seen before anybody is signed in."""
    t = texts(lang)
    press = pda.page.get_by_role
    await press("button", name=t["screen.status"]).click()
    for name in ("camera", "manual"):
        await press("button", name=t[f"set.intake_{name}"], exact=True).click()
        await pda.page.wait_for_selector(f".intake {'video' if name == 'camera' else 'form'}")
        await pda.settled()
        yield name
    await press("button", name=t["act.scanner_again"]).click()
    await pda.settled()
    code = box.process.web.first_admin.new_code("uid:0").code
    await pda.page.reload()
    await pda.ready()
    await press("button", name=t["screen.firstadmin"]).click()
    yield "firstadmin"
    claim = {"code": code, "name_zh": "林涛", "pin": "570826", "again": "570826"}
    for field, value in claim.items():
        await pda.page.locator(f"#claim input[name={field}]").fill(value)
    await press("button", name=t["act.admin_claim"]).click()
    await pda.page.locator(".badge-picture").wait_for()
    yield "firstadmin-badge"
    await press("button", name=t["act.to_signin"]).click()
    async for name in own_pin(pda, box):
        yield name


async def own_pin(pda: Pda, box: RealBox) -> AsyncIterator[str]:
    """Yield how somebody with a PIN for once chooses their own."""
    who = box.floor.logins_of("keeper")[0]
    verifier = pin_verifier(who.pin, b"salt" * 4, SCRYPT_N)
    until_us = box.process.clock.now_us() + IDLE_US
    await box.process.floor.submit(PinSet(who.person, verifier, until_us), via="local", actor="box")
    await pda.sign_in(who.badge, who.pin)
    await pda.page.wait_for_selector("#layer[open] p.signs")
    yield "pin-new"
    await pda.type_pin("904372")
    await pda.settled()
    yield "pin-again"
    await pda.type_pin("904373")
    await pda.page.wait_for_selector("#layer[open] .notice.wrong")
    yield "pin-differs"
    for _ in range(2):
        await pda.type_pin("904372")
    await pda.page.wait_for_selector("header .menu")


async def picker(pda: Pda, box: RealBox, lang: str) -> AsyncIterator[str]:
    """Yield the steps of a pick of two orders, and what goes wrong in one."""
    await login(pda, box, "picker")
    await pda.page.locator(".row").nth(2).wait_for()
    for nth in (2, 3):
        await pda.scan(f"@C:QTY:{nth}")
    await pda.settled()
    yield "tasks-chosen"
    await pda.scan("@C:OK")
    for tote, wanted in (("T-101", ".tote.now"), ("T-102", "")):
        if wanted:
            await pda.page.wait_for_selector(wanted)
            yield "pick-tote"
        await pda.scan(tote)
        await pda.settled()
    yield "pick-location"
    await pda.scan("A-09-99")
    await pda.page.wait_for_selector(".notice.wrong")
    yield "pick-wrong"
    await pda.scan(await pda.page.locator(".place.now .code").inner_text())
    await pda.page.wait_for_selector(".item.now")
    await pda.settled()
    yield "pick-item"
    await pda.scan("@C:SHORT")
    await pda.page.wait_for_selector("#layer[open] .shown")
    yield "short"
    await pda.scan("@C:QTY:0")
    await pda.settled()
    yield "short-reason"
    await pda.scan("@C:UNDO")
    await pda.until(SHUT)
    await pda.context.set_offline(True)
    await pda.page.wait_for_selector(".link.down")
    await pda.scan((await pda.page.locator(".item .sku").inner_text()).split()[0])
    await pda.settled()
    yield "pick-offline"
    await pda.scan("@C:UNDO")
    await pda.context.set_offline(False)
    await pda.drained()
    await pda.page.locator("header .menu").click()
    await pda.page.get_by_role("button", name=texts(lang)["act.release"]).click()
    await pda.settled()
    yield "release"
    await pda.scan("@C:1")
    await pda.page.locator(".row").first.wait_for()
    await leave_unused(box)
    await pda.page.wait_for_selector("#lock[open]")
    yield "lock"


async def trainee(pda: Pda, box: RealBox, lang: str) -> AsyncIterator[str]:
    """Yield the practice floor: its lessons, and a pick that is coached."""
    await login(pda, box, "picker")
    await go(pda, "training", lang)
    async with pda.page.expect_navigation(url="**/?practice"):
        await pda.scan("@C:OK")
    await pda.ready()
    await pda.page.locator(".row").first.wait_for()
    yield "practice"
    await pda.scan("@C:OK")
    await pda.page.locator(".wares").wait_for()
    await pda.settled()
    yield "practice-pick"
    await pda.page.locator(".wares summary").click()
    await pda.settled()
    yield "practice-goods"


async def packer(pda: Pda, box: RealBox, lang: str) -> AsyncIterator[str]:
    """Yield a parcel on its way: the list, the pieces, the label and its proof, the hand-over."""
    await pda.scan("@S:S1")
    await login(pda, box, "packer")
    await pda.page.locator(".row").first.wait_for()
    yield "packing"
    tote = (await box.order(PACKED)).tote
    assert tote
    await pda.scan(tote)
    await pda.page.locator(".row").nth(1).wait_for()
    await pda.settled()
    yield "pack-pieces"
    await pda.page.get_by_role("button", name=texts(lang)["act.film"], exact=True).click()
    await pda.page.wait_for_selector(".film video")
    await pda.until("document.querySelector('#layer footer .main:not([aria-disabled])') !== null")
    yield "film"
    await pda.scan("@C:UNDO")
    await pda.until(SHUT)
    await pda.scan("@C:OK")
    await pda.page.wait_for_selector(".notice.wrong")
    yield "pack-incomplete"
    for line in (await box.order(PACKED)).lines:
        for _ in range(line.qty):
            await pda.scan(line.sku)
    await pda.page.wait_for_selector("footer .act.main:not([aria-disabled])")
    await pda.settled()
    yield "pack-ready"
    await pda.scan("@C:OK")
    await pda.page.wait_for_selector(".fill.centre .code.long")
    await pda.settled()
    yield "label"
    await pda.scan("@C:OK")
    await pda.settled()
    yield "label-proof"
    waybill = (await box.order(PACKED)).parcel.waybill
    assert waybill
    await pda.scan(waybill)
    await pda.page.wait_for_selector(".all-good")
    yield "shipped"
    await go(pda, "handover", lang)
    await pda.scan(waybill)
    await pda.page.locator(".row").first.wait_for()
    yield "handed-over"


PARTS = (door, picker, trainee, packer)
