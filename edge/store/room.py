"""Room on the disk: told before it is gone, and a stage in which the box only reads.

Below `warn_bytes` the box says so. Below `stop_bytes` it refuses commands with `disk_full`, but for
what its own devices report of work in hand: so nothing is half done when the disk is really full.
Reading goes on. The ballast is a file that a person removes to go on at once; it is made again
when there is room for it.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from shutil import disk_usage
from typing import Final, Literal

import msgspec
import structlog

from edge.app.tasks import Tasks
from edge.config import ArchiveConfig, DiskConfig
from edge.domain.commands import Command
from edge.store import durable
from edge.store.archive import ARCHIVE
from edge.store.blobs import BlobStore

BALLAST: Final = "ballast"
LOOK_S: Final = 5.0
MEASURE_S: Final = 60.0
FILLING: Final = 0.9
"""A part that takes more than this share of its bound is nearly full."""
MB: Final = 1024**2
OWN: Final = ("driver", "box")
"""Senders whose reports are taken in the stage that reads only."""
STAGES: Final = ("ok", "low", "read_only")

log = structlog.get_logger()

Stage = Literal["ok", "low", "read_only"]


def free_bytes(folder: Path) -> int:
    """Return the bytes that the box could still write where `folder` is."""
    return disk_usage(folder).free


class Use(msgspec.Struct, frozen=True):
    """How much a part of the box's folder takes, and its bound; 0 for none."""

    bytes: int
    bytes_max: int


def measure(data: Path, blobs: BlobStore, archive: ArchiveConfig) -> dict[str, Use]:
    """Return what each part of a box's folder takes."""
    return {
        "journal": Use(_bytes(data.glob("floor.db*")), 0),
        "archive": Use(_bytes((data / ARCHIVE).glob("*")), archive.max_mb * MB),
        "blobs": Use(blobs.used_bytes(), blobs.total_bytes_max),
    }


def _bytes(files: Iterable[Path]) -> int:
    """Return what files take that come and go: a log, or one that was just being written."""
    found = 0
    for each in files:
        with contextlib.suppress(FileNotFoundError):
            found += each.stat().st_size
    return found


class Room:
    """Watches the disk of a box's folder, and the parts of it that have a bound."""

    def __init__(
        self, data: Path, limits: DiskConfig, free: Callable[[Path], int] = free_bytes
    ) -> None:
        self._data = data
        self._warn_bytes = limits.warn_mb * MB
        self._stop_bytes = limits.stop_mb * MB
        self._ballast_bytes = limits.ballast_mb * MB
        self._free = free
        self._tasks = Tasks()
        self.on_change: Callable[[], None] = lambda: None
        """Called when another stage has begun."""
        self.stage: Stage = "ok"
        self.measure: Callable[[], dict[str, Use]] = dict
        """Called in a thread to measure the parts."""
        self.uses: dict[str, Use] = {}
        """What the parts took a minute ago at most."""
        self.look()

    @property
    def filling(self) -> tuple[str, ...]:
        """The parts that are near their bound."""
        uses = self.uses.items()
        return tuple(name for name, use in uses if use.bytes > FILLING * use.bytes_max > 0)

    @property
    def level(self) -> int:
        """The stage as a figure: 0 ok, 1 low, 2 reads only."""
        return STAGES.index(self.stage)

    def takes(self, command: Command) -> bool:
        """Tell whether a command may be written now."""
        return self.stage != "read_only" or command.via in OWN

    def look(self) -> None:
        """Find the stage; make the ballast again where there is room for it."""
        free = self._free(self._data)
        stage: Stage = "ok"
        if free < self._warn_bytes:
            stage = "read_only" if free < self._stop_bytes else "low"
        elif free >= self._warn_bytes + self._ballast_bytes:
            self._keep_ballast()
        if stage != self.stage:
            self.stage = stage
            tell = log.info if stage == "ok" else log.error
            tell("room on the disk", stage=stage, free_mb=free // MB)
            self.on_change()

    def start(self) -> None:
        """Look every few seconds from now on."""
        self._tasks.keep(self._watch, "room on the disk")
        self._tasks.keep(self._keep_measuring, "parts of the disk")

    def stop(self) -> None:
        """Look no more."""
        self._tasks.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    async def _keep_measuring(self) -> None:
        while True:
            before, self.uses = self.filling, await asyncio.to_thread(self.measure)
            for name in set(self.filling) - set(before):
                log.warning("nearly full", part=name, bytes=self.uses[name].bytes)
            await asyncio.sleep(MEASURE_S)

    def _keep_ballast(self) -> None:
        path = self._data / BALLAST
        if not self._ballast_bytes or path.exists():
            return
        fresh = path.with_suffix(".new")
        with contextlib.suppress(OSError):  # a disk that cannot allocate has none
            with fresh.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._ballast_bytes)
            fresh.chmod(durable.PRIVATE)
            fresh.replace(path)
