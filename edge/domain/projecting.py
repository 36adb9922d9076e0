"""The register of appliers, which the `projections_*` modules fill."""

from collections.abc import Callable
from typing import Any, Final

from edge.domain.entries import Fact
from edge.domain.model import Order
from edge.domain.world import World

Applier = Callable[[World, Fact, dict[str, Any]], None]
APPLIERS: Final[dict[str, Applier]] = {}


def on(kind: str) -> Callable[[Applier], Applier]:
    """Register the applier of entries of `kind`."""

    def register(applier: Applier) -> Applier:
        assert kind not in APPLIERS, kind
        APPLIERS[kind] = applier
        return applier

    return register


def the_order(world: World, data: dict[str, Any]) -> Order:
    """Return the order that an entry's data names."""
    return world.the(Order, data["order"])
