"""Stores to test: on disk, and in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from edge.store.sqlite import SqliteStore
from tests.store.kit import Floor


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Faults are made on purpose here: their logs say nothing."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    """Every store that there is."""
    opened = SqliteStore(":memory:" if request.param == "memory" else tmp_path / "floor.db")
    yield opened
    opened.close()


@pytest.fixture
def floor(store: SqliteStore) -> Floor:
    """A founded floor on each store."""
    return Floor(store).found()
