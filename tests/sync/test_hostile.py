"""Peers and lines that repeat, forge, damage or send rubbish."""

import asyncio
import contextlib
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sync import codec, keys
from sync.errors import LinkLostError
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
from sync.transports.memory import memory_pair

OTHER_KEY = bytes(range(64, 96))


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
