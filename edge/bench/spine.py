"""`floorgate bench spine`: the writer, the whole path, start, memory, replay, verification."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiosqlite

from edge.bench.figures import Figure, Keep, Say, median
from edge.bench.floor import BenchFloor, scans
from edge.bench.path import path_figures
from edge.bench.service import service_figures
from edge.bench.slow import FLUSH_S, SlowStore
from edge.domain.commands import Command
from edge.store.replay import Fresh
from edge.store.runners import ThreadRunner
from sync.api import Verifier

CALLERS: Final = 200
ROUNDS: Final = 3
SECONDS: Final = 2.0
COMMANDS_TARGET: Final = 8_000
SLOW_RATIO: Final = 50
REPLAY_TARGET: Final = 20_000
VERIFY_TARGET: Final = 250_000


def run(say: Say, keep: Keep) -> None:
    """Measure all of it; takes about two minutes."""
    with _folder() as folder:
        say("durable commands, 200 callers")
        keep(asyncio.run(_writer_figures(folder)))
        say("the same with a flush of 8 ms")
        keep(asyncio.run(_slow_figures(folder)))
        say("replay and verification")
        keep(_journal_figures(folder))
    with _folder() as folder:
        say("scan to durable answer, 200 TLS websockets")
        keep(path_figures(folder, say))
    with _folder() as folder:
        say("start and memory with 50,000 orders")
        keep(service_figures(folder, say))


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder on the disk of the current folder: /tmp may be memory."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        yield Path(name)


async def _writer_figures(folder: Path) -> list[Figure]:
    floor = BenchFloor(folder / "floor.db")
    floor.stock_up()
    floor.assign(range(CALLERS), qty=10**6 // 8)
    rounds = scans(floor, floor.sign_in(CALLERS), floor.open_tasks(CALLERS))
    grouped, single, naive = [], [], []
    for _ in range(ROUNDS):
        grouped.append(await _grouped(floor, rounds))
        single.append(_one_by_one(floor, rounds))
        naive.append(await _aiosqlite(folder))
    value = median(grouped)
    return [
        Figure(
            "durable commands, 200 callers",
            "/s",
            value,
            (min(grouped), max(grouped)),
            median(single),
            "the same, committed one by one",
            value / median(single),
            "≥ 4 ×",
            value >= 4 * median(single),
        ),
        Figure(
            "durable commands, 200 callers",
            "/s",
            value,
            (min(grouped), max(grouped)),
            median(naive),
            "aiosqlite, a statement at a time",
            value / median(naive),
            "≥ 8 ×, ≥ 8,000/s",
            value >= 8 * median(naive) and value >= COMMANDS_TARGET,
        ),
    ]


async def _slow_figures(folder: Path) -> list[Figure]:
    floor = BenchFloor(folder / "slow.db", store=SlowStore)
    floor.stock_up()
    floor.assign(range(CALLERS), qty=10**6 // 8)
    rounds = scans(floor, floor.sign_in(CALLERS), floor.open_tasks(CALLERS))
    grouped = [await _grouped(floor, rounds) for _ in range(ROUNDS)]
    naive = [await _aiosqlite(folder, FLUSH_S) for _ in range(ROUNDS)]
    value = median(grouped)
    return [
        Figure(
            "durable commands, 200 callers, 8 ms flush",
            "/s",
            value,
            (min(grouped), max(grouped)),
            median(naive),
            "aiosqlite, a statement at a time",
            value / median(naive),
            "≥ 50 ×",
            value >= SLOW_RATIO * median(naive),
        )
    ]


async def _grouped(floor: BenchFloor, rounds: Iterator[list[Command]]) -> float:
    """Return commands per second when 200 callers each wait for their answer."""
    runner = ThreadRunner(floor.writer)
    runner.start()
    lots = [next(rounds) for _ in range(int(SECONDS * 60))]
    done = 0
    end = time.monotonic() + SECONDS

    async def caller(n: int) -> None:
        nonlocal done
        for lot in lots:
            outcome = await runner.submit(lot[n])
            assert outcome.answer.ok, outcome.answer
            done += 1
            if time.monotonic() >= end:
                return

    start = time.monotonic()
    await asyncio.gather(*(caller(n) for n in range(CALLERS)))
    took_s = time.monotonic() - start
    runner.stop()
    return done / took_s


def _one_by_one(floor: BenchFloor, rounds: Iterator[list[Command]]) -> float:
    """Return commands per second when each is its own transaction and flush."""
    lot = next(rounds) + next(rounds) + next(rounds)
    start = time.monotonic()
    for command in lot:
        floor.writer.run_group([command])
    return len(lot) / (time.monotonic() - start)


async def _aiosqlite(folder: Path, flush_s: float = 0.0) -> float:
    """Return scans per second the plain way: 200 tasks, aiosqlite, a statement at a time.

    The same work on disk as one scan: a guarded update, a chained row, a queue row, a seen key.
    """
    path = folder / f"naive-{time.monotonic_ns()}.db"
    async with aiosqlite.connect(path, isolation_level=None) as db:
        await db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE line (id INTEGER PRIMARY KEY, picked INTEGER);"
            "CREATE TABLE audit (seq INTEGER PRIMARY KEY, body BLOB, hash BLOB);"
            "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, body BLOB);"
            "CREATE TABLE seen (id TEXT PRIMARY KEY, answer BLOB);"
        )
        await db.executemany("INSERT INTO line VALUES (?, 0)", [(n,) for n in range(CALLERS)])
        lock, done = asyncio.Lock(), 0
        end = time.monotonic() + SECONDS
        body = bytes(300)

        async def caller(n: int) -> None:
            nonlocal done
            while time.monotonic() < end:
                async with lock:
                    done += 1
                    await db.execute("BEGIN IMMEDIATE")
                    await db.execute("UPDATE line SET picked = picked + 1 WHERE id = ?", (n,))
                    await db.execute("INSERT INTO audit VALUES (?, ?, ?)", (done, body, body[:32]))
                    await db.execute("INSERT INTO outbox VALUES (?, ?)", (done, body))
                    await db.execute("INSERT INTO seen VALUES (?, ?)", (str(done), body[:64]))
                    if flush_s:
                        await asyncio.sleep(flush_s)
                    await db.execute("COMMIT")

        start = time.monotonic()
        await asyncio.gather(*(caller(n) for n in range(CALLERS)))
        return done / (time.monotonic() - start)


def _journal_figures(folder: Path) -> list[Figure]:
    db = sqlite3.connect(folder / "floor.db")
    rows = db.execute("SELECT seq, raw FROM entry ORDER BY seq").fetchall()
    entries = [raw for _, raw in rows]
    fresh = Fresh()
    start = time.monotonic()
    fresh.apply(rows)
    replayed = len(entries) / (time.monotonic() - start)
    start = time.monotonic()
    verifier = Verifier()
    for raw in entries:
        verifier.entry(raw)
    verified = len(entries) / (time.monotonic() - start)
    return [
        Figure("replay into fresh projections", "entries/s", replayed, target="≥ 20,000/s",
               met=replayed >= REPLAY_TARGET),
        Figure("journal verify", "entries/s", verified, target="≥ 250,000/s",
               met=verified >= VERIFY_TARGET),
    ]  # fmt: skip
