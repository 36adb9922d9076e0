"""The rule that the demo page pushes: the built-in ruleset, one version on, other thresholds."""

import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta

EACH_MAX_MAX: Final = 1_000
TIER_YUAN_MAX: Final = 100_000
FEN_PER_YUAN: Final = 100

Yuan = Annotated[int, Meta(ge=1, le=TIER_YUAN_MAX)]


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page may change: from how many pieces on they are counted, and the gift tiers."""

    each_max: Annotated[int, Meta(ge=1, le=EACH_MAX_MAX)]
    tier_one: Yuan
    tier_two: Yuan


def edit_ruleset(thresholds: Thresholds, *, newer_than: str) -> str:
    """Return a ruleset one version after `newer_than` (`id@version`) with these thresholds.

    Raises:
        ValueError: the second gift tier is not above the first.
    """
    from edge.bootstrap import default_ruleset  # noqa: PLC0415 - loads the whole box

    if thresholds.tier_two <= thresholds.tier_one:
        raise ValueError("the second gift tier must be above the first")
    version = int(newer_than.rpartition("@")[2] or 0) + 1
    one, two = (each * FEN_PER_YUAN for each in (thresholds.tier_one, thresholds.tier_two))
    text = default_ruleset().decode()
    for pattern, replacement in (
        (r"^version = \d+", f"version = {version}"),
        (r"^each_max = \d+", f"each_max = {thresholds.each_max}"),
        (
            r'^when = "order\.amount_fen >= \d+ && order\.amount_fen < \d+"',
            f'when = "order.amount_fen >= {one} && order.amount_fen < {two}"',
        ),
        (r'^when = "order\.amount_fen >= \d+"', f'when = "order.amount_fen >= {two}"'),
    ):
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count == 1, pattern
    return text
