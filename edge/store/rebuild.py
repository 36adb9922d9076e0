"""A box's folder, built from the hub's copy of its journal, epoch by epoch.

An epoch that was restored goes on from documents that its first entry names: those behind an entry
of an earlier epoch. So the epochs are walked in order, each as far as the next one goes on from it;
what lies behind that was done on the floor, then lost in a restore, and is not part of the state.
What the hub's copy cannot give: photos, answers' facts, and personal data that the hub never sent:
names and PINs that were given on the box itself. Who lacks one is told, to be given it again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.app.ports import Batch, Head, Ids, StoredEntry
from edge.app.telling import cause_zh
from edge.domain.decide import Answer
from edge.domain.entries import LINK_DSEQ, PersonalRecord
from edge.domain.model import Assignment, Box, Order, Person
from edge.domain.recipients import PERSONAL_FIELDS
from edge.store import durable
from edge.store.archive import ARCHIVE, Archive
from edge.store.backup import BackupError
from edge.store.feed import FeedError
from edge.store.following import applied
from edge.store.journal import BOX_KEY, DATABASE, HUB_KEY, Start
from edge.store.sqlite import SqliteStore
from edge.store.writer import UNKNOWN_CONTENT
from sync.api import BROKEN_BYTES, GENESIS, Entry, Instruction, decode_entry, link

PIN: Final = "pin:"
"""Begins the key of what a PIN is checked against."""
TABLES: Final = ("entry", "entry_ref", "checkpoint")
_encode = msgspec.msgpack.Encoder(order="sorted").encode


class Rebuild:
    """Builds the database of a box in a folder that is empty."""

    def __init__(self, folder: Path, box: str, box_key: bytes) -> None:
        durable.make_folder(folder / "keys")
        durable.write_file(folder / BOX_KEY, box_key)
        self._folder = folder
        self._box = box
        self._archive = Archive(folder / ARCHIVE)
        self._store = SqliteStore(folder / DATABASE)
        self._pins: dict[str, int] = {}
        """With which instruction a person's PIN came last; 0 where it was given on the box."""
        self.entries = 0
        self.differing: list[int] = []
        """Epochs whose snapshot was of other documents than the hub's entries give."""

    @property
    def head(self) -> Head:
        """The newest entry that is here."""
        return self._store.head()

    @property
    def dseq(self) -> int:
        """The newest instruction that is journalled here."""
        box = self._store.doc(Box, "box")
        return box.dseq if isinstance(box, Box) else 0

    def take(self, epoch: int, raws: list[bytes], to_seq: int | None) -> None:
        """Take the next entries of an epoch, up to one; durable when it returns.

        Raises:
            BackupError: they are another box's, not the next ones, or cannot be applied.
        """
        head = self.head
        seq, at = (head.seq, head.hash) if head.epoch == epoch else (0, GENESIS)
        entries, answers = [], []
        for raw in raws:
            if seq == to_seq:
                break
            seq, at = seq + 1, link(at, raw)
            entry = self._decoded(raw, epoch, seq)
            self._pins.update(_pins_of(entry))
            entries.append(StoredEntry(seq, at, raw, entry.refs))
            answers.append((entry.cause, UNKNOWN_CONTENT, _encode(_answer(entry)), entry.at_us))
        transaction = self._store.begin()
        try:
            transaction.append(self._applied(entries))
            insert = "INSERT OR IGNORE INTO answer VALUES (?, ?, ?, ?)"
            self._store.connection.executemany(insert, answers)
            self._store.commit()
        except BaseException:
            self._store.rollback()
            raise
        self._store.checkpoint_if_due()
        self.entries += len(entries)

    def _decoded(self, raw: bytes, epoch: int, seq: int) -> Entry:
        try:
            entry = decode_entry(raw)
        except BROKEN_BYTES as error:
            raise BackupError(
                f"the hub's copy: entry {seq} cannot be read: {error}",
                f"中枢的副本：条目 {seq} 读不了：{cause_zh(error)}",
            ) from error
        if (entry.box, entry.epoch, entry.seq) != (self._box, epoch, seq):
            raise BackupError(
                f"the hub's copy: where entry {seq} of epoch {epoch} of {self._box} belongs stands "
                f"{entry.seq} of {entry.epoch} of {entry.box}; restore a backup instead",
                f"中枢的副本：{self._box} 纪元 {epoch} 第 {seq} 条的位置上是 {entry.box} "
                f"纪元 {entry.epoch} 第 {entry.seq} 条；请改为恢复备份",
            )
        return entry

    def _applied(self, entries: list[StoredEntry]) -> Batch:
        try:
            return applied(self._store, entries)
        except FeedError as error:
            raise BackupError(
                f"the hub's copy: {error}", f"中枢的副本：{error.told('zh')}"
            ) from error

    def begin_epoch(self, epoch: int, start: Start) -> None:
        """Put what is here aside, and go on in a later epoch that goes on from it.

        Raises:
            BackupError: it goes on from another entry than the newest one here.
        """
        head = self.head
        if (head.epoch, head.seq, head.hash) != (start.epoch, start.seq, start.head):
            raise BackupError(
                f"the hub's copy ends at entry {head.seq:,} of epoch {head.epoch}; epoch {epoch} "
                f"goes on from entry {start.seq:,} of {start.epoch}: restore a backup instead",
                f"中枢的副本到纪元 {head.epoch} 第 {head.seq:,} 条为止；纪元 {epoch} 却从纪元 "
                f"{start.epoch} 第 {start.seq:,} 条接起：请改为恢复备份",
            )
        db = self._store.connection
        self._archive.keep_entries(db, Head(head.epoch, 0, GENESIS), head.seq)
        rows = db.execute("SELECT kind, id, body FROM doc ORDER BY kind, id")
        kept = self._archive.keep_docs(rows, head.epoch, head.seq)
        if kept.sha256 != start.sha256:
            self.differing.append(epoch)
        for table in TABLES:
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
        self._store.close()
        self._store = SqliteStore(self._folder / DATABASE, epoch)

    def keep_personal(self, instruction: Instruction, ids: Ids) -> int:
        """Keep what an instruction says of people, where the box knows them; return how many.

        A PIN in whose place came another is left out: it must open nothing any more.
        """
        records = [
            PersonalRecord(key, ids.new_salt(), value)
            for kind, doc_id, key, value in _people_in(instruction.kind, instruction.body)
            if self._may_have(kind, doc_id)
            and (not key.startswith(PIN) or self._pins.get(doc_id) == instruction.dseq)
        ]
        if records:
            batch = Batch(entries=[], docs=[], personal=records, answers=[], checkpoint=None)
            self._store.begin().append(batch)
            self._store.commit()
        return len(records)

    def _may_have(self, kind: type[Order | Person], doc_id: str) -> bool:
        """Tell whether the box knows a document, and did not erase what belongs to it."""
        content = self._store.doc(Assignment, doc_id) if kind is Order else None
        is_erased = isinstance(content, Assignment) and content.erased
        return self._store.doc(kind, doc_id) is not None and not is_erased

    def lost(self, record: str) -> list[str]:
        """Return who works here and lost a record: their name (`person`) or their PIN (`pin`)."""
        db = self._store.connection
        kept = {key for (key,) in db.execute("SELECT key FROM personal")}
        rows = db.execute("SELECT id FROM doc WHERE kind = ? ORDER BY id", (Person.KIND,))
        people = [self._store.doc(Person, row[0]) for row in rows.fetchall()]
        return [
            each.id
            for each in people
            if isinstance(each, Person) and each.active and f"{record}:{each.id}" not in kept
        ]

    def pin_hub(self, hub_key: bytes) -> None:
        """Keep the hub's key."""
        durable.write_file(self._folder / HUB_KEY, hub_key)

    def close(self) -> None:
        """Close the database."""
        self._store.close()


def _answer(entry: Entry) -> Answer:
    if entry.kind == "command.refused":
        data = entry.data
        return Answer(ok=False, code=str(data.get("code", "")), facts=data.get("facts") or {})
    return Answer(ok=True, facts={})


def _people_in(
    kind: str, body: dict[str, Any]
) -> Iterator[tuple[type[Order | Person], str, str, dict[str, Any]]]:
    """Yield kind and id of a document, key and value, of what an instruction says of people."""
    if kind in ("order.assign", "order.update"):
        value = {field: body[field] for field in PERSONAL_FIELDS if body.get(field)}
        if value:
            yield Order, str(body.get("order_id")), f"order:{body.get('order_id')}", value
    elif kind == "people.upsert":
        for person in body.get("items") or ():
            who = str(person.get("id"))
            yield Person, who, f"person:{who}", {"name": person.get("name")}
            if person.get("pin"):
                yield Person, who, f"{PIN}{who}", person["pin"]


def _pins_of(entry: Entry) -> Iterator[tuple[str, int]]:
    """Yield whose PIN came with an entry, and with which instruction."""
    if entry.kind == "people.upserted":
        dseq = entry.data.get(LINK_DSEQ, 0)
        yield from ((item["id"], dseq) for item in entry.data["items"] if "pin" in item)
    elif entry.kind == "pin.set":
        yield entry.data["person"], 0
