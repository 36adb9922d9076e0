"""Groups of commands: repeats, faults, and what is left when a commit fails."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import edge.store.writer
from edge.app.ports import Batch
from edge.domain import commands as c
from edge.domain.commands import Command
from edge.domain.decide import Decision, decide
from edge.domain.entries import Draft
from edge.domain.model import Order
from edge.domain.turn import Env
from edge.domain.world import World
from edge.store.sqlite import SqliteStore
from sync.api import Entry, Verifier, decode_entry
from tests.store.kit import BOX_PUBLIC_KEY, Floor, raw_entries

Decide = Callable[[World, Command, Env], Decision]


def chain_of(store: SqliteStore) -> list[str]:
    """Return what a verifier finds wrong with a store's chain."""
    verifier = Verifier(public_key=BOX_PUBLIC_KEY)
    for raw, digest in store.connection.execute("SELECT raw, hash FROM entry ORDER BY seq"):
        verifier.entry(raw, digest)
    return [finding.detail for finding in verifier.report().findings]


def causes(store: SqliteStore) -> list[str]:
    """Return the command behind each entry, each command once, in order."""
    return list(dict.fromkeys(decode_entry(raw).cause for raw in raw_entries(store)))


def faulty(fault: Callable[[Command], None]) -> Decide:
    """Return a `decide` that is asked about each command first."""

    def faulty_decide(world: World, command: Command, env: Env) -> Decision:
        fault(command)
        return decide(world, command, env)

    return faulty_decide


def test_entries_and_drafts_have_their_fields_in_one_order() -> None:
    """A draft's fields are an entry's, behind those that the writer adds; its place comes last."""
    *fields, place = Draft.__struct_fields__
    assert (Entry.__struct_fields__, place) == (("v", "box", "epoch", "seq", *fields), "seq")


def test_a_group_is_one_chain(floor: Floor, store: SqliteStore) -> None:
    """Commands of a group are chained in their order, and the writer stands at the end (AUD-1)."""
    orders = [floor.assign() for _ in range(5)]
    outcomes, committed = floor.group([command for _, command in orders])
    assert [outcome.answer.ok for outcome in outcomes] == [True] * 5
    assert causes(store)[-5:] == [command.id for _, command in orders]
    assert [entry.raw for entry in committed.entries] == raw_entries(store)[
        -len(committed.entries) :
    ]
    assert len(committed.drafts) == len(committed.entries)
    assert (floor.writer.head, chain_of(store)) == (store.head(), [])


def test_a_command_sees_those_before_it_in_its_group(floor: Floor) -> None:
    """An order that is assigned twice in one group is there once (FLOW-1)."""
    order, first = floor.assign()
    assert isinstance(first.data, c.InstructionAccept)
    again = floor.instruct("order.assign", first.data.body)
    outcomes = floor.run(first, again)
    assert "code" not in outcomes[0].answer.facts
    assert outcomes[1].answer.facts["code"] == "already_assigned"
    stored = floor.store.begin().doc(Order, order)
    floor.store.rollback()
    assert isinstance(stored, Order)


def test_a_repeat_within_a_group_has_one_effect(floor: Floor, store: SqliteStore) -> None:
    """The same command twice in a group is carried out once and answered twice (PICK-5)."""
    _, command = floor.assign()
    first, second = floor.run(command, command)
    assert (first.repeated, second.repeated) == (False, True)
    assert first.answer == second.answer
    assert causes(store).count(command.id) == 1


def test_a_repeat_after_a_restart_has_one_effect(floor: Floor, store: SqliteStore) -> None:
    """A command that comes again after a restart gets its first answer, even a no (PICK-5)."""
    scan = floor.by(0, c.PickScan("no-such-task", 1, "x"))
    first = floor.run(scan)[0]
    entries = len(raw_entries(store))
    floor.open()
    again = floor.run(scan)[0]
    assert (first.answer.code, again.answer, again.repeated) == ("unknown_task", first.answer, True)
    assert len(raw_entries(store)) == entries


def test_a_reused_id_is_refused(floor: Floor, store: SqliteStore) -> None:
    """Another command under a known id changes nothing, in its group and later (PICK-5)."""
    first = floor.by(0, c.TaskTake(("task-1",)))
    fields: dict[str, Any] = {name: getattr(first, name) for name in first.__struct_fields__}
    other = Command(**(fields | {"data": c.TaskTake(("task-2",))}))
    in_group = floor.run(first, other)
    entries = len(raw_entries(store))
    later = floor.run(other)
    assert [outcome.answer.code for outcome in in_group + later] == [
        "unknown_task",
        "id_reused",
        "id_reused",
    ]
    assert len(raw_entries(store)) == entries


@pytest.mark.parametrize("error", [AssertionError("broken"), KeyError("x"), RecursionError()])
def test_a_broken_invariant_aborts_its_command_alone(
    floor: Floor, store: SqliteStore, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A fault in deciding one command leaves no trace of it; the rest of the group goes on."""
    commands = [floor.assign()[1], floor.by(0, c.TaskTake(("task-1",))), floor.assign()[1]]

    def fault(command: Command) -> None:
        if command is commands[1]:
            raise error

    monkeypatch.setattr(edge.store.writer, "decide", faulty(fault))
    outcomes = floor.run(*commands)
    assert [outcome.answer.code for outcome in outcomes] == ["", "internal", ""]
    assert causes(store)[-2:] == [commands[0].id, commands[2].id]
    assert store.answers([commands[1].id]).get(commands[1].id) is None
    assert chain_of(store) == []


def test_an_entry_that_cannot_be_written_aborts_its_command_alone(
    floor: Floor, store: SqliteStore
) -> None:
    """An entry too large for the link is refused before it is chained; the group goes on."""
    huge = floor.command(c.StatusSet("SO-1", "x" * 300_000), "cli")
    outcomes = floor.run(floor.assign()[1], huge, floor.assign()[1])
    assert [outcome.answer.code for outcome in outcomes] == ["", "internal", ""]
    assert huge.id not in causes(store)
    assert chain_of(store) == []


def test_an_answer_without_a_view_is_still_an_answer(floor: Floor, store: SqliteStore) -> None:
    """A fault in drawing the view of one answer costs that view and nothing else."""

    def broken(_: World, facts: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError(facts)

    floor.writer._render = broken
    outcome = floor.run(floor.assign()[1])[0]
    assert (outcome.answer.ok, outcome.views, chain_of(store)) == (True, {}, [])


@pytest.mark.parametrize("where", ["append", "commit"])
def test_a_failed_commit_leaves_everything_as_it_was(
    floor: Floor, store: SqliteStore, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """After a failure head, cache and file stand where they stood; the same group then works."""
    order, assigned = floor.assign()
    floor.run(assigned)
    head, entries = floor.writer.head, len(raw_entries(store))
    found = store.doc(Order, order)
    assert isinstance(found, Order)
    commands = [
        floor.by(0, c.TaskTake((found.task,))),
        floor.by(0, c.ToteBind(found.task, order, "T-1")),
    ]
    append = SqliteStore.append

    def fail(*args: Batch) -> None:
        if where == "append":
            append(store, *args)
        raise OSError("the disk is gone")

    monkeypatch.setattr(store, where, fail)
    with pytest.raises(OSError, match="the disk is gone"):
        floor.run(*commands)
    monkeypatch.undo()
    assert (floor.writer.head, store.head(), len(raw_entries(store))) == (head, head, entries)
    assert (store.doc(Order, order), store.answers([commands[0].id]).get(commands[0].id)) == (
        found,
        None,
    )
    outcomes = floor.run(*commands)
    assert [(outcome.answer.ok, outcome.repeated) for outcome in outcomes] == [(True, False)] * 2
    assert chain_of(store) == []


def test_the_head_is_signed_every_thousand_entries_and_every_minute(
    floor: Floor, store: SqliteStore
) -> None:
    """Checkpoints come by count and by age, and not without something new to sign (AUD-1)."""
    signed = "SELECT count(*) FROM checkpoint"
    count = store.connection.execute(signed).fetchone()[0]
    floor.clock.us += 60_000_000
    floor.run()
    assert store.connection.execute(signed).fetchone()[0] == count + 1
    floor.clock.us += 60_000_000
    floor.run()
    assert store.connection.execute(signed).fetchone()[0] == count + 1
    floor.run(*(floor.by(0, c.TaskTake((f"task-{n}",))) for n in range(1_000)))
    assert store.connection.execute(signed).fetchone()[0] == count + 2


def test_the_head_is_signed_every_minute_by_a_wall_clock_that_was_set_back(
    floor: Floor, store: SqliteStore
) -> None:
    """A minute is one of the boot clock: a day's jump back holds no checkpoint up (AUD-1)."""
    signed = "SELECT count(*) FROM checkpoint"
    count = store.connection.execute(signed).fetchone()[0]
    floor.clock.set_back_us = 86_400_000_000
    floor.clock.us += 60_000_000
    floor.run(floor.by(0, c.TaskTake(("task-1",))))
    assert store.connection.execute(signed).fetchone()[0] == count + 1


def test_the_cache_is_bounded(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer forgets what it has cached when that is too much, and still answers right."""
    monkeypatch.setattr(edge.store.writer, "CACHED_DOCS_MAX", 20)
    for _, (_, outcomes) in zip(range(60), floor.morning(Random(3)), strict=False):
        codes = {outcome.answer.code for outcome in outcomes}
        assert codes <= {"", "wrong_item"}
        assert len(floor.writer._cache) <= 20 + 60


def test_the_same_seed_gives_the_same_journal(tmp_path: Path) -> None:
    """Time and ids given, a morning is decided the same way every time."""
    journals = []
    for run in range(2):
        store = SqliteStore(tmp_path / f"{run}.db")
        floor = Floor(store).found()
        for _ in zip(range(30), floor.morning(Random(5)), strict=False):
            pass
        journals.append(raw_entries(store))
        store.close()
    assert journals[0] == journals[1]
