"""A small floor under a real writer: its clock is moved by hand, its ids come from a seed."""

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from importlib.resources import files
from itertools import count
from random import Random
from typing import Any

from edge.app.ports import Committed, Outcome, Store
from edge.domain import commands as c
from edge.domain.commands import Command
from edge.domain.ids import uuid7
from edge.domain.model import Box, Order
from edge.domain.views import answer_view
from edge.store.sqlite import SqliteStore
from edge.store.writer import Writer
from sync.api import Checkpoint, public_key, sign_checkpoint

BOX = "box-1"
BOX_KEY = bytes(range(32))
BOX_PUBLIC_KEY = public_key(BOX_KEY)
START_US = 1_767_225_600_000_000
DAY_US = 86_400_000_000
SKUS = [f"SKU-{n:02}" for n in range(8)]
PEOPLE = 6
PIN = "135790"
PIN_HASH = hashlib.scrypt(PIN.encode(), salt=bytes(16), n=2, r=8, p=1, dklen=32).hex()

Picking = Generator[Command, Outcome, None]


class HandClock:
    """A clock that moves when told to."""

    boot_id = "boot-1"

    def __init__(self) -> None:
        self.us = START_US
        self.set_back_us = 0

    def now_us(self) -> int:
        return self.us - self.set_back_us

    def boot_us(self) -> int:
        return self.us - START_US


class SeededIds:
    """Ids and salt that are the same for the same seed."""

    def __init__(self, seed: int, clock: HandClock | None = None) -> None:
        self._random = Random(seed)
        self._clock = clock or HandClock()

    def new_id(self) -> str:
        return uuid7(self._clock.us, self._random.randbytes(10))

    def new_salt(self) -> bytes:
        return self._random.randbytes(16)


def sign(epoch: int, seq: int, head: bytes, at_us: int) -> bytes:
    """Sign a checkpoint with the box's key."""
    return sign_checkpoint(Checkpoint(BOX, epoch, seq, head, at_us), BOX_KEY)


class Floor:
    """A writer on `store`, and the people whose commands it takes."""

    def __init__(self, store: Store, seed: int = 1) -> None:
        self.store = store
        self.clock = HandClock()
        self.ids = SeededIds(seed, self.clock)
        self._dseq = count(1 + self._told())
        self._orders = count(1)
        self.sessions: list[str] = []
        self.open()

    def _told(self) -> int:
        box = self.store.begin().doc(Box, "box")
        self.store.rollback()
        return box.dseq if isinstance(box, Box) else 0

    def open(self) -> None:
        """Put a new writer on the store, as a start of the process does."""
        self.writer = Writer(
            self.store, box=BOX, clock=self.clock, ids=self.ids, sign=sign, render=answer_view
        )

    def group(self, commands: Sequence[Command]) -> tuple[list[Outcome], Committed]:
        """Run commands as one group, a millisecond after the last one."""
        self.clock.us += 1_000
        return self.writer.run_group(commands)

    def run(self, *commands: Command) -> list[Outcome]:
        """Run commands as one group and return their outcomes."""
        return self.group(commands)[0]

    # ---- commands -------------------------------------------------------------------------------

    def command(self, data: Any, via: str = "box", **who: Any) -> Command:
        """Return a command with a new id."""
        fields: dict[str, Any] = {"device": via, "actor": via, "captured_us": self.clock.us} | who
        return Command(id=self.ids.new_id(), data=data, via=via, **fields)

    def by(self, person: int, data: Any) -> Command:
        """Return a command that a person sends from the PDA of the same number."""
        return self.command(
            data,
            "pda",
            actor=f"P-{person}",
            device=f"pda-{person}",
            session=self.sessions[person],
            roles=("picker", "packer"),
        )

    def instruct(self, kind: str, body: dict[str, Any]) -> Command:
        """Return the hub's next instruction."""
        return self.command(c.InstructionAccept(next(self._dseq), kind, self.clock.us, body), "hub")

    def assign(self, lines: int = 2, qty: int = 2) -> tuple[str, Command]:
        """Return an order's id, and the instruction that assigns it."""
        number = next(self._orders)
        order = f"SO-{number:05}"
        return order, self.assign_as(order, number, lines, qty)

    def assign_as(self, order: str, number: int = 1, lines: int = 2, qty: int = 2) -> Command:
        """Return the instruction that assigns an order under an id."""
        body = {
            "order_id": order,
            "type": "normal",
            "carrier": "SF",
            "recipient": {"name": "张伟", "phone": "19900000001", "address": "文一路1号"},
            "remark": "生日快乐",
            "gifts": "given",
            "lines": [
                {"no": no, "sku": SKUS[(number + no) % len(SKUS)], "qty": qty, "price_fen": 100}
                for no in range(1, lines + 1)
            ],
        }
        return self.instruct("order.assign", body)

    def let_go(self, order: str) -> int:
        """Let an order go that has ended; return how many went."""
        (outcome,) = self.run(self.command(c.OrdersLetGo((order,), {}, self.clock.us + DAY_US)))
        gone: int = outcome.answer.facts["orders"]
        return gone

    def again(self, order: str) -> str:
        """Return why an order is not taken that is delivered again."""
        (outcome,) = self.run(self.assign_as(order))
        return str(outcome.answer.facts.get("code", ""))

    def found(self, *ended: str) -> "Floor":
        """Found the box, its site and its people; let orders come and be cancelled."""
        document = files("edge.domain").joinpath("default_ruleset.toml").read_bytes()
        items = [{"sku": sku, "codes": [f"690{n:010}"], "name": {"zh": f"商品{n}", "en": sku}}
                 for n, sku in enumerate(SKUS)]  # fmt: skip
        bins = [{"code": f"A-{n:02}", "zone": "A", "walk": n} for n in range(len(SKUS))]
        stock = [{"sku": sku, "location": f"A-{n:02}", "qty": 1_000_000}
                 for n, sku in enumerate(SKUS)]  # fmt: skip
        self.sessions = [self.ids.new_id() for _ in range(PEOPLE)]
        outcomes = self.run(
            self.command(c.BoxFound("Box", document)),
            self.instruct("catalog.upsert", {"items": items}),
            self.instruct("location.upsert", {"items": bins}),
            self.instruct("stock.snapshot", {"items": stock}),
            self.instruct("people.upsert", {"items": [_person(n) for n in range(PEOPLE)]}),
            *(self._sign_in(n, session) for n, session in enumerate(self.sessions)),
        )
        for outcome in outcomes:
            assert outcome.answer.ok, outcome
            assert "code" not in outcome.answer.facts, outcome
        for order in ended:
            self._end(order)
        return self

    def _end(self, order: str) -> None:
        self.run(self.assign_as(order))
        cancel = {"order_id": order, "category": "cancel", "countdown_s": 0}
        _, done = self.group([self.instruct("order.freeze", cancel)])
        armed = [draft.data["timer"] for draft in done.drafts if draft.kind == "timer.armed"]
        self.clock.us += 60_000_000
        self.run(*(self.command(c.TimerFire(timer), "timer") for timer in armed))

    def _sign_in(self, n: int, session: str) -> Command:
        return self.command(
            c.SessionOpen(session, f"P-{n}"),
            "pda",
            actor=f"P-{n}",
            device=f"pda-{n}",
            factors=("badge", "pin"),
        )

    # ---- a morning ------------------------------------------------------------------------------

    def pick(self, person: int, *, wrong: bool = False) -> Picking:
        """Yield a person's commands from an order's assignment to its last scan."""
        order, assigned = self.assign()
        yield assigned
        found = self.store.begin().doc(Order, order)
        self.store.rollback()
        assert isinstance(found, Order)
        outcome = yield self.by(person, c.TaskTake((found.task,)))
        view = outcome.views["task"]
        yield self.by(person, c.ToteBind(view.id, order, f"T-{order}"))
        for step in view.steps:
            yield self.by(person, c.PickScan(view.id, step.no, step.location))
            if wrong:
                yield self.by(person, c.PickScan(view.id, step.no, "4006381333931"))
            for _ in range(step.qty):
                yield self.by(person, c.PickScan(view.id, step.no, step.expect.codes[0]))

    def morning(self, random: Random) -> Iterator[tuple[list[Command], list[Outcome]]]:
        """Let all people pick at once, for ever, in groups of seeded size; yield what was said.

        One command in ten is sent again in the next group.
        """
        picking: list[Picking] = [self.pick(n) for n in range(PEOPLE)]
        due: list[Command] = [next(each) for each in picking]
        again: list[Command] = []
        while True:
            some = random.sample(range(PEOPLE), random.randint(1, PEOPLE))
            told = [n for n in range(PEOPLE) if due[n].via == "hub"]  # the hub's come in order
            chosen = sorted({*some, *told})
            commands = [due[n] for n in chosen]
            outcomes = self.run(*commands, *again)
            yield [*commands, *again], outcomes
            again = [each for each in commands if random.random() < 0.1]
            for n, outcome in zip(chosen, outcomes, strict=False):
                try:
                    due[n] = picking[n].send(outcome)
                except StopIteration:
                    picking[n] = self.pick(n, wrong=random.random() < 0.3)
                    due[n] = next(picking[n])


def _person(n: int) -> dict[str, Any]:
    return {
        "id": f"P-{n}",
        "name": {"zh": f"员工{n}", "en": f"Worker {n}"},
        "roles": ["picker", "packer"],
        "badge_hash": hashlib.sha256(f"@B:{n}".encode()).hexdigest(),
        "pin": {"salt": "00" * 16, "n": 2, "r": 8, "p": 1, "hash": PIN_HASH},
    }


def raw_entries(store: SqliteStore) -> list[bytes]:
    """Return the journal's bytes, in order."""
    return [row[0] for row in store.connection.execute("SELECT raw FROM entry ORDER BY seq")]


MakeStore = Callable[[], SqliteStore]
