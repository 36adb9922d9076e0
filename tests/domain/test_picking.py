"""Guided picking: what is right is counted, what is wrong is refused and changes nothing."""

import pytest

from edge.domain import commands as c
from edge.domain.model import Assignment, Hands, Lock, Plan, Shelf, Sku, Task, Tote, shelf_id
from edge.domain.views import task_view
from edge.domain.views_back import put_back_views
from tests.domain.site import BINS, BOOK, MUG, TOWEL, WIPES, S, Site, changed_rules, gtin, line


def scan(site: Site, code: str, step: int = 1, who: str = "picker", **over: int) -> str:
    """Send one scan on a step of order 1001's task, and return what came of it."""
    answer = site.by(who, c.PickScan(site.task_id(), step, code), **over)
    return str(answer.facts["said"]) if answer.ok else answer.code


def test_a_step_is_location_then_items(site: Site) -> None:
    """A piece counts after its bin was scanned; the last one closes the step (PICK-1)."""
    site.to_picking()
    said = [scan(site, code) for code in (gtin(MUG), BINS[MUG], gtin(MUG), MUG)]
    assert said == ["location_first", "location", "item", "item"]
    task = site.the(Task, site.task_id())
    assert (task.picked, task.closed, task.at) == ((2, 0), (True, False), BINS[MUG])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (BINS[TOWEL], {"expected": BINS[MUG], "got": BINS[TOWEL]}),
        (gtin(BOOK), {"expected": MUG, "got": gtin(BOOK), "sku": MUG}),
        ("no such code", {"expected": MUG, "got": "no such code", "sku": MUG}),
    ],
)
def test_a_wrong_scan_is_refused_and_the_line_stays(
    site: Site, code: str, expected: dict[str, str]
) -> None:
    """Wrong bin and wrong item are refused with what was due, on record, and move nothing.

    Shows PICK-2.
    """
    site.to_picking()
    scan(site, BINS[MUG])
    before = dict(site.docs)
    answer = site.by("picker", c.PickScan(site.task_id(), 1, code))
    assert (answer.ok, answer.facts) == (False, expected)
    assert answer.code == ("wrong_bin" if code in BINS.values() else "wrong_item")
    assert site.docs == before
    assert site.journal[-1].kind == "command.refused"
    assert site.journal[-1].data["code"] == answer.code


def test_a_surplus_piece_is_refused(site: Site) -> None:
    """A piece too many is `surplus`, another code on a closed step is `step_done` (PICK-2)."""
    site.to_picking()
    site.pick(site.task_id(), 1)
    assert [scan(site, gtin(MUG)), scan(site, BINS[MUG])] == ["surplus", "step_done"]


def test_many_pieces_are_confirmed_by_number(site: Site) -> None:
    """Above the rule's limit one scan asks for the quantity, and only the right one counts."""
    site.to_picking()
    task = site.task_id()
    scan(site, BINS[TOWEL], 2)
    assert site.by("picker", c.PickQty(task, 2, 8)).code == "scan_first"
    assert scan(site, gtin(TOWEL), 2) == "need_qty"
    wrong = site.by("picker", c.PickQty(task, 2, 7))
    assert (wrong.code, wrong.facts) == ("qty_mismatch", {"expected": 8, "got": 7})
    assert site.by("picker", c.PickQty(task, 2, 8)).facts["said"] == "item"
    assert site.the(Task, task).picked == (0, 8)


def test_a_quantity_is_not_taken_for_pieces_that_are_scanned(site: Site) -> None:
    """A step of few pieces has each of them scanned."""
    site.to_picking()
    answer = site.by("picker", c.PickQty(site.task_id(), 1, 2))
    assert (answer.code, answer.facts) == ("scan_each", {"qty": 2})


def test_the_location_scan_forgets_the_item_scan(site: Site) -> None:
    """Between item and quantity the picker may not have gone elsewhere."""
    site.to_picking()
    for code in (BINS[TOWEL], gtin(TOWEL), BINS[TOWEL]):
        scan(site, code, 2)
    assert site.by("picker", c.PickQty(site.task_id(), 2, 8)).code == "scan_first"


def test_the_last_step_makes_the_order_picked(site: Site) -> None:
    """When every step is picked the order is `picked`, the task done, the hands free."""
    site.to_picked()
    assert site.moves() == ["ready", "picking", "picked"]
    assert (site.the(Task, site.task_id()).state, site.the(Hands, "picker").task) == ("done", "")


def test_a_piece_needs_a_tote(site: Site) -> None:
    """Pieces go into a tote that is bound to their order."""
    site.assign()
    site.take()
    scan(site, BINS[MUG])
    assert scan(site, gtin(MUG)) == "tote_first"
    assert site.bind().ok
    assert scan(site, gtin(MUG)) == "item"


def test_a_tote_carries_one_order(site: Site) -> None:
    """A tote in use is refused by its order; a bin or another code is no tote."""
    site.to_picking("1000")
    site.assign("1001")
    site.take("1001", who="picker2")
    used = site.bind("1001", "T-1000", who="picker2")
    assert (used.code, used.facts["order"]) == ("tote_in_use", "1000")
    codes = [site.bind("1001", code, who="picker2").code for code in (BINS[MUG], "X-1")]
    assert codes == ["not_a_tote", "not_a_tote"]


def test_another_tote_frees_the_first(site: Site) -> None:
    """Binding again moves the order to the new tote; the old one may carry another."""
    site.to_picking()
    assert site.bind("1001", "T-7").ok
    assert (site.order().tote, site.the(Tote, "T-1001").order) == ("T-7", "")


def test_no_tote_for_an_order_that_ended(site: Site) -> None:
    """A cancelled order of a cluster takes no tote with it."""
    site.assign("1001")
    site.assign("1002")
    site.take("1001", "1002")
    site.cancel("1001")
    answer = site.by("picker", c.ToteBind(site.task_id("1002"), "1001", "T-5"))
    assert (answer.code, site.load(Tote, "T-5")) == ("order_ended", None)


def test_two_pickers_want_one_task(site: Site) -> None:
    """One wins, the other is told by whom; a second task waits for free hands (PICK-6)."""
    site.assign("1001")
    site.assign("1002")
    assert site.take("1001").ok
    late = site.take("1001", who="picker2")
    assert (late.code, late.facts["by"]) == ("task_taken", "picker")
    assert site.take("1002").code == "task_in_hand"
    other = site.by("picker2", c.PickScan(site.task_id(), 1, BINS[MUG]))
    assert (other.code, other.facts["by"]) == ("task_taken", "picker")


def test_a_cluster_walks_once(site: Site) -> None:
    """Several orders become one task whose steps are sorted by the walk (PICK-1)."""
    site.assign("1001", line(1, BOOK, 1), line(2, MUG, 1))
    site.assign("1002", line(1, TOWEL, 1), line(2, MUG, 1))
    old = site.task_id("1002")
    assert site.take("1001", "1002").ok
    steps = site.the(Plan, site.task_id("1001")).steps
    walk = [(step.location, step.order) for step in steps]
    assert walk == [
        (BINS[MUG], "1001"),
        (BINS[MUG], "1002"),
        (BINS[TOWEL], "1002"),
        (BINS[BOOK], "1001"),
    ]
    assert site.task_id("1002") == site.task_id("1001")
    assert site.the(Task, old).state == "merged"
    assert site.by("picker2", c.TaskTake((old,))).code == "task_not_open"


def test_progress_survives_release_and_merge(site: Site) -> None:
    """What was picked before a break is still picked in a new cluster (PICK-7)."""
    site.to_picking("1001")
    site.pick(site.task_id("1001"), 1)
    assert site.by("picker", c.TaskRelease(site.task_id("1001"), "break")).ok
    assert site.state() == "ready"
    site.assign("1002", line(1, BOOK, 1))
    assert site.take("1002", "1001", who="picker2").ok
    task = site.the(Task, site.task_id("1002"))
    steps = site.the(Plan, task.id).steps
    done = [step.sku for step, closed in zip(steps, task.closed, strict=True) if closed]
    assert (done, sum(task.picked)) == ([MUG], 2)
    site.pick_all("1001", who="picker2")
    assert (site.state("1001"), site.state("1002")) == ("picked", "picking")


def test_a_cart_has_six_places(site: Site) -> None:
    """A cluster of more than six orders is refused, also when tasks hold several."""
    orders = [str(1000 + n) for n in range(1, 8)]
    for order in orders:
        site.assign(order, line(1, MUG, 1))
    site.take(*orders[:6])
    site.by("picker", c.TaskRelease(site.task_id("1001"), "break"))
    assert site.take("1001", "1007").code == "malformed"
    assert site.take("1001").ok


def test_the_same_task_twice_or_none_is_refused(site: Site) -> None:
    """A take names one to six different tasks that are there."""
    site.assign()
    task = site.task_id()
    asked = [(), (task, task), ("no task",)]
    codes = [site.by("picker", c.TaskTake(each)).code for each in asked]
    assert codes == ["malformed", "malformed", "unknown_task"]


def test_release_is_for_the_holder_or_a_leader(site: Site) -> None:
    """Another picker may not release; a leader may; the reason is one of the ruleset's."""
    site.to_picking()
    task = site.task_id()
    other = site.by("picker2", c.TaskRelease(task, "break"))
    assert (other.code, other.facts["by"]) == ("not_yours", "picker")
    assert site.by("picker", c.TaskRelease(task, "bored")).code == "reason_unknown"
    assert site.by("leader", c.TaskRelease(task, "help")).ok
    assert (site.the(Hands, "picker").task, site.state()) == ("", "ready")


def test_a_step_that_is_not_there(site: Site) -> None:
    """A step outside the plan is refused by number."""
    site.to_picking()
    assert [scan(site, gtin(MUG), step) for step in (0, 3)] == ["unknown_step"] * 2


def test_an_order_of_another_task_is_unknown_to_it(site: Site) -> None:
    """A tote is bound only to an order of the task in hand."""
    site.to_picking()
    site.assign("1002")
    answer = site.by("picker", c.ToteBind(site.task_id(), "1002", "T-5"))
    assert answer.code == "unknown_order"


# ---- short picks ------------------------------------------------------------------------------


def test_a_short_pick_makes_the_order_wait(site: Site) -> None:
    """A step closed short keeps reason and numbers; the order waits when all is closed (PICK-8)."""
    site.to_picking()
    scan(site, BINS[MUG])
    scan(site, gtin(MUG))
    assert site.short(found=1).ok
    assert site.state() == "picking"
    site.pick_all()
    assert (site.state(), site.order().short) == ("short", {"1": 1})
    shown = site.said("pick.shorted")[0].data
    assert (shown["wanted"], shown["found"], shown["reason"]) == (2, 1, "missing")


@pytest.mark.parametrize("found", [0, 2])
def test_found_lies_between_picked_and_asked(site: Site, found: int) -> None:
    """A short step has at least what was scanned, and fewer than were asked."""
    site.to_picking()
    scan(site, BINS[MUG])
    scan(site, gtin(MUG))
    assert site.short(found=found).code == "qty_mismatch"


def test_a_short_pick_has_a_reason(site: Site) -> None:
    """The reason is one of the ruleset's."""
    site.to_picking()
    answer = site.by("picker", c.PickShort(site.task_id(), 1, 0, "none of them"))
    assert answer.code == "reason_unknown"


def test_a_released_short_order_is_picked_again(site: Site) -> None:
    """Where nothing left its bin, a release makes a new task; stock is locked once, not twice."""
    site.to_picking("1001", line(1, MUG, 2))
    assert site.short(found=0).ok
    old = site.task_id()
    assert site.tell("order.release", order_id="1001").facts["code"] == "stock_short"
    site.snapshot({MUG: 5})
    assert "code" not in site.tell("order.release", order_id="1001").facts
    assert (site.state(), site.stock(MUG).locked, site.order().short) == ("ready", 2, {})
    assert site.task_id() != old
    assert site.take().ok
    site.pick_all()
    assert site.state() == "picked"


def test_a_short_order_with_goods_in_the_tote_is_not_released(site: Site) -> None:
    """What was picked must first go back: `nothing_picked` holds the release shut."""
    site.to_picking()
    site.short(found=0)
    site.pick_all()
    site.snapshot({MUG: 100})
    assert site.tell("order.release", order_id="1001").facts["code"] == "not_in_state"
    assert (site.stock(MUG).locked, site.stock(TOWEL).locked) == (0, 8)


def test_the_old_task_of_a_cluster_ends_without_the_released_order(site: Site) -> None:
    """An order that got a new task keeps nobody's hands full with the old one."""
    site.assign("1001", line(1, MUG, 1))
    site.assign("1002", line(1, BOOK, 1))
    site.take("1001", "1002")
    site.bind("1002")
    assert site.short("1001", no=1).ok
    site.snapshot({MUG: 5})
    assert "code" not in site.tell("order.release", order_id="1001").facts
    site.pick_all("1002")
    assert site.the(Hands, "picker").task == ""


def test_an_order_with_nothing_to_pick_goes_on_at_once(site: Site) -> None:
    """Service items and gifts without stock have no step: taking the task is picking it (RET-2)."""
    site.assign("1001", line(1, WIPES, 1, gift=True, tracked=False), line(2, BOOK, 1, service=True))
    assert site.take().ok
    assert (site.state(), site.the(Hands, "picker").task) == ("picked", "")


# ---- late scans -------------------------------------------------------------------------------


def test_a_scan_from_before_the_freeze_is_kept(site: Site) -> None:
    """A piece scanned out of reach before the freeze is a fact: kept, and to be put back.

    Shows PDA-1 at the box: the order does not move, and the goods are not lost from sight.
    """
    site.to_picking()
    scan(site, BINS[MUG])
    captured = site.now_us
    site.pass_s(1)
    site.freeze()
    late = site.by("picker", c.PickScan(site.task_id(), 1, gtin(MUG)), captured_us=captured)
    assert (late.ok, late.code) == (False, "late_scan")
    assert site.journal[-1].kind == "pick.late_scan"
    assert site.the(Task, site.task_id()).picked == (0, 0)
    assert [(item.sku, item.qty) for item in site.order().put_back] == [(MUG, 1)]
    assert scan(site, gtin(MUG)) == "order_frozen"


def test_a_late_scan_after_the_end_is_put_back(site: Site) -> None:
    """The order was cancelled with nothing picked; the late piece still goes back to its bin."""
    site.to_picking()
    captured = site.now_us
    site.pass_s(1)
    site.cancel()
    assert site.state() == "cancelled"
    late = site.by("picker", c.PickScan(site.task_id(), 1, gtin(MUG)), captured_us=captured)
    assert late.code == "late_scan"
    assert site.by("keeper", c.PutbackScan("1001", gtin(MUG))).ok
    assert (site.state(), site.order().put_back[0].done) == ("cancelled", 1)


def test_a_late_piece_that_is_back_leaves_the_order_its_lock(site: Site) -> None:
    """The order goes on: what is still to be picked stays locked for it (PICK-10)."""
    site.to_picking()
    captured = site.now_us
    site.pass_s(1)
    site.freeze(category="remark", remark="轻放")
    locked = site.the(Lock, "1001").pieces
    late = site.by("picker", c.PickScan(site.task_id(), 1, gtin(MUG)), captured_us=captured)
    assert late.code == "late_scan"
    assert site.by("keeper", c.PutbackScan("1001", gtin(MUG))).ok
    assert site.the(Lock, "1001").pieces == locked
    shelf = site.the(Shelf, shelf_id(MUG, BINS[MUG], ""))
    assert shelf.out == 0


def test_goods_are_put_back_by_quantity_into_their_own_bin(site: Site) -> None:
    """Several pieces go back with one scan; another bin than theirs is refused (FRZ-5)."""
    site.to_picked().cancel()
    item = site.order().put_back[0]
    wrong = site.by("keeper", c.PutbackScan("1001", gtin(item.sku), item.qty, "ELSEWHERE"))
    assert (wrong.code, wrong.facts["expected"]) == ("wrong_bin", item.location)
    assert site.by("keeper", c.PutbackScan("1001", gtin(item.sku), item.qty, item.location)).ok
    assert site.order().put_back[0].done == item.qty


def test_a_late_scan_after_another_took_over(site: Site) -> None:
    """Pieces scanned before a colleague took the task are kept apart from the colleague's."""
    site.to_picking()
    captured = site.now_us
    site.pass_s(1)
    site.by("leader", c.TaskRelease(site.task_id(), "help"))
    site.take(who="picker2")
    late = site.by("picker", c.PickScan(site.task_id(), 1, gtin(MUG)), captured_us=captured)
    assert late.code == "late_scan"
    assert site.the(Task, site.task_id()).picked == (0, 0)


def test_late_pieces_that_were_counted_are_all_put_back(site: Site) -> None:
    """The count says how many lie in the tote; the scan before it took none out (PDA-1)."""
    site.to_picking()
    task, captured = site.task_id(), site.now_us
    site.pass_s(1)
    site.freeze()
    asked = (c.PickScan(task, 2, gtin(TOWEL)), c.PickQty(task, 2, 8))
    said = [site.by("picker", each, captured_us=captured).code for each in asked]
    assert said == ["order_frozen", "late_scan"]
    assert [(item.sku, item.qty) for item in site.order().put_back] == [(TOWEL, 8)]
    assert site.the(Shelf, shelf_id(TOWEL, BINS[TOWEL], "")).out == 8
    assert site.by("picker", c.PickQty(task, 2, 9), captured_us=captured).code == "order_frozen"


def test_wrong_scans_are_never_late_scans(site: Site) -> None:
    """Only a code of the step's item can be a late piece."""
    site.to_picking()
    captured = site.now_us
    site.pass_s(1)
    site.freeze()
    for code in (gtin(BOOK), BINS[MUG]):
        late = site.by("picker", c.PickScan(site.task_id(), 1, code), captured_us=captured)
        assert late.code == "order_frozen"
    assert site.order().put_back == ()


# ---- limits -----------------------------------------------------------------------------------


def test_each_or_confirm_is_the_rulesets_choice() -> None:
    """The limit of scanning every piece is data: with 8 the eight towels are scanned (FLOW-2)."""
    site = Site(rules=changed_rules(picking={"each_max": 8, "tote_required": False}))
    site.assign()
    site.take()
    assert [step.check for step in site.the(Plan, site.task_id()).steps] == ["each", "each"]
    assert [scan(site, code) for code in (BINS[MUG], gtin(MUG))] == ["location", "item"]


def test_expected_codes_are_fixed_when_the_task_is_made(site: Site) -> None:
    """A plain scan reads the plan alone: a later change of the catalogue does not move it."""
    site.to_picking()
    item = {"sku": MUG, "name": {"zh": "杯", "en": "Mug"}, "codes": ["4006381333931"]}
    site.tell("catalog.upsert", items=[item])
    assert site.the(Sku, MUG).codes == ("4006381333931",)
    assert [scan(site, code) for code in (BINS[MUG], "4006381333931")] == ["location", "wrong_item"]
    assert scan(site, gtin(MUG)) == "item"
    assert len(site.the(Assignment, "1001").lines) == 2
    assert site.now_us > S


def test_a_code_that_names_an_article_is_said_once(site: Site) -> None:
    """Also where the catalogue lists the SKU itself as a code."""
    site.know(MUG, codes=[MUG, gtin(MUG)])
    site.to_picked("1001", line(1, MUG, 2))
    site.cancel("1001")
    found = put_back_views(site.world, site.order())
    assert [each.codes for each in found] == [(MUG, gtin(MUG))]
    assert site.the(Plan, site.task_id()).steps[0].codes == (MUG, gtin(MUG))


def goes(site: Site, task: str) -> dict[str, str]:
    """Return what becomes of the goods of each order of a task."""
    view = task_view(site.world, task)
    assert view is not None
    return {order.id: order.goes for order in view.orders}


def test_a_task_says_what_becomes_of_each_orders_goods(site: Site) -> None:
    """Of a cluster one is complete, one short, one cancelled, one not begun (PICK-8, FRZ-5)."""
    ids = ("1001", "1002", "1003", "1004")
    for each in ids:
        site.assign(each, line(1, MUG, 1))
    site.take(*ids)
    for each in ids[:3]:
        site.bind(each)
    task = site.task_id()
    assert goes(site, task) == dict.fromkeys(ids, "pick")
    steps = site.the(Plan, task).steps
    no = {step.order: at for at, step in enumerate(steps, 1)}
    for each in ("1001", "1003"):
        site.pick(task, no[each])
    assert site.short("1002", no=no["1002"]).ok
    for each in ("1003", "1004"):
        site.cancel(each)
    assert goes(site, task) == {"1001": "pack", "1002": "aside", "1003": "back", "1004": "none"}
    assert site.by("picker", c.PutbackScan("1003", gtin(MUG), 1, BINS[MUG])).ok
    assert goes(site, task)["1003"] == "none"


def test_goods_of_a_short_order_that_go_on_are_picked_or_packed(site: Site) -> None:
    """What a supervisor lets go with what there is goes to packing (PICK-8)."""
    site.to_short()
    task = site.task_id()
    assert goes(site, task) == {"1001": "aside"}
    assert site.ask("partial", who="keeper").ok
    assert site.sign(site.approval().id).ok
    assert goes(site, task) == {"1001": "pack"}
