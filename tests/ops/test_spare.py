"""A warm spare: fed while the box works, taking over by one command, the old box fenced (OPS-4)."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.app.sparing import SpareView
from edge.bootstrap import BoxProcess, NotTheBoxError
from edge.cli import backup_actions, spare_actions
from edge.config import load_config
from edge.doctor.checks import spare as spare_check
from edge.doctor.patient import Patient
from edge.store import durable, feed, share
from edge.store.backup import BackupError, prove
from edge.store.feed import FeedError
from edge.store.fence import FENCE, check_fence
from edge.store.following import SPARE, Follower
from edge.store.share import BASE, FILES, PIECES, STATE, Feeder, FencedError, Share
from edge.store.sqlite import SqliteStore
from tests.ops.house import GONE, House, PowerCut, cut_at, each_cut
from tests.ops.test_restored_hub import until
from tests.store.kit import BOX, Floor

SOAK = bool(os.environ.get("FLOORGATE_SOAK"))
"""Cut the power at every step, not at some."""
NOW_US = 1_780_000_000_000_000
DAY_US = 86_400_000_000
TABLES = ("entry", "entry_ref", "doc", "doc_term", "answer", "personal", "checkpoint")


class Pair:
    """A box that people work at, its share, and the machine of its spare."""

    def __init__(self, root: Path) -> None:
        self.house = House(root / "house").live(1)
        self.spare = House(root / "spare")
        self.share = Share(root / "share")
        self.share.prepare(BOX, "1")
        (root / "house" / "data" / "floor.db").unlink()
        self.store = SqliteStore(self.house.data / "floor.db")
        self.floor = Floor(self.store).found(GONE)
        self.morning = self.floor.morning(Random(5))
        self.now_us = NOW_US
        self.restart()
        for house, key in ((self.house, "feeds"), (self.spare, "follows")):
            with house.config.open("a") as file:
                file.write(f'[spare]\n{key} = "{self.share}"\n')

    def restart(self) -> None:
        """Begin to feed as a box does that was started again."""
        self.feeder = Feeder(self.house.data, self.share, box=BOX, version="1")

    def work(self, groups: int = 3) -> None:
        """Let people work."""
        for _ in range(groups):
            next(self.morning)

    def feed(self, after_us: int = 1_000_000) -> int:
        """Feed the share, a second later; return the newest entry that it has."""
        self.now_us += after_us
        return self.feeder.feed(self.now_us).seq

    def follow(self) -> None:
        """Let the spare take what there is, in a process that begins and ends."""
        self.spare.data.mkdir(exist_ok=True)
        with closing(Follower(self.spare.data / SPARE, self.share, box=BOX)) as follower:
            follower.follow(self.now_us)

    def take_over(self, **more: Any) -> int:
        """Make the spare the box."""
        fields = {"config": self.spare.config, "force": True, "json": True} | more
        return spare_actions.take_over(SimpleNamespace(**fields), load_config(self.spare.config))  # type: ignore[arg-type]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """A box with a share and a spare."""
    pair = Pair(tmp_path)
    yield pair
    pair.store.close()


def content(path: Path) -> dict[str, list[Any]]:
    """Return all rows of a database, by table."""
    with closing(SqliteStore(path)) as store:
        execute = store.connection.execute
        return {
            each: sorted(execute(f"SELECT * FROM {each}").fetchall())  # noqa: S608
            for each in TABLES
        }


def same(pair: Pair) -> bool:
    """Tell whether the spare's database holds what the box's does."""
    return content(pair.house.data / "floor.db") == content(pair.spare.data / SPARE / "floor.db")


def test_a_spare_becomes_what_the_box_is(pair: Pair) -> None:
    """Entries, documents, answers, personal data, signed heads, keys and photos: all of it."""
    pair.feed()
    assert pair.floor.let_go(GONE) == 1
    for _ in range(12):
        pair.work()
        pair.feed()
        pair.follow()
    assert same(pair)
    assert prove(pair.spare.data / SPARE).seq == pair.store.head().seq
    for name in ("keys/box.key", *(f"blobs/{each}" for each in photos(pair.house.data))):
        ours, theirs = pair.house.data / name, pair.spare.data / SPARE / name
        assert ours.read_bytes() == theirs.read_bytes()


def photos(data: Path) -> list[str]:
    """Return the paths of the blobs in a box's folder."""
    found = (data / "blobs").rglob("*")
    return [str(each.relative_to(data / "blobs")) for each in found if each.is_file()]


def test_a_spare_that_was_away_catches_up(pair: Pair) -> None:
    """However many pieces it missed; one in the making is left to the next look (OPS-4)."""
    pair.work()
    pair.feed()
    pair.follow()
    for _ in range(3):
        pair.work()
        pair.feed(after_us=DAY_US)
    assert len(list(pair.share.bases())) == 2
    (pair.share.folder / "pieces" / "000001-000000000001-000000999999.new").write_bytes(b"half")
    pair.follow()
    assert same(pair)


def test_what_was_erased_leaves_the_spare_with_the_next_base(pair: Pair) -> None:
    """Personal data that is gone at the box is gone at the spare after a day at most (SEC-5)."""
    pair.work(10)
    pair.feed()
    pair.follow()
    pair.store.connection.execute("DELETE FROM personal WHERE key LIKE 'order:%'")
    pair.feed(after_us=DAY_US)
    pair.follow()
    assert same(pair)


def test_what_left_the_archive_leaves_the_spare(pair: Pair) -> None:
    """The archive of the spare is kept within the box's own bounds (OPS-2)."""
    archive = pair.house.data / "archive"
    archive.mkdir()
    for name in ("000001-000000000001.docs", "000001-000000000002.docs"):
        (archive / name).write_bytes(b"x")
    pair.feed()
    pair.follow()
    (archive / "000001-000000000001.docs").unlink()
    pair.feed(after_us=DAY_US)
    pair.follow()
    for folder in (pair.share.folder / FILES, pair.spare.data / SPARE):
        assert [each.name for each in (folder / "archive").iterdir()] == [
            "000001-000000000002.docs"
        ]


@pytest.mark.parametrize(
    ("view", "severity"),
    [
        (None, "note"),
        (SpareView("/s", ok=True, gap_entries=3, gap_s=0.4), "good"),
        (SpareView("/s", ok=False, gap_entries=9, gap_s=30, problem="away"), "warn"),
        (SpareView("/s", ok=False, gap_entries=900, gap_s=900, problem="full"), "bad"),
    ],
)
def test_the_doctor_looks_at_the_gap(pair: Pair, view: SpareView | None, severity: str) -> None:
    """A spare that falls behind is an illness with a next command (OPS-3)."""
    health = {"spare": msgspec.to_builtins(view)}
    patient = Patient(config=load_config(pair.house.config), now_us=1, health=health)
    (found,) = spare_check.check(patient)
    assert (found.check, found.severity) == ("spare", severity)
    assert severity in ("note", "good") or "floorgate spare status" in found.next.en


async def test_a_box_tells_its_gap_and_feeds_by_itself(pair: Pair) -> None:
    """Health and metrics of a running box say what its share has not got, and then that it has."""
    pair.store.close()
    box = BoxProcess(load_config(pair.house.config))
    await box.open()
    try:
        await until(lambda: bool(box.feeding and box.feeding.view().ok))
        spare = box._health().spare
        assert spare is not None
        assert (spare.share, spare.problem) == (str(pair.share), "")
        text = await box.measuring.text()
        assert "floorgate_spare_ok 1" in text
        assert "floorgate_spare_gap_seconds" in text
    finally:
        await box.close()
    pair.store = SqliteStore(pair.house.data / "floor.db")


def test_pieces_and_bases_are_bounded(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many pieces a base stands for them; two bases are kept, and what they need."""
    monkeypatch.setattr(share, "PIECES_MAX", 4)
    for _ in range(20):
        pair.work(1)
        pair.feed()
    assert len(pair.share.bases()) == 2
    assert len(list((pair.share.folder / PIECES).iterdir())) <= 10
    pair.follow()
    assert same(pair)


def test_a_power_cut_in_feeding_leaves_a_share_that_can_be_followed(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step it hits: what is there is whole, and the next round goes on."""
    nth, is_done = 1, False
    while not is_done:
        pair.work(1)
        pair.restart()
        with monkeypatch.context() as patched, suppress(PowerCut):
            cut_at(nth, patched, durable)
            pair.feed(after_us=DAY_US if nth % 2 else 1_000_000)
            is_done = True
        if pair.share.bases():
            pair.follow()
        nth += 1
    pair.feed()
    pair.follow()
    assert nth > 8
    assert same(pair)


def test_a_power_cut_in_following_leaves_a_spare(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step it hits: the spare stands before a piece or behind it, and goes on."""
    nth, is_done = 1, False
    while not is_done:
        pair.work(1)
        pair.feed(after_us=DAY_US)
        with monkeypatch.context() as patched, suppress(PowerCut):
            cut_at(nth, patched, durable)
            pair.follow()
            is_done = True
        nth += 1
    pair.follow()
    assert nth > 5
    assert same(pair)


def test_a_power_cut_in_a_take_over_delays_it(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever step it hits: the machine is the spare still, or the box; once more ends it."""
    pair.work(10)
    pair.floor.let_go(GONE)
    pair.feed()
    pair.follow()
    docs = pair.house.docs()
    data, cuts = pair.spare.data, 0
    stride = 1 if SOAK else 7
    take_over = pair.take_over
    for cuts in each_cut(data, monkeypatch, lambda: take_over() == 0, stride=stride):  # noqa: B007
        if (data / SPARE).exists():  # so long it does not serve
            assert pair.take_over() == 0
        assert pair.spare.docs() == docs
        prove(data)
    assert cuts > 20
    with pair.spare.floor() as floor:
        assert floor.again(GONE) == "already_assigned"


def test_the_old_box_may_not_feed_nor_write_any_more(pair: Pair) -> None:
    """A later epoch on the share fences it; with a still later one of its own it goes on."""
    pair.work()
    pair.feed()
    pair.follow()
    pair.take_over()
    with pytest.raises(FencedError):
        pair.feed()
    pair.store.close()
    args: Any = SimpleNamespace(config=pair.house.config, new_key=False, json=True)
    assert backup_actions.new_epoch(args, load_config(pair.house.config)) == 0
    pair.restart()
    assert pair.feed() == 1
    assert prove(pair.house.data).epoch == 3


async def test_the_old_box_does_not_start(pair: Pair) -> None:
    """It sees the take-over on the share, says what to do, and remembers it (exit code 4)."""
    pair.feed()
    pair.follow()
    pair.take_over()
    pair.store.close()
    box = BoxProcess(load_config(pair.house.config))
    with pytest.raises(NotTheBoxError, match="another machine is this box now: epoch 2"):
        await box.open()
    shutil.rmtree(pair.share.folder)
    with pytest.raises(NotTheBoxError, match="floorgate spare follow"):
        await BoxProcess(load_config(pair.house.config)).open()
    code, _, errors = pair.house.run("spare", "status")
    assert (code, "does not answer" in errors) == (1, True)


async def test_a_spare_does_not_serve_before_it_took_over(pair: Pair) -> None:
    """A machine that follows is no box; one that is a box does not follow."""
    pair.feed()
    pair.follow()
    with pytest.raises(NotTheBoxError, match="floorgate spare take-over"):
        await BoxProcess(load_config(pair.spare.config)).open()
    with pair.house.config.open("a") as file:
        file.write(f'follows = "{pair.share}"\n')
    args: Any = SimpleNamespace(config=pair.house.config, once=True, json=True)
    with pytest.raises(BackupError, match="is a box, not a spare"):
        spare_actions.follow(args, load_config(pair.house.config))


def test_a_box_that_is_alive_is_not_replaced(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who fed the share seconds ago is to be switched off first."""
    pair.feed()
    pair.follow()
    monkeypatch.setattr("edge.clock.SystemClock.now_us", lambda _: NOW_US + 5_000_000)
    with pytest.raises(BackupError, match="Switch it off first"):
        pair.take_over(force=False)
    assert (pair.spare.data / SPARE).exists()
    assert pair.share.taken() is None


def test_a_take_over_without_the_share_says_its_gap(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    """The share died with the box: what is here becomes the box, and what is missing is said."""
    pair.work()
    pair.feed()
    pair.follow()
    has = pair.store.head().seq
    shutil.rmtree(pair.share.folder)
    pair.work()
    assert pair.take_over() == 0
    said = msgspec.json.decode(capsys.readouterr().out)
    assert (said["seq"], said["epoch"], said["fenced"]) == (has, 2, False)
    assert said["gap_s"] > 0
    assert "spare.json" in said["share_problem"] or "not mounted" in said["share_problem"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("not mounted", "floorgate spare prepare"),
        ("other box", "is the share of box box-9"),
        ("newer", "install that version here first"),
        ("no JSON", "empty the share"),
    ],
)
def test_a_share_that_cannot_be_used_is_named(pair: Pair, broken: str, said: str) -> None:
    """Nothing mounted, another box's, a newer one's: neither fed nor followed, in clear words."""
    state = pair.share.folder / STATE
    fields = msgspec.json.decode(state.read_bytes())
    if broken == "not mounted":
        state.unlink()
    elif broken == "no JSON":
        state.write_bytes(b"{")
    else:
        fields |= {"box": "box-9"} if broken == "other box" else {"schema": 99, "version": "9.9"}
        state.write_bytes(msgspec.json.encode(fields))
    for step in (pair.feed, pair.follow):
        with pytest.raises(FeedError, match=said):
            step()


def test_a_full_share_loses_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room on the share: the round fails, the box works on, and the next one goes on."""
    pair.feed()
    pair.work()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(durable, "write_file", full)
        with pytest.raises(OSError, match="No space left"):
            pair.feed()
    pair.feed()
    pair.follow()
    assert same(pair)


@pytest.mark.parametrize("folder", [PIECES, BASE])
def test_a_damaged_file_of_a_share_is_named(pair: Pair, folder: str) -> None:
    """A piece or base that is cut or changed is never applied."""
    pair.feed()
    if folder == PIECES:
        pair.follow()
    pair.work()
    pair.feed()
    path = max((pair.share.folder / folder).iterdir())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FeedError, match=path.name):
        pair.follow()


def test_a_forged_history_is_not_taken(pair: Pair) -> None:
    """Entries that do not go on from what is here are not applied, whoever wrote them (AUD-1)."""
    pair.feed()
    pair.follow()
    pair.work()
    pair.feed()
    path = max((pair.share.folder / PIECES).iterdir())
    piece = feed.unpack(path.read_bytes())
    path.write_bytes(feed.pack(msgspec.structs.replace(piece, before=bytes(32))))
    before = content(pair.spare.data / SPARE / "floor.db")
    pair.follow()
    assert content(pair.spare.data / SPARE / "floor.db") == before


def test_an_unfinished_photo_is_not_shipped(pair: Pair) -> None:
    """Only blobs that are whole are on the share."""
    partial = pair.house.data / "blobs" / "partial" / ("0" * 64)
    partial.parent.mkdir()
    partial.write_bytes(b"half")
    pair.feed()
    assert not (pair.share.folder / FILES / "blobs" / "partial").exists()
    assert photos(pair.share.folder / FILES)


def test_a_photo_that_nobody_knows_any_more_leaves_share_and_spare(pair: Pair) -> None:
    """One whose erasing was in no piece goes with the next base; what the box has stays."""
    pair.feed()
    pair.follow()
    orphan = share.blob_path("f" * 64)
    for folder in (pair.share.folder / FILES, pair.spare.data / SPARE):
        (folder / orphan).parent.mkdir(parents=True)
        (folder / orphan).write_bytes(b"a parcel")
    pair.work()
    pair.feed(after_us=DAY_US)
    pair.follow()
    kept = photos(pair.house.data)
    assert kept
    assert sorted(photos(pair.share.folder / FILES)) == sorted(kept)
    assert sorted(photos(pair.spare.data / SPARE)) == sorted(kept)


def test_a_restored_box_begins_a_new_base(pair: Pair) -> None:
    """The spare follows a box into its next epoch."""
    pair.work()
    pair.feed()
    pair.follow()
    pair.store.close()
    args: Any = SimpleNamespace(config=pair.house.config, new_key=False, json=True)
    backup_actions.new_epoch(args, load_config(pair.house.config))
    pair.feed()
    pair.follow()
    assert same(pair)
    assert prove(pair.spare.data / SPARE).epoch == 2


def test_verbs_of_the_command_line(pair: Pair) -> None:
    """`follow --once`, `status` and `take-over` of a real process."""
    pair.work()
    pair.feed()
    pair.spare.data.mkdir()
    code, said, errors = pair.spare.run("spare", "follow", "--once")
    assert (code, said["gap_entries"], said["seq"]) == (1, 0, pair.store.head().seq), errors
    code, said, _ = pair.spare.run("spare", "status")
    assert said["heard_s"] > 60
    code, said, errors = pair.spare.run("spare", "take-over", "--force")
    assert (code, said["epoch"], said["gap_entries"]) == (0, 2, 0), errors
    assert (pair.house.data / FENCE).exists() is False
    for verb in (("journal", "verify"), ("replay", "--check")):
        assert pair.spare.run(*verb)[0] == 0, verb


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=200), at=st.integers(0, 2**31))
def test_any_bytes_for_a_piece_end_in_words(raw: bytes, at: int) -> None:
    """Whatever stands in a piece's place is refused; nothing but `FeedError` is raised."""
    whole = feed.pack(feed.Piece("b", 1, 0, bytes(32), [], [], [], [], []))
    changed = bytearray(whole)
    changed[at % len(whole)] ^= 1 + at % 255
    for each in (raw, bytes(changed), whole[: at % len(whole)]):
        with pytest.raises(FeedError):
            feed.unpack(each)


def test_a_share_that_cannot_be_read_keeps_no_box_from_starting(tmp_path: Path) -> None:
    """A share that is broken, or away in an unusual way, says nothing of who is the box (OPS-4)."""
    for make in (Path.mkdir, lambda path: path.write_bytes(b"{")):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        make(folder / share.TAKEN)
        check_fence(tmp_path, BOX, 1, Share(folder), NOW_US)
    assert not (tmp_path / FENCE).exists()
