"""A fence that cannot be read keeps the box from starting, and says the ways on (OPS-4)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.bootstrap import BoxProcess, NotTheBoxError
from edge.config import load_config
from edge.store.fence import FENCE
from edge.store.following import SPARE
from edge.store.share import Share
from tests.ops.house import House
from tests.store.kit import BOX

BROKEN: dict[str, Callable[[Path], object]] = {
    "empty": Path.touch,
    "cut": lambda path: path.write_bytes(b'{"epoch":2,"where":'),
    "of other fields": lambda path: path.write_bytes(b'{"epoch":"two"}'),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00"),
    "a folder": Path.mkdir,
}


async def opened(house: House) -> None:
    """Start the box, and stop it."""
    box = BoxProcess(load_config(house.config))
    await box.open()
    await box.close()


@pytest.mark.parametrize("broken", [name for name in BROKEN if name != "a folder"])
async def test_a_new_epoch_lifts_a_fence_that_cannot_be_read(tmp_path: Path, broken: str) -> None:
    """No machine is the box but this one: it starts again only when a person has said so."""
    house = House(tmp_path).live(1)
    BROKEN[broken](house.data / FENCE)
    with pytest.raises(NotTheBoxError, match=r"fenced\.json cannot be read") as refused:
        await opened(house)
    for language, where in (("en", "where none is"), ("zh", "确认没有")):
        said = refused.value.told(language)
        assert where in said
        assert "floorgate spare follow" in said
        assert "sudo -u floorgate floorgate new-epoch" in said
    code, told, _ = house.run("new-epoch")
    assert (code, told["epoch"]) == (0, 2)
    assert not (house.data / FENCE).exists()
    await opened(house)


async def test_a_fence_that_the_disk_does_not_give_is_one(tmp_path: Path) -> None:
    """What stands in it is unknown, that it is there is not."""
    house = House(tmp_path).live(1)
    BROKEN["a folder"](house.data / FENCE)
    with pytest.raises(NotTheBoxError, match=r"fenced\.json cannot be read"):
        await opened(house)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_box_whose_fence_cannot_be_read_may_be_a_spare(tmp_path: Path, broken: str) -> None:
    """Another machine is the box: this one follows it."""
    house = House(tmp_path / "old").live(1)
    BROKEN[broken](house.data / FENCE)
    share = Share(tmp_path / "share")
    share.prepare(BOX, "1")
    with house.config.open("a") as file:
        file.write(f'[spare]\nfollows = "{share}"\n')
    _, _, errors = house.run("spare", "follow", "--once")
    assert "is a box, not a spare" not in errors
    assert (house.data / SPARE).is_dir()
