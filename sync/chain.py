"""The journal's bytes and the chain that joins them.

An entry is a MessagePack array with sorted map keys and no floats. The bytes that are stored are
the bytes that are sent and the bytes that are hashed:

    hash(n) = SHA-256(hash(n-1) ‖ bytes(n)),   hash(0) = 32 zero bytes at the start of an epoch

Everything here is pure: no clock, no files, no randomness.
"""

import hashlib
from enum import StrEnum
from typing import Any, Final

import msgspec

from sync import keys
from sync.errors import BROKEN_BYTES

HASH_BYTES: Final = 32
GENESIS: Final = bytes(HASH_BYTES)
ENTRY_VERSION: Final = 1
ENTRY_BYTES_MAX: Final = 256 * 1024
FINDINGS_MAX: Final = 1000
CHECKPOINT_TAG: Final = "floorgate-checkpoint-1"
COUNTERSIGN_TAG: Final = "floorgate-countersign-1"


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened on the floor. Times are µs UTC."""

    v: int
    box: str
    epoch: int
    seq: int
    at_us: int
    device_at_us: int
    kind: str
    subject: str
    refs: tuple[str, ...]
    actor: str
    device: str
    via: str
    cause: str
    rules: str
    data: dict[str, Any]


_encoder = msgspec.msgpack.Encoder(order="sorted")
_decoder = msgspec.msgpack.Decoder(Entry)


def encode_entry(entry: Entry) -> bytes:
    """Return the canonical bytes of `entry`."""
    return _encoder.encode(entry)


def decode_entry(raw: bytes) -> Entry:
    """Return the entry in `raw`; raise one of `sync.errors.BROKEN_BYTES` if malformed."""
    return _decoder.decode(raw)


def link(previous_hash: bytes, raw: bytes) -> bytes:
    """Return the hash of the entry `raw` that follows `previous_hash`."""
    return hashlib.sha256(previous_hash + raw).digest()


class Checkpoint(msgspec.Struct, frozen=True):
    """The head of a box's chain at one moment; signed, it pins every entry up to `seq`."""

    box: str
    epoch: int
    seq: int
    head: bytes
    """Hash of entry `seq`."""
    at_us: int


def checkpoint_bytes(checkpoint: Checkpoint, tag: str = CHECKPOINT_TAG) -> bytes:
    """Return what is signed: MessagePack `[tag, box, epoch, seq, head, at_us]`."""
    c = checkpoint
    return _encoder.encode([tag, c.box, c.epoch, c.seq, c.head, c.at_us])


def sign_checkpoint(checkpoint: Checkpoint, private_key: bytes) -> bytes:
    """Return the box's signature of `checkpoint`."""
    return keys.sign(private_key, checkpoint_bytes(checkpoint))


def is_checkpoint_signed(checkpoint: Checkpoint, signature: bytes, public_key: bytes) -> bool:
    """Return whether the box with `public_key` signed `checkpoint`."""
    return keys.is_signed(public_key, signature, checkpoint_bytes(checkpoint))


def countersign(checkpoint: Checkpoint, private_key: bytes) -> bytes:
    """Return the hub's signature of `checkpoint`: it holds every entry up to it."""
    return keys.sign(private_key, checkpoint_bytes(checkpoint, COUNTERSIGN_TAG))


def is_countersigned(checkpoint: Checkpoint, signature: bytes, hub_key: bytes) -> bool:
    """Return whether the hub with `hub_key` countersigned `checkpoint`."""
    return keys.is_signed(hub_key, signature, checkpoint_bytes(checkpoint, COUNTERSIGN_TAG))


class Fault(StrEnum):
    """What a verifier can find."""

    CHANGED = "changed"
    """The bytes do not give the hash that stands beside them."""
    MISSING = "missing"
    """A sequence number, or a run of them, is not there."""
    REORDERED = "reordered"
    """An entry stands after one with a higher sequence number."""
    REPEATED = "repeated"
    """A sequence number comes twice."""
    MALFORMED = "malformed"
    """The bytes are no entry of this box."""
    EPOCH = "epoch_change"
    """A new epoch begins: the box was restored or replaced here. Not a fault by itself."""
    SIGNATURE = "checkpoint_signature"
    """A checkpoint was not signed with the box's key."""
    REWRITTEN = "rewritten"
    """The chain is whole but is not the one that the signed checkpoint pins."""


class Finding(msgspec.Struct, frozen=True):
    """One thing found at entry `seq`; `detail` is a sentence."""

    seq: int
    kind: Fault
    detail: str


class Report(msgspec.Struct, frozen=True):
    """What a verifier saw. `head` is the hash of the last entry, `seq` its number."""

    box: str
    epoch: int
    seq: int
    head: bytes
    entries: int
    checkpoints: int
    """Checkpoints whose signature and head are right."""
    findings: tuple[Finding, ...]
    findings_dropped: int = 0
    """Findings beyond `FINDINGS_MAX`."""
    after: tuple[int, int] = (0, 0)
    """Epoch and number of the entry before the first one: not (0, 0) behind a cut."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong (a new epoch is not)."""
        return all(finding.kind is Fault.EPOCH for finding in self.findings)


class Verifier:
    """Checks a journal entry by entry, in a stream; never raises, reports.

    Feed `entry` and `checkpoint` in the order in which they are kept, then take `report`.
    `after` (epoch, seq, hash) starts behind a cut; by default the first epoch starts the chain.
    """

    def __init__(
        self,
        *,
        box: str | None = None,
        public_key: bytes | None = None,
        after: tuple[int, int, bytes] | None = None,
    ) -> None:
        self._box = box
        self._public_key = public_key
        self._epoch, self._seq, self._head = after or (0, 0, GENESIS)
        self._after = (self._epoch, self._seq)
        self._is_head_known = True
        self._missing: list[tuple[int, int, int]] = []
        self._findings: list[Finding] = []
        self._dropped = 0
        self._entries = 0
        self._checkpoints = 0

    def entry(self, raw: bytes, expected_hash: bytes | None = None) -> None:
        """Check the next entry, against the hash stored beside it where there is one."""
        self._entries += 1
        entry = self._decoded(raw)
        if entry is None:
            self._seq += 1
        elif not self._is_next(entry):
            return
        self._advance(raw, expected_hash)

    def checkpoint(self, checkpoint: Checkpoint, signature: bytes) -> None:
        """Check a signed checkpoint that stands behind the entry it names."""
        seq = checkpoint.seq
        key = self._public_key
        if key is not None and not is_checkpoint_signed(checkpoint, signature, key):
            self._find(seq, Fault.SIGNATURE, f"checkpoint {seq} is not signed by the box's key")
        elif (checkpoint.epoch, seq) != (self._epoch, self._seq):
            self._find(seq, Fault.MISSING, f"checkpoint {seq} names an entry not before it")
        elif not self._is_head_known:
            self._head, self._is_head_known = checkpoint.head, True
        elif checkpoint.head != self._head:
            self._find(seq, Fault.REWRITTEN, f"the signed head at entry {seq} is another one")
        else:
            self._checkpoints += 1

    def report(self) -> Report:
        """Return what was found so far."""
        for _, first, last in self._missing:
            what = f"entry {first} is" if first == last else f"entries {first} to {last} are"
            self._find(first, Fault.MISSING, f"{what} missing")
        self._missing.clear()
        findings = tuple(sorted(self._findings, key=lambda finding: finding.seq))
        return Report(
            box=self._box or "",
            epoch=self._epoch,
            seq=self._seq,
            head=self._head,
            entries=self._entries,
            checkpoints=self._checkpoints,
            findings=findings,
            findings_dropped=self._dropped,
            after=self._after,
        )

    def _decoded(self, raw: bytes) -> Entry | None:
        at = self._seq + 1
        try:
            entry = _decoder.decode(raw)
        except BROKEN_BYTES as error:
            self._find(at, Fault.MALFORMED, f"the bytes where entry {at} belongs: {error}")
            return None
        if self._box is None:
            self._box = entry.box
        if entry.box != self._box:
            self._find(at, Fault.MALFORMED, f"entry {at} is of box {entry.box}, not {self._box}")
            return None
        return entry

    def _advance(self, raw: bytes, expected_hash: bytes | None) -> None:
        computed = link(self._head, raw)
        if expected_hash is None:
            self._head = computed
            return
        if computed != expected_hash and self._is_head_known:
            self._find(self._seq, Fault.CHANGED, f"entry {self._seq} does not give its hash")
        self._head, self._is_head_known = expected_hash, True

    def _is_next(self, entry: Entry) -> bool:
        """Place `entry`; false when it belongs before the one that stands last."""
        epoch, seq = entry.epoch, entry.seq
        if epoch < self._epoch:
            detail = f"entry {seq} of epoch {epoch} stands in epoch {self._epoch}"
            self._find(seq, Fault.REORDERED, detail)
            return False
        if epoch > self._epoch:
            if self._seq:
                detail = f"epoch {epoch} begins after entry {self._seq} of epoch {self._epoch}"
                self._find(seq, Fault.EPOCH, detail)
            self._epoch, self._seq = epoch, 0
            self._head, self._is_head_known = GENESIS, True
        if seq <= self._seq:
            self._late(seq)
            return False
        if seq > self._seq + 1:
            self._skip(seq)
        self._seq = seq
        return True

    def _skip(self, seq: int) -> None:
        if len(self._missing) < FINDINGS_MAX:
            self._missing.append((self._epoch, self._seq + 1, seq - 1))
        else:
            self._dropped += 1
        self._is_head_known = False

    def _late(self, seq: int) -> None:
        for index, (epoch, first, last) in enumerate(self._missing):
            if epoch == self._epoch and first <= seq <= last:
                rest = ((epoch, first, seq - 1), (epoch, seq + 1, last))
                self._missing[index : index + 1] = [gap for gap in rest if gap[1] <= gap[2]]
                self._find(seq, Fault.REORDERED, f"entry {seq} stands after entry {self._seq}")
                return
        self._find(seq, Fault.REPEATED, f"entry {seq} comes again after entry {self._seq}")

    def _find(self, seq: int, kind: Fault, detail: str) -> None:
        if len(self._findings) < FINDINGS_MAX:
            self._findings.append(Finding(seq, kind, detail))
        else:
            self._dropped += 1
