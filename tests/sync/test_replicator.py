"""The box's side of the link, step by step, with the time told to it."""

from typing import Any

import pytest
from msgspec.structs import replace

from sync import keys
from sync.chain import Checkpoint, countersign, sign_checkpoint
from sync.errors import ForgedError, LinkLostError, MalformedError, RejectedError
from sync.messages import (
    Ack,
    Challenge,
    CheckpointFrame,
    Countersign,
    Entries,
    Frame,
    Got,
    Hello,
    Instruction,
    Instructions,
    Ping,
    Pong,
    SignedInstruction,
    Welcome,
    sign_instruction,
    welcome_bytes,
)
from sync.ports import BoxIdentity
from sync.replicator import (
    DELIVERIES_MAX,
    HANDSHAKE_S,
    PING_S,
    RESEND_S,
    SILENT_S,
    Countersigned,
    Deliver,
    Now,
    Output,
    Phase,
    Read,
    Replicator,
    Send,
    Up,
)

HUB, BOX = bytes(range(32, 64)), bytes(range(32))
HUB_KEY = keys.public_key(HUB)


def at(mono_s: float) -> Now:
    return Now(int(mono_s * 1e6), mono_s)


def sent(outputs: list[Output]) -> list[Frame]:
    return [output.frame for output in outputs if isinstance(output, Send)]


class Rig:
    """A replicator behind its handshake, and the journal that it reads."""

    def __init__(self, kit: Any, entries: int = 0, up_cursor: int = 0, down: int = 0) -> None:
        self.journal = kit.Journal()
        for _ in range(entries):
            self.journal.add()
        self.replicator = Replicator(
            BoxIdentity("box-1", "Box", 1, BOX, None, HUB_KEY),
            nonce=bytes(32),
            rules="r-1",
            head_seq=entries,
            down_cursor=down,
            now=at(0),
        )
        challenge = Challenge(1, bytes(32), HUB_KEY)
        (hello,) = sent(self.replicator.receive(challenge, at(0)))
        assert isinstance(hello, Hello)
        welcome = Welcome(1, 1, up_cursor)
        signature = keys.sign(HUB, welcome_bytes(challenge, hello, welcome))
        self.first = self.replicator.receive(replace(welcome, signature=signature), at(0))

    def read(self, outputs: list[Output], mono_s: float = 0) -> list[Entries]:
        """Perform reads until there are none; return the batches sent."""
        batches = []
        while outputs:
            output, *outputs = outputs
            if isinstance(output, Read):
                after = output.after_seq
                raws = self.journal.raws[after : after + output.n]
                previous = self.journal.hashes[after]
                outputs += self.replicator.entries_read(after, previous, raws, at(mono_s))
            elif isinstance(output, Send) and isinstance(output.frame, Entries):
                batches.append(output.frame)
        return batches


def told(first_dseq: int, n: int = 1, key: bytes = HUB) -> Instructions:
    made = [
        Instruction(1, "box-1", dseq, f"i-{dseq}", "message.show", 5, {})
        for dseq in range(first_dseq, first_dseq + n)
    ]
    return Instructions(first_dseq, tuple(sign_instruction(one, key) for one in made))


def test_link_begins_with_up_and_a_ping(kit: Any) -> None:
    """After the welcome the link is up, and the clocks are compared at once (SYNC-4)."""
    rig = Rig(kit)
    assert Up() in rig.first
    assert sent(rig.first) == [Ping(0)]
    rig.replicator.receive(Pong(0, 7_000_000), at(2))
    assert rig.replicator.skew_us == 6_000_000


def test_handshake_that_never_comes_ends_the_link() -> None:
    """A hub that says nothing is given up after HANDSHAKE_S (SYNC-1)."""
    identity = BoxIdentity("box-1", "Box", 1, BOX, None, HUB_KEY)
    replicator = Replicator(
        identity, nonce=bytes(32), rules="", head_seq=0, down_cursor=0, now=at(0)
    )
    assert replicator.wake_s == HANDSHAKE_S
    assert replicator.tick(at(HANDSHAKE_S - 1)) == []
    with pytest.raises(LinkLostError):
        replicator.tick(at(HANDSHAKE_S))
    assert replicator.phase is Phase.ENDED


def test_old_hub_is_refused() -> None:
    """A protocol version below the least is refused with what to do (SYNC-1)."""
    identity = BoxIdentity("box-1", "Box", 1, BOX, None, HUB_KEY)
    replicator = Replicator(
        identity, nonce=bytes(32), rules="", head_seq=0, down_cursor=0, now=at(0)
    )
    with pytest.raises(RejectedError, match="version"):
        replicator.receive(Challenge(0, bytes(32), HUB_KEY), at(0))


def test_only_a_window_of_entries_is_on_the_way(kit: Any) -> None:
    """At most two batches wait for their ack, and an ack makes room for the next (SYNC-1)."""
    rig = Rig(kit, entries=3500)
    batches = rig.read(rig.first)
    assert [(one.first_seq, one.n) for one in batches] == [(1, 1000), (1001, 1000)]
    batches = rig.read(rig.replicator.receive(Ack(1, 1000), at(1)))
    assert [(one.first_seq, one.n) for one in batches] == [(2001, 1000)]
    assert rig.replicator.lag == 2500


def test_unacknowledged_entries_are_sent_again(kit: Any) -> None:
    """Without an ack for RESEND_S everything behind the cursor goes again (SYNC-1)."""
    rig = Rig(kit, entries=5)
    assert len(rig.read(rig.first)) == 1
    assert rig.replicator.wake_s == RESEND_S
    assert rig.read(rig.replicator.tick(at(RESEND_S - 0.1))) == []
    (again,) = rig.read(rig.replicator.tick(at(RESEND_S)), RESEND_S)
    assert (again.first_seq, again.n) == (1, 5)


def test_repeated_ack_rewinds_once(kit: Any) -> None:
    """A gap seen by the hub is filled at once; doubled acks make no storm (SYNC-1)."""
    rig = Rig(kit, entries=5)
    rig.read(rig.first)
    assert len(rig.read(rig.replicator.receive(Ack(1, 0), at(1)))) == 1
    assert rig.read(rig.replicator.receive(Ack(1, 0), at(1))) == []


def test_ack_of_what_is_not_there_is_malformed(kit: Any) -> None:
    """A hub cannot acknowledge entries that do not exist (SYNC-1)."""
    rig = Rig(kit, entries=2)
    with pytest.raises(MalformedError, match="acknowledges entry 3"):
        rig.replicator.receive(Ack(1, 3), at(1))
    assert rig.replicator.receive(Ack(9, 1), at(1)) == []


def test_instructions_are_delivered_in_order_and_once(kit: Any) -> None:
    """Repeats and gaps are answered by the cursor and not delivered (SYNC-1)."""
    rig = Rig(kit, down=4)
    assert sent(rig.replicator.receive(told(7), at(1))) == [Got(4)]
    delivered = rig.replicator.receive(told(4, 3), at(1))
    numbers = [one.instruction.dseq for one in delivered if isinstance(one, Deliver)]
    assert numbers == [5, 6]
    assert rig.replicator.accepted(5) == []
    assert sent(rig.replicator.accepted(6)) == [Got(6)]
    assert sent(rig.replicator.receive(told(5, 2), at(1))) == [Got(6)]


def test_genuine_rubbish_is_delivered_as_unreadable(kit: Any) -> None:
    """What the hub signed but nobody can read is handed over to be set aside (SYNC-2)."""
    rig = Rig(kit)
    signed = SignedInstruction(b"\xc1", keys.key_id(HUB_KEY), keys.sign(HUB, b"\xc1"))
    (output,) = rig.replicator.receive(Instructions(1, (signed,)), at(1))
    assert isinstance(output, Deliver)
    assert (output.instruction.kind, output.instruction.dseq) == ("unreadable", 1)
    assert output.instruction.body["bytes"] == b"\xc1"


def test_deliveries_are_bounded(kit: Any) -> None:
    """A hub that does not wait for answers is not followed without end (SEC-4)."""
    rig = Rig(kit)
    delivered = 0
    for first in range(1, 2 * DELIVERIES_MAX, 200):
        outputs = rig.replicator.receive(told(first, 200), at(1))
        delivered += sum(isinstance(one, Deliver) for one in outputs)
    assert delivered == DELIVERIES_MAX


def test_checkpoint_is_offered_once_its_entries_are_there(kit: Any) -> None:
    """A checkpoint waits for the ack of its entry, goes once, and again if unanswered (AUD-1)."""
    rig = Rig(kit, entries=3)
    rig.read(rig.first)
    checkpoint = Checkpoint("box-1", 1, 2, rig.journal.hashes[2], 5)
    signature = sign_checkpoint(checkpoint, BOX)
    assert rig.replicator.offer_checkpoint(checkpoint, signature) == []
    assert sent(rig.replicator.receive(Ack(1, 1), at(1))) == []
    frame = CheckpointFrame(1, 2, checkpoint.head, 5, signature)
    assert sent(rig.replicator.receive(Ack(1, 2), at(1))) == [frame]
    assert sent(rig.replicator.receive(Ack(1, 3), at(1))) == []
    assert frame in sent(rig.replicator.tick(at(PING_S)))
    answer = Countersign(1, 2, countersign(checkpoint, HUB))
    done = rig.replicator.receive(answer, at(PING_S))
    assert done == [Countersigned(checkpoint, answer.signature)]
    assert sent(rig.replicator.tick(at(2 * PING_S))) == [Ping(int(2 * PING_S * 1e6))]


def test_countersignature_by_a_stranger_is_forged(kit: Any) -> None:
    """Only the pinned hub can countersign (AUD-1, SEC-4)."""
    rig = Rig(kit, entries=1, up_cursor=1)
    checkpoint = Checkpoint("box-1", 1, 1, rig.journal.hashes[1], 5)
    rig.replicator.offer_checkpoint(checkpoint, sign_checkpoint(checkpoint, BOX))
    with pytest.raises(ForgedError):
        rig.replicator.receive(Countersign(1, 1, countersign(checkpoint, BOX)), at(1))


def test_silent_hub_is_pinged_then_given_up(kit: Any) -> None:
    """A half-open connection is noticed within SILENT_S (SYNC-1)."""
    rig = Rig(kit)
    assert sent(rig.replicator.tick(at(PING_S))) == [Ping(int(PING_S * 1e6))]
    with pytest.raises(LinkLostError, match="silent"):
        rig.replicator.tick(at(SILENT_S))
