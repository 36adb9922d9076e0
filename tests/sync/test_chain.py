"""The journal's bytes, the chain, and what the verifier finds."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.chain import (
    FINDINGS_MAX,
    GENESIS,
    Checkpoint,
    Entry,
    Fault,
    Report,
    Verifier,
    countersign,
    decode_entry,
    encode_entry,
    is_countersigned,
    link,
    sign_checkpoint,
)
from sync.keys import public_key

GOLDEN = Entry(
    v=1,
    box="box-1",
    epoch=1,
    seq=1,
    at_us=1_700_000_000_000_000,
    device_at_us=1_700_000_000_000_001,
    kind="pick.scanned",
    subject="task:7",
    refs=("order:536365", "task:7"),
    actor="person:7",
    device="device:1",
    via="pda",
    cause="c-1",
    rules="r-1",
    data={"qty": 1, "code": "6901234567892", "line": 3},
)
GOLDEN_HEX = (
    "9f01a5626f782d310101cf00060a24181e4000cf00060a24181e4001ac7069636b2e7363616e6e6564"
    "a67461736b3a3792ac6f726465723a353336333635a67461736b3a37a8706572736f6e3a37"
    "a86465766963653a31a3706461a3632d31a3722d3183a4636f6465ad36393031323334353637383932"
    "a46c696e6503a371747901"
)
GOLDEN_HASH = "42f40feb708393d496d9bbca2e3608a1d1d0fd413fffb7ff30ea2ddb06bc7840"


def verify(pairs: list[tuple[bytes, bytes]], **options: Any) -> Report:
    verifier = Verifier(**options)
    for raw, digest in pairs:
        verifier.entry(raw, digest)
    return verifier.report()


@pytest.fixture
def pairs(kit: Any) -> list[tuple[bytes, bytes]]:
    return chain_of(kit, 10)


def chain_of(kit: Any, n: int, epoch: int = 1) -> list[tuple[bytes, bytes]]:
    head, made = GENESIS, []
    for seq in range(1, n + 1):
        raw = kit.entry(seq, epoch=epoch)
        head = link(head, raw)
        made.append((raw, head))
    return made


def found(report: Report) -> list[tuple[int, Fault]]:
    return [(finding.seq, finding.kind) for finding in report.findings]


def test_entry_has_the_golden_bytes_and_hash() -> None:
    """An entry's bytes and hash never change between releases (AUD-1)."""
    raw = encode_entry(GOLDEN)
    assert raw.hex() == GOLDEN_HEX
    assert link(GENESIS, raw).hex() == GOLDEN_HASH
    assert decode_entry(raw) == GOLDEN


def test_whole_chain_has_no_findings(pairs: list[tuple[bytes, bytes]]) -> None:
    """A whole chain is reported as such, with its head (AUD-1)."""
    report = verify(pairs)
    assert report.ok
    assert (report.seq, report.head, report.entries) == (10, pairs[-1][1], 10)


def test_changed_entry_is_named(kit: Any, pairs: list[tuple[bytes, bytes]]) -> None:
    """A changed entry is found, and only that one is named (AUD-1)."""
    pairs[4] = (kit.entry(5, "order.moved"), pairs[4][1])
    assert found(verify(pairs)) == [(5, Fault.CHANGED)]


def test_missing_entries_are_named_as_a_run(pairs: list[tuple[bytes, bytes]]) -> None:
    """Entries that are left out are found as one run (AUD-1)."""
    report = verify(pairs[:3] + pairs[6:])
    assert found(report) == [(4, Fault.MISSING)]
    assert report.findings[0].detail == "entries 4 to 6 are missing"


def test_reordered_entry_is_named(pairs: list[tuple[bytes, bytes]]) -> None:
    """An entry that stands too late is called reordered, not missing (AUD-1)."""
    pairs[3], pairs[4] = pairs[4], pairs[3]
    assert found(verify(pairs)) == [(4, Fault.REORDERED)]


def test_repeated_entry_is_named(pairs: list[tuple[bytes, bytes]]) -> None:
    """An entry that stands there twice is found (AUD-1)."""
    assert found(verify([*pairs, pairs[2]])) == [(3, Fault.REPEATED)]


@pytest.mark.parametrize("junk", [b"", b"\xc1", b"\x91" * 5000, b"\x93\x01\xa1x\x01"])
def test_malformed_entry_is_named(pairs: list[tuple[bytes, bytes]], junk: bytes) -> None:
    """Bytes that are no entry are found at the place where one belongs (AUD-1)."""
    head = link(pairs[3][1], junk)
    report = verify([*pairs[:4], (junk, head)])
    assert found(report) == [(5, Fault.MALFORMED)]


def test_entry_of_another_box_is_malformed(kit: Any, pairs: list[tuple[bytes, bytes]]) -> None:
    """An entry of another box does not belong into the chain (AUD-1)."""
    raw = kit.entry(11, box="box-2")
    assert found(verify([*pairs, (raw, link(pairs[-1][1], raw))])) == [(11, Fault.MALFORMED)]


def test_new_epoch_is_told_but_is_no_fault(kit: Any, pairs: list[tuple[bytes, bytes]]) -> None:
    """A higher epoch starts a new chain and is told (SYNC-5); a lower one is out of order."""
    second = chain_of(kit, 3, epoch=2)
    report = verify(pairs + second)
    assert (found(report), report.ok) == ([(1, Fault.EPOCH)], True)
    assert found(verify(second + pairs[:1])) == [(1, Fault.REORDERED)]


def test_epoch_that_does_not_begin_at_one_misses_entries(kit: Any) -> None:
    """The first entries of an epoch cannot be left out (AUD-1)."""
    assert found(verify(chain_of(kit, 5)[2:])) == [(1, Fault.MISSING)]


def test_rewritten_chain_is_found_by_a_signed_checkpoint(kit: Any) -> None:
    """A chain made anew from the middle on is whole, and not the signed one (AUD-1)."""
    pairs = chain_of(kit, 6)
    signed = Checkpoint("box-1", 1, 6, pairs[-1][1], 5)
    key = public_key(kit.BOX_KEY)
    head = pairs[3][1]
    verifier = Verifier(public_key=key)
    for raw, digest in pairs[:4]:
        verifier.entry(raw, digest)
    for seq in (5, 6):
        raw = kit.entry(seq, "order.moved")
        head = link(head, raw)
        verifier.entry(raw, head)
    verifier.checkpoint(signed, sign_checkpoint(signed, kit.BOX_KEY))
    assert found(verifier.report()) == [(6, Fault.REWRITTEN)]


def test_checkpoint_by_another_key_is_found(kit: Any) -> None:
    """A checkpoint that the box did not sign proves nothing (AUD-1)."""
    ((raw, head),) = chain_of(kit, 1)
    checkpoint = Checkpoint("box-1", 1, 1, head, 5)
    verifier = Verifier(public_key=public_key(kit.BOX_KEY))
    verifier.entry(raw, head)
    verifier.checkpoint(checkpoint, sign_checkpoint(checkpoint, kit.BOX_KEY))
    verifier.checkpoint(checkpoint, sign_checkpoint(checkpoint, kit.HUB_KEY))
    assert found(verifier.report()) == [(1, Fault.SIGNATURE)]
    assert verifier.report().checkpoints == 1


def test_countersignature_is_not_a_signature_of_the_box(kit: Any) -> None:
    """What the hub signs cannot be passed off as the box's checkpoint, nor the reverse."""
    checkpoint = Checkpoint("box-1", 1, 1, bytes(32), 5)
    hub_key = public_key(kit.HUB_KEY)
    assert is_countersigned(checkpoint, countersign(checkpoint, kit.HUB_KEY), hub_key)
    assert not is_countersigned(checkpoint, sign_checkpoint(checkpoint, kit.HUB_KEY), hub_key)


def test_findings_are_bounded() -> None:
    """A file of rubbish gives a bounded report."""
    report = verify([(b"", b"")] * (FINDINGS_MAX + 5))
    assert (len(report.findings), report.findings_dropped > 0) == (FINDINGS_MAX, True)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_single_damage_is_found(kit: Any, data: st.DataObject) -> None:
    """Whatever one thing is flipped, dropped, doubled or moved, the report is not ok (AUD-1)."""
    pairs = chain_of(kit, 8)
    at = data.draw(st.integers(0, 6))
    match data.draw(st.sampled_from(["flip", "drop", "double", "swap"])):
        case "flip":
            raw = bytearray(pairs[at][0])
            bit = data.draw(st.integers(0, len(raw) * 8 - 1))
            raw[bit // 8] ^= 1 << bit % 8
            pairs[at] = (bytes(raw), pairs[at][1])
        case "drop":
            del pairs[at]
        case "double":
            pairs.insert(at, pairs[at])
        case _:
            pairs[at], pairs[at + 1] = pairs[at + 1], pairs[at]
    assert not verify(pairs).ok


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=80), st.binary(max_size=32)), max_size=5))
def test_verifier_never_raises(pairs: list[tuple[bytes, bytes]]) -> None:
    """Whatever bytes come, the verifier reports and does not raise."""
    assert verify(pairs).entries == len(pairs)
