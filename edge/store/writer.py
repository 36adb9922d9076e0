"""The writer: one group of commands in, one durable transaction out.

Commands that arrive while the last group is flushed share the next one. Each is decided on the
world as the ones before it left it; one that breaks an invariant is dropped alone. State is read
inside the transaction, through a cache that only this writer changes.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import structlog

from edge.app.ports import (
    Batch,
    Clock,
    Committed,
    Head,
    Ids,
    Outcome,
    Store,
    StoredAnswer,
    StoredCheckpoint,
    StoredEntry,
    Transaction,
)
from edge.domain.commands import Command
from edge.domain.decide import Answer, Decision, decide
from edge.domain.entries import Draft, PersonalRecord
from edge.domain.model import Doc
from edge.domain.turn import Env
from edge.domain.world import Key, Load, World
from sync.api import ENTRY_BYTES_MAX, ENTRY_VERSION, Entry, encode_entry, link

CHECKPOINT_ENTRIES_MAX: Final = 1_000
CHECKPOINT_AGE_US_MAX: Final = 60_000_000
CACHED_DOCS_MAX: Final = 50_000

UNKNOWN_CONTENT: Final = b""
"""Stands for what a command asked, where a rebuilt box knows only that it was carried out."""

log = structlog.get_logger()

Sign = Callable[[int, int, bytes, int], bytes]
"""(epoch, seq, head, at µs) → signature of a checkpoint."""
Render = Callable[[World, dict[str, Any]], dict[str, Any]]
"""(world, facts of an answer) → the views that go with it."""


class Writer:
    """Decides groups of commands and makes them durable. Not thread-safe: one caller."""

    def __init__(
        self,
        store: Store,
        *,
        box: str,
        clock: Clock,
        ids: Ids,
        sign: Sign,
        render: Render,
        is_time_trusted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._box = box
        self._clock = clock
        self._ids = ids
        self._sign = sign
        self._render = render
        self._is_time_trusted = is_time_trusted
        self._cache: dict[Key, Doc | None] = {}
        self.head: Head = store.head()
        self._signed_seq = self.head.seq
        self._signed_us = clock.boot_us()  # a wall clock that is set back signs nothing

    def run_group(self, commands: Sequence[Command]) -> tuple[list[Outcome], Committed]:
        """Decide `commands` in order and commit them together.

        Nothing is returned before it is durable. After an exception nothing of the group is
        there, and the writer stands where it stood before.
        """
        transaction = self._store.begin()
        try:
            group = self._group(transaction, [command.id for command in commands])
            outcomes = [group.run(command) for command in commands]
            batch = self._batch(group)
            transaction.append(batch)
            self._store.commit()
        except BaseException:
            self._store.rollback()
            self._cache.clear()
            raise
        self._take_over(batch, group)
        return outcomes, Committed(batch.entries, group.drafts, batch.checkpoint)

    def _group(self, transaction: Transaction, ids: list[str]) -> "_Group":
        env = Env(
            now_us=self._clock.now_us(),
            boot_us=self._clock.boot_us(),
            boot_id=self._clock.boot_id,
            new_id=self._ids.new_id,
            new_salt=self._ids.new_salt,
            box=self._box,
            is_time_trusted=self._is_time_trusted(),
        )
        load = self._loader(transaction)
        return _Group(transaction.answers(ids), load, env, self._render, self._box, self.head)

    def _loader(self, transaction: Transaction) -> Load:
        cache = self._cache

        def load(kind: type[Doc], doc_id: str) -> Doc | None:
            key = (kind.KIND, doc_id)
            if key not in cache:
                cache[key] = transaction.doc(kind, doc_id)
            return cache[key]

        return load

    def _batch(self, group: "_Group") -> Batch:
        return Batch(
            entries=group.entries,
            docs=group.world.written(),
            gone=group.world.removed(),
            personal=group.personal,
            answers=list(group.answers.values()),
            checkpoint=self._checkpoint(group.head, group.env),
            at_us=group.env.now_us,
        )

    def _checkpoint(self, head: Head, env: Env) -> StoredCheckpoint | None:
        new = head.seq - self._signed_seq
        aged = env.boot_us - self._signed_us >= CHECKPOINT_AGE_US_MAX
        if not new or not (aged or new >= CHECKPOINT_ENTRIES_MAX):
            return None
        signature = self._sign(head.epoch, head.seq, head.hash, env.now_us)
        return StoredCheckpoint(head.epoch, head.seq, env.now_us, head.hash, signature)

    def _take_over(self, batch: Batch, group: "_Group") -> None:
        self.head = group.head
        if batch.checkpoint:
            self._signed_seq, self._signed_us = batch.checkpoint.seq, group.env.boot_us
        if len(self._cache) > CACHED_DOCS_MAX:
            self._cache.clear()
        for _, doc in batch.docs:
            self._cache[doc.KIND, doc.id] = doc
        for doc in batch.gone:
            self._cache[doc.KIND, doc.id] = None


class _Group:
    """The commands of one transaction, decided one after the other."""

    def __init__(
        self,
        known: dict[str, StoredAnswer],
        load: Load,
        env: Env,
        render: Render,
        box: str,
        head: Head,
    ) -> None:
        self._known = known
        """Answers that the group's commands had before it."""
        self._render = render
        self._box = box
        self.head = head
        self.load = load
        self.env = env
        self.world = World(load)
        self.entries: list[StoredEntry] = []
        self.drafts: list[Draft] = []
        self.personal: list[PersonalRecord] = []
        self.answers: dict[str, StoredAnswer] = {}

    def run(self, command: Command) -> Outcome:
        """Decide one command, or find the answer that it already has.

        Whatever goes wrong in deciding or encoding it is a fault of ours in this one command: it
        is answered `internal`, leaves nothing behind, and the rest of the group goes on.
        """
        content = command.content_hash()
        known = self.answers.get(command.id) or self._known.get(command.id)
        if known is not None and known.content not in (content, UNKNOWN_CONTENT):
            return Outcome(Answer(ok=False, code="id_reused", facts={"at": known.at_us}))
        if known is not None:
            return Outcome(known.answer, repeated=True, views=self._views(known.answer))
        try:
            env = msgspec.structs.replace(self.env, head_seq=self.head.seq)
            decision = decide(self.world, command, env)
            entries = self._chained(decision.drafts)
        except Exception as error:
            log.exception("command broke an invariant", command=command.id, kind=command.kind)
            return Outcome(Answer(ok=False, code="internal", facts={"problem": str(error)}))
        if not decision.answer.ok and not entries:
            return Outcome(decision.answer)  # not decided yet: it may come again
        self._keep(command.id, content, decision, entries)
        return Outcome(decision.answer, views=self._views(decision.answer))

    def _chained(self, drafts: list[Draft]) -> list[StoredEntry]:
        """Return drafts as the next entries of the chain."""
        seq, previous = self.head.seq, self.head.hash
        entries = []
        for draft in drafts:
            seq += 1
            *fields, draft_seq = msgspec.structs.astuple(draft)  # in the order of an entry's own
            assert draft_seq == seq, f"{draft.kind} takes itself for entry {draft_seq}, not {seq}"
            raw = encode_entry(Entry(ENTRY_VERSION, self._box, self.head.epoch, seq, *fields))
            assert len(raw) <= ENTRY_BYTES_MAX, f"{draft.kind} is an entry of {len(raw)} bytes"
            previous = link(previous, raw)
            entries.append(StoredEntry(seq, previous, raw, draft.refs))
        return entries

    def _keep(
        self, command_id: str, content: bytes, decision: Decision, entries: list[StoredEntry]
    ) -> None:
        self.world.merge(decision.world)
        self.entries += entries
        self.drafts += decision.drafts
        self.personal += decision.personal
        stored = StoredAnswer(command_id, content, decision.answer, self.env.now_us)
        self.answers[command_id] = stored
        if entries:
            self.head = Head(self.head.epoch, entries[-1].seq, entries[-1].hash)

    def _views(self, answer: Answer) -> dict[str, Any]:
        try:
            return self._render(self.world, answer.facts)
        except Exception:
            log.exception("an answer goes without its view", facts=answer.facts)
            return {}
