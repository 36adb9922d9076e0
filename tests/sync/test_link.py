"""A box and its hub over lossy links, restarts, forks and what neither can read."""

import asyncio
import sqlite3
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.api import BoxIdentity, HubCopy
from sync.chain import Checkpoint, Entry, encode_entry, is_countersigned, sign_checkpoint
from sync.hub.app import told_of
from sync.hub.requests import HubError
from sync.keys import public_key
from sync.rebuild import ANSWER_S
from sync.transports.memory import Faults


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_everything_arrives_once_and_in_order(kit: Any, seed: int) -> None:
    """Whatever is lost, doubled, overtaken or cut: all of it, once, in order (SYNC-1)."""

    async def work() -> None:
        random = Random(seed)
        world, journal = kit.World(":memory:", seed), kit.Journal()
        drop, duplicate = (random.choice([0, 0.05, 0.2]) for _ in range(2))
        cut, delay_s_max = random.choice([0, 0.02, 0.1]), random.choice([0, 0.5])
        world.faults = Faults(drop, duplicate, delay_s_max=delay_s_max, cut=cut)
        await world.hub.enrol("box-1", "token-1")
        agent = world.agent(journal)
        world.spawn(agent.run())
        sent = []
        for step in range(40):
            for _ in range(random.randrange(4)):
                journal.add()
            if step % 3 == 0:
                told = await world.hub.instruct("box-1", "message.show", {"n": step})
                sent.append(told["id"])
            await asyncio.sleep(random.random())
        await kit.until(lambda: len(world.stored()) == len(journal.raws), 3000)
        await kit.until(lambda: len(journal.delivered) == len(sent), 3000)
        assert world.stored() == journal.raws
        assert [one.id for one in journal.delivered] == sent
        assert [one.dseq for one in journal.delivered] == list(range(1, len(sent) + 1))
        await world.stop()

    kit.run(work())


def test_long_backlog_drains_in_batches(kit: Any) -> None:
    """What piled up during an outage goes up in order, and the lag is told (SYNC-1)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        for _ in range(3500):
            journal.add()
        await world.hub.enrol("box-1", "token-1")
        world.is_reachable = False
        agent = world.agent(journal)
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.last_error == "link_lost")
        assert (agent.state.up, agent.state.lag_entries) == (False, 3500)
        world.is_reachable = True
        await kit.until(lambda: agent.state.lag_entries == 0)
        assert world.stored() == journal.raws
        assert (agent.state.up, agent.state.up_cursor) == (True, 3500)
        await world.stop()

    kit.run(work())


def test_a_person_need_not_wait_for_the_next_try(kit: Any) -> None:
    """However long the hub was away: asked to hurry, the box tries it at once (OPS-3)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        world.is_reachable = False
        agent = world.agent(journal)
        world.spawn(agent.run())
        await asyncio.sleep(3_600)
        world.is_reachable = True
        agent.hurry()
        await kit.until(lambda: agent.state.up, within_s=0.5)
        await world.stop()

    kit.run(work())


def test_a_fault_of_the_boxs_own_is_shown(kit: Any) -> None:
    """A journal that cannot be read is no link that seems to be up; a new run goes on."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        agent, read = world.agent(journal), journal.read

        async def broken(*_: int) -> Any:
            raise LookupError("no such page")

        journal.read = broken
        journal.add()
        with pytest.raises(LookupError):
            await agent.run()
        assert (agent.state.up, agent.state.last_error) == (False, "sync_error")
        journal.read = read
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.up and agent.state.lag_entries == 0)
        assert world.stored() == journal.raws
        await world.stop()

    kit.run(work())


def test_hub_restart_in_the_middle_resumes(kit: Any, tmp_path: Path) -> None:
    """A hub that is killed and started again goes on behind its own cursor (SYNC-1)."""

    async def work() -> None:
        world, journal = kit.World(tmp_path / "hub.sqlite3"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        agent = world.agent(journal)
        running = world.spawn(agent.run())
        for round_no in range(3):
            for _ in range(50):
                journal.add()
            await world.hub.instruct("box-1", "message.show", {"n": round_no})
            await kit.until(lambda: len(world.stored()) > 0)
            for task in world.tasks - {running}:
                task.cancel()
            world.store.close()
            world.store = type(world.store)(world.path)
            world.start_hub()
        await kit.until(lambda: agent.state.lag_entries == 0 and agent.state.up)
        await kit.until(lambda: len(journal.delivered) == 3)
        assert world.stored() == journal.raws
        await world.stop()
        world.store.close()

    kit.run(work())


def test_fork_closes_the_uplink_but_not_the_way_down(kit: Any) -> None:
    """Another entry under a known number is quarantined and visible (SYNC-5, AUD-1)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        for _ in range(5):
            journal.add()
        agent = world.agent(journal)
        running = world.spawn(agent.run())
        await kit.until(lambda: len(world.stored()) == 5)
        running.cancel()
        clone = kit.Journal()
        for _ in range(7):
            clone.add("order.moved")
        agent = world.agent(clone)
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.is_quarantined)
        view = await world.hub.box("box-1")
        assert b'"code":"fork"' in view.record.quarantine
        assert world.stored() == journal.raws
        await world.hub.instruct("box-1", "message.show", {})
        await kit.until(lambda: len(clone.delivered) == 1)
        await world.stop()
        later = kit.Journal(epoch=2)
        later.add()
        agent = world.agent(later, token=None, hub_key=public_key(kit.HUB_KEY))
        world.spawn(agent.run())
        await kit.until(lambda: len(world.stored(epoch=2)) == 1)
        assert world.stored() == journal.raws
        await world.stop()

    kit.run(work())


def test_newer_link_of_a_box_ends_the_older(kit: Any) -> None:
    """Two machines with one key do not both stay linked, and both are told (SYNC-5)."""

    async def work() -> None:
        world = kit.World(":memory:")
        await world.hub.enrol("box-1", "token-1")
        first = world.agent(kit.Journal())
        world.spawn(first.run())
        await kit.until(lambda: first.state.up)
        second = world.agent(kit.Journal())
        world.spawn(second.run())
        await kit.until(lambda: first.state.last_error == "superseded")
        assert second.state.up
        await world.stop()

    kit.run(work())


def test_restored_box_is_told_to_begin_a_new_epoch(kit: Any) -> None:
    """A box behind its own hub in the same epoch was restored, and is told so (SYNC-5)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        for _ in range(5):
            journal.add()
        agent = world.agent(journal)
        running = world.spawn(agent.run())
        await kit.until(lambda: len(world.stored()) == 5)
        running.cancel()
        restored = kit.Journal()
        restored.add()
        agent = world.agent(restored)
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.last_error == "epoch_behind")
        assert "new epoch" in agent.state.last_hint
        await world.stop()

    kit.run(work())


def test_a_hub_that_lost_instructions_says_so(kit: Any) -> None:
    """A hub from an older copy serves a box that is as old, or built again, at once: SYNC-1."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        agent = world.agent(journal)
        running = world.spawn(agent.run())
        for n in range(4):
            await world.hub.instruct("box-1", "message.show", {"n": n})
        await kit.until(lambda: len(journal.delivered) == 4)
        running.cancel()
        world.store._db.execute("DELETE FROM instruction WHERE dseq > 2")
        world.store._db.execute("UPDATE box SET dseq = 2, sent_dseq = 2, got_dseq = 2")
        running = world.spawn(world.agent(journal).run())
        await kit.until(lambda: world.store.box("box-1").got_dseq == 4)
        await world.hub.instruct("box-1", "message.show", {"n": 5})
        await kit.until(lambda: len(journal.delivered) == 5)
        running.cancel()
        began_s = asyncio.get_running_loop().time()
        restored = kit.Journal(epoch=2)
        world.spawn(world.agent(restored).run())
        await kit.until(lambda: len(restored.delivered) == 5)
        kinds = [(each.dseq, each.kind) for each in restored.delivered]
        shown, lost = "message.show", "lost"
        assert kinds == list(enumerate((shown, shown, lost, lost, shown), 1))
        identity = BoxIdentity("box-1", "Box one", 0, kit.BOX_KEY, hub_key=world.hub.public_key)
        copy = await HubCopy.open(world.connect, identity, kit.Clock(), world.random, after_dseq=0)
        assert [(each.dseq, each.kind) async for each in copy.instructions(5)] == kinds
        assert asyncio.get_running_loop().time() - began_s < ANSWER_S, "waited"
        await copy.close()
        await world.stop()

    kit.run(work())


def test_a_restored_hub_gives_no_number_twice(kit: Any, tmp_path: Path) -> None:
    """What it is told before the box's first hello comes behind what the box has (SYNC-1)."""

    async def work() -> None:
        world, journal = kit.World(tmp_path / "hub.db"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        running = world.spawn(world.agent(journal).run())
        for n in range(1, 6):
            await world.hub.instruct("box-1", "message.show", {"n": n})
            await kit.until(lambda: len(journal.delivered) == n)  # noqa: B023 - awaited here
            if n == 3:
                with sqlite3.connect(tmp_path / "older.db") as older:
                    world.store._db.backup(older)
        running.cancel()
        restored = kit.World(tmp_path / "older.db", seed=2)
        told = [await restored.hub.instruct("box-1", "message.show", {"n": n}) for n in (6, 7, 8)]
        identity = BoxIdentity("box-1", "Box one", 0, kit.BOX_KEY, hub_key=world.hub.public_key)
        copy = await HubCopy.open(restored.connect, identity, kit.Clock(), restored.random, 0)
        assert [each.body["n"] async for each in copy.instructions(3)] == [1, 2, 3]
        await copy.close()
        restored.spawn(restored.agent(journal, hub_key=world.hub.public_key).run())
        await kit.until(lambda: len(journal.delivered) == 8)
        await restored.hub.instruct("box-1", "message.show", {"n": 9})
        await kit.until(lambda: len(journal.delivered) == 9)
        numbered = [(each.dseq, each.body["n"]) for each in journal.delivered]
        assert numbered == [(n, n) for n in range(1, 10)]
        assert [each.id for each in journal.delivered[5:8]] == [each["id"] for each in told]
        rows = restored.store.told(box="box-1")
        assert [row.dseq for row in rows] == [1, 2, 3, 6, 7, 8, 9]
        await world.stop()
        await restored.stop()

    kit.run(work())


def test_poison_entry_blocks_nothing(kit: Any) -> None:
    """What the hub cannot read is kept as it is, and what follows goes on (SYNC-2)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        journal.add("kind.of.the.future", data={"to": [1, {"x": None}]})
        journal.add_raw(b"\xc1 not even MessagePack")
        journal.add_raw(kit.entry(3, box="box-9"))
        journal.add("order.moved", data={"order": 7, "to": []})
        agent = world.agent(journal)
        world.spawn(agent.run())
        await kit.until(lambda: len(world.stored()) == 4)
        assert world.stored() == journal.raws
        parked = [row["parked"] for row in world.store._db.execute("SELECT parked FROM entry")]
        assert parked == [None, "unreadable", "misplaced", None]
        await world.stop()

    kit.run(work())


def test_answer_and_floor_state_are_seen_at_the_hub(kit: Any) -> None:
    """The hub knows each instruction's answer and each order's floor state (SYNC-3)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        await world.hub.assign([{"order_id": "o-1", "lines": [{}]}])
        freeze = await world.hub.change("o-1", "cancel", {"reason": "changed mind"})
        agent = world.agent(journal)
        world.spawn(agent.run())
        await kit.until(lambda: len(journal.delivered) == 2)
        assign = journal.delivered[0]
        refs = ("order:o-1",)
        journal.add("order.assigned", cause=assign.id, refs=refs, data={"order_id": "o-1"})
        await kit.until(lambda: len(world.stored()) == 1)
        assert world.store.floor("box-1") == {"o-1": "received"}
        moved = {"order": "o-1", "from": "received", "to": "ready", "action": "accept"}
        journal.add("order.moved", cause=assign.id, refs=refs, data=moved)
        why = {"code": "unknown_order", "facts": {"order": "o-1"}}
        journal.add("instruction.set_aside", cause=freeze["id"], refs=refs, data=why)
        await kit.until(lambda: len(world.stored()) == 3)
        assert world.store.floor("box-1") == {"o-1": "ready"}
        told = world.store.told(order_id="o-1")
        answers = [(one.outcome, one.answer_seq) for one in told]
        assert answers == [("applied", 1), ("set_aside", 3)]
        aside = told_of(world.store, box="box-1", outcome="set_aside")
        assert [each["why"] for each in aside] == [why]
        assert [each["why"] for each in told_of(world.store, order_id="o-1")] == [None, why]
        assert journal.delivered[1].body["countdown_s"] == 15
        with pytest.raises(HubError, match="order_unknown"):
            await world.hub.change("o-2", "cancel", {})
        await world.stop()

    kit.run(work())


def test_checkpoint_is_countersigned(kit: Any) -> None:
    """The hub countersigns the head that it holds (AUD-1)."""

    async def work() -> None:
        world, journal, got = kit.World(":memory:"), kit.Journal(), []
        await world.hub.enrol("box-1", "token-1")
        agent = world.agent(journal, on_countersign=lambda c, s: got.append((c, s)))
        world.spawn(agent.run())
        journal.add()
        checkpoint = Checkpoint("box-1", 1, 1, journal.hashes[1], kit.START_US)
        agent.checkpoint(checkpoint, sign_checkpoint(checkpoint, kit.BOX_KEY))
        await kit.until(lambda: got != [])
        assert got[0][0] == checkpoint
        assert is_countersigned(checkpoint, got[0][1], public_key(kit.HUB_KEY))
        await world.stop()

    kit.run(work())


def test_checkpoint_of_another_chain_is_a_fork(kit: Any) -> None:
    """A signed head that the hub's chain does not have closes the uplink (AUD-1)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        agent = world.agent(journal)
        world.spawn(agent.run())
        journal.add()
        checkpoint = Checkpoint("box-1", 1, 1, bytes(32), kit.START_US)
        agent.checkpoint(checkpoint, sign_checkpoint(checkpoint, kit.BOX_KEY))
        await kit.until(lambda: agent.state.is_quarantined)
        await world.stop()

    kit.run(work())


def test_skew_of_the_clocks_is_measured(kit: Any) -> None:
    """A box whose clock is an hour fast knows it, and so does its hub (SYNC-4)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        agent = world.agent(journal, clock=kit.Clock(skew_us=3_600_000_000))
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.skew_us is not None)
        assert round(agent.state.skew_us / 1e6) == -3600
        assert round((await world.hub.box("box-1")).skew_us / 1e6) == 3600
        await world.stop()

    kit.run(work())


def test_entry_keeps_its_bytes_all_the_way(kit: Any) -> None:
    """The bytes that the box hashed are the bytes that the hub keeps (AUD-1)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        entry = Entry(*(1, "box-1", 1, 1, 5, 5, "k", "s", ()), "a", "d", "v", "c", "r", {"中": 1})
        journal.add_raw(encode_entry(entry))
        agent = world.agent(journal)
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.up_cursor == 1)
        assert world.store.hash_at("box-1", 1, 1) == journal.hashes[1]
        await world.stop()

    kit.run(work())
