"""The whole demo as a process: what outsiders see of it."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.demo.children import STOP_S
from tests.demo.orders import make_csv
from tests.demo.process import WAIT_S, Running, children, free_base, until


@pytest.fixture
def base() -> int:
    """The first of the demo's ports."""
    return free_base()


@pytest.fixture
def morning(tmp_path: Path) -> Path:
    """A file of 23 orders and 2 returns."""
    path = tmp_path / "morning.csv"
    path.write_bytes(make_csv(seed=3, invoices=25, articles=40))
    return path


@pytest.fixture
def start(tmp_path: Path, base: int) -> Iterator[Callable[..., Running]]:
    """Start demos that are ended whatever happens."""
    running: list[Running] = []

    def begin(*options: str) -> Running:
        running.append(Running(tmp_path / "demo", base, "--headless", *options))
        return running[-1]

    yield begin
    for demo in running:
        if demo.process.poll() is None:
            demo.process.terminate()
        if demo.process.stdout and not demo.process.stdout.closed:
            demo.process.communicate(timeout=WAIT_S)


async def test_morning_goes_through_although_the_box_is_killed(
    start: Callable[..., Running], morning: Path
) -> None:
    """A morning with cancels ends with every order told alike by box and hub (SYNC-1, FLOW-1)."""
    demo = start(
        *("--orders", str(morning), "--speed", "max", "--cancel-share", "0.2", "--until-idle"),
        *("--pickers", "2", "--packers", "2"),
    )
    addresses = demo.first_line()
    labels = Path(addresses["data"]["labels"])
    await until(lambda: len(list(labels.glob("*.png"))) >= 4)
    os.kill(children(demo.process.pid)["serve"], signal.SIGKILL)

    code, [summary], said = demo.end()

    assert (code, summary["ok"]) == (0, True), said
    assert sum(summary["orders"].values()) == 23
    assert set(summary["orders"]) <= {"handed_over", "cancelled", "hold_approval", "short"}
    assert summary["orders"]["cancelled"] > 0
    assert (summary["agree"], summary["differences"]) == (23, [])
    assert (summary["set_aside"], summary["duplicates"]) == (2, 0)
    assert summary["restarts"] == 1
    assert (summary["printers"]["found_by"], summary["printers"]["proved"]) == ({"mdns": 2}, 2)
    assert "the box ended (SIGKILL); starting it again" in said


def test_sigterm_ends_all_and_the_next_start_keeps_its_data(
    start: Callable[..., Running],
) -> None:
    """A stop leaves no process behind, and the orders of the first start are there in the next."""
    bots = ("--pickers", "1", "--packers", "1")
    first = start(*bots)
    first.first_line()
    pids = list(children(first.process.pid).values())
    begun_s = time.monotonic()
    first.process.terminate()
    code, _, said = first.end()
    took_s = time.monotonic() - begun_s

    assert (code, len(pids)) == (0, 2), said
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert took_s < 4 * STOP_S

    second = start(*bots, "--until-idle", "--wan-down")
    second.first_line()
    code, [summary], said = second.end()

    assert (code, summary["ok"]) == (0, True), said
    assert sum(summary["orders"].values()) == 12
    assert "the WAN is off" in said


def test_taken_port_is_named_with_what_to_do(start: Callable[..., Running], base: int) -> None:
    """A port in use ends the start with exit code 1 and a hint."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", base + 2))
        other.listen()
        code, lines, said = start().end()

    assert (code, lines) == (1, [])
    assert f"port {base + 2} (box) cannot be opened" in said
    assert "choose another --port-base" in said


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--speed", "fast"), "--speed fast: a number from 0, or max"),
        (("--cancel-share", "2"), "--cancel-share 2.0: 0 to 1"),
        (("--pickers", "99"), "--pickers, --packers: 0 to 50"),
    ],
)
def test_wrong_usage_is_told(
    start: Callable[..., Running], options: tuple[str, ...], problem: str
) -> None:
    """An option that makes no sense ends with exit code 2 and says what makes sense."""
    code, _, said = start(*options).end()

    assert code == 2
    assert problem in said


def test_unreadable_file_is_told_before_anything_starts(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    """An order file without its columns is named, with what is missing."""
    path = tmp_path / "half.csv"
    path.write_text("InvoiceNo,StockCode\n1,2\n")
    code, _, said = start("--orders", str(path)).end()

    assert code == 1
    assert "missing_column" in said
