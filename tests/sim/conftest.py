"""Sums up the simulated worlds of a test run at its end, wherever the workers ran them."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import structlog

from edge.sim.summary import Judged, sum_up

WORLDS = "simulated worlds"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Simulated worlds break on purpose: their logs say nothing."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write one line about all worlds."""
    reports: list[Any] = terminalreporter.stats.get("passed", [])
    worlds = [
        world
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == WORLDS
        for world in msgspec.json.decode(value, type=list[Judged])
    ]
    if worlds:
        terminalreporter.write_line(f"simulation: {sum_up(worlds)}")
