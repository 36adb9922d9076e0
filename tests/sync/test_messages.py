"""Signed instructions: who made them, whom they are for, whether they can be read."""

from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sync import keys
from sync.errors import ForgedError, MalformedError, WrongBoxError
from sync.messages import (
    INSTRUCTION_BYTES_MAX,
    Instruction,
    SignedInstruction,
    sign_instruction,
    verify_instruction,
)

HUB, OTHER = bytes(range(32, 64)), bytes(range(64, 96))
HUB_KEYS = {keys.key_id(keys.public_key(HUB)): keys.public_key(HUB)}
FREEZE = Instruction(1, "box-1", 7, "i-7", "order.freeze", 5, {"order_id": "536365"})


def test_signed_instruction_is_read_back() -> None:
    """An instruction that the hub signed is read as it was made (SEC-4)."""
    signed = sign_instruction(FREEZE, HUB)
    assert verify_instruction(signed, HUB_KEYS, "box-1") == FREEZE
    assert msgpack.unpackb(signed.b)["body"] == {"order_id": "536365"}


def test_instruction_has_its_golden_bytes() -> None:
    """What is signed never changes within a version (SYNC-1)."""
    assert sign_instruction(FREEZE, HUB).b.hex() == (
        "87a4626f647981a86f726465725f6964a6353336333635a3626f78a5626f782d31a46473657107a26964"
        "a3692d37a96973737565645f617405a46b696e64ac6f726465722e667265657a65a17601"
    )


def test_forged_instruction_is_refused() -> None:
    """Another key, another key's name, another signature: forged (SEC-4)."""
    signed = sign_instruction(FREEZE, HUB)
    by_other = sign_instruction(FREEZE, OTHER)
    for forged in (
        by_other,
        replace(by_other, k=signed.k),
        replace(signed, s=bytes(64)),
        replace(signed, b=signed.b[:-1] + b"\x02"),
    ):
        with pytest.raises(ForgedError):
            verify_instruction(forged, HUB_KEYS, "box-1")


def test_instruction_for_another_box_is_refused() -> None:
    """A genuine instruction cannot be played to another box (SEC-4)."""
    with pytest.raises(WrongBoxError) as caught:
        verify_instruction(sign_instruction(FREEZE, HUB), HUB_KEYS, "box-2")
    assert caught.value.code == "wrong_box"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=100))
def test_genuine_rubbish_is_malformed(raw: bytes) -> None:
    """Rubbish that the hub itself signed is malformed, not forged (SYNC-2)."""
    signed = SignedInstruction(raw, next(iter(HUB_KEYS)), keys.sign(HUB, raw))
    with pytest.raises(MalformedError):
        verify_instruction(signed, HUB_KEYS, "box-1")


def test_instruction_has_a_greatest_size() -> None:
    """The hub refuses to sign an instruction above the bound (SEC-4)."""
    huge: dict[str, Any] = {"text": "x" * INSTRUCTION_BYTES_MAX}
    with pytest.raises(MalformedError, match="bytes are more"):
        sign_instruction(replace(FREEZE, body=huge), HUB)
