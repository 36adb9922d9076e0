"""A floor in memory, driven by commands alone: what tests of the domain stand on.

No test sets a field of a document. Every state is reached by the commands that people, printers,
timers and the hub would send, through `decide`; the journal that they leave is kept.
"""

import itertools
from importlib.resources import files
from typing import Any, Final, TypeVar

import msgspec

from edge.domain import commands as c
from edge.domain.allotting import Books, books
from edge.domain.approving import facts_hash
from edge.domain.commands import Command
from edge.domain.decide import Answer, Decision, decide
from edge.domain.entries import Draft, PersonalRecord
from edge.domain.ids import derived_id
from edge.domain.model import (
    Alarm,
    Approval,
    Assignment,
    Doc,
    Job,
    Order,
    Plan,
    Session,
    Task,
    Timer,
)
from edge.domain.rules import Ruleset
from edge.domain.rulesets import active_rules
from edge.domain.turn import Env
from edge.domain.world import Changes, World

RULES: Final = files("edge.domain").joinpath("default_ruleset.toml").read_bytes()
T = TypeVar("T", bound=Doc)

START_US: Final = 1_790_000_000_000_000
S: Final = 1_000_000

MUG, TOWEL, BOOK = "MUG-01", "TOWEL-02", "BOOK-03"
WIPES, BIB = "WIPES-80", "BIB-01"
BINS: Final = {MUG: "A-01-01", TOWEL: "A-02-01", BOOK: "B-01-01", WIPES: "B-09-01", BIB: "B-09-02"}
PEOPLE: Final = {
    "picker": ("picker",),
    "picker2": ("picker",),
    "packer": ("packer",),
    "packer2": ("packer",),
    "keeper": ("keeper",),
    "leader": ("leader",),
    "supervisor": ("supervisor",),
    "supervisor2": ("supervisor",),
    "admin": ("admin",),
}


def gtin(sku: str) -> str:
    """Return the printed code of a catalogue item."""
    return f"69{list(BINS).index(sku):011d}"


def line(no: int, sku: str, qty: int, **more: Any) -> dict[str, Any]:
    """Return an order line as the hub sends it."""
    return {"no": no, "sku": sku, "qty": qty} | more


class Site:
    """A box with goods, people and waybill numbers, and everything that happened on it."""

    def __init__(self, *, stock: int = 100, rules: bytes = RULES) -> None:
        self.docs: Changes = {}
        self.journal: list[Draft] = []
        self.personal: list[PersonalRecord] = []
        self.now_us = START_US
        self.boot_us = 50 * S
        self.boot_id = "boot-1"
        self.is_time_trusted = False
        self.dseq = 0
        self.last: Decision | None = None
        self._ids = itertools.count(1)
        self.run(c.BoxFound("Hall 1", rules), via="box")
        self.tell("catalog.upsert", items=[
            {"sku": sku, "name": {"zh": sku, "en": sku}, "codes": [gtin(sku)]} for sku in BINS
        ])  # fmt: skip
        self.tell("location.upsert", items=[
            {"code": code, "zone": code[0], "walk": walk} for walk, code in enumerate(BINS.values())
        ])  # fmt: skip
        self.snapshot(dict.fromkeys(BINS, stock))
        self.tell("waybill.pool", carrier="SF", numbers=[f"SF{n:04}" for n in range(1, 40)])
        self.tell("people.upsert", items=[person(name, roles) for name, roles in PEOPLE.items()])
        for name in PEOPLE:
            self.sign_in(name)

    # ---- the world and the door --------------------------------------------------------------

    def load(self, kind: type[Doc], doc_id: str) -> Doc | None:
        """Return a document as it is now."""
        return self.docs.get((kind.KIND, doc_id))

    @property
    def world(self) -> World:
        """The world as it is now."""
        return World(self.load)

    @property
    def rules(self) -> Ruleset:
        """The ruleset that decides now."""
        return active_rules(self.world)

    def new_id(self) -> str:
        """Return the next id."""
        return derived_id("test", str(next(self._ids)))

    def env(self) -> Env:
        """Return what a decision may know now."""
        return Env(
            now_us=self.now_us,
            boot_us=self.boot_us,
            boot_id=self.boot_id,
            new_id=self.new_id,
            new_salt=lambda: b"salt" * 4,
            box="box-1",
            head_seq=len(self.journal),
            is_time_trusted=self.is_time_trusted,
        )

    def run(self, data: Any, **who: Any) -> Answer:
        """Decide a command, and take over what it did."""
        return self.take_over(self.decide(data, **who)).answer

    def decide(self, data: Any, **who: Any) -> Decision:
        """Decide a command without taking over what it did."""
        fields: dict[str, Any] = {"device": "box", "actor": "box", "via": "box"}
        fields |= {"id": self.new_id(), "captured_us": self.now_us} | who
        command = Command(data=data, **fields)
        return decide(self.world, command, self.env())

    def take_over(self, decision: Decision) -> Decision:
        """Let a decision become what is."""
        self.docs |= decision.world.changes
        self.journal += decision.drafts
        self.personal += decision.personal
        self.last = decision
        self.now_us += S // 100
        self.boot_us += S // 100
        return decision

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.now_us += int(seconds * S)
        self.boot_us += int(seconds * S)

    # ---- people ------------------------------------------------------------------------------

    def sign_in(self, name: str) -> None:
        """Open the session of a person at a device of the same name."""
        station = "S1" if "pack" in name else ""
        self.run(
            c.SessionOpen(f"session-{name}", name, station),
            via="pda", device=f"pda-{name}", actor=name, factors=("badge", "pin"),
        )  # fmt: skip

    def bins(self, sku: str, *items: dict[str, Any], **as_of: int) -> Answer:
        """Let the hub say which bins and lots a SKU lies in; a new bin stands in zone Z."""
        known = [item["location"] for item in items if item["location"] not in BINS.values()]
        new = [{"code": code, "zone": "Z", "walk": 50 + n} for n, code in enumerate(sorted(known))]
        if new:
            self.tell("location.upsert", items=new)
        return self.tell("stock.snapshot", items=[{"sku": sku} | item for item in items], **as_of)

    def know(self, sku: str, **flags: Any) -> None:
        """Let the hub change what the catalogue says of a SKU."""
        item = {"sku": sku, "name": {"zh": sku, "en": sku}, "codes": [gtin(sku)]}
        self.tell("catalog.upsert", items=[item | flags])

    def by(self, name: str, data: Any, **over: Any) -> Answer:
        """Send a command from a person's PDA."""
        who = {
            "via": "pda",
            "device": f"pda-{name}",
            "actor": name,
            "session": f"session-{name}",
            "roles": PEOPLE.get(name, ()),
        }
        return self.run(data, **who | over)

    def ask(
        self,
        kind: str,
        order_id: str = "1001",
        *,
        who: str = "packer",
        reason: str = "",
        **data: str | int,
    ) -> Answer:
        """Ask for an approval."""
        return self.by(who, c.ApprovalRequest(kind, order_id, reason, data))

    def sign(
        self,
        approval: str,
        who: str = "supervisor",
        answer: str = "grant",
        *,
        at: str = "packer",
        shown: str = "",
        opinion: str = "",
        **over: Any,
    ) -> Answer:
        """Sign an approval by badge and PIN on somebody's PDA."""
        shown = shown or facts_hash(self.world, self.the(Approval, approval))
        fields = {
            "via": "pda",
            "device": f"pda-{at}",
            "actor": who,
            "session": f"session-{at}",
            "factors": ("badge", "pin"),
        }
        return self.run(c.ApprovalDecide(approval, shown, answer, opinion), **fields | over)

    def approval(self, order_id: str = "1001") -> Approval:
        """Return the newest open approval about an order."""
        return self.the(Approval, self.order(order_id).approvals[-1])

    # ---- the hub -----------------------------------------------------------------------------

    def tell(self, kind: str, **body: Any) -> Answer:
        """Let the hub send an instruction."""
        self.dseq += 1
        asked = c.InstructionAccept(self.dseq, kind, self.now_us, body)
        answer = self.run(asked, via="hub", actor="hub")
        assert answer.facts.get("code") != "internal", self.journal[-1].data
        return answer

    def snapshot(self, pieces: dict[str, int]) -> None:
        """Let the hub say what lies in the bins."""
        items = [{"sku": s, "location": BINS[s], "qty": q} for s, q in pieces.items()]
        self.tell("stock.snapshot", items=items)

    def assign(self, order_id: str = "1001", *lines: dict[str, Any], **over: Any) -> Answer:
        """Let the hub assign an order; by default two mugs and eight towels."""
        body = {
            "order_id": order_id,
            "type": "normal",
            "tags": [],
            "paid_at": self.now_us - 60 * S,
            "promise": 3600 * S,
            "finance_cleared": True,
            "lines": list(lines) or [line(1, MUG, 2), line(2, TOWEL, 8)],
            "recipient": {"name": "李雷", "phone": "13800000000", "address": "文一路 1 号"},
            "carrier": "SF",
            "service": "standard",
            "gifts": "given",
        }
        return self.tell("order.assign", **body | over)

    def freeze(self, order_id: str = "1001", category: str = "cancel", **over: Any) -> Answer:
        """Let the hub intercept an order."""
        return self.tell("order.freeze", order_id=order_id, category=category, **over)

    def cancel(self, order_id: str = "1001") -> None:
        """Let the hub cancel an order, and the countdown end."""
        self.freeze(order_id)
        self.fire_timers()

    def timers(self, purpose: str = "freeze.effect") -> list[Timer]:
        """Return the armed timers of a purpose, the next one first."""
        timers = (each for each in self.all(Timer) if each.purpose == purpose)
        armed = [each for each in timers if each.state == "armed"]
        return sorted(armed, key=lambda timer: timer.due_boot_us)

    def fire_timers(self, purpose: str = "freeze.effect") -> None:
        """Wait for every armed timer of a purpose, and fire it."""
        for timer in self.timers(purpose):
            self.pass_s(max(0, timer.due_boot_us - self.boot_us) / S)
            assert self.run(c.TimerFire(timer.id), via="timer").ok

    # ---- picking -----------------------------------------------------------------------------

    def task_id(self, order_id: str = "1001") -> str:
        """Return the task of an order."""
        return self.order(order_id).task

    def take(self, *order_ids: str, who: str = "picker") -> Answer:
        """Take the tasks of orders as one cluster."""
        tasks = tuple(self.task_id(each) for each in order_ids or ("1001",))
        return self.by(who, c.TaskTake(tasks))

    def bind(self, order_id: str = "1001", tote: str = "", who: str = "picker") -> Answer:
        """Bind a tote to an order in hand."""
        return self.by(who, c.ToteBind(self.task_id(order_id), order_id, tote or f"T-{order_id}"))

    def pick(self, task_id: str, no: int, who: str = "picker") -> None:
        """Pick a step in full: location, then every piece or the quantity."""
        step = self.the(Plan, task_id).steps[no - 1]
        assert self.by(who, c.PickScan(task_id, no, step.location)).ok
        if step.check == "confirm":
            assert self.by(who, c.PickScan(task_id, no, gtin(step.sku))).ok
            assert self.by(who, c.PickQty(task_id, no, step.qty)).ok
            return
        for _ in range(step.qty - self.the(Task, task_id).picked[no - 1]):
            assert self.by(who, c.PickScan(task_id, no, gtin(step.sku))).ok

    def pick_all(self, order_id: str = "1001", who: str = "picker") -> None:
        """Pick every open step of an order in hand."""
        task_id = self.task_id(order_id)
        for no, step in enumerate(self.the(Plan, task_id).steps, 1):
            if step.order == order_id and not self.the(Task, task_id).closed[no - 1]:
                self.pick(task_id, no, who)

    def short(self, order_id: str = "1001", found: int = 0, no: int = 1) -> Answer:
        """Close a step short."""
        return self.by("picker", c.PickShort(self.task_id(order_id), no, found, "missing"))

    # ---- packing -----------------------------------------------------------------------------

    def check_all(self, order_id: str = "1001", who: str = "packer") -> None:
        """Check every line of an order that is being packed."""
        for each in self.the(Assignment, order_id).lines:
            if each.gift and not each.tracked:
                scans = [c.PackScan(order_id, line=each.no, qty=each.qty)]
            elif each.qty > self.rules.document.picking.each_max:
                scans = [c.PackScan(order_id, gtin(each.sku), each.no, each.qty)]
            else:
                scans = [c.PackScan(order_id, gtin(each.sku), each.no)] * each.qty
            for scan in scans:
                assert self.by(who, scan).ok

    def job(self, order_id: str = "1001") -> Job:
        """Return the newest print job of an order."""
        return self.the(Job, self.order(order_id).copies[-1].job)

    def report(self, stage: str, order_id: str = "1001", **facts: Any) -> Answer:
        """Let the print queue say what became of the newest copy."""
        return self.run(c.PrintReport(self.job(order_id).id, stage, **facts), via="driver")

    def qr(self, order_id: str = "1001", n: int = 0) -> str:
        """Return what the QR code of copy `n` says; 0 is the newest one."""
        order = self.order(order_id)
        return f"FG1:{order.waybill}:{order.copies[n - 1].id}"

    def prove(self, code: str = "", order_id: str = "1001") -> Answer:
        """Scan the label on the parcel."""
        return self.by("packer", c.WaybillProve(code or self.qr(order_id)))

    # ---- states ------------------------------------------------------------------------------

    def to_picking(self, order_id: str = "1001", *lines: dict[str, Any], **over: Any) -> "Site":
        """Bring a new order into a picker's hands, with a tote."""
        self.assign(order_id, *lines, **over)
        assert self.take(order_id).ok
        assert self.bind(order_id).ok
        return self

    def to_picked(self, order_id: str = "1001", *lines: dict[str, Any], **over: Any) -> "Site":
        """Bring a new order to `picked`."""
        self.to_picking(order_id, *lines, **over)
        self.pick_all(order_id)
        return self

    def to_short(self, order_id: str = "1001") -> "Site":
        """Bring a new order to `short`: no mug was found, all else is picked."""
        self.to_picking(order_id)
        assert self.short(order_id).ok
        self.pick_all(order_id)
        return self

    def to_packing(self, order_id: str = "1001", *lines: dict[str, Any], **over: Any) -> "Site":
        """Bring a new order to `packing`."""
        self.to_picked(order_id, *lines, **over)
        assert self.by("packer", c.PackOpen(order_id)).ok
        return self

    def to_checked(self, order_id: str = "1001", *lines: dict[str, Any], **over: Any) -> "Site":
        """Bring a new order to `packed_checked`."""
        self.to_packing(order_id, *lines, **over)
        self.check_all(order_id)
        assert self.by("packer", c.PackFinish(order_id)).ok
        return self

    def to_printed(self, order_id: str = "1001", *lines: dict[str, Any], **over: Any) -> "Site":
        """Bring a new order to where its label has left for the printer."""
        self.to_checked(order_id, *lines, **over)
        assert self.by("packer", c.WaybillPrint(order_id)).ok
        for stage in ("claimed", "sent"):
            assert self.report(stage, order_id).ok
        return self

    def to_shipped(self, order_id: str = "1001", *lines: dict[str, Any], **over: Any) -> "Site":
        """Bring a new order to `shipped`."""
        self.to_printed(order_id, *lines, **over)
        assert self.prove(order_id=order_id).ok
        return self

    def to_handed_over(self, order_id: str = "1001", *lines: dict[str, Any]) -> "Site":
        """Bring a new order to `handed_over`."""
        self.to_shipped(order_id, *lines)
        assert self.by("keeper", c.HandoverScan(self.qr(order_id))).ok
        return self

    def to_trouble(self, order_id: str = "1001") -> "Site":
        """Bring a new order to `carrier_trouble`."""
        self.to_handed_over(order_id)
        self.tell("order.carrier_status", order_id=order_id, status="lost")
        return self

    def to_resend(self, order_id: str = "1001") -> "Site":
        """Bring a new order to `to_resend`: its goods are gone, and there are no others."""
        self.to_handed_over(order_id)
        self.snapshot(dict.fromkeys(BINS, 0))
        assert self.by("keeper", c.OrderResend(order_id, "lost")).ok
        assert self.sign(self.approval(order_id).id).ok
        return self

    def to_returning(self, order_id: str = "1001") -> "Site":
        """Bring a new order to `returning`: its parcel came back, unopened."""
        self.to_handed_over(order_id)
        assert self.by("keeper", c.ReturnScan(self.qr(order_id), "C2")).ok
        return self

    def to_returned(self, order_id: str = "1001") -> "Site":
        """Bring a new order to `returned`: every piece was scanned back."""
        self.to_returning(order_id)
        for item in self.order(order_id).returns:
            asked = c.ReturnScan(gtin(item.sku), "C2", order_id, item.qty)
            assert self.by("keeper", asked).ok
        return self

    # ---- what is -----------------------------------------------------------------------------

    def order(self, order_id: str = "1001") -> Order:
        """Return an order."""
        return self.the(Order, order_id)

    def state(self, order_id: str = "1001") -> str:
        """Return the state of an order."""
        return self.order(order_id).state

    def stock(self, sku: str) -> Books:
        """Return what the books say of a SKU, for an order without tags."""
        return books(self.world, sku, self.rules)

    def alarms(self, name: str) -> list[Alarm]:
        """Return the alarms of a person that wait for an acknowledgement."""
        return [each for each in self.all(Alarm) if each.person == name and each.acked_us is None]

    def session(self, name: str) -> Session:
        """Return the session of a person."""
        return self.the(Session, f"session-{name}")

    def the(self, kind: type[T], doc_id: str) -> T:
        """Return a document that must exist."""
        return self.world.the(kind, doc_id)

    def all(self, kind: type[T]) -> list[T]:
        """Return every document of a kind."""
        return [doc for doc in self.docs.values() if isinstance(doc, kind)]

    def said(self, kind: str) -> list[Draft]:
        """Return the entries of a kind."""
        return [draft for draft in self.journal if draft.kind == kind]

    def moves(self, order_id: str = "1001") -> list[str]:
        """Return the states that an order went through."""
        return [d.data["to"] for d in self.said("order.moved") if d.data["order"] == order_id]


def person(name: str, roles: tuple[str, ...], *, active: bool = True) -> dict[str, Any]:
    """Return a person as the hub sends them."""
    pin = {"salt": "00" * 16, "n": 16, "r": 1, "p": 1, "hash": "11" * 32}
    return {
        "id": name,
        "roles": list(roles),
        "badge_hash": f"hash-of-{name}",
        "active": active,
        "name": {"zh": name, "en": name},
        "pin": pin,
    }


def changed_rules(**sections: Any) -> bytes:
    """Return the default ruleset with fields of some sections replaced, as version 2.

    It comes without samples: those say what the default itself does.
    """
    document = msgspec.toml.decode(RULES) | {"samples": []}
    document["meta"]["version"] = 2
    for section, fields in sections.items():
        document[section] = (
            {**document.get(section, {}), **fields} if isinstance(fields, dict) else fields
        )
    return msgspec.json.encode(document)


def outcome(site: Site) -> tuple[str, str]:
    """Return kind and code of the last entry."""
    entry = site.journal[-1]
    return entry.kind, entry.data.get("code", "")
