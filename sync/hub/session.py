"""The hub's side of one link, from the challenge to its end."""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Final, NoReturn, Protocol, TypeVar

import msgspec

from sync import codec, keys
from sync.chain import GENESIS, Checkpoint, countersign, is_checkpoint_signed
from sync.errors import LinkLostError, MalformedError, RejectedError, SyncError
from sync.hub import admission
from sync.hub.store import Batch, Box, HubStore
from sync.messages import (
    BATCH_ENTRIES_MAX,
    FRAME_BYTES_MAX,
    INSTRUCTION_VERSION,
    INSTRUCTIONS_MAX,
    NONCE_BYTES,
    PROTOCOL_VERSION,
    Ack,
    Challenge,
    CheckpointFrame,
    Copy,
    Countersign,
    Entries,
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
    sign_instruction,
    welcome_bytes,
)
from sync.ports import Clock, Link
from sync.tasks import run_until_first_ends

HANDSHAKE_S: Final = 10.0
RESEND_S: Final = 5.0
SILENT_S: Final = 60.0
WINDOW_MAX: Final = 2 * INSTRUCTIONS_MAX
"""Instructions sent and not yet journalled by the box."""
FRAME_ROOM_BYTES: Final = FRAME_BYTES_MAX - 64 * 1024
REJECT_S: Final = 2.0
ID_CHARS_MAX: Final = 64
LOST: Final = "lost"
"""Kind of an instruction whose content this hub lost; a box sets it aside."""

T = TypeVar("T")


class Runner(Protocol):
    """Runs work on the store, one piece at a time, in order."""

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Return what `work` returns."""


class Session:
    """One link to one box. `run` ends when the link does and raises why."""

    def __init__(
        self,
        link: Link,
        *,
        store: HubStore,
        private_key: bytes,
        clock: Clock,
        random: Random,
        run: Runner,
    ) -> None:
        self._link = link
        self._store = store
        self._private_key = private_key
        self._sign = partial(sign_instruction, private_key=private_key)
        self._clock = clock
        self._run = run
        self._nonce = random.randbytes(NONCE_BYTES)
        self._taker_nonce = b""
        self._news = asyncio.Event()
        self._heard_s = clock.monotonic()
        self._box: Box | None = None
        self._is_rebuild = False
        self._sent = self._got = 0
        self._progress_s = 0.0
        self._end: SyncError | None = None
        self._is_ended = asyncio.Event()
        self.skew_us: int | None = None
        """The box's clock minus the hub's, as of its last ping, the way not counted."""

    @property
    def box(self) -> str:
        """Name of the box, once admitted."""
        assert self._box is not None
        return self._box.box

    def notify(self) -> None:
        """Say that there are new instructions."""
        self._news.set()

    def end(self, error: SyncError) -> None:
        """End the link with `error`."""
        self._end = self._end or error
        self._is_ended.set()

    async def handshake(self) -> None:
        """Prove both sides to each other; raise `SyncError` when that fails."""
        hub_key = keys.public_key(self._private_key)
        challenge = Challenge(PROTOCOL_VERSION, self._nonce, hub_key)
        await self._send(challenge)
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                hello = await self._hello()
        except TimeoutError as error:
            cause = f"no hello within {HANDSHAKE_S:.0f} s"
            raise LinkLostError("admit", "box", cause, "see the box's own log") from error
        now_us = self._clock.now_us()
        try:
            admitted, token = await self._run(
                lambda: admission.admit(self._store, challenge, hello, now_us, self._sign)
            )
        except admission.BehindError as error:
            await self._welcome(challenge, hello, error.box, error.token)
            raise
        self._box = admitted
        self._taker_nonce = hello.nonce
        self._is_rebuild = hello.is_rebuild
        self._sent = self._got = hello.down_cursor
        await self._welcome(challenge, hello, admitted, token)

    async def _welcome(self, challenge: Challenge, hello: Hello, box: Box, token: str) -> None:
        """Prove the hub to a box, and say where its copy of the journal stands."""
        welcome = Welcome(hello.pv, box.epoch, box.seq, box.quarantine is not None)
        proof = welcome_bytes(challenge, hello, welcome)
        mac = keys.mac(token, proof) if token else None
        signature = keys.sign(self._private_key, proof)
        await self._send(msgspec.structs.replace(welcome, signature=signature, token_mac=mac))

    async def run(self) -> None:
        """Speak with the admitted box until the link ends; raises why it did."""
        await run_until_first_ends(self._receive(), self._push(), self._watch(), self._ended())

    async def reject(self, error: SyncError) -> None:
        """Tell the box why the link ends, as far as that still works."""
        reject = Reject(error.code, {"cause": error.cause[:512]}, error.hint[:512])
        try:
            async with asyncio.timeout(REJECT_S):
                await self._send(reject)
        except (SyncError, TimeoutError):
            return

    async def _ended(self) -> None:
        await self._is_ended.wait()
        assert self._end is not None
        raise self._end

    async def _hello(self) -> Hello:
        frame = codec.decode_frame(await self._link.receive())
        if not isinstance(frame, Hello):
            cause = f"{type(frame).__name__} came before hello"
            raise MalformedError("admit", "box", cause, "a box answers the challenge by hello")
        return frame

    async def _receive(self) -> None:
        while True:
            frame = codec.decode_frame(await self._link.receive())
            self._heard_s = self._clock.monotonic()
            await self._handle(frame)

    async def _handle(self, frame: Frame) -> None:
        match frame:
            case Entries():
                await self._entries(frame)
            case Fetch():
                await self._copy(frame)
            case Got():
                await self._journalled(frame)
            case CheckpointFrame():
                await self._checkpoint(frame)
            case Ping():
                now_us = self._clock.now_us()
                self.skew_us = frame.sent_us - now_us
                await self._send(Pong(frame.sent_us, now_us))
            case Pong() | Hello():
                pass  # a late answer, or a hello that the network repeated
            case Reject():
                raise RejectedError("link", self.box, frame.code, frame.hint, code=frame.code)
            case _:
                cause = f"a box does not send {type(frame).__name__}"
                raise MalformedError("receive", self.box, cause, "check the box's software")

    async def _entries(self, frame: Entries) -> None:
        assert self._box is not None
        if frame.epoch != self._box.epoch:
            cause = f"entries of epoch {frame.epoch} on a link of epoch {self._box.epoch}"
            raise MalformedError("receive", self.box, cause, "say hello with the new epoch")
        key = self._box.public_key
        assert key is not None, "an admitted box has a pinned key"
        if not keys.is_signed(key, frame.signature, entries_bytes(self._nonce, frame)):
            cause = f"entries from {frame.first_seq} on are not signed by the box's key"
            raise RejectedError("receive", self.box, cause, "check the box", code="bad_signature")
        batch = Batch(
            self.box,
            frame.epoch,
            frame.first_seq,
            frame.prev_hash,
            codec.decode_batch(frame),
            self._clock.now_us(),
        )
        taken = await self._run(lambda: self._store.take(batch))
        if taken.fork_seq is not None:
            self._forked(taken.fork_seq)
        await self._send(Ack(frame.epoch, taken.seq))

    async def _copy(self, frame: Fetch) -> None:
        """Send what the hub holds of the box's own journal behind an entry."""
        box, epoch, after_seq = self.box, frame.epoch, frame.after_seq

        def read() -> tuple[int, bytes | None, list[bytes]]:
            store = self._store
            before = store.hash_at(box, epoch, after_seq) if after_seq else GENESIS
            raws = store.behind(box, epoch, after_seq, BATCH_ENTRIES_MAX)
            return store.last_seq(box, epoch), before, raws

        head_seq, before, raws = await self._run(read)
        if not raws or before is None:
            await self._send(Copy(epoch, head_seq))
            return
        entries = codec.encode_batch(epoch, after_seq, before, codec.fit_batch(raws))
        signature = keys.sign(self._private_key, entries_bytes(self._taker_nonce, entries))
        signed = msgspec.structs.replace(entries, signature=signature)
        await self._send(Copy(epoch, head_seq, signed))

    async def _checkpoint(self, frame: CheckpointFrame) -> None:
        assert self._box is not None
        box, key = self._box, self._box.public_key
        assert key is not None, "an admitted box has a pinned key"
        checkpoint = Checkpoint(box.box, frame.epoch, frame.seq, frame.head, frame.at_us)
        if not is_checkpoint_signed(checkpoint, frame.signature, key):
            cause = f"checkpoint {frame.seq} is not signed by the box's key"
            raise RejectedError("receive", self.box, cause, "check the box", code="bad_signature")
        known = await self._run(lambda: self._store.hash_at(box.box, frame.epoch, frame.seq))
        if known is None:
            return  # its entries are not here yet: the box offers it again
        if known != frame.head:
            reason = {"code": "fork", "epoch": frame.epoch, "seq": frame.seq}
            await self._run(lambda: self._store.quarantine(box.box, reason))
            self._forked(frame.seq)
        signature = countersign(checkpoint, self._private_key)
        kept = msgspec.json.encode(
            {
                "epoch": frame.epoch,
                "seq": frame.seq,
                "head": frame.head.hex(),
                "at_us": frame.at_us,
                "signature": frame.signature.hex(),
                "countersignature": signature.hex(),
            }
        )
        await self._run(lambda: self._store.keep_checkpoint(box.box, kept))
        await self._send(Countersign(frame.epoch, frame.seq, signature))

    def _forked(self, seq: int) -> NoReturn:
        raise RejectedError(
            "receive",
            self.box,
            f"entry {seq} differs from the one that the hub holds",
            "two boxes share one identity, or this one was rewound: start a new epoch on it",
            code="fork",
        )

    async def _journalled(self, frame: Got) -> None:
        if frame.dseq > self._sent:
            cause = f"it journalled instruction {frame.dseq}, {self._sent} were sent"
            raise MalformedError("receive", self.box, cause, "check the box's software")
        if frame.dseq > self._got:
            self._got = frame.dseq
            self._progress_s = self._clock.monotonic()
            await self._run(lambda: self._store.got(self.box, frame.dseq, self._sign))
            self._news.set()

    async def _push(self) -> None:
        while True:
            self._news.clear()
            while await self._push_some():
                pass
            await self._news.wait()

    async def _push_some(self) -> bool:
        room = min(INSTRUCTIONS_MAX, WINDOW_MAX - (self._sent - self._got))
        if room <= 0:
            return False
        after = self._sent
        signed = await self._run(lambda: self._behind(after, room))
        if not signed or after != self._sent:
            return after != self._sent
        size = 0
        items: list[SignedInstruction] = []
        for item in signed:
            size += len(item.b) + 256
            if items and size > FRAME_ROOM_BYTES:
                break
            items.append(item)
        if self._sent == self._got:
            self._progress_s = self._clock.monotonic()
        self._sent += len(items)
        await self._send(Instructions(after + 1, tuple(items)))
        return True

    def _behind(self, after: int, n: int) -> list[SignedInstruction]:
        """Return the up to `n` instructions behind one; where one is lost, what says so."""
        kept = self._store.signed(self.box, after, n)
        record = self._store.box(self.box)
        assert record is not None, "an admitted box has a record"
        # A box that is built again asks for what it once had, and nothing is new to it.
        last = min(after + n, record.sent_dseq if self._is_rebuild else record.dseq)
        if last > record.sent_dseq:
            self._store.sending(self.box, last)
        return [kept.get(dseq) or self._stand_in(dseq) for dseq in range(after + 1, last + 1)]

    def _stand_in(self, dseq: int) -> SignedInstruction:
        """Return what takes the place of an instruction that was given, and is not here any more.

        Without it a box that was restored or rebuilt would wait for that number for ever.
        """
        name, now_us = f"{LOST}-{dseq}-{self.box}"[:ID_CHARS_MAX], self._clock.now_us()
        lost = Instruction(INSTRUCTION_VERSION, self.box, dseq, name, LOST, now_us, {})
        return self._sign(lost)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(RESEND_S)
            now_s = self._clock.monotonic()
            if now_s - self._heard_s >= SILENT_S:
                cause = f"silent for {SILENT_S:.0f} s"
                raise LinkLostError("link", self.box, cause, "check the network to the box")
            if self._sent > self._got and now_s - self._progress_s >= RESEND_S:
                self._progress_s = now_s
                self._sent = self._got
                self._news.set()

    async def _send(self, frame: Frame) -> None:
        await self._link.send(codec.encode_frame(frame))
