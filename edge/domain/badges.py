"""Badges: a random id of 128 bits behind a prefix that nothing else on the floor begins with.

Whoever knows the code holds half of what opens a session, so it is kept as a hash alone, and no
command, entry, log line or page ever carries it.
"""

import hashlib
from typing import Final

PREFIX: Final = "@B:"
RANDOM_BYTES: Final = 16


def new_badge(random: bytes) -> str:
    """Return the code of a new badge, made of `RANDOM_BYTES` random bytes."""
    assert len(random) == RANDOM_BYTES
    return PREFIX + random.hex()


def badge_hash(code: str) -> str:
    """Return how a badge is known here: the hex SHA-256 of its code."""
    return hashlib.sha256(code.encode()).hexdigest()
