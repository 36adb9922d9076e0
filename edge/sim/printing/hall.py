"""The hall: stations with a packer each, their printers, and what befalls every job."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, cast

import msgspec

from drivers.api import Printer, fake_printer, printer_at
from edge.app.ports import Committed
from edge.domain import commands as c
from edge.domain.model import Job, Order
from edge.domain.printstages import slip_code
from edge.sim.chance import stream
from edge.sim.printing import paper
from edge.sim.printing.box import PrintBox
from edge.sim.printing.faults import CRASHES, Fault, Kind, draw
from edge.sim.virtual_loop import VirtualLoop
from edge.store.sqlite import decode_doc
from sync.api import Entry, decode_entry

Fake = Any
"""A virtual printer of `drivers.api.fake_printer`."""
LABEL_S: Final = 0.8
BYTES_PER_S: Final = 8_000
SLOW_BYTES_PER_S: Final = 500
LOOKS_S: Final = (2.0, 2.0, 60.0)
"""Between a packer's looks at the printer: some are at hand, some are not."""
JOB_S_MAX: Final = 7_200.0
"""A job that is not at its end after this is lost."""
SKU: Final = "MUG"
RECIPIENT: Final = {
    "name": "李雷", "phone": "13800000000", "province": "浙江", "city": "杭州",
    "address": "文一路 1 号 2 幢 301 室",
}  # fmt: skip
BIN: Final = "A-01"
MODELS: Final = {
    "zpl": ("zpl", ""),
    "tsc": ("tspl", "TTP-FG-203"),
    "clone": ("tspl", "FG-TSPL-203"),
    "receipt": ("escpos", "TM-FG-203"),
}
"""Sorts of printers, with language and name: those of `drivers/models.toml` that count, and not."""
HALLS: Final = {
    "mixed": ("zpl", "zpl", "tsc", "tsc", "tsc", "zpl"),
    "zpl": ("zpl",) * 6,
    "tsc": ("tsc",) * 6,
    "clones": ("clone",) * 6,
    "receipts": ("receipt",) * 6,
}
"""Halls, by the sorts of printers at `PLACES`."""
COUNTING: Final = ("mixed", "zpl", "tsc")
"""Halls whose printers can all say how many labels came out, whatever happened meanwhile."""
PLACES: Final = ("S1", "S1 S2", "S2", "S3", "S3 S4", "S4")
"""The stations that print on each printer. A station's own comes first, and hangs on USB."""


class Ran(msgspec.Struct, frozen=True):
    """A run that is over: what the judges may look at."""

    hall: str
    faults: dict[str, Fault]
    """What was to befall each job of an order's first label, by order."""
    sorts: dict[str, str]
    """What each printer is."""
    out: list[tuple[str, paper.Out]]
    """Every label and slip that came out, with its printer, in order."""
    spoilt: int
    journal: list[Entry]
    states: dict[str, str]
    """State of each order at the end."""
    jobs: dict[str, Job]
    days: dict[str, int]
    """The box's own counts of healing, over all days."""
    late: list[str]
    """Orders that did not come to an end."""
    broken: list[str]
    crashes: int
    simulated_s: float


class Hall:
    """Runs `jobs` orders through printing."""

    def __init__(self, jobs: int, seed: int, loop: VirtualLoop, hall: str) -> None:
        self._loop = loop
        self._hall = hall
        self._jobs = jobs
        self._random = stream(seed, "print faults")
        self.faults: dict[str, Fault] = {}
        self.out: list[tuple[str, paper.Out]] = []
        self._spoilt = 0
        self._seen: Counter[str] = Counter()
        self._printers: dict[str, Fake] = {}
        self._sorts: dict[str, str] = {}
        groups: dict[str, list[str]] = {}
        make: dict[str, Callable[[], Printer]] = {}
        for number, (sort, stations) in enumerate(zip(HALLS[hall], PLACES, strict=True), 1):
            name = f"P{number}-{sort}"
            lang, model = MODELS[sort]
            on_label = partial(self._came_out, name)
            fake = fake_printer(
                cast("Any", lang), has_network=False, model=model, on_label=on_label
            )
            fake.seconds_per_label = LABEL_S
            fake.bytes_per_s = BYTES_PER_S
            self._printers[name], self._sorts[name] = fake, sort
            own = len(stations.split()) == 1
            make[name] = partial(printer_at, fake, is_cable=own)
            for station in stations.split():
                groups.setdefault(station, []).insert(0 if own else len(groups[station]), name)
        self._stations = sorted(groups)
        bound = {station: tuple(names) for station, names in groups.items()}
        self.box = PrintBox(seed, loop, make, bound, self._notice)
        self._tasks: set[asyncio.Task[None]] = set()
        self._late: list[str] = []
        self._dseq = 0
        self._crash_on_label: dict[str, Fault] = {}

    async def run(self) -> Ran:
        """Run to the end and return what is left."""
        for fake in self._printers.values():
            await fake.start()
        await self.box.start()
        await self._furnish()
        share = -(-self._jobs // len(self._stations))
        await asyncio.gather(
            *(
                self._work(station, at * share, min(self._jobs, (at + 1) * share))
                for at, station in enumerate(self._stations)
            )
        )
        await asyncio.sleep(600)  # what a printer still holds may come out
        await self.box.stop()
        for fake in self._printers.values():
            await fake.stop()
        return self._ran()

    def _ran(self) -> Ran:
        rows = self.box.disk.store.connection.execute
        docs: dict[str, list[Any]] = {"job": [], "order": [], "print_day": []}
        for kind, body in rows(
            "SELECT kind, body FROM doc WHERE kind IN ('job','order','print_day')"
        ):
            docs[kind].append(decode_doc(kind, body))
        days = Counter[str]()
        for day in docs["print_day"]:
            days.update({k: v for k, v in msgspec.structs.asdict(day).items() if k != "id"})
        return Ran(
            hall=self._hall,
            faults=self.faults,
            sorts=self._sorts,
            out=self.out,
            spoilt=self._spoilt,
            journal=[decode_entry(raw) for (raw,) in rows("SELECT raw FROM entry ORDER BY seq")],
            states={order.id: order.state for order in docs["order"]},
            jobs={job.id: job for job in docs["job"]},
            days=dict(days),
            late=self._late,
            broken=[repr(fault) for fault in self._loop.faults],
            crashes=self.box.crashes,
            simulated_s=self._loop.time(),
        )

    # ---- people -------------------------------------------------------------------------------

    async def _tell(self, kind: str, **body: Any) -> None:  # noqa: ANN401
        self._dseq += 1
        data = c.InstructionAccept(self._dseq, kind, self.box.clock.now_us(), body)
        answer = await self.box.do(data, via="hub", actor="hub")
        assert answer.ok, answer
        assert "code" not in answer.facts, answer

    async def _furnish(self) -> None:
        name = {"zh": "杯", "en": "Mug"}
        await self._tell("catalog.upsert", items=[{"sku": SKU, "name": name, "codes": [SKU]}])
        await self._tell("location.upsert", items=[{"code": BIN, "zone": "A", "walk": 1}])
        shelf = {"sku": SKU, "location": BIN, "qty": 2 * self._jobs}
        await self._tell("stock.snapshot", items=[shelf])
        pin = {"salt": "00" * 16, "n": 16, "r": 1, "p": 1, "hash": "11" * 32}
        people = [
            {"id": station, "roles": ["picker", "packer"], "badge_hash": f"hash-{station}",
             "active": True, "name": {"zh": station, "en": station}, "pin": pin}
            for station in self._stations
        ]  # fmt: skip
        await self._tell("people.upsert", items=people)
        for station in self._stations:
            data = c.SessionOpen(f"at-{station}", station, station)
            assert (await self._by(station, data, factors=("badge", "pin"))).ok

    async def _by(self, station: str, data: Any, **who: Any) -> Any:  # noqa: ANN401
        """Let the packer of a station do something."""
        return await self.box.do(
            data, via="pda", device=f"pda-{station}", actor=station, session=f"at-{station}",
            roles=("picker", "packer"), **who,
        )  # fmt: skip

    async def _work(self, station: str, first: int, last: int) -> None:
        for number in range(first, last):
            order = f"{number:06}"
            self.faults[order] = fault = draw(self._random)
            self._befall_before(station, fault)
            await self._pack(station, order, number)
            try:
                async with asyncio.timeout(JOB_S_MAX):
                    await self._label(station, order)
            except TimeoutError:
                self._late.append(order)

    async def _pack(self, station: str, order: str, number: int) -> None:
        """Bring an order to where its label is due."""
        await self._tell(
            "order.assign", order_id=order, lines=[{"no": 1, "sku": SKU, "qty": 1}],
            carrier="SF", service="standard", waybill=f"SF{number:08}", recipient=RECIPIENT,
        )  # fmt: skip
        task = self._doc(Order, order).task
        for data in (
            c.TaskTake((task,)), c.ToteBind(task, order, f"T-{station}"),
            c.PickScan(task, 1, BIN), c.PickScan(task, 1, SKU),
            c.PackOpen(f"T-{station}"), c.PackScan(order, SKU), c.PackFinish(order),
            c.WaybillPrint(order),
        ):  # fmt: skip
            answer = await self._by(station, data)
            assert answer.ok, (data, answer)

    async def _label(self, station: str, order: str) -> None:
        """See to the label until it is proved: what a packer does who looks at the printer."""
        look_s = self._random.choice(LOOKS_S)
        while self._doc(Order, order).state != "shipped":
            await asyncio.sleep(look_s)
            job = self._doc(Job, self._doc(Order, order).copies[-1].job)
            code = self._on_the_floor(job)
            if job.state == "slip":
                await self._by(station, c.SlipScan(slip_code(job.id)))
            elif job.state == "unknown" and not code:
                await self._by(station, c.WaybillResolve(job.id, printed=False))
            elif job.state == "void":
                await self._by(station, c.WaybillPrint(order))
            elif job.state == "failed":
                await self._by(station, c.WaybillReprint(order, "not_out"))
            elif code:
                await self._by(station, c.WaybillProve(code))

    def _on_the_floor(self, job: Job) -> str:
        """Return the text of the job's label if it came out."""
        out = paper.Out(job.waybill, job.copy, job.n)
        return out.code if self._seen[job.copy] else ""

    def _doc(self, kind: type[Any], doc_id: str) -> Any:  # noqa: ANN401 - of that kind
        where = "SELECT body FROM doc WHERE kind = ? AND id = ?"
        (body,) = self.box.disk.store.connection.execute(where, (kind.KIND, doc_id)).fetchone()
        return decode_doc(kind.KIND, body)

    # ---- what befalls -------------------------------------------------------------------------

    def _came_out(self, printer: str, label: Any) -> None:  # noqa: ANN401 - a FakeLabel
        try:
            out = paper.read(label.raster)
        except msgspec.MsgspecError:
            self._spoilt += 1
            return
        self.out.append((printer, out))
        self._seen[out.copy_id] += 1
        if fault := self._crash_on_label.pop(out.copy_id, None):
            self._crash(fault)

    def _befall_before(self, station: str, fault: Fault) -> None:
        name = self.box.groups[station][0]
        fake = self._printers[name]
        if fault.kind is Kind.PAPER_BEFORE:
            self._switch(fake, "paper_out", fault.for_s)
        elif fault.kind is Kind.HEAD_BEFORE:
            self._switch(fake, "head_open", fault.for_s)
        elif fault.kind is Kind.SWITCHED_OFF:
            self._later(self._power_off(fake, fault.for_s))
        elif fault.kind is Kind.UNPLUGGED:
            self._switch(fake, "unplugged", fault.for_s)

    def _notice(self, committed: Committed) -> None:
        """Let what is to befall a job happen at its moment, the first time that it comes."""
        for draft in committed.drafts:
            if draft.kind == "print.queued" and draft.data["n"] == 1:
                if self.faults[draft.data["order"]].kind is Kind.CRASH_QUEUED:
                    self._crash(self.faults[draft.data["order"]])
            elif draft.kind == "print.reported":
                job = self._doc(Job, draft.data["job"])
                if job.n == 1 and job.attempts <= 1:
                    self._befall(draft.data["stage"], job, self.faults[job.order])

    def _befall(self, stage: str, job: Job, fault: Fault) -> None:
        """Let a fault happen to a job that reaches a stage."""
        moments = {
            Kind.CRASH_CLAIMED: "claimed",
            Kind.CRASH_SENT: "sent",
            Kind.CRASH_CONFIRMED: "confirmed",
        }
        if moments.get(fault.kind) == stage:
            self._crash(fault)
        if stage != "claimed":
            return
        fake = self._printers[job.printer]
        happen: dict[Kind, Callable[[], Any]] = {
            Kind.PAPER_IN: lambda: self._in_label(fake, "paper_out", fault.for_s),
            Kind.HEAD_IN: lambda: self._in_label(fake, "head_open", fault.for_s),
            Kind.PAUSED: lambda: self._in_label(fake, "paused", fault.for_s),
            Kind.POWER_CYCLE: lambda: self._later(self._cycle_in_label(fake, fault.for_s)),
            Kind.CUT: lambda: setattr(fake, "cut_after_bytes", fault.after_bytes),
            Kind.PULLED: lambda: self._later(self._pull(fake, fault)),
            Kind.CUT_AFTER: lambda: self._in_label(fake, "", 0),
            Kind.MUTE: lambda: self._switch(fake, "mute", fault.for_s),
            Kind.LATE: lambda: self._set(fake, "answers_after_s", 5 * fault.after_s, 0.0, fault),
            Kind.SLOW: lambda: self._set(fake, "bytes_per_s", SLOW_BYTES_PER_S, BYTES_PER_S, fault),
            Kind.CRASH_RASTER: lambda: self._loop.call_later(fault.after_s, self._crash, fault),
            Kind.CRASH_LABEL: lambda: self._crash_on_label.update({job.copy: fault}),
        }
        if fault.kind in happen:
            happen[fault.kind]()

    def _crash(self, fault: Fault) -> None:
        assert fault.kind in CRASHES
        self._loop.call_soon(self.box.crash, fault.for_s)

    def _switch(self, fake: Fake, name: str, for_s: float) -> None:
        self._set(fake, name, value=True, well=False, fault=Fault(Kind.NONE, for_s=for_s))

    def _set(self, fake: Fake, name: str, value: object, well: object, fault: Fault) -> None:
        setattr(fake, name, value)
        self._loop.call_later(fault.for_s, setattr, fake, name, well)

    def _in_label(self, fake: Fake, name: str, for_s: float) -> None:
        """Turn a switch, or break the lines, as soon as the printer has a label in hand."""

        async def happen() -> None:
            await self._until_held(fake)
            if name:
                self._switch(fake, name, for_s)
            else:
                fake.cut_after_bytes = 1  # of what the box says next

        self._later(happen())

    async def _cycle_in_label(self, fake: Fake, for_s: float) -> None:
        await self._until_held(fake)
        await self._power_off(fake, for_s)

    async def _pull(self, fake: Fake, fault: Fault) -> None:
        """Pull the cable in the middle of the raster, and plug it in again."""
        fake.cut_after_bytes = fault.after_bytes
        for _ in range(2_000):
            if fake.cut_after_bytes is None:
                self._switch(fake, "unplugged", fault.for_s)
                return
            await asyncio.sleep(0.05)

    async def _until_held(self, fake: Fake) -> None:
        for _ in range(2_000):
            if fake.held:
                return
            await asyncio.sleep(0.05)

    @staticmethod
    async def _power_off(fake: Fake, for_s: float) -> None:
        await fake.stop()
        await asyncio.sleep(for_s)
        await fake.start()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
