"""What left the database: old entries, packed, with an index; and the documents they came to.

A segment is an SQLite file `EEEEEE-SSSSSSSSSSSS.entries` named by the epoch and number of its last
entry: chunks of entries under zstd, which chunks concern a reference, the signed heads among them,
and the hash that the first one goes on from, so that it can be proved by itself. A snapshot is a
file of the same name that ends in `.docs`: every document as it stood behind that entry, under
zstd. Its hash is in the journal, so that replay can start there. Neither ever changes once it has
its name.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from edge.app.ports import Head, StoredCheckpoint
from edge.app.telling import ToldError, cause_zh
from edge.store import durable
from sync.api import BROKEN_BYTES, decode_entry, link

ARCHIVE: Final = "archive"
CHUNK_ENTRIES: Final = 500
LEVEL: Final = 9
LENGTH_BYTES: Final = 4
ROW_BYTES_MAX: Final = 64 * 1024 * 1024
CHUNK_BYTES_MAX: Final = 256 * 1024 * 1024
ENTRIES: Final = ".entries"
DOCS: Final = ".docs"

_SCHEMA: Final = """
CREATE TABLE chunk (first_seq INTEGER PRIMARY KEY, packed BLOB NOT NULL);
CREATE TABLE concern (ref TEXT, first_seq INTEGER, PRIMARY KEY (ref, first_seq)) WITHOUT ROWID;
CREATE TABLE span (
  box TEXT, epoch INTEGER, after_seq INTEGER, before BLOB, to_seq INTEGER, head BLOB
);
CREATE TABLE pin (
  epoch INTEGER, seq INTEGER, at_us INTEGER, head BLOB, signature BLOB, PRIMARY KEY (epoch, seq)
) WITHOUT ROWID;
"""

_CONCERNING: Final = """
SELECT packed FROM concern JOIN chunk USING (first_seq) WHERE ref = ? ORDER BY first_seq
"""

Row = tuple[str, str, bytes]
"""Kind, id and body of a document."""
_rows = msgspec.msgpack.Decoder(Row)
_packed = msgspec.msgpack.Decoder(list[bytes])


class ArchiveError(ToldError):
    """A file of the archive cannot be used; the text says which and what to do."""

    def __init__(self, path: Path, en: str, zh: str) -> None:
        super().__init__(f"{path}: {en}; restore it from a backup", f"{path}：{zh}；请从备份恢复它")


class Snapshot(msgspec.Struct, frozen=True):
    """Documents as they stood behind an entry: how many, and the hash of their bytes."""

    docs: int
    sha256: bytes


class Segment(msgspec.Struct, frozen=True):
    """What a segment says of itself: whose entries, behind which one, up to which one."""

    box: str
    epoch: int
    after_seq: int
    before: bytes
    """Hash of entry `after_seq`."""
    to_seq: int
    head: bytes
    pins: tuple[StoredCheckpoint, ...]

    def after(self) -> tuple[int, int, bytes]:
        """Return epoch, number and hash of the entry that it goes on from."""
        return (self.epoch, self.after_seq, self.before)

    def end(self) -> tuple[int, int, bytes]:
        """Return epoch, number and hash of its last entry."""
        return (self.epoch, self.to_seq, self.head)


class Archive:
    """A folder of segments and snapshots."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._walked = (0, 0, b"")
        """Epoch, number and hash of the entry up to which `behind` walked last."""

    def path(self, epoch: int, seq: int, suffix: str) -> Path:
        """Return where the file of an entry is, or would be."""
        return self.folder / f"{epoch:06}-{seq:012}{suffix}"

    def segments(self) -> list[Path]:
        """Return the segments, oldest first."""
        return sorted(self.folder.glob(f"*{ENTRIES}"))

    # ---- entries --------------------------------------------------------------------------------

    def keep_entries(self, db: sqlite3.Connection, before: Head, to_seq: int) -> Path:
        """Write the entries of `db` behind `before`, up to `to_seq`; durable when it returns."""
        durable.make_folder(self.folder)
        path = self.path(before.epoch, to_seq, ENTRIES)
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(durable.PRIVATE)
        with closing(sqlite3.connect(fresh, isolation_level=None)) as segment:
            segment.execute("PRAGMA journal_mode=OFF")
            segment.executescript(_SCHEMA)
            segment.execute("BEGIN")
            pins = db.execute(
                "SELECT epoch, seq, at_us, head, signature FROM checkpoint"
                " WHERE seq > ? AND seq <= ?",
                (before.seq, to_seq),
            )
            segment.executemany("INSERT INTO pin VALUES (?, ?, ?, ?, ?)", pins)
            raw, head = db.execute(
                "SELECT raw, hash FROM entry WHERE seq = ?", (to_seq,)
            ).fetchone()
            span = (_box_of(raw), before.epoch, before.seq, before.hash, to_seq, head)
            segment.execute("INSERT INTO span VALUES (?, ?, ?, ?, ?, ?)", span)
            _pack(db, before.seq, to_seq, segment)
            segment.execute("COMMIT")
        durable.sync_file(fresh)
        durable.move(fresh, path)
        return path

    def timeline(self, ref: str, limit: int) -> list[bytes]:
        """Return the first raw entries that concern `ref`, oldest first."""
        found: list[bytes] = []
        for path in self.segments():
            for entry in _concerning(path, ref):
                if len(found) == limit:
                    return found
                found.append(entry)
        return found

    def behind(self, epoch: int, after_seq: int, limit: int) -> tuple[bytes, list[bytes]]:
        """Return the hash of an entry, and raw entries that follow it in its segment.

        Nothing where no segment has them. Asked for in order, each segment is walked once.

        Raises:
            ArchiveError: the segment is cut or changed.
        """
        for path in self.segments():
            if (epoch, after_seq) >= _end_of(path):
                continue
            span = span_of(path)
            if span.epoch != epoch or span.after_seq > after_seq:
                break
            walked = self._walked
            is_known = walked[0] == epoch and span.after_seq <= walked[1] <= after_seq
            seq, head = walked[1:] if is_known else (span.after_seq, span.before)
            found = []
            for at, raw in _numbered(path, seq):
                if at > after_seq + limit:
                    break
                if at > after_seq:
                    found.append(raw)
                else:
                    seq, head = at, link(head, raw)
            self._walked = (epoch, seq, head)
            return head, found
        return b"", []

    # ---- documents ------------------------------------------------------------------------------

    def keep_docs(self, rows: Iterable[Row], epoch: int, seq: int) -> Snapshot:
        """Write documents, sorted, as the snapshot behind an entry; durable when it returns."""
        durable.make_folder(self.folder)
        path = self.path(epoch, seq, DOCS)
        fresh = path.with_name(path.name + ".new")
        digest, docs = hashlib.sha256(), 0
        fresh.unlink(missing_ok=True)
        fresh.touch(durable.PRIVATE)
        compressor = zstandard.ZstdCompressor(level=LEVEL)
        with fresh.open("wb") as file, compressor.stream_writer(file, closefd=False) as packed:
            for row in rows:
                raw = msgspec.msgpack.encode(row)
                for piece in (len(raw).to_bytes(LENGTH_BYTES, "big"), raw):
                    digest.update(piece)
                    packed.write(piece)
                docs += 1
        durable.sync_file(fresh)
        durable.move(fresh, path)
        return Snapshot(docs, digest.digest())

    def prune(self, epoch: int, seq: int, entries_bytes_max: int | None) -> list[Path]:
        """Remove what is not needed any more, and return it.

        Snapshots but for the one behind an entry, which the journal goes on from; and, where a
        bound is given because a hub holds all entries, the oldest segments beyond it.
        """
        current = self.path(epoch, seq, DOCS)
        gone = [each for each in self.folder.glob(f"*{DOCS}") if each < current]
        if entries_bytes_max is not None:
            kept = 0
            for path in reversed(self.segments()):
                kept += path.stat().st_size
                if kept > entries_bytes_max:
                    gone.append(path)
        for path in gone:
            path.unlink()
        return sorted(gone)

    def docs(self, epoch: int, seq: int, sha256: bytes) -> Iterator[Row]:
        """Return the documents as they stood behind an entry.

        Raises:
            ArchiveError: at the latest behind the last one: the file is missing, cut or changed.
        """
        path = self.path(epoch, seq, DOCS)
        digest = hashlib.sha256()
        try:
            with (
                path.open("rb") as file,
                zstandard.ZstdDecompressor().stream_reader(file) as packed,
            ):
                while size := packed.read(LENGTH_BYTES):
                    raw = packed.read(min(int.from_bytes(size, "big"), ROW_BYTES_MAX))
                    digest.update(size)
                    digest.update(raw)
                    yield _rows.decode(raw)
        except (OSError, zstandard.ZstdError, *BROKEN_BYTES) as error:
            raise ArchiveError(path, str(error), cause_zh(error)) from error
        if digest.digest() != sha256:
            raise ArchiveError(path, "not what the journal names", "与账本所记的不符")


def _pack(db: sqlite3.Connection, seq: int, to_seq: int, segment: sqlite3.Connection) -> None:
    compress = zstandard.ZstdCompressor(level=LEVEL).compress
    while rows := db.execute(
        "SELECT seq, raw FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        (seq, to_seq, CHUNK_ENTRIES),
    ).fetchall():
        first, seq = rows[0][0], rows[-1][0]
        raws = [raw for _, raw in rows]
        segment.execute(
            "INSERT INTO chunk VALUES (?, ?)", (first, compress(msgspec.msgpack.encode(raws)))
        )
        concerns = {ref for raw in raws for ref in _refs(raw)}
        segment.executemany("INSERT INTO concern VALUES (?, ?)", ((r, first) for r in concerns))


def _box_of(raw: bytes) -> str:
    try:
        return decode_entry(raw).box
    except BROKEN_BYTES:
        return ""


def _refs(raw: bytes) -> Iterable[str]:
    try:
        return decode_entry(raw).refs
    except BROKEN_BYTES:
        return ()


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


def _concerning(path: Path, ref: str) -> Iterator[bytes]:
    try:
        with closing(_opened(path)) as segment:
            for (packed,) in segment.execute(_CONCERNING, (ref,)):
                yield from (raw for raw in unpacked(packed) if ref in _refs(raw))
    except (sqlite3.DatabaseError, zstandard.ZstdError, *BROKEN_BYTES) as error:
        raise ArchiveError(path, str(error), cause_zh(error)) from error


def span_of(path: Path) -> Segment:
    """Return what a segment says of itself.

    Raises:
        ArchiveError: the file is missing, cut or changed.
    """
    try:
        with closing(_opened(path)) as segment:
            pins = segment.execute(
                "SELECT epoch, seq, at_us, head, signature FROM pin ORDER BY epoch, seq"
            )
            kept = tuple(StoredCheckpoint(*pin) for pin in pins)
            (span,) = segment.execute("SELECT * FROM span")
            box, epoch, after_seq, before, to_seq, head = span
            return Segment(box, epoch, after_seq, before, to_seq, head, kept)
    except (sqlite3.DatabaseError, ValueError, TypeError) as error:
        raise ArchiveError(path, str(error), cause_zh(error)) from error


def _end_of(path: Path) -> tuple[int, int]:
    """Return epoch and number of a segment's last entry, by its name."""
    epoch, _, seq = path.stem.partition("-")
    return int(epoch), int(seq)


def _numbered(path: Path, after_seq: int) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of the entries of a segment behind one, oldest first."""
    try:
        with closing(_opened(path)) as segment:
            chunks = segment.execute(
                "SELECT first_seq, packed FROM chunk WHERE first_seq > ? ORDER BY first_seq",
                (after_seq - CHUNK_ENTRIES,),
            )
            for first_seq, packed in chunks:
                for seq, raw in enumerate(unpacked(packed), first_seq):
                    if seq > after_seq:
                        yield seq, raw
    except (sqlite3.DatabaseError, zstandard.ZstdError, *BROKEN_BYTES) as error:
        raise ArchiveError(path, str(error), cause_zh(error)) from error


def entries(path: Path) -> Iterator[bytes]:
    """Return the raw entries of a segment, in order.

    Raises:
        ArchiveError: the file is missing, cut or changed.
    """
    try:
        with closing(_opened(path)) as segment:
            for (packed,) in segment.execute("SELECT packed FROM chunk ORDER BY first_seq"):
                yield from unpacked(packed)
    except (sqlite3.DatabaseError, zstandard.ZstdError, *BROKEN_BYTES) as error:
        raise ArchiveError(path, str(error), cause_zh(error)) from error


def unpacked(packed: bytes) -> list[bytes]:
    """Return the entries of a chunk."""
    raw = zstandard.ZstdDecompressor().decompress(packed, max_output_size=CHUNK_BYTES_MAX)
    return _packed.decode(raw)
