"""A link by the better of two ways: the second stands in while the first is not to be had.

Between box and hub there may be a proxy that knows no WebSocket, or opens one and lets nothing
through. So the first way counts as open only when the hub's first frame has come. On the second
way the first is tried again from time to time, and taken when it is there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from sync.errors import SyncError
from sync.ports import Connect, Link

FIRST_S: Final = 4.0
"""So long the first way may take, its first frame included; the agent waits for both together."""
RETURN_S: Final = 60.0
"""How often the first way is tried again while the second is in use."""

Looking = Callable[[], Awaitable[None]]
"""Returns once the first way is there again."""


class Fallback:
    """A `Connect` by the first of two ways, or by the second."""

    def __init__(self, first: Connect, second: Connect) -> None:
        self._first = first
        self._second = second
        self._ready: Link | None = None

    async def __call__(self) -> Link:
        """Open a link; raise `LinkLostError` when neither way leads to the hub."""
        ready, self._ready = self._ready, None
        if ready is not None:
            return ready
        try:
            return await self._by_first()
        except (SyncError, OSError):  # TimeoutError is one
            return _StandIn(await self._second(), self._look)

    async def _by_first(self) -> Link:
        async with asyncio.timeout(FIRST_S):
            link = await self._first()
            try:
                return _Begun(link, await link.receive())
            except BaseException:
                await link.close()
                raise

    async def _look(self) -> None:
        """Return once the first way is open again; the next link takes it."""
        while self._ready is None:
            await asyncio.sleep(RETURN_S)
            try:
                self._ready = await self._by_first()
            except (SyncError, OSError):
                continue


class _Begun:
    """A link whose first frame was read already."""

    def __init__(self, link: Link, frame: bytes) -> None:
        self._link = link
        self._frame: bytes | None = frame

    async def send(self, frame: bytes) -> None:
        await self._link.send(frame)

    async def receive(self) -> bytes:
        frame, self._frame = self._frame, None
        return await self._link.receive() if frame is None else frame

    async def close(self) -> None:
        await self._link.close()


class _StandIn:
    """A link by the second way, which ends itself when the first one is there again."""

    def __init__(self, link: Link, look: Looking) -> None:
        self._link = link
        self._looking = asyncio.create_task(self._until_found(look))

    async def _until_found(self, look: Looking) -> None:
        await look()
        await self._link.close()

    async def send(self, frame: bytes) -> None:
        await self._link.send(frame)

    async def receive(self) -> bytes:
        return await self._link.receive()

    async def close(self) -> None:
        self._looking.cancel()
        await self._link.close()
