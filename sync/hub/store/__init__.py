"""Where the hub keeps boxes, entries, orders and instructions: one Protocol, one folder.

Every method is one durable transaction, synchronous; the hub calls them through its runner.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from sync.chain import GENESIS
from sync.messages import Instruction, SignedInstruction


class Box(msgspec.Struct, frozen=True):
    """What the hub knows of one box; see schema/ for each field."""

    box: str
    name: str = ""
    warehouse: str = ""
    public_key: bytes | None = None
    token: str | None = None
    token_key: bytes | None = None
    token_spent: bytes | None = None
    epoch: int = 0
    seq: int = 0
    head: bytes = GENESIS
    head_seq: int = 0
    rules: str = ""
    dseq: int = 0
    sent_dseq: int = 0
    got_dseq: int = 0
    seen_us: int = 0
    quarantine: bytes | None = None
    checkpoint: bytes | None = None


class Batch(msgspec.Struct, frozen=True):
    """Entries as they came up."""

    box: str
    epoch: int
    first_seq: int
    previous_hash: bytes
    raws: Sequence[bytes]
    received_us: int


class Taken(msgspec.Struct, frozen=True):
    """What became of a batch: the cursor now, and where it forks from what is stored, if so."""

    seq: int
    fork_seq: int | None = None


class Draft(msgspec.Struct, frozen=True):
    """An instruction before it has its number and signature."""

    id: str
    kind: str
    body: dict[str, Any]
    order_id: str | None = None


class Told(msgspec.Struct, frozen=True):
    """One stored instruction and its answer."""

    box: str
    dseq: int
    id: str
    kind: str
    order_id: str | None
    issued_us: int
    b: bytes
    """Its signed bytes."""
    outcome: str | None
    answer_epoch: int | None
    answer_seq: int | None


class OrderRow(msgspec.Struct, frozen=True):
    """One order and where the floor has it; `state` is None before the box has answered."""

    order_id: str
    box: str
    state: str | None
    content: bytes
    received_us: int


class KeptEntry(msgspec.Struct, frozen=True):
    """One entry as it is kept."""

    box: str
    epoch: int
    seq: int
    hash: bytes
    raw: bytes
    parked: str | None
    received_us: int


Sign = Callable[[Instruction], SignedInstruction]


class HubStore(Protocol):
    """The hub's memory. Each method is atomic and durable when it returns."""

    def box(self, box: str) -> Box | None:
        """Return the record of `box`."""

    def boxes(self) -> list[Box]:
        """Return all boxes by name."""

    def put_box(self, box: Box) -> None:
        """Keep `box`, new or changed, but for its cursors, which have methods of their own."""

    def begin_epoch(self, box: str, epoch: int) -> None:
        """Begin the uplink of a higher epoch at 0; entries of older ones stay."""

    def take(self, batch: Batch) -> Taken:
        """Store what is new in `batch` and move the cursor, in one transaction.

        A gap stores nothing. A fork stores nothing but the quarantine.
        """

    def quarantine(self, box: str, reason: dict[str, Any]) -> None:
        """Close the uplink of the box's epoch."""

    def hash_at(self, box: str, epoch: int, seq: int) -> bytes | None:
        """Return the stored hash of one entry."""

    def behind(self, box: str, epoch: int, after_seq: int, n: int) -> list[bytes]:
        """Return up to `n` raw entries of an epoch behind `after_seq`, in order."""

    def last_seq(self, box: str, epoch: int) -> int:
        """Return the newest stored entry of an epoch, 0 where there is none."""

    def keep_checkpoint(self, box: str, checkpoint: bytes) -> None:
        """Keep the newest countersigned head, as JSON."""

    def instruct(self, box: str, drafts: Sequence[Draft], sign: Sign, now_us: int) -> None:
        """Number, sign and keep `drafts`; a draft whose id is known is skipped."""

    def assign(self, orders: Sequence[OrderRow], drafts: Sequence[Draft], sign: Sign) -> list[bool]:
        """Keep each order that is new with its instruction; return which ones were."""

    def signed(self, box: str, after_dseq: int, n: int) -> dict[int, SignedInstruction]:
        """Return what there is of the `n` instructions behind `after_dseq`, by number, in order."""

    def sending(self, box: str, dseq: int) -> None:
        """Note that instructions up to `dseq` go out: their numbers are for good."""

    def got(self, box: str, dseq: int, sign: Sign) -> None:
        """Note that the box has journalled every instruction up to `dseq`.

        A store that was restored from an older copy may have given such numbers again; what has
        one and never went out gets one behind it, in the same order.
        """

    def told(
        self, *, box: str | None = None, order_id: str | None = None, outcome: str | None = None
    ) -> list[Told]:
        """Return instructions by box, order or outcome, oldest first, bounded."""

    def order(self, order_id: str) -> OrderRow | None:
        """Return one order."""

    def orders(self, state: str | None, after: str, n: int) -> list[OrderRow]:
        """Return up to `n` orders by id behind `after`, of one floor state if one is given."""

    def entries_of(self, order_id: str, n: int) -> list[KeptEntry]:
        """Return up to `n` entries that name the order, in order."""

    def floor(self, box: str) -> dict[str, str]:
        """Return the floor state of every order that the box has told of."""

    def close(self) -> None:
        """Release what is held; may be called any number of times."""
