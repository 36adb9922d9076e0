"""The writer: one group of commands in, one durable transaction out.

Commands that arrive while the last group is flushed share the next one. Each is decided on the
world as the ones before it left it; one that fails an assertion is dropped alone. State is read
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
from sync.api import ENTRY_VERSION, Entry, encode_entry, link

CHECKPOINT_ENTRIES_MAX: Final = 1_000
CHECKPOINT_AGE_US_MAX: Final = 60_000_000
CACHED_DOCS_MAX: Final = 50_000

log = structlog.get_logger()

Sign = Callable[[int, int, bytes, int], bytes]
"""(epoch, seq, head, at µs) → signature of a checkpoint."""
Render = Callable[[World, dict[str, Any]], dict[str, Any]]
"""(world, facts of an answer) → the views that go with it."""


class Writer:
    """Decides groups of commands and makes them durable. Not thread-safe: one caller."""

    def __init__(
        self, store: Store, *, box: str, clock: Clock, ids: Ids, sign: Sign, render: Render
    ) -> None:
        self._store = store
        self._box = box
        self._clock = clock
        self._ids = ids
        self._sign = sign
        self._render = render
        self._cache: dict[Key, Doc | None] = {}
        self.head: Head = store.head()
        self._signed_seq = self.head.seq
        self._signed_us = clock.now_us()

    def run_group(self, commands: Sequence[Command]) -> tuple[list[Outcome], Committed]:
        """Decide `commands` in order and commit them together.

        Nothing is returned before it is durable. After an exception nothing of the group is
        there, and the writer stands where it stood before.
        """
        transaction = self._store.begin()
        try:
            group = _Group(transaction, self._loader(transaction), self._env(), self._render)
            outcomes = [group.run(command) for command in commands]
            batch = self._batch(group)
            transaction.append(batch)
            self._store.commit()
        except BaseException:
            self._store.rollback()
            self._cache.clear()
            raise
        self._take_over(batch)
        return outcomes, Committed(batch.entries, group.drafts, batch.checkpoint)

    def _env(self) -> Env:
        return Env(
            now_us=self._clock.now_us(),
            boot_us=self._clock.boot_us(),
            boot_id=self._clock.boot_id,
            new_id=self._ids.new_id,
            new_salt=self._ids.new_salt,
        )

    def _loader(self, transaction: Transaction) -> Load:
        cache = self._cache

        def load(kind: type[Doc], doc_id: str) -> Doc | None:
            key = (kind.KIND, doc_id)
            if key not in cache:
                cache[key] = transaction.doc(kind, doc_id)
            return cache[key]

        return load

    def _batch(self, group: "_Group") -> Batch:
        """Give the group's drafts their places in the chain."""
        seq, previous = self.head.seq, self.head.hash
        entries = []
        for draft in group.drafts:
            seq += 1
            fields = msgspec.structs.astuple(draft)  # in the order of an entry's own
            raw = encode_entry(Entry(ENTRY_VERSION, self._box, self.head.epoch, seq, *fields))
            previous = link(previous, raw)
            entries.append(StoredEntry(seq, previous, raw, draft.refs))
        return Batch(
            entries=entries,
            docs=[(group.load(type(doc), doc.id), doc) for doc in group.world.changes.values()],
            personal=group.personal,
            answers=list(group.answers.values()),
            checkpoint=self._checkpoint(seq, previous, group.env.now_us),
        )

    def _checkpoint(self, seq: int, head: bytes, now_us: int) -> StoredCheckpoint | None:
        new = seq - self._signed_seq
        aged = now_us - self._signed_us >= CHECKPOINT_AGE_US_MAX
        if not new or not (aged or new >= CHECKPOINT_ENTRIES_MAX):
            return None
        epoch = self.head.epoch
        return StoredCheckpoint(epoch, seq, now_us, head, self._sign(epoch, seq, head, now_us))

    def _take_over(self, batch: Batch) -> None:
        if batch.entries:
            last = batch.entries[-1]
            self.head = Head(self.head.epoch, last.seq, last.hash)
        if batch.checkpoint:
            self._signed_seq, self._signed_us = batch.checkpoint.seq, batch.checkpoint.at_us
        if len(self._cache) > CACHED_DOCS_MAX:
            self._cache.clear()
        for _, doc in batch.docs:
            self._cache[doc.KIND, doc.id] = doc


class _Group:
    """The commands of one transaction, decided one after the other."""

    def __init__(self, transaction: Transaction, load: Load, env: Env, render: Render) -> None:
        self._transaction = transaction
        self._render = render
        self.load = load
        self.env = env
        self.world = World(load)
        self.drafts: list[Draft] = []
        self.personal: list[PersonalRecord] = []
        self.answers: dict[str, StoredAnswer] = {}

    def run(self, command: Command) -> Outcome:
        """Decide one command, or find the answer that it already has."""
        content = command.content_hash()
        known = self.answers.get(command.id) or self._transaction.answer(command.id)
        if known is not None and known.content != content:
            return Outcome(Answer(ok=False, code="id_reused", facts={"at": known.at_us}))
        if known is not None:
            return self._outcome(known.answer, repeated=True)
        try:
            decision = decide(self.world, command, self.env)
        except AssertionError as error:
            log.exception("command broke an invariant", command=command.id, kind=command.kind)
            return Outcome(Answer(ok=False, code="internal", facts={"problem": str(error)}))
        self._keep(command.id, content, decision)
        return self._outcome(decision.answer)

    def _keep(self, command_id: str, content: bytes, decision: Decision) -> None:
        self.world.merge(decision.world)
        self.drafts += decision.drafts
        self.personal += decision.personal
        stored = StoredAnswer(command_id, content, decision.answer, self.env.now_us)
        self.answers[command_id] = stored

    def _outcome(self, answer: Answer, *, repeated: bool = False) -> Outcome:
        return Outcome(answer, repeated, self._render(self.world, answer.facts))
