"""What the floor needs from outside: time, ids, a store, a way to run the writer."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import msgspec

from edge.domain.commands import Command
from edge.domain.decide import Answer
from edge.domain.entries import Draft, PersonalRecord
from edge.domain.model import Doc

D = TypeVar("D", bound=Doc)


class Clock(Protocol):
    """Where time comes from."""

    @property
    def boot_id(self) -> str:
        """Names the boot of the machine in which `boot_us` counts."""

    def now_us(self) -> int:
        """Return µs UTC by the wall clock; it may jump."""

    def boot_us(self) -> int:
        """Return µs since the machine started, sleep included; it never jumps."""


class Ids(Protocol):
    """Where ids and salt come from."""

    def new_id(self) -> str:
        """Return a UUIDv7."""

    def new_salt(self) -> bytes:
        """Return 16 random bytes."""


class Head(msgspec.Struct, frozen=True):
    """The newest entry of the journal."""

    epoch: int
    seq: int
    hash: bytes


class StoredEntry(msgspec.Struct, frozen=True):
    """An entry with its place in the chain."""

    seq: int
    hash: bytes
    raw: bytes
    refs: tuple[str, ...]


class StoredAnswer(msgspec.Struct, frozen=True):
    """The answer that a command got, and the hash of what it asked."""

    id: str
    content: bytes
    answer: Answer
    at_us: int


class StoredCheckpoint(msgspec.Struct, frozen=True):
    """A signed head of the chain."""

    epoch: int
    seq: int
    at_us: int
    head: bytes
    signature: bytes


class Batch(msgspec.Struct, frozen=True):
    """What one group of commands writes, all or nothing."""

    entries: list[StoredEntry]
    docs: list[tuple[Doc | None, Doc]]
    """(Old form, new form) of each document that changed."""
    personal: list[PersonalRecord]
    answers: list[StoredAnswer]
    checkpoint: StoredCheckpoint | None
    gone: Sequence[Doc] = ()
    """Old form of each document that is removed."""
    at_us: int = 0
    """When it is written; 0 where the entries are older than that."""


class Transaction(Protocol):
    """One group's view of the store, from load to commit."""

    def doc(self, kind: type[Doc], doc_id: str) -> Doc | None:
        """Return a document as committed."""

    def answers(self, ids: Sequence[str]) -> dict[str, StoredAnswer]:
        """Return the stored answers among `ids`, by id."""

    def append(self, batch: Batch) -> None:
        """Write a batch."""


class Store(Protocol):
    """The journal and its projections: one writer, synchronous, durable when `commit` returns."""

    def head(self) -> Head:
        """Return the newest entry; seq 0 and 32 zero bytes where there is none."""

    def begin(self) -> Transaction:
        """Begin the group's transaction; no other is open."""

    def commit(self) -> None:
        """Make the transaction durable. After a failure nothing of it is there."""

    def rollback(self) -> None:
        """Drop the transaction."""

    def close(self) -> None:
        """Release the store."""


class Reader(Protocol):
    """Committed state, for everybody but the writer."""

    async def doc(self, kind: type[Doc], doc_id: str) -> Doc | None:
        """Return a document."""

    async def find(
        self, kind: type[Doc], term: str, value: str, limit: int, after: str = ""
    ) -> list[str]:
        """Return ids of documents that are found by `term` = `value`, sorted, after `after`."""

    async def found(
        self, kind: type[D], term: str, value: str, limit: int, after: str = ""
    ) -> list[D]:
        """Return the documents that `find` finds, by one question."""

    async def docs(self, kind: type[D], limit: int, after: str, below: str) -> list[D]:
        """Return documents of a kind by id, behind `after` and before `below`."""

    async def list_ids(self, kind: type[Doc], limit: int, after: str = "") -> list[str]:
        """Return ids of all documents of a kind, sorted, after `after`."""

    async def counts(self, kind: type[Doc], term: str) -> dict[str, int]:
        """Return how many documents are found by each value of `term`."""

    async def timeline(self, ref: str, limit: int, after_seq: int = 0) -> list[bytes]:
        """Return the raw entries that concern `ref`, oldest first."""

    async def archived(self, ref: str, limit: int) -> list[bytes]:
        """Return the raw entries that concern `ref` and have left the database, oldest first."""

    async def entries(self, after_seq: int, limit: int) -> tuple[bytes, list[bytes]]:
        """Return the hash of entry `after_seq`, and raw entries that follow it."""

    async def personal(self, key: str) -> dict[str, Any] | None:
        """Return a record of personal data, or None where it was erased or never known."""

    async def personal_before(
        self, at_us: int, limit: int, after: tuple[int, str] = (-1, "")
    ) -> list[tuple[int, str]]:
        """Return (µs, key) of records that were kept before a time, the oldest first."""

    async def personal_keys(self, begins: str) -> list[str]:
        """Return the keys of records that begin so."""

    def snapshot(self) -> AbstractAsyncContextManager["Reader"]:
        """Hold one committed state for as long as the block lasts: well below 2 s."""


class BlobState(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much of a blob is here: `offset` bytes; all of it, of a known kind, where `done`."""

    sha256: str
    offset: int
    size: int = 0
    media_type: str = ""
    done: bool = False


class Blobs(Protocol):
    """Photos and videos, by the hash of their content."""

    async def state(self, sha256: str) -> BlobState:
        """Return how much of a blob is here."""

    async def append(self, sha256: str, offset: int, size: int, piece: bytes) -> BlobState:
        """Take the next piece of a blob of `size` bytes; durable when it is `done`.

        Raises:
            RefusedError: with the offset to go on from, or why it cannot be taken.
        """

    async def drop(self, sha256: str) -> None:
        """Remove a blob, or what came of it; one that is not here is no fault."""

    async def older(self, before_us: int) -> list[str]:
        """Return the blobs of which nothing came since a time, those that are not whole too."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of one command: its answer, durable."""

    answer: Answer
    repeated: bool = False
    views: dict[str, Any] = {}
    """The task, parcel or order that the answer is about, as it is now."""


class Committed(msgspec.Struct, frozen=True):
    """A group of commands that is durable: what listeners are told. The lists run in step."""

    entries: list[StoredEntry]
    drafts: list[Draft]
    checkpoint: StoredCheckpoint | None = None


class BusyError(Exception):
    """More commands wait than the box takes on; try again shortly."""


class Runner(Protocol):
    """Runs the writer: hands it commands in groups, and gives back the outcomes."""

    async def submit(self, command: Command) -> Outcome:
        """Return the outcome of a command once it is durable.

        Raises:
            BusyError: too many commands wait.
        """
