"""Fixtures that several folders share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings

from tests.rig import Rig, config, running

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(20))  # as the service does
# how long an example takes says how busy the machine is
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest_asyncio.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Run a box over TLS on a free port, with goods and people, without printers."""
    async with running(config(tmp_path)) as rig:
        await rig.furnish()
        yield rig
