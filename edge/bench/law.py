"""`floorgate bench law`: what a decision costs, how soon a rule or a freeze reaches the floor."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.bench.figures import Figure, Keep, Say, median
from edge.bench.floor import LINES, BenchFloor, order_body, scans
from edge.bench.law_countdown import countdown_figures
from edge.bench.law_link import link_figures
from edge.bootstrap import default_ruleset
from edge.domain import celengine as cel
from edge.domain import commands as c
from edge.domain.decide import decide
from edge.domain.entries import Draft
from edge.domain.model import Box, Doc
from edge.domain.turn import Env
from edge.domain.world import Key, World
from sync.api import ENTRY_VERSION, GENESIS, Entry, encode_entry, link

RULES: Final = 50
ROUNDS: Final = 5
ORDERS: Final = 200
SCANS: Final = 2_000
EVALUATIONS: Final = 20_000
ACCEPT_MS_MAX: Final = 3.0
SCAN_MS_MAX: Final = 0.1
CHAINED: Final = "its entries' bytes and hashes alone"


def run(say: Say, keep: Keep) -> None:
    """Measure all of it; takes about four minutes."""
    say("decisions")
    keep(_decisions(_rules(RULES), RULES))
    keep(_decisions(msgspec.json.encode(msgspec.toml.decode(default_ruleset())), 0))
    keep(_scan_figures())
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        keep(asyncio.run(countdown_figures(Path(name), say)))
        keep(asyncio.run(link_figures(Path(name), say)))


def _rules(count: int) -> bytes:
    """Return the default ruleset with `count` conditions that are asked at acceptance."""
    document: dict[str, Any] = msgspec.toml.decode(default_ruleset())
    holds = document["workflow"]["holds"]
    document["samples"] = []
    document["gifts"] = [
        {"id": f"g{n}", "give": [], "when": f"order.amount_fen > {10**12 + n} || "
         f"('never-{n}' in order.tags && order.lines.exists(l, l.qty > {n}))"}
        for n in range(count - len(holds))
    ]  # fmt: skip
    return msgspec.json.encode(document)


class _Floor:
    """A floor in memory that takes orders in."""

    def __init__(self, document: bytes) -> None:
        self._floor = BenchFloor(Path(":memory:"))
        self._floor.stock_up()
        self._docs: dict[Key, Doc | None] = {}
        self.drafts: list[Draft] = []
        """What the newest decision wrote."""
        self._env = Env(0, 0, "bench", self._floor.ids.new_id, self._floor.ids.new_salt)
        tree = msgspec.json.decode(document) | {"meta": {"id": "bench", "version": 1}}
        raw = msgspec.json.encode(tree)
        self._floor.run([self._floor.command(c.RulesetActivate(raw, "bench"), via="cli")])

    def load(self, kind: type[Doc], doc_id: str) -> Doc | None:
        """Return a document, read once."""
        key = (kind.KIND, doc_id)
        if key not in self._docs:
            self._docs[key] = self._floor.store.doc(kind, doc_id)
        return self._docs[key]

    def accept_s(self, n: int) -> float:
        """Decide the assignment of order `n` on the floor as it is; return how long that took."""
        body = order_body(n, 1) | {"gifts": "evaluate", "tags": ["a", "b"]}
        cursor = World(self.load).the(Box, "box").dseq
        data = c.InstructionAccept(cursor + 1, "order.assign", self._env.now_us, body)
        command = self._floor.command(data, via="hub")
        begun = time.perf_counter()
        decision = decide(World(self.load), command, self._env)
        took_s = time.perf_counter() - begun
        assert decision.answer.ok, decision.answer
        assert "code" not in decision.answer.facts, decision.answer
        self.drafts = decision.drafts
        return took_s


def _chaining_ms(drafts: list[Draft]) -> float:
    """Return ms for the bytes and hashes of a decision's entries: what no law can go below."""
    begun = time.perf_counter()
    for _ in range(SCANS):
        previous = GENESIS
        for draft in drafts:
            *fields, seq = msgspec.structs.astuple(draft)
            raw = encode_entry(Entry(ENTRY_VERSION, "bench", 1, seq, *fields))
            previous = link(previous, raw)
    return (time.perf_counter() - begun) / SCANS * 1e3


def _decisions(document: bytes, rules: int) -> list[Figure]:
    floor = _Floor(document)
    floor.accept_s(0)
    rounds = [[floor.accept_s(1 + at * ORDERS + n) for n in range(ORDERS)] for at in range(ROUNDS)]
    took_ms = [median(each) * 1e3 for each in rounds]
    value = median(took_ms)
    spread = (min(took_ms), max(took_ms))
    if not rules:
        rates = [1e3 / each for each in took_ms]
        chained = 1e3 / _chaining_ms(floor.drafts)
        return [Figure(f"decisions at acceptance, default ruleset, {LINES} lines", "/s",
                       median(rates), (min(rates), max(rates)), chained, CHAINED,
                       median(rates) / chained)]  # fmt: skip
    alone_ms, rate, empty_rate = _expressions(document)
    return [
        Figure(f"decision at acceptance, {LINES} lines, {rules} rules", "ms", value, spread,
               alone_ms, f"the {rules} expressions alone", value / alone_ms,
               f"≤ {ACCEPT_MS_MAX:g} ms", value <= ACCEPT_MS_MAX),
        Figure("expression evaluations", "/s", rate, floor=empty_rate,
               floor_name="the expression `true`", ratio=rate / empty_rate),
    ]  # fmt: skip


def _expressions(document: bytes) -> tuple[float, float, float]:
    """Return ms for one context and all expressions of a document, and evaluations a second.

    The last is the rate of evaluations that ask nothing.
    """
    tree = msgspec.json.decode(document)
    texts = [rule["when"] for rule in (*tree["workflow"]["holds"], *tree["gifts"])]
    programs = [cel.compile(text) for text in texts]
    facts = {
        "amount_fen": 0, "tags": ["a", "b"], "type": "normal", "type_known": True,
        "finance_cleared": True, "lines": [{"sku": f"S{n}", "qty": 1} for n in range(LINES)],
    }  # fmt: skip
    took = []
    for _ in range(ORDERS):
        begun = time.perf_counter()
        context = cel.Context()
        context.add_variable("order", facts)
        for program in programs:
            program.execute(context)
        took.append(time.perf_counter() - begun)
    rate, empty_rate = _rate(programs, context), _rate([cel.compile("true")], context)
    return median(took) * 1e3, rate, empty_rate


def _rate(programs: list[cel.Program], context: cel.Context) -> float:
    begun = time.perf_counter()
    for n in range(EVALUATIONS):
        programs[n % len(programs)].execute(context)
    return EVALUATIONS / (time.perf_counter() - begun)


def _scan_figures() -> list[Figure]:
    """Measure the decision of a plain pick scan: no expression is asked."""
    floor = BenchFloor(Path(":memory:"))
    floor.stock_up()
    floor.assign(range(1), qty=1_000)
    (scan,) = next(scans(floor, floor.sign_in(1), floor.open_tasks(1)))
    docs: dict[Key, Doc | None] = {}

    def load(kind: type[Doc], doc_id: str) -> Doc | None:
        key = (kind.KIND, doc_id)
        if key not in docs:
            docs[key] = floor.store.doc(kind, doc_id)
        return docs[key]

    env = Env(floor.clock.now_us(), 0, "bench", floor.ids.new_id, floor.ids.new_salt)
    rounds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(SCANS):
            decision = decide(World(load), scan, env)
        rounds.append((time.perf_counter() - begun) / SCANS * 1e3)
        assert decision.answer.ok, decision.answer
    value, chained_ms = median(rounds), _chaining_ms(decision.drafts)
    return [
        Figure("decision of a plain pick scan", "ms", value, (min(rounds), max(rounds)),
               chained_ms, CHAINED, value / chained_ms, f"≤ {SCAN_MS_MAX:g} ms",
               value <= SCAN_MS_MAX),
        Figure("decisions of pick scans", "/s", 1e3 / value),
    ]  # fmt: skip
