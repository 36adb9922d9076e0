"""The second opinion on orders: what they may do, judged from the entries alone.

It keeps its own small picture of each order and shares nothing with the law that it judges.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from sync.api import Entry

Found = Iterator[str]

GRADES: Final = {"none": 0, "accepted": 1, "sent": 2, "printer_confirmed": 3, "scan_confirmed": 4}
STAGES: Final = {"sent": 2, "confirmed": 3}
WORK: Final = frozenset(
    {"pick.scanned", "pick.counted", "pick.shorted", "tote.bound", "pack.opened", "pack.scanned",
     "pack.finished", "waybill.bound", "print.queued", "waybill.proved", "handover.scanned"}
)  # fmt: skip
"""What people do to an order; nobody does it while the order is frozen (FRZ-2)."""
END: Final = ("handed_over", "cancelled")


class Seen(msgspec.Struct):
    """What the entries say of one order so far."""

    state: str = ""
    needed: dict[int, int] = {}
    """Pieces to check at packing, by line."""
    short: dict[int, int] = {}
    """Pieces found of lines that were closed short."""
    checked: dict[int, int] = {}
    packer: str = ""
    """Who checked them; another packer checks anew."""
    open_freezes: set[str] = set()
    is_finished: bool = False
    waybill: str = ""
    copies: dict[str, int] = {}
    """Best proof of each copy that is not void."""
    jobs: dict[str, str] = {}
    """Copy by print job."""
    shipped: int = 0


def judge_orders(entries: Iterable[Entry]) -> Found:
    """Yield every step of an order that it must not take."""
    court = _Court()
    for entry in entries:
        yield from (f"entry {entry.seq}: {what}" for what in court.hear(entry))


class _Court:
    def __init__(self) -> None:
        self._orders: dict[str, Seen] = {}
        self._jobs: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._on_paper: set[str] = set()
        """Numbers of which a printer was asked for a label."""
        self._decisions: dict[str, str] = {}
        """Approval by the command that decided it."""
        self._contested: set[str] = set()
        self._least: dict[str, int] = {}
        self._rules = ""

    def hear(self, entry: Entry) -> Found:
        """Take note of one entry and yield what is wrong with it."""
        if entry.kind == "ruleset.activated":
            self._rules = entry.data["label"]
            self._least[self._rules] = _proof_least(entry.data["document"])
            return
        if entry.kind == "approval.decided":
            if entry.data["approval"] in self._decisions.values():
                yield f"{entry.data['approval']} is decided a second time"
            self._decisions[entry.cause] = entry.data["approval"]
        order = entry.subject.removeprefix("order:")
        if entry.kind in ("print.reported", "waybill.resolved"):
            order = self._jobs[entry.data["job"]]
        if entry.kind == "order.assigned":
            if order in self._orders:
                yield f"{order} is assigned a second time"
            self._orders[order] = Seen()
        seen = self._orders.get(order)
        if seen is None:
            return
        if entry.kind in WORK and seen.open_freezes:
            yield f"{entry.kind} on the frozen {order}"
        if entry.kind in WORK and seen.state in END and entry.kind != "handover.scanned":
            yield f"{entry.kind} on {order}, which has ended"
        yield from self._note(entry, order, seen)

    def _note(self, entry: Entry, order: str, seen: Seen) -> Found:
        data: dict[str, Any] = entry.data
        match entry.kind:
            case "order.assigned":
                seen.state = data["state"]
                _expect(seen, data["content"]["lines"])
            case "gift.granted":
                _expect(seen, data["lines"])
            case "order.moved":
                yield from self._moved(entry, order, seen)
            case "pick.shorted":
                _find(seen, data["line"], data["found"] - data["wanted"])
            case "task.extended":
                for line, _, qty, *_ in data["steps"]:
                    _find(seen, line, qty)
            case "pack.opened" | "pack.scanned" | "pack.finished":
                _pack(entry, seen)
            case kind if kind.startswith("freeze."):
                yield from self._freeze(entry, order, seen)
            case _:
                yield from self._label(entry, order, seen)

    def _freeze(self, entry: Entry, order: str, seen: Seen) -> Found:
        data: dict[str, Any] = entry.data
        match entry.kind:
            case "freeze.opened":
                seen.open_freezes.add(data["freeze"])
            case "freeze.contested":
                self._contested.update(data["freezes"])
            case "freeze.resumed":
                self._contested.discard(data["freeze"])
            case "freeze.closed":
                seen.open_freezes.discard(data["freeze"])
                counts = data["freeze"] in self._contested and data["outcome"] == "applied"
                if counts and entry.cause not in self._decisions:
                    yield f"a contested {data['category']} of {order} counts undecided"

    def _label(self, entry: Entry, order: str, seen: Seen) -> Found:
        data: dict[str, Any] = entry.data
        match entry.kind:
            case "waybill.adopted":
                seen.copies = {data["copy"]: GRADES["accepted"]}
                seen.jobs[data["job"]] = data["copy"]
                self._jobs[data["job"]] = order
            case "waybill.bound" | "waybill.released":
                yield from self._number(entry, order, seen)
            case "print.queued":
                if seen.copies:
                    yield f"{order} has a second label while the first is not void"
                seen.copies[data["copy"]] = GRADES["accepted"]
                seen.jobs[data["job"]] = data["copy"]
                self._jobs[data["job"]] = order
            case "print.reported":
                _prove(seen, seen.jobs[data["job"]], STAGES.get(data["stage"], 0))
                if data["stage"] == "claimed":
                    self._on_paper.add(seen.waybill)
            case "waybill.proved":
                if not _prove(seen, data["copy"], GRADES["scan_confirmed"]):
                    yield f"{order} is proved by a label that is void or unknown"
            case "waybill.voided":
                seen.copies = {c: g for c, g in seen.copies.items() if c not in data["copies"]}

    def _number(self, entry: Entry, order: str, seen: Seen) -> Found:
        number = entry.data["waybill"]
        if entry.kind == "waybill.released":
            if number in self._on_paper:
                yield f"{order} gives {number} back, which a label may carry"
            self._numbers.pop(number, None)
            return
        if self._numbers.setdefault(number, order) != order:
            yield f"waybill {number} is bound to {order} and another order"
        seen.waybill = number

    def _moved(self, entry: Entry, order: str, seen: Seen) -> Found:
        data = entry.data
        if data["from"] != seen.state:
            yield f"{order} moves from {data['from']}, it is {seen.state}"
        if seen.state in END:
            yield f"{order} moves to {data['to']}, it has ended"
        is_effect = entry.via == "timer" or entry.cause in self._decisions
        if seen.open_freezes and not (is_effect and data["action"] == "order.cancel"):
            yield f"the frozen {order} moves by {data['action']}"
        if data["to"] == "shipped":
            yield from self._shipped(order, seen)
        if data["to"] == "handed_over" and seen.state != "shipped":
            yield f"{order} is handed over from {seen.state}"
        seen.state = data["to"]

    def _shipped(self, order: str, seen: Seen) -> Found:
        seen.shipped += 1
        if seen.shipped > 1:
            yield f"{order} ships {seen.shipped} times"
        if seen.state != "packed_checked" or not seen.is_finished:
            yield f"{order} ships from {seen.state}"
        for line, qty in seen.needed.items():
            if seen.checked.get(line, 0) < seen.short.get(line, qty):
                yield f"{order} ships with line {line} not checked"
        best = max(seen.copies.values(), default=0)
        if best < self._least[self._rules]:
            yield f"{order} ships with a label proved to grade {best}"
        if not seen.waybill:
            yield f"{order} ships without a waybill"


def _prove(seen: Seen, copy: str, grade: int) -> bool:
    """Note a proof of a copy; return whether that copy is not void."""
    if copy in seen.copies:
        seen.copies[copy] = max(seen.copies[copy], grade)
    return copy in seen.copies


def _pack(entry: Entry, seen: Seen) -> None:
    data = entry.data
    if entry.kind == "pack.finished":
        seen.is_finished = True
    elif entry.kind == "pack.scanned":
        seen.checked[data["line"]] = seen.checked.get(data["line"], 0) + data["qty"]
    elif seen.state == "packing" and seen.packer != entry.actor:
        seen.packer, seen.checked = entry.actor, {}


def _find(seen: Seen, line: int, change: int) -> None:
    """Note pieces that were not found (negative), or that another bin makes up for."""
    seen.short[line] = seen.short.get(line, seen.needed[line]) + change


def _expect(seen: Seen, lines: list[dict[str, Any]]) -> None:
    for line in lines:
        seen.needed[line["no"]] = seen.needed.get(line["no"], 0) + line["qty"]


def _proof_least(document: bytes) -> int:
    text = document.decode()
    parsed = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    return GRADES[parsed.get("labels", {}).get("proof_least", "scan_confirmed")]
