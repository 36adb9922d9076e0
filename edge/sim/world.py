"""One world: built from its script, run to its end, handed to the checkers."""

import asyncio
from typing import Final

import msgspec

from edge.app.ports import Committed
from edge.demo.bot import Bot, Manner, PackerBot, PickerBot
from edge.domain.model import Person
from edge.sim import script
from edge.sim.box import STATION, SimBox
from edge.sim.chance import SimClock, SimIds, stream
from edge.sim.disk import Cut
from edge.sim.evidence import Evidence, gather, unsettled
from edge.sim.floor import Answered, SimFloor, Wire
from edge.sim.hub import SimHub
from edge.sim.restless import RestlessHand
from edge.sim.script import Event, Script, Tell
from edge.sim.superior import Superior
from edge.sim.virtual_loop import VirtualLoop, run_virtually
from sync.hub.requests import HubError

SETTLE_S_MAX: Final = 3_600.0
"""After the last event and with nothing going wrong, a world must come to rest in this time."""
LOOK_S: Final = 5.0
Worker = PickerBot | PackerBot | RestlessHand | Superior
CLOCK_JUMP_US_MAX: Final = 900_000_000


class Outcome(msgspec.Struct, frozen=True):
    """A world that has run."""

    evidence: Evidence
    simulated_s: float
    commands: int
    """Requests that bots sent, repeats not counted."""
    crashes: int
    losses: int
    """Requests and answers that never arrived."""


class World:
    """Hub, box, printers, a picker and a packer, and all that befalls them."""

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        self._loop = loop
        self._random = stream(seed, "world")
        self._script: Script = script.write(seed)
        self._weather = self._script.weather
        self._hub_clock = SimClock(loop, "hub")
        self._box_clock = SimClock(loop, "box", self._script.skew_us)
        device_clock = SimClock(loop, "pda", self._script.device_skew_us)
        self.hub = SimHub(seed, self._hub_clock)
        self.hub.link_faults = self._script.links
        self.box = SimBox(
            seed, self._box_clock, self._weather, self._script.kept_us, self.hub.connect
        )
        self.box.on_end = self._box_ended
        self.box.on_commit = self._notice
        self._triggers: dict[tuple[str, str], list[Tell]] = {}
        for each in self._script.triggers:
            self._triggers.setdefault((each.order, each.state), []).append(each.tell)
        self._tellers: set[asyncio.Task[None]] = set()
        self._box_down = asyncio.Event()
        self._down_s = 0.0
        self._answers: list[Answered] = []
        self._wire = Wire(stream(seed, "wire"), self._weather, self.box)
        ids = SimIds(stream(seed, "device ids"), device_clock)
        self._bots = self._make_bots(seed, device_clock, ids)

    def _make_bots(self, seed: int, clock: SimClock, ids: SimIds) -> tuple[Worker, ...]:
        def floor(device: str) -> SimFloor:
            return SimFloor(self._wire, device, clock, ids, self._answers)

        def manner(name: str) -> Manner:
            random = stream(seed, name)
            return Manner(
                pace_s=random.uniform(0.5, 3), wait_s=20, mistake_share=0.1, random=random
            )

        picker = PickerBot(
            floor("PDA-1"), script.PICKER, script.TOTES, cluster_max=2, manner=manner("picker")
        )
        packer = PackerBot(
            floor("PDA-2"), script.PACKER, STATION.id, self.box.paper.freshest,
            manner=manner("packer"),
        )  # fmt: skip
        hands = (
            RestlessHand(
                floor(f"PDA-{n}"), login, STATION.id, self.box.paper, stream(seed, f"hand {n}")
            )
            for n, login in ((3, script.PICKER), (4, script.PACKER))
            if self._script.is_restless
        )
        superior = Superior(self._wire, script.SUPERVISOR, clock, ids, stream(seed, "superior"))
        return picker, packer, superior, *hands

    async def run(self) -> Outcome:
        """Run to the end and return what is left."""
        await self.hub.enrol()
        for what, items in self._script.site:
            await self.hub.hub.submit(what, items)
        await self.box.start()
        keeper = asyncio.create_task(self._keep_running(), name="keeper")
        workers = [
            asyncio.create_task(self._work(bot), name=type(bot).__name__) for bot in self._bots
        ]
        for event in self._script.events:
            await asyncio.sleep(event.at_s - self._loop.time())
            await self._happen(event)
        self._clear_up()
        reasons = await self._settle()
        for bot in self._bots:
            bot.stop()
        done, late = await asyncio.wait(workers, timeout=SETTLE_S_MAX)
        reasons += [f"{task.get_name()} does not stop" for task in late]
        keeper.cancel()
        reasons += await self._settle()
        self.box.kill()
        await asyncio.sleep(1)
        return self._outcome(reasons + [repr(e) for task in done if (e := task.exception())])

    async def _work(self, bot: Worker) -> None:
        """Let a person work as soon as the hub has told the box of the staff."""
        while not self._is_staffed():  # noqa: ASYNC110 - people look in now and then
            await asyncio.sleep(LOOK_S)
        await bot.run()

    def _is_staffed(self) -> bool:
        rows = self.box.disk.store.connection.execute
        return bool(rows("SELECT 1 FROM doc WHERE kind = ?", (Person.KIND,)).fetchone())

    def _outcome(self, reasons: list[str]) -> Outcome:
        faults = [*self.box.faults, *self.hub.faults, *self._loop.faults]
        bots = (each for each in self._bots if isinstance(each, Bot))
        mistakes = sum(bot.tally.mistakes_accepted for bot in bots)
        evidence = gather(
            self.box,
            self.hub,
            orders=self._script.orders,
            answers=self._answers,
            broken=[*reasons, *map(repr, faults)],
            mistakes_accepted=mistakes,
        )
        lives, losses = self.box.lives, self._wire.lost
        return Outcome(evidence, self._loop.time(), self._wire.requests, lives - 1, losses)

    # ---- what befalls -------------------------------------------------------------------------

    async def _happen(self, event: Event) -> None:
        if event.tell is not None:
            await self._tell(event.tell)
        elif event.name in ("hub", "wan", "clock"):
            self._befall_the_rest(event)
        else:
            self._befall_the_box(event)

    def _befall_the_box(self, event: Event) -> None:
        self._down_s = event.lasts_s
        match event.name:
            case "before commit":
                self.box.disk.next_cut = Cut.BEFORE_COMMIT
            case "after commit":
                self.box.disk.next_cut = Cut.AFTER_COMMIT
            case "print":
                for printer in self.box.printers.values():
                    printer.on_next_label = self.box.kill
            case "full":
                self.box.disk.is_full = True
                self._loop.call_later(event.lasts_s, self._make_room)
            case "power":
                self.box.kill()
                self._box_clock.reboot()
            case _:
                assert event.name == "kill", event.name
                self.box.kill()

    def _make_room(self) -> None:
        self.box.disk.is_full = False

    def _befall_the_rest(self, event: Event) -> None:
        match event.name:
            case "hub":
                self.hub.stop()
                self._loop.call_later(event.lasts_s, self.hub.start)
            case "wan":
                self.hub.isolate()
                self._loop.call_later(event.lasts_s, self.hub.reach)
            case _:
                jump_us = self._random.randint(-CLOCK_JUMP_US_MAX, CLOCK_JUMP_US_MAX)
                self._box_clock.skew_us += jump_us

    def _notice(self, committed: Committed) -> None:
        """Let the hub say what it says when an order comes into a state."""
        for draft in committed.drafts:
            if draft.kind == "order.moved":
                for tell in self._triggers.pop((draft.data["order"], draft.data["to"]), ()):
                    task = asyncio.create_task(self._tell(tell), name="hub speaks")
                    self._tellers.add(task)
                    task.add_done_callback(self._tellers.discard)

    async def _tell(self, tell: Tell) -> None:
        """Let the hub speak; what it refuses itself never leaves it."""
        try:
            await tell(self.hub.hub)
        except HubError:
            return

    def _box_ended(self) -> None:
        self.hub.cut()
        self._box_down.set()

    async def _keep_running(self) -> None:
        """Start the box again whenever it has ended, as systemd does."""
        while True:
            await self._box_down.wait()
            self._box_down.clear()
            down_s, self._down_s = self._down_s, 0.5
            await asyncio.sleep(down_s)
            await self.box.start()

    def _clear_up(self) -> None:
        """Let nothing go wrong any more: the world must now come to rest by itself."""
        self._weather.clear_up()
        self.box.disk.next_cut = None
        self._make_room()
        for printer in self.box.printers.values():
            printer.on_next_label = None
        self._triggers.clear()
        for each in self._bots:
            if isinstance(each, RestlessHand):
                each.stop()
        self.hub.heal()

    async def _settle(self) -> list[str]:
        """Wait until nothing is left to do; return what is left after too long."""
        until_s = self._loop.time() + SETTLE_S_MAX
        while left := unsettled(self.box, self.hub, self._script.orders):
            if self._loop.time() >= until_s:
                return [f"does not come to rest: {each}" for each in left]
            await asyncio.sleep(LOOK_S)
        return []


def run_world(seed: int) -> Outcome:
    """Run the world of `seed`."""
    return run_virtually(lambda loop: World(seed, loop).run())
