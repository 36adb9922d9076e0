"""Nothing acknowledged is lost when the power goes, at whatever moment."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.store.powercut import Recording, cut, faults_of, record, write_image

SOAK = bool(os.environ.get("FLOORGATE_SOAK"))
IMAGES = 2_000 if SOAK else 50
IMAGES_A_RECORDING = 200
GROUPS = 120


def faults(folder: Path, recording: Recording, seeds: range) -> Iterator[tuple[int, list[str]]]:
    """Yield the seed of each image in which something is wrong, and what."""
    for seed in seeds:
        files, acked = cut(recording, Random(seed))
        image = folder / "image"
        write_image(image, files)
        try:
            found = faults_of(image, recording, acked)
        except sqlite3.DatabaseError as error:
            found = [f"corrupt: {error}"]
        if found:
            yield seed, found


@pytest.mark.timeout(3_600 if SOAK else 900)
def test_no_power_cut_loses_what_was_acknowledged(tmp_path: Path) -> None:
    """Each image opens with every answered command in it once, chain whole, replay equal: AUD-1."""
    for first in range(0, IMAGES, IMAGES_A_RECORDING):
        folder = tmp_path / f"floor-{first}"
        folder.mkdir()
        recording = record(folder, seed=first, groups=GROUPS)
        images = range(first, min(first + IMAGES_A_RECORDING, IMAGES))
        assert list(faults(folder, recording, images)) == []
        print(f"{images.stop:,} of {IMAGES:,} power cuts")  # noqa: T201 - `make soak` shows it


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_the_cuts_have_teeth(tmp_path: Path, synchronous: str) -> None:
    """The same cuts find lost answers where commits are not flushed."""
    recording = record(tmp_path, seed=7, groups=GROUPS, synchronous=synchronous)
    found = [what for _, what in faults(tmp_path, recording, range(40))]
    assert len(found) >= 8
