"""`floorgate selftest` on a machine where a box may be at work: what it prints, what it leaves."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.domain.foreign import in_chinese
from edge.selftest import run
from edge.selftest.figures import Figure, Verdict

COMMAND = (sys.executable, "-m", "edge", "selftest", "--json", "--scratch")


def test_a_floor_of_its_own_stands_what_is_done_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resilience figures come with their targets, and nothing stays behind (REP-4)."""
    monkeypatch.setattr(run, "TEST_S_MAX", 300.0)  # others may begin to work on this machine
    monkeypatch.setattr(run, "LABELS", 200)
    said: list[str] = []
    verdict = asyncio.run(run.selftest(said.append, tmp_path))
    figures = {figure.name: figure.value for figure in verdict.figures}
    assert verdict.problems == ()
    assert figures["orders on which hub and box agree"] == 100
    assert figures["print faults healed by themselves"] >= 99.2
    assert figures["rule latency, publish to decision"] > 0
    assert figures["recovery after kill -9"] > 0
    assert "killing the box with signal 9" in said
    assert [text for text in said if in_chinese(text) == text] == []
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """Interrupted while its floor works, it ends its processes and removes its folder (REP-4)."""
    with subprocess.Popen([*COMMAND, str(tmp_path)], stderr=subprocess.PIPE, text=True) as test:
        assert test.stderr is not None
        while "publishing" not in test.stderr.readline():
            pass
        (folder,) = tmp_path.iterdir()
        test.send_signal(signal.SIGINT)
        test.communicate(timeout=60)
    assert list(tmp_path.iterdir()) == []
    held = [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists() and str(folder) in path.read_text(errors="replace")
    ]
    assert held == []


def test_the_verdict_needs_every_target_and_no_problem() -> None:
    """One missed target, or one fault beside the figures, is not good."""
    good = Figure("share", "占比", 99.6, "%", 99.5, is_least=True)
    slow = Figure("time", "时间", 2.1, "s", 2.0)
    assert Verdict((good,), (), 1.0).is_good
    assert not Verdict((good, slow), (), 1.0).is_good
    assert not Verdict((good,), ("twice",), 1.0).is_good
    assert "MISSED" in Verdict((slow,), (), 1.0).table()


def test_a_slow_machine_is_named_beside_what_it_missed() -> None:
    """Who reads NOT GOOD learns that the machine was busy, and what to do; good needs no excuse."""
    good = Figure("share", "占比", 99.6, "%", 99.5, is_least=True)
    slow = Figure("time", "时间", 2.1, "s", 2.0)
    assert "6 times slower than a quiet mini-PC: test again" in Verdict((slow,), (), 1, 6.2).table()
    assert "times slower" not in Verdict((good,), (), 1.0, 6.2).table()
    assert "times slower" not in Verdict((slow,), (), 1.0, 1.1).table()
