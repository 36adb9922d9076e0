"""A scratch floor on which a ruleset is tried: the same `decide`, on documents of its own.

Nothing here touches the floor. The goods that the orders name lie there in plenty, so that two
rulesets are compared by what they say and not by what happens to be on the shelf.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from edge.domain import commands as c
from edge.domain.commands import Command
from edge.domain.decide import decide
from edge.domain.gates import evidence_attached
from edge.domain.ids import derived_id
from edge.domain.model import Assignment, Doc, Order
from edge.domain.rules import RulesetError, in_force, load_ruleset, locate, problem
from edge.domain.rulesets import active_rules
from edge.domain.turn import Env
from edge.domain.world import Changes, World

Body = dict[str, Any]

SHELF: Final = "TRIAL"
PIECES: Final = 1_000_000
"""What lies on the shelf of each SKU."""
ITEMS_MAX: Final = 1_000


class Outcome(msgspec.Struct, frozen=True):
    """What became of an order."""

    state: str = ""
    rule: str = ""
    """The rule by which it waits, if it does."""
    lane: str = ""
    gifts: tuple[str, ...] = ()
    """`SKU ×pieces (rule)`, one by one."""
    priority: str = ""
    """The rule by which it is picked before others, if it is."""
    evidence: tuple[str, ...] = ()
    """Kinds of evidence of which one is due before the label is printed."""
    refused: str = ""
    """Code of the refusal, where the order was not taken over."""
    entries: tuple[str, ...] = ()
    """Kinds of all entries, in their order."""


class Difference(msgspec.Struct, frozen=True):
    """What another ruleset would change about an order."""

    order: str
    what: str
    before: str
    after: str


class Trial:
    """A floor in memory under one ruleset."""

    def __init__(self, document: bytes, now_us: int = 0) -> None:
        self._docs: Changes = {}
        self._ids = itertools.count(1)
        self._dseq = itertools.count(1)
        self._now_us = now_us
        self._run(c.BoxFound("trial", document), "box")

    def _load(self, kind: type[Doc], doc_id: str) -> Doc | None:
        return self._docs.get((kind.KIND, doc_id))

    def _new_id(self) -> str:
        return derived_id("trial", str(next(self._ids)))

    def _run(self, data: Any, via: str) -> list[Any]:  # noqa: ANN401 - any command's data
        env = Env(self._now_us, 0, "trial", self._new_id, lambda: b"trial" * 4, "trial")
        command = Command(id=self._new_id(), data=data, device="box", actor=via, via=via,
                          captured_us=self._now_us)  # fmt: skip
        decision = decide(World(self._load), command, env)
        self._docs |= decision.world.changes
        return decision.drafts

    def _tell(self, kind: str, body: Body) -> list[Any]:
        return self._run(c.InstructionAccept(next(self._dseq), kind, self._now_us, body), "hub")

    def stock(self, skus: Iterable[str]) -> None:
        """Lay goods on the shelf."""
        names = sorted(set(skus))
        for at in range(0, len(names), ITEMS_MAX):
            some = names[at : at + ITEMS_MAX]
            items = [{"sku": s, "name": {"zh": s, "en": s}, "codes": [s]} for s in some]
            shelf = [{"sku": s, "location": SHELF, "qty": PIECES} for s in some]
            self._tell("catalog.upsert", {"items": items})
            self._tell("stock.snapshot", {"items": shelf})

    def order(self, body: Body) -> Outcome:
        """Assign an order, and return what becomes of it."""
        drafts = self._tell("order.assign", body)
        kinds = tuple(draft.kind for draft in drafts)
        world = World(self._load)
        order_id = body.get("order_id")
        order = world.get(Order, order_id) if isinstance(order_id, str) else None
        if order is None:
            return Outcome(refused=str(drafts[-1].data.get("code", "")), entries=kinds)
        lines = world.the(Assignment, order.id).lines
        gifts = [f"{line.sku} ×{line.qty} ({line.rule})" for line in lines if line.rule]
        due = evidence_attached(world, order, active_rules(world))
        rules = [draft.data.get("rule", "") for draft in drafts if draft.kind == "order.moved"]
        return Outcome(
            state=order.state,
            rule=next(filter(None, rules), ""),
            lane=order.lane,
            gifts=tuple(gifts),
            priority=next((d.data["rule"] for d in drafts if d.kind == "order.prioritised"), ""),
            evidence=tuple(due.facts["kinds"]) if due else (),
            entries=kinds,
        )


def run_orders(document: bytes, bodies: Sequence[Body]) -> list[Outcome]:
    """Return what becomes of orders under a ruleset that is used as it is."""
    trial = Trial(document)
    goods = [line.get("sku") for body in bodies for line in _lines(body)]
    gifts = [give.sku for rule in in_force(document).document.gifts for give in rule.give]
    trial.stock(sku for sku in [*goods, *gifts] if isinstance(sku, str))
    return [trial.order(body) for body in bodies]


def compare(old: bytes, new: bytes, bodies: Sequence[Body]) -> list[Difference]:
    """Return what `new` would change about orders that `old` decides now."""
    found = []
    names = [name for name in Outcome.__struct_fields__ if name != "entries"]
    for body, before, after in zip(
        bodies, run_orders(old, bodies), run_orders(new, bodies), strict=True
    ):
        changed = [name for name in names if getattr(before, name) != getattr(after, name)]
        if not changed and before.entries != after.entries:
            changed = ["entries"]
        for name in changed:
            was, now = (_text(getattr(each, name)) for each in (before, after))
            found.append(Difference(str(body.get("order_id", "")), name, was, now))
    return found


def judge(document: bytes) -> None:
    """Check a ruleset in every way: as `load_ruleset` does, and by its own samples (RULE-1).

    Raises:
        RulesetError: with every problem found.
    """
    rules = load_ruleset(document)
    samples = rules.document.samples
    outcomes = run_orders(document, [sample.order for sample in samples]) if samples else []
    problems = []
    line_of = locate(document)
    for at, (sample, outcome) in enumerate(zip(samples, outcomes, strict=True)):
        for name in sample.expect.__struct_fields__:
            wanted = getattr(sample.expect, name)
            got = getattr(outcome, name)
            if wanted is not None and wanted != got:
                facts: dict[str, str | int] = {
                    "sample": sample.name, "what": name,
                    "got": _text(got), "wanted": _text(wanted),
                }  # fmt: skip
                line = line_of(("samples", at, "expect", name))
                path = f"samples[{at}].expect.{name}"
                problems.append(problem(path, line, "sample_failed", facts))
    if problems:
        raise RulesetError(problems)


def _lines(body: Body) -> list[Body]:
    lines = body.get("lines")
    return [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []


def _text(value: str | tuple[str, ...]) -> str:
    return (", ".join(value) if isinstance(value, tuple) else value) or "-"
