"""All parts measured one after the other, and the page of their figures."""

import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from msgspec.structs import replace

from edge.bench.figures import Figure, cells

Progress = Callable[[str], None]


def measure(parts: Mapping[str, str], progress: Progress) -> tuple[list[Figure], list[str]]:
    """Return the figures of every part, and what could not be measured.

    Of several parts, each figure begins with the name of its own.
    """
    figures: list[Figure] = []
    problems: list[str] = []
    for part, module in parts.items():
        progress(f"{part} …")
        try:
            found = import_module(module).run(progress)
        except Exception as error:  # noqa: BLE001 - the other parts are measured all the same
            progress(traceback.format_exc())
            problems.append(f"{part}: {type(error).__name__}: {error}")
            continue
        prefix = f"{part}: " if len(parts) > 1 else ""
        figures += [replace(figure, name=prefix + figure.name) for figure in found]
    return figures, problems


def today() -> str:
    """Return the day by the machine's clock, UTC."""
    return datetime.now(UTC).date().isoformat()


def page(figures: list[Figure], problems: list[str], machine: Mapping[str, Any], day: str) -> str:
    """Return docs/BENCHMARKS.md."""
    head, *rows = cells(figures)
    table = [head, tuple("---" for _ in head), *rows]
    told = ", ".join(f"{name} {value}" for name, value in machine.items())
    met = sum(figure.met is True for figure in figures)
    judged = sum(figure.met is not None for figure in figures)
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
            *(f"\nNot measured: {problem}" for problem in problems),
            "",
        ]
    )
