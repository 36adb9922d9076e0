"""What every store does: the contract of `edge.app.ports.Store`."""

from pathlib import Path
from typing import Any

from edge.app.ports import Batch, Head, StoredAnswer, StoredCheckpoint, StoredEntry
from edge.domain.decide import Answer
from edge.domain.entries import PersonalRecord
from edge.domain.model import Doc, Hands, Order, Tote
from edge.store.reader import SqliteReader
from edge.store.sqlite import ERA_ENTRIES, SqliteStore
from sync.api import GENESIS

EMPTY = Batch(entries=[], docs=[], personal=[], answers=[], checkpoint=None)


def entry(seq: int, *refs: str) -> StoredEntry:
    """Return an entry whose bytes name it."""
    return StoredEntry(seq, bytes([seq % 256]) * 32, b"entry %d" % seq, refs)


def order(state: str, **fields: Any) -> Order:
    """Return the order SO-1."""
    return Order(id="SO-1", state=state, lane="normal", grade="none", **fields)


def batch(
    *entries: StoredEntry,
    docs: tuple[tuple[Doc | None, Doc], ...] = (),
    answers: tuple[StoredAnswer, ...] = (),
    personal: tuple[PersonalRecord, ...] = (),
    checkpoint: StoredCheckpoint | None = None,
) -> Batch:
    """Return a batch of these parts."""
    return Batch(list(entries), list(docs), list(personal), list(answers), checkpoint)


def write(store: SqliteStore, written: Batch) -> None:
    """Commit a batch."""
    store.begin().append(written)
    store.commit()


def rows(store: SqliteStore, sql: str) -> list[tuple[object, ...]]:
    """Return what a query finds."""
    return store.connection.execute(sql).fetchall()


def test_an_empty_store_stands_at_the_genesis(store: SqliteStore) -> None:
    """The head of an empty journal is entry 0 of epoch 1 with 32 zero bytes (AUD-1)."""
    assert store.head() == Head(1, 0, GENESIS)


def test_the_head_is_the_newest_entry(store: SqliteStore) -> None:
    """After a commit the head is its last entry."""
    write(store, batch(entry(1), entry(2)))
    assert store.head() == Head(1, 2, b"\x02" * 32)


def test_a_dropped_transaction_leaves_nothing(store: SqliteStore) -> None:
    """After `rollback` neither entry nor document nor answer of the transaction is there."""
    answer = StoredAnswer("c-1", b"hash", Answer(ok=True, facts={}), 5)
    docs = ((None, order(state="ready")),)
    store.begin().append(batch(entry(1, "order:SO-1"), docs=docs, answers=(answer,)))
    store.rollback()
    found = (store.head().seq, store.doc(Order, "SO-1"), store.answers(["c-1"]).get("c-1"))
    assert found == (0, None, None)
    assert rows(store, "SELECT * FROM doc_term UNION ALL SELECT *, '' FROM entry_ref") == []


def test_rollback_without_a_transaction_does_nothing(store: SqliteStore) -> None:
    """`rollback` is safe where no transaction is open."""
    store.rollback()
    write(store, batch(entry(1)))
    assert store.head().seq == 1


def test_a_document_is_read_as_it_was_written(store: SqliteStore) -> None:
    """The newest form of a document comes back, and one of another kind does not."""
    first = order(state="received")
    newest = order(state="ready", short={"1": 2}, checked=(0, 1))
    write(store, batch(docs=((None, first),)))
    write(store, batch(docs=((first, newest),)))
    assert store.doc(Order, "SO-1") == newest
    assert store.doc(Tote, "SO-1") is None


def test_a_document_is_found_by_its_words_of_now(store: SqliteStore) -> None:
    """Words that a document no longer has find it no more; the others stay."""
    first = order(state="picking", tote="T-1")
    second = order(state="picked", tote="T-1")
    write(store, batch(docs=((None, first),)))
    write(store, batch(docs=((first, second),)))
    found = rows(store, "SELECT term, value, id FROM doc_term ORDER BY term")
    assert found == [("state", "picked", "SO-1"), ("tote", "T-1", "SO-1")]
    write(store, batch(docs=((second, order(state="shipped")),)))
    assert rows(store, "SELECT term, value FROM doc_term") == [("state", "shipped")]


def test_a_document_without_words_is_found_by_none(store: SqliteStore) -> None:
    """A document need not be findable."""
    write(store, batch(docs=((None, Hands(id="P-1")),)))
    assert rows(store, "SELECT * FROM doc_term") == []


def test_an_answer_is_kept_with_what_was_asked(store: SqliteStore) -> None:
    """The answer to a command comes back whole (PICK-5)."""
    no = Answer(ok=False, code="wrong_item", facts={"expected": "SKU-1", "got": "x"})
    kept = StoredAnswer("c-1", b"0123456789abcdef", no, 7)
    write(store, batch(answers=(kept,)))
    assert store.answers(["c-1"]).get("c-1") == kept
    assert store.answers(["c-2"]).get("c-2") is None


def test_the_newest_personal_record_wins(store: SqliteStore) -> None:
    """A second record under the same key takes the place of the first (SEC-5)."""
    for salt in (b"1" * 16, b"2" * 16):
        record = PersonalRecord("order:SO-1", salt, {"recipient": {"name": "张伟"}})
        write(store, batch(personal=(record,)))
    assert rows(store, "SELECT key, salt FROM personal") == [("order:SO-1", b"2" * 16)]


def test_a_checkpoint_is_kept(store: SqliteStore) -> None:
    """A signed head is stored as it was given (AUD-1)."""
    signed = StoredCheckpoint(1, 4, 99, b"h" * 32, b"s" * 64)
    write(store, batch(checkpoint=signed))
    found = rows(store, "SELECT epoch, seq, at_us, head, signature FROM checkpoint")
    assert found == [(1, 4, 99, b"h" * 32, b"s" * 64)]


def test_what_is_committed_is_there_at_the_next_start(tmp_path: Path) -> None:
    """A store that is opened again stands where it stood."""
    store = SqliteStore(tmp_path / "floor.db")
    write(store, batch(entry(1), docs=((None, order(state="ready")),)))
    head = store.head()
    store.close()
    again = SqliteStore(tmp_path / "floor.db")
    assert (again.head(), again.doc(Order, "SO-1")) == (head, order(state="ready"))
    again.close()


async def test_a_timeline_crosses_eras(tmp_path: Path) -> None:
    """Entries of one order come in order from every era, behind a cursor, up to a limit (AUD-2)."""
    store = SqliteStore(tmp_path / "floor.db")
    seqs = [1, ERA_ENTRIES - 1, ERA_ENTRIES, 3 * ERA_ENTRIES + 5]
    write(store, batch(*(entry(seq, "order:SO-1") for seq in seqs), entry(2, "order:SO-2")))
    reader = await SqliteReader.open(tmp_path / "floor.db")
    try:
        assert await reader.timeline("order:SO-1", 10) == [b"entry %d" % seq for seq in seqs]
        assert await reader.timeline("order:SO-1", 2) == [b"entry %d" % seq for seq in seqs[:2]]
        behind = await reader.timeline("order:SO-1", 10, after_seq=ERA_ENTRIES - 1)
        assert behind == [b"entry %d" % seq for seq in seqs[2:]]
        assert await reader.timeline("order:SO-9", 10) == []
    finally:
        await reader.close()
        store.close()
