"""A box and its hub over faulty, cut and hostile links."""

import asyncio
import contextlib
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sync import codec, keys
from sync.chain import Checkpoint, Entry, encode_entry, is_countersigned, sign_checkpoint
from sync.errors import LinkLostError
from sync.hub.requests import HubError
from sync.keys import public_key
from sync.messages import (
    Ack,
    Challenge,
    Hello,
    Instruction,
    Instructions,
    Reject,
    Welcome,
    sign_instruction,
    welcome_bytes,
)
from sync.transports.memory import Faults, memory_pair

OTHER_KEY = bytes(range(64, 96))


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_everything_arrives_once_and_in_order(kit: Any, seed: int) -> None:
    """Whatever is lost, doubled, overtaken or cut: all of it, once, in order (SYNC-1)."""

    async def work() -> None:
        random = Random(seed)
        world, journal = kit.World(":memory:", seed), kit.Journal()
        shares = [random.choice([0, 0.05, 0.2]) for _ in range(2)]
        cut = random.choice([0, 0.02, 0.1])
        world.faults = Faults(*shares, delay_s_max=random.choice([0, 0.5]), cut=cut)
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


def test_first_contact_pins_both_keys_and_spends_the_token(kit: Any) -> None:
    """After the first contact only the pinned keys count, on both sides (SEC-4)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        agent = world.agent(journal)
        running = world.spawn(agent.run())
        await kit.until(lambda: agent.state.up)
        hub_key = public_key(kit.HUB_KEY)
        assert journal.pins == [hub_key]
        assert world.store.box("box-1").public_key == public_key(kit.BOX_KEY)
        running.cancel()
        again = world.agent(journal, token=None, hub_key=hub_key)
        world.spawn(again.run())
        await kit.until(lambda: again.state.up)
        assert world.store.box("box-1").token is None
        await world.stop()

    kit.run(work())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "guess"}, "bad_token"),
        ({"token": None}, "no_token"),
        ({"hub_key": public_key(OTHER_KEY)}, "hub_key"),
        ({"hub_key": public_key(bytes(range(32, 64)))}, "wrong_key"),
    ],
)
def test_first_contact_without_proof_is_refused(
    kit: Any, changes: dict[str, Any], code: str
) -> None:
    """A wrong token, none, a wrong hub, and a box that was never enrolled (SEC-4)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        agent = world.agent(journal, **changes)
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.last_error != "")
        assert (agent.state.last_error, agent.state.up) == (code, False)
        assert journal.pins == []
        assert world.store.box("box-1").public_key is None
        await world.stop()

    kit.run(work())


def test_second_machine_cannot_use_a_spent_token(kit: Any) -> None:
    """A token works for one key; a new token lets a replacement in (SEC-4, SYNC-5)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        first = world.agent(journal)
        running = world.spawn(first.run())
        await kit.until(lambda: first.state.up)
        running.cancel()
        thief = world.agent(kit.Journal(), private_key=OTHER_KEY)
        running = world.spawn(thief.run())
        await kit.until(lambda: thief.state.last_error == "token_spent")
        running.cancel()
        await world.hub.enrol("box-1", "token-2")
        replacement = {"private_key": OTHER_KEY, "token": "token-2"}
        new = world.agent(kit.Journal(epoch=2), **replacement)
        world.spawn(new.run())
        await kit.until(lambda: new.state.up)
        assert world.store.box("box-1").public_key == public_key(OTHER_KEY)
        await world.stop()

    kit.run(work())


def test_lost_welcome_can_be_asked_for_again(kit: Any) -> None:
    """A box that lost the first welcome enrols by the same token and key again (SEC-4)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        world.faults = Faults(drop=0.5)
        agent = world.agent(journal)
        world.spawn(agent.run())
        await kit.until(lambda: world.store.box("box-1").public_key is not None, 3000)
        await kit.until(lambda: agent.state.up, 3000)
        assert set(journal.pins) == {public_key(kit.HUB_KEY)}
        await world.stop()

    kit.run(work())


def test_box_unknown_to_the_hub_is_refused(kit: Any) -> None:
    """A box that the hub has not enrolled gets a clear reason (SEC-4)."""

    async def work() -> None:
        world = kit.World(":memory:")
        agent = world.agent(kit.Journal())
        world.spawn(agent.run())
        await kit.until(lambda: agent.state.last_error == "unknown_box")
        assert agent.state.last_hint == "enrol it at the hub"
        await world.stop()

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


def test_stranger_on_the_line_cannot_accuse_a_box(kit: Any) -> None:
    """Entries put into a box's link by another are refused, and raise no fork (SEC-4)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        await world.hub.enrol("box-1", "token-1")
        links: list[Any] = []

        async def connect() -> Any:
            links.append(await world.connect())
            return links[-1]

        agent = world.agent(journal, connect=connect)
        world.spawn(agent.run())
        journal.add()
        await kit.until(lambda: agent.state.up_cursor == 1)
        false = codec.encode_batch(1, 0, journal.hashes[0], [kit.entry(1, "order.moved")])
        await links[-1].send(codec.encode_frame(false))
        await kit.until(lambda: agent.state.last_error == "bad_signature")
        journal.add()
        await kit.until(lambda: agent.state.up_cursor == 2)
        assert world.stored() == journal.raws
        assert (await world.hub.box("box-1")).record.quarantine is None
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
        journal.add("instruction.set_aside", cause=freeze["id"], refs=refs)
        await kit.until(lambda: len(world.stored()) == 3)
        assert world.store.floor("box-1") == {"o-1": "ready"}
        told = world.store.told(order_id="o-1")
        answers = [(one.outcome, one.answer_seq) for one in told]
        assert answers == [("applied", 1), ("set_aside", 3)]
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


class FalseHub:
    """A hub that does the handshake right and then sends what the test says."""

    def __init__(self, kit: Any, *frames: bytes) -> None:
        self.kit = kit
        self.frames = frames
        self.random = Random(1)
        self.tasks: set[asyncio.Task[None]] = set()

    async def connect(self) -> Any:
        ours, theirs = memory_pair(self.random)
        task = asyncio.ensure_future(self.speak(theirs))
        self.tasks.add(task)
        return ours

    async def speak(self, link: Any) -> None:
        key = public_key(self.kit.HUB_KEY)
        challenge = Challenge(1, bytes(32), key)
        await link.send(codec.encode_frame(challenge))
        hello = codec.decode_frame(await link.receive())
        assert isinstance(hello, Hello)
        welcome = Welcome(1, hello.epoch, 0)
        proof = welcome_bytes(challenge, hello, welcome)
        signature = keys.sign(self.kit.HUB_KEY, proof)
        await link.send(codec.encode_frame(replace(welcome, signature=signature)))
        for frame in self.frames:
            await link.send(frame)
        await asyncio.sleep(10_000)


def instructions(key: bytes, box: str = "box-1", dseq: int = 1) -> bytes:
    made = Instruction(1, box, dseq, f"id-{dseq}", "message.show", 5, {})
    return codec.encode_frame(Instructions(dseq, (sign_instruction(made, key),)))


HUB = bytes(range(32, 64))


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([b"\xc1garbage"], "malformed"),
        ([codec.encode_frame(Ack(1, 1))[:-3]], "malformed"),
        ([codec.encode_frame(Ack(1, 99))], "malformed"),
        ([b"\x91" * 100_000], "malformed"),
        ([instructions(OTHER_KEY)], "forged"),
        ([instructions(HUB, box="box-2")], "wrong_box"),
        ([codec.encode_frame(Reject("stopping"))], "stopping"),
    ],
)
def test_hostile_hub_changes_nothing(kit: Any, frames: list[bytes], code: str) -> None:
    """Garbage, a cut frame, a false ack, a forgery: a clear error, nothing taken (SEC-4)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        journal.add()
        hub = FalseHub(kit, *frames)
        hub_key = public_key(kit.HUB_KEY)
        agent = world.agent(journal, connect=hub.connect, hub_key=hub_key)
        running = world.spawn(agent.run())
        await kit.until(lambda: agent.state.last_error != "")
        assert (agent.state.last_error, agent.state.up_cursor) == (code, 0)
        assert journal.delivered == []
        running.cancel()
        for task in hub.tasks:
            task.cancel()
        await world.stop()

    kit.run(work())


def test_repeating_hub_is_heard_once(kit: Any) -> None:
    """A hub that repeats and jumps is heard once for each number, in order (SYNC-1)."""

    async def work() -> None:
        world, journal = kit.World(":memory:"), kit.Journal()
        one, two, three = (instructions(HUB, dseq=n) for n in (1, 2, 3))
        hub = FalseHub(kit, one, one, three, two, one, two, three)
        hub_key = public_key(kit.HUB_KEY)
        agent = world.agent(journal, connect=hub.connect, hub_key=hub_key)
        running = world.spawn(agent.run())
        await kit.until(lambda: len(journal.delivered) == 3)
        assert [told.dseq for told in journal.delivered] == [1, 2, 3]
        running.cancel()
        for task in hub.tasks:
            task.cancel()
        await world.stop()

    kit.run(work())


@settings(max_examples=40, deadline=None)
@given(junk=st.lists(st.binary(max_size=60), min_size=1, max_size=3))
def test_hub_survives_any_bytes(kit: Any, junk: list[bytes]) -> None:
    """Whatever a stranger sends, the hub ends that link and nothing else (SEC-4)."""

    async def work() -> None:
        world = kit.World(":memory:")
        ours, theirs = memory_pair(Random(1))
        serving = world.spawn(world.hub.serve(theirs))
        with contextlib.suppress(LinkLostError):
            for raw in junk:
                await ours.send(raw)
        await serving
        assert serving.exception() is None

    kit.run(work())


class Damaging:
    """A link that flips one bit in some of the frames that it carries."""

    def __init__(self, link: Any, random: Random, share: float) -> None:
        self.link = link
        self.random = random
        self.share = share
        self.close = link.close

    async def send(self, frame: bytes) -> None:
        await self.link.send(self.damaged(frame))

    async def receive(self) -> bytes:
        return self.damaged(await self.link.receive())

    def damaged(self, frame: bytes) -> bytes:
        if self.random.random() >= self.share:
            return frame
        raw = bytearray(frame)
        bit = self.random.randrange(len(raw) * 8)
        raw[bit // 8] ^= 1 << bit % 8
        return bytes(raw)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_damaged_frames_do_no_harm(kit: Any, seed: int) -> None:
    """Bits that flip on the way never reach the store, and stop nothing for long (SYNC-1)."""

    async def work() -> None:
        world, journal, random = kit.World(":memory:", seed), kit.Journal(), Random(seed)
        await world.hub.enrol("box-1", "token-1")
        share = 0.2

        async def connect() -> Any:
            return Damaging(await world.connect(), random, share)

        agent = world.agent(journal, connect=connect)
        running = world.spawn(agent.run())
        for n in range(20):
            journal.add()
            await world.hub.instruct("box-1", "message.show", {"n": n})
            await asyncio.sleep(1)
        share = 0.0
        running.cancel()  # a false ack that stayed within bounds lasts as long as its link
        agent = world.agent(journal, hub_key=journal.pins[0] if journal.pins else None)
        world.spawn(agent.run())
        await kit.until(lambda: len(world.stored()) == 20, 3000)
        await kit.until(lambda: len(journal.delivered) == 20, 3000)
        assert world.stored() == journal.raws
        assert [one.dseq for one in journal.delivered] == list(range(1, 21))
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
