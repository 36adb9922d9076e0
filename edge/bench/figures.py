"""Figures and how they are printed."""

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measured figure. `ratio` is value / floor; `floor` was measured in the same run."""

    name: str
    unit: str
    value: float
    spread: tuple[float, float] | None = None
    """Least and greatest of the rounds."""
    floor: float | None = None
    floor_name: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


Say: TypeAlias = Callable[[str], None]
"""Told what is under way."""
Keep: TypeAlias = Callable[[Sequence[Figure]], None]
"""Given figures as soon as they are measured: what comes later may be cut off."""


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 … 1) of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def cells(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """Return the rows of a table of figures, its head first."""
    rows: list[tuple[str, ...]] = [
        ("figure", "value", "spread", "beside it", "ratio", "target", "met")
    ]
    for figure in figures:
        spread = f"{_short(figure.spread[0])} … {_short(figure.spread[1])}" if figure.spread else ""
        beside = f"{_short(figure.floor)} ({figure.floor_name})" if figure.floor is not None else ""
        met = "" if figure.met is None else "yes" if figure.met else "NO"
        ratio = f"{figure.ratio:.1f}" if figure.ratio is not None else ""
        value = f"{_short(figure.value)} {figure.unit}"
        rows.append((figure.name, value, spread, beside, ratio, figure.target, met))
    return rows


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as an aligned text table."""
    rows = cells(figures)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _short(value: float) -> str:
    if value >= 1000:  # noqa: PLR2004 - thousands are read without decimals
        return f"{value:,.0f}"
    return f"{value:.3g}"
