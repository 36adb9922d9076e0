"""A share that a box feeds, and that a spare follows: a folder, best on another machine.

    spare.json                                  whose it is, and where the box stood when
    base/EEEEEE-SSSSSSSSSSSS-R.db.zst           a copy of the whole database behind an entry
    pieces/EEEEEE-AAAAAAAAAAAA-BBBBBBBBBBBB     the entries behind A up to B; see `feed`
    files/                                      keys, certificates, photos, archive
    taken.json                                  the epoch in which a spare took over: the box is out

Every file is flushed and renamed, so a name that exists is whole, whatever was cut.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from edge.app.telling import cause_zh
from edge.store import durable, feed
from edge.store.archive import ARCHIVE
from edge.store.backup import KEPT, UNCHANGING, UNFINISHED, copy_database, copy_file, pack_file
from edge.store.feed import Cursor, FeedError, GapError
from edge.store.journal import DATABASE
from edge.store.sqlite import SCHEMA_VERSION
from sync.api import BROKEN_BYTES, GENESIS

FORMAT: Final = "floorgate-spare"
FORMAT_VERSION: Final = 1
STATE, TAKEN = "spare.json", "taken.json"
BASE, PIECES, FILES = "base", "pieces", "files"
BLOBS: Final = "blobs"
BASES_KEPT: Final = 2
PIECES_MAX: Final = 20_000
"""With so many pieces behind the newest base another one is made."""
BASE_AGE_US_MAX: Final = 86_400_000_000
"""What was erased at the box leaves the spare with the next base: after a day at most."""
FILES_EVERY_US: Final = 60_000_000
SEEN_EVERY_US: Final = 5_000_000
"""So often a box with nothing new says that it is there."""
STATE_BYTES_MAX: Final = 64 * 1024
START: Final = Cursor(0, 0, GENESIS)

T = TypeVar("T", bound=msgspec.Struct)


class ShareState(msgspec.Struct, frozen=True):
    """Whose share it is, and where its box stood when it looked last."""

    box: str
    version: str
    schema: int
    at: Cursor = START
    at_us: int = 0
    base_us: int = 0
    """When the newest base was made."""
    format: str = FORMAT
    v: int = FORMAT_VERSION


class Taken(msgspec.Struct, frozen=True):
    """A spare took over from a box: in which epoch, and when."""

    box: str
    epoch: int
    at_us: int


class FencedError(Exception):
    """Another machine is this box now."""

    def __init__(self, epoch: int, where: str) -> None:
        super().__init__(f"epoch {epoch} of this box runs elsewhere ({where} says so)")
        self.epoch = epoch
        self.where = where


class Share:
    """The folder, read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    def prepare(self, box: str, version: str) -> None:
        """Make the folder a share of a box; one that is its share already stays as it is.

        A folder that was not prepared is never fed: it may be where nothing is mounted just now.

        Raises:
            FeedError: it is another box's, or of a newer version.
            OSError: it may not be written.
        """
        durable.make_folder(self.folder)
        if self._read(STATE, ShareState) is None:
            fresh = ShareState(box=box, version=version, schema=SCHEMA_VERSION)
            durable.write_file(self.folder / STATE, msgspec.json.encode(fresh))
        self.state(box)

    def state(self, box: str) -> ShareState:
        """Return what the share of a box says of itself.

        Raises:
            FeedError: it is none, another box's, or of a newer version.
            OSError: it cannot be read.
        """
        state = self._read(STATE, ShareState)
        if state is None:
            raise FeedError(
                f"{self}: not prepared as a share, or not mounted; mount it, or once: "
                f"sudo -u floorgate floorgate spare prepare {self}",
                f"{self}：没有准备成共享，或没有挂载；请挂载，或执行一次："
                f"sudo -u floorgate floorgate spare prepare {self}",
            )
        if state.box != box:
            raise FeedError(
                f"{self}: is the share of box {state.box}, this is {box}; "
                "give each box a share of its own",
                f"{self}：是盒子 {state.box} 的共享，本机是 {box}；每台盒子要有自己的共享",
            )
        if (state.format, state.v) != (FORMAT, FORMAT_VERSION) or state.schema > SCHEMA_VERSION:
            problem = f"{self}: fed by Floorgate {state.version}, which is newer than this one"
            raise FeedError(
                f"{problem}; install that version here first",
                f"{self}：由更新的 Floorgate {state.version} 写入；请先在这里安装那个版本",
            )
        return state

    def taken(self) -> Taken | None:
        """Return who took over, if anybody did."""
        return self._read(TAKEN, Taken)

    def check_fence(self, box: str, epoch: int = 0) -> None:
        """Raise `FencedError` where a spare took over from a box in a later epoch than its own."""
        taken = self.taken()
        if taken and taken.box == box and taken.epoch > epoch:
            raise FencedError(taken.epoch, str(self))

    def bases(self) -> list[Path]:
        """Return the bases, oldest first."""
        return sorted((self.folder / BASE).glob("*.db.zst"))

    def pieces(self, epoch: int, seq: int) -> Iterator[Path]:
        """Yield the pieces of an epoch that reach behind an entry, oldest first."""
        for path in sorted((self.folder / PIECES).glob(f"{epoch:06}-*-*")):
            if path.suffix != ".new" and _end_of(path) > seq:  # one may be in the making
                yield path

    def files(self) -> Iterator[Path]:
        """Yield the names of keys, certificates, photos and archive files."""
        root = self.folder / FILES
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix != ".new":
                yield path.relative_to(root)

    def take_over(self, taken: Taken) -> None:
        """Write that a spare took over, for the box to see when it comes back."""
        durable.write_file(self.folder / TAKEN, msgspec.json.encode(taken))

    def _read(self, name: str, kind: type[T]) -> T | None:
        path = self.folder / name
        try:
            with path.open("rb") as file:
                return msgspec.json.decode(file.read(STATE_BYTES_MAX), type=kind)
        except FileNotFoundError:
            return None
        except BROKEN_BYTES as error:
            raise FeedError(
                f"{path}: {error}; empty the share, it is filled again",
                f"{path}：{cause_zh(error)}；请清空共享，它会重新写满",
            ) from error


def _end_of(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def base_cursor(path: Path) -> tuple[int, int]:
    """Return epoch and number of the entry behind which a base was copied."""
    epoch, seq, *_ = path.name.partition(".")[0].split("-")
    return int(epoch), int(seq)


class Feeder:
    """Keeps a share in step with a box's folder. One thread; the box may be running."""

    def __init__(self, data: Path, share: Share, *, box: str, version: str) -> None:
        self._data = data
        self._share = share
        self._box = box
        self._version = version
        self._files_us = 0
        self._pieces: int | None = None

    def feed(self, now_us: int) -> Cursor:
        """Bring the share up to date; return how far it is.

        Raises:
            FencedError: a spare took over from this box.
            FeedError: the share is another box's, or broken.
            OSError: it is away, full, or may not be written.
        """
        state = self._share.state(self._box)
        path = (self._data / DATABASE).resolve().as_uri()
        with closing(sqlite3.connect(f"{path}?mode=ro", uri=True, isolation_level=None)) as db:
            self._share.check_fence(self._box, feed.cursor_of(db).epoch)
            if now_us - self._files_us >= FILES_EVERY_US:
                self._ship_files(KEPT)
                self._files_us = now_us
            try:
                at, base_us = self._ship_pieces(db, state.at), state.base_us
            except GapError:
                at, base_us = None, 0
            if at is None or self._is_base_due(now_us - base_us):
                at, base_us = self._make_base(at), now_us
                at = self._ship_pieces(db, at)
        if at != state.at or now_us - state.at_us >= SEEN_EVERY_US or base_us != state.base_us:
            told = msgspec.structs.replace(
                state, version=self._version, schema=SCHEMA_VERSION,
                at=at, at_us=now_us, base_us=base_us,
            )  # fmt: skip
            durable.write_file(self._share.folder / STATE, msgspec.json.encode(told))
        return at

    def _is_base_due(self, age_us: int) -> bool:
        if self._pieces is None:
            self._pieces = sum(1 for _ in (self._share.folder / PIECES).glob("*"))
        return self._pieces >= PIECES_MAX or age_us >= BASE_AGE_US_MAX

    def _ship_pieces(self, db: sqlite3.Connection, at: Cursor) -> Cursor:
        folder = self._share.folder / PIECES
        while piece := feed.next_piece(db, self._box, at):
            durable.make_folder(folder)
            for blob in piece.blobs:
                self._ship_file(blob_path(blob))
            for blob in feed.pictures_gone(db, piece):
                (self._share.folder / FILES / blob_path(blob)).unlink(missing_ok=True)
            end = piece.end()
            name = f"{at.epoch:06}-{at.seq:012}-{end.seq:012}"
            durable.write_file(folder / name, feed.pack(piece))
            self._pieces = None if self._pieces is None else self._pieces + 1
            at = end
        return at

    # ---- the whole ------------------------------------------------------------------------------

    def _make_base(self, at: Cursor | None) -> Cursor:
        """Copy the whole database; return from where pieces go on."""
        folder = self._share.folder / BASE
        durable.make_folder(folder)
        plain = self._data / ".spare-base.db"
        plain.unlink(missing_ok=True)
        try:
            copy_database(self._data / DATABASE, plain)
            with closing(sqlite3.connect(plain)) as copy:
                base = feed.cursor_of(copy)
                forget_unnamed(copy, self._data, self._share.folder / FILES)
            target = folder / f"{base.epoch:06}-{base.seq:012}.db.zst"
            pack_file(plain, target.with_suffix(".new"))
        finally:
            plain.unlink(missing_ok=True)
        self._ship_files(KEPT)  # the archive that it goes on from
        forget_pruned(self._data / ARCHIVE, self._share.folder / FILES / ARCHIVE)
        durable.move(target.with_suffix(".new"), target)
        self._prune()
        return at or base

    def _prune(self) -> None:
        """Remove what the bases that are kept do not need."""
        bases = self._share.bases()
        for path in (*bases[:-BASES_KEPT], *(self._share.folder / BASE).glob("*.new")):
            path.unlink()
        oldest = base_cursor(bases[-BASES_KEPT:][0])
        for path in (self._share.folder / PIECES).glob("*"):
            if path.suffix == ".new" or (int(path.name[:6]), _end_of(path)) <= oldest:
                path.unlink()
        self._pieces = None

    # ---- files ----------------------------------------------------------------------------------

    def _ship_files(self, folders: Iterable[str]) -> None:
        for folder in folders:
            for source in (self._data / folder).rglob("*"):
                is_unfinished = source.suffix == ".new" or UNFINISHED in source.parts
                if not is_unfinished and source.is_file():
                    self._ship_file(source.relative_to(self._data))

    def _ship_file(self, name: Path) -> None:
        mirror(self._data, self._share.folder / FILES, name)


def blob_path(sha256: str) -> Path:
    """Return where a blob lies in a box's folder."""
    return Path(BLOBS, sha256[:2], sha256[2:4], sha256)


def forget_unnamed(db: sqlite3.Connection, source: Path, target: Path) -> None:
    """Remove photos and videos that their owner has not, and of which a database knows nothing.

    What says that one was erased may be in no piece: a base, or another epoch, came in between.
    """
    for path in (target / BLOBS).rglob("*"):
        is_here = (source / path.relative_to(target)).exists()
        if not is_here and path.is_file() and not feed.is_picture_named(db, path.name):
            path.unlink()


def forget_pruned(source: Path, target: Path) -> None:
    """Remove files of the archive that its owner has removed; one without any removes nothing."""
    kept = {each.name for each in source.glob("*")}
    for path in target.glob("*") if kept else ():
        if path.name not in kept:
            path.unlink()


def mirror(source: Path, target: Path, name: Path) -> None:
    """Copy a file durably where it is not there yet, or has changed; one that is gone is left."""
    ours, theirs = source / name, target / name
    if not ours.exists() or (theirs.exists() and name.parts[0] in UNCHANGING):
        return
    if theirs.exists() and theirs.read_bytes() == ours.read_bytes():
        return
    durable.make_folder(theirs.parent)
    fresh = theirs.with_name(theirs.name + ".new")
    copy_file(ours, fresh)
    durable.move(fresh, theirs)
