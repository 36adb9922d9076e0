"""The box's side of one link as a state machine: frames in, outputs out. Pure.

    AWAIT_CHALLENGE ──challenge──► AWAIT_WELCOME ──welcome──► LIVE ──► ENDED
           │ send hello                  │ Pin, Up                │
           └── any fault: `SyncError` is raised, the link is ended and a new one begins ──┘

The driver (`sync.agent`) performs the outputs in order and reports back: `entries_read` after
`Read`, `accepted` after `Deliver`. Up: entries leave in order, at most `WINDOW_ENTRIES_MAX`
unacknowledged; an ack is cumulative; without progress for `RESEND_S` everything unacknowledged is
sent again. Down: an instruction is delivered when it is the next one; anything earlier is a
repeat, anything later a gap, and both are answered with the cumulative `got`, never delivered.
"""

from enum import Enum, auto
from typing import Final, NamedTuple, NoReturn

import msgspec

from sync import codec, keys
from sync.chain import Checkpoint, is_countersigned
from sync.errors import ForgedError, LinkLostError, MalformedError, RejectedError
from sync.messages import (
    BATCH_ENTRIES_MAX,
    INSTRUCTION_VERSION,
    PROTOCOL_VERSION,
    PROTOCOL_VERSION_MIN,
    Ack,
    Challenge,
    CheckpointFrame,
    Copy,
    Countersign,
    Fetch,
    Frame,
    Got,
    Hello,
    Instruction,
    Instructions,
    Ping,
    Pong,
    Reject,
    SignedInstruction,
    Welcome,
    entries_bytes,
    hello_bytes,
    verify_instruction,
    welcome_bytes,
)
from sync.ports import BoxIdentity

HANDSHAKE_S: Final = 10.0
RESEND_S: Final = 5.0
PING_S: Final = 20.0
SILENT_S: Final = 60.0
WINDOW_ENTRIES_MAX: Final = 2 * BATCH_ENTRIES_MAX
DELIVERIES_MAX: Final = 1024
"""Instructions handed over and not yet journalled; more are ignored and come again."""
GOT_EVERY: Final = 64
UNREADABLE: Final = "unreadable"
"""Kind of the stand-in for a genuine instruction that cannot be decoded; the box sets it aside."""


class Now(NamedTuple):
    """One moment, by both of the box's clocks."""

    wall_us: int
    mono_s: float


class Send(msgspec.Struct, frozen=True):
    """Send `frame`."""

    frame: Frame


class Read(msgspec.Struct, frozen=True):
    """Read up to `n` entries behind `after_seq` and report them to `entries_read`."""

    after_seq: int
    n: int


class Deliver(msgspec.Struct, frozen=True):
    """Journal `instruction`, then report to `accepted`; in the order given."""

    instruction: Instruction


class Pin(msgspec.Struct, frozen=True):
    """Keep `hub_key` durably, before any later output."""

    hub_key: bytes


class Up(msgspec.Struct, frozen=True):
    """Both sides have proved themselves; the link is in use."""


class Countersigned(msgspec.Struct, frozen=True):
    """The hub holds every entry up to `checkpoint` and signed that."""

    checkpoint: Checkpoint
    signature: bytes


class Copied(msgspec.Struct, frozen=True):
    """The hub gave what was fetched of its copy, and signed it."""

    copy: Copy


Output = Send | Read | Deliver | Pin | Up | Countersigned | Copied


class Phase(Enum):
    """Where a link stands."""

    AWAIT_CHALLENGE = auto()
    AWAIT_WELCOME = auto()
    LIVE = auto()
    ENDED = auto()


class Replicator:
    """One link, from its first frame to its end. `nonce` is 32 fresh random bytes.

    With `is_rebuild` the box has no journal: it fetches the hub's copy, and sends nothing.

    Every method that takes a frame or the time may raise `SyncError`: the link has then ended.
    """

    def __init__(
        self,
        identity: BoxIdentity,
        *,
        nonce: bytes,
        rules: str,
        head_seq: int,
        down_cursor: int,
        now: Now,
        is_rebuild: bool = False,
    ) -> None:
        self._identity = identity
        self._nonce = nonce
        self._is_rebuild = is_rebuild
        self._rules = rules
        self._head = head_seq
        self._down = down_cursor
        self._delivered = down_cursor
        self._phase = Phase.AWAIT_CHALLENGE
        self._challenge: Challenge | None = None
        self._hello: Hello | None = None
        self._hub_keys: dict[str, bytes] = {}
        self._hub_key = b""
        self._acked = 0
        self._sent = 0
        self._is_reading = False
        self._has_rewound = False
        self._checkpoint: tuple[Checkpoint, bytes] | None = None
        self._is_offered = False
        self._began_s = self._heard_s = self._progress_s = now.mono_s
        self._pinged_s = now.mono_s - PING_S
        self.is_quarantined = False
        self.skew_us: int | None = None
        self.hub_epoch = 0
        """Epoch of the hub's copy of the journal, once it has proved itself."""

    @property
    def phase(self) -> Phase:
        """Where the link stands."""
        return self._phase

    @property
    def up_cursor(self) -> int:
        """Newest entry that the hub has acknowledged."""
        return self._acked

    @property
    def lag(self) -> int:
        """Durable entries that the hub has not acknowledged."""
        return max(0, self._head - self._acked)

    @property
    def wake_s(self) -> float:
        """Monotonic time at which `tick` has something to do at the latest."""
        if self._phase is not Phase.LIVE:
            return self._began_s + HANDSHAKE_S
        wakes = [self._heard_s + SILENT_S, self._pinged_s + PING_S]
        if self._sent > self._acked:
            wakes.append(self._progress_s + RESEND_S)
        return min(wakes)

    def receive(self, frame: Frame, now: Now) -> list[Output]:
        """Return what to do about `frame`."""
        self._heard_s = now.mono_s
        if isinstance(frame, Reject):
            self._rejected(frame)
        if self._phase is Phase.LIVE:
            return self._live(frame, now)
        if isinstance(frame, Challenge) and self._phase is Phase.AWAIT_CHALLENGE:
            return self._greet(frame)
        if isinstance(frame, Welcome) and self._phase is Phase.AWAIT_WELCOME:
            return self._enter(frame, now)
        return []  # late, early or repeated: it comes again if it matters

    def tick(self, now: Now) -> list[Output]:
        """Return what the passing of time asks for."""
        if self._phase is not Phase.LIVE:
            if now.mono_s - self._began_s >= HANDSHAKE_S:
                self._lost(f"no handshake within {HANDSHAKE_S:.0f} s")
            return []
        if now.mono_s - self._heard_s >= SILENT_S:
            self._lost(f"the hub was silent for {SILENT_S:.0f} s")
        outputs: list[Output] = []
        if now.mono_s - self._pinged_s >= PING_S:
            self._pinged_s = now.mono_s
            self._is_offered = False  # in case it was lost: a countersignature would have come
            outputs += [Send(Ping(now.wall_us)), *self._offer()]
        if self._sent > self._acked and now.mono_s - self._progress_s >= RESEND_S:
            self._progress_s = now.mono_s
            self._rewind()
        return outputs + self._pull()

    def advance(self, head_seq: int) -> list[Output]:
        """Note that entries up to `head_seq` are durable."""
        self._head = max(self._head, head_seq)
        return self._pull()

    def entries_read(
        self, after_seq: int, previous_hash: bytes, raws: list[bytes], now: Now
    ) -> list[Output]:
        """Send the entries that a `Read` asked for; `raws` may be fewer, or none."""
        self._is_reading = False
        if after_seq != self._sent or not raws:
            return self._pull() if raws else []
        batch = codec.fit_batch(raws)
        if self._sent == self._acked:
            self._progress_s = now.mono_s
        self._sent += len(batch)
        me, challenge = self._identity, self._challenge
        assert challenge is not None, "reads begin behind the handshake"
        frame = codec.encode_batch(me.epoch, after_seq, previous_hash, batch)
        signature = keys.sign(me.private_key, entries_bytes(challenge.nonce, frame))
        frame = msgspec.structs.replace(frame, signature=signature)
        return [Send(frame), *self._pull()]

    def accepted(self, dseq: int) -> list[Output]:
        """Note that the instruction `dseq` is journalled."""
        assert dseq == self._down + 1, "instructions are journalled one by one, in order"
        self._down = dseq
        if dseq == self._delivered or dseq % GOT_EVERY == 0:
            return [Send(Got(dseq))]
        return []

    def offer_checkpoint(self, checkpoint: Checkpoint, signature: bytes) -> list[Output]:
        """Send `checkpoint` as soon as the hub holds its entry; a newer one takes its place."""
        self._checkpoint, self._is_offered = (checkpoint, signature), False
        return self._offer()

    def _greet(self, challenge: Challenge) -> list[Output]:
        me = self._identity
        if challenge.pv < PROTOCOL_VERSION_MIN:
            cause = f"the hub speaks version {challenge.pv}, this box {PROTOCOL_VERSION_MIN} or up"
            raise RejectedError("greet", "hub", cause, "upgrade the hub", code="version")
        if me.hub_key is not None and challenge.hub_key != me.hub_key:
            raise ForgedError(
                "greet",
                "hub",
                f"its key is {keys.key_id(challenge.hub_key)}, not {keys.key_id(me.hub_key)}",
                "check the hub's URL; if the hub was rebuilt, enrol this box again",
                code="hub_key",
            )
        if me.hub_key is None and not me.token:
            raise RejectedError(
                "greet",
                "hub",
                "this box has neither a hub key nor an enrolment token",
                "make a token at the hub and put it into the box's configuration",
                code="no_token",
            )
        hello = Hello(
            pv=min(challenge.pv, PROTOCOL_VERSION),
            box=me.box,
            epoch=me.epoch,
            name=me.name,
            rules=self._rules,
            head_seq=self._head,
            down_cursor=self._down,
            public_key=keys.public_key(me.private_key),
            nonce=self._nonce,
            is_rebuild=self._is_rebuild,
        )
        proof = hello_bytes(challenge, hello)
        token_mac = keys.mac(me.token, proof) if me.hub_key is None and me.token else None
        hello = msgspec.structs.replace(
            hello, signature=keys.sign(me.private_key, proof), token_mac=token_mac
        )
        self._challenge, self._hello = challenge, hello
        self._phase = Phase.AWAIT_WELCOME
        return [Send(hello)]

    def _enter(self, welcome: Welcome, now: Now) -> list[Output]:
        assert self._challenge is not None
        assert self._hello is not None
        me, hub_key = self._identity, self._challenge.hub_key
        proof = welcome_bytes(self._challenge, self._hello, welcome)
        is_new = me.hub_key is None
        is_proved = keys.is_signed(hub_key, welcome.signature, proof) and (
            not is_new or keys.is_mac(me.token or "", welcome.token_mac, proof)
        )
        if not is_proved:
            raise ForgedError(
                "enter",
                "hub",
                "it does not prove that it is the hub",
                "check the hub's URL and the enrolment token",
                code="hub_proof",
            )
        self.hub_epoch = welcome.up_epoch
        is_behind = welcome.up_epoch != me.epoch or welcome.up_cursor > self._head
        if is_behind and not self._is_rebuild:
            self._rejected(Reject("epoch_behind"))
        self._hub_key, self._hub_keys = hub_key, {keys.key_id(hub_key): hub_key}
        self._acked = self._sent = welcome.up_cursor
        self.is_quarantined = welcome.is_quarantined
        self._phase = Phase.LIVE
        first: list[Output] = [Pin(hub_key)] if is_new else []
        return [*first, Up(), *self.tick(now)]

    def _live(self, frame: Frame, now: Now) -> list[Output]:
        outputs: list[Output] = []
        match frame:
            case Ack():
                outputs = self._acknowledged(frame, now)
            case Instructions():
                outputs = self._instructed(frame)
            case Countersign():
                outputs = self._countersigned(frame)
            case Copy():
                outputs = [self._copied(frame)]
            case Ping():
                outputs = [Send(Pong(frame.sent_us, now.wall_us))]
            case Pong():
                self.skew_us = frame.at_us - (frame.sent_us + now.wall_us) // 2
            case Challenge() | Welcome():
                pass  # repeated by the network
            case _:
                cause = f"a hub does not send {type(frame).__name__}"
                raise MalformedError("receive", "hub", cause, "check what stands at the hub's URL")
        return outputs

    def _acknowledged(self, ack: Ack, now: Now) -> list[Output]:
        if ack.epoch != self._identity.epoch or ack.seq < self._acked:
            return []
        if ack.seq > self._head:
            cause = f"it acknowledges entry {ack.seq}, the newest is {self._head}"
            raise MalformedError("receive", "hub", cause, "report it to the hub's maker")
        if ack.seq > self._acked:
            self._acked = ack.seq
            self._sent = max(self._sent, ack.seq)
            self._progress_s = now.mono_s
            self._has_rewound = False
            return [*self._offer(), *self._pull()]
        if self._sent > self._acked and not self._has_rewound:
            self._has_rewound = True  # once: acks are duplicated on the way, too
            self._rewind()
        return self._pull()

    def _instructed(self, frame: Instructions) -> list[Output]:
        outputs: list[Output] = []
        for dseq, signed in enumerate(frame.items, frame.first_dseq):
            if dseq != self._delivered + 1 or self._delivered - self._down >= DELIVERIES_MAX:
                continue
            instruction = self._verified(dseq, signed)
            self._delivered = dseq
            outputs.append(Deliver(instruction))
        return outputs or [Send(Got(self._down))]

    def _verified(self, dseq: int, signed: SignedInstruction) -> Instruction:
        try:
            instruction = verify_instruction(signed, self._hub_keys, self._identity.box)
        except MalformedError as error:
            name = f"{UNREADABLE}-{self._identity.box}-{dseq}"[:64]
            body = {"cause": error.cause, "bytes": signed.b}
            box = self._identity.box
            return Instruction(INSTRUCTION_VERSION, box, dseq, name, UNREADABLE, 0, body)
        if instruction.dseq != dseq:
            cause = f"instruction {instruction.dseq} was sent in the place of {dseq}"
            raise ForgedError("receive", instruction.id, cause, "check the way to the hub")
        return instruction

    def _countersigned(self, frame: Countersign) -> list[Output]:
        if self._checkpoint is None:
            return []
        checkpoint, _ = self._checkpoint
        if (frame.epoch, frame.seq) != (checkpoint.epoch, checkpoint.seq):
            return []
        if not is_countersigned(checkpoint, frame.signature, self._hub_key):
            cause = "its countersignature is not by the hub's key"
            raise ForgedError("receive", "hub", cause, "check the way to the hub")
        self._checkpoint = None
        return [Countersigned(checkpoint, frame.signature)]

    def fetch(self, epoch: int, after_seq: int) -> list[Output]:
        """Ask for what the hub holds of an epoch behind an entry; `Copied` is the answer."""
        return [Send(Fetch(epoch, after_seq))]

    def _copied(self, copy: Copy) -> Copied:
        entries = copy.entries
        if entries is not None and not keys.is_signed(
            self._hub_key, entries.signature, entries_bytes(self._nonce, entries)
        ):
            cause = "its copy of the journal is not signed by the hub's key"
            raise ForgedError("receive", "hub", cause, "check the way to the hub")
        return Copied(copy)

    def _offer(self) -> list[Output]:
        if self._checkpoint is None or self._phase is not Phase.LIVE or self.is_quarantined:
            return []
        c, signature = self._checkpoint
        if self._is_offered or c.epoch != self._identity.epoch or c.seq > self._acked:
            return []
        self._is_offered = True
        return [Send(CheckpointFrame(c.epoch, c.seq, c.head, c.at_us, signature))]

    def _pull(self) -> list[Output]:
        room = WINDOW_ENTRIES_MAX - (self._sent - self._acked)
        if self._phase is not Phase.LIVE or self._is_reading or self.is_quarantined:
            return []
        if self._sent >= self._head or room < BATCH_ENTRIES_MAX:
            return []
        self._is_reading = True
        return [Read(self._sent, BATCH_ENTRIES_MAX)]

    def _rewind(self) -> None:
        self._sent = self._acked

    def _rejected(self, reject: Reject) -> NoReturn:
        self._phase = Phase.ENDED
        cause = f"the hub says {reject.code} {dict(reject.facts)}"
        hint = reject.hint or REJECT_HINTS.get(reject.code, "see docs/SYNC_PROTOCOL.md")
        raise RejectedError("link", "hub", cause, hint, code=reject.code, is_retryable=True)

    def _lost(self, cause: str) -> NoReturn:
        self._phase = Phase.ENDED
        hint = "check the network to the hub; the box works on without it"
        raise LinkLostError("link", "hub", cause, hint, is_retryable=True)


REJECT_HINTS: Final = {
    "epoch_behind": "this box was restored from an older copy: start a new epoch on it",
    "fork": "two boxes share one identity, or this one was rewound: start a new epoch on it",
}
