"""The part of the composition root that has to do with the hub: the link, and who we are on it."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from edge import systemd
from edge.app.floor import Floor
from edge.app.hublink import HubJournal
from edge.app.ports import Committed, Head, Reader
from edge.app.tasks import Tasks
from edge.clock import SystemClock
from edge.config import Config
from edge.domain.commands import CheckpointCountersign
from edge.store.durable import write_file
from sync.api import BoxIdentity, Checkpoint, HubAgent, LinkState, hub_link, sign_checkpoint

log = structlog.get_logger()

HURRY_S: Final = 2.0
"""How long the hub has to answer when somebody asks for it now."""


def signed(box: str, key: bytes) -> Callable[[int, int, bytes, int], bytes]:
    """Return what signs the head of this box's journal: (epoch, seq, head, µs) to a signature."""
    return lambda epoch, seq, head, at_us: sign_checkpoint(
        Checkpoint(box, epoch, seq, head, at_us), key
    )


class Linking:
    """Keeps the link to the hub while the box runs."""

    def __init__(
        self,
        config: Config,
        floor: Floor,
        reader: Reader,
        clock: SystemClock,
        *,
        key: bytes,
        head: Callable[[], Head],
        rules: Callable[[], str],
        on_state: Callable[[LinkState], None],
    ) -> None:
        pinned = Path(config.data) / "keys" / "hub.pub"
        identity = BoxIdentity(
            box=config.box.id,
            name=config.box.name,
            epoch=head().epoch,
            private_key=key,
            token=config.hub.token or systemd.credential("hub-token") or None,
            hub_key=pinned.read_bytes() if pinned.exists() else None,
        )
        journal = HubJournal(
            floor,
            reader,
            head=head,
            rules=rules,
            pin=lambda found: asyncio.to_thread(write_file, pinned, found),
        )
        self._box = config.box.id
        self._floor = floor
        self._clock = clock
        self._on_state = on_state
        self._fault, self._fault_s = "", 0.0
        self._tasks = Tasks()
        self._agent = HubAgent(
            identity=identity,
            journal=journal,
            connect=hub_link(config.hub.url),
            clock=clock,
            random=random.SystemRandom(),
            on_state=self._tell,
            on_countersign=self._on_countersign,
        )

    @property
    def state(self) -> LinkState:
        """How it stands."""
        return self._agent.state

    def start(self) -> None:
        """Begin to connect."""
        self._tasks.keep(self._agent.run, "hub link")

    def stop(self) -> None:
        """Say nothing more."""
        self._tasks.cancel()

    def on_commit(self, committed: Committed) -> None:
        """Send what was committed, and the head that was signed over it."""
        self._agent.notify()
        if made := committed.checkpoint:
            checkpoint = Checkpoint(self._box, made.epoch, made.seq, made.head, made.at_us)
            self._agent.checkpoint(checkpoint, made.signature)

    async def try_now(self) -> None:
        """Try the hub now, and give it a moment to answer."""
        self._agent.hurry()
        await asyncio.sleep(HURRY_S)

    def _tell(self, state: LinkState) -> None:
        """Hand on how the link stands; log why it is not well, once, and that it is again."""
        now_s, before = self._clock.monotonic(), self._fault
        if (fault := state.last_error) != before:
            self._fault = fault
            if fault:
                self._fault_s = self._fault_s if before else now_s
                log.warning("the hub link is not well", fault=fault, hint=state.last_hint)
            else:
                log.info("the hub link is well again", seconds=round(now_s - self._fault_s, 1))
        self._on_state(state)

    def _on_countersign(self, done: Checkpoint, signature: bytes) -> None:
        data = CheckpointCountersign(done.seq, done.at_us, done.head, signature)
        self._tasks.start(self._floor.submit(data, via="hub", actor="hub"), "countersign")
