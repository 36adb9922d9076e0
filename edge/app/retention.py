"""What is past its time goes: personal data, photos and videos (SEC-5), and orders that ended.

Once a day all records are looked at that are older than their kind may become. The law says which
of them may go; the others wait for their order to end, and are asked for again the next day. A
clock that nobody confirms erases nothing. Whatever is interrupted is done the next time. Orders
that ended long ago have their look every quarter of an hour, a few at a time.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from edge.app.floor import Floor
from edge.app.lettinggo import LettingGo
from edge.app.ports import Blobs, Clock, Reader
from edge.app.tasks import Tasks
from edge.domain.commands import PersonalErase, RetentionReport
from edge.domain.model import Retention as Sweep

DAY_US: Final = 86_400_000_000
LOOK_S: Final = 900.0
KEYS_MAX: Final = 200
"""Records that are judged by one command."""
SWEPT_MAX: Final = 200_000
"""Records that are looked at in one go; the rest has its turn the next day."""
AHEAD_DAYS: Final = 7
"""What goes within so many days is told before."""
STAFF: Final = ("person", "pin")

log = structlog.get_logger()


class Times(msgspec.Struct, frozen=True):
    """After how many days a kind of record goes, counted from its last change and its order's."""

    recipients_days: int
    staff_days: int
    photos_days: int
    videos_days: int

    def days(self, key: str) -> int:
        """Return the days of a record, by its key."""
        kind = key.partition(":")[0]
        if kind in STAFF:
            return self.staff_days
        return {"photo": self.photos_days, "video": self.videos_days}.get(
            kind, self.recipients_days
        )

    @property
    def least(self) -> int:
        """The days of the kind that goes first."""
        return min(self.recipients_days, self.staff_days, self.photos_days, self.videos_days)


class Due(msgspec.Struct, frozen=True):
    """How many records are past their time, by kind, and how many will be within a week.

    Those whose order is open, or whose person works here, are counted and stay.
    """

    now: dict[str, int]
    soon: dict[str, int]
    swept_at: int | None
    """When all was looked through last."""


class Swept(msgspec.Struct, frozen=True):
    """What a look came to; it erases nothing where the `clock` is not confirmed."""

    erased: int
    pictures: int
    waiting: int
    orders: int = 0
    """Orders that ended long ago, whose documents were let go."""
    clock: bool = True


class Retention:
    """Erases what is past its time."""

    def __init__(
        self,
        floor: Floor,
        reader: Reader,
        clock: Clock,
        blobs: Blobs,
        times: Times,
        letting_go: LettingGo,
        is_time_trusted: Callable[[], bool],
    ) -> None:
        self._floor = floor
        self._reader = reader
        self._clock = clock
        self._blobs = blobs
        self._times = times
        self._letting_go = letting_go
        self._is_time_trusted = is_time_trusted
        self._one = asyncio.Lock()
        self._tasks = Tasks()

    def start(self) -> None:
        """Look once a day from now on."""
        self._tasks.keep(self._watch, "retention")

    def stop(self) -> None:
        """Look no more."""
        self._tasks.cancel()

    async def last(self) -> Sweep | None:
        """Return what the last look came to, None where there was none."""
        found = await self._reader.doc(Sweep, "box")
        return found if isinstance(found, Sweep) else None

    async def due(self) -> Due:
        """Return what would go now, and what within a week."""
        now_us, last = self._clock.now_us(), await self.last()
        counts: list[dict[str, int]] = []
        for at_us in (now_us, now_us + AHEAD_DAYS * DAY_US):
            kinds = [key.partition(":")[0] for key in await self._past(at_us)]
            counts.append({kind: kinds.count(kind) for kind in sorted(set(kinds))})
        soon = {kind: n - counts[0].get(kind, 0) for kind, n in counts[1].items()}
        soon = {kind: n for kind, n in soon.items() if n}
        return Due(counts[0], soon, last.at_us if last else None)

    async def sweep(self) -> Swept:
        """Erase what is past its time, and return how much that was."""
        if not self._is_time_trusted():
            return Swept(0, 0, 0, clock=False)
        async with self._one:
            now_us = self._clock.now_us()
            keys = await self._past(now_us)
            gone: list[str] = []
            for days in sorted({self._times.days(key) for key in keys}):
                some = [key for key in keys if self._times.days(key) == days]
                for at in range(0, len(some), KEYS_MAX):
                    gone += await self._erase(some[at : at + KEYS_MAX], now_us - days * DAY_US)
            pictures = sum([await self._drop(key) for key in gone])
            pictures += await self._drop_unnamed(now_us)
            orders = await self._letting_go.look()
            swept = Swept(len(gone), pictures, len(keys) - len(gone), orders)
            report = RetentionReport(swept.erased, swept.pictures, swept.waiting)
            await self._floor.insist(report, via="box", actor="box")
        log.info("looked for what is past its time", **msgspec.structs.asdict(swept))
        return swept

    async def _past(self, at_us: int) -> list[str]:
        """Return the keys of all records that are past their time at a moment, the oldest first."""
        found: list[str] = []
        after = (-1, "")
        before_us = at_us - self._times.least * DAY_US
        while len(found) < SWEPT_MAX and (
            page := await self._reader.personal_before(before_us, KEYS_MAX, after)
        ):
            found += [key for kept, key in page if kept < at_us - self._times.days(key) * DAY_US]
            after = page[-1]
        return found

    async def _erase(self, keys: list[str], before_us: int) -> list[str]:
        reply = await self._floor.insist(
            PersonalErase(tuple(keys), before_us), via="box", actor="box"
        )
        return list(reply.answer.facts["keys"])

    async def _drop(self, key: str) -> bool:
        """Drop the picture that a record was about, unless another order has it too."""
        kind, _, rest = key.partition(":")
        if kind not in ("photo", "video"):
            return False
        return await self._drop_if_unnamed(rest.partition(":")[0])

    async def _drop_unnamed(self, now_us: int) -> int:
        """Drop what no record names: never attached, or its erasing was cut short."""
        days = max(self._times.photos_days, self._times.videos_days)
        old = await self._blobs.older(now_us - days * DAY_US)
        return sum([await self._drop_if_unnamed(sha256) for sha256 in old])

    async def _drop_if_unnamed(self, sha256: str) -> bool:
        for kind in ("photo", "video"):
            if await self._reader.personal_keys(f"{kind}:{sha256}:"):
                return False
        await self._blobs.drop(sha256)
        return True

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            last = await self.last()
            if last is None or self._clock.now_us() - last.at_us >= DAY_US:
                await self.sweep()
            elif self._is_time_trusted():
                await self._letting_go.look()
