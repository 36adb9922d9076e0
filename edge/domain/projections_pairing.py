"""What entries about PDAs do to the documents."""

from typing import Any

from edge.domain.entries import Fact
from edge.domain.model import Pda
from edge.domain.projecting import on
from edge.domain.world import World


@on("device.paired")
def _paired(world: World, fact: Fact, data: dict[str, Any]) -> None:
    kept = {name: data[name] for name in ("name", "key", "engine", "persisted")}
    world.put(Pda(id=data["pda"], paired_us=fact.at_us, paired_by=fact.actor, **kept))


@on("device.renamed")
def _renamed(world: World, _: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Pda, data["pda"]), name=data["name"])


@on("device.revoked")
def _revoked(world: World, fact: Fact, data: dict[str, Any]) -> None:
    world.edit(world.the(Pda, data["pda"]), revoked_us=fact.at_us)
