"""A spare: a second folder that becomes what the box's is, piece by piece, while the box runs.

It lies in `.spare` of a machine's data folder. Each piece is checked against the chain that is
here, its entries are applied, and all of it is one transaction: the newest entry says how far the
spare is, and a power cut leaves it before a piece or behind it. Nothing decides here.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from edge.app.ports import Batch, Head, StoredEntry
from edge.app.telling import cause_zh
from edge.domain.projections import apply
from edge.domain.world import World
from edge.store import durable, feed
from edge.store.archive import ARCHIVE
from edge.store.backup import BackupError, prove, unpack_file
from edge.store.feed import FeedError, Piece
from edge.store.journal import DATABASE
from edge.store.share import (
    FILES,
    Share,
    ShareState,
    blob_path,
    forget_pruned,
    forget_unnamed,
    mirror,
)
from edge.store.sqlite import NewerSchemaError, SqliteStore
from sync.api import BROKEN_BYTES, ENTRY_VERSION, decode_entry

SPARE: Final = ".spare"
FRESH: Final = ".fresh"
NOTE: Final = "followed.json"
FILES_EVERY_US: Final = 60_000_000
DAMAGED: Final = (BackupError, NewerSchemaError, zstandard.ZstdError, sqlite3.DatabaseError)
"""What a base raises that is not the box's."""
UNAPPLIED: Final = (*BROKEN_BYTES, AssertionError, LookupError, TypeError, ValueError)


class Followed(msgspec.Struct, frozen=True):
    """What a spare notes of its share, to tell its gap by when the box is gone."""

    share: str
    heard: ShareState
    """What the share said last."""
    base_us: int
    """The base that the spare goes on from was made then."""


def read_note(folder: Path) -> Followed | None:
    """Return what a spare noted of its share; None where it never followed one."""
    try:
        return msgspec.json.decode((folder / NOTE).read_bytes(), type=Followed)
    except (OSError, *BROKEN_BYTES):
        return None


class Follower:
    """Keeps a spare's folder in step with a share. One thread, one process."""

    def __init__(self, folder: Path, share: Share, *, box: str) -> None:
        self.folder = folder
        self._share = share
        self._box = box
        self._note = read_note(folder)
        self._files_us = 0
        self._store: SqliteStore | None = None
        durable.make_folder(folder)

    @property
    def head(self) -> Head | None:
        """The newest entry that is here; None before the first base."""
        return self._opened().head() if (self.folder / DATABASE).exists() else None

    def follow(self, now_us: int) -> ShareState:
        """Take what the share has; return what it says of the box.

        Raises:
            FeedError: it is another box's, of a newer version, or damaged.
            OSError: it is away, or the disk here is full.
        """
        state = self._share.state(self._box)
        if now_us - self._files_us >= FILES_EVERY_US:
            self._take_files()
            self._files_us = now_us
        base_us = self._note.base_us if self._note else 0
        is_stale = self.head is None or state.base_us > base_us
        if is_stale or not self._take_pieces(self._opened(), state):
            self._take_base(state)
            base_us = state.base_us
        note = Followed(str(self._share), state, base_us)
        if note != self._note:
            durable.write_file(self.folder / NOTE, msgspec.json.encode(note))
            self._note = note
        return state

    def close(self) -> None:
        """Release the database."""
        if self._store:
            self._store.close()
            self._store = None

    def _opened(self) -> SqliteStore:
        if self._store is None:
            self._store = SqliteStore(self.folder / DATABASE)
        return self._store

    # ---- the whole ------------------------------------------------------------------------------

    def _take_base(self, state: ShareState) -> None:
        """Put the newest base, proved and brought up to date, in the place of what is here."""
        bases = self._share.bases()
        if not bases:
            return
        self._take_files()
        fresh = self.folder / FRESH
        durable.remove_tree(fresh)
        durable.make_folder(fresh)
        try:
            unpack_file(bases[-1], fresh / DATABASE)
            for kept in ("keys", ARCHIVE):
                if (self.folder / kept).exists():
                    shutil.copytree(self.folder / kept, fresh / kept, copy_function=os.link)
            with closing(SqliteStore(fresh / DATABASE)) as store:
                if prove(fresh).box != self._box:
                    raise FeedError(
                        f"{bases[-1]}: is of another box; empty the share",
                        f"{bases[-1]}：属于另一台盒子；请清空共享",
                    )
                self._take_pieces(store, state)
        except sqlite3.OperationalError:
            raise  # the disk here, not the base
        except DAMAGED as error:
            raise FeedError(
                f"{bases[-1]}: {error}; remove it, the box makes another",
                f"{bases[-1]}：{cause_zh(error)}；请删除它，盒子会另做一份",
            ) from error
        if self.head is not None:
            self.close()  # the last to close it takes its log into the file
        forget_pruned(self._share.folder / FILES / ARCHIVE, self.folder / ARCHIVE)
        durable.sync_file(fresh / DATABASE)
        durable.move(fresh / DATABASE, self.folder / DATABASE)
        durable.remove_tree(fresh)
        forget_unnamed(self._opened().connection, self._share.folder / FILES, self.folder)

    # ---- pieces ---------------------------------------------------------------------------------

    def _take_pieces(self, store: SqliteStore, state: ShareState) -> bool:
        """Take all pieces that go on from here; False where only a base can."""
        head = store.head()
        for path in self._share.pieces(head.epoch, head.seq):
            piece = _read(path)
            if piece is None:
                return False
            for blob in piece.blobs:
                mirror(self._share.folder / FILES, self.folder, blob_path(blob))
            if not self._take(store, piece):
                return False
            for blob in feed.pictures_gone(store.connection, piece):
                (self.folder / blob_path(blob)).unlink(missing_ok=True)
        head = store.head()
        return head.epoch == state.at.epoch and head.seq >= state.at.seq

    def _take(self, store: SqliteStore, piece: Piece) -> bool:
        """Take the entries of a piece that are not here yet; False where it does not go on."""
        head = store.head()
        known = head.seq - piece.after_seq
        if piece.box != self._box or piece.epoch != head.epoch or known < 0:
            return False
        hashes = [piece.before, *piece.hashes()]
        if known >= len(hashes):
            return True
        if hashes[known] != head.hash:
            return False
        fresh = zip(piece.entries[known:], hashes[known + 1 :], strict=True)
        entries = [
            StoredEntry(seq, at, raw, decode_entry(raw).refs)
            for seq, (raw, at) in enumerate(fresh, head.seq + 1)
        ]
        transaction = store.begin()
        try:
            transaction.append(applied(store, entries))
            feed.keep_rest(store.connection, piece)
            store.commit()
        except BaseException:
            store.rollback()
            raise
        store.checkpoint_if_due()
        return True

    # ---- files ----------------------------------------------------------------------------------

    def _take_files(self) -> None:
        for name in self._share.files():
            mirror(self._share.folder / FILES, self.folder, name)


def applied(store: SqliteStore, entries: list[StoredEntry]) -> Batch:
    """Return entries, and the documents that they give.

    Raises:
        FeedError: one cannot be applied.
    """
    world = World(store.doc)
    for entry in entries:
        try:
            fact = decode_entry(entry.raw)
            if fact.v > ENTRY_VERSION:
                raise FeedError(
                    f"entry {entry.seq} is a newer Floorgate's; install that one first",
                    f"条目 {entry.seq} 由更新的 Floorgate 写成；请先安装那个版本",
                )
            apply(world, fact)
        except UNAPPLIED as error:
            raise FeedError(
                f"entry {entry.seq} cannot be applied here ({type(error).__name__}: {error}); "
                "install the same version as on the box",
                f"条目 {entry.seq} 在这里无法应用（{type(error).__name__}：{error}）；"
                "请安装与盒子相同的版本",
            ) from error
    return Batch(
        entries,
        world.written(),
        personal=[],
        answers=[],
        checkpoint=None,
        gone=world.removed(),
    )


def _read(path: Path) -> Piece | None:
    try:
        return feed.unpack(path.read_bytes())
    except FileNotFoundError:
        return None  # a newer base stands for it
    except feed.NewerPieceError:
        raise
    except FeedError as error:
        raise FeedError(
            f"{path}: {error}; empty the share, it is filled again",
            f"{path}：{error.told('zh')}；请清空共享，它会重新写满",
        ) from error
