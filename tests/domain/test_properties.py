"""What holds on every path: proof before shipping, frozen means still, replay gives the same."""

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.domain import commands as c
from edge.domain.asking import ask
from edge.domain.gates import GATES
from edge.domain.model import Assignment, Job, Lock, Order, Shelf, Task, shelf_id
from edge.domain.projections import apply
from edge.domain.world import World
from tests.domain.shrinking import SHRINKS
from tests.domain.site import BIB, BINS, BOOK, MUG, PEOPLE, WIPES, Site, gtin, line

ORDERS = ("1001", "1002")
LINES = (
    (line(1, MUG, 2),),
    (line(1, MUG, 1), line(2, BOOK, 6)),
    (line(1, WIPES, 1, gift=True), line(2, BIB, 1, gift=True, tracked=False)),
)
HUB = ("order.revoke", "order.release", "order.hold", "order.assign", "order.reassign")
CARRIER = ("lost", "delivered", "in_transit")
CODES = (*BINS.values(), *map(gtin, BINS), "T-1", "T-2", "SF0001", "SF0002", "nonsense")
WHO = ("picker", "picker2", "packer", "packer2", "keeper", "leader")

STAGES = ("claimed", "sent", "confirmed", "retry", "failed", "unknown")
CLOSED_PARCEL = ("packed_checked", "shipped", "handed_over")

orders = st.sampled_from(ORDERS)


def _label(order: Order) -> str:
    return f"FG1:{order.waybill}:{order.copies[-1].id}" if order.waybill and order.copies else ""


ASKED: dict[str, Any] = {
    "task.take": lambda _, o: ("picker", c.TaskTake((o.task,))) if o.task else None,
    "task.release": lambda _, o: ("leader", c.TaskRelease(o.task, "break")) if o.task else None,
    "tote.bind": lambda _, o: ("picker", c.ToteBind(o.task, o.id, "T-7")) if o.task else None,
    "pack.open": lambda _, o: ("packer", c.PackOpen(o.id)),
    "pack.finish": lambda _, o: ("packer", c.PackFinish(o.id)),
    "waybill.print": lambda _, o: ("packer", c.WaybillPrint(o.id)),
    "waybill.reprint": lambda _, o: ("packer", c.WaybillReprint(o.id, "torn")),
    "waybill.prove": lambda _, o: ("packer", c.WaybillProve(_label(o))) if _label(o) else None,
    "handover.scan": lambda _, o: ("keeper", c.HandoverScan(_label(o))) if _label(o) else None,
    "order.resend": lambda _, o: ("keeper", c.OrderResend(o.id, "lost")),
    "return.scan": lambda _, o: ("keeper", c.ReturnScan(o.id, "C2")),
    "return.close": lambda _, o: ("keeper", c.ReturnClose(o.id)),
    "putback.scan": lambda _, o: next(
        (
            ("keeper", c.PutbackScan(o.id, item.sku, 1))
            for item in o.put_back
            if item.done < item.qty
        ),
        ("keeper", c.PutbackScan(o.id, "x", 1)),
    ),
    "order.partial": lambda _, o: ("keeper", c.ApprovalRequest("partial", o.id)),
    "order.release": lambda _, o: ("keeper", c.ApprovalRequest("hold_release", o.id)),
}
"""What a person would send for an action, or None where they have nothing to send."""
PERSONAL = {
    "task_in_hand", "task_taken", "task_not_open", "packed_by_other", "unknown_order",
    "tote_in_use",
    "label_void", "label_old_copy", "approval_open", "locked_out", "account_locked",
}  # fmt: skip
"""What depends on who asks, on what they have in hand, or on the very label that they scan."""


class Floor(RuleBasedStateMachine):
    """People, printers and the hub do what is due, and whatever else comes to their mind."""

    def __init__(self) -> None:
        super().__init__()
        self.site = Site(stock=12)
        self.seen = 0
        self.read = 0
        self.checked: dict[str, dict[int, int]] = {}

    @initialize(lines=st.permutations(LINES), gifts=st.sampled_from(["given", "evaluate"]))
    def assign(self, lines: list[Any], gifts: str) -> None:
        for order_id, each in zip(ORDERS, lines, strict=False):
            self.site.assign(order_id, *each, gifts=gifts)

    @rule(order_id=orders, times=st.integers(1, 6), hasty=st.booleans())
    def go_on(self, order_id: str, times: int, *, hasty: bool) -> None:
        """Do with an order what is due, a few steps long; who is hasty closes it unchecked."""
        for _ in range(times):
            if hasty and self.site.state(order_id) == "packing":
                self.site.by("packer", c.PackFinish(order_id))
            self.do_next(order_id)

    def do_next(self, order_id: str) -> None:  # noqa: C901 - one case a state
        site, order = self.site, self.site.order(order_id)
        if order.freezes:
            return
        match order.state:
            case "ready":
                site.by("picker", c.TaskTake((order.task,)))
                site.by("picker", c.ToteBind(order.task, order_id, f"T-{order_id}"))
            case "picking":
                task = site.the(Task, order.task)
                if (task.state, task.picker) == ("taken", "picker") and order.tote:
                    site.pick_all(order_id)
            case "picked":
                site.by("packer", c.PackOpen(order_id))
            case "packing" if order.packer == "packer" and not any(order.checked):
                site.check_all(order_id)
                site.by("packer", c.PackFinish(order_id))
            case "packed_checked" if not order.copies:
                site.by("packer", c.WaybillPrint(order_id))
            case "packed_checked":
                site.report("claimed", order_id)
                site.by("packer", c.WaybillProve(site.qr(order_id)))
            case "shipped":
                site.by("keeper", c.HandoverScan(site.qr(order_id)))
            case "put_back":
                for item in order.put_back:
                    site.by("keeper", c.PutbackScan(order_id, item.sku, item.qty - item.done))

    @rule(
        who=st.sampled_from(WHO),
        what=st.integers(0, 17),
        order_id=orders,
        code=st.sampled_from(CODES),
        n=st.integers(0, 7),
        late_s=st.sampled_from([0, 0, 60]),
    )
    def anything(self, who: str, what: int, order_id: str, code: str, n: int, late_s: int) -> None:
        order = self.site.order(order_id)
        task, job, label = order.task or "none", "none", code
        if order.copies:
            copy = order.copies[n % len(order.copies)]
            job, label = copy.job, f"FG1:{order.waybill}:{copy.id}"
        both = tuple(self.site.order(each).task for each in ORDERS)
        asked = (
            c.PickScan(task, n % 3, code),
            c.PickScan(task, n % 3, code),
            c.PickQty(task, n % 3, n),
            c.PickShort(task, n % 3, n, "missing"),
            c.TaskTake(both if n % 2 else (task,)),
            c.TaskRelease(task, "break"),
            c.ToteBind(task, order_id, code),
            c.PackOpen(order_id),
            c.PackScan(order_id, code if n % 2 else "", n % 4, n),
            c.PackFinish(order_id),
            c.WaybillReprint(order_id, "torn") if n % 2 else c.WaybillPrint(order_id),
            c.HandoverScan(label) if n % 2 else c.WaybillProve(label),
            c.WaybillResolve(job, printed=bool(n % 2)),
            c.PutbackScan(order_id, code, n),
            c.OrderResend(order_id, "lost"),
            c.ReturnScan(order_id, "C2" if n % 2 else "Q1"),
            c.ReturnScan(code, "C2", order_id, n),
            c.ReturnClose(order_id),
        )[what]
        self.site.by(who, asked, captured_us=self.site.now_us - late_s * 1_000_000)

    @rule(order_id=orders, stage=st.sampled_from(STAGES))
    def printer(self, order_id: str, stage: str) -> None:
        if self.site.order(order_id).copies:
            self.site.report(stage, order_id)

    @rule(order_id=orders, what=st.sampled_from(["cancel", "rush", "address", *HUB]))
    def hub(self, order_id: str, what: str) -> None:
        if what in HUB:
            self.site.tell(what, order_id=order_id, state="hold_quality")
        else:
            self.site.freeze(order_id, what)

    @rule(order_id=orders, action=st.sampled_from(sorted(ASKED)))
    def why_not_says_what_the_command_is_told(self, order_id: str, action: str) -> None:
        """What is asked before it is tried is what the trial answers (FLOW-3)."""
        site, order = self.site, self.site.order(order_id)
        command = ASKED[action](site, order)
        if command is None:
            return
        who, data = command
        fields = {"device": f"pda-{who}", "actor": who, "session": f"session-{who}"}
        answer = site.decide(data, via="pda", roles=PEOPLE[who], **fields).answer
        found = ask(site.world, order, site.rules, action)
        if found.open:
            assert answer.ok or answer.code in PERSONAL
        else:
            assert answer.code == found.why[0].code or answer.code in PERSONAL

    @rule(order_id=orders, answer=st.sampled_from(["grant", "grant", "deny"]))
    def supervisor(self, order_id: str, answer: str) -> None:
        if self.site.order(order_id).approvals:
            self.site.sign(self.site.approval(order_id).id, "supervisor", answer)

    @rule(order_id=orders, status=st.sampled_from(CARRIER))
    def carrier(self, order_id: str, status: str) -> None:
        self.site.tell("order.carrier_status", order_id=order_id, status=status)

    @precondition(lambda self: self.site.timers())
    @rule()
    def wait(self) -> None:
        self.site.fire_timers()

    # ---- what holds always -------------------------------------------------------------------

    @invariant()
    def shipped_only_by_proof(self) -> None:
        for order in self.site.all(Order):
            if order.state not in ("shipped", "handed_over"):
                continue
            live = [copy for copy in order.copies if not copy.void]
            assert (order.grade, len(live)) == ("scan_confirmed", 1)
            proofs = [d for d in self.site.said("waybill.proved") if d.data["copy"] == live[0].id]
            assert proofs != []
            assert self.site.the(Job, live[0].job).state == "proved"

    @invariant()
    def a_gate_is_open_only_where_its_promise_is_kept(self) -> None:
        """What was scanned and proved is read from the journal, not from what gates read."""
        for draft in self.site.journal[self.read :]:
            self.note_check(draft.kind, draft.data)
        self.read = len(self.site.journal)
        proved = {draft.data["copy"] for draft in self.site.said("waybill.proved")}
        for order in self.site.all(Order):
            is_checked = not self.unchecked(order)
            assert is_checked or order.state not in CLOSED_PARCEL
            assert is_checked or self.is_closed("all_checked", order)
            is_proved = any(copy.id in proved for copy in order.copies if not copy.void)
            assert is_proved or self.is_closed("label_proved", order)

    def is_closed(self, gate: str, order: Order) -> bool:
        return GATES[gate].check(self.site.world, order, self.site.rules) is not None

    def unchecked(self, order: Order) -> list[int]:
        """Return the lines that have pieces in the parcel which nobody scanned at packing."""
        checked = self.checked.get(order.id, {})
        lines = self.site.the(Assignment, order.id).lines
        due = {line.no: order.short.get(str(line.no), line.qty) for line in lines}
        return [no for no, qty in due.items() if checked.get(no, 0) < qty]

    def note_check(self, kind: str, data: dict[str, Any]) -> None:
        """Count a piece that was checked; who opens a parcel anew begins from nothing."""
        order = str(data.get("order", ""))
        if kind in ("pick.kept", "pick.voided") or data.get("anew"):
            self.checked[order] = {}
        elif kind == "pack.scanned":
            lines = self.checked.setdefault(order, {})
            lines[data["line"]] = lines.get(data["line"], 0) + data["qty"]

    @invariant()
    def moves_are_in_the_table_and_never_under_a_freeze(self) -> None:
        rules = self.site.rules
        frozen: dict[str, int] = {}
        for at, draft in enumerate(self.site.journal):
            order = str(draft.data.get("order", ""))
            if draft.kind == "freeze.opened":
                frozen[order] = frozen.get(order, 0) + 1
            elif draft.kind == "freeze.closed":
                frozen[order] -= 1
            elif draft.kind == "order.moved" and at >= self.seen:
                self.check_move(rules, draft.data, is_frozen=bool(frozen.get(order)))
        self.seen = len(self.site.journal)

    @staticmethod
    def check_move(rules: Any, move: dict[str, Any], *, is_frozen: bool) -> None:
        if move["action"] == "order.hold":
            assert rules.states[move["to"]].kind == "hold"
            assert move["from"] in ("received", "ready")
            assert not is_frozen
            return
        ways = rules.transitions(move["action"], move["from"])
        assert move["to"] in {way.to for way in ways}
        if is_frozen:
            assert any(way.frozen for way in ways if way.to == move["to"])

    @invariant()
    def stock_adds_up(self) -> None:
        held: dict[str, int] = {}
        for lock in self.site.all(Lock):
            for sku, location, lot, qty in lock.pieces:
                assert qty > 0
                at = shelf_id(sku, location, lot)
                held[at] = held.get(at, 0) + qty
        for shelf in self.site.all(Shelf):
            assert min(shelf.on_hand, shelf.locked, shelf.out) >= 0
            assert shelf.locked == held.get(shelf.id, 0)

    @invariant()
    def one_tote_one_order_and_one_task_in_two_hands(self) -> None:
        totes = [order.tote for order in self.site.all(Order) if order.tote]
        assert len(totes) == len(set(totes))
        taken = [task.picker for task in self.site.all(Task) if task.state == "taken"]
        assert len(taken) == len(set(taken))

    def teardown(self) -> None:
        """Replaying the journal into an empty world gives the same documents, to the byte."""
        self.let_go_what_ended()
        world = World(lambda _kind, _id: None)
        for draft in self.site.journal:
            apply(world, draft)
        replayed = world.changes
        encode = msgspec.msgpack.Encoder(order="sorted").encode
        assert set(replayed) == set(self.site.docs)
        assert all(encode(replayed[key]) == encode(doc) for key, doc in self.site.docs.items())

    def let_go_what_ended(self) -> None:
        """Years later what ended leaves; the books, and whatever is open, are as before (OPS-2)."""
        site = self.site
        before = {order.id: order for order in site.all(Order)}
        open_tasks = [task for task in site.all(Task) if task.state in ("open", "taken")]
        site.run(c.OrdersLetGo(ORDERS, {}, site.now_us + 1), via="box")
        left = {order.id: order for order in site.all(Order)}
        assert left.items() <= before.items()
        for order_id in before.keys() - left.keys():
            gone = before[order_id]
            assert gone.shipped_us or site.rules.is_over(gone.state)
            assert (gone.freezes, gone.approvals) == ((), ())
            assert site.tell("order.assign", order_id=order_id).facts["code"] == "already_assigned"
        assert [task for task in site.all(Task) if task.state in ("open", "taken")] == open_tasks
        self.stock_adds_up()


TestFloor = SHRINKS(Floor.TestCase)
TestFloor.settings = settings(max_examples=70, stateful_step_count=40, deadline=None)


def test_a_decision_leaves_its_world_as_it_was() -> None:
    """The input world does not change, and the same inputs give the same drafts (RULE-3)."""
    site = Site().to_printed()
    asked = [
        c.WaybillProve(site.qr()),
        c.WaybillReprint("1001", "torn"),
        c.PackOpen("1001"),
        c.WaybillProve("SF9999"),
        c.InstructionAccept(site.dseq + 1, "order.freeze", 0, {"order_id": "1001"}),
    ]
    for data in asked:
        before = dict(site.docs)
        made = []
        for _ in range(2):
            fresh = Site().to_printed()
            made.append(fresh.decide(data, via="pda", **_packer()))
        assert made[0].drafts == made[1].drafts
        assert made[0].answer == made[1].answer
        assert site.docs == before


def _packer() -> dict[str, Any]:
    return {"device": "pda-packer", "actor": "packer", "session": "session-packer"}
