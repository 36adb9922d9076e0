"""The live journal is cut; what left it is proved, and still answers (OPS-2, AUD-1, AUD-2)."""

import asyncio
import shutil
import sys
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from edge.app.reads import Reads
from edge.cli import archive_actions, backup_actions
from edge.config import load_config
from edge.domain.commands import CheckpointCountersign
from edge.linking import signed
from edge.store.archive import Archive
from edge.store.backup import BackupError, prove
from edge.store.cutting import check_archive, prepare_cut
from edge.store.journal import Journal
from edge.store.locks import hold
from edge.store.reader import SqliteReader
from edge.store.sqlite import SqliteStore
from sync.api import Checkpoint, countersign, public_key
from tests.ops.house import House, PowerCut, each_cut
from tests.rig import Rig
from tests.store.kit import BOX, BOX_KEY, START_US, Floor

HOUR_US = 3_600_000_000
HUB_KEY = bytes(reversed(range(32)))


class Worked:
    """A house whose people worked through several hours, a signed head after each."""

    def __init__(self, root: Path, hours: int = 4) -> None:
        self.house = House(root)
        (self.house.data / "keys").mkdir(parents=True)
        (self.house.data / "keys" / "box.key").write_bytes(BOX_KEY)
        with closing(SqliteStore(self.house.data / "floor.db")) as store:
            self.floor = Floor(store)
            morning = self.floor.found().morning(Random(3))
            for _ in range(hours):
                for _ in range(6):
                    next(morning)
                self.floor.clock.us += HOUR_US
            self.seq = store.head().seq

    def cut(self, hours: int) -> int:
        """Archive what is older than so many hours after the start; return the exit code."""
        config = load_config(self.house.config)
        until_us = START_US + hours * HOUR_US
        with pytest.MonkeyPatch.context() as patched:
            at = until_us + config.archive.keep_days * archive_actions.DAY_US
            patched.setattr("edge.clock.SystemClock.now_us", lambda _: at)
            args: Any = SimpleNamespace(config=self.house.config, json=True, check=False)
            return archive_actions.archive(args, config)

    def oldest(self) -> int:
        """Return the oldest entry in the database."""
        with closing(Journal(self.house.data)) as journal:
            return int(journal.db.execute("SELECT min(seq) FROM entry").fetchone()[0])


@pytest.fixture
def worked(tmp_path: Path) -> Worked:
    """Four hours of work."""
    return Worked(tmp_path / "house")


def problems(data: Path) -> list[str]:
    """Return what is wrong with the archive."""
    return [str(problem) for _, problem in check_archive(data) if problem]


def test_a_cut_journal_is_whole_and_tells_every_story(worked: Worked) -> None:
    """Old entries leave, chain and replay hold, and timelines are what they were: AUD-1, AUD-2."""
    house = worked.house
    docs, story = house.docs(), house.story("SO-00001")
    seqs = []
    for hours in (2, 3):
        assert worked.cut(hours) == 0
        seqs.append(worked.oldest())
        assert prove(house.data).ok
    assert 1 < seqs[0] < seqs[1] < worked.seq
    assert house.docs() == docs
    assert house.story("SO-00001") == story
    assert len(Archive(house.data / "archive").segments()) == 2
    assert len(list((house.data / "archive").glob("*.docs"))) == 1
    assert problems(house.data) == []
    for verb in (("journal", "verify"), ("replay", "--check"), ("archive", "--check")):
        assert house.run(*verb)[0] == 0, verb


def test_nothing_old_enough_is_left_alone(worked: Worked) -> None:
    """Before the retention is over nothing is written."""
    assert worked.cut(0) == 0
    assert worked.oldest() == 1
    assert not (worked.house.data / "archive").exists()


def test_a_power_cut_in_a_cut_leaves_a_whole_journal(
    worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step it hits, between two removals too: chain and replay hold; again ends it."""
    monkeypatch.setattr("edge.store.sqlite.CUT_ENTRIES", 40)
    docs = worked.house.docs()
    cuts, data, uncut = 0, worked.house.data, worked.house.root / "uncut"
    shutil.copytree(data, uncut)
    for cuts in each_cut(data, monkeypatch, lambda: worked.cut(3) == 0):  # noqa: B007 - counted
        prove(data)
        assert worked.cut(3) == 0
        prove(data)
        assert worked.house.docs() == docs
        assert problems(data) == []
    assert cuts >= 4
    for left in range(1, 6):
        shutil.rmtree(data)
        shutil.copytree(uncut, data)
        removals = iter(range(left))
        real = SqliteStore.cut_some

        def some(store: SqliteStore, real: Any = real, removals: Any = removals) -> bool:
            if next(removals, None) is None:
                raise PowerCut
            return bool(real(store))

        with monkeypatch.context() as patched, suppress(PowerCut):
            patched.setattr(SqliteStore, "cut_some", some)
            worked.cut(3)
        prove(worked.house.data)
        assert worked.house.docs() == docs


async def test_a_running_box_is_cut(rig: Rig, tmp_path: Path) -> None:
    """Through the box's own socket: the entry is written by the box, the timeline stays."""
    await rig.assign("1001")
    before = await Reads(rig.box.reader).timeline("1001")
    box, data = rig.box, rig.box.data
    head = box.writer.head
    sign = signed(box.config.box.id, box.box_key)
    signature = sign(head.epoch, head.seq, head.hash, 1)
    box.store.connection.execute(
        "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, 1, ?, ?)",
        (head.epoch, head.seq, head.hash, signature),
    )
    config = tmp_path / "cut.toml"
    config.write_text(f'data = "{data}"\n[box]\nid = "{box.config.box.id}"\n')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "archive", "--json", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said
    while box.store.cut_some():
        pass
    (oldest,) = box.store.connection.execute("SELECT min(seq) FROM entry").fetchone()
    assert oldest == head.seq
    assert await Reads(box.reader).timeline("1001") == before
    await rig.assign("1002")


def test_with_a_hub_only_what_it_countersigned_leaves(worked: Worked) -> None:
    """Entries that the hub has not got stay, however old; a forged countersignature is none."""
    data = worked.house.data
    (data / "keys" / "hub.pub").write_bytes(public_key(HUB_KEY))
    until_us = START_US + 100 * HOUR_US
    assert prepare_cut(data, until_us, needs_hub=True) is None
    with closing(Journal(data)) as journal:
        epoch, seq, head, at_us = journal.db.execute(
            "SELECT epoch, seq, head, at_us FROM checkpoint ORDER BY seq LIMIT 1"
        ).fetchone()
    for key, expected in ((BOX_KEY, None), (HUB_KEY, seq)):
        with closing(SqliteStore(data / "floor.db")) as store:
            worked.floor.store = store
            worked.floor.open()
            signed = countersign(Checkpoint(BOX, epoch, seq, head, at_us), key)
            command = CheckpointCountersign(seq, at_us, head, signed)
            worked.floor.run(worked.floor.command(command))
        cut = prepare_cut(data, until_us, needs_hub=True)
        assert (cut.seq if cut else None) == expected


def test_damage_to_the_archive_is_named(worked: Worked) -> None:
    """A segment that is missing, changed or cut: `archive --check` says which."""
    data = worked.house.data
    worked.cut(2)
    worked.cut(3)
    second = Archive(data / "archive").segments()[1]
    whole = second.read_bytes()
    second.write_bytes(whole[:-5000] + bytes(5000))
    assert problems(data)
    second.write_bytes(whole)
    assert problems(data) == []
    second.unlink()
    assert problems(data)


def test_a_file_that_cannot_be_read_accuses_no_other(worked: Worked) -> None:
    """Where it ends nobody knows, so what goes on behind it is not held to that (AUD-1)."""
    house = worked.house
    for hours in (1, 2, 3):
        worked.cut(hours)
    segments = Archive(house.data / "archive").segments()
    for broken in segments[1:]:
        whole = broken.read_bytes()
        broken.write_bytes(b"no database")
        named = [path for path, problem in check_archive(house.data) if problem]
        assert named == [broken]
        code, _, said = house.run("journal", "show", "--order", "SO-00001")
        assert (code, broken.name in said, "Traceback" in said) == (1, True, False)
        broken.write_bytes(whole)


def test_a_cut_box_is_backed_up_and_goes_on_in_a_new_epoch(worked: Worked) -> None:
    """Cut, then `new-epoch`: the archive's segments join, and every story is told once."""
    house = worked.house
    story = house.story("SO-00001")
    worked.cut(3)
    args: Any = SimpleNamespace(config=house.config, new_key=False, json=True)
    assert backup_actions.new_epoch(args, load_config(house.config)) == 0
    prove(house.data)
    assert problems(house.data) == []
    assert house.story("SO-00001") == story


def test_the_oldest_segments_go_where_a_hub_has_them(worked: Worked) -> None:
    """Beyond the bound the oldest go; without a hub nothing ever does."""
    worked.cut(2)
    worked.cut(3)
    archive = Archive(worked.house.data / "archive")
    first, second = archive.segments()
    with closing(Journal(worked.house.data)) as journal:
        start = journal.start()
    assert start is not None
    assert archive.prune(start.epoch, start.seq, None) == []
    assert archive.prune(start.epoch, start.seq, second.stat().st_size) == [first]
    assert problems(worked.house.data) == []


async def test_a_hub_that_asks_again_gets_what_was_cut_away(worked: Worked) -> None:
    """From any entry on, in batches: the journal as it was before the cuts (SYNC-1)."""
    data = worked.house.data
    with closing(Journal(data)) as journal:
        whole = [(seq, raw) for chunk in journal.raw() for seq, raw in chunk]
        hashes = {seq: journal.hash_of(seq) for seq, _ in whole} | {0: bytes(32)}
    worked.cut(2)
    worked.cut(3)
    reader = await SqliteReader.open(data / "floor.db")
    for first in (0, 1, 50, worked.oldest() - 1):
        seq, got = first, list[bytes]()
        while raws := (told := await reader.entries(seq, 17))[1]:
            assert told[0] == hashes[seq]
            got += raws
            seq += len(raws)
        assert got[: worked.seq - first] == [raw for at, raw in whole if at > first]
    await reader.close()


def test_two_archives_at_once_are_refused(worked: Worked) -> None:
    """The second one says so."""
    with (
        hold(worked.house.data / ".archive-lock", AssertionError()),
        pytest.raises(BackupError, match="wait"),
    ):
        worked.cut(2)


def test_a_snapshot_that_is_lost_stops_the_next_cut(worked: Worked) -> None:
    """Without the documents that the journal goes on from nothing is cut, and it is named."""
    worked.cut(2)
    for each in (worked.house.data / "archive").glob("*.docs"):
        each.unlink()
    before = worked.oldest()
    assert worked.cut(3) == 1
    assert worked.oldest() == before
