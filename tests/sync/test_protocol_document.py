"""docs/SYNC_PROTOCOL.md says what the code does: its worked example, its frames, its bounds."""

import re
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from sync import codec, keys, messages
from sync.chain import GENESIS, Checkpoint, Entry, countersign, encode_entry, link, sign_checkpoint
from sync.messages import (
    Ack,
    Challenge,
    CheckpointFrame,
    Countersign,
    Frame,
    Got,
    Hello,
    Instruction,
    Instructions,
    Welcome,
    entries_bytes,
    hello_bytes,
    sign_instruction,
    welcome_bytes,
)

DOCUMENT = (Path(__file__).parents[2] / "docs" / "SYNC_PROTOCOL.md").read_text("utf-8")
BOX, HUB, TOKEN = bytes(range(32)), bytes(range(32, 64)), "token-1"
TIME_US = 1_700_000_000_000_000


def blocks() -> dict[str, str]:
    """The hex of the document by the name that stands behind its fence."""
    found = re.findall(r"```hex ([a-z-]+)\n(.*?)```", DOCUMENT, re.DOTALL)
    return {name: "".join(text.split()) for name, text in found}


def example() -> dict[str, bytes]:
    """The worked example, made by the code."""
    challenge = Challenge(1, bytes([0xAA]) * 32, keys.public_key(HUB))
    hello = Hello(1, "box-1", 1, "Box one", "r-1", 1, 0, keys.public_key(BOX), bytes([0xBB]) * 32)
    proof = hello_bytes(challenge, hello)
    hello = replace(hello, signature=keys.sign(BOX, proof), token_mac=keys.mac(TOKEN, proof))
    welcome = Welcome(1, 1, 0)
    proof = welcome_bytes(challenge, hello, welcome)
    welcome = replace(welcome, signature=keys.sign(HUB, proof), token_mac=keys.mac(TOKEN, proof))
    entry = Entry(
        *(1, "box-1", 1, 1, TIME_US, TIME_US, "order.moved", "order:536365", ("order:536365",)),
        *("person:7", "device:1", "pda", "", "r-1"),
        {"action": "accept", "from": "received", "order": "536365", "to": "ready"},
    )
    raw = encode_entry(entry)
    head = link(GENESIS, raw)
    batch = codec.encode_batch(1, 0, GENESIS, [raw])
    signed_batch = entries_bytes(challenge.nonce, batch)
    cancel = Instruction(1, "box-1", 1, "i-1", "order.freeze", TIME_US, {"order_id": "536365"})
    checkpoint = Checkpoint("box-1", 1, 1, head, TIME_US)
    signature = sign_checkpoint(checkpoint, BOX)
    frames: dict[str, Frame] = {
        "challenge": challenge,
        "hello": hello,
        "welcome": welcome,
        "ack": Ack(1, 1),
        "instructions": Instructions(1, (sign_instruction(cancel, HUB),)),
        "got": Got(1),
        "checkpoint": CheckpointFrame(1, 1, head, TIME_US, signature),
        "countersign": Countersign(1, 1, countersign(checkpoint, HUB)),
    }
    values = {name: codec.encode_frame(frame) for name, frame in frames.items()}
    return {
        **values,
        "hello-signed": hello_bytes(challenge, hello),
        "welcome-signed": welcome_bytes(challenge, hello, welcome),
        "entry": raw,
        "entry-hash": head,
        "batch": msgspec.msgpack.encode([raw]),
        "batch-signed": signed_batch,
    }


@pytest.mark.parametrize("name", example())
def test_worked_example_is_what_the_code_makes(name: str) -> None:
    """Each hex block of the document is made by the code, byte for byte (SYNC-1)."""
    assert blocks()[name] == example()[name].hex()


def test_every_block_is_checked() -> None:
    """No hex block of the document goes unchecked (SYNC-1)."""
    assert set(blocks()) == set(example())


def test_every_frame_and_field_is_documented() -> None:
    """The document names each frame with each of its fields (SYNC-1)."""
    for frame in Frame.__args__:
        config = frame.__struct_config__
        row = next(row for row in DOCUMENT.splitlines() if row.startswith(f"| `{config.tag}`"))
        for field in frame.__struct_fields__:
            assert f"`{field}" in row, (config.tag, field)


@pytest.mark.parametrize(
    "name", [name for name in vars(messages) if name.endswith(("_MAX", "_TAG", "VERSION"))]
)
def test_every_bound_is_documented(name: str) -> None:
    """Each bound and tag of the protocol stands in the document with its value (SYNC-1)."""
    value = getattr(messages, name)
    said = f"{value:,}" if isinstance(value, int) else f'"{value}"'
    assert f"| `{name}` | {said} |" in DOCUMENT
