"""The law of orders, requirement by requirement (FLOW-1 … 13, PICK-6, PICK-8, RET-1, RET-2)."""

from typing import Any

import pytest

from edge.domain import commands as c
from edge.domain.asking import ask, asking_view
from edge.domain.model import Assignment, Task
from edge.domain.refusals import Refusal
from edge.domain.returning import suggest
from edge.domain.workflow import choose
from tests.domain.site import BIB, BINS, BOOK, MUG, TOWEL, Site, gtin, line


def ship_again(site: Site) -> None:
    """Pick, pack and prove the order anew."""
    site.take()
    site.bind()
    site.pick_all()
    assert site.by("packer", c.PackOpen("1001")).ok
    site.check_all()
    assert site.by("packer", c.PackFinish("1001")).ok
    assert site.by("packer", c.WaybillPrint("1001")).ok
    for stage in ("claimed", "sent"):
        site.report(stage)
    assert site.prove().ok


def resend(site: Site, reason: str = "lost") -> None:
    """Let a keeper ask for a re-send, and the supervisor grant it."""
    assert site.by("keeper", c.OrderResend("1001", reason)).ok
    assert site.sign(site.approval().id).ok


# ---- FLOW-2: waiting states -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "assigned"),
    [
        ("hold_type", {"type": "who knows"}),
        ("hold_finance", {"finance_cleared": False}),
        ("hold_approval", {"type": "custom"}),
        ("hold_drawing", {"tags": ["drawing_pending"]}),
        ("hold_customs", {"tags": ["customs_papers_missing"]}),
        ("hold_qualification", {"tags": ["qualification_expired"]}),
        ("hold_quality", {"tags": ["quality_hold"]}),
        ("hold_duplicate", {"tags": ["duplicate_suspected"]}),
    ],
)
def test_flow_2_what_is_not_clear_waits_and_is_released_by_badge(
    site: Site, state: str, assigned: dict[str, Any]
) -> None:
    """Each cause has its state; nothing is locked; a supervisor's badge lets the order go on."""
    site.assign(**assigned)
    assert (site.state(), site.stock(MUG).locked) == (state, 0)
    assert site.ask("hold_release", who="keeper").ok
    assert site.sign(site.approval().id).ok
    assert (site.state(), site.stock(MUG).locked) == ("ready", 2)


def test_flow_2_the_hub_holds_only_what_nobody_began(site: Site) -> None:
    """The hub may hold a ready order; one that stands in a released cluster was begun."""
    site.assign("1001")
    site.assign("1002", line(1, BOOK, 1))
    site.take("1001", "1002")
    assert site.by("picker", c.TaskRelease(site.task_id(), "break")).ok
    held = site.tell("order.hold", order_id="1001", state="hold_quality")
    assert (held.facts["code"], site.state()) == ("picking_begun", "ready")


# ---- FLOW-6: sent again -----------------------------------------------------------------------


def test_flow_6_a_resend_needs_a_reason_and_a_superior(site: Site) -> None:
    """Nobody sends an order again alone, nor without a reason that the ruleset knows."""
    site.to_handed_over()
    assert site.by("keeper", c.OrderResend("1001", "because")).code == "reason_unknown"
    assert site.by("keeper", c.OrderResend("1001", "lost")).ok
    assert site.state() == "handed_over"
    assert site.sign(site.approval().id, "supervisor", "deny").ok
    assert (site.state(), site.order().waybill) == ("handed_over", "SF0001")


def test_flow_6_a_resend_voids_the_old_label_and_pick(site: Site) -> None:
    """The old parcel can be neither proved nor handed over again; what is lost stays lost."""
    site.to_handed_over()
    old_label, old_task = site.qr(), site.task_id()
    resend(site)
    assert site.state() == "ready"
    assert site.stock(MUG).on_hand == {BINS[MUG]: 98}
    assert site.task_id() != old_task
    for again in (c.WaybillProve(old_label), c.HandoverScan(old_label)):
        assert site.by("packer", again).code == "label_void"
    assert site.by("packer", c.PackOpen("T-1001")).code == "unknown_tote"
    ship_again(site)
    assert (site.state(), site.order().waybill) == ("shipped", "SF0002")
    assert site.stock(MUG).on_hand == {BINS[MUG]: 96}


def test_flow_5_the_carrier_has_not_seen_the_second_parcel(site: Site) -> None:
    """What it knew was the first one: the re-sent parcel waits for a record of its own (FLOW-5)."""
    known = {"status": "first scan", "waybill_valid": True, "first_scan_at": site.now_us + 1}
    site.to_handed_over()
    site.tell("order.carrier_status", order_id="1001", **known)
    resend(site)
    ship_again(site)
    assert (site.state(), site.order().carrier_status) == ("shipped", "")
    site.fire_timers("carrier.record")
    assert site.order().carrier_mark == "missing"


def test_flow_6_goods_still_in_the_house_are_put_back(site: Site) -> None:
    """A parcel that never left: its goods return to their bins by scan, piece by piece."""
    site.to_shipped()
    resend(site, "not_handed_over")
    assert site.stock(MUG).on_hand == {BINS[MUG]: 98}
    assert site.by("keeper", c.PutbackScan("1001", gtin(MUG), 2)).ok
    assert site.stock(MUG).on_hand == {BINS[MUG]: 100}


def test_flow_6_without_goods_it_waits_to_be_sent_again(site: Site) -> None:
    """No stock, no task: the order rests in `to_resend` until the hub knows of goods."""
    site.to_resend()
    assert site.state() == "to_resend"
    action = choose(site.world, site.order(), "resend.ready", site.rules)
    assert isinstance(action, Refusal)
    assert action.code == "stock_short"


# ---- carrier trouble --------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["lost", "damaged", "refused", "exception", "address_unknown"])
def test_flow_2_a_carriers_status_may_mean_trouble(site: Site, status: str) -> None:
    """What a carrier reports is ruleset data; trouble ends by a new hand-over or good news."""
    site.to_handed_over()
    site.tell("order.carrier_status", order_id="1001", status=status)
    assert site.state() == "carrier_trouble"
    site.tell("order.carrier_status", order_id="1001", status="delivered")
    assert site.state() == "handed_over"
    site.tell("order.carrier_status", order_id="1001", status=status)
    assert site.by("keeper", c.HandoverScan(site.qr())).ok
    assert site.state() == "handed_over"


# ---- RET-1: returns ---------------------------------------------------------------------------


def test_ret_1_a_return_demands_a_code(site: Site) -> None:
    """Free text is no reason, but it suggests one; it never enters the journal."""
    site.to_handed_over()
    text = "有臭味，王女士说的"
    asked = site.by("keeper", c.ReturnScan(site.qr(), "", text=text))
    assert (asked.code, asked.facts["suggest"]) == ("return_code_needed", ["Q2"])
    assert len(asked.facts["codes"]) == 12
    assert site.by("keeper", c.ReturnScan(site.qr(), "Q2", text=text)).ok
    assert "王女士" not in str(site.journal)
    assert [each.value for each in site.personal if each.key.startswith("return:")] == [
        {"text": text}
    ]


def test_ret_1_a_return_freezes_at_once_and_goods_come_back_by_movement(site: Site) -> None:
    """What may be sold is booked into the returns bin, what may not into quarantine (PICK-10)."""
    site.to_handed_over()
    assert site.by("keeper", c.ReturnScan(site.order().waybill, "C2")).ok
    assert (site.state(), site.order().freezes[0].category) == ("returning", "return")
    assert site.by("packer", c.PackOpen("1001")).code == "order_frozen"
    assert site.tell("order.revoke", order_id="1001").facts["code"] == "freeze_closed"
    sold = site.by("keeper", c.ReturnScan(gtin(MUG), "C1", "1001", 2))
    assert sold.facts["location"] == "RETURNS"
    assert site.stock(MUG).on_hand == {BINS[MUG]: 98, "RETURNS": 2}
    assert site.by("keeper", c.ReturnScan(gtin(MUG), "C1", "1001")).code == "wrong_item"
    assert site.by("keeper", c.ReturnScan(gtin(TOWEL), "Q4", "1001", 9)).code == "qty_mismatch"
    assert site.by("keeper", c.ReturnScan(gtin(TOWEL), "Q4", "1001", 8)).facts["location"] == (
        "QUARANTINE"
    )
    books = site.stock(TOWEL)
    assert books.on_hand == {BINS[TOWEL]: 92, "QUARANTINE": 8}
    assert (books.blocked, books.available) == (8, 92)
    assert (site.state(), site.order().freezes) == ("returned", ())


def test_pick_10_quarantine_is_counted_and_promised_to_nobody(site: Site) -> None:
    """No order is sent there, however many pieces it asks for; a count corrects it like any bin."""
    site.to_returning()
    assert site.by("keeper", c.ReturnScan(gtin(MUG), "Q1", "1001", 2)).ok
    site.assign("1002", line(1, MUG, 99))
    assert (site.state("1002"), site.stock(MUG).available) == ("short", 98)
    assert site.by("keeper", c.CountScan("QUARANTINE", gtin(MUG), 1)).ok
    assert (site.stock(MUG).blocked, site.stock(MUG).available) == (1, 98)
    assert site.by("keeper", c.CountScan("NOWHERE", gtin(MUG), 1)).code == "unknown_bin"


def test_pick_10_the_hub_blocks_a_bin(site: Site) -> None:
    """What lies in a blocked bin stands in the books; unblocked it is promised again."""
    bins = {"code": BINS[MUG], "zone": "A", "walk": 0}
    site.tell("location.upsert", items=[bins | {"blocked": True}])
    assert (site.stock(MUG).blocked, site.stock(MUG).available) == (100, 0)
    site.assign("1002", line(1, MUG, 1))
    assert site.state("1002") == "short"
    site.tell("location.upsert", items=[bins])
    assert site.stock(MUG).available == 100


def test_ret_1_a_piece_that_comes_back_is_laid_into_the_bin_of_its_code(site: Site) -> None:
    """A scanned bin must be the one that the code leads to; a wrong one books nothing."""
    site.to_returning()
    wrong = site.by("keeper", c.ReturnScan(gtin(MUG), "Q4", "1001", 1, location="RETURNS"))
    assert (wrong.code, wrong.facts["expected"]) == ("wrong_bin", "QUARANTINE")
    assert [item.done for item in site.order().returns] == [0, 0]
    assert site.by("keeper", c.ReturnScan(gtin(MUG), "C1", "1001", 1, location="RETURNS")).ok
    assert [item.done for item in site.order().returns] == [1, 0]


def test_ret_1_a_return_of_which_something_is_missing_is_closed_on_record(site: Site) -> None:
    """What did not come back is named; the order may then be sent again."""
    site.to_returning()
    assert site.by("keeper", c.ReturnScan(gtin(MUG), "C2", "1001", 1)).ok
    assert site.by("keeper", c.ReturnClose("1001")).ok
    assert site.said("return.closed")[0].data["missing"] == [[MUG, 1], [TOWEL, 8]]
    assert (site.state(), site.order().freezes) == ("returned", ())
    resend(site, "damaged")
    assert site.state() == "ready"


def test_ret_1_words_suggest_codes_in_both_languages(site: Site) -> None:
    """The code with the most words in the text comes first; none where nothing fits."""
    assert suggest(site.rules, "The lid is BROKEN and there is a crack") == ["Q3"]
    assert suggest(site.rules, "尺寸太大") == ["S1"]
    assert suggest(site.rules, "hello") == []


def test_ret_2_a_service_item_must_be_scanned_before_the_label(site: Site) -> None:
    """An ice bag is never picked, but packing and printing wait for its scan."""
    site.to_packing("1001", line(1, MUG, 1), line(2, BIB, 1, service=True, tracked=False))
    assert site.by("packer", c.PackScan("1001", gtin(MUG), 1)).ok
    assert site.by("packer", c.PackFinish("1001")).facts["missing"] == [2]
    assert site.by("packer", c.WaybillPrint("1001")).code == "pack_incomplete"
    assert site.by("packer", c.PackScan("1001", gtin(BIB), 2)).ok
    assert site.by("packer", c.PackFinish("1001")).ok
    assert site.by("packer", c.WaybillPrint("1001")).ok


# ---- PICK-6, PICK-8 ---------------------------------------------------------------------------


def test_pick_6_two_pickers_on_one_line(site: Site) -> None:
    """One wins; the other is told by whom, whatever they try."""
    site.to_picking()
    task = site.task_id()
    for asked in (c.TaskTake((task,)), c.PickScan(task, 1, BINS[MUG]), c.PickQty(task, 2, 8)):
        answer = site.by("picker2", asked)
        assert (answer.code, answer.facts["by"]) == ("task_taken", "picker")


def test_pick_8_a_short_order_goes_partial_by_approval(site: Site) -> None:
    """What was found is packed and sent after a supervisor's badge; the shortage went up."""
    site.to_short()
    assert site.said("pick.shorted")[0].data["found"] == 0
    assert site.ask("partial", who="keeper").ok
    assert site.sign(site.approval().id).ok
    assert site.state() == "picked"
    assert site.by("packer", c.PackOpen("1001")).ok
    assert site.by("packer", c.PackScan("1001", gtin(TOWEL), 2, 8)).ok
    assert site.by("packer", c.PackFinish("1001")).ok
    assert site.state() == "packed_checked"


def test_pick_8_nothing_picked_cannot_go_partial(site: Site) -> None:
    """An order of which nothing was found has nothing to send."""
    site.to_picking("1001", line(1, MUG, 2))
    site.short()
    assert site.ask("partial", who="keeper").code == "nothing_picked"


def test_pick_8_a_missing_item_is_replaced_by_approval(site: Site) -> None:
    """The other item is locked and picked in the same task; the line says what was found."""
    site.to_short()
    assert site.ask("substitute", who="keeper", line=2, to=BOOK).code == "line_not_short"
    assert site.ask("substitute", who="keeper", line=1, to=MUG).code == "wrong_item"
    assert site.ask("substitute", who="keeper", line=1, to=BOOK).ok
    assert site.sign(site.approval().id).ok
    assert (site.state(), site.the(Task, site.task_id()).state) == ("ready", "open")
    lines = {each.no: (each.sku, each.qty) for each in site.the(Assignment, "1001").lines}
    assert lines == {1: (MUG, 0), 2: (TOWEL, 8), 3: (BOOK, 2)}
    assert site.take().ok
    site.pick_all()
    assert site.state() == "picked"
    assert site.by("packer", c.PackOpen("1001")).ok
    assert site.by("packer", c.PackScan("1001", gtin(TOWEL), 2, 8)).ok
    for _ in range(2):
        assert site.by("packer", c.PackScan("1001", gtin(BOOK), 3)).ok
    assert site.by("packer", c.PackFinish("1001")).ok


# ---- why-not ----------------------------------------------------------------------------------


def test_flow_3_why_not_names_every_closed_gate(site: Site) -> None:
    """All that is missing is named, with the way that was tried, before anybody tries (FLOW-4)."""
    site.to_packing("1001", line(1, MUG, 1), tags=["key_review"])
    found = asking_view(site.world, "1001", "pack.finish")
    assert found is not None
    finish = found.actions[0]
    assert (finish.open, [each.code for each in finish.why]) == (False, ["pack_incomplete"])
    assert [gate.gate for gate in finish.ways[0].gates] == [
        "gifts_enough",
        "lots_free",
        "all_checked",
    ]
    site.check_all()
    assert site.by("packer", c.PackFinish("1001")).ok
    shipping = ask(site.world, site.order(), site.rules, "label.proved")
    assert [each.code for each in shipping.why] == ["label_not_proved", "evidence_missing"]


def test_flow_3_the_order_lists_the_actions_of_its_state(site: Site) -> None:
    """A screen gets each action of the state with its name, open or closed with the reasons."""
    site.assign()
    site.freeze(category="remark")
    found = asking_view(site.world, "1001")
    assert found is not None
    closed = {each.action: [why.code for why in each.why] for each in found.actions}
    assert closed["task.take"] == ["order_frozen"]
    assert closed["order.cancel"] == []
    assert {each.action for each in found.actions} >= {"order.hold", "lock.overdue", "pick.scan"}
