"""The journal again, from its first entry: what it gives must be what is stored, to the byte.

The same `apply` that projects in the writer builds fresh documents here. They are compared with
the stored ones, and the words they are found by with those computed from the fresh documents.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from edge.app.telling import cause_zh
from edge.domain.model import Doc
from edge.domain.projections import apply
from edge.domain.world import Key, World
from edge.store.archive import Archive, ArchiveError, Row
from edge.store.journal import Journal, Start
from edge.store.sqlite import decode_doc, encode_doc
from sync.api import BROKEN_BYTES, decode_entry

DIFFERENCES_MAX: Final = 100
DOCS_IN_MEMORY_MAX: Final = 100_000
"""Beyond these, fresh documents go to a temporary file."""

UNFOUNDED: Final = ("is stored, but no entry gives it", "库里有，但没有条目得出它")

Progress = Callable[[int], None]


class Difference(msgspec.Struct, frozen=True):
    """One document, word or entry in which replay and store differ."""

    kind: str
    """Kind of the document; `entry` where an entry cannot be applied."""
    id: str
    detail: str
    detail_zh: str = ""


class ReplayReport(msgspec.Struct, frozen=True):
    """What a replay saw."""

    entries: int
    docs: int
    differences: tuple[Difference, ...]
    differences_dropped: int = 0
    """Differences beyond `DIFFERENCES_MAX`."""

    @property
    def ok(self) -> bool:
        """Whether the journal gives what is stored."""
        return not self.differences


class UnappliedError(Exception):
    """An entry cannot be applied to what the entries before it gave."""

    def __init__(self, seq: int, problem: str) -> None:
        super().__init__(seq, problem)
        self.seq = seq
        self.problem = problem


class Fresh:
    """Documents built by replay, a bounded number of them in memory."""

    def __init__(self) -> None:
        self.seq = 0
        self.entries = 0
        self._world = World(self._load)
        self._db = sqlite3.connect("", isolation_level=None)  # SQLite's own temporary file
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute(
            "CREATE TABLE fresh (kind TEXT, id TEXT, body BLOB, PRIMARY KEY (kind, id))"
            " WITHOUT ROWID"
        )

    def apply(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Apply numbered entries, in order.

        Raises:
            UnappliedError: at the first that cannot be applied.
        """
        for seq, raw in rows:
            try:
                apply(self._world, decode_entry(raw))
            except (*BROKEN_BYTES, AssertionError, LookupError, TypeError, ValueError) as error:
                raise UnappliedError(seq, f"{type(error).__name__}: {error}") from error
            self.seq = seq
            self.entries += 1
        if len(self._world.changes) > DOCS_IN_MEMORY_MAX:
            self._spill()

    def begin(self, start: Start | None, archive: Archive) -> None:
        """Begin with the documents that the journal goes on from.

        Raises:
            ArchiveError: their snapshot is missing, cut or changed.
        """
        if start is None:
            return
        self._db.execute("BEGIN")
        rows = archive.docs(start.epoch, start.seq, start.sha256)
        self._db.executemany("INSERT INTO fresh VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")
        self.seq = start.seq if start.is_cut else 0

    def rows(self) -> Iterator[Row]:
        """Return (kind, id, body) of all documents, sorted."""
        self._spill()
        return self._db.execute("SELECT kind, id, body FROM fresh ORDER BY kind, id")

    def close(self) -> None:
        """Drop everything."""
        self._db.close()

    def _load(self, kind: type[Doc], doc_id: str) -> Doc | None:
        row = self._db.execute(
            "SELECT body FROM fresh WHERE kind = ? AND id = ?", (kind.KIND, doc_id)
        ).fetchone()
        return decode_doc(kind.KIND, row[0]) if row else None

    def _spill(self) -> None:
        changes = self._world.changes
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO fresh VALUES (?, ?, ?)",
            ((*key, encode_doc(doc)) for key, doc in sorted(changes.items(), key=_by_key) if doc),
        )
        self._db.executemany(
            "DELETE FROM fresh WHERE kind = ? AND id = ?",
            [key for key, doc in changes.items() if doc is None],
        )
        self._db.execute("COMMIT")
        changes.clear()


def _by_key(item: tuple[Key, Doc | None]) -> Key:
    return item[0]


def check_replay(journal: Journal, progress: Progress = lambda _: None) -> ReplayReport:
    """Replay a journal and compare; it may be that of a running box.

    Behind a cut, or in a later epoch, it begins with the snapshot that the journal names.

    Most of the way no transaction is open. The last entries and the comparison share one, so that
    they see one state. `progress` is told the number of the entry that was reached.
    """
    fresh = Fresh()
    try:
        fresh.begin(journal.start(), journal.archive)
        for chunk in journal.raw(fresh.seq):
            fresh.apply(chunk)
            progress(fresh.seq)
        journal.db.execute("BEGIN")
        for chunk in journal.raw(fresh.seq):
            fresh.apply(chunk)
        return _compare(journal.db, fresh)
    except ArchiveError as error:
        found = Difference("snapshot", "archive", str(error), cause_zh(error))
        return ReplayReport(0, 0, (found,))
    except UnappliedError as error:
        told = (f"cannot be applied: {error.problem}", f"无法应用：{error.problem}")
        found = Difference("entry", str(error.seq), *told)
        return ReplayReport(fresh.entries, 0, (found,))
    finally:
        if journal.db.in_transaction:
            journal.db.execute("ROLLBACK")
        fresh.close()


def _compare(db: sqlite3.Connection, fresh: Fresh) -> ReplayReport:
    docs = db.execute("SELECT kind, id, CAST(body AS BLOB) FROM doc ORDER BY kind, id")
    found = list(_differing_docs(fresh.rows(), docs))
    terms = db.execute("SELECT kind, id, term, value FROM doc_term")
    found += _differing_terms(fresh.rows(), terms)
    found.sort(key=lambda each: (each.kind, each.id))
    count = sum(1 for _ in fresh.rows())
    dropped = max(0, len(found) - DIFFERENCES_MAX)
    return ReplayReport(fresh.entries, count, tuple(found[:DIFFERENCES_MAX]), dropped)


def _differing_docs(replayed: Iterator[Row], stored: Iterator[Row]) -> Iterator[Difference]:
    """Walk two sorted rows of documents side by side."""
    ours, theirs = next(replayed, None), next(stored, None)
    while ours or theirs:
        if theirs is None or (ours is not None and ours[:2] < theirs[:2]):
            assert ours is not None
            yield Difference(ours[0], ours[1], "is missing in the store", "库里没有")
            ours = next(replayed, None)
        elif ours is None or theirs[:2] < ours[:2]:
            yield Difference(theirs[0], theirs[1], *UNFOUNDED)
            theirs = next(stored, None)
        else:
            if ours[2] != theirs[2]:
                yield Difference(ours[0], ours[1], *_first_difference(ours, theirs))
            ours, theirs = next(replayed, None), next(stored, None)


def _first_difference(ours: Row, theirs: Row) -> tuple[str, str]:
    """Return the first field that differs, by name, in English and in Chinese."""
    try:
        replayed, stored = (decode_doc(row[0], row[2]) for row in (ours, theirs))
    except (*BROKEN_BYTES, KeyError):
        return "the stored bytes are no document", "库里的内容读不了"
    for field in type(replayed).__struct_fields__:
        if getattr(replayed, field) != getattr(stored, field):
            told = f"{field} is stored as another value than the journal gives"
            return told, f"{field} 与账本得出的值不同"
    return "the same values in other bytes", "值相同，字节不同"


def _differing_terms(
    replayed: Iterator[Row], stored: Iterable[tuple[str, str, str, str]]
) -> list[Difference]:
    expected = {
        (kind, doc_id, term, value)
        for kind, doc_id, body in replayed
        for term, value in decode_doc(kind, body).terms().items()
    }
    extra = []
    for row in stored:
        if row in expected:
            expected.remove(row)
        else:
            extra.append(row)
    return [
        Difference(
            kind, doc_id, f"cannot be found by {term} = {value}", f"按 {term} = {value} 查不到"
        )
        for kind, doc_id, term, value in expected
    ] + [
        Difference(
            kind,
            doc_id,
            f"is found by {term} = {value}, which is not so",
            f"按 {term} = {value} 能查到，其实不是",
        )
        for kind, doc_id, term, value in extra
    ]
