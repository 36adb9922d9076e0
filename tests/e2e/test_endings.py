"""How a task ends, order by order: the screen says what is, and where the goods go now (PICK-8)."""

from collections.abc import Callable
from typing import Any

import pytest

from edge.domain.commands import TaskRelease
from tests.e2e.pda import Pda
from tests.e2e.realbox import RealBox, login, read
from tests.e2e.walk import texts

pytestmark = pytest.mark.asyncio(loop_scope="session")
Handheld = Callable[..., Any]


def one_line(box: RealBox, order: str, at: int) -> dict[str, Any]:
    """Return an order of one piece of the catalogue's item `at`, which lies in one bin."""
    line = {"no": 1, "sku": box.floor.catalog[at]["sku"], "qty": 1, "price_fen": 100}
    return {**box.floor.orders[0], "order_id": order, "lines": [line], "gifts": "given"}


async def begin(
    box: RealBox, handheld: Handheld, lang: str, *orders: dict[str, Any]
) -> tuple[Pda, dict[str, str]]:
    """Take the tasks of some orders on one cart, in a language."""
    for order in orders:
        await box.instruct("order.assign", order)
    t, pda = texts(lang), await handheld()
    if lang == "en":
        await pda.page.get_by_role("button", name="English").click()
    await login(pda, box, "picker")
    await pda.until(f"document.querySelectorAll('.row').length === {len(orders)}")
    await pda.drained()
    for n in range(len(orders)):
        await pda.scan(f"@C:{n + 1}")
    await pda.scan("@C:OK")
    await pda.sees(t["pick.do_tote"])
    return pda, t


async def short(pda: Pda, t: dict[str, str]) -> None:
    """Close the step in hand short, with nothing found."""
    await pda.scan("@C:SHORT")
    await pda.page.wait_for_selector("#layer[open] .shown")
    await pda.scan("@C:0")
    await pda.scan("@C:OK")
    await pda.sees(t["reason.short"])
    await pda.scan("@C:1")


async def shown(pda: Pda) -> list[str]:
    """Return what is said of each order, without the joiners that keep its number whole."""
    rows = await pda.page.locator("section .row").all_inner_texts()
    return [row.replace("\u2060", "") for row in rows]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_short_pick_of_the_only_line_does_not_lead_to_packing(
    box: RealBox, handheld: Handheld, lang: str
) -> None:
    """The order waits short: the tote is set aside, also after a reload (PICK-8)."""
    pda, t = await begin(box, handheld, lang, one_line(box, "SO-1", 0))
    await pda.scan("T-1")
    await short(pda, t)
    await pda.sees(t["pick.goes_aside"])
    assert await box.state("SO-1") == "short"
    assert await pda.page.get_by_text(t["pick.end_pack"]).count() == 0
    await pda.settled()
    await pda.page.reload()
    await pda.ready()
    await pda.sees(t["pick.goes_aside"])
    await pda.scan("@C:OK")
    await pda.sees(t["tasks.none"])


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_each_order_of_a_cart_says_where_its_goods_go(
    box: RealBox, handheld: Handheld, lang: str
) -> None:
    """One is complete, one short, one cancelled: three ways, and the way to the put-back."""
    orders = [one_line(box, f"SO-{n}", n) for n in (1, 2, 3)]
    pda, t = await begin(box, handheld, lang, *orders)
    task = (await read(pda, "/session"))["session"]["task"]
    of = {step["order"]: step for step in task["steps"]}
    lost = task["steps"][-1]["order"]  # the one that is shorted comes last
    back, good = (order for order in of if order != lost)
    for step in task["steps"][:-1]:
        await pda.scan(f"T-{step['slot']}")
        await pda.scan(step["location"])
        await pda.scan(step["expect"]["codes"][0])
    await pda.scan(f"T-{of[lost]['slot']}")
    await pda.settled()
    await pda.drained()
    await box.instruct("order.freeze", {"order_id": back, "category": "cancel", "countdown_s": 0})
    await pda.page.wait_for_selector("#alarm[open]")
    await pda.scan("@C:OK")
    await pda.until("!document.querySelector('#alarm').open")
    await short(pda, t)
    await pda.sees(t["pick.end_mixed"])
    await pda.sees(t["pick.goes_back"])
    await pda.drained()
    said = dict(zip((order["id"] for order in task["orders"]), await shown(pda), strict=True))
    assert t["pick.goes_pack"] in said[good]
    assert t["pick.goes_aside"] in said[lost]
    assert t["pick.goes_back"] in said[back]
    await pda.scan("@C:OK")
    await pda.sees(t["putback.take"])


async def test_a_frozen_order_holds_the_cart_until_it_is_decided_or_given_back(
    box: RealBox, handheld: Handheld
) -> None:
    """The task stays in hand, so no next one is offered: it can be given back (FRZ-2)."""
    pda, t = await begin(box, handheld, "zh", one_line(box, "SO-1", 0))
    freeze = {"order_id": "SO-1", "category": "cancel", "countdown_s": 600}
    await box.instruct("order.freeze", freeze)
    await pda.page.wait_for_selector("#alarm[open]")
    await pda.scan("@C:OK")
    await pda.until("!document.querySelector('#alarm').open")
    await pda.sees(t["pick.goes_frozen"])
    assert await pda.page.get_by_role("button", name=t["act.next_task"]).count() == 0
    await pda.scan("@C:OK")
    await pda.sees(t["reason.release"])
    await pda.scan("@C:1")
    await pda.sees(t["notice.released"])


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_task_that_somebody_took_back_is_not_picked_on(
    box: RealBox, handheld: Handheld, lang: str
) -> None:
    """A leader released it: the screen says so, and the next scan counts for nothing (PICK-6)."""
    pda, t = await begin(box, handheld, lang, one_line(box, "SO-1", 0))
    await pda.scan("T-1")
    await pda.drained()
    task = (await read(pda, "/session"))["session"]["task"]
    data = TaskRelease(task["id"], "break")
    leader: dict[str, Any] = {"via": "box", "actor": "leader", "roles": ("leader",)}
    assert (await box.process.floor.submit(data, **leader)).answer.ok
    await pda.sees(t["pick.end_lost"])
    await pda.sees(t["pick.goes_lost"])
    await pda.scan(task["steps"][0]["location"])
    await pda.sees(t["notice.all_done"])
    assert await pda.kept() == 0


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_without_the_box_nobody_is_sent_to_packing_yet(
    box: RealBox, handheld: Handheld, lang: str
) -> None:
    """What only the PDA knows is said so, short or not; then the box says what it is (PDA-1)."""
    orders = [one_line(box, f"SO-{n}", n) for n in (1, 2)]
    pda, t = await begin(box, handheld, lang, *orders)
    first, last = (await read(pda, "/session"))["session"]["task"]["steps"]
    await pda.keeps_page()
    await pda.settled()
    await pda.context.set_offline(True)
    await pda.page.wait_for_selector(".link.down")
    for code in ("T-1", first["location"], first["expect"]["codes"][0], "T-2"):
        await pda.scan(code)
    await short(pda, t)
    await pda.sees(t["pick.end_mixed"])
    for word in ("kept", "kept_short"):
        await pda.sees(t[f"pick.goes_{word}"])
    assert await pda.page.get_by_text(t["pick.goes_pack"]).count() == 0
    await pda.context.set_offline(False)
    for word in ("pack", "aside"):
        await pda.sees(t[f"pick.goes_{word}"])
    states = {await box.state(step["order"]) for step in (first, last)}
    assert states == {"picked", "short"}
