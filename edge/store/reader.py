"""Committed state, for everybody but the writer: the same questions over either connection."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import msgspec
import structlog

from edge.app.ports import D, Reader
from edge.domain.model import Doc
from edge.store.archive import ARCHIVE, Archive, ArchiveError
from edge.store.sqlite import BUSY_TIMEOUT_MS, TIMELINE, decode_doc
from sync.api import GENESIS

log = structlog.get_logger()


class _Queries:
    """The questions of the port `Reader`, in SQL."""

    async def _rows(self, sql: str, *args: Any) -> list[Any]:  # noqa: ANN401 - SQL values
        raise NotImplementedError

    async def doc(self, kind: type[Doc], doc_id: str) -> Doc | None:
        """Return a document."""
        rows = await self._rows("SELECT body FROM doc WHERE kind=? AND id=?", kind.KIND, doc_id)
        return decode_doc(kind.KIND, rows[0][0]) if rows else None

    async def find(
        self, kind: type[Doc], term: str, value: str, limit: int, after: str = ""
    ) -> list[str]:
        """Return ids of documents that are found by `term` = `value`, sorted, after `after`."""
        sql = (
            "SELECT id FROM doc_term WHERE kind=? AND term=? AND value=? AND id>?"
            " ORDER BY id LIMIT ?"
        )
        return [row[0] for row in await self._rows(sql, kind.KIND, term, value, after, limit)]

    async def found(
        self, kind: type[D], term: str, value: str, limit: int, after: str = ""
    ) -> list[D]:
        """Return the documents that `find` finds, by one question."""
        sql = (
            "SELECT body FROM doc_term JOIN doc USING (kind, id)"
            " WHERE kind=? AND term=? AND value=? AND id>? ORDER BY id LIMIT ?"
        )
        rows = await self._rows(sql, kind.KIND, term, value, after, limit)
        return [decode_doc(kind.KIND, row[0]) for row in rows]  # type: ignore[misc]

    async def docs(self, kind: type[D], limit: int, after: str, below: str) -> list[D]:
        """Return documents of a kind by id, behind `after` and before `below`."""
        sql = "SELECT body FROM doc WHERE kind=? AND id>? AND id<? ORDER BY id LIMIT ?"
        rows = await self._rows(sql, kind.KIND, after, below, limit)
        return [decode_doc(kind.KIND, row[0]) for row in rows]  # type: ignore[misc]

    async def list_ids(self, kind: type[Doc], limit: int, after: str = "") -> list[str]:
        """Return ids of all documents of a kind, sorted, after `after`."""
        sql = "SELECT id FROM doc WHERE kind=? AND id>? ORDER BY id LIMIT ?"
        return [row[0] for row in await self._rows(sql, kind.KIND, after, limit)]

    async def counts(self, kind: type[Doc], term: str) -> dict[str, int]:
        """Return how many documents are found by each value of `term`."""
        sql = "SELECT value, count(*) FROM doc_term WHERE kind=? AND term=? GROUP BY value"
        return dict(await self._rows(sql, kind.KIND, term))

    async def timeline(self, ref: str, limit: int, after_seq: int = 0) -> list[bytes]:
        """Return the raw entries that concern `ref`, oldest first."""
        return [row[0] for row in await self._rows(TIMELINE, ref, after_seq, limit)]

    async def archived(self, ref: str, limit: int) -> list[bytes]:  # noqa: ARG002 - the port's
        """Return nothing: there is no archive beside this connection."""
        return []

    async def entries(self, after_seq: int, limit: int) -> tuple[bytes, list[bytes]]:
        """Return the hash of entry `after_seq`, and raw entries that follow it."""
        before = await self._rows("SELECT hash FROM entry WHERE seq=?", after_seq)
        sql = "SELECT raw FROM entry WHERE seq>? ORDER BY seq LIMIT ?"
        rows = await self._rows(sql, after_seq, limit)
        return before[0][0] if before else GENESIS, [row[0] for row in rows]

    async def personal(self, key: str) -> dict[str, Any] | None:
        """Return a record of personal data, or None where it was erased or never known."""
        rows = await self._rows("SELECT value FROM personal WHERE key=?", key)
        return msgspec.msgpack.decode(rows[0][0], type=dict[str, Any]) if rows else None

    async def personal_before(
        self, at_us: int, limit: int, after: tuple[int, str] = (-1, "")
    ) -> list[tuple[int, str]]:
        """Return (µs, key) of records that were kept before a time, the oldest first."""
        sql = (
            "SELECT at_us, key FROM personal WHERE at_us < ? AND (at_us, key) > (?, ?)"
            " ORDER BY at_us, key LIMIT ?"
        )
        return [(at, key) for at, key in await self._rows(sql, at_us, *after, limit)]

    async def personal_keys(self, begins: str) -> list[str]:
        """Return the keys of records that begin so."""
        sql = "SELECT key FROM personal WHERE key >= ? AND key < ?"
        return [row[0] for row in await self._rows(sql, begins, begins + "\U0010ffff")]


class _Connection(_Queries):
    """Committed state through one `query_only` connection."""

    def __init__(self, db: aiosqlite.Connection) -> None:
        self.db = db

    async def _rows(self, sql: str, *args: Any) -> list[Any]:  # noqa: ANN401 - SQL values
        return list(await self.db.execute_fetchall(sql, args))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reader]:
        """Give what is held already: a snapshot within a snapshot is the same one."""
        yield self


class SqliteReader(_Connection):
    """Committed state through two connections: one always sees the newest, one holds snapshots."""

    def __init__(
        self, newest: aiosqlite.Connection, held: aiosqlite.Connection, archive: Archive
    ) -> None:
        super().__init__(newest)
        self._archive = archive
        self._held = _Connection(held)
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path) -> "SqliteReader":
        """Open the database file for reading."""
        archive = Archive(path.parent / ARCHIVE)
        return cls(await _connect(path), await _connect(path), archive)

    async def entries(self, after_seq: int, limit: int) -> tuple[bytes, list[bytes]]:
        """Return the hash of an entry, and raw entries that follow it, from the archive if need be.

        A hub that was restored asks again for what was cut away here.
        """
        oldest = await self._rows("SELECT epoch, seq FROM entry ORDER BY seq LIMIT 1")
        epoch, first_seq = oldest[0] if oldest else (0, 0)
        if after_seq >= first_seq or first_seq <= 1:
            return await super().entries(after_seq, limit)
        try:
            return await asyncio.to_thread(self._archive.behind, epoch, after_seq, limit)
        except ArchiveError as error:
            log.error("the archive cannot be read", problem=str(error))  # noqa: TRY400
            return GENESIS, []

    async def archived(self, ref: str, limit: int) -> list[bytes]:
        """Return entries of the archive; none where a file of it cannot be read."""
        try:
            return await asyncio.to_thread(self._archive.timeline, ref, limit)
        except ArchiveError as error:
            log.error("the archive cannot be read", problem=str(error))  # noqa: TRY400
            return []

    async def close(self) -> None:
        """Close the connections."""
        await self.db.close()
        await self._held.db.close()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reader]:
        """Hold one committed state for as long as the block lasts."""
        async with self._turn:
            try:
                await self._held.db.execute("BEGIN")
                yield self._held
            finally:
                await self._held.db.rollback()  # of one that was cancelled as it began, too


async def _connect(path: Path) -> aiosqlite.Connection:
    db = await aiosqlite.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    await db.execute("PRAGMA query_only=ON")
    await db.execute("PRAGMA wal_autocheckpoint=0")
    await db.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    return db


class InlineReader(_Queries):
    """Committed state through the writer's own connection, in the writer's own thread.

    For what is kept in memory only: there a group is one call, so that no read falls inside it.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    async def _rows(self, sql: str, *args: Any) -> list[Any]:  # noqa: ANN401 - SQL values
        return self._db.execute(sql, args).fetchall()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reader]:
        """Give what is committed: nothing here waits, so nothing changes under it."""
        yield self
