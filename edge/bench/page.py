"""Parts measured each in a process of its own, and the page of their figures."""

import logging
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from edge import logs
from edge.bench.figures import Figure, Say, cells

PART_S_MAX: Final = 290.0
"""Four parts stay below 20 minutes."""
END_S_MAX: Final = 10.0
"""How long a part that was stopped may take to say what it measured."""


class Measured(msgspec.Struct):
    """What came of a bench: the figures, and what could not be measured."""

    figures: list[Figure] = []
    problems: list[str] = []


def measure(part: str, module: str, say: Say) -> Measured:
    """Measure one part in this process; what it measured before a stop or a fault is kept."""
    for stop in (signal.SIGINT, signal.SIGTERM):  # a shell's `&` has the first one ignored
        signal.signal(stop, signal.default_int_handler)
    logs.start()  # a box in this process would print its log among the figures
    logs.set_level(logging.WARNING)
    done = Measured()
    try:
        import_module(module).run(say, done.figures.extend)
    except KeyboardInterrupt:
        done.problems.append(f"{part}: stopped after {len(done.figures)} figures")
    except Exception as error:  # noqa: BLE001 - a part that breaks is told beside the figures
        say(traceback.format_exc())
        done.problems.append(f"{part}: {type(error).__name__}: {error}")
    return done


def measure_all(
    parts: Iterable[str],
    say: Say,
    command: Callable[[str], list[str]],
) -> Measured:
    """Measure parts one after the other, each by `command` in a process that prints JSON.

    A part that takes longer than `PART_S_MAX` is stopped. Ctrl-C ends the bench; what was measured
    is kept. Each figure begins with the name of its part.
    """
    whole, is_stopped = Measured(), False
    for part in parts:
        if is_stopped:
            whole.problems.append(f"{part}: not begun")
            continue
        say(f"{part} …")
        found, is_stopped = _apart(part, command(part))
        whole.figures += [replace(each, name=f"{part}: {each.name}") for each in found.figures]
        whole.problems += found.problems
    return whole


def _apart(part: str, command: list[str]) -> tuple[Measured, bool]:
    """Return what a process measured, and whether a person wants no more."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)  # noqa: S603 - ourselves
    out, is_stopped = b"", False
    try:
        out, _ = process.communicate(timeout=PART_S_MAX)
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as error:
        is_stopped = isinstance(error, KeyboardInterrupt)
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            out, _ = process.communicate(timeout=END_S_MAX)
    finally:
        process.kill()
        process.wait()
    try:
        return msgspec.json.decode(out, type=Measured), is_stopped
    except msgspec.DecodeError:
        return Measured(problems=[f"{part}: said nothing; try: floorgate bench {part}"]), is_stopped


def part_command(part: str) -> list[str]:
    """Return what measures one part."""
    return [sys.executable, "-m", "edge", "bench", part, "--json"]


def today() -> str:
    """Return the day by the machine's clock, UTC."""
    return datetime.now(UTC).date().isoformat()


def page(done: Measured, machine: Mapping[str, Any], day: str) -> str:
    """Return docs/BENCHMARKS.md."""
    head, *rows = cells(done.figures)
    table = [head, tuple("---" for _ in head), *rows]
    told = ", ".join(f"{name} {value}" for name, value in machine.items())
    met = sum(figure.met is True for figure in done.figures)
    judged = sum(figure.met is not None for figure in done.figures)
    return "\n".join(
        [
            "# Benchmarks",
            "",
            f"Written by `floorgate bench all --write` on {day}. {told}.",
            "",
            "Timings belong to the machine: read the ratio to what was measured beside it.",
            f"{met} of {judged} targets are met.",
            "",
            *("| " + " | ".join(row) + " |" for row in table),
            *(f"\nNot measured: {problem}" for problem in done.problems),
            "",
        ]
    )
