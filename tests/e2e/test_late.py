"""What comes late on a PDA: answers to who was here before, words about a step that is over."""

from collections.abc import Callable
from typing import Any

import pytest

from edge.domain.commands import PersonDisable, SessionClose
from tests.e2e.pda import Pda
from tests.e2e.peer import Peer
from tests.e2e.realbox import RealBox, begin_task, read
from tests.e2e.test_pick import PICKER, kinds, start_pick
from tests.e2e.walk import texts

pytestmark = pytest.mark.asyncio(loop_scope="session")
Handheld = Callable[..., Any]


@pytest.mark.parametrize("how", ["sent off", "signed out elsewhere"])
async def test_scans_behind_the_end_of_a_session_send_nobody_else_off(
    box: RealBox, handheld: Handheld, how: str
) -> None:
    """They are refused for good and called, and the next person works on (PDA-1, SEC-2)."""
    t, pda = texts("zh"), await handheld()
    await box.instruct("order.assign", box.floor.orders[0])
    await begin_task(pda, box)
    session = (await read(pda, "/session"))["session"]
    await pda.scan("T-1")
    await pda.scan(session["task"]["steps"][0]["location"])
    await pda.sees(t["said.location"])
    await pda.settled()
    await pda.keeps_page()
    await pda.context.set_offline(True)
    await pda.page.wait_for_selector(".link.down")
    who: dict[str, Any] = {"via": "pda", "device": session["device"], "session": session["id"]}
    if how == "sent off":
        who |= {"actor": "leader", "roles": ("leader",), "via": "box"}
        done = await box.process.floor.submit(PersonDisable(session["person"]["id"]), **who)
    else:
        who |= {"actor": session["person"]["id"], "roles": ("picker",)}
        done = await box.process.floor.submit(SessionClose(), **who)
    assert done.answer.ok, done.answer
    # The PDA knows the box's time but for a delay: without this it may be a scan of just before.
    await pda.page.evaluate("void (Date.now = ((now) => () => now() + 5000)(Date.now))")
    await pda.scan(session["task"]["steps"][0]["expect"]["codes"][0])
    await pda.page.wait_for_selector(".tick.kept")
    await pda.context.set_offline(False)
    await pda.sees(t["signin.waiting"].format(n=1))
    other = box.floor.logins_of("picker")[1]
    await pda.sign_in(other.badge, other.pin)
    await pda.sees("离线扫描没有算数")
    await pda.sees(t["refusal.signed_off"])
    await pda.scan("@C:OK")
    await pda.until("!document.querySelector('#alarm').open")
    await pda.drained()
    assert (await read(pda, "/session"))["session"]["person"]["id"] != session["person"]["id"]
    assert await pda.page.locator("#screen h1").inner_text() == t["screen.tasks"]
    assert await pda.kept() == 0


async def test_a_short_is_noted_on_the_step_that_was_asked_about(pda: Pda, peer: Peer) -> None:
    """Its order was cancelled while the reason was chosen: no other step is shorted (PICK-8)."""
    t = texts("zh")
    await start_pick(pda)
    await pda.scan("@C:SHORT")
    await pda.page.wait_for_selector("#layer[open] .shown")
    await pda.scan("@C:QTY:0")
    await pda.sees(t["reason.short"])
    await peer.alarm("cancel")
    await pda.page.wait_for_selector("#alarm[open]")
    await pda.scan("@C:OK")
    await pda.until("!document.querySelector('#alarm').open")
    await pda.settled()
    await pda.scan("@C:1")
    await pda.sees(t["hint.step_changed"])
    await pda.sees("扫空周转箱（…1002）")
    await pda.drained()
    assert "pick.short" not in kinds(peer)


async def test_an_answer_to_the_one_before_leads_the_next_nowhere(pda: Pda, peer: Peer) -> None:
    """What a packer asked for is answered when a picker is here: their screen stays (SEC-2)."""
    t = texts("zh")
    await pda.scan("@S:S1")
    await pda.sign_in("@B:2001", "618450")
    await pda.sees(t["pack.scan_tote"])
    await pda.settled()
    peer.lose_answers = 1
    await pda.scan("T-9")
    await pda.when(lambda: "pack.open" in kinds(peer))
    peer.session = None
    await pda.sees(t["signin.waiting"].format(n=1))
    await pda.sign_in(*PICKER)
    await pda.when(lambda: peer.repeats)
    await pda.drained()
    await pda.settled()
    assert await pda.kept() == 0
    assert await pda.page.locator("#screen h1").inner_text() == t["screen.tasks"]
