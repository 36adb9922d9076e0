"""Orders that ended long ago leave the box, and nothing that is open goes with them (OPS-2)."""

from typing import Any

import msgspec
import pytest

from edge.domain import commands as c
from edge.domain.letting_go import HANGING
from edge.domain.model import Alarm, Approval, Doc, LetGo, LotOrders, Order, Task, Timer
from edge.domain.projections import apply
from edge.domain.world import World
from tests.domain.site import BOOK, MUG, S, Site, line
from tests.domain.test_table import COMMANDS, STATES

DAY_S = 86_400
GONE = {"shipped", "handed_over", "carrier_trouble", "returned", "cancelled"}
"""States in which nothing is left to do for an order; but for goods to be put back."""
SPENT = {"waybill", "fulfilment"}
"""What names an order for ever: numbers that nobody may have again."""


def let_go(site: Site, *orders: str, after_s: int = DAY_S) -> dict[str, Any]:
    """Let go, of what ended before a time from now, orders and all that hangs on none."""
    before_us = site.now_us + after_s * S
    first = site.run(c.OrdersLetGo(orders, {}, before_us), via="box").facts
    hanging = {kind: tuple(doc.id for doc in docs(site) if kind == doc.KIND) for kind in HANGING}
    second = site.run(c.OrdersLetGo((), hanging, before_us), via="box").facts
    return {"orders": first["orders"], "docs": second["docs"]}


def docs(site: Site) -> list[Doc]:
    """Return every document that is there."""
    return [doc for doc in site.docs.values() if doc is not None]


def replayed(site: Site) -> dict[tuple[str, str], bytes]:
    """Return the documents that the journal gives."""
    world = World(lambda _kind, _id: None)
    for draft in site.journal:
        apply(world, draft)
    return encoded([doc for doc in world.changes.values() if doc is not None])


def encoded(found: list[Doc]) -> dict[tuple[str, str], bytes]:
    """Return the canonical bytes of documents."""
    encode = msgspec.msgpack.Encoder(order="sorted").encode
    return {(doc.KIND, doc.id): encode(doc) for doc in found}


def rest(site: Site, state: str) -> None:
    """Bring order 1001 to a state, and let every timer that runs for it come to its end."""
    STATES[state](site)
    for _ in range(9):
        armed = [timer for timer in site.all(Timer) if timer.state == "armed"]
        if not armed:
            break
        site.pass_s(max(0, max(timer.due_us for timer in armed) - site.now_us) / S + 1)
        for timer in armed:
            site.run(c.TimerFire(timer.id), via="timer")
    for name in ("picker", "packer", "keeper", "leader", "supervisor"):
        for alarm in site.all(Alarm):
            if alarm.acked_us is None:
                site.by(name, c.AlarmAck(alarm.id))


@pytest.mark.parametrize("state", STATES)
def test_ops_2_an_order_goes_with_all_of_it_or_stays_with_all_of_it(state: str) -> None:
    """What ended goes, of it stays a word; what is open stays to the byte; replay gives both."""
    site = Site()
    rest(site, state)
    last, kept = site.order(), encoded(docs(site))
    found = let_go(site, "1001")
    if state in GONE:
        assert found["orders"] == 1
        assert site.the(LetGo, "1001") == LetGo(id="1001", state=last.state, ended_us=last.since_us)
        bodies = {doc.id: msgspec.structs.replace(doc, id="") for doc in docs(site)}
        named = {doc.KIND for doc in bodies.values() if b"1001" in msgspec.msgpack.encode(doc)}
        assert named <= SPENT
        assert not [doc for doc in docs(site) if isinstance(doc, Task | Approval | Timer)]
    else:
        assert found["orders"] == 0
        assert site.order() == last
        gone = {key[0] for key in kept.keys() - encoded(docs(site)).keys()}
        assert gone <= {"alarm", "timer"}
    assert replayed(site) == encoded(docs(site))


def test_ops_2_what_ended_only_now_stays() -> None:
    """The time counts from the last change of the order."""
    site = Site()
    STATES["cancelled"](site)
    assert let_go(site, "1001", after_s=-DAY_S)["orders"] == 0
    assert let_go(site, "1001")["orders"] == 1
    assert let_go(site, "1001") == {"orders": 0, "docs": 0}


def test_ops_2_a_call_that_was_settled_goes_though_nobody_acknowledged_it() -> None:
    """An alarm whose occasion has gone waits for nobody; one that still calls stays."""
    site = Site()
    site.assign()
    for category in ("cancel", "rush"):
        site.tell("order.freeze", order_id="1001", category=category)
    called = {alarm.id for alarm in site.all(Alarm) if alarm.code == "approval_due"}
    let_go(site)
    assert called <= {alarm.id for alarm in site.all(Alarm)}
    assert site.sign(site.all(Approval)[0].id, answer="deny").ok
    let_go(site)
    assert (len(called), called & {alarm.id for alarm in site.all(Alarm)}) == (1, set())


@pytest.mark.parametrize("open_", ["carrier", "freeze", "approval"])
def test_ops_2_nothing_goes_on_which_something_is_open(open_: str) -> None:
    """A timer for the carrier, an interception, or a request keeps the whole order."""
    site = Site()
    if open_ == "carrier":
        site.to_shipped()
    else:
        rest(site, "shipped")
    if open_ == "freeze":
        site.freeze(category="remark")
        assert site.order().freezes
    if open_ == "approval":
        assert site.by("keeper", c.OrderResend("1001", "lost")).ok
    assert let_go(site, "1001")["orders"] == 0
    assert site.order().id == "1001"


def test_ops_2_orders_of_one_task_go_together_or_not_at_all() -> None:
    """One of two that were picked as one was cancelled, the other is in work: both stay."""
    site = Site()
    site.assign("1001", line(1, MUG, 1))
    site.assign("1002", line(1, BOOK, 1))
    site.tell("order.merge", orders=["1001", "1002"])
    site.tell("order.freeze", order_id="1001", category="cancel", countdown_s=0)
    _fire_all(site)
    assert site.order("1001").state == "cancelled"
    assert let_go(site, "1001")["orders"] == 0
    site.tell("order.freeze", order_id="1002", category="cancel", countdown_s=0)
    _fire_all(site)
    assert let_go(site, "1001")["orders"] == 2
    assert site.all(Task) == []
    assert replayed(site) == encoded(docs(site))


def _fire_all(site: Site) -> None:
    site.pass_s(60)
    for timer in site.all(Timer):
        if timer.state == "armed" and timer.purpose.startswith("freeze"):
            site.run(c.TimerFire(timer.id), via="timer")


ANSWERS = {
    **dict.fromkeys(COMMANDS, "order_archived"),
    "order.assign": "already_assigned",
    "status.set": "status_is_not_set",
    **dict.fromkeys(("task.take", "task.release", "tote.bind"), "unknown_task"),
    **dict.fromkeys(("pick.scan", "pick.qty", "pick.short"), "unknown_task"),
    "waybill.resolve": "unknown_job",
    "slip.scan": "not_a_slip",
}
"""What becomes of each command about an order that was let go: it is told so, nothing breaks."""


@pytest.mark.parametrize("command", COMMANDS)
def test_ops_2_whatever_comes_late_is_answered(command: str) -> None:
    """Each command of a person and each instruction of the hub gets a clear no (SYNC-2, FLOW-1)."""
    site = Site()
    rest(site, "handed_over")
    last = site.order()
    assert let_go(site, "1001")["orders"] == 1
    site.order = lambda *_: last  # type: ignore[method-assign]
    assert COMMANDS[command](site) == ANSWERS[command]
    assert site.load(Order, "1001") is None
    assert replayed(site) == encoded(docs(site))


def test_flow_8_a_waybill_of_an_order_that_was_let_go_stays_spent() -> None:
    """Its number comes to no second parcel, and scanned it says where the order is."""
    site = Site()
    rest(site, "handed_over")
    number = site.order().waybill
    let_go(site, "1001")
    site.to_checked("1002")
    assert site.by("packer", c.WaybillAdopt("1002", number, "typed")).code == "waybill_in_use"
    assert site.by("keeper", c.HandoverScan(number)).code == "order_archived"


def test_pick_9_a_lot_names_no_order_that_was_let_go() -> None:
    """A lot that quality freezes years later is frozen, and looks for nobody's parcel."""
    site = Site()
    site.bins(MUG, {"location": "Z-1", "lot": "L1", "qty": 50})
    site.to_shipped("1001", line(1, MUG, 1))
    assert any("1001" in each.orders for each in site.all(LotOrders))
    site.pass_s(DAY_S)
    for timer in site.all(Timer):
        if timer.state == "armed":
            site.run(c.TimerFire(timer.id), via="timer")
    assert let_go(site, "1001")["orders"] == 1
    assert all("1001" not in each.orders for each in site.all(LotOrders))
    assert site.tell("lot.freeze", sku=MUG, lot="L1", reason="mould").ok
