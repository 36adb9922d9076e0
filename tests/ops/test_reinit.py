"""A dead box is built again from the hub's copy of its journal (OPS-2, SYNC-5)."""

import asyncio
import json
import os
import shutil
import sqlite3
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Queue
from random import Random
from threading import Thread
from typing import Any

import msgspec
import pytest

from edge.bootstrap import BoxProcess
from edge.cli import reinit_actions
from edge.clock import SystemIds
from edge.config import load_config
from edge.domain.commands import TaskTake
from edge.store import durable
from edge.store.backup import BackupError, prove
from edge.store.journal import Journal
from edge.store.rebuild import Rebuild
from edge.store.restore import finish_switch
from edge.store.sqlite import SqliteStore
from sync.api import ENTRY_VERSION, Instruction, decode_entry, encode_entry, run_hub
from tests.ops.house import ENDED, GONE, House, PowerCut, cut_at, each_cut
from tests.ops.test_restored_hub import until
from tests.store.kit import BOX, BOX_KEY, Floor

KEPT_AT_REINIT = ("tls/ca.pem", "tls/leaf.pem", "keys/session.key", "keys/rules.key")
SOAK = bool(os.environ.get("FLOORGATE_SOAK"))
TOKEN = "token-of-this-test"  # noqa: S105 - of a hub in this test


@asynccontextmanager
async def hub_at(folder: Path, **tokens: str) -> AsyncIterator[str]:
    """Serve a hub, and give its address."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    boxes = tokens or {BOX: TOKEN}
    task = asyncio.create_task(run_hub(folder, "127.0.0.1", 0, boxes, on_ready=ready.set_result))
    await asyncio.wait((ready, task), return_when=asyncio.FIRST_COMPLETED)
    try:
        yield ready.result().replace("http", "ws") + "/link"
    finally:
        task.cancel()
        await asyncio.wait((task,))


def link(house: House, url: str, token: str) -> None:
    """Let a house know its hub."""
    text = house.config.read_text().partition("[hub]")[0]
    house.config.write_text(f'{text}[hub]\nurl = "{url}"\ntoken = "{token}"\n')


async def synced(house: House) -> int:
    """Let the box run until the hub has all of its journal; return the newest entry."""
    box = BoxProcess(load_config(house.config))
    await box.open()
    assert box.link is not None
    link = box.link
    await until(lambda: link.state.up and link.state.up_cursor == box.writer.head.seq)
    seq = box.writer.head.seq
    await box.close()
    return seq


async def reinit(house: House, *more: str) -> tuple[int, dict[str, Any], str]:
    """Run `floorgate reinit --from-hub`; return exit code, what it said, and its errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "reinit", "--from-hub", *more, "--json"),
        *("--config", str(house.config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(out) if out.strip() else {}, errors.decode()


def answers(house: House) -> set[tuple[str, bool]]:
    """Return the ids of answered commands, and whether each was carried out.

    Those that left no entry changed nothing: sent again, they change nothing again.
    """
    with closing(SqliteStore(house.data / "floor.db")) as store:
        raws = store.connection.execute("SELECT raw FROM entry").fetchall()
        causes = sorted({decode_entry(raw).cause for (raw,) in raws})
        return {(each.id, each.answer.ok) for each in store.answers(causes).values()}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A box that people worked at."""
    return House(tmp_path / "house").live(12)


async def test_a_dead_box_comes_back_from_the_hub(house: House, tmp_path: Path) -> None:
    """Disk and key are gone: with a new token all that the hub has is the box's again: SYNC-5.

    What it let go stays gone, and what had ended may go.
    """
    async with hub_at(tmp_path / "hub") as url:
        link(house, url, TOKEN)
        seq = await synced(house)
    docs, given = house.docs(), answers(house)
    assert len(given) > 20
    shutil.rmtree(house.data)
    async with hub_at(tmp_path / "hub", **{BOX: "another-token"}) as url:
        link(house, url, "")
        code, said, errors = await reinit(house, "--token", "another-token")
        assert (code, said.get("seq"), said.get("new_epoch")) == (0, seq, 2), errors
        assert house.docs() == docs
        assert prove(house.data).epoch == 2
        with closing(SqliteStore(house.data / "floor.db")) as store:
            known = store.answers([each for each, _ in given])
        assert {(each.id, each.answer.ok) for each in known.values()} == given
        with house.floor() as floor:
            assert floor.let_go(ENDED) == 1
            assert [floor.again(each) for each in (GONE, ENDED)] == ["already_assigned"] * 2
        assert await synced(house) >= 1


async def test_a_box_whose_key_is_left_needs_no_token(house: House, tmp_path: Path) -> None:
    """Only the database died; recipients come back from the hub's instructions.

    What PDAs know the box by is as it was; where the authority's key is gone too, it says so.
    """
    house.config.write_text(house.config.read_text().replace("tls = false", "tls = true"))
    async with hub_at(tmp_path / "hub") as url:
        link(house, url, TOKEN)
        await synced(house)
        kept = {name: (house.data / name).read_bytes() for name in KEPT_AT_REINIT}
        link(house, url, "spent")
        for each in house.data.glob("floor.db*"):
            each.unlink()
        code, said, errors = await reinit(house)
        assert (code, said.get("new_epoch"), said.get("enrolled")) == (0, 2, True), errors
        assert await synced(house) >= 1
        assert {name: (house.data / name).read_bytes() for name in KEPT_AT_REINIT} == kept
        (house.data / "tls" / "ca.key").write_bytes(b"not a key")
        code, said, errors = await reinit(house, "--replace")
        assert (code, said.get("enrolled")) == (0, False), errors


@contextmanager
def hub_beside(folder: Path, token: str = TOKEN) -> Iterator[str]:
    """Serve a hub from a thread, for what runs a loop of its own, and give its address."""
    told: Queue[tuple[str, Callable[[], object]]] = Queue()

    async def serve() -> None:
        end, loop = asyncio.Event(), asyncio.get_running_loop()
        async with hub_at(folder, **{BOX: token}) as url:
            told.put((url, partial(loop.call_soon_threadsafe, end.set)))
            await end.wait()

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    url, end = told.get(timeout=10)
    try:
        yield url
    finally:
        end()
        thread.join()


def reinit_here(house: House, token: str = "") -> int:
    """Run `floorgate reinit --from-hub` in this process, which can be cut."""
    args = Namespace(config=house.config, token=token, replace=False, json=True)
    return reinit_actions.reinit(args, load_config(house.config))


def test_a_power_cut_in_rebuilding_leaves_a_way_back(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step it hits: the box is as it was or as the hub has it, and whole (OPS-2)."""
    with hub_beside(tmp_path / "hub") as url:
        link(house, url, TOKEN)
        asyncio.run(synced(house))
        docs, epochs, stride = house.docs(), [], 1 if SOAK else 3
        here = partial(reinit_here, house)
        for _ in each_cut(house.data, monkeypatch, lambda: here() == 0, stride=stride):
            finish_switch(house.data)  # as a start of the box does first
            epochs.append(prove(house.data).epoch)
            assert house.docs() == docs
    assert (epochs[0], epochs[-1], epochs) == (1, 2, sorted(epochs))
    assert len(epochs) > 15


def test_power_cuts_in_rebuilding_a_dead_box_need_one_token(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Disk and key are gone, and the power goes again and again: the same command ends it."""
    with hub_beside(tmp_path / "hub") as url:
        link(house, url, TOKEN)
        asyncio.run(synced(house))
        docs = house.docs()
    shutil.rmtree(house.data)
    cuts = 0
    with hub_beside(tmp_path / "hub", "another-token") as url:
        link(house, url, "")
        while not (house.data / "floor.db").exists():
            cuts += 1
            with monkeypatch.context() as patched, suppress(PowerCut):
                cut_at(cuts, patched, durable)
                assert reinit_here(house, "another-token") == 0
            if house.data.exists():
                finish_switch(house.data)
        assert house.docs() == docs
        assert (prove(house.data).epoch, cuts > 10) == (2, True)
        assert asyncio.run(synced(house)) >= 1


async def test_a_box_of_several_epochs_comes_back(house: House, tmp_path: Path) -> None:
    """Epochs are walked in order, each as far as the next one goes on from it."""
    async with hub_at(tmp_path / "hub") as url:
        link(house, url, TOKEN)
        await synced(house)
        for _ in range(2):
            code, _, errors = await asyncio.to_thread(house.run, "new-epoch")
            assert code == 0, errors
            await synced(house)
        docs = house.docs()
        (house.data / "floor.db").unlink()
        code, said, errors = await reinit(house, "--replace")
        assert (code, said.get("new_epoch"), said.get("differing")) == (0, 4, []), errors
        assert house.docs() == docs
        assert prove(house.data).epoch == 4


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("no hub", "names no hub"),
        ("hub away", "check the network and the address"),
        ("wrong box", "this hub has no such box"),
        ("spent token", "token was used before"),
        ("empty hub", "the hub has no entries of this box"),
        ("newer here", "to go back all the same: --replace"),
        ("running", "systemctl stop floorgate"),
    ],
)
async def test_what_cannot_be_rebuilt_is_said(
    house: House, tmp_path: Path, broken: str, said: str
) -> None:
    """Wrong box, spent token, empty hub, a box that is ahead: clear words, and all stays."""
    docs = house.docs()
    async with hub_at(tmp_path / "hub") as url:
        if broken in ("newer here", "spent token"):
            link(house, url, TOKEN)
            await synced(house)
        if broken == "spent token":
            for name in ("hub.pub", "box.key"):
                (house.data / "keys" / name).unlink()
            docs = house.docs()
        if broken == "newer here":
            with closing(SqliteStore(house.data / "floor.db")) as store:
                floor = Floor(store, seed=9)
                floor.clock.us += 10**12
                floor.run(floor.command(TaskTake(("nowhere",))))
                docs = house.docs()
        if broken == "wrong box":
            house.config.write_text(house.config.read_text().replace(BOX, "box-9"))
        if broken not in ("no hub", "newer here", "spent token"):
            link(house, "ws://127.0.0.1:1/link" if broken == "hub away" else url, TOKEN)
        running = BoxProcess(load_config(house.config)) if broken == "running" else None
        if running:
            await running.open()
        code, _, errors = await reinit(house)
        if running:
            await running.close()
        assert (code, said in errors) == (1, True), errors
    assert house.docs() == docs or broken == "running"


def test_a_copy_of_another_box_or_out_of_order_is_refused(house: House, tmp_path: Path) -> None:
    """Each entry must be the next one of this very box; what came before stays."""
    with closing(Journal(house.data)) as journal:
        raws = [raw for chunk in journal.raw() for _, raw in chunk]
    for number, (box, some) in enumerate(
        [("box-9", raws), (BOX, raws[1:]), (BOX, raws[:3] + raws[4:]), (BOX, [b"\x00", *raws])]
    ):
        with closing(Rebuild(tmp_path / str(number), box, BOX_KEY)) as rebuild:
            with pytest.raises(BackupError, match="the hub's copy"):
                rebuild.take(1, some, None)
            assert rebuild.head.seq == 0


def test_entries_of_a_newer_floorgate_are_refused(house: House, tmp_path: Path) -> None:
    """A copy that a newer version wrote is not half understood: it names what to install."""
    with closing(Journal(house.data)) as journal:
        raws = [raw for chunk in journal.raw() for _, raw in chunk]
    newer = encode_entry(msgspec.structs.replace(decode_entry(raws[3]), v=ENTRY_VERSION + 1))
    with closing(Rebuild(tmp_path / "stage", BOX, BOX_KEY)) as rebuild:
        with pytest.raises(BackupError, match="entry 4 is a newer Floorgate's; install"):
            rebuild.take(1, [*raws[:3], newer], None)
        assert rebuild.head.seq == 0


async def test_a_newer_database_is_not_replaced_by_the_way(house: House, tmp_path: Path) -> None:
    """What lies here was written by a newer version: only --replace lets it go (OPS-2)."""
    async with hub_at(tmp_path / "hub") as url:
        link(house, url, TOKEN)
        await synced(house)
        with closing(sqlite3.connect(house.data / "floor.db")) as db:
            db.execute("PRAGMA user_version = 99")
        code, _, errors = await reinit(house)
        assert (code, "to replace it all the same: --replace" in errors) == (1, True), errors
        code, said, errors = await reinit(house, "--replace")
    assert (code, said.get("ok")) == (0, True), errors
    assert prove(house.data).epoch == 2


def test_recipients_and_people_come_from_the_hubs_instructions(
    house: House, tmp_path: Path
) -> None:
    """Names and phones stand where labels look for them; strangers' and replaced PINs do not."""
    with closing(Journal(house.data)) as journal:
        raws = [raw for chunk in journal.raw() for _, raw in chunk]
    told: list[tuple[str, dict[str, Any]]] = [
        ("order.assign", {"order_id": "SO-00001", "recipient": {"name": "张伟"}, "remark": ""}),
        ("order.update", {"order_id": "SO-00001", "recipient": {"name": "李娜"}}),
        ("order.assign", {"order_id": "SO-99999", "recipient": {"name": "王芳"}}),
        ("people.upsert", {"items": [{"id": "P-0", "name": {"zh": "甲"}, "pin": {"n": 2}}]}),
        ("people.upsert", {"items": [{"id": "P-0", "name": {"zh": "甲"}, "pin": {"n": 4}}]}),
        ("stock.snapshot", {"items": []}),
        ("order.assign", {"order_id": GONE, "recipient": {"name": "赵敏"}}),
    ]
    with closing(Rebuild(tmp_path / "stage", BOX, BOX_KEY)) as rebuild:
        rebuild.take(1, raws, None)
        kept = [
            rebuild.keep_personal(Instruction(1, BOX, n, f"i-{n}", kind, 1, body), SystemIds())
            for n, (kind, body) in enumerate(told, 1)
        ]
    pins = [decode_entry(raw) for raw in raws if decode_entry(raw).kind == "people.upserted"]
    assert [entry.data["dseq"] for entry in pins] == [4]
    assert kept == [1, 1, 0, 2, 1, 0, 0]
    with closing(SqliteStore(tmp_path / "stage" / "floor.db")) as store:
        rows = store.connection.execute("SELECT key, value FROM personal ORDER BY key").fetchall()
    assert {key: msgspec.msgpack.decode(value) for key, value in rows} == {
        "order:SO-00001": {"recipient": {"name": "李娜"}},
        "person:P-0": {"name": {"zh": "甲"}},
        "pin:P-0": {"n": 2},
    }


def test_any_size_of_batches_gives_the_same_box(house: House, tmp_path: Path) -> None:
    """However the copy comes in: chain and replay hold."""
    with closing(Journal(house.data)) as journal:
        raws = [raw for chunk in journal.raw() for _, raw in chunk]
    random = Random(1)
    with closing(Rebuild(tmp_path / "stage", BOX, BOX_KEY)) as rebuild:
        seq = 0
        while seq < len(raws):
            some = raws[seq : seq + random.randint(1, 40)]
            rebuild.take(1, some, None)
            seq += len(some)
    assert prove(tmp_path / "stage").seq == len(raws)
