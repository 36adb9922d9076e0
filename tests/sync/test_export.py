"""The exported journal, checked with the box's own reader and with a stranger's."""

import hashlib
import io
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.chain import Checkpoint, Fault, sign_checkpoint
from sync.errors import MalformedError
from sync.export import (
    ExportedCheckpoint,
    ExportedEntry,
    Header,
    Item,
    read_export,
    verify_export,
    write_export,
)
from sync.keys import public_key


def items_of(kit: Any, n: int = 6) -> list[Item]:
    journal = kit.Journal()
    items: list[Item] = []
    for seq in range(1, n + 1):
        journal.add(data={"n": seq})
        items.append(ExportedEntry(journal.raws[-1], journal.hashes[-1]))
    checkpoint = Checkpoint("box-1", 1, n, journal.hashes[-1], kit.START_US)
    signature = sign_checkpoint(checkpoint, kit.BOX_KEY)
    pinned = ExportedCheckpoint(1, n, checkpoint.head, checkpoint.at_us, signature)
    return [*items, pinned]


def export(kit: Any, path: Path, items: list[Item]) -> None:
    with path.open("wb") as file:
        write_export(file, Header("box-1", public_key(kit.BOX_KEY)), items)


def verify_as_a_stranger(raw: bytes) -> tuple[int, str]:
    """Check an export with nothing but msgpack and hashlib; return entries and head."""

    def values() -> Any:
        at = 0
        while at < len(raw):
            size = int.from_bytes(raw[at : at + 4], "big")
            yield msgpack.unpackb(raw[at + 4 : at + 4 + size], strict_map_key=False)
            at += 4 + size

    stream = values()
    header = next(stream)
    assert (header["format"], header["v"]) == ("floorgate-journal", 1)
    epoch, seq, head = header["after"]
    entries = 0
    for value in stream:
        match value:
            case ["e", bytes(entry), bytes(stored)]:
                decoded = msgpack.unpackb(entry)
                is_new = decoded[2] > epoch
                before = bytes(32) if is_new else head
                assert decoded[1] == header["box"]
                assert decoded[3] == (1 if is_new else seq + 1)
                assert hashlib.sha256(before + entry).digest() == stored
                epoch, seq, head = decoded[2], decoded[3], stored
                entries += 1
            case ["c", int(pinned_epoch), int(pinned), bytes(pinned_head), int(_), bytes(_)]:
                assert (pinned_epoch, pinned, pinned_head) == (epoch, seq, head)
            case ["z", int(count)]:
                assert count == entries
                return entries, head.hex()
    raise AssertionError("the file was cut")


def test_export_is_verified_without_the_box(kit: Any, tmp_path: Path) -> None:
    """An exported journal is checked by its file alone (AUD-1)."""
    export(kit, tmp_path / "j", items_of(kit))
    report = verify_export(tmp_path / "j")
    assert (report.ok, report.entries, report.checkpoints) == (True, 6, 1)
    assert verify_as_a_stranger((tmp_path / "j").read_bytes()) == (6, report.head.hex())


def test_second_verifier_finds_a_change_too(kit: Any, tmp_path: Path) -> None:
    """Both verifiers refuse a changed entry (AUD-1)."""
    items = items_of(kit)
    changed = kit.entry(3, data={"n": 4})
    items[2] = ExportedEntry(changed, items[2].hash)  # type: ignore[union-attr]
    export(kit, tmp_path / "j", items)
    findings = verify_export(tmp_path / "j").findings
    assert [(one.seq, one.kind) for one in findings] == [(3, Fault.CHANGED)]
    with pytest.raises(AssertionError):
        verify_as_a_stranger((tmp_path / "j").read_bytes())


def test_export_by_another_key_is_found(kit: Any, tmp_path: Path) -> None:
    """Who knows the box's key from the hub need not trust the file's (AUD-1)."""
    export(kit, tmp_path / "j", items_of(kit))
    report = verify_export(tmp_path / "j", public_key(kit.HUB_KEY))
    assert [(one.seq, one.kind) for one in report.findings] == [(6, Fault.SIGNATURE)]


def test_export_behind_a_cut_starts_there(kit: Any) -> None:
    """An export may begin behind archived entries, and says so (AUD-1)."""
    items = items_of(kit)
    file = io.BytesIO()
    after = (1, 2, items[1].hash)  # type: ignore[union-attr]
    write_export(file, Header("box-1", public_key(kit.BOX_KEY), after), items[2:])
    assert verify_as_a_stranger(file.getvalue())[0] == 4
    file.seek(0)
    header, read = read_export(file)
    assert (header.after, len(list(read))) == (after, 5)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_cut_or_damaged_file_is_malformed_or_reported(
    kit: Any, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A damaged file never passes with other entries than those of the whole one (AUD-1)."""
    path = tmp_path_factory.getbasetemp() / "damaged"
    export(kit, path, items_of(kit, 3))
    whole = verify_export(path)
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del raw[at:]
    path.write_bytes(raw)
    try:
        report = verify_export(path, public_key(kit.BOX_KEY))
    except MalformedError:
        return
    is_same = (report.entries, report.seq, report.head) == (3, 3, whole.head)
    assert not report.ok or is_same
