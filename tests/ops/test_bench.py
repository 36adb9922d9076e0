"""`floorgate bench all`: every part, one table, and a page with machine and date."""

import json
from argparse import Namespace
from pathlib import Path
from types import ModuleType

import pytest

from edge.bench.figures import Figure
from edge.cli import bench


@pytest.fixture(autouse=True)
def _parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put two quick parts and one that breaks in the place of the real ones."""
    monkeypatch.setattr(bench, "PARTS", {name: f"bench_{name}" for name in ("a", "broken", "b")})
    for name, value in (("a", 1.0), ("b", 3.0)):
        made = ModuleType(f"bench_{name}")
        figure = Figure("time", "ms", value, floor=6.0, floor_name="peer", ratio=6 / value,
                        target="≤ 2 ms", met=value <= 2)  # fmt: skip
        made.__dict__["run"] = lambda _, figure=figure: [figure]
        monkeypatch.setitem(__import__("sys").modules, made.__name__, made)


def test_all_parts_make_one_table_and_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A part that breaks is named, and the others are measured all the same."""
    page = tmp_path / "BENCHMARKS.md"
    code = bench.bench_part(Namespace(part="all", json=True, write=page))
    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [figure["name"] for figure in told["figures"]] == ["a: time", "b: time"]
    assert told["problems"][0].startswith("broken: ModuleNotFoundError")
    assert told["machine"]["cores"] > 0
    text = page.read_text("utf-8")
    assert "| a: time | 1 ms |  | 6 (peer) | 6.0 | ≤ 2 ms | yes |" in text
    assert "1 of 2 targets are met" in text
    assert "Not measured: broken" in text


def test_one_part_keeps_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for one part, no other is measured."""
    assert bench.bench_part(Namespace(part="a", json=False, write=None)) == 0
    out = capsys.readouterr().out
    assert "\ntime" in out
    assert "a: time" not in out
