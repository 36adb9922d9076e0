"""What comes from the box itself: timers, the hub, its own beginnings."""

from typing import Any

from edge.domain.commands.base import Data


class TimerFire(Data, frozen=True, tag="timer.fire"):
    """A deadline has come."""

    FROM_CLIENTS = False
    timer_id: str


class InstructionAccept(Data, frozen=True, tag="instruction.accept"):
    """An instruction of the hub, its signature verified at the door."""

    FROM_CLIENTS = False
    dseq: int
    instruction_kind: str
    issued_at: int
    body: Any


class RulesetActivate(Data, frozen=True, tag="ruleset.activate"):
    """Make a ruleset the one that decides; its signature was verified at the door.

    `signed_by` says by whose: the hub, or the id of the key that signs this box's files.
    """

    FROM_CLIENTS = False
    document: bytes
    signed_by: str = ""


class RulesetRollback(Data, frozen=True, tag="ruleset.rollback"):
    """Bring back the ruleset that was active before."""

    FROM_CLIENTS = False
    reason: str = ""
    rules: str = ""
    """The ruleset that is left, as it was shown; empty: whichever is in force."""


class CheckpointCountersign(Data, frozen=True, tag="checkpoint.countersign"):
    """The hub holds every entry up to a checkpoint, and signed its head."""

    FROM_CLIENTS = False
    seq: int
    at_us: int
    head: bytes
    signature: bytes


class SnapshotKeep(Data, frozen=True, tag="snapshot.keep"):
    """A snapshot of the documents behind an entry was stored; replay may start there.

    As the first command of an epoch it says what the epoch goes on from.
    """

    FROM_CLIENTS = False
    epoch: int
    seq: int
    head: bytes
    docs: int
    sha256: bytes


class PersonalErase(Data, frozen=True, tag="personal.erase"):
    """Records of personal data are past their time, of orders and people that ended before one."""

    FROM_CLIENTS = False
    keys: tuple[str, ...]
    before_us: int


class RetentionReport(Data, frozen=True, tag="retention.report"):
    """All that is past its time was looked through.

    `waiting` records stayed: their orders are open, or their people work here.
    """

    FROM_CLIENTS = False
    erased: int
    pictures: int
    waiting: int


class OrdersLetGo(Data, frozen=True, tag="orders.let_go"):
    """Orders that ended before a time leave, with what hangs on them; `docs`: ids, by kind."""

    FROM_CLIENTS = False
    orders: tuple[str, ...]
    docs: dict[str, tuple[str, ...]]
    before_us: int


class BoxFound(Data, frozen=True, tag="box.found"):
    """The first command of a box: its name and the ruleset that it starts with."""

    FROM_CLIENTS = False
    name: str
    document: bytes


class StatusSet(Data, frozen=True, tag="status.set"):
    """Somebody tried to write a status. Always refused, and on record (FLOW-3)."""

    FROM_CLIENTS = False
    order_id: str
    status: str = ""
