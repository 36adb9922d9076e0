"""FRZ-7, FLOW-1: the hub changes what was begun; it waits for a person, and nothing is lost."""

from typing import Any, Final

import pytest

from edge.domain import commands as c
from edge.domain.approving import facts_now
from edge.domain.model import Assignment, Hands, Task
from tests.domain.site import BINS, BOOK, MUG, TOWEL, Site, gtin, line

FEWER: Final = (line(1, MUG, 1), line(2, TOWEL, 8))
"""One mug less than the order of `Site.assign`."""
OTHER: Final = (line(1, MUG, 2), line(2, BOOK, 3))
"""Books instead of towels."""
WAYS: Final = {
    "picking": Site.to_picking,
    "short": Site.to_short,
    "picked": Site.to_picked,
    "packing": Site.to_packing,
    "packed_checked": Site.to_checked,
}


def change(site: Site, *lines: dict[str, Any], **over: Any) -> str:
    """Let the hub change the order's lines; return the code of the answer."""
    answer = site.tell("order.update", order_id="1001", lines=list(lines), **over)
    return str(answer.facts.get("code", "ok"))


def put_back_all(site: Site) -> None:
    """Return everything that is listed to its bins."""
    for item in site.order().put_back:
        if item.done < item.qty:
            left = item.qty - item.done
            assert site.by("keeper", c.PutbackScan("1001", gtin(item.sku), left)).ok


def wanted(outcome: dict[str, Any]) -> dict[str, int]:
    """Return the pieces to pick by SKU, as an answer's outcome says."""
    return {each["sku"]: each["qty"] for each in outcome["pick"]}


def pieces(site: Site) -> dict[str, int]:
    """Return the pieces of the order's content by SKU."""
    return {each.sku: each.qty for each in site.the(Assignment, "1001").lines}


@pytest.mark.parametrize("state", WAYS)
def test_frz_7_a_change_after_picking_began_freezes_and_asks(state: str) -> None:
    """The order stands still; the supervisor sees old, new, what was picked, what each does."""
    site = Site()
    WAYS[state](site)
    assert change(site, *OTHER) == "ok"
    freeze, asked = site.order().freezes[0], site.approval()
    shown = facts_now(site.world, asked)
    assert (site.state(), freeze.category, freeze.due_us) == (state, "content", 0)
    assert (asked.kind, shown["old"], shown["new"]) == (
        "content_change",
        [{"line": 1, "sku": MUG, "qty": 2}, {"line": 2, "sku": TOWEL, "qty": 8}],
        [{"line": 1, "sku": MUG, "qty": 2}, {"line": 2, "sku": BOOK, "qty": 3}],
    )
    has_towels, has_mugs = state != "picking", state not in ("picking", "short")
    towels = {"sku": TOWEL, "location": BINS[TOWEL], "qty": 8}
    assert shown["put_back"]["back"] == ([towels] if has_towels else [])
    assert wanted(shown["put_back"]) == {BOOK: 3} | ({} if has_mugs else {MUG: 2})
    assert wanted(shown["repick"]) == {MUG: 2, BOOK: 3}
    assert site.by("packer", c.PackOpen("1001")).code == "order_frozen"


@pytest.mark.parametrize("state", WAYS)
@pytest.mark.parametrize("answer", ["put_back", "repick"])
@pytest.mark.parametrize("lines", [FEWER, OTHER], ids=["fewer", "other"])
def test_frz_7_the_new_content_ships_and_the_books_are_right(
    state: str, answer: str, lines: tuple[dict[str, Any], ...]
) -> None:
    """Whatever was done before and is decided, the new content ships and no piece is lost."""
    site = Site()
    WAYS[state](site)
    if state == "short":
        site.bins(MUG, {"location": BINS[MUG], "qty": 100})
    change(site, *lines)
    assert site.sign(site.approval().id, answer=answer).ok
    assert site.order().freezes == ()
    put_back_all(site)
    assert site.state() in ("ready", "picked")
    if site.state() == "ready":
        assert site.take().ok
        assert site.bind().ok
        site.pick_all()
    assert site.state() == "picked"
    assert site.by("packer", c.PackOpen("1001")).ok
    site.check_all()
    assert site.by("packer", c.PackFinish("1001")).ok
    assert site.by("packer", c.WaybillPrint("1001")).ok
    for stage in ("claimed", "sent"):
        site.report(stage)
    assert site.prove().ok
    sent = {each["sku"]: each["qty"] for each in lines}
    for sku in (MUG, TOWEL, BOOK):
        books = site.stock(sku)
        assert (sku, books.locked, books.out) == (sku, 0, 0)
        assert books.on_hand[BINS[sku]] == 100 - sent.get(sku, 0)
    assert pieces(site) == sent


def test_frz_7_what_stays_in_the_tote_is_not_picked_again(site: Site) -> None:
    """With `put_back` one mug goes back, and the picked order goes on at once."""
    site.to_picked()
    change(site, *FEWER)
    assert site.sign(site.approval().id, answer="put_back").ok
    assert site.state() == "to_rework"
    assert [(item.sku, item.qty) for item in site.order().put_back] == [(MUG, 1)]
    put_back_all(site)
    assert site.moves()[-4:] == ["to_rework", "received", "ready", "picked"]
    assert site.order().tote == "T-1001"


def test_pick_8_a_changed_order_without_goods_waits_and_may_go_partly(site: Site) -> None:
    """What stays in the tote is what there is: a supervisor may let it go (PICK-8)."""
    site.to_short()
    change(site, *FEWER)
    site.sign(site.approval().id, answer="put_back")
    assert site.state() == "short"
    assert site.by("picker", c.ApprovalRequest("partial", "1001")).ok
    assert site.approval().facts["lines"] == [{"line": 1, "sku": MUG, "qty": 1, "found": 0}]
    site.sign(site.approval().id)
    assert (site.state(), site.order().short) == ("picked", {"1": 0})


def test_frz_7_keep_leaves_the_order_as_it_was(site: Site) -> None:
    """Denied, the old content counts; the hub reads so, and the order goes on."""
    site.to_picking()
    change(site, *OTHER)
    assert site.sign(site.approval().id, answer="deny").ok
    assert site.said("freeze.closed")[-1].data["outcome"] == "overruled"
    assert pieces(site) == {MUG: 2, TOWEL: 8}
    site.pick_all()
    assert site.state() == "picked"


def test_frz_7_the_newest_change_is_the_one_that_is_asked(site: Site) -> None:
    """A second change takes the first one's place; a revoke ends the question."""
    site.to_picked()
    change(site, *OTHER)
    first = site.approval()
    change(site, *FEWER)
    assert site.sign(first.id, answer="put_back").code == "approval_closed"
    assert [each.category for each in site.order().freezes] == ["content"]
    site.tell("order.revoke", order_id="1001", category="content")
    assert (site.order().freezes, site.order().approvals) == ((), ())
    outcomes = [each.data["outcome"] for each in site.said("freeze.closed")]
    assert outcomes == ["superseded", "revoked"]


def test_frz_7_a_cancel_is_stronger_than_an_open_change(site: Site) -> None:
    """The cancel takes effect; the question is withdrawn, and all that was picked goes back."""
    site.to_picked()
    change(site, *OTHER)
    site.cancel()
    assert (site.state(), site.order().approvals, site.order().freezes) == ("put_back", (), ())
    put_back_all(site)
    assert (site.state(), site.stock(MUG).available, site.stock(MUG).locked) == (
        "cancelled",
        100,
        0,
    )


def test_frz_7_a_cancel_in_the_middle_of_a_rework_loses_nothing(site: Site) -> None:
    """What was kept goes back as well; what is on its way stays locked until it is there."""
    site.to_picked()
    change(site, *FEWER)
    site.sign(site.approval().id, answer="put_back")
    site.cancel()
    assert site.state() == "put_back"
    assert site.stock(MUG).locked == 2
    put_back_all(site)
    assert site.state() == "cancelled"
    for sku in (MUG, TOWEL):
        books = site.stock(sku)
        assert (books.available, books.locked, books.out) == (100, 0, 0)


def test_frz_7_while_another_freeze_counts_down_nothing_is_decided(site: Site) -> None:
    """An order that is frozen twice waits for the other cause first (FRZ-3)."""
    site.to_picked()
    site.freeze(category="remark")
    assert change(site, *FEWER) == "ok"
    assert site.sign(site.approval().id, answer="put_back").code == "order_frozen"
    site.fire_timers()
    assert site.sign(site.approval().id, answer="put_back").ok


def test_frz_4_who_holds_it_is_called_and_a_printed_label_is_void(site: Site) -> None:
    """The packer has an alarm at once, and another one when the label is void (FRZ-4, FRZ-5)."""
    site.to_printed()
    old = site.qr()
    change(site, *FEWER)
    assert site.alarms("packer")[-1].facts["category"] == "content"
    site.sign(site.approval().id, answer="put_back")
    assert site.alarms("packer")[-1].code == "label_due"
    assert site.prove(old).code in ("label_old_copy", "not_packed")


def test_pick_6_an_order_that_leaves_a_cluster_lets_the_others_be_picked(site: Site) -> None:
    """Its steps are no longer anybody's; the picker goes on with the rest of the cart."""
    site.assign("1001")
    site.assign("1002", line(1, BOOK, 1))
    tasks = (site.order("1001").task, site.order("1002").task)
    assert site.by("picker", c.TaskTake(tasks)).ok
    site.bind("1001")
    site.bind("1002")
    change(site, *OTHER)
    site.sign(site.approval().id, answer="repick")
    assert site.state() == "ready"
    stale = site.by("picker", c.PickScan(tasks[0], 1, BINS[MUG]))
    assert stale.code == "step_done"
    site.pick_all("1002")
    assert (site.state("1002"), site.the(Hands, "picker").task) == ("picked", "")
    assert site.the(Task, site.order("1001").task).state == "open"


def test_sec_5_another_recipient_waits_with_the_change(site: Site) -> None:
    """Until it is decided the label would carry the old one; the journal holds neither."""
    site.to_picked()
    new = {"name": "韩梅", "phone": "13900000009", "address": "文二路 9 号"}
    change(site, *FEWER, recipient=new)
    assert site.the(Assignment, "1001").recipient_key == ""
    key = site.personal[-1].key
    assert key == f"freeze:{site.order().freezes[0].id}"
    site.sign(site.approval().id, answer="put_back")
    assert site.the(Assignment, "1001").recipient_key == key
