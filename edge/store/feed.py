"""What a spare is fed: the journal in pieces, each with all that belongs to its entries.

A piece holds a run of entries, the signed heads among them, the answers that their commands got,
the personal data that came with them, and the names of the photos that they speak of. Documents
are not in it: they are what the entries give. A piece stands on disk as SHA-256, then zstd of its
MessagePack; whoever takes it checks that, and the chain.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

import msgspec
import zstandard

from edge.app.ports import StoredCheckpoint
from edge.app.telling import ToldError, cause_zh
from edge.domain.personal import keys_of
from edge.store.sqlite import erase
from sync.api import BROKEN_BYTES, GENESIS, HASH_BYTES, decode_entry, link

PIECE_VERSION: Final = 2
"""A later one gives new fields a default: what an older box left on the share stays readable."""
PIECE_ENTRIES_MAX: Final = 2_000
PIECE_BYTES_MAX: Final = 1024 * 1024 * 1024
"""What a piece may unpack to: as many entries as it may have, of the largest size."""
KEYS_MAX: Final = 500
"""In one statement."""
LEVEL: Final = 3
BLOB: Final = "sha256:"
ERASED: Final = "personal.erased"
"""Kind of the entry that names records which a spare must erase as well."""
PICTURES: Final = ("photo:", "video:")
"""Begin the keys of records that say whose picture a blob is."""

Answer = tuple[str, bytes, bytes, int]
"""Id of the command, hash of its content, the answer's bytes, µs."""


class Personal(msgspec.Struct, frozen=True, array_like=True):
    """A record of personal data, and when it was kept (µs UTC; 0: an older box did not tell)."""

    key: str
    salt: bytes
    value: bytes
    at_us: int = 0


class FeedError(ToldError):
    """What a spare is fed cannot be used; the text says why and what to do."""


class NewerPieceError(FeedError):
    """A piece was written by a newer Floorgate than this one."""


class GapError(FeedError):
    """The entries asked for have left the journal: a copy of the whole is needed."""


class Cursor(msgspec.Struct, frozen=True):
    """How far a spare has a box's journal."""

    epoch: int
    seq: int
    head: bytes
    """Hash of entry `seq`."""


class Piece(msgspec.Struct, frozen=True):
    """A run of entries behind entry `after_seq`, with what belongs to them."""

    box: str
    epoch: int
    after_seq: int
    before: bytes
    """Hash of entry `after_seq`."""
    entries: list[bytes]
    checkpoints: list[StoredCheckpoint]
    answers: list[Answer]
    personal: list[Personal]
    blobs: list[str]
    v: int = 1
    """Of its form; the first one did not name it."""

    def hashes(self) -> Iterator[bytes]:
        """Yield the hash of each entry, computed."""
        head = self.before
        for raw in self.entries:
            head = link(head, raw)
            yield head

    def end(self) -> Cursor:
        """Return where a spare stands that has taken this piece."""
        *_, head = (self.before, *self.hashes())
        return Cursor(self.epoch, self.after_seq + len(self.entries), head)


_decoder = msgspec.msgpack.Decoder(Piece)


def pack(piece: Piece) -> bytes:
    """Return a piece as it is stored and sent."""
    packed = zstandard.ZstdCompressor(level=LEVEL).compress(msgspec.msgpack.encode(piece))
    return hashlib.sha256(packed).digest() + packed


def unpack(raw: bytes) -> Piece:
    """Return the piece in `raw`.

    Raises:
        FeedError: it is cut or changed.
    """
    digest, packed = raw[:HASH_BYTES], raw[HASH_BYTES:]
    if hashlib.sha256(packed).digest() != digest:
        raise FeedError("a piece is cut or changed", "一个片段被截断或改动过")
    try:
        size = zstandard.get_frame_parameters(packed).content_size
        if size > PIECE_BYTES_MAX:
            raise FeedError(
                f"a piece claims {size} bytes, at most {PIECE_BYTES_MAX}",
                f"一个片段自称 {size} 字节，最多 {PIECE_BYTES_MAX}",
            )
        piece = _decoder.decode(zstandard.ZstdDecompressor().decompress(packed))
    except (zstandard.ZstdError, *BROKEN_BYTES) as error:
        raise FeedError(
            f"a piece cannot be read: {error}", f"一个片段读不了：{cause_zh(error)}"
        ) from error
    if piece.v > PIECE_VERSION:
        raise NewerPieceError(
            "a piece is a newer Floorgate's; install that version here first",
            "片段由更新的 Floorgate 写成；请先在这里安装那个版本",
        )
    return piece


@contextmanager
def one_state(db: sqlite3.Connection) -> Iterator[None]:
    """Hold one committed state of a database that is only read."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("COMMIT")


def cursor_of(db: sqlite3.Connection) -> Cursor:
    """Return where a database stands."""
    newest = db.execute("SELECT epoch, seq, hash FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
    return Cursor(*newest) if newest else Cursor(0, 0, GENESIS)


def next_piece(db: sqlite3.Connection, box: str, at: Cursor) -> Piece | None:
    """Return what a box's database has behind a cursor; None where there is nothing new.

    Raises:
        GapError: the entries behind the cursor are not there, or those before it are others.
    """
    with one_state(db):
        newest = cursor_of(db)
        _check_continues(db, newest, at)
        if newest.seq == at.seq:
            return None
        entries = db.execute(
            "SELECT raw FROM entry WHERE seq > ? ORDER BY seq LIMIT ?", (at.seq, PIECE_ENTRIES_MAX)
        )
        raws = [row[0] for row in entries]
        heads = db.execute(
            "SELECT epoch, seq, at_us, head, signature FROM checkpoint WHERE seq > ? AND seq <= ?",
            (at.seq, at.seq + len(raws)),
        )
        named = _Named(raws)
        return Piece(
            box=box,
            epoch=at.epoch,
            after_seq=at.seq,
            before=at.head,
            entries=raws,
            checkpoints=[StoredCheckpoint(*head) for head in heads],
            answers=_found(
                db, "SELECT id, content, body, at_us FROM answer WHERE id", named.causes
            ),
            personal=[
                Personal(*row)
                for row in _found(
                    db, "SELECT key, salt, value, at_us FROM personal WHERE key", named.personal
                )
            ],
            blobs=list(named.blobs),
            v=PIECE_VERSION,
        )


def keep_rest(db: sqlite3.Connection, piece: Piece) -> None:
    """Write what belongs to the entries of a piece, but for what they give; again changes nothing.

    Within the transaction that writes the entries.
    """
    db.executemany("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)", piece.answers)
    db.executemany(
        "INSERT OR REPLACE INTO personal (key, salt, value, at_us) VALUES (?, ?, ?, ?)",
        map(msgspec.structs.astuple, piece.personal),
    )
    erase(db, list(_erased(piece)))
    db.executemany(
        "INSERT OR REPLACE INTO checkpoint (epoch, seq, at_us, head, signature)"
        " VALUES (?, ?, ?, ?, ?)",
        (msgspec.structs.astuple(head) for head in piece.checkpoints),
    )


def pictures_gone(db: sqlite3.Connection, piece: Piece) -> list[str]:
    """Return the blobs that the entries of a piece let go, and that are nobody's any more."""
    found = dict.fromkeys(key.split(":")[1] for key in _erased(piece) if key.startswith(PICTURES))
    return [blob for blob in found if not is_picture_named(db, blob)]


def is_picture_named(db: sqlite3.Connection, blob: str) -> bool:
    """Tell whether any record of personal data is about a blob."""
    kept = "SELECT 1 FROM personal WHERE key > ? AND key < ?"
    spans = ((f"{kind}{blob}:", f"{kind}{blob};") for kind in PICTURES)
    return any(db.execute(kept, span).fetchone() for span in spans)


def _erased(piece: Piece) -> Iterator[str]:
    """Yield the keys of personal data that the entries of a piece say was erased."""
    named = (decode_entry(raw) for raw in piece.entries if ERASED.encode() in raw)
    for entry in named:
        yield from entry.data["keys"] if entry.kind == ERASED else ()


def _check_continues(db: sqlite3.Connection, newest: Cursor, at: Cursor) -> None:
    found = db.execute("SELECT hash FROM entry WHERE seq = ?", (at.seq,)).fetchone()
    head = found[0] if found else GENESIS if at.seq == 0 else None
    if (newest.epoch, head) != (at.epoch, at.head):
        raise GapError(
            f"the journal does not go on behind entry {at.seq} of epoch {at.epoch}",
            f"账本没有接着纪元 {at.epoch} 的第 {at.seq} 条",
        )


class _Named:
    """What entries name: the commands that caused them, blobs, records of personal data."""

    def __init__(self, raws: list[bytes]) -> None:
        self.causes: dict[str, None] = {}
        self.blobs: dict[str, None] = {}
        self.personal: dict[str, None] = {}
        for entry in map(decode_entry, raws):
            self.causes[entry.cause] = None
            self.personal.update(dict.fromkeys(keys_of(entry.refs, entry.cause, entry.data)))
            if isinstance(blob := entry.data.get("blob"), str) and blob.startswith(BLOB):
                self.blobs[blob.removeprefix(BLOB)] = None


def _found(db: sqlite3.Connection, select: str, keys: Iterable[str]) -> list[Any]:
    rest, found = iter(keys), list[Any]()
    while some := list(islice(rest, KEYS_MAX)):
        found += db.execute(f"{select} IN ({','.join('?' * len(some))})", some)
    return found
