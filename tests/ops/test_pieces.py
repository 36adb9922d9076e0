"""A spare survives an upgrade of its box: pieces of every released form are read (OPS-2, OPS-4)."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from edge.store import feed
from edge.store.following import SPARE
from edge.store.share import PIECES
from tests.ops.test_spare import Pair, content, pair

RELEASED = sorted(Path(__file__).with_name("pieces").glob("*.piece"))
"""A piece of each released form. A release that changes it adds its own; none is ever changed."""

__all__ = ["pair"]


def changed(raw: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return a piece whose fields were changed."""
    plain = zstandard.ZstdDecompressor().decompress(raw[32:])
    fields = msgspec.msgpack.decode(plain)
    change(fields)
    packed = zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(fields))
    return hashlib.sha256(packed).digest() + packed


def first_form(fields: dict[str, Any]) -> None:
    """Turn a piece's fields into those of the first form: no version, no age of personal data."""
    del fields["v"]
    fields["personal"] = [record[:3] for record in fields["personal"]]


def test_every_released_form_has_its_piece() -> None:
    """There is one for each number up to the newest."""
    assert [int(path.stem) for path in RELEASED] == list(range(1, feed.PIECE_VERSION + 1))


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_a_piece_of_a_released_form_is_read(path: Path) -> None:
    """It has its entries, answers and personal data; what it could not tell has its default."""
    piece = feed.unpack(path.read_bytes())
    assert piece.v == int(path.stem)
    assert piece.end().seq == piece.after_seq + len(piece.entries)
    assert min(len(piece.entries), len(piece.answers), len(piece.personal)) > 0
    assert {record.at_us > 0 for record in piece.personal} == {piece.v > 1}


def test_a_spare_goes_on_from_pieces_that_an_older_box_left(pair: Pair) -> None:
    """The box was upgraded while the spare was away; the share needs no new base."""
    spare = pair.spare.data / SPARE
    pair.feed()
    pair.follow()
    pair.work()
    pair.feed()
    for path in (pair.share.folder / PIECES).iterdir():
        path.write_bytes(changed(path.read_bytes(), first_form))
    pair.work()
    pair.feed()
    pair.follow()
    assert len(pair.share.bases()) == 1
    ours, theirs = (content(data / "floor.db") for data in (pair.house.data, spare))
    for rows in (ours, theirs):
        rows["personal"] = [record[:3] for record in rows["personal"]]
    assert theirs == ours


def test_a_piece_of_a_newer_form_says_what_to_install(pair: Pair) -> None:
    """Nobody is told to empty a share that is sound."""
    pair.feed()
    pair.follow()
    pair.work()
    pair.feed()
    for path in (pair.share.folder / PIECES).iterdir():
        newer = changed(path.read_bytes(), lambda fields: fields.update(v=feed.PIECE_VERSION + 1))
        path.write_bytes(newer)
    with pytest.raises(feed.FeedError, match="install that version here first") as error:
        pair.follow()
    assert "empty" not in str(error.value)
