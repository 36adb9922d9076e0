"""What the domain's tests share."""

import pytest

from tests.domain.site import Site


@pytest.fixture
def site() -> Site:
    """Return a box with goods, people and waybill numbers, and no orders."""
    return Site()
