"""What each entry does to the documents. Replaying the journal through `apply` gives the state.

An applier reads the entry and the world and nothing else: no clock, no ruleset, no randomness.
Entries without an applier are history only.
"""

from edge.domain import (
    projections_approvals,
    projections_devices,
    projections_floor,
    projections_gifts,
    projections_labels,
    projections_leaving,
    projections_pairing,
    projections_people,
    projections_print,
    projections_site,
    projections_stock,
    projections_training,
)
from edge.domain.entries import LINK_DSEQ, Fact
from edge.domain.model import Box
from edge.domain.projecting import APPLIERS
from edge.domain.world import World

__all__ = [
    "apply",
    "projections_approvals",
    "projections_devices",
    "projections_floor",
    "projections_gifts",
    "projections_labels",
    "projections_leaving",
    "projections_pairing",
    "projections_people",
    "projections_print",
    "projections_site",
    "projections_stock",
    "projections_training",
]


def apply(world: World, fact: Fact) -> None:
    """Bring the documents up to date with one entry."""
    applier = APPLIERS.get(fact.kind)
    if applier is not None:
        applier(world, fact, fact.data)
    dseq = fact.data.get(LINK_DSEQ)
    if dseq is not None:
        box = world.the(Box, "box")
        world.edit(box, dseq=max(box.dseq, dseq))
