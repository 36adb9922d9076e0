"""`floorgate bench all`: every part, one table, and a page with machine and date."""

import json
import os
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge.bench import page
from edge.bench.figures import Figure
from edge.bench.page import PART_S_MAX, Measured, measure_all
from edge.cli import bench

PART = """
import os, sys, threading
import structlog
from types import ModuleType
from edge.bench.figures import Figure
from edge.cli import bench

name, value = sys.argv[1], float(sys.argv[2])

def run(say, keep):
    if not value:
        raise OSError("no such peer")
    keep([Figure("time", "ms", value, floor=6.0, floor_name="peer", ratio=6 / value,
                 target="≤ 2 ms", met=value <= 2)])
    structlog.get_logger().warning("a box tells something")
    print("measured", file=sys.stderr, flush=True)
    if value == 4:
        if pipe := os.environ.get("HANGS"):
            open(pipe, "w").close()
        threading.Event().wait()

module = sys.modules["made"] = ModuleType("made")
module.run = run
bench.PARTS[name] = "made"
sys.argv = ["floorgate", "bench", name, "--json"]
from edge.__main__ import main
main()
"""
VALUES = {"a": 1.0, "broken": 0.0, "b": 3.0, "hangs": 4.0}


def command(part: str) -> list[str]:
    """Return what measures a part that is quick, breaks, or hangs after its first figure."""
    return [sys.executable, "-c", PART, part, str(VALUES[part])]


def names(done: Measured) -> list[str]:
    """Return the names of the figures."""
    return [figure.name for figure in done.figures]


def test_all_parts_make_one_table_and_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that breaks is named, and the others are measured all the same."""
    monkeypatch.setattr(bench, "PARTS", dict.fromkeys(("a", "broken", "b"), ""))
    monkeypatch.setattr(page, "part_command", command)
    written = tmp_path / "BENCHMARKS.md"
    code = bench.bench_part(Namespace(part="all", json=True, write=written))
    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [figure["name"] for figure in told["figures"]] == ["a: time", "b: time"]
    assert told["problems"] == ["broken: OSError: no such peer"]
    assert told["machine"]["cores"] > 0
    text = written.read_text("utf-8")
    assert "| a: time | 1 ms |  | 6 (peer) | 6.0 | ≤ 2 ms | yes |" in text
    assert "1 of 2 targets are met" in text
    assert "Not measured: broken" in text


def test_a_part_that_takes_too_long_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its figures until then are kept, and the next part is measured."""
    pipe = tmp_path / "hangs"
    os.mkfifo(pipe)
    monkeypatch.setenv("HANGS", str(pipe))

    class Late(subprocess.Popen[bytes]):
        """For whom a part's time is over as soon as it hangs."""

        def communicate(
            self,
            input: bytes | None = None,  # noqa: A002 - so it is called there
            timeout: float | None = None,
        ) -> tuple[bytes, bytes]:
            if timeout == PART_S_MAX and self.args == command("hangs"):
                pipe.read_bytes()  # until the part opens it, too
                raise subprocess.TimeoutExpired(self.args, timeout)
            return super().communicate(input, timeout)

    monkeypatch.setattr(subprocess, "Popen", Late)
    done = measure_all(("hangs", "a"), lambda _: None, command)
    assert names(done) == ["hangs: time", "a: time"]
    assert done.problems == ["hangs: stopped after 1 figures"]


def test_ctrl_c_keeps_what_was_measured() -> None:
    """The part under way says what it has; those behind it are named as not begun."""
    code = (
        "import msgspec, signal; from edge.bench.page import measure_all\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tests.ops.test_bench import command\n"
        "done = measure_all(('hangs', 'b'), lambda _: None, command)\n"
        "print(msgspec.json.encode(done).decode())"
    )
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as person:
        assert person.stderr is not None
        assert b"a box tells something" in person.stderr.readline()
        assert person.stderr.readline() == b"measured\n"
        person.send_signal(signal.SIGINT)
        assert person.stdout is not None
        done = msgspec.json.decode(person.stdout.read(), type=Measured)
    assert names(done) == ["hangs: time"]
    assert done.problems == ["hangs: stopped after 1 figures", "b: not begun"]


def test_one_part_keeps_to_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for one part, it is measured here, and no other is."""
    monkeypatch.setattr(page, "import_module", lambda _: _Quick)
    assert bench.bench_part(Namespace(part="law", json=False, write=None)) == 0
    out = capsys.readouterr().out
    assert "\ntime" in out
    assert "law: time" not in out


class _Quick:
    """A part of one figure."""

    @staticmethod
    def run(_: Callable[[str], None], keep: Callable[[list[Figure]], None]) -> None:
        """Measure nothing."""
        keep([Figure("time", "ms", 1.0)])
