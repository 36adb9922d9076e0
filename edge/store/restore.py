"""A backup becomes the box again: laid out beside, proved, given a new epoch, switched at once.

The journal of a restored box cannot go on under its old numbers: the hub may hold later entries
of them. So a new epoch begins at entry 1, which names the snapshot of the documents that it goes on
from; the old epoch's entries become a segment of the archive.

The switch is a list of renames that `switch.json` announces. A power cut leaves the old box, or a
switch under way that the next start completes. What was replaced stays in `.before-restore-…`.
"""

import itertools
import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from edge.app.ports import Clock, Head, Ids
from edge.domain.commands import Command, SnapshotKeep
from edge.store import durable
from edge.store.archive import ARCHIVE, Archive
from edge.store.backup import KEPT, Manifest, copy_database, prove, unpack
from edge.store.journal import BOX_KEY, DATABASE, Journal
from edge.store.sqlite import SqliteStore
from edge.store.writer import Writer
from sync.api import GENESIS, Checkpoint, sign_checkpoint

STAGE: Final = ".restoring"
SWITCH: Final = "switch.json"
BEFORE: Final = ".before-restore-"
BEFORE_MAX: Final = 2
"""Replaced boxes that are kept; older ones are removed when another is replaced."""
MOVED: Final = (f"{DATABASE}-wal", f"{DATABASE}-shm", *KEPT, DATABASE)
"""In this order: a log never lies beside another database than its own."""


class Switch(msgspec.Struct, frozen=True):
    """A switch under way: where what is replaced goes, and what comes in its place."""

    before: str
    staged: tuple[str, ...]


def stage(backup: Path, manifest: Manifest, data: Path) -> Path:
    """Lay a backup out in the folder of a box, beside what is there, and prove it.

    Raises:
        BackupError: a file is missing, cut or changed, or the whole is not a box's.
        OSError: the disk is full, or may not be written.
    """
    folder = data / STAGE
    unpack(backup, manifest.parts, folder, may_link=False)
    prove(folder)
    return folder


def copy_to_stage(source: Path, data: Path) -> Path:
    """Lay a stopped box, or a spare, out in `data`: its database copied, all else linked.

    Raises:
        BackupError: its database cannot be read.
    """
    folder = data / STAGE
    durable.remove_tree(folder)
    durable.make_folder(folder)
    copy_database(source / DATABASE, folder / DATABASE)
    for kept in KEPT:
        if (source / kept).exists():
            shutil.copytree(source / kept, folder / kept, copy_function=os.link)
    return folder


def begin_epoch(folder: Path, box: str, epoch: int, clock: Clock, ids: Ids) -> Head:
    """Let the journal in `folder` go on in a later epoch, from its documents as they are."""
    archive = Archive(folder / ARCHIVE)
    with closing(SqliteStore(folder / DATABASE)) as store:
        old = store.head()
        assert epoch > old.epoch, "epochs only grow"
        archive.keep_entries(store.connection, _archived_up_to(folder, old), old.seq)
        rows = store.connection.execute("SELECT kind, id, body FROM doc ORDER BY kind, id")
        docs = archive.keep_docs(rows, old.epoch, old.seq)
        for table in ("entry", "entry_ref", "checkpoint"):
            store.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
    with closing(SqliteStore(folder / DATABASE, epoch)) as store:
        data = SnapshotKeep(old.epoch, old.seq, old.hash, docs.docs, docs.sha256)
        head = name_snapshot(folder, store, box, data, clock, ids)
        store.connection.execute("VACUUM")
        return head


def name_snapshot(
    folder: Path, store: SqliteStore, box: str, data: SnapshotKeep, clock: Clock, ids: Ids
) -> Head:
    """Write the entry that names a stored snapshot into the journal of a stopped box."""
    key = (folder / BOX_KEY).read_bytes()

    def sign(epoch: int, seq: int, head: bytes, at_us: int) -> bytes:
        return sign_checkpoint(Checkpoint(box, epoch, seq, head, at_us), key)

    writer = Writer(store, box=box, clock=clock, ids=ids, sign=sign, render=_no_views)
    command = Command(
        id=ids.new_id(),
        data=data,
        via="box",
        device="box",
        actor="box",
        captured_us=clock.now_us(),
    )
    (outcome,), _ = writer.run_group([command])
    assert outcome.answer.ok, outcome.answer
    return writer.head


def _archived_up_to(folder: Path, head: Head) -> Head:
    """Return the entry up to which the archive has the epoch of `head` already."""
    with closing(Journal(folder)) as journal:
        start = journal.start()
    cut = start if start and start.is_cut else None
    return Head(cut.epoch, cut.seq, cut.head) if cut else Head(head.epoch, 0, GENESIS)


def _no_views(*_: object) -> dict[str, object]:
    return {}


def switch(data: Path, now: str) -> Path | None:
    """Put what is staged in the place of what is there; return where that went, if there was any.

    `now` names that place, e.g. `20260101T031000Z`; it sorts by time.
    """
    durable.sync_tree(data / STAGE)
    free = (data / f"{BEFORE}{now}-{again:03}" for again in itertools.count())
    before = next(each for each in free if not each.exists())
    durable.make_folder(before)
    staged = tuple(name for name in MOVED if (data / STAGE / name).exists())
    durable.write_file(data / SWITCH, msgspec.json.encode(Switch(before.name, staged)))
    finish_switch(data)
    return before if before.exists() else None


def finish_switch(data: Path) -> None:
    """Complete a switch that was announced; without one do nothing. Called before each start."""
    announced = data / SWITCH
    if not announced.exists():
        durable.remove_tree(data / STAGE)
        return
    under_way = msgspec.json.decode(announced.read_bytes(), type=Switch)
    before = data / under_way.before
    durable.make_folder(before)
    for name in MOVED:
        staged, here = data / STAGE / name, data / name
        is_due = staged.exists() if name in under_way.staged else not (before / name).exists()
        if is_due and here.exists():
            durable.move(here, before / name)
        if staged.exists():
            durable.move(staged, here)
    if not any(before.iterdir()):
        before.rmdir()
    announced.unlink()
    durable.sync_folder(data)
    durable.remove_tree(data / STAGE)
    for old in sorted(data.glob(f"{BEFORE}*"))[:-BEFORE_MAX]:
        durable.remove_tree(old)
