"""Every state × every command: allowed, or refused with which code (FLOW-2, FLOW-3, FLOW-4)."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from edge.domain import commands as c
from edge.domain.model import Task
from edge.domain.printstages import slip_code
from tests.domain.site import BOOK, MUG, TOWEL, Site, gtin, line

BLOB, JPEG = f"sha256:{'0' * 64}", "image/jpeg"
Bring = Callable[[Site], Any]
Send = Callable[[Site], str]


def _put_back(site: Site) -> None:
    site.to_packing()
    site.cancel()


def _to_rework(site: Site) -> None:
    site.to_packing()
    lines = [line(1, MUG, 1), line(2, TOWEL, 8)]
    site.tell("order.update", order_id="1001", lines=lines)
    site.sign(site.approval().id, answer="put_back")


def _cancelled(site: Site) -> None:
    site.assign()
    site.cancel()


def _held(state: str) -> Bring:
    def bring(site: Site) -> None:
        site.assign()
        site.tell("order.hold", order_id="1001", state=state)

    return bring


STATES: Final[dict[str, Bring]] = {
    "hold_type": lambda site: site.assign(type="who knows"),
    "hold_finance": lambda site: site.assign(finance_cleared=False),
    "hold_approval": lambda site: site.assign("1001", line(1, MUG, 1, price_fen=500_001)),
    "hold_duplicate": lambda site: site.assign(tags=["duplicate_suspected"]),
    "hold_drawing": _held("hold_drawing"),
    "hold_customs": _held("hold_customs"),
    "hold_qualification": _held("hold_qualification"),
    "hold_quality": _held("hold_quality"),
    "ready": lambda site: site.assign(),
    "picking": lambda site: site.to_picking(),
    "short": lambda site: site.to_short(),
    "picked": lambda site: site.to_picked(),
    "packing": lambda site: site.to_packing(),
    "packed_checked": lambda site: site.to_checked(),
    "labelled": lambda site: site.to_printed(),
    "shipped": lambda site: site.to_shipped(),
    "handed_over": lambda site: site.to_handed_over(),
    "carrier_trouble": lambda site: site.to_trouble(),
    "to_resend": lambda site: site.to_resend(),
    "to_rework": _to_rework,
    "put_back": _put_back,
    "cancelled": _cancelled,
    "returning": lambda site: site.to_returning(),
    "returned": lambda site: site.to_returned(),
}
"""How commands alone bring order 1001 to each state; `labelled` is packed_checked with a label."""
PASSING: Final = {"received"}
"""States in which no order rests: acceptance leads on in the same decision."""


def _hub(kind: str, **body: Any) -> Send:
    def send(site: Site) -> str:
        answer = site.tell(kind, order_id="1001", **body)
        return str(answer.facts.get("code", "ok"))

    return send


def _by(name: str, make: Callable[[Site], Any]) -> Send:
    def send(site: Site) -> str:
        answer = site.by(name, make(site))
        return "ok" if answer.ok else answer.code

    return send


def _ask(kind: str, **data: Any) -> Send:
    return _by("keeper", lambda _: c.ApprovalRequest(kind, "1001", data=data))


def _merge(site: Site) -> str:
    site.assign("1009", line(1, BOOK, 1))
    return str(site.tell("order.merge", orders=["1001", "1009"]).facts.get("code", "ok"))


def _assign_again(site: Site) -> str:
    return str(site.assign().facts.get("code", "ok"))


def _task(site: Site) -> str:
    return site.order().task or "none"


def _step(site: Site) -> int:
    """Return the first open step of the order's task, or the first one."""
    task = site.load(Task, _task(site))
    closed = task.closed if isinstance(task, Task) else ()
    return closed.index(False) + 1 if False in closed else 1


def _job(site: Site) -> str:
    return site.order().copies[-1].job if site.order().copies else "none"


def _label(site: Site) -> str:
    return site.qr() if site.order().copies else "SF0001"


COMMANDS: Final[dict[str, Send]] = {
    "task.take": _by("picker", lambda s: c.TaskTake((_task(s),))),
    "task.release": _by("leader", lambda s: c.TaskRelease(_task(s), "break")),
    "tote.bind": _by("picker", lambda s: c.ToteBind(_task(s), "1001", "T-9")),
    "pick.scan": _by("picker", lambda s: c.PickScan(_task(s), _step(s), "A-01-01")),
    "pick.qty": _by("picker", lambda s: c.PickQty(_task(s), _step(s), 2)),
    "pick.short": _by("picker", lambda s: c.PickShort(_task(s), _step(s), 1, "missing")),
    "pack.open": _by("packer", lambda _: c.PackOpen("1001")),
    "pack.scan": _by("packer", lambda _: c.PackScan("1001", gtin(MUG))),
    "pack.finish": _by("packer", lambda _: c.PackFinish("1001")),
    "waybill.print": _by("packer", lambda _: c.WaybillPrint("1001")),
    "waybill.prove": _by("packer", lambda s: c.WaybillProve(_label(s))),
    "waybill.reprint": _by("packer", lambda _: c.WaybillReprint("1001", "torn")),
    "waybill.resolve": _by("packer", lambda s: c.WaybillResolve(_job(s), printed=True)),
    "slip.scan": _by("packer", lambda s: c.SlipScan(slip_code(_job(s)))),
    "waybill.adopt": _by("packer", lambda _: c.WaybillAdopt("1001", "EMS-7", "typed")),
    "evidence.attach": _by("packer", lambda _: c.EvidenceAttach("1001", "photo", BLOB, 9, JPEG)),
    "handover.scan": _by("keeper", lambda s: c.HandoverScan(_label(s))),
    "order.resend": _by("keeper", lambda _: c.OrderResend("1001", "lost")),
    "return.scan": _by("keeper", lambda _: c.ReturnScan("1001", "C2")),
    "return.scan piece": _by("keeper", lambda _: c.ReturnScan(gtin(MUG), "C2", "1001")),
    "return.close": _by("keeper", lambda _: c.ReturnClose("1001")),
    "hold_release": _ask("hold_release"),
    "partial": _ask("partial"),
    "substitute": _ask("substitute", line=1, to=BOOK),
    "gift.substitute": _by("packer", lambda _: c.GiftSubstitute("1001", 1, "damaged")),
    "putback.scan": _by("keeper", lambda _: c.PutbackScan("1001", gtin(MUG), 2)),
    "status.set": lambda s: s.run(c.StatusSet("1001", "shipped"), via="api").code,
    "order.assign": _assign_again,
    "order.hold": _hub("order.hold", state="hold_quality"),
    "order.release": _hub("order.release"),
    "order.freeze": _hub("order.freeze", category="cancel"),
    "order.revoke": _hub("order.revoke"),
    "order.update": _hub("order.update", recipient={"phone": "139", "address": "文二路 9 号"}),
    "order.update lines": _hub("order.update", lines=[{"no": 1, "sku": BOOK, "qty": 1}]),
    "order.reassign": _hub("order.reassign", warehouse="Hall 2"),
    "order.merge": _merge,
    "order.risk": _hub("order.risk", risk_pm=900),
    "order.sibling_status": _hub("order.sibling_status", siblings=[]),
    "tag.set": _hub("tag.set", tags=["key_review"]),
    "carrier.switch": _hub("carrier.switch", carrier="ZTO", service="standard"),
    "carrier.switch unknown": _hub("carrier.switch", carrier="ZT0"),
    "order.carrier_status": _hub("order.carrier_status", status="first scan"),
}


OPEN: Final = """
task.take = task_not_open
    unknown_task: hold to_resend
    ok: ready
    task_in_hand: picking
task.release = task_not_open
    unknown_task: hold to_resend
    ok: picking
tote.bind = task_not_open
    unknown_task: hold to_resend
    ok: picking
    order_ended: handed_over put_back cancelled returned
    order_frozen: returning
pick.scan = unknown_task
    task_not_open: ready short picked packing packed_checked labelled shipped carrier_trouble
    task_not_open: to_rework
    ok: picking
    order_ended: handed_over put_back cancelled returned
    order_frozen: returning
pick.qty = unknown_task
    task_not_open: ready short picked packing packed_checked labelled shipped carrier_trouble
    task_not_open: to_rework
    scan_each: picking
    order_ended: handed_over put_back cancelled returned
    order_frozen: returning
pick.short = unknown_task
    task_not_open: ready short picked packing packed_checked labelled shipped carrier_trouble
    task_not_open: to_rework
    ok: picking
    order_ended: handed_over put_back cancelled returned
    order_frozen: returning
pack.open = not_in_state
    ok: picked packing packed_checked labelled
    order_ended: handed_over cancelled returned
    order_frozen: returning
pack.scan = not_in_state
    ok: packing
    order_ended: handed_over cancelled returned
    order_frozen: returning
pack.finish = not_in_state
    pack_incomplete: packing
    order_ended: handed_over cancelled returned
    order_frozen: returning
waybill.print = not_packed
    pack_incomplete: packing
    ok: packed_checked
    label_printing: labelled
    order_frozen: returning
waybill.prove = label_not_ours
    ok: labelled
    not_packed: shipped handed_over carrier_trouble returned
    order_frozen: returning
waybill.reprint = label_missing
    ok: labelled
    not_packed: shipped handed_over carrier_trouble to_resend returned
    order_frozen: returning
waybill.resolve = unknown_job
    ok: labelled
    outcome_known: shipped handed_over carrier_trouble to_resend returning returned
slip.scan = not_a_slip
    slip_spent: labelled shipped handed_over carrier_trouble to_resend returning returned
waybill.adopt = not_packed
    pack_incomplete: packing
    ok: packed_checked labelled
    order_frozen: returning
evidence.attach = ok
handover.scan = label_not_ours
    not_in_state: labelled
    ok: shipped carrier_trouble
    order_ended: handed_over returned
    order_frozen: returning
order.resend = not_in_state
    ok: shipped handed_over carrier_trouble returned
    order_ended: cancelled
    order_frozen: returning
return.scan = not_in_state
    ok: shipped handed_over carrier_trouble
    order_ended: cancelled returned
    order_frozen: returning
return.scan piece = not_in_state
    ok: returning
return.close = not_in_state
    order_ended: handed_over cancelled returned
    ok: returning
hold_release = not_in_state
    ok: hold
    stock_short: short
    order_ended: handed_over cancelled returned
    order_frozen: returning
partial = not_in_state
    ok: short
    order_ended: handed_over cancelled returned
    order_frozen: returning
substitute = not_in_state
    ok: short
    order_ended: handed_over cancelled returned
    order_frozen: returning
gift.substitute = not_a_gift
putback.scan = nothing_to_put_back
    ok: put_back
    qty_mismatch: to_rework
status.set = status_is_not_set
order.assign = already_assigned
order.hold = not_in_state
    ok: ready
    order_ended: handed_over cancelled returned
    order_frozen: returning
order.release = not_in_state
    ok: hold
    stock_short: short
    order_ended: handed_over cancelled returned
    order_frozen: returning
order.freeze = ok
    order_ended: handed_over put_back cancelled returning returned
order.revoke = freeze_closed
order.update = ok
    already_shipped: shipped carrier_trouble
    order_ended: handed_over put_back cancelled returning returned
order.update lines = not_in_state
    ok: hold ready picking short picked packing packed_checked labelled to_rework
    order_ended: handed_over cancelled returned
    order_frozen: returning
order.reassign = not_in_state
    ok: hold ready
    order_ended: handed_over cancelled returned
    order_frozen: returning
order.merge = not_in_state
    ok: ready
    label_printed: labelled shipped handed_over carrier_trouble returned
    order_frozen: returning
order.risk = ok
order.sibling_status = ok
tag.set = ok
carrier.switch = ok
    already_shipped: shipped carrier_trouble
    order_ended: handed_over put_back cancelled returning returned
carrier.switch unknown = carrier_unknown
    already_shipped: shipped carrier_trouble
    order_ended: handed_over put_back cancelled returning returned
order.carrier_status = ok
"""
"""`command = what happens elsewhere`, then `what happens: in these states`."""

FROZEN: Final = """
task.take = task_not_open
    unknown_task: hold to_resend
    order_frozen: ready
    task_in_hand: picking
task.release = task_not_open
    unknown_task: hold to_resend
    ok: picking
tote.bind = order_frozen
    unknown_task: hold to_resend
    order_ended: handed_over put_back cancelled returned
pick.scan = order_frozen
    unknown_task: hold to_resend
    order_ended: handed_over put_back cancelled returned
pick.qty = order_frozen
    unknown_task: hold to_resend
    order_ended: handed_over put_back cancelled returned
pick.short = order_frozen
    unknown_task: hold to_resend
    order_ended: handed_over put_back cancelled returned
pack.open = order_frozen
    order_ended: handed_over cancelled returned
    not_in_state: put_back
pack.scan = order_frozen
    order_ended: handed_over cancelled returned
    not_in_state: put_back
pack.finish = order_frozen
    order_ended: handed_over cancelled returned
    not_in_state: put_back
waybill.print = order_frozen
    not_packed: handed_over put_back cancelled returned
waybill.prove = label_not_ours
    order_frozen: labelled shipped carrier_trouble returning
    not_packed: handed_over returned
waybill.reprint = label_missing
    order_frozen: labelled shipped carrier_trouble to_resend returning
    not_packed: handed_over returned
waybill.resolve = unknown_job
    order_frozen: labelled
    outcome_known: shipped handed_over carrier_trouble to_resend returning returned
slip.scan = not_a_slip
    slip_spent: labelled shipped handed_over carrier_trouble to_resend returning returned
waybill.adopt = order_frozen
    not_packed: handed_over put_back cancelled returned
evidence.attach = ok
handover.scan = label_not_ours
    order_frozen: labelled shipped carrier_trouble returning
    order_ended: handed_over returned
order.resend = order_frozen
    ok: handed_over returned
    not_in_state: put_back
    order_ended: cancelled
return.scan = order_frozen
    ok: handed_over
    not_in_state: put_back
    order_ended: cancelled returned
return.scan piece = not_in_state
    ok: returning
return.close = order_frozen
    order_ended: handed_over cancelled returned
    not_in_state: put_back
    ok: returning
hold_release = order_frozen
    order_ended: handed_over cancelled returned
    not_in_state: put_back
partial = order_frozen
    order_ended: handed_over cancelled returned
    not_in_state: put_back
substitute = order_frozen
    order_ended: handed_over cancelled returned
    not_in_state: put_back
gift.substitute = not_a_gift
putback.scan = nothing_to_put_back
    ok: put_back
    qty_mismatch: to_rework
status.set = status_is_not_set
order.assign = already_assigned
order.hold = order_frozen
    order_ended: handed_over cancelled returned
    not_in_state: put_back
order.release = order_frozen
    order_ended: handed_over cancelled returned
    not_in_state: put_back
order.freeze = ok
    order_ended: handed_over put_back cancelled returning returned
order.revoke = ok
    freeze_closed: handed_over put_back cancelled returning returned
order.update = ok
    already_shipped: shipped carrier_trouble
    order_ended: handed_over put_back cancelled returning returned
order.update lines = order_frozen
    ok: hold ready picking short picked packing packed_checked labelled to_rework
    order_ended: handed_over cancelled returned
    not_in_state: put_back
order.reassign = order_frozen
    order_ended: handed_over cancelled returned
    not_in_state: put_back
order.merge = order_frozen
    label_printed: handed_over returned
    not_in_state: put_back cancelled
order.risk = ok
order.sibling_status = ok
tag.set = ok
carrier.switch = ok
    already_shipped: shipped carrier_trouble
    order_ended: handed_over put_back cancelled returning returned
carrier.switch unknown = carrier_unknown
    already_shipped: shipped carrier_trouble
    order_ended: handed_over put_back cancelled returning returned
order.carrier_status = ok
"""
"""The same under an open freeze; states that take no freeze are as they are without."""


def cells(table: str) -> dict[tuple[str, str], str]:
    """Return what happens for each command and state of a table."""
    found: dict[tuple[str, str], str] = {}
    command = ""
    for row in table.strip().splitlines():
        if not row.startswith(" "):
            command, elsewhere = row.split(" = ")
            found |= {(command, state): elsewhere for state in STATES}
            continue
        outcome, places = row.strip().split(": ")
        for place in places.split():
            some = [state for state in STATES if state.startswith(f"{place}_")] or [place]
            found |= {(command, state): outcome for state in some}
    return found


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("table", [OPEN, FROZEN], ids=["open", "frozen"])
def test_each_command_in_each_state_has_its_outcome(state: str, table: str) -> None:
    """Each cell of state × command gives exactly the outcome of the table (FLOW-2, FRZ-7)."""
    expected = cells(table)
    found = {}
    for command, send in COMMANDS.items():
        site = Site()
        STATES[state](site)
        if table == FROZEN:
            site.freeze(category="remark")
        found[command, state] = send(site)
    assert found == {cell: outcome for cell, outcome in expected.items() if cell[1] == state}


def test_every_state_of_the_workflow_is_in_the_table(site: Site) -> None:
    """No state of the shipped workflow is left out, and each is reached by commands alone."""
    assert set(STATES) - {"labelled"} == set(site.rules.states) - PASSING
    for state, bring in STATES.items():
        fresh = Site()
        bring(fresh)
        assert fresh.state() == ("packed_checked" if state == "labelled" else state)


def test_every_command_about_an_order_is_in_the_table() -> None:
    """No command that concerns an order is left out; what the box itself sends is tested apart."""
    apart = {"session.close", "alarm.ack", "approval.request", "approval.decide"}
    apart |= {"account.unlock"}
    apart |= {kind for kind in c.KINDS if kind.startswith("device.")}  # of no order
    apart |= {"count.scan", "lot.scan"}
    apart |= {
        kind for kind in c.KINDS if kind.startswith(("person.", "badge.", "pin.", "training."))
    }
    own = {"session.open", "box.found", "print.report", "timer.fire", "instruction.accept"}
    own |= {"ruleset.activate", "ruleset.rollback", "checkpoint.countersign", "snapshot.keep"}
    own |= {"site.configure", "scan.report", "session.lock", "session.refuse"}
    own |= {"personal.erase", "retention.report", "orders.let_go"}
    assert set(c.KINDS) - own - apart == {name for name in COMMANDS if name in c.KINDS}


def test_a_frozen_order_stays_where_it_is() -> None:
    """Whatever is tried on a frozen order, it is in the same state afterwards (FRZ-7)."""
    for bring in STATES.values():
        for name, send in COMMANDS.items():
            site = Site()
            bring(site)
            site.freeze(category="remark")
            before = site.state(), bool(site.order().freezes)
            # revoking lifts the freeze; closing a return is the end of the return's own
            if before[1] and name not in ("order.revoke", "return.close"):
                send(site)
                assert (site.state(), bool(site.order().freezes)) == before
