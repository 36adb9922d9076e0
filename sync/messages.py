"""The frames of the link between a box and its hub, and the instructions that the hub signs.

Every frame is one MessagePack map whose key `t` names it (docs/SYNC_PROTOCOL.md). Unknown keys
are ignored, so a newer peer may add fields. Times are µs UTC. Everything here is pure.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from sync import keys
from sync.chain import HASH_BYTES
from sync.errors import BROKEN_BYTES, ForgedError, MalformedError, WrongBoxError

PROTOCOL_VERSION: Final = 1
PROTOCOL_VERSION_MIN: Final = 1
FRAME_BYTES_MAX: Final = 4 * 1024 * 1024
BATCH_ENTRIES_MAX: Final = 1000
BATCH_BYTES_MAX: Final = 2 * 1024 * 1024
"""Sum of the entries' bytes in one batch, before compression."""
INSTRUCTION_BYTES_MAX: Final = 1024 * 1024
INSTRUCTIONS_MAX: Final = 200
"""Instructions in one frame."""
NONCE_BYTES: Final = 32
INSTRUCTION_VERSION: Final = 1
HELLO_TAG: Final = "floorgate-hello-1"
REBUILD_TAG: Final = "floorgate-rebuild-1"
WELCOME_TAG: Final = "floorgate-welcome-1"
ENTRIES_TAG: Final = "floorgate-entries-1"

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=512)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]
Epoch = Annotated[int, Meta(ge=0, le=2**31)]
Micros = Annotated[int, Meta(ge=0, le=2**62)]
Hash = Annotated[bytes, Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]
Nonce = Annotated[bytes, Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
Key = Annotated[bytes, Meta(min_length=keys.KEY_BYTES, max_length=keys.KEY_BYTES)]
Signature = Annotated[bytes, Meta(min_length=keys.SIGNATURE_BYTES, max_length=keys.SIGNATURE_BYTES)]
NO_SIGNATURE: Final = bytes(keys.SIGNATURE_BYTES)


class Challenge(msgspec.Struct, frozen=True, tag_field="t", tag="challenge"):
    """hub → box, first frame of a link: who the hub is, and a nonce to sign."""

    pv: Annotated[int, Meta(ge=1)]
    nonce: Nonce
    hub_key: Key


class Hello(msgspec.Struct, frozen=True, tag_field="t", tag="hello"):
    """box → hub: who the box is and where it stands."""

    pv: Annotated[int, Meta(ge=1)]
    box: Name
    epoch: Epoch
    name: Text
    rules: Text
    """Version of the ruleset in force."""
    head_seq: Seq
    """Newest durable entry of `epoch`; 0 for none."""
    down_cursor: Seq
    """Newest instruction that is journalled."""
    public_key: Key
    nonce: Nonce
    signature: Signature = NO_SIGNATURE
    token_mac: Hash | None = None
    """Only until the box has pinned the hub's key: HMAC by the enrolment token."""
    is_rebuild: bool = False
    """The box has lost its journal: it reads the hub's copy over this link, and sends nothing."""


class Welcome(msgspec.Struct, frozen=True, tag_field="t", tag="welcome"):
    """hub → box: the hub proves itself and says how far it has the box's entries."""

    pv: Annotated[int, Meta(ge=1)]
    up_epoch: Epoch
    up_cursor: Seq
    is_quarantined: bool = False
    """The hub takes no entries of this epoch (a fork); instructions still flow."""
    signature: Signature = NO_SIGNATURE
    token_mac: Hash | None = None


class Entries(msgspec.Struct, frozen=True, tag_field="t", tag="entries"):
    """box → hub: `n` entries from `first_seq` on, without a gap."""

    epoch: Epoch
    first_seq: Annotated[int, Meta(ge=1, le=2**53)]
    n: Annotated[int, Meta(ge=1, le=BATCH_ENTRIES_MAX)]
    prev_hash: Hash
    """Hash of entry `first_seq - 1`."""
    head_hash: Hash
    """Hash of the last entry: a batch that was damaged on the way is not stored."""
    payload: Annotated[bytes, Meta(max_length=FRAME_BYTES_MAX)]
    """zstd of a MessagePack array with each entry's bytes as a bin."""
    signature: Signature = NO_SIGNATURE
    """By the box's key: a fork is a grave charge, so nobody else may raise it."""


class Ack(msgspec.Struct, frozen=True, tag_field="t", tag="ack"):
    """hub → box: every entry of `epoch` up to `seq` is durable at the hub."""

    epoch: Epoch
    seq: Seq


class Fetch(msgspec.Struct, frozen=True, tag_field="t", tag="fetch"):
    """box → hub: give what you hold of `epoch` behind `after_seq`, as much as one frame carries."""

    epoch: Epoch
    after_seq: Seq


class Copy(msgspec.Struct, frozen=True, tag_field="t", tag="copy"):
    """hub → box: what was asked for; the entries are signed by the hub, bound to the link."""

    epoch: Epoch
    head_seq: Seq
    """Newest entry of `epoch` that the hub holds; 0: none."""
    entries: Entries | None = None
    """None: there is nothing behind."""


class SignedInstruction(msgspec.Struct, frozen=True):
    """An instruction as it travels and is kept: its bytes, the key's id, the signature."""

    b: Annotated[bytes, Meta(max_length=INSTRUCTION_BYTES_MAX)]
    k: Annotated[str, Meta(max_length=keys.KEY_ID_CHARS)]
    s: Signature


class Instructions(msgspec.Struct, frozen=True, tag_field="t", tag="instructions"):
    """hub → box: signed instructions with dense sequence numbers from `first_dseq` on."""

    first_dseq: Annotated[int, Meta(ge=1, le=2**53)]
    items: Annotated[tuple[SignedInstruction, ...], Meta(min_length=1, max_length=INSTRUCTIONS_MAX)]


class Got(msgspec.Struct, frozen=True, tag_field="t", tag="got"):
    """box → hub: every instruction up to `dseq` is journalled at the box."""

    dseq: Seq


class CheckpointFrame(msgspec.Struct, frozen=True, tag_field="t", tag="checkpoint"):
    """box → hub: a head of the chain, signed by the box."""

    epoch: Epoch
    seq: Seq
    head: Hash
    at_us: Micros
    signature: Signature


class Countersign(msgspec.Struct, frozen=True, tag_field="t", tag="countersign"):
    """hub → box: the hub's signature of the same checkpoint: it holds every entry up to it."""

    epoch: Epoch
    seq: Seq
    signature: Signature


class Ping(msgspec.Struct, frozen=True, tag_field="t", tag="ping"):
    """Either way: are you there, and what time is it; `sent_us` by the sender's clock."""

    sent_us: Micros


class Pong(msgspec.Struct, frozen=True, tag_field="t", tag="pong"):
    """The answer to a ping: its `sent_us`, and the answering side's own clock."""

    sent_us: Micros
    at_us: Micros


class Reject(msgspec.Struct, frozen=True, tag_field="t", tag="reject"):
    """Either way, the last frame of a link: why it ends. `code` is stable, `hint` is English."""

    code: Name
    facts: Annotated[dict[str, str | int], Meta(max_length=16)] = {}
    hint: Text = ""


Frame = (
    Challenge
    | Hello
    | Welcome
    | Entries
    | Ack
    | Fetch
    | Copy
    | Instructions
    | Got
    | CheckpointFrame
    | Countersign
    | Ping
    | Pong
    | Reject
)


class Instruction(msgspec.Struct, frozen=True):
    """One thing that the hub tells a box. `dseq` is dense per box; `id` is unique for ever."""

    v: int
    box: Name
    dseq: Annotated[int, Meta(ge=1, le=2**53)]
    id: Name
    kind: Name
    issued_at: Micros
    body: dict[str, Any]


_encoder = msgspec.msgpack.Encoder(order="sorted")
_instruction_decoder = msgspec.msgpack.Decoder(Instruction)


def hello_bytes(challenge: Challenge, hello: Hello) -> bytes:
    """Return what the box signs (and codes by its token) to prove itself."""
    h = hello
    who = [h.pv, h.box, h.epoch, h.name, h.rules, h.head_seq, h.down_cursor, h.public_key]
    tag = REBUILD_TAG if h.is_rebuild else HELLO_TAG
    return _encoder.encode([tag, challenge.nonce, challenge.hub_key, h.nonce, *who])


def welcome_bytes(challenge: Challenge, hello: Hello, welcome: Welcome) -> bytes:
    """Return what the hub signs (and codes by the token) to prove itself."""
    w = welcome
    where = [w.pv, w.up_epoch, w.up_cursor, w.is_quarantined]
    who = [challenge.nonce, challenge.hub_key, hello.nonce, hello.box, hello.public_key]
    return _encoder.encode([WELCOME_TAG, *who, *where])


def entries_bytes(nonce: bytes, entries: Entries) -> bytes:
    """Return what the sender signs of a batch, bound to the link by the taker's nonce."""
    e = entries
    span = [e.epoch, e.first_seq, e.n, e.prev_hash, e.head_hash]
    return _encoder.encode([ENTRIES_TAG, nonce, *span])


def sign_instruction(instruction: Instruction, private_key: bytes) -> SignedInstruction:
    """Return `instruction` signed with the hub's key; raise `MalformedError` if it is too big."""
    b = _encoder.encode(instruction)
    if len(b) > INSTRUCTION_BYTES_MAX:
        raise MalformedError(
            "sign instruction",
            instruction.id,
            f"{len(b)} bytes are more than {INSTRUCTION_BYTES_MAX}",
            "split it into smaller instructions",
        )
    name = keys.key_id(keys.public_key(private_key))
    return SignedInstruction(b, name, keys.sign(private_key, b))


def verify_instruction(
    signed: SignedInstruction, public_keys: Mapping[str, bytes], box: str
) -> Instruction:
    """Return the instruction in `signed` once its signature, then its shape, are good.

    `public_keys` maps key ids to the trusted hub keys. Raises `ForgedError` when none of them
    signed it, `MalformedError` when one of them signed something that is no instruction, and
    `WrongBoxError` when it is for another box.
    """
    op = "verify instruction"
    public_key = public_keys.get(signed.k)
    if public_key is None or not keys.is_signed(public_key, signed.s, signed.b):
        raise ForgedError(
            op,
            signed.k,
            "it is not signed by a key of this hub",
            "check that the box is linked to the right hub",
        )
    try:
        instruction = _instruction_decoder.decode(signed.b)
    except BROKEN_BYTES as error:
        raise MalformedError(op, signed.k, str(error), "mend the hub that made it") from error
    if instruction.box != box:
        raise WrongBoxError(
            op,
            instruction.id,
            f"it is for box {instruction.box}, this is {box}",
            "check which box the hub sends it to",
        )
    return instruction
