"""The rule that the demo page pushes: the built-in ruleset, one version on, other thresholds."""

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
    """Return a ruleset (JSON) one version after `newer_than` (`id@version`), thresholds changed.

    Raises:
        ValueError: the second gift tier is not above the first.
    """
    from edge.bootstrap import default_ruleset  # noqa: PLC0415 - loads the whole box

    if thresholds.tier_two <= thresholds.tier_one:
        raise ValueError("the second gift tier must be above the first")
    rules = msgspec.toml.decode(default_ruleset())
    rules["meta"]["version"] = int(newer_than.rpartition("@")[2] or 0) + 1
    rules["picking"]["each_max"] = thresholds.each_max
    tiers = {"tier-399": thresholds.tier_one, "tier-599": thresholds.tier_two}
    for gift in rules["gifts"]:
        if gift["id"] in tiers:
            gift["when"] = f"order.amount_fen >= {tiers.pop(gift['id']) * FEN_PER_YUAN}"
    assert not tiers, tiers
    return msgspec.json.encode(rules).decode()
