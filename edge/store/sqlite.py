"""SQLite behind the store Protocol: the only code that writes the database file.

WAL with synchronous=FULL: what `commit` has returned from survives a power cut. Only this
connection writes and checkpoints; readers are `query_only` (SQLite's WAL-reset fault needs two
writers, https://sqlite.org/wal.html).
"""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from edge.app.ports import Batch, Head, StoredAnswer
from edge.app.telling import ToldError
from edge.domain.decide import Answer
from edge.domain.entries import PersonalRecord
from edge.domain.model import KINDS, Doc
from sync.api import GENESIS

SCHEMA_VERSION: Final = 2
CHECKPOINT_ROWS: Final = 8_000
"""Rows written between checkpoints. Each dirties a page at most: the log stays below 40 MB."""
PULSE_ROWS: Final = 50
"""What a pulse counts for: the write-ahead log of a quiet floor is moved over as well."""
BUSY_TIMEOUT_MS: Final = 5_000
CUT_ENTRIES: Final = 512
"""Entries that leave a cut journal between two groups: a few milliseconds."""
ROWS_A_STATEMENT_MAX: Final = 64
STATEMENTS_MAX: Final = 1_024
"""Statements that stay prepared: one for each table and number of rows."""

ERA_ENTRIES: Final = 4_096
"""Entries in an era. New references stay within one era's pages, however long the journal."""
TIMELINE: Final = f"""
WITH RECURSIVE era (no) AS (
  SELECT ?2 / {ERA_ENTRIES}
  UNION ALL
  SELECT no + 1 FROM era WHERE no < (SELECT max(seq) FROM entry) / {ERA_ENTRIES}
)
SELECT raw
FROM era CROSS JOIN entry_ref ON era = no AND ref = ?1 JOIN entry USING (seq)
WHERE seq > ?2 ORDER BY seq LIMIT ?3
"""  # noqa: S608 - made of constants
"""Raw entries that concern a reference (1), behind an entry (2), at most so many (3)."""

_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decoders = {kind: msgspec.msgpack.Decoder(struct) for kind, struct in KINDS.items()}
log = structlog.get_logger()
_decode_answer = msgspec.msgpack.Decoder(Answer).decode


class NewerSchemaError(ToldError):
    """The database was written by a newer Floorgate."""


def decode_doc(kind: str, body: bytes) -> Doc:
    """Return the document in `body`."""
    return _decoders[kind].decode(body)


def encode_doc(doc: Doc) -> bytes:
    """Return the canonical bytes of a document."""
    return _encode(doc)


class SqliteStore:
    """The store of a box, in one SQLite file."""

    def __init__(self, path: Path | str, epoch: int = 1) -> None:
        self._db = sqlite3.connect(
            path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS_MAX,
        )
        self._epoch = epoch
        self._rows_checkpointed = -CHECKPOINT_ROWS  # a log that a crash left is due at once
        self.cut_to = 0
        """Entries before this one are in the archive: they are removed, a few between groups."""
        execute = self._db.execute
        execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=FULL")
        execute("PRAGMA wal_autocheckpoint=0")
        execute("PRAGMA cache_size=-32768")
        migrate(self._db)
        self._epoch = self.head().epoch

    @property
    def connection(self) -> sqlite3.Connection:
        """The writer's connection, for what runs on the writer's thread."""
        return self._db

    def head(self) -> Head:
        """Return the newest entry; seq 0 and 32 zero bytes where there is none."""
        row = self._db.execute(
            "SELECT epoch, seq, hash FROM entry ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        return Head(*row) if row else Head(self._epoch, 0, GENESIS)

    def begin(self) -> "SqliteStore":
        """Begin the group's transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        return self

    def commit(self) -> None:
        """Flush the transaction to disk."""
        self._db.execute("COMMIT")

    def rollback(self) -> None:
        """Drop the transaction, if one is open."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def checkpoint_if_due(self) -> None:
        """Move a grown write-ahead log into the database file; called between groups."""
        rows = self._db.total_changes
        if rows - self._rows_checkpointed < CHECKPOINT_ROWS:
            return
        self._rows_checkpointed = rows
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            log.warning("disk full: the write-ahead log grows until there is room")

    def cut_some(self) -> bool:
        """Remove a few entries that a cut left; return whether there are more."""
        first = self._db.execute("SELECT min(seq) FROM entry").fetchone()[0] or 0
        to_seq = min(self.cut_to, first + CUT_ENTRIES)
        if first >= to_seq:
            return False
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for era in range(first // ERA_ENTRIES, (to_seq - 1) // ERA_ENTRIES + 1):
                self._db.execute("DELETE FROM entry_ref WHERE era = ? AND seq < ?", (era, to_seq))
            for table in ("checkpoint", "entry"):
                self._db.execute(f"DELETE FROM {table} WHERE seq < ?", (to_seq,))  # noqa: S608
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self.rollback()
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            log.warning("disk full: the journal is cut when there is room")
            return False
        return to_seq < self.cut_to

    def between_groups(self) -> None:
        """Do what is due while nobody waits."""
        self.checkpoint_if_due()
        if self.cut_to:
            self.cut_some()

    def pulse(self) -> None:
        """Make a durable write that changes nothing: it fails where a command's would."""
        version = check_version(self._db)
        self._rows_checkpointed -= PULSE_ROWS
        try:
            self._db.execute(f"PRAGMA user_version = {version}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            log.warning("disk full: nothing can be written until there is room")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def doc(self, kind: type[Doc], doc_id: str) -> Doc | None:
        """Return a document as committed."""
        row = self._db.execute(
            "SELECT body FROM doc WHERE kind = ? AND id = ?", (kind.KIND, doc_id)
        ).fetchone()
        return decode_doc(kind.KIND, row[0]) if row else None

    def answers(self, ids: Sequence[str]) -> dict[str, StoredAnswer]:
        """Return the stored answers among `ids`, by id."""
        marks = ",".join("?" * len(ids))
        sql = f"SELECT id, content, body, at_us FROM answer WHERE id IN ({marks})"  # noqa: S608
        return {
            row[0]: StoredAnswer(row[0], row[1], _decode_answer(row[2]), row[3])
            for row in self._db.execute(sql, ids)
        }

    def append(self, batch: Batch) -> None:
        """Write a batch."""
        insert = self._insert
        insert(
            "INTO entry (seq, epoch, hash, raw)",
            [(entry.seq, self._epoch, entry.hash, entry.raw) for entry in batch.entries],
        )
        insert(
            "INTO entry_ref (era, ref, seq)",
            [
                (entry.seq // ERA_ENTRIES, ref, entry.seq)
                for entry in batch.entries
                for ref in entry.refs
            ],
        )
        insert(
            "OR REPLACE INTO doc (kind, id, body)",
            [(doc.KIND, doc.id, _encode(doc)) for _, doc in batch.docs],
        )
        self._db.executemany(
            "DELETE FROM doc WHERE kind = ? AND id = ?", [(doc.KIND, doc.id) for doc in batch.gone]
        )
        self._update_terms(batch)
        insert(
            "INTO answer (id, content, body, at_us)",
            [(each.id, each.content, _encode(each.answer), each.at_us) for each in batch.answers],
        )
        self._keep_personal({record.key: record for record in batch.personal}, batch.at_us)
        if batch.checkpoint:
            insert(
                "OR REPLACE INTO checkpoint (epoch, seq, at_us, head, signature)",
                [msgspec.structs.astuple(batch.checkpoint)],
            )

    def _keep_personal(self, records: dict[str, PersonalRecord], at_us: int) -> None:
        """Keep records of personal data, and erase those that have no value any more."""
        self._insert(
            "OR REPLACE INTO personal (key, salt, value, at_us)",
            [(r.key, r.salt, _encode(r.value), at_us) for r in records.values() if r.value],
        )
        erase(self._db, [record.key for record in records.values() if not record.value])

    def _insert(self, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows, many by one statement.

        Each statement gives the interpreter away and has to get it back from the event loop's
        thread; row by row that costs more than the rows.
        """
        for at in range(0, len(rows), ROWS_A_STATEMENT_MAX):
            some = rows[at : at + ROWS_A_STATEMENT_MAX]
            sql = _insert_sql(into, len(some), len(some[0]))
            self._db.execute(sql, [*chain.from_iterable(some)])

    def _update_terms(self, batch: Batch) -> None:
        gone = [(doc.KIND, *term, doc.id) for doc in batch.gone for term in doc.terms().items()]
        come = []
        for old, new in batch.docs:
            before, after = old.terms() if old else {}, new.terms()
            if before != after:
                kept = before.items() & after.items()
                gone += [(new.KIND, *term, new.id) for term in before.items() - kept]
                come += [(new.KIND, *term, new.id) for term in after.items() - kept]
        if gone:
            self._db.executemany(
                "DELETE FROM doc_term WHERE kind = ? AND term = ? AND value = ? AND id = ?", gone
            )
        self._insert("INTO doc_term (kind, term, value, id)", come)


def erase(db: sqlite3.Connection, keys: Sequence[str]) -> None:
    """Erase records of personal data, to the last byte: zeros stand where they stood."""
    if keys:
        db.execute("PRAGMA secure_delete=ON")
        db.executemany("DELETE FROM personal WHERE key = ?", [(key,) for key in keys])


@lru_cache(maxsize=STATEMENTS_MAX)
def _insert_sql(into: str, rows: int, columns: int) -> str:
    row = f"({','.join('?' * columns)})"
    return f"INSERT {into} VALUES {','.join([row] * rows)}"  # noqa: S608 - made of constants


def check_version(db: sqlite3.Connection) -> int:
    """Return the schema version of a database, 0 for an empty one.

    Raises:
        NewerSchemaError: where the file was written by a newer Floorgate.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"this database has schema {version}, this Floorgate knows {SCHEMA_VERSION}: "
            "install the newer Floorgate again, or restore a backup from before the upgrade",
            f"数据库的版本是 {version}，这个 Floorgate 只认识到 {SCHEMA_VERSION}："
            "请重新安装更新的 Floorgate，或恢复升级前的备份",
        )
    return version


def migrate(db: sqlite3.Connection) -> None:
    """Bring the schema to `SCHEMA_VERSION`, one numbered file at a time.

    Raises:
        NewerSchemaError: where the file was written by a newer Floorgate.
    """
    for step in range(check_version(db) + 1, SCHEMA_VERSION + 1):
        script = files("edge.store").joinpath(f"schema/{step:04}.sql").read_text("utf-8")
        db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {step};\nCOMMIT;")
