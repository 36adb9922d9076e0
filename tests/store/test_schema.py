"""Databases of every released schema become databases of this one."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge.store.journal import Journal, NoJournalError
from edge.store.sqlite import SCHEMA_VERSION, NewerSchemaError, SqliteStore, migrate

RELEASED = sorted(Path(__file__).parent.joinpath("schemas").glob("*.sql"))
"""Dumps of small databases, one a released schema. A release adds its own; none is ever changed."""


def opened() -> sqlite3.Connection:
    """Return a connection to an empty database, as the store opens it."""
    return sqlite3.connect(":memory:", isolation_level=None)


def shape(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Return the columns of every table, with their types and keys."""
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return [(table, *map(str, column)) for table in sorted(tables)
            for column in db.execute(f"PRAGMA table_info({table})")]  # fmt: skip


def content(db: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table."""
    tables = sorted({column[0] for column in shape(db)})
    return {table: db.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()  # noqa: S608
            for table in tables}  # fmt: skip


def test_every_released_schema_has_its_dump() -> None:
    """There is a dump for each number up to the newest."""
    assert [int(path.stem) for path in RELEASED] == list(range(1, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_a_released_schema_becomes_this_one(path: Path) -> None:
    """Migrated, it has the shape of a new database and its rows; a second time changes nothing."""
    new, old = opened(), opened()
    migrate(new)
    old.executescript(path.read_text("utf-8"))
    old.execute(f"PRAGMA user_version = {int(path.stem)}")
    rows = {table: len(found) for table, found in content(old).items()}
    migrate(old)
    once = content(old)
    assert shape(old) == shape(new)
    assert {table: len(found) for table, found in once.items() if table in rows} == rows
    assert min(rows.values()) > 0
    migrate(old)
    assert content(old) == once
    assert old.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_failed_migration_leaves_the_old_schema() -> None:
    """A step is done whole or not at all."""
    db = opened()
    db.execute("CREATE TABLE personal (already INTEGER)")  # the first step stumbles over it
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(db)
    if db.in_transaction:
        db.execute("ROLLBACK")
    assert db.execute("PRAGMA user_version").fetchone() == (0,)
    assert {column[0] for column in shape(db)} == {"personal"}


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """An older Floorgate does not touch a newer database, and says what to do (OPS-2)."""
    path = tmp_path / "floor.db"
    SqliteStore(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(NewerSchemaError, match="install the newer Floorgate again"):
        SqliteStore(path)
    with pytest.raises(NewerSchemaError):
        Journal(tmp_path)
    assert path.read_bytes() == before


def test_what_is_no_journal_is_said_so(tmp_path: Path) -> None:
    """An empty folder, a foreign file and an empty database are refused with what to do."""
    with pytest.raises(NoJournalError, match="--data DIR"):
        Journal(tmp_path)
    path = tmp_path / "floor.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(NoJournalError, match="not a database of Floorgate"):
        Journal(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(NoJournalError, match="start the box"):
        Journal(tmp_path)
