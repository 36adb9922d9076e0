"""What is past its time goes from the box, to the last byte, and the proof stays whole (SEC-5)."""

import asyncio
import hashlib
import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from edge.app.retention import DAY_US
from edge.cli.door import ask
from edge.domain.commands import EvidenceAttach
from edge.domain.model import KINDS
from edge.store import feed
from edge.store.sqlite import SqliteStore
from tests.domain.site import MUG, line
from tests.rig import Rig, config, heard, running

DAYS = 100
"""More than the 90 that recipients and photos have by default."""
OLD, OPEN = [f"{n}" for n in range(1001, 1041)], "2001"
PHOTO = b"\xff\xd8\xff" + b"a parcel" * 50


def secrets_of(order: str) -> dict[str, str]:
    """Return a recipient whose every field is like no other in the database."""
    return {
        "name": f"收件人{order}", "phone": f"139{order}{order}", "address": f"小街 {order} 号院"
    }  # fmt: skip


@asynccontextmanager
async def full(tmp_path: Path) -> AsyncIterator[Rig]:
    """Run a box full of orders that were cancelled, with one that is still open."""
    async with running(config(tmp_path)) as rig:
        await rig.furnish()
        rig.box.retention._is_time_trusted = lambda: True
        keeper = await rig.client("keeper")
        async with keeper.socket() as socket:
            for order in (*OLD, OPEN):
                await rig.assign(order, line(1, MUG, 1), recipient=secrets_of(order), remark="生日")
            for order in OLD:
                await rig.tell("order.freeze", order_id=order, category="cancel", countdown_s=0)
            for _ in OLD:
                while (await heard(socket, "entry"))["entry"]["kind"] != "freeze.closed":
                    pass
        yield rig


def later(rig: Rig, days: int) -> None:
    """Move the box's wall clock."""
    clock = rig.box.clock
    now_us = clock.now_us
    clock.now_us = lambda: now_us() + days * DAY_US  # type: ignore[method-assign]


def left_in(data: Path, orders: list[str]) -> list[str]:
    """Return the orders of which some word can still be read in the database's files."""
    files = b"".join(path.read_bytes() for path in data.glob("floor.db*"))
    return [o for o in orders if any(word.encode() in files for word in secrets_of(o).values())]


async def test_after_its_time_no_byte_is_left_and_the_proof_is_whole(tmp_path: Path) -> None:
    """Forty recipients go, the open order keeps its own; journal and replay still hold."""
    async with full(tmp_path) as rig:
        assert (await rig.box.retention.sweep()).erased == 0
        later(rig, DAYS)
        swept = await rig.box.retention.sweep()
        assert (swept.erased, swept.waiting) == (len(OLD), 1)
        assert await rig.box.reads.recipient(OLD[0]) == {}
        assert (await rig.box.reads.recipient(OPEN))["recipient"] == secrets_of(OPEN)
        assert (await rig.box.retention.sweep()).erased == 0
        keeper = await rig.client("keeper")
        assert (await keeper.get(f"/api/v1/orders/{OLD[0]}"))["state"] == "cancelled"
        await _orders_go_too(rig)
    assert left_in(tmp_path, [*OLD, OPEN]) == [OPEN]
    for verb in (["journal", "verify"], ["replay", "--check"]):
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "edge", *verb, "--data", str(tmp_path), "--json"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


async def _orders_go_too(rig: Rig) -> None:
    """A year later no document of what ended is left, and each order says where to look (OPS-2)."""
    before = await _documents(rig)
    later(rig, 399 - DAYS)
    assert (await rig.box.retention.sweep()).orders == 0
    later(rig, 2)
    assert (await rig.box.retention.sweep()).orders == len(OLD)
    left = await _documents(rig)
    fewer = sum(before.values()) - sum(left.values())
    assert fewer >= 6 * len(OLD), (before, left)
    assert (left["let_go"], left["order"], left["task"]) == (len(OLD), 1, 1)
    keeper = await rig.client("keeper")
    status, said = await keeper.ask("GET", f"/api/v1/orders/{OLD[0]}")
    assert (status, said["code"]) == (410, "order_archived")
    told = await keeper.get(f"/api/v1/orders/{OLD[0]}/timeline")
    kinds = [entry["kind"] for entry in told["entries"]]
    assert (kinds[0], kinds[-1]) == ("order.assigned", "orders.let_go")
    assert (await keeper.get(f"/api/v1/orders/{OPEN}"))["state"] == "ready"
    assert f"floorgate_orders_let_go_total {len(OLD)}" in await rig.box.measuring.text()


async def _documents(rig: Rig) -> Counter[str]:
    """Return how many documents there are of each kind."""
    kinds = KINDS.values()
    return Counter({each.KIND: len(await rig.box.reader.list_ids(each, 9_999)) for each in kinds})


async def test_a_clock_that_nobody_confirms_erases_nothing(tmp_path: Path) -> None:
    """A box whose clock jumped a year ahead keeps everything, and says why."""
    async with full(tmp_path) as rig:
        later(rig, 4 * DAYS)
        rig.box.retention._is_time_trusted = lambda: False
        said = await asyncio.to_thread(ask, tmp_path, "/retention", {})
        assert said["facts"] == {
            "erased": 0, "pictures": 0, "waiting": 0, "orders": 0, "clock": False
        }  # fmt: skip
        assert (await rig.box.reads.recipient(OLD[0]))["recipient"] == secrets_of(OLD[0])


async def test_photos_go_by_their_kind_and_never_those_of_open_orders(tmp_path: Path) -> None:
    """One of a cancelled order is dropped, one that an open order has too stays, all is told."""
    async with full(tmp_path) as rig:
        shared = PHOTO + b"!"
        for content, order in ((PHOTO, OLD[0]), (shared, OLD[1]), (shared, OPEN)):
            await _attach(rig, content, order)
        later(rig, DAYS - 13)
        told = await rig.box.retention.due()
        assert (told.now, told.soon, told.swept_at) == ({}, {"order": 41, "photo": 3}, None)
        later(rig, 13)
        swept = await rig.box.retention.sweep()
        assert (swept.pictures, swept.waiting) == (1, 2)
        there = [(await rig.box.blobs.state(_sha(each))).done for each in (PHOTO, shared)]
        assert there == [False, True]
        assert "floorgate_retention_waiting 2" in await rig.box.measuring.text()
        findings = {each.check: each for each in await rig.box._examine()}
        assert findings["retention"].severity == "good"


async def test_pictures_that_nothing_names_go(tmp_path: Path) -> None:
    """One never attached, half of one, and one whose erasing was cut short go with their time."""
    async with running(config(tmp_path)) as rig:
        rig.box.retention._is_time_trusted = lambda: True
        half, blobs = PHOTO + b"half", rig.box.blobs
        await blobs.append(_sha(PHOTO), 0, len(PHOTO), PHOTO)
        await blobs.append(_sha(half), 0, len(half), half[:-2])
        assert (await rig.box.retention.sweep()).pictures == 0
        later(rig, DAYS)
        assert (await rig.box.retention.sweep()).pictures == 2
        left = [(await blobs.state(_sha(each))).offset for each in (PHOTO, half)]
    assert (left, blobs.used_bytes()) == ([0, 0], 0)


async def _attach(rig: Rig, content: bytes, order: str) -> None:
    await rig.box.blobs.append(_sha(content), 0, len(content), content)
    evidence = EvidenceAttach(order, "photo", f"sha256:{_sha(content)}", len(content), "image/jpeg")
    await rig.box.floor.insist(evidence, via="cli", actor="uid:0")


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def test_the_command_tells_before_and_then_erases(tmp_path: Path) -> None:
    """`floorgate erase --show` counts by kind; without it they are gone."""
    async with full(tmp_path) as rig:
        later(rig, DAYS)
        shown = await asyncio.to_thread(_erase, tmp_path, "--show")
        assert shown["now"] == {"order": len(OLD) + 1}
        done = await asyncio.to_thread(_erase, tmp_path)
        assert (done["erased"], done["waiting"]) == (len(OLD), 1)


def _erase(data: Path, *more: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "edge", "erase", *more, "--data", str(data), "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    facts: dict[str, Any] = json.loads(done.stdout)["facts"]
    return facts


async def test_a_spare_erases_what_the_box_erased(tmp_path: Path) -> None:
    """The entry that names the keys makes whoever follows the journal erase them too (OPS-4)."""
    async with full(tmp_path) as rig:
        shared = PHOTO + b"!"
        for content, order in ((PHOTO, OLD[0]), (shared, OLD[1]), (shared, OPEN)):
            await _attach(rig, content, order)
        with closing(sqlite3.connect(tmp_path / "floor.db", isolation_level=None)) as db:
            at = feed.cursor_of(db)
            rows = db.execute("SELECT key, salt, value FROM personal").fetchall()
            later(rig, DAYS)
            await rig.box.retention.sweep()
            piece = feed.next_piece(db, rig.box.config.box.id, at)
            assert piece is not None
            assert feed.pictures_gone(db, piece) == [_sha(PHOTO)]
    with closing(SqliteStore(tmp_path / "spare.db")) as spare:
        insert = "INSERT INTO personal (key, salt, value) VALUES (?, ?, ?)"
        spare.connection.executemany(insert, rows)
        feed.keep_rest(spare.connection, piece)
        kept = {key for (key,) in spare.connection.execute("SELECT key FROM personal")}
        assert feed.pictures_gone(spare.connection, piece) == [_sha(PHOTO)]
    photos = {f"photo:{_sha(PHOTO)}:{OLD[0]}", f"photo:{_sha(shared)}:{OLD[1]}"}
    assert kept == {key for key, _, _ in rows} - {f"order:{order}" for order in OLD} - photos


@pytest.mark.parametrize("name", ["recipients_days", "photos_days"])
def test_a_time_is_at_least_a_day(tmp_path: Path, name: str) -> None:
    """A zero would erase what is in work; the configuration refuses it, with its line."""
    from edge.config import ConfigError, load_config  # noqa: PLC0415

    path = tmp_path / "floorgate.toml"
    path.write_text(f'data = "{tmp_path}"\n[retention]\n{name} = 0\n')
    with pytest.raises(ConfigError, match=f"floorgate.toml:3.*{name}"):
        load_config(path)
