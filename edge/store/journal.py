"""The journal on disk, read beside a running box: read-only, a bounded chunk at a time.

Entries never change once written, so a long walk needs no long transaction: the box's log can be
checkpointed under it.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.store.sqlite import BUSY_TIMEOUT_MS, SCHEMA_VERSION, TIMELINE, check_version
from sync.api import ExportedCheckpoint, ExportedEntry

DATABASE: Final = "floor.db"
CHUNK_ENTRIES: Final = 2_000

# In a file that was tampered with a column may hold any type; the verifier judges bytes.
_ENTRIES: Final = """
SELECT seq, coalesce(CAST(hash AS BLOB), x''), coalesce(CAST(raw AS BLOB), x'')
FROM entry WHERE seq > ? ORDER BY seq LIMIT ?
"""
_CHECKPOINTS: Final = """
SELECT
  CAST(epoch AS INTEGER), CAST(seq AS INTEGER), coalesce(CAST(head AS BLOB), x''),
  CAST(at_us AS INTEGER), coalesce(CAST(signature AS BLOB), x'')
FROM checkpoint WHERE seq > ? AND seq <= ? ORDER BY epoch, seq
"""

Item = ExportedEntry | ExportedCheckpoint


class NoJournalError(Exception):
    """There is no journal to read; the text says where it was sought."""


class Journal:
    """A box's database file, for reading only."""

    def __init__(self, data: Path) -> None:
        """Open the journal in the folder `data`.

        Raises:
            NoJournalError: there is none, or the file is no database of Floorgate.
            NewerSchemaError: it was written by a newer Floorgate.
        """
        path = data / DATABASE
        if not path.is_file():
            raise NoJournalError(f"{path}: no such file; give the box's folder with --data DIR")
        file = path.resolve().as_uri()
        self.db = sqlite3.connect(f"{file}?mode=ro", uri=True, isolation_level=None)
        self.db.execute("PRAGMA query_only=ON")
        self.db.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        try:
            if check_version(self.db) != SCHEMA_VERSION:
                raise NoJournalError(f"{path}: not yet a journal of this version; start the box")
        except sqlite3.DatabaseError as error:
            raise NoJournalError(f"{path}: not a database of Floorgate: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def last_seq(self) -> int:
        """Return the number of the newest entry, 0 where there is none."""
        return int(self.db.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()[0])

    def items(self) -> Iterator[Item]:
        """Yield entries with their hashes, and each checkpoint behind the entry that it pins."""
        seq = 0
        while rows := self.db.execute(_ENTRIES, (seq, CHUNK_ENTRIES)).fetchall():
            last = rows[-1][0]
            pins = self._checkpoints(seq, last)
            for at, digest, raw in rows:
                yield ExportedEntry(raw, digest)
                while pins and pins[0].seq <= at:
                    yield pins.pop(0)
            seq = last
        yield from self._checkpoints(seq, 2**63 - 1)

    def raw(self, after_seq: int = 0) -> Iterator[list[tuple[int, bytes]]]:
        """Yield chunks of (number, raw entry) behind entry `after_seq`."""
        while rows := self.db.execute(_ENTRIES, (after_seq, CHUNK_ENTRIES)).fetchall():
            yield [(seq, raw) for seq, _, raw in rows]
            after_seq = rows[-1][0]

    def timeline(self, ref: str, after_seq: int, limit: int) -> list[bytes]:
        """Return the raw entries that concern `ref`, oldest first."""
        return [row[0] for row in self.db.execute(TIMELINE, (ref, after_seq, limit))]

    def _checkpoints(self, after_seq: int, to_seq: int) -> list[ExportedCheckpoint]:
        rows = self.db.execute(_CHECKPOINTS, (after_seq, to_seq))
        return [ExportedCheckpoint(*row) for row in rows]
