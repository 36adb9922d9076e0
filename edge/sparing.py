"""The part of the composition root that has to do with spares: feeding a share, and its fence."""

import asyncio
import sqlite3
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

import structlog

from edge.app.ports import Clock, Committed, Head
from edge.app.sparing import SpareView
from edge.app.tasks import Tasks
from edge.app.telling import cause_zh
from edge.config import Config
from edge.store.feed import FeedError
from edge.store.share import Feeder, FencedError, Share

FEED_S: Final = 1.0
AGAIN_S: Final = 10.0
"""Between tries while the share is away."""
GAP_S_MAX: Final = 60
"""A share that hangs says nothing, but falls behind."""
GAP_MARKS_MAX: Final = 10_000
US_PER_S: Final = 1_000_000
UNFED: Final = ("it has not been fed since the box started", "盒子启动后还没有写过")
WELL: Final = ("", "")

log = structlog.get_logger()


def share_of(config: Config) -> Share | None:
    """Return the share that a box feeds, if it feeds one."""
    return Share(Path(config.spare.feeds)) if config.spare.feeds else None


class Feeding:
    """Feeds a share while the box runs, and knows the gap."""

    def __init__(
        self, config: Config, share: Share, clock: Clock, head: Callable[[], Head]
    ) -> None:
        self._share = share
        self._feeder = Feeder(
            Path(config.data), share, box=config.box.id, version=version("floorgate")
        )
        self._clock = clock
        self._head = head
        self._seq = 0
        """Newest entry that the share has."""
        self._waiting: list[tuple[int, int]] = []
        """(Number, µs) of the first entries of groups that the share has not got, oldest first."""
        self._problem = UNFED
        self._tasks = Tasks()
        self.on_fenced: Callable[[FencedError], None] = lambda _: None
        """Called once a spare was seen to have taken over."""

    def start(self) -> None:
        """Begin to feed."""
        self._waiting = [(1, self._clock.now_us())]
        self._tasks.keep(self._feed, "spare")

    async def stop(self) -> None:
        """Feed no more; may be called twice."""
        await self._tasks.stop()

    def on_commit(self, committed: Committed) -> None:
        """Take note of entries that the share has not got."""
        if len(self._waiting) < GAP_MARKS_MAX:
            self._waiting.append((committed.entries[0].seq, self._clock.now_us()))

    def view(self) -> SpareView:
        """Return how it stands."""
        gap = self._head().seq - self._seq
        since_us = self._waiting[0][1] if self._waiting and gap else self._clock.now_us()
        gap_s = round(max(0, self._clock.now_us() - since_us) / US_PER_S, 1)
        is_fed = self._problem == WELL and gap_s < GAP_S_MAX
        problem, problem_zh = self._problem
        return SpareView(str(self._share), is_fed, gap, gap_s, problem, problem_zh)

    async def _feed(self) -> None:
        while True:
            try:
                at = await asyncio.to_thread(self._feeder.feed, self._clock.now_us())
            except FencedError as error:
                self.on_fenced(error)
                return
            except (FeedError, OSError, sqlite3.Error) as error:
                self._note((str(error), cause_zh(error)))
                await asyncio.sleep(AGAIN_S)
            else:
                self._note(WELL)
                self._seq = at.seq
                while self._waiting and self._waiting[0][0] <= at.seq:
                    self._waiting.pop(0)
                await asyncio.sleep(FEED_S)

    def _note(self, problem: tuple[str, str]) -> None:
        if problem != WELL and self._problem in (WELL, UNFED):
            log.warning("the spare is not fed", problem=problem[0])
        elif self._problem != WELL and problem == WELL:
            log.info("the spare is fed", share=str(self._share))
        self._problem = problem
