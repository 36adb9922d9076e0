"""The simulated hub: the reference hub over memory links, which can be stopped and started."""

import asyncio
from random import Random

from edge.sim.box import BOX, TOKEN
from edge.sim.chance import SimClock, stream
from sync.api import Link, LinkLostError
from sync.hub.core import Hub
from sync.hub.store.sqlite import SqliteHubStore
from sync.transports.memory import NO_FAULTS, Faults, MemoryLink, memory_pair

HUB_KEY = b"\x02" * 32
CONNECT_S = 0.05


class SimHub:
    """A hub with its store, the links that boxes open to it, and the faults of those links."""

    def __init__(self, seed: int, clock: SimClock) -> None:
        self._random: Random = stream(seed, "hub")
        self._link_random: Random = stream(seed, "links")
        self._clock = clock
        self._links: list[MemoryLink] = []
        self._serving: dict[asyncio.Task[None], None] = {}
        self.store = SqliteHubStore(":memory:")
        self.link_faults: Faults = NO_FAULTS
        self._is_reachable = True
        self.faults: list[BaseException] = []
        """What broke and should never break."""
        self.hub = self._make()

    def _make(self) -> Hub:
        return Hub(store=self.store, private_key=HUB_KEY, clock=self._clock, random=self._random)

    async def enrol(self) -> None:
        """Let the box link."""
        await self.hub.enrol(BOX, TOKEN)

    async def connect(self) -> Link:
        """Open a link to the hub that runs now; raise `LinkLostError` while there is none."""
        await asyncio.sleep(CONNECT_S)
        if not self._is_reachable:
            raise LinkLostError("connect", "hub", "nobody answers", "wait", is_retryable=True)
        mine, theirs = memory_pair(self._link_random, self.link_faults)
        self._links = [mine]
        task = asyncio.create_task(self.hub.serve(theirs), name="hub session")
        self._serving[task] = None
        task.add_done_callback(self._served)
        return mine

    def _served(self, task: asyncio.Task[None]) -> None:
        del self._serving[task]
        if not task.cancelled() and (error := task.exception()):
            self.faults.append(error)

    def cut(self) -> None:
        """Cut the links; frames on the way are lost."""
        for link in self._links:
            link.cut()

    def heal(self) -> None:
        """Let links be perfect from now on, the one that is open too."""
        self.link_faults = NO_FAULTS
        for link in self._links:
            link.befall(NO_FAULTS)

    def isolate(self) -> None:
        """Take the network away."""
        self._is_reachable = False
        self.cut()

    def reach(self) -> None:
        """Give the network back."""
        self._is_reachable = True

    def stop(self) -> None:
        """Kill the hub: only its store is left."""
        self.isolate()
        for task in tuple(self._serving):
            task.cancel()

    def start(self) -> None:
        """Start a hub over the store of the last one."""
        self.hub = self._make()
        self.reach()
