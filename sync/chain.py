"""The journal's bytes and the chain that joins them.

An entry is a MessagePack array with sorted map keys and no floats. The bytes that are stored are
the bytes that are sent and the bytes that are hashed:

    hash(n) = SHA-256(hash(n-1) ‖ bytes(n)),   hash(0) = 32 zero bytes at the start of an epoch

Everything here is pure: no clock, no files, no randomness.
"""

import hashlib
from typing import Any, Final

import msgspec

HASH_BYTES: Final = 32
GENESIS: Final = bytes(HASH_BYTES)
ENTRY_VERSION: Final = 1
ENTRY_BYTES_MAX: Final = 256 * 1024


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
    """Return the entry in `raw`; raise `msgspec.ValidationError` or `DecodeError` if malformed."""
    return _decoder.decode(raw)


def link(previous_hash: bytes, raw: bytes) -> bytes:
    """Return the hash of the entry `raw` that follows `previous_hash`."""
    return hashlib.sha256(previous_hash + raw).digest()
