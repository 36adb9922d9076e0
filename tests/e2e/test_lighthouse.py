"""What Lighthouse says of the page; its performance score is in `floorgate bench pda`."""

import pytest

from edge.bench import lighthouse
from tests.e2e.realbox import RealBox

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_stranger_s_tool_finds_nothing_to_mend(box: RealBox) -> None:
    """Accessibility, best practices and SEO are each 100 of 100 (PDA-1, PDA-3)."""
    categories = ("accessibility", "best-practices", "seo")
    found = await lighthouse.scores(box.process.url + "/", categories)
    assert found == dict.fromkeys(categories, 100)
