"""The journal as a file that can be checked anywhere: `floorgate journal export`.

The file is a sequence of MessagePack values, read and written one by one:

    {"format": "floorgate-journal", "v": 1, "box": …, "public_key": …, "after": [epoch, seq, hash]}
    ["e", entry bytes, hash]                      one an entry, in order
    ["c", epoch, seq, head, at_us, signature]     after the entry that it pins
    ["z", number of entries]                      the end; a file without it was cut

A value stands as: its length in 4 bytes, big-endian, then the MessagePack.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from sync.chain import ENTRY_BYTES_MAX, GENESIS, Checkpoint, Report, Verifier
from sync.errors import BROKEN_BYTES, MalformedError
from sync.messages import Hash, Key, Name, Seq, Signature

FORMAT: Final = "floorgate-journal"
FORMAT_VERSION: Final = 1
LENGTH_BYTES: Final = 4
ITEM_BYTES_MAX: Final = ENTRY_BYTES_MAX + 1024


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first value of an export: whose journal it is, and where it starts."""

    box: Name
    public_key: Key
    after: tuple[int, Seq, Hash] = (0, 0, GENESIS)
    """Epoch, number and hash of the entry before the first one."""
    format: str = FORMAT
    v: int = FORMAT_VERSION


class ExportedEntry(msgspec.Struct, frozen=True, array_like=True, tag="e"):
    """One entry and the hash stored beside it."""

    raw: bytes
    hash: Hash


class ExportedCheckpoint(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """One checkpoint, behind the entry that it pins."""

    epoch: int
    seq: Seq
    head: Hash
    at_us: int
    signature: Signature


class End(msgspec.Struct, frozen=True, array_like=True, tag="z"):
    """The last value: how many entries the file has."""

    entries: int


Item = ExportedEntry | ExportedCheckpoint
_encoder = msgspec.msgpack.Encoder(order="sorted")
_header_decoder = msgspec.msgpack.Decoder(Header)
_item_decoder: msgspec.msgpack.Decoder[ExportedEntry | ExportedCheckpoint | End] = (
    msgspec.msgpack.Decoder(ExportedEntry | ExportedCheckpoint | End)
)


def write_export(file: BinaryIO, header: Header, items: Iterable[Item]) -> int:
    """Write an export to `file` and return how many entries it has."""
    entries = 0
    _put(file, header)
    for item in items:
        entries += isinstance(item, ExportedEntry)
        _put(file, item)
    _put(file, End(entries))
    return entries


def read_export(file: BinaryIO) -> tuple[Header, Iterator[Item]]:
    """Return the header of an export and its items, streaming.

    Raises `MalformedError`, also while iterating: not an export, a cut file, a broken value.
    """
    try:
        header = _header_decoder.decode(_take(file))
    except BROKEN_BYTES as error:
        raise _malformed(f"the header: {error}") from error
    if (header.format, header.v) != (FORMAT, FORMAT_VERSION):
        raise _malformed(f"format {header.format!r} version {header.v}")
    return header, _items(file)


def verify_export(path: Path, public_key: bytes | None = None) -> Report:
    """Check the export at `path` against `public_key`, or else the key that the file names.

    Who does not trust the file passes the key that the hub has pinned for the box. Raises
    `MalformedError` when the file cannot be read to its end, `OSError` when not at all.
    """
    with path.open("rb") as file:
        header, items = read_export(file)
        verifier = Verifier(
            box=header.box, public_key=public_key or header.public_key, after=header.after
        )
        for item in items:
            if isinstance(item, ExportedEntry):
                verifier.entry(item.raw, item.hash)
            else:
                checkpoint = Checkpoint(header.box, item.epoch, item.seq, item.head, item.at_us)
                verifier.checkpoint(checkpoint, item.signature)
        return verifier.report()


def _items(file: BinaryIO) -> Iterator[Item]:
    entries = 0
    while True:
        try:
            item = _item_decoder.decode(_take(file))
        except BROKEN_BYTES as error:
            raise _malformed(f"the value behind entry {entries}: {error}") from error
        if isinstance(item, End):
            if item.entries != entries:
                raise _malformed(f"{entries} entries where the end says {item.entries}")
            return
        entries += isinstance(item, ExportedEntry)
        yield item


def _put(file: BinaryIO, value: object) -> None:
    raw = _encoder.encode(value)
    assert len(raw) <= ITEM_BYTES_MAX, "an entry is at most ENTRY_BYTES_MAX"
    file.write(len(raw).to_bytes(LENGTH_BYTES, "big") + raw)


def _take(file: BinaryIO) -> bytes:
    size = int.from_bytes(_exactly(file, LENGTH_BYTES), "big")
    if size > ITEM_BYTES_MAX:
        raise _malformed(f"a value of {size} bytes, at most {ITEM_BYTES_MAX}")
    return _exactly(file, size)


def _exactly(file: BinaryIO, size: int) -> bytes:
    raw = file.read(size)
    if len(raw) < size:
        raise _malformed("the file ends in the middle")
    return raw


def _malformed(cause: str) -> MalformedError:
    return MalformedError("read export", "file", cause, "export the journal again")
