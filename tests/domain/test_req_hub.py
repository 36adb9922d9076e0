"""What the hub says about orders, requirement by requirement (FLOW-9, FLOW-10, FLOW-13)."""

from typing import Any

import pytest

from edge.domain import commands as c
from edge.domain.decide import Answer
from edge.domain.model import Assignment, Order, Plan, Task
from edge.domain.views import order_view
from tests.domain.site import BOOK, MUG, TOWEL, Site, changed_rules, line, outcome


def code(answer: Answer) -> str:
    """Return why an instruction was not carried out, or `ok`."""
    return str(answer.facts.get("code", "ok"))


def routed(*names: str, bound: str = "") -> dict[str, Any]:
    """Return a routing decision over warehouses, the best first."""
    top3 = [{"warehouse": name, "score_pm": 900 - at} for at, name in enumerate(names)]
    return {"score_pm": 900, "top3": top3, "constraints": [f"warehouse:{bound}"] if bound else []}


# ---- FLOW-9 -----------------------------------------------------------------------------------


def test_flow_9_an_order_bound_elsewhere_is_refused_with_the_reason(site: Site) -> None:
    """The answer to the hub names the warehouse; nothing of the order stays here."""
    answer = site.assign(routing=routed("Hall 1", "Hall 2", bound="Hall 2"))
    assert code(answer) == "bound_elsewhere"
    assert site.load(Order, "1001") is None
    assert outcome(site) == ("instruction.refused", "bound_elsewhere")
    assert site.journal[-1].data["facts"]["warehouse"] == "Hall 2"


@pytest.mark.parametrize(
    "routing",
    [
        routed("Hall 1", "Hall 2", bound="Hall 1"),
        routed("Hall 2", "Hall 1"),
        routed("W7", "W8", bound="W7"),
        {},
    ],
)
def test_flow_9_any_other_order_keeps_its_routing(site: Site, routing: dict[str, Any]) -> None:
    """Top 3, scores and constraints are kept and shown, whatever they are."""
    assert code(site.assign(routing=routing)) == "ok"
    view = order_view(site.world, "1001")
    assert view is not None
    assert view.routing == routing


def test_flow_9_the_ruleset_may_name_this_warehouse() -> None:
    """Where the hub has names of its own, the ruleset says which of them this is."""
    site = Site(rules=changed_rules(site={"warehouse": "W7"}))
    assert code(site.assign("1001", routing=routed("W7", "W8", bound="W8"))) == "bound_elsewhere"
    assert code(site.assign("1001", routing=routed("W7", "W8", bound="W7"))) == "ok"


def test_flow_9_a_high_risk_shows(site: Site) -> None:
    """Above 850 per mille the risk is marked; the hub may change it at any time."""
    site.assign(risk_pm=850)
    assert _view(site).risk_high is False
    site.tell("order.risk", order_id="1001", risk_pm=851, factors=["new_address"])
    assert (_view(site).risk_pm, _view(site).risk_high) == (851, True)
    assert code(site.tell("order.risk", order_id="1001", risk_pm=1_001)) == "malformed"


def _view(site: Site) -> Any:
    found = order_view(site.world, "1001")
    assert found is not None
    return found


# ---- FLOW-10 ----------------------------------------------------------------------------------


def test_flow_10_a_fulfilment_code_is_unique(site: Site) -> None:
    """No two children share a code; the second is refused by name of the first."""
    site.assign("1001-A", parent="1001", fulfilment="F-1")
    answer = site.assign("1001-B", parent="1001", fulfilment="F-1")
    assert (code(answer), site.load(Order, "1001-B")) == ("fulfilment_in_use", None)
    assert code(site.assign("1001-B", parent="1001", fulfilment="F-2")) == "ok"


def test_flow_10_the_code_works_at_packing_and_hand_over(site: Site) -> None:
    """One code opens the parcel, hands it over and takes it back."""
    site.to_picked("1001", fulfilment="F-1", parent="1000")
    assert site.by("packer", c.PackOpen("F-1")).ok
    site.check_all()
    assert site.by("packer", c.PackFinish("1001")).ok
    assert site.by("packer", c.WaybillPrint("1001")).ok
    site.report("claimed")
    site.report("sent")
    assert site.prove().ok
    assert site.by("keeper", c.HandoverScan("F-1")).ok
    assert site.state() == "handed_over"
    assert site.by("keeper", c.ReturnScan("F-1", "C2")).ok
    assert site.state() == "returning"


def test_flow_10_a_child_sees_its_siblings(site: Site) -> None:
    """What the hub says of the other children is shown; each child has its own times."""
    site.assign("1001", parent="1000", fulfilment="F-1")
    told = [{"order_id": "1002", "state": "shipped", "warehouse": "Hall 2"}]
    assert code(site.tell("order.sibling_status", order_id="1001", siblings=told)) == "ok"
    assert [(each.order_id, each.state) for each in _view(site).siblings] == [("1002", "shipped")]
    late = site.tell("order.sibling_status", order_id="none", siblings=told)
    assert code(late) == "unknown_order"


# ---- FLOW-13 ----------------------------------------------------------------------------------


def test_flow_13_merged_orders_are_picked_as_one(site: Site) -> None:
    """Two orders, one task in walk order; each keeps its own parcel."""
    site.assign("1001", line(1, TOWEL, 2))
    site.assign("1002", line(1, MUG, 1))
    assert code(site.tell("order.merge", orders=["1001", "1002"])) == "ok"
    task = site.task_id("1001")
    assert site.task_id("1002") == task
    assert [step.sku for step in site.the(Plan, task).steps] == [MUG, TOWEL]
    assert site.take("1001").ok
    for order in ("1001", "1002"):
        assert site.bind(order).ok
        site.pick_all(order)
    assert (site.state("1001"), site.state("1002")) == ("picked", "picked")
    assert site.the(Task, task).state == "done"


def test_flow_13_a_merge_after_printing_is_refused() -> None:
    """A label that exists, or a pick that began, makes it too late."""
    site = Site()
    site.assign("1001", line(1, MUG, 1))
    site.to_picking("1002", line(1, BOOK, 1))
    assert code(site.tell("order.merge", orders=["1001", "1002"])) == "not_in_state"
    site = Site()
    site.assign("1001")
    site.to_printed("1002", line(1, BOOK, 1))
    assert code(site.tell("order.merge", orders=["1001", "1002"])) == "label_printed"
    assert code(site.tell("order.merge", orders=["1001", "1001"])) == "malformed"
    assert code(site.tell("order.merge", orders=["1001", "none"])) == "unknown_order"


# ---- order.update, order.reassign, message.show -----------------------------------------------


def test_flow_1_content_changes_before_anybody_picks(site: Site) -> None:
    """The order is accepted anew: other goods are locked, another task made, holds judged."""
    site.assign()
    old = site.task_id()
    changed = [line(1, BOOK, 3)]
    assert code(site.tell("order.update", order_id="1001", lines=changed)) == "ok"
    assert (site.state(), site.stock(MUG).locked, site.stock(BOOK).locked) == ("ready", 0, 3)
    assert site.task_id() != old
    assert site.the(Task, old).state == "dropped"
    content = site.the(Assignment, "1001")
    assert (content.carrier, content.personal != "") == ("SF", True)
    assert code(site.tell("order.update", order_id="1001", tags=["quality_hold"])) == "ok"
    assert (site.state(), site.stock(BOOK).locked) == ("hold_quality", 0)
    assert code(site.tell("order.update", order_id="1001", tags=[])) == "ok"
    assert site.state() == "ready"


def test_flow_1_content_does_not_change_under_a_pickers_hands(site: Site) -> None:
    """Once somebody began, a change waits for a supervisor; the order stays as it was."""
    site.to_picking()
    asked = site.tell("order.update", order_id="1001", lines=[line(1, BOOK, 3)])
    assert (code(asked), site.state(), site.approval().kind) == ("ok", "picking", "content_change")
    assert [each.sku for each in site.the(Assignment, "1001").lines] == [MUG, TOWEL]


def test_flow_1_an_unknown_item_in_a_change_is_refused_whole(site: Site) -> None:
    """A change that cannot be carried out changes nothing."""
    site.assign()
    asked = site.tell("order.update", order_id="1001", lines=[line(1, "NOPE", 1)])
    assert (code(asked), site.state(), site.stock(MUG).locked) == ("unknown_item", "ready", 2)
    asked = site.tell("order.update", order_id="1001", lines=[], remark="生日")
    assert code(asked) == "malformed"


def test_flow_9_the_hub_takes_an_order_back_that_nobody_began(site: Site) -> None:
    """Given to another warehouse it ends here, all goods free; in a picker's hands it stays."""
    site.assign()
    assert code(site.tell("order.reassign", order_id="1001", warehouse="Hall 2")) == "ok"
    assert (site.state(), site.stock(MUG).locked) == ("cancelled", 0)
    site.to_picking("1002")
    asked = site.tell("order.reassign", order_id="1002", warehouse="Hall 2")
    assert (code(asked), site.state("1002")) == ("not_in_state", "picking")


def test_sync_2_a_message_reaches_people_and_stays_out_of_the_journal(site: Site) -> None:
    """The alarm names the message; its text stands beside the journal."""
    text = {"zh": "请联系王女士", "en": "Call Ms Wang"}
    assert code(site.tell("message.show", order_id="none", text=text)) == "unknown_order"
    assert code(site.tell("message.show", person="nobody", text=text)) == "unknown_person"
    assert code(site.tell("message.show", person="picker", text=text)) == "ok"
    alarm = site.alarms("picker")[0]
    assert alarm.code == "message"
    assert site.personal[-1].key == f"message:{alarm.facts['message']}"
    assert "Wang" not in str(site.journal)
    assert code(site.tell("message.show", text={"zh": "", "en": ""})) == "malformed"
