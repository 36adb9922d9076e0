"""The journal on disk, read beside a running box: read-only, a bounded chunk at a time.

Entries never change once written, so a long walk needs no long transaction: the box's log can be
checkpointed under it.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from edge.app.ports import Head
from edge.app.telling import ToldError, cause_zh
from edge.store.archive import ARCHIVE, Archive
from edge.store.sqlite import BUSY_TIMEOUT_MS, SCHEMA_VERSION, TIMELINE, check_version
from sync.api import (
    BROKEN_BYTES,
    GENESIS,
    Checkpoint,
    ExportedCheckpoint,
    ExportedEntry,
    Fault,
    Finding,
    Report,
    Verifier,
    decode_entry,
    public_key,
)

DATABASE: Final = "floor.db"
BOX_KEY: Final = "keys/box.key"
HUB_KEY: Final = "keys/hub.pub"
SNAPSHOTS_MAX: Final = 10_000
"""Snapshots that entries here may name: each cut makes one, and they leave with the rest."""
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

_FIRST: Final = "SELECT epoch, seq, CAST(raw AS BLOB) FROM entry ORDER BY seq LIMIT 1"
SNAPSHOT: Final = "projection.snapshot"
SNAPSHOTS: Final = "snapshots"
"""The reference that every snapshot's entry has."""

Item = ExportedEntry | ExportedCheckpoint


class Start(msgspec.Struct, frozen=True):
    """What the entries in the database go on from: a stored snapshot of the documents.

    `epoch`, `seq` and `head` name the entry behind which it was taken. Behind a cut that entry is
    the oldest one kept; at the start of a later epoch it is the last one of the epoch before.
    """

    epoch: int
    seq: int
    head: bytes
    docs: int
    sha256: bytes
    is_cut: bool = False


class NoJournalError(ToldError):
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
            raise NoJournalError(
                f"{path}: no such file; give the box's folder with --data DIR",
                f"{path}：没有这个文件；请用 --data 目录 指定边缘盒的数据目录",
            )
        file = path.resolve().as_uri()
        self.archive = Archive(data / ARCHIVE)
        self.db = sqlite3.connect(f"{file}?mode=ro", uri=True, isolation_level=None)
        self.db.execute("PRAGMA query_only=ON")
        self.db.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        try:
            if check_version(self.db) != SCHEMA_VERSION:
                raise NoJournalError(
                    f"{path}: not yet a journal of this version; start the box",
                    f"{path}：账本还不是本版本的；请启动一次边缘盒",
                )
        except sqlite3.DatabaseError as error:
            raise NoJournalError(
                f"{path}: not a database of Floorgate: {error}",
                f"{path}：不是 Floorgate 的数据库：{cause_zh(error)}",
            ) from error

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def last_seq(self) -> int:
        """Return the number of the newest entry, 0 where there is none."""
        return int(self.db.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()[0])

    def head(self) -> Head:
        """Return the newest entry; epoch 0 and seq 0 where there is none."""
        row = self.db.execute("SELECT epoch, seq, hash FROM entry ORDER BY seq DESC").fetchone()
        return Head(*row) if row else Head(0, 0, GENESIS)

    def start(self) -> Start | None:
        """Return what the entries go on from; None where they begin with the box itself.

        Behind a cut, an entry of the journal names the snapshot that stands for what is gone; what
        is left of that is being removed and does not count. Without such an entry nothing was cut:
        what is not there is missing.
        """
        row = self.db.execute(_FIRST).fetchone()
        if row is None:
            return None
        epoch, first_seq, raw = row
        for named in reversed(self.timeline(SNAPSHOTS, 0, SNAPSHOTS_MAX)):
            found = start_in(named)
            if found and found.epoch == epoch and self.hash_of(found.seq) == found.head:
                return msgspec.structs.replace(found, is_cut=True)
        return start_in(raw) if first_seq == 1 else None

    def hash_of(self, seq: int) -> bytes | None:
        """Return the hash of an entry; None where it is not here."""
        row = self.db.execute("SELECT CAST(hash AS BLOB) FROM entry WHERE seq = ?", (seq,))
        found = row.fetchone()
        return found[0] if found else None

    def items(self) -> Iterator[Item]:
        """Yield entries with their hashes, and each checkpoint behind the entry that it pins.

        Behind a cut they begin with the entry after the one that the cut left.
        """
        start = self.start()
        seq = start.seq if start and start.is_cut else 0
        while rows := self.db.execute(_ENTRIES, (seq, CHUNK_ENTRIES)).fetchall():
            last = rows[-1][0]
            pins = self._checkpoints(seq, last)
            for at, digest, raw in rows:
                yield ExportedEntry(raw, digest)
                while pins and pins[0].seq <= at:
                    yield pins.pop(0)
            seq = last
        yield from self._checkpoints(seq, 2**63 - 1)

    def after(self) -> tuple[int, int, bytes] | None:
        """Return epoch, number and hash of the entry before the first one, behind a cut."""
        start = self.start()
        return (start.epoch, start.seq, start.head) if start and start.is_cut else None

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


def check_chain(
    journal: Journal, data: Path, progress: Callable[[int], None] = lambda _: None
) -> Report:
    """Check every entry and signed head of the journal in the folder `data`, by the box's key.

    `progress` is told how many entries and heads were checked.
    """
    key = data / BOX_KEY
    own_key = public_key(key.read_bytes()) if key.is_file() else None
    verifier = Verifier(public_key=own_key, after=journal.after())
    box = ""
    for count, item in enumerate(journal.items(), 1):
        if isinstance(item, ExportedEntry):
            box = box or box_of(item.raw)
            verifier.entry(item.raw, item.hash)
        else:
            pinned = Checkpoint(box, item.epoch, item.seq, item.head, item.at_us)
            verifier.checkpoint(pinned, item.signature)
        progress(count)
    return verifier.report()


def box_of(raw: bytes) -> str:
    """Return the box that wrote an entry, or nothing where it cannot be read."""
    with contextlib.suppress(*BROKEN_BYTES):
        return decode_entry(raw).box
    return ""


def start_in(raw: bytes) -> Start | None:
    """Return what an entry says that the journal goes on from, if it says so."""
    try:
        entry = decode_entry(raw)
        return msgspec.convert(entry.data, Start) if entry.kind == SNAPSHOT else None
    except BROKEN_BYTES:
        return None


_FINDINGS_ZH: Final = {
    Fault.CHANGED: "第 {seq} 条被改动，与它的哈希不符",
    Fault.MISSING: "从第 {seq} 条起有缺失",
    Fault.REORDERED: "第 {seq} 条的位置不对",
    Fault.REPEATED: "第 {seq} 条重复",
    Fault.MALFORMED: "第 {seq} 条的位置上不是本盒的条目",
    Fault.EPOCH: "第 {seq} 条开始新纪元：盒子在这里恢复过或换过",
    Fault.SIGNATURE: "第 {seq} 条的账本头不是本盒的密钥签的",
    Fault.REWRITTEN: "第 {seq} 条的账本头与签过名的不同：之前的账被重写",
}


def finding_zh(finding: Finding) -> str:
    """Return in Chinese what a verifier found."""
    return _FINDINGS_ZH[finding.kind].format(seq=finding.seq)
