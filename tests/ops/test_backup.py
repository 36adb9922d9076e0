"""Backup and restore: proved, whole or not at all, and never taken for another (OPS-2, SYNC-5)."""

import contextlib
import hashlib
import json
import os
import shutil
import threading
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.app.reads import Reads
from edge.bootstrap import BoxProcess, UnusableError
from edge.cli import backup_actions
from edge.config import load_config
from edge.store import durable, locks
from edge.store.archive import Archive, ArchiveError
from edge.store.backup import BackupError, make_backup, prove, prune, read_manifest, unpack
from edge.store.journal import Journal
from edge.store.reader import SqliteReader
from edge.store.replay import check_replay
from edge.store.restore import finish_switch
from edge.store.sqlite import SqliteStore
from tests.ops.house import ENDED, GONE, House, PowerCut, cut_at
from tests.store.kit import BOX

SOAK = bool(os.environ.get("FLOORGATE_SOAK"))
"""Cut the power at every step, not at some of those that only lay files out."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house that is not changed, with a backup `floorgate-20260101T000000Z`."""
    house = House(tmp_path_factory.mktemp("lived")).live()
    backed_up(house)
    return house


@pytest.fixture
def house(lived: House, tmp_path: Path) -> House:
    """A copy of it, to be broken."""
    copy = House(tmp_path / "house")
    shutil.copytree(lived.data, copy.data)
    shutil.copytree(lived.to, copy.to)
    return copy


def backed_up(house: House, hour: int = 0) -> Path:
    """Back up, as of an hour of the first of January."""
    name = f"floorgate-20260101T{hour:02}0000Z"
    made = make_backup(house.data, house.config, house.to, name=name, now_us=1, version="1")
    return made.path


def restored(house: House, backup: Path, *, replace: bool = False) -> int:
    """Restore in this process."""
    args = SimpleNamespace(backup=backup, config=house.config, replace=replace, json=True)
    return backup_actions.restore(args, load_config(house.config))  # type: ignore[arg-type]


def the_backup(house: House) -> Path:
    """Return the backup that the house came with."""
    return house.to / "floorgate-20260101T000000Z"


def test_backup_and_restore_on_the_command_line(house: House) -> None:
    """A dead box comes back with all it knew, in a new epoch that begins at entry 1: SYNC-5."""
    docs = house.docs()
    code, made, errors = house.run("backup", "--to", str(house.to), "--keep", "1")
    assert (code, made["removed"]) == (0, ["floorgate-20260101T000000Z"]), errors
    with pytest.MonkeyPatch.context():
        shutil.rmtree(house.data)
    code, said, errors = house.run("restore", made["backup"])
    assert (code, said["epoch"]) == (0, 2), errors
    assert said["before"] is None
    assert list(house.data.glob(".before-restore-*")) == []
    assert house.docs() == docs
    assert sorted(each.name for each in (house.data / "blobs").rglob("*") if each.is_file())
    journal = Journal(house.data)
    head, start = journal.head(), journal.start()
    assert (head.epoch, head.seq) == (2, 1)
    assert start is not None
    assert (start.epoch, start.seq, start.is_cut) == (1, made["seq"], False)
    assert check_replay(journal).ok
    journal.close()
    for verb in (("journal", "verify"), ("replay", "--check")):
        assert house.run(*verb)[0] == 0, verb
    story = house.story("SO-00001")
    assert len(story) > 3
    assert {entry["epoch"] for entry in story} == {1}


async def test_the_pages_tell_what_happened_before_a_restore(house: House) -> None:
    """An order's timeline opens from the archive, at the box itself: AUD-2."""
    before = house.story("SO-00001")
    restored(house, the_backup(house), replace=True)
    reader = await SqliteReader.open(house.data / "floor.db")
    told = await Reads(reader).timeline("SO-00001")
    assert [entry["seq"] for entry in told] == [entry["seq"] for entry in before]
    (segment,) = (house.data / "archive").glob("*.entries")
    segment.write_bytes(b"no database")
    assert await Reads(reader).timeline("SO-00001") == []
    await reader.close()


def test_a_backup_needs_no_stopped_box_and_links_what_never_changes(house: House) -> None:
    """The second backup holds the same photo without another copy of it."""
    second = backed_up(house, 1)
    photos = [
        next(each for each in (backup / "blobs").rglob("*") if each.is_file())
        for backup in (the_backup(house), second)
    ]
    assert photos[0].stat().st_ino == photos[1].stat().st_ino
    modes = {each.stat().st_mode & 0o777 for each in second.rglob("*") if each.is_file()}
    assert modes - {0o644} == {0o600}  # the photo of this house was made by a test


def test_the_oldest_backups_of_a_name_are_removed(house: House) -> None:
    """Only those of the prefix, only beyond the number, the newest stay."""
    second, third = backed_up(house, 1), backed_up(house, 2)
    shutil.copytree(second, house.to / "before-upgrade-20250101T000000Z")
    assert prune(house.to, "floorgate", 2) == ["floorgate-20260101T000000Z"]
    kept = sorted(each.name for each in house.to.iterdir() if each.is_dir())
    assert kept == ["before-upgrade-20250101T000000Z", second.name, third.name]


def test_a_power_cut_in_a_backup_leaves_the_old_ones(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step it hits: the old one can be restored, the new one is whole or has no name."""
    old, nth, is_done = the_backup(house), 1, False
    while not is_done:
        with monkeypatch.context() as patched:
            cut_at(nth, patched, durable)
            try:
                backed_up(house, 1)
                is_done = True
            except PowerCut:
                pass
        for each in house.to.glob("*Z"):
            unpack(each, read_manifest(each).parts, house.root / "look", may_link=True)
            prove(house.root / "look")
        assert old in house.to.glob("*Z")
        shutil.rmtree(house.to / "floorgate-20260101T010000Z", ignore_errors=True)
        nth += 1
    assert nth > 15


def test_a_power_cut_in_a_restore_leaves_a_box(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step it hits: the next start finds the old box or the restored one, whole."""
    docs, nth, is_done = house.docs(), 1, False
    pristine = house.root / "pristine"
    shutil.copytree(house.data, pristine)
    epochs = []
    while not is_done:
        shutil.rmtree(house.data)
        shutil.copytree(pristine, house.data)
        (house.data / "floor.db-wal").write_bytes(b"")
        with monkeypatch.context() as patched:
            cut_at(nth, patched, durable)
            try:
                restored(house, the_backup(house))
                is_done = True
            except PowerCut:
                pass
        finish_switch(house.data)
        epochs.append(prove(house.data).epoch)
        assert house.docs() == docs
        assert len([each for each in (house.data / "blobs").rglob("*") if each.is_file()]) == 1
        nth += 1 if SOAK or len(set(epochs)) > 1 else 8
    assert epochs == sorted(epochs)
    assert set(epochs) == {1, 2}


def test_a_switch_that_is_cut_again_and_again_is_completed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power that fails at every single step of the completion only delays it."""
    for nth in range(1, 60, 3):
        with monkeypatch.context() as patched:
            cut_at(nth, patched, durable)
            with contextlib.suppress(PowerCut):
                restored(house, the_backup(house), replace=True)
        for again in range(1, 5):
            with monkeypatch.context() as patched:
                cut_at(again, patched, durable)
                with contextlib.suppress(PowerCut):
                    finish_switch(house.data)
    finish_switch(house.data)
    assert prove(house.data).epoch >= 2
    assert len(list(house.data.glob(".before-restore-*"))) <= 3


def test_each_restore_begins_a_later_epoch(house: House) -> None:
    """Restored twice from one backup, the hub sees two epochs; the replaced box stays beside.

    An order that was let go behind the backup is here again, and goes again.
    """
    with house.floor() as floor:
        assert floor.let_go(ENDED) == 1
    assert restored(house, the_backup(house), replace=True) == 0
    with house.floor() as floor:
        assert floor.let_go(ENDED) == 1
        assert [floor.again(each) for each in (GONE, ENDED)] == ["already_assigned"] * 2
    with pytest.raises(BackupError, match="--replace"):
        restored(house, the_backup(house))
    assert restored(house, the_backup(house), replace=True) == 0
    assert prove(house.data).epoch == 3
    assert list(house.data.glob(".before-restore-*/floor.db"))


def test_a_new_epoch_keeps_everything(house: House) -> None:
    """`new-epoch` changes the numbers of the journal to come, and nothing else."""
    docs = house.docs()
    code, said, errors = house.run("new-epoch")
    assert (code, said.get("epoch")) == (0, 2), errors
    assert house.docs() == docs
    assert prove(house.data).epoch == 2


async def test_a_box_makes_no_second_key_by_itself(house: House) -> None:
    """Lost, cut or another's: the start is refused with the next commands, and both end it (OPS-2).

    Put back, the box starts. Where no copy is left, `new-epoch --new-key` loses nothing, and the
    backups that follow are good.
    """
    key, config = house.data / "keys" / "box.key", load_config(house.config)
    good = key.read_bytes()
    for broken, said in (
        (b"", "is damaged"),
        (bytes(32), "is not the key"),
        (None, "is missing"),
    ):
        key.unlink()
        if broken is not None:
            key.write_bytes(broken)
        with pytest.raises(UnusableError, match=said) as refused:
            await BoxProcess(config).open()
        for command in ("/keys/box.key", "sudo -u floorgate floorgate new-epoch --new-key"):
            assert command in refused.value.told("en")
            assert command in refused.value.told("zh")
        key.write_bytes(good)
    await started(house)
    docs = house.docs()
    key.unlink()
    code, _, errors = house.run("new-epoch")
    assert (code, "--new-key" in errors) == (1, True), errors
    code, told, errors = house.run("new-epoch", "--new-key")
    assert (code, told.get("epoch")) == (0, 2), errors
    assert (house.docs(), key.read_bytes() == good) == (docs, False)
    await started(house)
    assert prove(house.data).epoch == 2


async def started(house: House) -> None:
    """Start the box, and stop it."""
    box = BoxProcess(load_config(house.config))
    await box.open()
    await box.close()


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("running", "systemctl stop floorgate"),
        ("other box", "is box-9"),
        ("newer schema", "install Floorgate 9.9"),
        ("no backup", "give the folder of a backup"),
        ("cut", "cut or changed"),
        ("missing", "box.key: No such file"),
    ],
)
def test_what_cannot_be_restored_is_refused(house: House, broken: str, said: str) -> None:
    """A running box, another box's, a newer one's, a cut one: refused, and all stays (OPS-2)."""
    backup, docs = the_backup(house), house.docs()
    lock = None
    if broken == "running":
        lock = backup_actions.stopped(house.data)
        lock.__enter__()
    elif broken == "other box":
        house.config.write_text(house.config.read_text().replace(f'"{BOX}"', '"box-9"'))
    elif broken == "newer schema":
        _forge(backup, schema=99, version="9.9")
    elif broken == "no backup":
        backup = house.root
    elif broken == "cut":
        packed = backup / "floor.db.zst"
        packed.write_bytes(packed.read_bytes()[:-100])
    else:
        (backup / "keys" / "box.key").unlink()
    with pytest.raises(BackupError, match=said):
        restored(house, backup, replace=True)
    if lock:
        lock.__exit__(None, None, None)
    assert house.docs() == docs


def _forge(backup: Path, **fields: object) -> None:
    """Change a manifest and seal it again."""
    manifest = json.loads((backup / "manifest.json").read_bytes())["manifest"] | fields
    raw = json.dumps(manifest, separators=(",", ":")).encode()
    sealed = b'{"sha256":"%s","manifest":%s}' % (hashlib.sha256(raw).hexdigest().encode(), raw)
    (backup / "manifest.json").write_bytes(sealed)


def test_a_backup_that_names_files_elsewhere_is_refused(house: House) -> None:
    """A part can only lie within the backup, whoever wrote the manifest (SEC-4)."""
    backup = the_backup(house)
    parts = json.loads((backup / "manifest.json").read_bytes())["manifest"]["parts"]
    for name in ("../escaped", "/tmp/escaped", "keys/../../escaped"):  # noqa: S108
        _forge(backup, parts=parts | {name: {"size": 1, "sha256": "0" * 64}})
        with pytest.raises(BackupError, match="outside"):
            restored(house, backup, replace=True)
    assert not (house.root / "escaped").exists()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_any_damage_to_a_backup_is_found(lived: House, seed: int) -> None:
    """Bytes changed, cut or added anywhere in it: refused, never half restored, no crash."""
    random = Random(seed)
    copy = lived.root / "fuzzed"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(the_backup(lived), copy)
    file = random.choice([each for each in sorted(copy.rglob("*")) if each.is_file()])
    raw = bytearray(file.read_bytes())
    way = random.randrange(3)
    if way == 0:
        raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    elif way == 1:
        del raw[random.randrange(len(raw)) :]
    else:
        raw += random.randbytes(5)
    file.write_bytes(raw)
    with pytest.raises(BackupError):
        unpack(copy, read_manifest(copy).parts, lived.root / "into", may_link=False)


def test_a_broken_box_gets_no_backup(house: House) -> None:
    """A journal that does not verify is not backed up over good backups: it is named."""
    store = SqliteStore(house.data / "floor.db")
    store.connection.execute("UPDATE entry SET raw = raw || x'00' WHERE seq = 9")
    store.close()
    with pytest.raises(BackupError, match="the journal is broken"):
        backed_up(house, 1)
    assert [each.name for each in house.to.glob("*Z")] == [the_backup(house).name]


def test_a_changed_snapshot_is_named(house: House) -> None:
    """The documents that an epoch goes on from are those that its first entry names: AUD-1."""
    restored(house, the_backup(house))
    (docs,) = (house.data / "archive").glob("*.docs")
    docs.write_bytes(docs.read_bytes()[:-9])
    with pytest.raises(BackupError, match="restore it from a backup"):
        prove(house.data)
    with pytest.raises(ArchiveError):
        list(Archive(house.data / "archive").docs(1, 1, b""))


def test_a_refusal_is_said_in_the_language_of_the_box(house: House) -> None:
    """What to do stands in it, in English or Chinese as the configuration says."""
    nowhere = str(house.root / "nowhere")
    assert "give the folder of a backup" in house.run("restore", nowhere)[2]
    house.config.write_text(house.config.read_text().replace('"en"', '"zh"'))
    assert "没有这个文件或文件夹；请给出一份备份的目录" in house.run("restore", nowhere)[2]


def test_two_backups_of_one_second_are_two(house: House) -> None:
    """The second one bears the next second's name, and is whole."""
    first, second, third = backed_up(house, 1), backed_up(house, 1), backed_up(house, 1)
    stamps = [each.name.rpartition("-")[2] for each in (first, second, third)]
    assert stamps == ["20260101T010000Z", "20260101T010001Z", "20260101T010002Z"]
    assert read_manifest(third).seq == read_manifest(first).seq


def test_a_backup_waits_for_the_one_under_way(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade's does not fail because the nightly one runs; it waits no longer than bounded."""
    nightly = locks.hold(house.to / ".lock", AssertionError())
    monkeypatch.setattr("edge.store.backup.WAIT_S_MAX", 0.0)
    with pytest.raises(BackupError, match="another backup is under way"):
        backed_up(house, 1)
    monkeypatch.setattr("edge.store.backup.WAIT_S_MAX", 60.0)
    threading.Timer(0.1, nightly.close).start()
    assert read_manifest(backed_up(house, 1)).box == BOX
