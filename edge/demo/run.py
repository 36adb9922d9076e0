"""`floorgate demo`: a hub, a box, two virtual printers and a morning of orders, in one command."""

import asyncio
import io
import json
import socket
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from edge.demo.client import HttpFloor
from edge.demo.crew import EYE, Crew, people
from edge.demo.desk import Desk
from edge.demo.fitting import Fitted, Fitter
from edge.demo.hub_client import HubClient
from edge.demo.morning import FREE, Canceller, Morning, pools, read_morning
from edge.demo.sample import DemoFloor, make_floor
from edge.demo.site import BOX, HOST, PORT_BASE, STATIONS_MIN, WAREHOUSE, DemoError, Site
from edge.demo.staffing import take_in
from edge.demo.stage import Stage
from edge.demo.summary import Inspector, Summary, summarise
from sync.api import Import

SEED_S: Final = 60.0
SETTLE_S: Final = 30.0
PACE_S: Final = 0.8
"""Between two actions of a bot that people watch."""
GOODS_SHOWN_MAX: Final = 60
FAST: Final = 30.0
"""From this speed on bots do not pause: nobody could follow them anyway."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for; see `floorgate demo --help`."""

    data: Path = Path(".demo")
    port_base: int = PORT_BASE
    orders: Path | None = None
    speed: float = 1.0
    """Times the file's own pace; 0: as fast as it goes."""
    cancel_share: float = 0.0
    headless: bool = False
    until_idle: bool = False
    seed: int = 1
    pickers: int = 4
    packers: int = 3
    wan_down: bool = False
    wipe: bool = False
    json: bool = False
    host: str = HOST


class Demo:
    """One run of the demo."""

    def __init__(self, options: Options, site: Site) -> None:
        self.options = options
        self.site = site
        self.floor = make_floor(seed=options.seed, now_us=time.time_ns() // 1_000)
        self.stage = Stage(site, self.say)
        self.hub = HubClient(site.hub_url)
        self.imported: Import | None = None
        self.digest = ""

    def say(self, text: str) -> None:
        """Tell people how it goes; with `--json` the standard output is for machines."""
        print(text, file=sys.stderr if self.options.json else sys.stdout, flush=True)

    async def run(self) -> int:
        """Run until idle or cancelled; return the exit code."""
        options = self.options
        if options.orders is not None:
            self.imported, self.digest = read_morning(options.orders, WAREHOUSE)
            self.say(_import_text(options.orders, self.imported))
        if options.wipe:
            self.site.wipe()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.stage.stop)
            await self.stage.start()
            await stack.enter_async_context(self.hub)
            await self._seed()
            return await self._play(stack)

    # ---- seeding --------------------------------------------------------------------------------

    async def _seed(self) -> None:
        """Give the hub what it does not have yet, and wait until the box has it too."""
        options, hub = self.options, self.hub
        self.say("telling the hub of people, goods and orders")
        bots = people(options.pickers, options.packers, options.seed)
        await hub.send("people", bots)
        if self._is_new("floor"):
            if self.imported is None:
                await self._seed_sample(self.floor)
            self.site.mark("floor").touch()
        if self.imported is not None and self._is_new(self.digest):
            await hub.send_site(self.imported)
            await hub.send("waybills", pools(self.imported.orders))
            self.site.mark(self.digest).touch()
        await self._until_box_has_all()
        self.say("the first admin takes the others in, the box makes their badges")
        self.floor = await take_in(self.floor, self.site, self.stage.tls)

    def _is_new(self, what: str) -> bool:
        return not self.site.mark(what).exists()

    async def _seed_sample(self, floor: DemoFloor) -> None:
        await self.hub.send("catalog", floor.catalog)
        await self.hub.send("locations", floor.locations)
        await self.hub.send("stock", floor.stock)
        await self.hub.send("waybills", floor.pools)
        await self.hub.assign(floor.orders)

    async def _until_box_has_all(self) -> None:
        end_at = time.monotonic() + SEED_S
        while time.monotonic() < end_at:
            box = (await self.hub.get(f"boxes/{BOX}"))["box"]
            if box["is_up"] and box["down_cursor"] == box["instructions"]:
                return
            await asyncio.sleep(0.05)
        raise DemoError(f"the box does not hear the hub; see {self.site.logs}")

    # ---- playing --------------------------------------------------------------------------------

    async def _play(self, stack: AsyncExitStack) -> int:
        options, site, stage = self.options, self.site, self.stage
        crew = Crew(
            site.bots_url, stage.tls, stage.camera, site.station_ids(),
            say=self.say, pace_s=self._pace_s(), seed=options.seed,
        )  # fmt: skip
        canceller = Canceller(
            self.hub, share=options.cancel_share, seed=options.seed, speed=options.speed,
            say=self.say,
        )  # fmt: skip
        eye = HttpFloor(site.box_url, "demo", tls=stage.tls, observe=canceller.observe)
        await stack.enter_async_context(eye)
        await eye.sign_in(EYE.badge, EYE.pin)
        await stage.open_doors(await self._own_routes(stack, eye, crew))
        stack.push_async_callback(crew.stop)
        inspector = Inspector(eye, self.hub)
        fitted = await self._fit()
        self._announce()
        begun_s = time.monotonic()
        morning = await self._begin_morning(stack)
        if options.wan_down:
            stage.wan.switch(is_up=False)
            self.say("the WAN is off")
        if options.headless or self.imported is not None:
            crew.start(options.pickers, options.packers)
        if morning is not None:
            await morning
        if not options.until_idle:
            await asyncio.Event().wait()
        if not await self._until_idle(inspector, canceller):
            why = f": the bots do not reach {crew.trouble}" if crew.trouble else ""
            self.say(f"nothing moves any more{why}")
        seconds = time.monotonic() - begun_s
        await crew.stop()
        summary = await summarise(
            inspector, crew, stage.camera, box_data=site.box_data, seconds=seconds,
            cancels=len(canceller.asked), restarts=stage.restarts, printers=fitted,
        )  # fmt: skip
        self._report(summary)
        return 0 if summary.ok else 1

    async def _fit(self) -> Fitted:
        """Have the box find its printers, and put them to use."""
        self.say("the box looks for its printers")
        site, stage = self.site, self.stage
        async with HttpFloor(site.box_url, "demo-fitter", tls=stage.tls) as floor:
            fitted = await Fitter(floor, stage.camera, site).fit()
        self.say(f"printers found: {fitted.text()}")
        return fitted

    def _pace_s(self) -> float:
        options = self.options
        is_watched = not options.headless and FREE < options.speed < FAST
        return PACE_S if is_watched else 0.0

    async def _own_routes(
        self, stack: AsyncExitStack, eye: HttpFloor, crew: Crew
    ) -> list[web.RouteDef]:
        if self.options.headless:
            return []
        bots = (self.options.pickers, self.options.packers)
        desk = Desk(self.stage, self.hub, eye, crew, self._shown(), bots)
        await desk.open(self.stage.tls)
        stack.push_async_callback(desk.close)
        return desk.routes()

    def _shown(self) -> DemoFloor:
        """Return the floor with the goods that the page should show codes of."""
        if self.imported is None:
            return self.floor
        catalog = [msgspec.to_builtins(item) for item in self.imported.catalog[:GOODS_SHOWN_MAX]]
        places = [msgspec.to_builtins(bin_) for bin_ in self.imported.locations[:GOODS_SHOWN_MAX]]
        return msgspec.structs.replace(self.floor, catalog=tuple(catalog), locations=tuple(places))

    async def _begin_morning(self, stack: AsyncExitStack) -> "asyncio.Task[None] | None":
        if self.imported is None:
            return None
        speed = FREE if self.options.wan_down else self.options.speed
        morning = Morning(self.hub, BOX, self.imported, speed=speed)
        if self.options.wan_down:  # the orders must be here before the link goes
            await morning.run()
            await self._until_box_has_all()
            return None
        task = asyncio.create_task(morning.run())
        stack.callback(task.cancel)
        return task

    async def _until_idle(self, inspector: Inspector, canceller: Canceller) -> bool:
        """Wait until nothing is left to do, and hub and box have heard all of each other."""
        if self.options.wan_down:
            is_idle = await inspector.until_idle()
            self.stage.wan.switch(is_up=True)
            self.say("the WAN is on again")
            return is_idle and await inspector.until_in_step(SETTLE_S)
        while True:  # a cancel on its way can begin new work
            await inspector.until_in_step(SETTLE_S)
            if not await inspector.until_idle():
                return False
            if canceller.is_idle and await inspector.in_step():
                return True

    # ---- telling --------------------------------------------------------------------------------

    def _announce(self) -> None:
        if self.options.json:
            print(json.dumps(self.site.addresses(), ensure_ascii=False), flush=True)
            return
        if self.options.headless:
            self.say(f"the box is at {self.site.pda_url}, the hub at {self.site.hub_url}")
            return
        self.say(_welcome(self.site, self.floor))

    def _report(self, summary: Summary) -> None:
        if self.options.json:
            print(msgspec.json.encode(summary).decode(), flush=True)
        else:
            self.say(summary.text())


def _import_text(path: Path, imported: Import) -> str:
    counts = imported.counts
    return (
        f"{path.name}: {counts.lines} lines, {len(imported.orders)} orders, "
        f"{len(imported.returns)} returns, {counts.rejected} lines rejected"
    )


def _welcome(site: Site, floor: DemoFloor) -> str:
    import segno  # noqa: PLC0415 - only people need the code

    address = f"https://{site.lan_host}:{site.port('pda')}/"
    picture = io.StringIO()
    segno.make(address, error="m").terminal(picture, compact=True, border=2)
    rows = [
        f"  {'/'.join(login.roles):<11} {login.badge}   PIN {login.pin}" for login in floor.logins
    ]
    return "\n".join(
        [
            "",
            f"演示页 / demo page   {site.pda_url}/demo/",
            f"PDA                  {address}",
            f"订单中枢 / hub       {site.hub_url}/",
            f"数据 / data          {site.root}",
            f"工牌卡 / badge cards {site.badges}",
            "",
            picture.getvalue().rstrip("\n"),
            "",
            "工牌 / badges",
            *rows,
            "",
            "Ctrl-C 结束 / ends",
        ]
    )


def _lan_address() -> str:
    """Return this machine's address for the network around it; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: an address of nobody
        except OSError:
            return "localhost"
        return str(probe.getsockname()[0])


async def run_demo(options: Options) -> int:
    """Run the demo; return the exit code; raise `DemoError` when it cannot go on."""
    site = Site(
        options.data.resolve(),
        options.port_base,
        max(STATIONS_MIN, options.packers),
        options.host,
        "localhost" if options.host == HOST else _lan_address(),
    )
    return await Demo(options, site).run()
