"""The hub's copy of a box's journal, read over one link by a box that has lost its own."""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Final, Self

from sync import codec
from sync.errors import LinkLostError
from sync.messages import NONCE_BYTES, Copy, Instruction
from sync.ports import BoxIdentity, Clock, Connect, Link
from sync.replicator import Copied, Deliver, Now, Output, Pin, Replicator, Send, Up

ANSWER_S: Final = 30.0
CONNECT_S: Final = 10.0
NO_INSTRUCTIONS: Final = 2**53
"""A cursor that no instruction is behind."""


class HubCopy:
    """One link on which a box reads what the hub holds of it."""

    def __init__(self, link: Link, replicator: Replicator, clock: Clock) -> None:
        self._link = link
        self._replicator = replicator
        self._clock = clock
        self._told: list[Instruction] = []
        self._copies: list[Copy] = []
        """What was fetched and not taken yet: one at most."""
        self._up = asyncio.Event()
        self.hub_key: bytes | None = None
        """The hub's key, where it was pinned on this link."""

    @classmethod
    async def open(
        cls,
        connect: Connect,
        identity: BoxIdentity,
        clock: Clock,
        random: Random,
        after_dseq: int = NO_INSTRUCTIONS,
    ) -> Self:
        """Link to the hub, and prove both sides to each other.

        Raises:
            SyncError: the hub refuses the box, is not the one, or cannot be reached.
            TimeoutError: it does not answer.
        """
        async with asyncio.timeout(CONNECT_S):
            link = await connect()
        replicator = Replicator(
            identity,
            nonce=random.randbytes(NONCE_BYTES),
            rules="",
            head_seq=0,
            down_cursor=after_dseq,
            now=Now(clock.now_us(), clock.monotonic()),
            is_rebuild=True,
        )
        copy = cls(link, replicator, clock)
        try:
            while not copy._up.is_set():
                await copy._receive()
        except BaseException:
            await link.close()
            raise
        return copy

    @property
    def epoch(self) -> int:
        """The newest epoch that the hub knows of."""
        return self._replicator.hub_epoch

    async def batch(self, epoch: int, after_seq: int) -> tuple[int, bytes, list[bytes]]:
        """Return the newest number of an epoch, the hash of an entry, and entries behind it.

        Raises:
            SyncError: the link ended, or what came is not what the hub signed.
        """
        await self._perform(self._replicator.fetch(epoch, after_seq))
        while not self._copies:
            await self._receive()
        copy = self._copies.pop()
        if copy.entries is None:
            return copy.head_seq, b"", []
        return copy.head_seq, copy.entries.prev_hash, codec.decode_batch(copy.entries)

    async def instructions(self, to_dseq: int) -> AsyncIterator[Instruction]:
        """Yield the hub's instructions up to a number, as far as it still has them."""
        last = 0
        while last < to_dseq:
            while not self._told:
                try:
                    await self._receive()
                except (TimeoutError, LinkLostError):
                    return
            told, self._told = self._told, []
            for instruction in told:
                last = instruction.dseq
                if last <= to_dseq:
                    yield instruction
                await self._perform(self._replicator.accepted(last))

    async def close(self) -> None:
        """End the link."""
        await self._link.close()

    async def _receive(self) -> None:
        async with asyncio.timeout(ANSWER_S):
            frame = codec.decode_frame(await self._link.receive())
        now = Now(self._clock.now_us(), self._clock.monotonic())
        await self._perform(self._replicator.receive(frame, now))

    async def _perform(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send():
                    await self._link.send(codec.encode_frame(output.frame))
                case Pin():
                    self.hub_key = output.hub_key
                case Up():
                    self._up.set()
                case Deliver():
                    self._told.append(output.instruction)
                case Copied():
                    self._copies = [output.copy]
                case _:
                    pass  # a box without a journal has nothing else to do
