"""Tasks to pick, and what carries the goods."""

from typing import Final

import msgspec

from edge.domain.model.base import Doc, Name


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One stop of a guided pick: some pieces of one line from one bin."""

    order: str
    line: int
    sku: str
    name: Name
    gift: bool
    location: str
    zone: str
    walk: int
    qty: int
    check: str
    """`each`: every piece is scanned. `confirm`: one scan, then the quantity."""
    codes: tuple[str, ...]
    lots_ok: tuple[str, ...] = ()
    """Lots that may be taken; none means any."""
    needs_lot: bool = False
    """Each scan must name its lot."""
    needs_expiry: bool = False
    """The last day of use must be known, and not be past."""

    @property
    def lot(self) -> str:
        """The lot that was planned, or nothing."""
        return self.lots_ok[0] if self.lots_ok else ""


class Plan(Doc, frozen=True, kw_only=True):
    """The steps of a task in walk order; fixed while the task is in hand."""

    KIND = "plan"
    steps: tuple[Step, ...]


QUEUES: Final = ("P0/24h", "P0/normal", "24h", "normal")
"""Terms of open tasks, in the order in which they are offered: priority, lane, then age."""


class Task(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """Lines to pick by one picker, of one or several orders. `picked` runs beside `Plan.steps`."""

    KIND = "task"
    state: str
    """open, taken, done, merged (into another task) or dropped (its order ended)."""
    lane: str
    orders: tuple[str, ...]
    picked: tuple[int, ...]
    closed: tuple[bool, ...]
    """Steps that need nothing more: all picked, or closed short."""
    scanned: int = 0
    """Number of the confirm step whose item was scanned and whose quantity is due, or 0."""
    created_us: int = 0
    picker: str = ""
    taken_us: int = 0
    at: str = ""
    rev: int = 0
    priority: str = ""

    def terms(self) -> dict[str, str]:
        """Return the queue of an open task, the picker of a taken one."""
        match self.state:
            case "open":
                return {"open": f"{self.priority}/{self.lane}" if self.priority else self.lane}
            case "taken":
                return {"picker": self.picker}
        return {}


class Tote(Doc, frozen=True, kw_only=True):
    """A tote and the order that it carries."""

    KIND = "tote"
    order: str = ""
