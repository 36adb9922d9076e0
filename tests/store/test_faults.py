"""A disk that is full, and a disk that fails, below the writer's thread."""

import asyncio
import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

import edge.store.runners
import edge.store.sqlite
from edge.app.ports import BusyError
from edge.domain.commands import Command
from edge.store.runners import ThreadRunner
from edge.store.sqlite import SqliteStore
from tests.store.kit import Floor
from tests.store.vfs import FULL, IOERR_FSYNC, IOERR_WRITE, OK, Op, Tap, library_version, tapped

ANSWER_S_MAX = 10.0


class Service:
    """A floor on a tapped disk, and the thread that runs its writer."""

    def __init__(self, tap: Tap, path: Path) -> None:
        self.tap = tap
        self.path = path
        self.store = store = SqliteStore(path)
        self.floor = Floor(store).found()
        self.runner = ThreadRunner(self.floor.writer, between=store.checkpoint_if_due)
        self.failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self.runner.on_failure = self.failed.set_result
        self.runner.start()
        self._again: deque[Command] = deque()

    def journal(self) -> list[bytes]:
        """Return the journal's bytes, in order; the writer's own connection is its thread's."""
        with closing(sqlite3.connect(self.path)) as db:
            return [raw for (raw,) in db.execute("SELECT raw FROM entry ORDER BY seq")]

    async def code(self) -> str:
        """Let an order be assigned; return the code of the answer, "" for a yes.

        As the hub link does it, what was refused is sent again before the next.
        """
        command = self._again.popleft() if self._again else self.floor.assign()[1]
        code = "busy"
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                answer = asyncio.ensure_future(self.runner.submit(command))
                await asyncio.wait((answer, self.failed), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise self.failed.result()
            code = answer.result().answer.code
        finally:
            if code:
                self._again.append(command)
        return code


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """A floor whose disk can be made to fail."""
    with tapped() as tap:
        service = Service(tap, tmp_path / "floor.db")
        yield service
        tap.fault = lambda _: OK
        service.runner.stop()
        service.store.close()


def on(what: str, file: str, code: int) -> Callable[[Op], int]:
    """Return a fault that answers `code` to an operation on a file."""
    return lambda op: code if (op.what, op.file) == (what, file) else OK


def test_the_tapped_library_is_the_one_in_use() -> None:
    """The VFS is registered in the library that the `sqlite3` module runs on."""
    assert library_version() == sqlite3.sqlite_version


async def test_a_full_disk_refuses_commands_and_the_service_goes_on(service: Service) -> None:
    """While the disk is full commands get `disk_full`; with room again they work (OPS-2)."""
    assert await service.code() == ""
    before = service.journal()
    service.tap.fault = on("write", "floor.db-wal", FULL)
    assert [await service.code() for _ in range(3)] == ["disk_full"] * 3
    assert service.journal() == before
    service.tap.fault = lambda _: OK
    assert await service.code() == ""
    assert not service.failed.done()


async def test_what_was_sent_behind_one_without_room_does_not_pass_it(service: Service) -> None:
    """Room that comes back at once is for those who have heard that there was none (PICK-4)."""
    in_write, go_on = threading.Event(), threading.Event()

    def full_once(op: Op) -> int:
        if (op.what, op.file) != ("write", "floor.db-wal") or go_on.is_set():
            return OK
        in_write.set()
        go_on.wait(ANSWER_S_MAX)
        return FULL

    service.tap.fault = full_once
    first = asyncio.ensure_future(service.code())
    await asyncio.to_thread(in_write.wait, ANSWER_S_MAX)
    behind = [asyncio.ensure_future(service.code()) for _ in range(3)]
    await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(first, *behind) == ["disk_full"] * 4
    assert [await service.code() for _ in range(4)] == [""] * 4


async def test_a_disk_that_fills_up_in_mid_commit_leaves_nothing_of_it(service: Service) -> None:
    """A commit of which only the first page was written is dropped whole."""
    before = service.journal()
    seen: list[Op] = []

    def fill(op: Op) -> int:
        seen.append(op)
        return OK if len(seen) <= 2 else FULL

    service.tap.fault = fill
    assert await service.code() == "disk_full"
    service.tap.fault = lambda _: OK
    assert service.journal() == before
    assert await service.code() == ""


async def test_a_full_disk_at_a_checkpoint_stops_nothing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the database file cannot grow the log is kept, and commands go on."""
    monkeypatch.setattr(edge.store.sqlite, "CHECKPOINT_ROWS", 1)
    service.tap.fault = on("write", "floor.db", FULL)
    assert [await service.code() for _ in range(3)] == [""] * 3
    assert not service.failed.done()


@pytest.mark.parametrize(
    "fault",
    [on("write", "floor.db-wal", IOERR_WRITE), on("sync", "floor.db-wal", IOERR_FSYNC)],
    ids=["write", "flush"],
)
async def test_a_failing_disk_stops_the_writer(
    service: Service, fault: Callable[[Op], int]
) -> None:
    """After a write or flush that failed nothing is answered: what is on disk is not known."""
    service.tap.fault = fault
    answer = asyncio.ensure_future(service.code())
    async with asyncio.timeout(ANSWER_S_MAX):
        error = await service.failed
    assert isinstance(error, sqlite3.OperationalError)
    assert error.sqlite_errorcode in (IOERR_WRITE, IOERR_FSYNC)
    assert not answer.done()
    answer.cancel()


async def test_a_writer_that_died_with_a_full_queue_can_be_stopped(service: Service) -> None:
    """Nobody takes the word to stop any more: the service ends all the same."""
    service.tap.fault = on("sync", "floor.db-wal", IOERR_FSYNC)
    answer = asyncio.ensure_future(service.code())
    async with asyncio.timeout(ANSWER_S_MAX):
        await service.failed
    answer.cancel()
    with contextlib.suppress(BusyError):
        while True:
            _, command = service.floor.assign()
            service.runner._put((command, asyncio.get_running_loop().create_future(), 0))
    async with asyncio.timeout(ANSWER_S_MAX):
        await asyncio.to_thread(service.runner.stop)


async def test_a_failing_checkpoint_stops_the_writer(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database file that cannot be flushed ends the service, as a failed commit does."""
    monkeypatch.setattr(edge.store.sqlite, "CHECKPOINT_ROWS", 1)
    service.tap.fault = on("sync", "floor.db", IOERR_FSYNC)
    assert await service.code() == ""
    async with asyncio.timeout(ANSWER_S_MAX):
        assert isinstance(await service.failed, sqlite3.OperationalError)


async def test_more_than_the_queue_holds_is_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond QUEUE_MAX waiting commands a sender is told to come back; those taken are answered."""
    monkeypatch.setattr(edge.store.runners, "QUEUE_MAX", 5)
    waiting = [asyncio.ensure_future(service.code()) for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await service.code()
    assert await asyncio.gather(*waiting) == [""] * 5
    assert service.runner.waiting == 0
    assert await service.code() == ""


async def test_what_arrives_during_a_flush_shares_the_next_one(service: Service) -> None:
    """Commands sent at once are committed in few groups, and each is answered by itself."""
    codes = await asyncio.gather(*(service.code() for _ in range(200)))
    assert codes == [""] * 200
    assert service.runner.groups < 50
