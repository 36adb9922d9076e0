"""Frames and batches of entries to bytes and back. Pure; every size is bounded."""

from functools import reduce
from typing import Final

import msgspec
import zstandard

from sync.chain import ENTRY_BYTES_MAX, link
from sync.errors import BROKEN_BYTES, MalformedError
from sync.messages import BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, FRAME_BYTES_MAX, Entries, Frame

ZSTD_LEVEL: Final = 3
BIN_HEADER_BYTES_MAX: Final = 5
PAYLOAD_BYTES_MAX: Final = BATCH_BYTES_MAX + (BATCH_ENTRIES_MAX + 1) * BIN_HEADER_BYTES_MAX
"""A full batch unpacked: the entries and their MessagePack headers."""

_encoder = msgspec.msgpack.Encoder(order="sorted")
_frame_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_batch_decoder = msgspec.msgpack.Decoder(list[bytes])


def encode_frame(frame: Frame) -> bytes:
    """Return the bytes of `frame`; raise `MalformedError` if they are too many."""
    raw = _encoder.encode(frame)
    if len(raw) > FRAME_BYTES_MAX:
        raise _malformed("encode frame", f"{len(raw)} bytes are more than {FRAME_BYTES_MAX}")
    return raw


def decode_frame(raw: bytes) -> Frame:
    """Return the frame in `raw`; raise `MalformedError` if it is none or breaks a bound."""
    if len(raw) > FRAME_BYTES_MAX:
        raise _malformed("decode frame", f"{len(raw)} bytes are more than {FRAME_BYTES_MAX}")
    try:
        return _frame_decoder.decode(raw)
    except BROKEN_BYTES as error:
        raise _malformed("decode frame", str(error)) from error


def fit_batch(raws: list[bytes]) -> list[bytes]:
    """Return as many of the first `raws` as one batch may carry; at least one if there are any."""
    size = 0
    for index, raw in enumerate(raws[:BATCH_ENTRIES_MAX]):
        assert len(raw) <= ENTRY_BYTES_MAX, "the journal refuses an entry of this size"
        size += len(raw)
        if size > BATCH_BYTES_MAX:
            return raws[:index]
    return raws[:BATCH_ENTRIES_MAX]


def encode_batch(epoch: int, after_seq: int, previous_hash: bytes, raws: list[bytes]) -> Entries:
    """Return the frame with the entries `raws` behind `after_seq`; they must fit one batch."""
    assert 0 < len(raws) <= BATCH_ENTRIES_MAX, "a batch has 1 to BATCH_ENTRIES_MAX entries"
    return Entries(
        epoch=epoch,
        first_seq=after_seq + 1,
        n=len(raws),
        prev_hash=previous_hash,
        head_hash=reduce(link, raws, previous_hash),
        payload=zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(_encoder.encode(raws)),
    )


def decode_batch(frame: Entries) -> list[bytes]:
    """Return the raw entries of `frame`; raise `MalformedError` on anything out of bounds."""
    op = "decode batch"
    try:
        # The decompressor allocates what the header claims, so the claim is judged first; an
        # absent claim reads as 2^64 - 1.
        size = zstandard.get_frame_parameters(frame.payload).content_size
        if size > PAYLOAD_BYTES_MAX:
            raise _malformed(op, f"the payload claims {size} bytes, at most {PAYLOAD_BYTES_MAX}")
        packed = zstandard.ZstdDecompressor().decompress(frame.payload, allow_extra_data=False)
        raws = _batch_decoder.decode(packed)
    except (zstandard.ZstdError, *BROKEN_BYTES) as error:
        raise _malformed(op, str(error)) from error
    if len(raws) != frame.n:
        raise _malformed(op, f"{len(raws)} entries where {frame.n} were announced")
    if any(len(raw) > ENTRY_BYTES_MAX for raw in raws):
        raise _malformed(op, f"an entry has more than {ENTRY_BYTES_MAX} bytes")
    if reduce(link, raws, frame.prev_hash) != frame.head_hash:
        raise _malformed(op, "the entries do not give the head hash: damaged on the way")
    return raws


def _malformed(op: str, cause: str) -> MalformedError:
    return MalformedError(op, "peer", cause, "check that both sides speak the same version")
