"""What is left on disk when the power goes: images made from the recorded writes of a writer.

The model is that of SQLite's own crash tests (https://sqlite.org/testing.html, 3.3): what was
flushed is there; of what was written since, any part may be there, in any order, torn at sector
boundaries. It is the model of a disk that keeps its word about flushes.
"""

import contextlib
import shutil
from pathlib import Path
from random import Random
from typing import NamedTuple

import edge.store.sqlite
from edge.domain.commands import Command
from edge.domain.decide import Answer
from edge.store.journal import Journal
from edge.store.replay import check_replay
from edge.store.sqlite import SqliteStore
from sync.api import ExportedEntry, Verifier
from tests.store.kit import BOX_PUBLIC_KEY, Floor, raw_entries
from tests.store.vfs import Op, tapped

SECTOR_BYTES = 512
DB = "floor.db"
CHECKPOINT_ROWS = 400
"""Rows between checkpoints: so few that a short recording has dozens of them."""

Files = dict[str, bytearray]


class Acked(NamedTuple):
    """A command that was answered, the answer, and how long the journal was then."""

    command: Command
    answer: Answer
    seq: int


class Recording(NamedTuple):
    """The files as they lay when recording began, what was done to them, what came of it."""

    base: Files
    ops: list[Op]
    acked: list[Acked]
    """In the order of their answers; an `ack` op says how many were given by then."""
    journal: list[bytes]


def record(folder: Path, seed: int, groups: int, synchronous: str = "FULL") -> Recording:
    """Record a morning of `groups` groups of real commands, checkpoints and all."""
    random = Random(seed)
    rows_kept, edge.store.sqlite.CHECKPOINT_ROWS = (  # type: ignore[misc]
        edge.store.sqlite.CHECKPOINT_ROWS,
        CHECKPOINT_ROWS,
    )
    try:
        with tapped() as tap, contextlib.closing(SqliteStore(folder / DB)) as store:
            floor = Floor(store, seed).found()
            base = {path.name: bytearray(path.read_bytes()) for path in folder.glob(f"{DB}*")}
            base.pop(f"{DB}-shm", None)
            store.connection.execute(f"PRAGMA synchronous={synchronous}")
            tap.recording = True
            acked: list[Acked] = []
            for _, (commands, outcomes) in zip(range(groups), floor.morning(random), strict=False):
                seq = floor.writer.head.seq
                acked += [Acked(command, outcome.answer, seq)
                          for command, outcome in zip(commands, outcomes, strict=True)]  # fmt: skip
                tap.ops.append(Op("ack", "", len(acked)))
                store.checkpoint_if_due()
            tap.recording = False
            journal = raw_entries(store)
            return Recording(base, tap.ops, acked, journal)
    finally:
        edge.store.sqlite.CHECKPOINT_ROWS = rows_kept  # type: ignore[misc]


def cut(recording: Recording, random: Random) -> tuple[Files, int]:
    """Return the files after a cut at a random moment, and how many answers were given by then."""
    at = random.randrange(1, len(recording.ops) + 1)
    files = {name: bytearray(content) for name, content in recording.base.items()}
    unflushed: list[Op] = []
    acked = 0
    for op in recording.ops[:at]:
        if op.what == "ack":
            acked = op.at
        elif op.what == "sync":
            for pending in unflushed:
                if pending.file == op.file:
                    _apply(files, pending)
            unflushed = [pending for pending in unflushed if pending.file != op.file]
        else:
            unflushed.append(op)
    # How much of the cache the disk had written by itself varies from cut to cut.
    kept_share = random.choice((0.0, 0.5, 0.9, 1.0))
    for op in unflushed:
        if random.random() < kept_share:
            _apply(files, op)
        elif op.what == "write" and random.random() < 0.5:
            _apply(files, _torn(op, random))
    return files, acked


def _apply(files: Files, op: Op) -> None:
    content = files.setdefault(op.file, bytearray())
    if op.what == "truncate":
        del content[op.at :]
        return
    content.extend(bytes(max(0, op.at - len(content))))
    content[op.at : op.at + len(op.data)] = op.data


def _torn(op: Op, random: Random) -> Op:
    """Return the sectors of a write up to, or behind, a random sector boundary."""
    first = op.at // SECTOR_BYTES + 1
    last = (op.at + len(op.data) - 1) // SECTOR_BYTES
    if first > last:
        return op._replace(data=b"")
    edge_at = random.randint(first, last) * SECTOR_BYTES - op.at
    if random.random() < 0.5:
        return op._replace(data=op.data[:edge_at])
    return op._replace(at=op.at + edge_at, data=op.data[edge_at:])


def write_image(folder: Path, files: Files) -> None:
    """Lay out the files of an image in an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def faults_of(folder: Path, recording: Recording, acked: int) -> list[str]:
    """Open an image as the box would, and return what is wrong with it."""
    answered = recording.acked[:acked]
    with contextlib.closing(SqliteStore(folder / DB)) as store:
        floor = Floor(store)
        found = raw_entries(store)
        faults = []
        needed = answered[-1].seq if answered else 0
        if len(found) < needed:
            faults.append(f"lost: {needed - len(found)} acknowledged entries")
        if found != recording.journal[: len(found)]:
            faults.append("the journal is not the beginning of what was written")
        for one in answered:
            kept = store.answers([one.command.id]).get(one.command.id)
            if kept is None or kept.answer != one.answer:
                faults.append(f"lost: the answer to {one.command.kind} {one.command.id}")
                break
        if answered and not faults:
            repeat = floor.run(answered[-1].command)[0]
            if not repeat.repeated or repeat.answer != answered[-1].answer:
                faults.append("doubled: a repeated command was carried out again")
    return faults + _journal_faults(folder)


def _journal_faults(folder: Path) -> list[str]:
    with contextlib.closing(Journal(folder)) as journal:
        verifier = Verifier(public_key=BOX_PUBLIC_KEY)
        for item in journal.items():
            if isinstance(item, ExportedEntry):
                verifier.entry(item.raw, item.hash)
        replayed = check_replay(journal)
        findings = [finding.detail for finding in verifier.report().findings]
        return findings + [f"{d.kind} {d.id} {d.detail}" for d in replayed.differences]
