"""Personal data stands beside the journal; the journal names it by a salted hash only (SEC-5)."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

SEALS: Final = ("personal", "text")
"""Fields under which an entry holds a seal, at whatever depth."""

_encoder = msgspec.msgpack.Encoder(order="sorted")


def seal(salt: bytes, value: dict[str, Any]) -> str:
    """Return the hash by which the journal names `value`: SHA-256 of salt and bytes, in hex."""
    return hashlib.sha256(salt + _encoder.encode(value)).hexdigest()


def keys_of(refs: Iterable[str], cause: str, data: dict[str, Any]) -> Iterator[str]:
    """Yield the keys of records that came with an entry; some may name nothing.

    `refs` and `cause` are those of the entry: a record is named by what it is about.
    """
    if _has_seal(data):
        yield from refs
        yield f"return:{data.get('order')}:{cause}"
        if blob := data.get("blob"):
            yield picture_key(data["evidence"], blob, data["order"])
        for item in data.get("items", ()):
            yield f"person:{item['id']}"


def picture_key(kind: str, blob: str, order: str) -> str:
    """Return the key of the record that says whose picture a blob is; `kind`: photo or video."""
    return f"{kind}:{blob.removeprefix('sha256:')}:{order}"


def _has_seal(value: Any) -> bool:  # noqa: ANN401 - whatever an entry holds
    if isinstance(value, dict):
        return any(key in SEALS or _has_seal(each) for key, each in value.items())
    return isinstance(value, list | tuple) and any(_has_seal(each) for each in value)
