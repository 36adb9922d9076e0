"""Frames and batches: golden bytes, round trips, bounds, rubbish."""

import contextlib
from typing import Any

import msgpack
import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sync import codec
from sync.chain import GENESIS
from sync.errors import MalformedError
from sync.messages import (
    BATCH_BYTES_MAX,
    BATCH_ENTRIES_MAX,
    FRAME_BYTES_MAX,
    INSTRUCTIONS_MAX,
    Ack,
    Challenge,
    CheckpointFrame,
    Countersign,
    Entries,
    Frame,
    Got,
    Hello,
    Instructions,
    Ping,
    Pong,
    Reject,
    SignedInstruction,
    Welcome,
)

KEY, SIGNATURE, TIME_US = bytes(range(32)), bytes(64), 1_700_000_000_000_000
FRAMES: dict[str, Frame] = {
    "challenge": Challenge(1, KEY, KEY),
    "hello": Hello(1, "box-1", 1, "Box", "r-1", 9, 4, KEY, KEY),
    "welcome": Welcome(1, 1, 7),
    "entries": Entries(1, 8, 2, KEY, KEY, b"\x28"),
    "ack": Ack(1, 9),
    "instructions": Instructions(5, (SignedInstruction(b"\x80", "0123456789abcdef", SIGNATURE),)),
    "got": Got(5),
    "checkpoint": CheckpointFrame(1, 9, KEY, TIME_US, SIGNATURE),
    "countersign": Countersign(1, 9, SIGNATURE),
    "ping": Ping(TIME_US),
    "pong": Pong(TIME_US, TIME_US + 1),
    "reject": Reject("fork", {"seq": 9}, "start a new epoch"),
}
GOLDEN_HEX = {
    "ack": "83a565706f636801a373657109a174a361636b",
    "got": "82a46473657105a174a3676f74",
    "ping": "82a773656e745f7573cf00060a24181e4000a174a470696e67",
    "pong": "83a561745f7573cf00060a24181e4001a773656e745f7573cf00060a24181e4000a174a4706f6e67",
    "reject": (
        "84a4636f6465a4666f726ba5666163747381a373657109a468696e74b173746172742061206e6577206570"
        "6f6368a174a672656a656374"
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frame_survives_the_round_trip(name: str) -> None:
    """Each kind of frame is read back as it was written, and names itself (SYNC-1)."""
    raw = codec.encode_frame(FRAMES[name])
    assert codec.decode_frame(raw) == FRAMES[name]
    assert msgpack.unpackb(raw)["t"] == name


@pytest.mark.parametrize("name", GOLDEN_HEX)
def test_frame_has_its_golden_bytes(name: str) -> None:
    """The bytes of a frame never change within a protocol version (SYNC-1)."""
    assert codec.encode_frame(FRAMES[name]).hex() == GOLDEN_HEX[name]


def test_unknown_field_is_ignored() -> None:
    """A newer peer may add fields to a frame (SYNC-1)."""
    raw = msgpack.packb({"t": "ack", "epoch": 1, "seq": 9, "colour": "red"})
    assert codec.decode_frame(raw) == Ack(1, 9)


@pytest.mark.parametrize(
    "value",
    [
        {"t": "ack", "epoch": 1, "seq": -1},
        {"t": "ack", "epoch": 1},
        {"t": "shout"},
        {"epoch": 1, "seq": 1},
        {"t": "got", "dseq": 2**60},
        {"t": "challenge", "pv": 1, "nonce": bytes(31), "hub_key": bytes(32)},
        {"t": "reject", "code": "x" * 65},
        {"t": "instructions", "first_dseq": 1, "items": []},
        [1, 2],
        7,
    ],
)
def test_frame_out_of_bounds_is_malformed(value: Any) -> None:
    """A frame that breaks a bound is refused with what is wrong (SEC-4)."""
    with pytest.raises(MalformedError) as caught:
        codec.decode_frame(msgpack.packb(value))
    assert (caught.value.code, caught.value.is_retryable) == ("malformed", False)
    assert caught.value.hint


def test_too_many_instructions_are_malformed() -> None:
    """A frame has at most INSTRUCTIONS_MAX instructions (SEC-4)."""
    one = SignedInstruction(b"", "k", SIGNATURE)
    full = Instructions(1, (one,) * INSTRUCTIONS_MAX)
    assert codec.decode_frame(codec.encode_frame(full)) == full
    over = codec.encode_frame(replace(full, items=(one,) * (INSTRUCTIONS_MAX + 1)))
    with pytest.raises(MalformedError):
        codec.decode_frame(over)


def test_frame_has_a_greatest_size() -> None:
    """A frame above the bound is neither made nor read (SEC-4)."""
    with pytest.raises(MalformedError):
        codec.decode_frame(bytes(FRAME_BYTES_MAX + 1))
    with pytest.raises(MalformedError):
        codec.encode_frame(Entries(1, 1, 1, KEY, KEY, bytes(FRAME_BYTES_MAX)))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_malformed(raw: bytes) -> None:
    """Whatever the bytes, decoding gives a frame or MalformedError (SEC-4)."""
    with contextlib.suppress(MalformedError):
        assert isinstance(codec.decode_frame(raw), msgspec.Struct)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FRAMES)), st.data())
def test_damaged_frame_is_a_frame_or_malformed(name: str, data: st.DataObject) -> None:
    """A frame with one byte changed, or cut, is a frame or MalformedError (SEC-4)."""
    raw = bytearray(codec.encode_frame(FRAMES[name]))
    at = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[at] = data.draw(st.integers(0, 255))
    else:
        del raw[at:]
    with contextlib.suppress(MalformedError):
        assert isinstance(codec.decode_frame(bytes(raw)), msgspec.Struct)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=30))
def test_batch_survives_the_round_trip(raws: list[bytes]) -> None:
    """Entries come out of a batch as they went in, whatever their bytes (SYNC-1)."""
    frame = codec.encode_batch(1, 7, GENESIS, raws)
    assert (frame.first_seq, frame.n) == (8, len(raws))
    assert codec.decode_batch(frame) == raws


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_payload_is_a_batch_or_malformed(payload: bytes) -> None:
    """Whatever the payload, unpacking raises nothing but MalformedError (SEC-4)."""
    with pytest.raises(MalformedError):
        codec.decode_batch(Entries(1, 1, 1, GENESIS, KEY, payload))


def test_batch_that_was_damaged_is_malformed() -> None:
    """A batch whose entries do not give the head hash is not taken (SYNC-1)."""
    frame = codec.encode_batch(1, 0, GENESIS, [b"one", b"two"])
    other = codec.encode_batch(1, 0, GENESIS, [b"one", b"twp"])
    with pytest.raises(MalformedError, match="damaged"):
        codec.decode_batch(replace(frame, payload=other.payload))
    with pytest.raises(MalformedError, match="announced"):
        codec.decode_batch(replace(frame, n=3))


@pytest.mark.parametrize("claims_size", [True, False])
def test_bomb_is_not_unpacked(claims_size: bool) -> None:
    """A payload that would unpack to more than the bound is refused unread (SEC-4)."""
    compressor = zstandard.ZstdCompressor(write_content_size=claims_size)
    bomb = compressor.compress(bytes(64 * BATCH_BYTES_MAX))
    with pytest.raises(MalformedError, match="claims"):
        codec.decode_batch(Entries(1, 1, 1, GENESIS, KEY, bomb))


def test_batch_is_cut_at_its_bounds() -> None:
    """A batch takes as many entries as its two bounds allow (SYNC-1)."""
    assert len(codec.fit_batch([b"x"] * (BATCH_ENTRIES_MAX + 1))) == BATCH_ENTRIES_MAX
    big = bytes(200 * 1024)
    fitting = codec.fit_batch([big] * 20)
    assert len(fitting) == BATCH_BYTES_MAX // len(big)
    assert codec.decode_batch(codec.encode_batch(1, 0, GENESIS, fitting)) == fitting
