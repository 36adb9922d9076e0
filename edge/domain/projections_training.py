"""What entries about training do to the documents."""

from typing import Any

from edge.domain.entries import Fact
from edge.domain.model import Trainee
from edge.domain.projecting import on
from edge.domain.world import World


def _trainee(world: World, data: dict[str, Any]) -> Trainee:
    return world.get(Trainee, data["person"]) or Trainee(id=data["person"])


@on("training.assigned")
def _assigned(world: World, fact: Fact, data: dict[str, Any]) -> None:
    world.edit(_trainee(world, data), assigned_us=fact.at_us, done=())


@on("training.reported")
def _reported(world: World, fact: Fact, data: dict[str, Any]) -> None:
    trainee = _trainee(world, data)
    world.edit(
        trainee,
        shipped=trainee.shipped + 1,
        wrong=trainee.wrong + data["wrong"],
        on_time=trainee.on_time + data["on_time"],
        mistakes=trainee.mistakes + data["mistakes"],
        done=tuple(dict.fromkeys((*trainee.done, data["lesson"]))),
        last_us=fact.at_us,
        assigned_us=0 if data["complete"] else trainee.assigned_us,
    )
