"""Time for a property that broke to find its shortest example; one that holds takes seconds."""

from typing import Final

import pytest

SHRINKS: Final = pytest.mark.timeout(600)
"""Hypothesis shrinks for five minutes at most."""
