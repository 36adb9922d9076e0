"""Only the writer's connection writes and checkpoints.

SQLite before 3.51.3 can lose committed writes when two connections write or checkpoint at once, so
this is a rule, not a habit.
"""

import ast
import asyncio
import sqlite3
from pathlib import Path

import pytest

import edge
from edge.store.journal import Journal
from edge.store.reader import SqliteReader
from edge.store.sqlite import SqliteStore
from tests.store.kit import Floor

PACKAGE = Path(edge.__file__).parent


def test_the_writer_alone_opens_for_writing() -> None:
    """In the package one place connects to a box without `mode=ro`: the store.

    Replay, a segment of the archive and a copy for a backup are files of their own.
    """
    found = [
        (path.relative_to(PACKAGE).as_posix(), ast.unparse(node))
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("sqlite3.connect", "aiosqlite.connect")
    ]
    writing = [
        (path, call)
        for path, call in found
        if "mode=ro" not in call and not path.startswith("bench/")
    ]
    assert writing == [
        ("store/archive.py", "sqlite3.connect(fresh, isolation_level=None)"),
        ("store/backup.py", "sqlite3.connect(target)"),
        ("store/replay.py", "sqlite3.connect('', isolation_level=None)"),
        ("store/share.py", "sqlite3.connect(plain)"),
        (
            "store/sqlite.py",
            "sqlite3.connect(path, isolation_level=None, check_same_thread=False, "  # noqa: ISC004
            "cached_statements=STATEMENTS_MAX)",
        ),
    ]


def test_the_writer_alone_checkpoints() -> None:
    """The text of one file asks for a checkpoint, and no other connection does so by itself."""
    asking = [
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if "wal_checkpoint" in path.read_text("utf-8") and "bench" not in path.parts
    ]
    assert asking == ["store/sqlite.py"]


def test_the_writer_flushes_every_commit(tmp_path: Path) -> None:
    """The store runs in WAL mode with synchronous=FULL and never checkpoints by itself."""
    store = SqliteStore(tmp_path / "floor.db")
    names = ("journal_mode", "synchronous", "wal_autocheckpoint")
    values = [store.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
    assert values == ["wal", 2, 0]
    store.close()


async def test_a_reader_cannot_write(tmp_path: Path) -> None:
    """A reader's connection refuses to write, and leaves the log alone."""
    store = SqliteStore(tmp_path / "floor.db")
    reader = await SqliteReader.open(tmp_path / "floor.db")
    try:
        assert await reader._rows("PRAGMA query_only") == [(1,)]
        assert await reader._rows("PRAGMA wal_autocheckpoint") == [(0,)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await reader._rows("DELETE FROM entry")
    finally:
        await reader.close()
        store.close()


async def test_a_snapshot_that_is_cancelled_as_it_begins_holds_nothing(tmp_path: Path) -> None:
    """A reader that leaves while its snapshot begins leaves none open for those who follow."""
    store = SqliteStore(tmp_path / "floor.db")
    reader = await SqliteReader.open(tmp_path / "floor.db")

    async def look() -> None:
        async with reader.snapshot():
            pass

    try:
        for steps in range(6):
            leaving = asyncio.create_task(look())
            for _ in range(steps):
                await asyncio.sleep(0)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            await look()
    finally:
        await reader.close()
        store.close()


def test_the_command_line_cannot_write(tmp_path: Path) -> None:
    """`floorgate journal` and `replay` read a box's file and leave no trace in it."""
    store = SqliteStore(tmp_path / "floor.db")
    Floor(store).found()
    store.close()
    before = (tmp_path / "floor.db").read_bytes()
    journal = Journal(tmp_path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        journal.db.execute("DELETE FROM entry")
    assert len(list(journal.items())) == journal.last_seq()
    journal.close()
    assert (tmp_path / "floor.db").read_bytes() == before


def test_the_log_is_checkpointed_before_it_grows(tmp_path: Path) -> None:
    """The write-ahead log stays below 40 MB however much is written; readers do not stop it."""
    store = SqliteStore(tmp_path / "floor.db")
    store.connection.execute("CREATE TABLE big (at INTEGER PRIMARY KEY, body BLOB)")
    sizes = []
    for _ in range(25):
        store.begin()
        store.connection.executemany("INSERT INTO big (body) VALUES (?)", [(bytes(3_500),)] * 1_000)
        store.commit()
        store.checkpoint_if_due()
        sizes.append((tmp_path / "floor.db-wal").stat().st_size)
    assert max(sizes) < 40 * 2**20
    assert sizes[-1] == max(sizes), "the log is written over from its start, not cut"
    store.close()


def test_a_box_that_crashes_often_does_not_grow_its_log(tmp_path: Path) -> None:
    """What the last process left in the log is moved at the first chance, however short a life."""
    path = tmp_path / "floor.db"
    SqliteStore(path).close()
    witness = sqlite3.connect(path)  # while it is open, closing a store does not empty the log
    witness.execute("SELECT * FROM entry").fetchall()
    sizes = []
    for _ in range(6):
        store = SqliteStore(path)
        store.begin()
        store.connection.execute("INSERT INTO personal VALUES (hex(randomblob(8)), x'', ?, 0)",
                                 (bytes(1_000_000),))  # fmt: skip
        store.commit()
        store.checkpoint_if_due()
        store.close()
        sizes.append((tmp_path / "floor.db-wal").stat().st_size)
    witness.close()
    assert max(sizes) < 2_500_000
