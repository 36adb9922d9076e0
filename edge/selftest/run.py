"""One self-test: the floor works, its parts are hurt one after the other, and all is compared."""

import asyncio
import hashlib
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from edge.bootstrap import default_ruleset
from edge.demo.client import HttpFloor
from edge.demo.crew import EYE, Crew, people
from edge.demo.hub_client import HubClient
from edge.demo.sample import make_floor
from edge.demo.site import BOX, HOST, DemoError, Site
from edge.demo.stage import Stage
from edge.demo.summary import Inspector, verify_journal
from edge.selftest.figures import SLOW, Figure, Verdict

TEST_S_MAX: Final = 60.0
"""On a quiet mini-PC; a slower machine gets as many times more."""
STEP_S_MAX: Final = 30.0
SLOWNESS_MAX: Final = 5.0
LINKS: Final = 400_000
LINKS_S: Final = 0.16
"""How long a quiet mini-PC takes for so many links of a chain of hashes."""
POLL_S: Final = 0.01
HURT_S: Final = 1.0
"""How long a printer is without paper, and how long the WAN is cut."""
COPIES: Final = 2
"""How often the sample's orders are worked through."""
PUSHES: Final = 3
LABELS: Final = 500
PICKERS: Final = 2
PACKERS: Final = 2
PORTS_TRIED_MAX: Final = 100
TOOK: Final = "floorgate_ruleset_publish_to_first_order_seconds"

RULE_S_MAX: Final = 2.0
RECOVERY_S_MAX: Final = 2.0
HEALED_PCT_MIN: Final = 99.5
AGREE_PCT_MIN: Final = 100.0

Say = Callable[[str], None]


async def selftest(say: Say, scratch: Path | None = None) -> Verdict:
    """Run the test in a new folder inside `scratch`, and leave nothing of it.

    It may take `TEST_S_MAX`, and on a machine that is slower or busy as many times more as that is
    slower. What takes longer is cut off; the figures until then are in the verdict.

    Raises:
        DemoError: a part does not start.
    """
    begun_s, slowness = time.monotonic(), _slowness()
    test_s_max = TEST_S_MAX * min(slowness, SLOWNESS_MAX)
    if slowness >= SLOW:
        say(f"this machine is {slowness:g} times slower than a quiet mini-PC: {test_s_max:.0f} s")
    for name in [name for name in os.environ if name.startswith("FLOORGATE_")]:
        del os.environ[name]  # they are meant for the box that serves here
    with tempfile.TemporaryDirectory(dir=scratch, prefix="floorgate-selftest-") as folder:
        # not announced: the box that serves here would list them
        site = Site(Path(folder), _free_ports(), names_printers=True)
        test = _Test(site, say, STEP_S_MAX * min(slowness, SLOWNESS_MAX))
        try:
            async with asyncio.timeout(test_s_max), AsyncExitStack() as stack:
                await test.open(stack)
                await test.run()
        except TimeoutError:
            test.problems.append(f"not done within {test_s_max:.0f} s")
    took_s = time.monotonic() - begun_s
    return Verdict(tuple(test.figures), tuple(test.problems), took_s, slowness)


def _slowness() -> float:
    """Return how many times slower than a quiet mini-PC this machine now is, at least 1."""
    begun_s, head = time.monotonic(), bytes(32)
    for _ in range(LINKS):
        head = hashlib.sha256(head).digest()
    return round(max(1.0, (time.monotonic() - begun_s) / LINKS_S), 1)


def _free_ports() -> int:
    """Return the first of so many free ports of the loopback as a site takes."""
    for _ in range(PORTS_TRIED_MAX):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            base = int(probe.getsockname()[1])
        try:
            Site(Path(), base).check_ports()
        except DemoError:
            continue
        return base
    raise DemoError("no seven free ports in a row on the loopback; end what uses them")


class _Test:
    """The parts of one test."""

    def __init__(self, site: Site, say: Say, step_s_max: float) -> None:
        self._site = site
        self._say = say
        self._step_s_max = step_s_max
        self._stage = Stage(site, lambda _: None)
        self._hub = HubClient(site.hub_url)
        self._floor = make_floor(seed=1, now_us=time.time_ns() // 1_000)
        self._orders = 0
        self.figures: list[Figure] = []
        self.problems: list[str] = []

    async def open(self, stack: AsyncExitStack) -> None:
        """Start hub, box, printers, people; all end with `stack`."""
        self._say("starting a hub, a box and two printers of its own")
        stack.push_async_callback(self._stage.stop)
        await self._stage.start()
        await stack.enter_async_context(self._hub)
        await self._seed()
        connector = aiohttp.TCPConnector(ssl=self._stage.tls)
        self._http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        eye = HttpFloor(self._site.box_url, "selftest", tls=self._stage.tls)
        await stack.enter_async_context(eye)
        await self._within(self._has_told_all)
        await eye.sign_in(EYE.badge, EYE.pin)
        self._inspector = Inspector(eye, self._hub)
        self._crew = Crew(
            self._site.box_url, self._stage.tls, self._stage.camera, self._site.station_ids(),
            say=self.problems.append,
        )  # fmt: skip
        stack.push_async_callback(self._crew.stop)

    async def _seed(self) -> None:
        floor = self._floor
        await self._hub.send("people", people(PICKERS, PACKERS, 1))
        for what, items in (
            ("catalog", floor.catalog),
            ("locations", floor.locations),
            ("stock", floor.stock),
            ("waybills", floor.pools),
        ):
            await self._hub.send(what, items)
        for _ in range(COPIES):
            await self._assign(len(floor.orders))

    async def _assign(self, count: int) -> None:
        bodies = []
        for order in self._floor.orders[:count]:
            self._orders += 1
            bodies.append(order | {"order_id": f"SELF-{self._orders:04}"})
        await self._hub.assign(bodies)

    async def run(self) -> None:
        """Work, hurt, compare; keep each figure as it is known."""
        self._say(f"{PICKERS} pickers and {PACKERS} packers work on {self._orders} orders")
        self._crew.start(PICKERS, PACKERS)
        rules_s = [await self._publish_s(2)]
        await self._hurt_printer()
        await self._hurt_wan()
        self._say("killing the box with signal 9")
        recovery_s = round(await self._kill(), 3)
        self.figures.append(
            Figure("recovery after kill -9", "恢复时间", recovery_s, "s", RECOVERY_S_MAX,
                   of="kill to health")
        )  # fmt: skip
        rules_s += [await self._publish_s(2 + n) for n in range(1, PUSHES)]
        self.figures.append(
            Figure("rule latency, publish to decision", "规则时延", round(max(rules_s), 3), "s",
                   RULE_S_MAX, of=f"slowest of {PUSHES}")
        )  # fmt: skip
        self._say("waiting until every order has ended")
        share, orders = await self._compare()
        self.figures.append(
            Figure("orders on which hub and box agree", "一致性", share, "%", AGREE_PCT_MIN,
                   is_least=True, of=f"{orders} orders")
        )  # fmt: skip
        self._say(f"printing {LABELS} labels at printers that fail, on a virtual clock")
        healed, faulted = await self._heal()
        self.figures.append(
            Figure("print faults healed by themselves", "打印自愈率", healed, "%", HEALED_PCT_MIN,
                   is_least=True, of=f"{faulted} faults, printers that count")
        )  # fmt: skip

    # ---- hurting --------------------------------------------------------------------------------

    async def _hurt_printer(self) -> None:
        self._say("a printer runs out of paper, the other breaks off in a label")
        first, second = self._stage.printers
        first.paper_out, second.cut_after_bytes = True, 400
        await asyncio.sleep(HURT_S)
        first.paper_out = False

    async def _hurt_wan(self) -> None:
        self._say("the link to the hub is cut")
        self._stage.wan.switch(is_up=False)
        await asyncio.sleep(HURT_S)
        self._stage.wan.switch(is_up=True)

    async def _kill(self) -> float:
        """Kill the box; return the s until another answers."""
        box = self._stage.children[-1]
        pid = box.pid
        begun_s = time.monotonic()
        os.kill(pid, signal.SIGKILL)

        async def is_back() -> bool:
            return box.pid not in (0, pid) and await self._is_well()

        await self._within(is_back)
        return time.monotonic() - begun_s

    async def _publish_s(self, version: int) -> float:
        """Publish a ruleset and an order behind it; return the latency that the box measured."""
        await self._within(self._has_told_all)
        self._say(f"publishing version {version} of the ruleset")
        before = await self._took()
        await self._hub.post("rulesets", [{"document": _ruleset(version)}])
        await self._assign(1)
        found = 0.0

        async def is_decided() -> bool:
            nonlocal found
            found = await self._took()
            return found not in (0.0, before)

        await self._within(is_decided)
        return found

    # ---- looking --------------------------------------------------------------------------------

    async def _compare(self) -> tuple[float, int]:
        """Let the floor come to rest; return the share of agreement, and of how many orders."""
        if not await self._inspector.until_idle(self._step_s_max):
            stuck = await self._inspector.unfinished(await self._inspector.orders())
            self.problems.append(f"not at their end: {', '.join(stuck)}")
        if not await self._inspector.until_in_step(self._step_s_max):
            self.problems.append("hub and box did not come into step")
        await self._crew.stop()
        agree, differ = await self._inspector.compare(await self._inspector.orders())
        self.problems += differ
        await self._stage.camera.look()
        if self._stage.camera.duplicates:
            self.problems.append(f"{self._stage.camera.duplicates} labels came out twice")
        if agree + len(differ) != self._orders:
            self.problems.append(f"{self._orders} orders were sent, {agree + len(differ)} are here")
        journal = await verify_journal(self._site.box_data)
        if not journal["ok"]:
            self.problems.append(f"the journal does not verify: {journal}")
        replayed = await _floorgate("replay", "--check", "--data", str(self._site.box_data))
        if not replayed["ok"]:
            self.problems.append(f"the journal replays to another state: {replayed}")
        return round(100 * agree / max(1, agree + len(differ)), 2), agree + len(differ)

    async def _heal(self) -> tuple[float, int]:
        """Return the self-healed share of print faults, and how many there were."""
        report = await _floorgate("sim", "--printing", "--jobs", str(LABELS))
        self.problems += report["found"]
        return report["healed_pm"] / 10, report["faulted"]

    async def _has_told_all(self) -> bool:
        box = (await self._hub.get(f"boxes/{BOX}"))["box"]
        return bool(box["is_up"] and box["down_cursor"] == box["instructions"])

    async def _is_well(self) -> bool:
        try:
            async with self._http.get(f"{self._site.box_url}/health/ready") as answer:
                return answer.ok
        except (aiohttp.ClientError, OSError):
            return False

    async def _took(self) -> float:
        async with self._http.get(f"{self._site.box_url}/metrics") as answer:
            rows = (await answer.text()).splitlines()
        return float(next(row for row in rows if row.startswith(TOOK)).split()[1])

    async def _within(self, holds: Callable[[], Any]) -> None:
        async with asyncio.timeout(self._step_s_max):
            while not await holds():  # noqa: ASYNC110 - another process' news
                await asyncio.sleep(POLL_S)


def _ruleset(version: int) -> str:
    """Return the built-in ruleset with less patience: who looks on has a minute."""
    rules = msgspec.toml.decode(default_ruleset())
    rules["meta"]["version"] = version
    rules["labels"]["queue"] |= {"settle_s": 3, "proof_s": 3}
    return msgspec.json.encode(rules).decode()


async def _floorgate(*words: str) -> dict[str, Any]:
    """Return what a verb says with --json."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge", *words, "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        out, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if not out:
        raise DemoError(f"floorgate {words[0]}: {said.decode(errors='replace')[-300:]}")
    found: dict[str, Any] = msgspec.json.decode(out)
    return found
