"""A disk that is full, or may only be read, under backup, restore, cut and take-over (OPS-2)."""

import errno
import shutil
from collections.abc import Callable
from copy import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.cli import backup_actions, spare_actions
from edge.store import durable
from edge.store.backup import make_backup, prove
from edge.store.following import SPARE, Follower
from edge.store.restore import finish_switch
from edge.store.share import Feeder, Share
from tests.ops.house import DURABLE, House
from tests.ops.test_archive import Worked
from tests.store.kit import BOX

STEPS = tuple(name for name in DURABLE if name != "remove_tree")  # which no disk keeps from ending
NTHS = (1, 2, 4, 7)
"""At which durable step the disk fails; a verb with fewer steps is done before."""


def fail_at(nth: int, code: int, patched: pytest.MonkeyPatch) -> None:
    """Let the `nth` durable step and all later ones fail as a disk fails."""
    count = 0

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any) -> Any:
            nonlocal count
            count += 1
            if count >= nth:
                raise OSError(code, errno.errorcode[code], str(args[0]))
            return real(*args)

        return step

    for name in STEPS:
        patched.setattr(durable, name, failing(getattr(durable, name)))


def back_up(worked: Worked) -> int:
    """Back up as the timer does."""
    fields = {"config": worked.house.config, "to": worked.house.to, "name": "floorgate", "keep": 1}
    args: Any = SimpleNamespace(**fields, json=True)
    return backup_actions.guarded(backup_actions.back_up, args)


def restore(worked: Worked) -> int:
    """Restore the backup that the house came with."""
    backup = worked.house.to / "floorgate-20260101T000000Z"
    fields = {"config": worked.house.config, "backup": backup, "replace": True}
    args: Any = SimpleNamespace(**fields, json=True)
    return backup_actions.guarded(backup_actions.restore, args)


def cut(worked: Worked) -> int:
    """Cut the journal."""
    try:
        return worked.cut(3)
    except OSError:  # what `guarded` turns into words
        return 1


def take_over(worked: Worked) -> int:
    """Let the spare that lies in the house's folder take over."""
    args: Any = SimpleNamespace(config=worked.house.config, force=True, json=True)
    return backup_actions.guarded(spare_actions.take_over, args)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    """A house that worked, with a backup and, beside it, a spare of it that can take over."""
    root = tmp_path_factory.mktemp("pristine")
    worked = Worked(root / "house")
    house = worked.house
    name = "floorgate-20260101T000000Z"
    make_backup(house.data, house.config, house.to, name=name, now_us=1, version="1")
    return worked


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("verb", [back_up, restore, cut, take_over])
def test_a_bad_disk_loses_nothing(
    pristine: Worked,
    tmp_path: Path,
    verb: Callable[[Worked], int],
    code: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Full, or read-only, from whatever step on: said in words, the box and its backup stay."""
    house = House(tmp_path / "house")
    docs = pristine.house.docs()
    for nth in NTHS:
        shutil.rmtree(house.root)
        shutil.copytree(pristine.house.root, house.root)
        House(house.root)  # its own configuration
        worked = copy(pristine)
        worked.house = house
        if verb is take_over:
            _make_spare(house)
        with pytest.MonkeyPatch.context() as patched:
            fail_at(nth, code, patched)
            said = verb(worked)
        if said:
            assert "Traceback" not in capsys.readouterr().err
        finish_switch(house.data)
        if verb is take_over and (house.data / SPARE).exists():
            assert take_over(worked) == 0
        assert prove(house.data).ok
        assert house.docs() == docs
        assert (house.to / "floorgate-20260101T000000Z" / "manifest.json").exists()


def _make_spare(house: House) -> None:
    """Turn a house into the machine of a spare that has everything, and whose share is there."""
    share = Share(house.root / "share")
    share.prepare(BOX, "1")
    Feeder(house.data, share, box=BOX, version="1").feed(1_700_000_000_000_000)
    follower = Follower(house.root / "spare", share, box=BOX)
    follower.follow(1_700_000_000_000_000)
    follower.close()
    shutil.rmtree(house.data)
    house.data.mkdir()
    (house.root / "spare").rename(house.data / SPARE)
