"""A disk that fills up: told early, then only read, nothing half done, and a way out (OPS-2)."""

import asyncio
import errno
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import ArchiveConfig, DiskConfig
from edge.sim.virtual_loop import VirtualLoop, run_virtually
from edge.store.blobs import BlobStore
from edge.store.room import BALLAST, MB, STAGES, Room, Use, measure
from tests.rig import Rig

LIMITS = DiskConfig(warn_mb=100, stop_mb=50, ballast_mb=1)


class Disk:
    """Says how much is free."""

    def __init__(self) -> None:
        self.free_mb = 1_000

    def __call__(self, _: Path) -> int:
        return self.free_mb * MB


def command(via: str) -> Any:
    """Return as much of a command as the room looks at."""
    return SimpleNamespace(via=via)


def test_the_stages_follow_the_room(tmp_path: Path) -> None:
    """Each limit begins a stage, told once; what the box's own devices report is always taken."""
    disk, told = Disk(), []
    room = Room(tmp_path, LIMITS, disk)
    room.on_change = lambda: told.append(room.stage)
    for disk.free_mb in (1_000, 100, 99, 50, 49, 0, 60, 500):
        room.look()
        is_reading = disk.free_mb < 50
        assert [room.takes(command(via)) for via in ("pda", "hub", "timer", "driver", "box")] == (
            [not is_reading] * 3 + [True] * 2
        )
    assert told == ["low", "read_only", "low", "ok"]


def test_the_ballast_is_made_with_room_and_never_without(tmp_path: Path) -> None:
    """It takes its bytes at once, is removed by a person, and comes back when there is room."""
    disk, ballast = Disk(), tmp_path / BALLAST
    room = Room(tmp_path, LIMITS, disk)
    assert (ballast.stat().st_size, ballast.stat().st_mode & 0o777) == (MB, 0o600)
    assert ballast.stat().st_blocks * 512 >= MB
    ballast.unlink()
    disk.free_mb = 40
    room.look()
    assert not ballast.exists()
    disk.free_mb = 101
    room.look()
    assert ballast.exists()


def test_a_disk_that_cannot_allocate_has_no_ballast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The box starts all the same."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert Room(tmp_path, LIMITS, Disk()).stage == "ok"
    assert not (tmp_path / BALLAST).exists()


@given(free_mb=st.lists(st.integers(0, 300), max_size=20))
def test_a_stage_depends_on_nothing_but_the_room(free_mb: list[int]) -> None:
    """However the room got there: the same room, the same stage."""
    disk = Disk()
    room = Room(Path("/nowhere"), DiskConfig(warn_mb=100, stop_mb=50), disk)
    for disk.free_mb in free_mb:
        room.look()
        assert room.level == (disk.free_mb < 100) + (disk.free_mb < 50)
        assert room.stage == STAGES[room.level]


def test_a_part_near_its_bound_is_named(tmp_path: Path) -> None:
    """The archive and the photos have bounds of their own; the journal has none (OPS-2)."""
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "000001-000000000009.entries").write_bytes(bytes(MB))
    blobs = BlobStore(tmp_path / "blobs", total_bytes_max=1000)
    photo = tmp_path / "blobs" / "ab" / "cd" / ("ab" * 32)
    photo.parent.mkdir(parents=True)
    photo.write_bytes(bytes(950))
    (tmp_path / "floor.db").write_bytes(bytes(5000))
    room = Room(tmp_path, DiskConfig(), Disk())
    room.uses = measure(tmp_path, blobs, ArchiveConfig(max_mb=10))
    assert room.uses["journal"] == Use(5000, 0)
    assert list(room.filling) == ["blobs"]
    room.uses = measure(tmp_path, blobs, ArchiveConfig(max_mb=1))
    assert list(room.filling) == ["archive", "blobs"]


def test_a_part_that_cannot_be_measured_hides_no_full_disk(tmp_path: Path) -> None:
    """A file that goes while the parts are measured ends nothing: the disk is still looked at."""

    async def main(loop: VirtualLoop) -> str:
        disk = Disk()
        room = Room(tmp_path, LIMITS, disk)

        def gone() -> dict[str, Use]:
            raise FileNotFoundError

        room.measure = gone
        room.start()
        await asyncio.sleep(100)
        assert [type(fault) for fault in loop.faults] == [FileNotFoundError] * len(loop.faults)
        disk.free_mb = 10
        await asyncio.sleep(10)
        room.measure = lambda: {"journal": Use(1, 0)}
        await asyncio.sleep(10)
        room.stop()
        assert room.uses == {"journal": Use(1, 0)}
        return room.stage

    assert run_virtually(main) == "read_only"


async def test_a_box_without_room_reads_and_refuses(rig: Rig) -> None:
    """Commands say `disk_full` and leave nothing; pages are read; with room again work goes on."""
    await rig.assign("1001")
    picker = await rig.client("picker")
    task = (await picker.get("/api/v1/orders/1001"))["task"]
    seq = rig.box.writer.head.seq
    rig.box.room._free = lambda _: 0
    rig.box.room.look()
    take = picker.command("task.take", {"task_ids": [task]})
    [refused] = await picker.send(take)
    assert (refused["status"], refused["code"]) == (507, "disk_full")
    assert (await picker.get("/api/v1/orders/1001"))["task"] == task
    assert rig.box.writer.head.seq == seq
    status, ready = await picker.ask("GET", "/health/ready")
    assert (status, ready["problems"]) == (503, ["disk"])
    async with rig.http.get(f"{rig.url}/metrics") as answer:
        assert "floorgate_disk_stage 2" in await answer.text()
    rig.box.room._free = lambda _: 10**12
    rig.box.room.look()
    assert [answer["ok"] for answer in await picker.send(take)] == [True]
