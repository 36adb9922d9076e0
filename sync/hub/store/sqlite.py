"""The hub's store on SQLite (WAL, `synchronous=FULL`): one connection, used by one thread."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from sync.chain import GENESIS
from sync.hub import uplink
from sync.hub.store import Batch, Box, Draft, KeptEntry, OrderRow, Sign, Taken, Told
from sync.messages import INSTRUCTION_VERSION, Instruction, SignedInstruction

TOLD_MAX: Final = 1000
BUSY_MS: Final = 5000
SCHEMAS: Final = ("0001_hub.sql", "0002_sent.sql")
_KEPT: Final = (
    "box, name, warehouse, public_key, token, token_key, token_spent, head_seq, rules, seen_us"
)

T = TypeVar("T")


class SqliteHubStore:
    """A `HubStore` in the file `path` (":memory:" for none)."""

    def __init__(self, path: Path | str) -> None:
        # The hub's runner is the one thread that uses it, not the one that opens it.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}"):
            self._db.execute(f"PRAGMA {pragma}")
        self._migrate()

    def close(self) -> None:
        """Close the file; may be called any number of times."""
        self._db.close()

    def box(self, box: str) -> Box | None:
        """Return the record of `box`."""
        return self._one(Box, "SELECT * FROM box WHERE box = ?", box)

    def boxes(self) -> list[Box]:
        """Return all boxes by name."""
        return self._all(Box, "SELECT * FROM box ORDER BY box")

    def put_box(self, box: Box) -> None:
        """Keep `box`, new or changed, but for its cursors."""
        names = _KEPT.split(", ")
        marks = ", ".join("?" for _ in names)
        sets = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        values = [getattr(box, name) for name in names]
        with self._transaction():
            self._db.execute(
                f"INSERT INTO box ({_KEPT}, head) VALUES ({marks}, ?) "  # noqa: S608 - constants
                f"ON CONFLICT (box) DO UPDATE SET {sets}",
                [*values, GENESIS],
            )

    def begin_epoch(self, box: str, epoch: int) -> None:
        """Begin the uplink of a higher epoch at 0."""
        with self._transaction():
            self._db.execute(
                "UPDATE box SET epoch = ?, seq = 0, head = ?, head_seq = 0, quarantine = NULL "
                "WHERE box = ? AND epoch < ?",
                (epoch, GENESIS, box, epoch),
            )

    def take(self, batch: Batch) -> Taken:
        """Store what is new in `batch` and move the cursor, in one transaction."""
        with self._transaction():
            at = self.box(batch.box)
            assert at is not None, "entries come over the link of an enrolled box"
            is_closed = at.quarantine is not None or at.epoch != batch.epoch
            if is_closed or batch.first_seq > at.seq + 1:
                return Taken(at.seq)
            last = batch.first_seq + len(batch.raws) - 1
            fork = uplink.fork_seq(batch, self._hashes(at, batch.first_seq - 1, last))
            if fork is not None:
                self._close_uplink(batch.box, {"code": "fork", "epoch": at.epoch, "seq": fork})
                return Taken(at.seq, fork)
            told = uplink.news(batch, at.seq)
            if told.rows:
                self._keep(batch, told)
            return Taken(max(at.seq, last))

    def quarantine(self, box: str, reason: dict[str, Any]) -> None:
        """Close the uplink of the box's epoch."""
        with self._transaction():
            self._close_uplink(box, reason)

    def hash_at(self, box: str, epoch: int, seq: int) -> bytes | None:
        """Return the stored hash of one entry."""
        query = "SELECT hash FROM entry WHERE box = ? AND epoch = ? AND seq = ?"
        row = self._db.execute(query, (box, epoch, seq)).fetchone()
        return None if row is None else bytes(row["hash"])

    def behind(self, box: str, epoch: int, after_seq: int, n: int) -> list[bytes]:
        """Return up to `n` raw entries of an epoch behind `after_seq`, in order."""
        query = "SELECT raw FROM entry WHERE box = ? AND epoch = ? AND seq > ? ORDER BY seq LIMIT ?"
        return [bytes(row["raw"]) for row in self._db.execute(query, (box, epoch, after_seq, n))]

    def last_seq(self, box: str, epoch: int) -> int:
        """Return the newest stored entry of an epoch, 0 where there is none."""
        query = "SELECT coalesce(max(seq), 0) AS seq FROM entry WHERE box = ? AND epoch = ?"
        return int(self._db.execute(query, (box, epoch)).fetchone()["seq"])

    def keep_checkpoint(self, box: str, checkpoint: bytes) -> None:
        """Keep the newest countersigned head, as JSON."""
        with self._transaction():
            self._db.execute("UPDATE box SET checkpoint = ? WHERE box = ?", (checkpoint, box))

    def instruct(self, box: str, drafts: Sequence[Draft], sign: Sign, now_us: int) -> None:
        """Number, sign and keep `drafts`; a draft whose id is known is skipped."""
        with self._transaction():
            for draft in drafts:
                self._instruct(box, draft, sign, now_us)

    def assign(self, orders: Sequence[OrderRow], drafts: Sequence[Draft], sign: Sign) -> list[bool]:
        """Keep each order that is new with its instruction; return which ones were."""
        is_new = []
        with self._transaction():
            for order, draft in zip(orders, drafts, strict=True):
                done = self._db.execute(
                    "INSERT INTO orders VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (order.order_id, order.box, draft.id, order.content, order.received_us),
                )
                is_new.append(done.rowcount == 1)
                if is_new[-1]:
                    self._instruct(order.box, draft, sign, order.received_us)
        return is_new

    def signed(self, box: str, after_dseq: int, n: int) -> dict[int, SignedInstruction]:
        """Return what there is of the `n` instructions behind `after_dseq`, by number, in order."""
        query = (
            "SELECT dseq, b, k, s FROM instruction "
            "WHERE box = ? AND dseq BETWEEN ? AND ? ORDER BY dseq"
        )
        rows = self._db.execute(query, (box, after_dseq + 1, after_dseq + n))
        return {row["dseq"]: _row(SignedInstruction, row) for row in rows}

    def sending(self, box: str, dseq: int) -> None:
        """Note that instructions up to `dseq` go out: their numbers are for good."""
        with self._transaction():
            query = "UPDATE box SET sent_dseq = max(sent_dseq, ?) WHERE box = ?"
            self._db.execute(query, (dseq, box))

    def got(self, box: str, dseq: int, sign: Sign) -> None:
        """Note that the box has journalled every instruction up to `dseq`.

        Those that have such a number and never went out get one behind it.
        """
        with self._transaction():
            at = self.box(box)
            if at is not None and dseq > at.sent_dseq:
                self._renumber(at, dseq - at.sent_dseq, sign)
            query = "UPDATE box SET got_dseq = max(got_dseq, ?) WHERE box = ?"
            self._db.execute(query, (dseq, box))

    def told(
        self, *, box: str | None = None, order_id: str | None = None, outcome: str | None = None
    ) -> list[Told]:
        """Return instructions by box, order or outcome, oldest first, at most `TOLD_MAX`."""
        wanted = {"box": box, "order_id": order_id, "outcome": outcome}
        terms = [f"{name} = :{name}" for name, value in wanted.items() if value is not None]
        query = (
            f"SELECT * FROM instruction WHERE {' AND '.join(terms)} "  # noqa: S608 - constants
            f"ORDER BY issued_us, dseq LIMIT {TOLD_MAX}"
        )
        return [_row(Told, row) for row in self._db.execute(query, wanted)]

    def order(self, order_id: str) -> OrderRow | None:
        """Return one order."""
        return self._one(OrderRow, f"{_ORDERS} WHERE orders.order_id = ?", order_id)

    def orders(self, state: str | None, after: str, n: int) -> list[OrderRow]:
        """Return up to `n` orders by id behind `after`, of one floor state if one is given."""
        of_state = "" if state is None else "AND floor_order.state = ?3"
        query = f"{_ORDERS} WHERE orders.order_id > ?1 {of_state} ORDER BY orders.order_id LIMIT ?2"
        return self._all(OrderRow, query, after, n, *([] if state is None else [state]))

    def entries_of(self, order_id: str, n: int) -> list[KeptEntry]:
        """Return up to `n` entries that name the order, in order."""
        query = (
            "SELECT entry.* FROM order_entry JOIN entry USING (box, epoch, seq) "
            "WHERE order_id = ? ORDER BY box, epoch, seq LIMIT ?"
        )
        return self._all(KeptEntry, query, order_id, n)

    def floor(self, box: str) -> dict[str, str]:
        """Return the floor state of every order that the box has told of."""
        rows = self._db.execute("SELECT order_id, state FROM floor_order WHERE box = ?", (box,))
        return {row["order_id"]: row["state"] for row in rows}

    def _keep(self, batch: Batch, told: uplink.News) -> None:
        box, epoch = batch.box, batch.epoch
        many = self._db.executemany
        many(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (box, epoch, row.seq, row.hash, row.raw, row.parked, batch.received_us)
                for row in told.rows
            ),
        )
        many(
            "INSERT INTO order_entry VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            ((order_id, box, epoch, seq) for order_id, seq in told.orders),
        )
        many(
            "INSERT INTO floor_order VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET state = excluded.state",
            ((box, order_id, state) for order_id, state in told.states.items()),
        )
        many(
            "UPDATE instruction SET outcome = ?, answer_epoch = ?, answer_seq = ? "
            "WHERE id = ? AND box = ? AND outcome IS NULL",
            ((out, epoch, seq, cause, box) for cause, (out, seq) in told.answers.items()),
        )
        last = told.rows[-1]
        self._db.execute(
            "UPDATE box SET seq = ?1, head = ?2, head_seq = max(head_seq, ?1), seen_us = ?3 "
            "WHERE box = ?4",
            (last.seq, last.hash, batch.received_us, box),
        )

    def _instruct(self, box: str, draft: Draft, sign: Sign, now_us: int) -> None:
        db = self._db
        if db.execute("SELECT 1 FROM instruction WHERE id = ?", (draft.id,)).fetchone():
            return
        query = "UPDATE box SET dseq = dseq + 1 WHERE box = ? RETURNING dseq"
        dseq = int(db.execute(query, (box,)).fetchone()["dseq"])
        signed = sign(
            Instruction(INSTRUCTION_VERSION, box, dseq, draft.id, draft.kind, now_us, draft.body)
        )
        db.execute(
            "INSERT INTO instruction (box, dseq, id, kind, order_id, issued_us, b, k, s) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(box, dseq, draft.id, draft.kind, draft.order_id, now_us),
                *(signed.b, signed.k, signed.s),
            ),
        )

    def _renumber(self, at: Box, shift: int, sign: Sign) -> None:
        """Move what never went out behind the numbers that a hub before this copy gave."""
        query = "SELECT dseq, b FROM instruction WHERE box = ? AND dseq > ? ORDER BY dseq DESC"
        for row in self._db.execute(query, (at.box, at.sent_dseq)).fetchall():
            old = msgspec.msgpack.decode(row["b"], type=Instruction)
            signed = sign(msgspec.structs.replace(old, dseq=old.dseq + shift))
            self._db.execute(
                "UPDATE instruction SET dseq = dseq + ?, b = ?, k = ?, s = ? "
                "WHERE box = ? AND dseq = ?",
                (shift, signed.b, signed.k, signed.s, at.box, old.dseq),
            )
        self._db.execute(
            "UPDATE box SET dseq = dseq + ?1, sent_dseq = sent_dseq + ?1 WHERE box = ?2",
            (shift, at.box),
        )

    def _hashes(self, at: Box, first: int, last: int) -> dict[int, bytes]:
        if first == at.seq:
            return {at.seq: at.head}
        query = "SELECT seq, hash FROM entry WHERE box = ? AND epoch = ? AND seq BETWEEN ? AND ?"
        rows = self._db.execute(query, (at.box, at.epoch, first, last))
        return {row["seq"]: bytes(row["hash"]) for row in rows}

    def _close_uplink(self, box: str, reason: dict[str, Any]) -> None:
        query = "UPDATE box SET quarantine = ? WHERE box = ? AND quarantine IS NULL"
        self._db.execute(query, (msgspec.json.encode(reason), box))

    def _one(self, kind: type[T], query: str, *values: object) -> T | None:
        row = self._db.execute(query, values).fetchone()
        return None if row is None else _row(kind, row)

    def _all(self, kind: type[T], query: str, *values: object) -> list[T]:
        return [_row(kind, row) for row in self._db.execute(query, values)]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _migrate(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        for number, name in enumerate(SCHEMAS[version:], version + 1):
            sql = resources.files(__package__).joinpath("schema", name).read_text("utf-8")
            self._db.executescript(f"BEGIN; {sql} PRAGMA user_version = {number}; COMMIT;")


_ORDERS: Final = (
    "SELECT orders.order_id, orders.box, floor_order.state, content, received_us FROM orders "
    "LEFT JOIN floor_order ON (floor_order.box, floor_order.order_id) = "
    "(orders.box, orders.order_id)"
)


def _row(kind: type[T], row: sqlite3.Row) -> T:
    names = kind.__struct_fields__  # type: ignore[attr-defined]  # every kind is a Struct
    return kind(**{name: row[name] for name in names})
