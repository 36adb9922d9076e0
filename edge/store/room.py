"""Room on the disk: told before it is gone, and a stage in which the box only reads.

Below `warn_bytes` the box says so. Below `stop_bytes` it refuses commands with `disk_full`, but for
what its own devices report of work in hand: so nothing is half done when the disk is really full.
Reading goes on. The ballast is a file that a person removes to go on at once; it is made again
when there is room for it.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from shutil import disk_usage
from typing import Final, Literal

import structlog

from edge.config import DiskConfig
from edge.domain.commands import Command
from edge.store import durable

BALLAST: Final = "ballast"
LOOK_S: Final = 5.0
MB: Final = 1024**2
OWN: Final = ("driver", "box")
"""Senders whose reports are taken in the stage that reads only."""
STAGES: Final = ("ok", "low", "read_only")

log = structlog.get_logger()

Stage = Literal["ok", "low", "read_only"]


def free_bytes(folder: Path) -> int:
    """Return the bytes that the box could still write where `folder` is."""
    return disk_usage(folder).free


class Room:
    """Watches the disk of a box's folder."""

    def __init__(
        self, data: Path, limits: DiskConfig, free: Callable[[Path], int] = free_bytes
    ) -> None:
        self._data = data
        self._warn_bytes = limits.warn_mb * MB
        self._stop_bytes = limits.stop_mb * MB
        self._ballast_bytes = limits.ballast_mb * MB
        self._free = free
        self._watching: asyncio.Task[None] | None = None
        self.on_change: Callable[[], None] = lambda: None
        """Called when another stage has begun."""
        self.stage: Stage = "ok"
        self.look()

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
        self._watching = asyncio.create_task(self._watch())

    def stop(self) -> None:
        """Look no more."""
        if self._watching:
            self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

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
