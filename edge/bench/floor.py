"""A floor to measure on: a box's store with orders and people in it, made by real commands."""

import hashlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

from edge.bootstrap import default_ruleset
from edge.clock import SystemClock, SystemIds
from edge.domain import commands as c
from edge.domain.commands import Command
from edge.domain.views import answer_view
from edge.linking import signed
from edge.store.durable import KEY_BYTES, secret
from edge.store.journal import BOX_KEY, DATABASE
from edge.store.sqlite import SqliteStore
from edge.store.writer import Writer

SKUS: Final = 400
LINES: Final = 8
LINE_PIECES: Final = 1_000
GROUP: Final = 200
PIN: Final = "135790"
_SCRYPT: Final = {"salt": "00" * 16, "n": 2, "r": 8, "p": 1}


class BenchFloor:
    """A store that is filled by groups of real commands."""

    def __init__(
        self, path: Path, *, each_max: int = LINE_PIECES, store: type[SqliteStore] = SqliteStore
    ) -> None:
        self.clock = SystemClock()
        self.ids = SystemIds()
        self.store = store(path)
        key = secret(path.parent / BOX_KEY) if path.name == DATABASE else bytes(KEY_BYTES)
        self.writer = Writer(
            self.store,
            box="bench",
            clock=self.clock,
            ids=self.ids,
            sign=signed("bench", key),
            render=answer_view,
        )
        self._dseq = count(1)
        document = default_ruleset().replace(b"each_max = 5 ", b"each_max = %d " % each_max)
        self.run([self.command(c.BoxFound("bench", document), via="box")])

    def run(self, commands: list[Command]) -> list[dict[str, Any]]:
        """Run commands in groups; return the facts of their answers."""
        facts = []
        for at in range(0, len(commands), GROUP):
            outcomes, _ = self.writer.run_group(commands[at : at + GROUP])
            for outcome in outcomes:
                answer = outcome.answer
                assert answer.ok, answer
                assert "code" not in answer.facts, answer
                facts.append(answer.facts)
        return facts

    def command(self, data: Any, via: str = "pda", actor: str = "", **who: Any) -> Command:  # noqa: ANN401
        """Return a command with a fresh id."""
        return Command(
            id=self.ids.new_id(),
            data=data,
            via=via,
            actor=actor or via,
            captured_us=self.clock.now_us(),
            **{"device": "box"} | who,
        )

    def instruct(self, kind: str, body: dict[str, Any]) -> Command:
        """Return an instruction of the hub."""
        data = c.InstructionAccept(next(self._dseq), kind, self.clock.now_us(), body)
        return self.command(data, via="hub")

    def stock_up(self, pieces: int = 10**6) -> None:
        """Give the floor a catalogue, bins and stock."""
        lists = stock_lists(pieces)
        self.run(
            [
                self.instruct("catalog.upsert", {"items": lists["catalog"]}),
                self.instruct("location.upsert", {"items": lists["locations"]}),
                self.instruct("stock.snapshot", {"items": lists["stock"]}),
            ]
        )

    def assign(self, orders: range, *, qty: int = 1, lines: int = LINES) -> None:
        """Assign orders of `lines` lines of `qty` pieces."""
        self.run([self.instruct("order.assign", order_body(n, qty, lines)) for n in orders])

    def make_people(self, people: int, verifier_hash: str = "00" * 32) -> None:
        """Make pickers p0 and on, with badges @B:0 and on."""
        items = people_items(people, verifier_hash)
        self.run([self.instruct("people.upsert", {"items": items})])

    def sign_in(self, people: int) -> list[str]:
        """Make pickers and sign them in, each at a device of the same number; return sessions."""
        self.make_people(people)
        sessions = [self.ids.new_id() for _ in range(people)]
        self.run(
            [
                self.command(
                    c.SessionOpen(session, f"p{n}"),
                    actor=f"p{n}",
                    device=f"pda-{n}",
                    factors=("badge", "pin"),
                )
                for n, session in enumerate(sessions)
            ]
        )
        return sessions

    def open_tasks(self, n: int) -> list[str]:
        """Return the ids of `n` open tasks."""
        rows = self.store.connection.execute(
            "SELECT id FROM doc_term WHERE kind='task' AND term='open' ORDER BY id LIMIT ?", (n,)
        )
        return [row[0] for row in rows]


def stock_lists(pieces: int = 10**6) -> dict[str, list[dict[str, Any]]]:
    """Return catalogue, bins and stock, by their names in the hub's API."""
    skus = [f"SKU-{n:04}" for n in range(SKUS)]
    return {
        "catalog": [{"sku": s, "codes": [f"69{n:010}"], "name": {"zh": f"商品{n}", "en": s}}
                    for n, s in enumerate(skus)],
        "locations": [{"code": f"A-{n:04}", "zone": "A", "walk": n} for n in range(SKUS)],
        "stock": [{"sku": s, "location": f"A-{n:04}", "qty": pieces} for n, s in enumerate(skus)],
    }  # fmt: skip


def people_items(people: int, verifier_hash: str) -> list[dict[str, Any]]:
    """Return pickers p0 and on, with badges @B:0 and on."""
    return [
        {
            "id": f"p{n}",
            "name": {"zh": f"拣货员{n}", "en": f"Picker {n}"},
            "roles": ["picker"],
            "badge_hash": hashlib.sha256(f"@B:{n}".encode()).hexdigest(),
            "pin": {**_SCRYPT, "hash": verifier_hash},
        }
        for n in range(people)
    ]


def order_body(n: int, qty: int, lines: int = LINES) -> dict[str, Any]:
    """Return the body of an `order.assign`."""
    return {
        "order_id": f"O{n:07}",
        "type": "normal",
        "paid_at": 0,
        "promise": 0,
        "carrier": "SF",
        "recipient": {"name": "王小明", "phone": "13800000000", "address": "某路1号"},
        "lines": [
            {"no": at + 1, "sku": f"SKU-{(n * 7 + at * 13) % SKUS:04}", "qty": qty,
             "price_fen": 0}
            for at in range(lines)
        ],
        "gifts": "given",
    }  # fmt: skip


def scans(floor: BenchFloor, sessions: list[str], tasks: list[str]) -> Iterator[list[Command]]:
    """Yield rounds of piece scans, one by each picker, that are all accepted.

    The pickers have taken a task each and bound a tote; each stands at the first bin.
    """

    def send(n: int, data: Any) -> Command:  # noqa: ANN401 - data of a command
        device, session = f"pda-{n}", sessions[n]
        return floor.command(data, actor=f"p{n}", device=device, session=session)

    takes = [send(n, c.TaskTake((task,))) for n, task in enumerate(tasks)]
    views = [floor.writer.run_group([take])[0][0].views["task"] for take in takes]
    places = {}
    for n, view in enumerate(views):
        floor.run([send(n, c.ToteBind(view.id, view.orders[0].id, f"T-{n}"))])
        floor.run([send(n, c.PickScan(view.id, 1, view.steps[0].location))])
        places[n] = c.PickScan(view.id, 1, view.steps[0].expect.codes[0])
    while True:
        yield [send(n, scan) for n, scan in places.items()]
