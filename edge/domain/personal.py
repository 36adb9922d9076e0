"""Personal data stands beside the journal; the journal names it by a salted hash only (SEC-5)."""

import hashlib
from typing import Any

import msgspec

_encoder = msgspec.msgpack.Encoder(order="sorted")


def seal(salt: bytes, value: dict[str, Any]) -> str:
    """Return the hash by which the journal names `value`: SHA-256 of salt and bytes, in hex."""
    return hashlib.sha256(salt + _encoder.encode(value)).hexdigest()
