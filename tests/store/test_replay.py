"""Replay of the journal gives what is stored, and finds whatever is not so."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edge.store.replay
from edge.store.journal import Journal
from edge.store.replay import DIFFERENCES_MAX, ReplayReport, check_replay
from edge.store.sqlite import SqliteStore
from tests.store.kit import Floor

Damage = Callable[[sqlite3.Connection], object]
GROUPS = 60


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store with half a morning in it."""
    store = SqliteStore(tmp_path / "floor.db")
    floor = Floor(store).found()
    for _ in zip(range(GROUPS), floor.morning(Random(2)), strict=False):
        pass
    yield store
    store.close()


def replayed(folder: Path) -> ReplayReport:
    """Replay the journal in a folder."""
    journal = Journal(folder)
    try:
        return check_replay(journal)
    finally:
        journal.close()


def test_the_journal_gives_what_is_stored(store: SqliteStore, tmp_path: Path) -> None:
    """Each document and each word it is found by follows from the journal, to the byte: AUD-1."""
    report = replayed(tmp_path)
    docs = store.connection.execute("SELECT count(*) FROM doc").fetchone()[0]
    assert report == ReplayReport(store.head().seq, docs, ())
    assert docs > 80


def test_few_documents_in_memory_give_the_same(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replay needs no memory for all documents: it puts them aside and takes them up again."""
    monkeypatch.setattr(edge.store.replay, "DOCS_IN_MEMORY_MAX", 5)
    monkeypatch.setattr("edge.store.journal.CHUNK_ENTRIES", 7)
    assert replayed(tmp_path).entries == store.head().seq
    assert replayed(tmp_path).ok


def test_replay_runs_beside_the_writer(tmp_path: Path) -> None:
    """Commands that commit while replay is under way are replayed too."""
    store = SqliteStore(tmp_path / "floor.db")
    morning = (floor := Floor(store).found()).morning(Random(4))
    for _ in range(40):
        next(morning)
    journal = Journal(tmp_path)
    seen: list[int] = []

    def meanwhile(seq: int) -> None:
        seen.append(seq)
        if len(seen) < 5:
            next(morning)

    report = check_replay(journal, meanwhile)
    assert (report.ok, report.entries) == (True, floor.writer.head.seq)
    assert report.entries > seen[0]
    journal.close()
    store.close()


DAMAGES = {
    "id is stored as another value than the journal gives": (
        "UPDATE doc SET body = (SELECT body FROM doc WHERE kind='order' AND id='SO-00002')"
        " WHERE kind='order' AND id='SO-00001'"
    ),
    "the stored bytes are no document": (
        "UPDATE doc SET body = 'text' WHERE kind='order' AND id='SO-00001'"
    ),
    "is missing in the store": "DELETE FROM doc WHERE kind='order' AND id='SO-00001'",
    "is stored, but no entry gives it": (
        "INSERT INTO doc SELECT kind, 'SO-', body FROM doc WHERE kind='order' AND id='SO-00001'"
    ),
    "cannot be found by state = ": "DELETE FROM doc_term WHERE term='state' AND id='SO-00001'",
    "is found by state = shipped, which is not so": (
        "INSERT INTO doc_term VALUES ('order', 'state', 'shipped', 'SO-00001')"
    ),
}


@pytest.mark.parametrize("detail", DAMAGES)
def test_a_difference_is_named(store: SqliteStore, tmp_path: Path, detail: str) -> None:
    """A document or word that was changed behind the journal's back is found, by kind and id."""
    assert store.connection.execute(DAMAGES[detail]).rowcount == 1
    found = [each for each in replayed(tmp_path).differences if each.detail.startswith(detail)]
    assert [each.kind for each in found] == ["order"]
    assert found[0].id in ("SO-00001", "SO-")


def test_differences_are_bounded(store: SqliteStore, tmp_path: Path) -> None:
    """When everything differs the first differences are given, and how many were left out."""
    total = store.connection.execute("DELETE FROM doc").rowcount
    total += store.connection.execute("DELETE FROM doc_term").rowcount
    report = replayed(tmp_path)
    assert len(report.differences) == DIFFERENCES_MAX
    assert report.differences_dropped == total - DIFFERENCES_MAX


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=60), at=st.integers(1, 100))
def test_any_bytes_in_the_journal_end_in_a_report(data: bytes, at: int) -> None:
    """Whatever bytes stand for an entry, replay names it or goes on; it never raises."""
    fresh = edge.store.replay.Fresh()
    named = [at]
    try:
        fresh.apply([(at, data)])
    except edge.store.replay.UnappliedError as error:
        named = [error.seq]
    finally:
        fresh.close()
    assert named == [at]


def test_an_entry_that_cannot_be_applied_is_named(store: SqliteStore, tmp_path: Path) -> None:
    """An entry about an order that was never assigned stops replay at its number."""
    missing = store.connection.execute(
        "SELECT seq FROM entry WHERE instr(raw, 'order.assigned') "
        "AND NOT instr(raw, 'ruleset.activated') ORDER BY seq LIMIT 1"
    ).fetchone()[0]
    store.connection.execute("DELETE FROM entry WHERE seq = ?", (missing,))
    (found,) = replayed(tmp_path).differences
    assert (found.kind, int(found.id)) == ("entry", missing + 1)
    assert found.detail.startswith("cannot be applied: ")
