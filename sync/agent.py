"""The box's façade to its hub: connects, speaks, backs off, for as long as it runs.

One connection is a `Link` and a `Replicator`, the reconnect policy is a `Backoff`, and this is
what joins them to the box's journal. It never logs: what happens is in `LinkState`.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Final

import msgspec

from sync import codec
from sync.backoff import Backoff
from sync.chain import Checkpoint
from sync.errors import LinkLostError, SyncError
from sync.messages import NONCE_BYTES
from sync.ports import BoxIdentity, BoxJournal, Clock, Connect, Link, LinkState
from sync.replicator import (
    DELIVERIES_MAX,
    RESEND_S,
    Countersigned,
    Deliver,
    Now,
    Output,
    Phase,
    Pin,
    Read,
    Replicator,
    Send,
    Up,
)
from sync.tasks import run_until_first_ends

CONNECT_S: Final = 10.0
CLOSE_S: Final = 5.0
TICK_S_MIN: Final = 0.01
READS_MAX: Final = 1
TAKEN_MAX: Final = 128
"""Instructions that the box journals together."""


class _Open:
    """One open link and the work that its replicator has asked for."""

    def __init__(self, link: Link, replicator: Replicator) -> None:
        self.link = link
        self.replicator = replicator
        # The replicator asks for no more than fits: `put_nowait` never meets a full queue.
        self.reads: asyncio.Queue[Read] = asyncio.Queue(READS_MAX)
        self.deliveries: asyncio.Queue[Deliver] = asyncio.Queue(DELIVERIES_MAX)


class HubAgent:
    """Keeps a box and its hub in step, through any outage.

    `on_state` is called with each new `LinkState`; `on_countersign` with a checkpoint and the
    hub's signature of it. Neither may raise or block. `random` makes the nonces too: the service
    passes `random.SystemRandom()`, the simulation a seeded one.
    """

    def __init__(
        self,
        *,
        identity: BoxIdentity,
        journal: BoxJournal,
        connect: Connect,
        clock: Clock,
        random: Random,
        on_state: Callable[[LinkState], None],
        on_countersign: Callable[[Checkpoint, bytes], None] | None = None,
    ) -> None:
        self._identity = identity
        self._journal = journal
        self._connect = connect
        self._clock = clock
        self._random = random
        self._on_state = on_state
        self._on_countersign = on_countersign
        self._backoff = Backoff(random)
        self._news = asyncio.Event()
        self._hurry = asyncio.Event()
        self._checkpoint: tuple[Checkpoint, bytes] | None = None
        self._hub_epoch = 0
        self.state = LinkState(since_us=clock.now_us())

    async def run(self) -> None:
        """Link to the hub for ever; cancel to stop. A fault of our own is shown, and raised."""
        while True:
            try:
                await self._link_once()
            except SyncError as error:
                self._down(error)
            except (OSError, TimeoutError) as error:
                hint = "check the network to the hub; the box works on without it"
                self._down(LinkLostError("connect", "hub", str(error) or "time-out", hint))
            except Exception as error:
                hint = "a fault of the box's own; its log tells more"
                self._down(SyncError("link", "hub", repr(error), hint))
                raise
            self._hurry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.next_s()):
                    await self._hurry.wait()

    def hurry(self) -> None:
        """Try the hub now, instead of when the wait between two tries is over."""
        self._backoff.reset()
        self._hurry.set()

    def notify(self) -> None:
        """Say that new entries are durable."""
        self._news.set()

    def checkpoint(self, checkpoint: Checkpoint, signature: bytes) -> None:
        """Hand the newest signed checkpoint to the hub; kept until it is countersigned."""
        self._checkpoint = (checkpoint, signature)
        self._news.set()

    async def _link_once(self) -> None:
        async with asyncio.timeout(CONNECT_S):
            link = await self._connect()
        try:
            epoch, head_seq = self._journal.head()
            assert not head_seq or epoch == self._identity.epoch, "one epoch, one agent"
            replicator = Replicator(
                self._identity,
                nonce=self._random.randbytes(NONCE_BYTES),
                rules=self._journal.rules(),
                head_seq=head_seq,
                down_cursor=await self._journal.down_cursor(),
                now=self._now(),
            )
            on = _Open(link, replicator)
            try:
                await run_until_first_ends(
                    self._receive(on),
                    self._read(on),
                    self._deliver(on),
                    self._tell(on),
                    self._tick(on),
                )
            finally:
                self._hub_epoch = replicator.hub_epoch
        finally:
            async with asyncio.timeout(CLOSE_S):
                await link.close()

    async def _receive(self, on: _Open) -> None:
        while True:
            frame = codec.decode_frame(await on.link.receive())
            await self._perform(on, on.replicator.receive(frame, self._now()))

    async def _read(self, on: _Open) -> None:
        while True:
            wanted = await on.reads.get()
            previous, raws = await self._journal.read(wanted.after_seq, wanted.n)
            sends = on.replicator.entries_read(wanted.after_seq, previous, raws, self._now())
            await self._perform(on, sends)

    async def _deliver(self, on: _Open) -> None:
        while True:
            waiting = [(await on.deliveries.get()).instruction]
            while len(waiting) < TAKEN_MAX and not on.deliveries.empty():
                waiting.append(on.deliveries.get_nowait().instruction)
            await self._journal.accept(waiting)
            for instruction in waiting:
                await self._perform(on, on.replicator.accepted(instruction.dseq))

    async def _tell(self, on: _Open) -> None:
        offered: Checkpoint | None = None
        while True:
            _, head_seq = self._journal.head()
            await self._perform(on, on.replicator.advance(head_seq))
            if self._checkpoint is not None and self._checkpoint[0] != offered:
                offered = self._checkpoint[0]
                await self._perform(on, on.replicator.offer_checkpoint(*self._checkpoint))
            await self._news.wait()
            self._news.clear()

    async def _tick(self, on: _Open) -> None:
        while True:
            wait_s = on.replicator.wake_s - self._clock.monotonic()
            # Not longer than RESEND_S: what is sent meanwhile brings an earlier wake.
            await asyncio.sleep(min(max(wait_s, TICK_S_MIN), RESEND_S))
            await self._perform(on, on.replicator.tick(self._now()))

    async def _perform(self, on: _Open, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send():
                    await on.link.send(codec.encode_frame(output.frame))
                case Read():
                    on.reads.put_nowait(output)
                case Deliver():
                    on.deliveries.put_nowait(output)
                case Pin():
                    await self._journal.pin_hub(output.hub_key)
                    self._identity = msgspec.structs.replace(self._identity, hub_key=output.hub_key)
                case Up():
                    self._backoff.reset()
                case Countersigned():
                    self._keep_countersign(output)
        if on.replicator.phase is Phase.LIVE:
            self._alive(on.replicator)

    def _keep_countersign(self, done: Countersigned) -> None:
        if self._checkpoint is not None and self._checkpoint[0] == done.checkpoint:
            self._checkpoint = None
        if self._on_countersign is not None:
            self._on_countersign(done.checkpoint, done.signature)

    def _now(self) -> Now:
        return Now(self._clock.now_us(), self._clock.monotonic())

    def _down(self, error: SyncError) -> None:
        state = self.state
        _, head_seq = self._journal.head()
        self._show(
            msgspec.structs.replace(
                state,
                up=False,
                since_us=self._clock.now_us() if state.up else state.since_us,
                lag_entries=max(0, head_seq - state.up_cursor),
                last_error=error.code,
                last_hint=error.hint,
                hub_epoch=self._hub_epoch if error.code == "epoch_behind" else 0,
            )
        )

    def _alive(self, replicator: Replicator) -> None:
        state = self.state
        self._show(
            LinkState(
                up=True,
                since_us=state.since_us if state.up else self._clock.now_us(),
                up_cursor=replicator.up_cursor,
                lag_entries=replicator.lag,
                skew_us=replicator.skew_us if replicator.skew_us is not None else state.skew_us,
                is_quarantined=replicator.is_quarantined,
                last_error="quarantined" if replicator.is_quarantined else "",
            )
        )

    def _show(self, state: LinkState) -> None:
        if state != self.state:
            self.state = state
            self._on_state(state)
