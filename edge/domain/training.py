"""Training as the floor itself knows it: who was told to train, and how each practice order went.

The practice order itself lives on a floor of its own; of it only this report comes here (PDA-6).
"""

from typing import Any, Final

import msgspec

from edge.domain.commands import TrainingAssign, TrainingReport
from edge.domain.lessons import LESSON_IDS
from edge.domain.model import Name, Person, Trainee
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn

Facts = dict[str, Any]
PER_MILLE: Final = 1_000


class TraineeRow(msgspec.Struct, frozen=True):
    """How a trainee does. Shares are per mille of `shipped`; nothing where there is none yet."""

    person: str
    name: Name
    lessons: dict[str, bool]
    """Lesson → whether it was done since the training was assigned."""
    shipped: int
    wrong: int
    wrong_pm: int | None
    on_time: int
    on_time_pm: int | None
    mistakes: int
    last_at: int
    assigned_at: int
    """Since when it is due; 0 where it is not."""


def assign(turn: Turn, data: TrainingAssign) -> Facts:
    """Tell a person to train: the page leads there at the next sign-in."""
    person = turn.world.get(Person, data.person)
    if person is None or not person.active:
        raise RefusedError("unknown_person", person=data.person)
    turn.emit("training.assigned", f"person:{person.id}", person=person.id)
    return {"person": person.id}


def report(turn: Turn, data: TrainingReport) -> Facts:
    """Keep how one practice order went."""
    assert data.lesson in LESSON_IDS, data.lesson
    trainee = turn.world.get(Trainee, data.person)
    done = {data.lesson, *(trainee.done if trainee else ())}
    fields = {name: getattr(data, name) for name in data.__struct_fields__}
    complete = done >= set(LESSON_IDS)
    turn.emit("training.reported", f"person:{data.person}", **fields, complete=complete)
    return {"person": data.person}


def trainee_row(trainee: Trainee, name: Name) -> TraineeRow:
    """Return the report's row of a trainee."""
    shipped = trainee.shipped
    return TraineeRow(
        person=trainee.id,
        name=name,
        lessons={lesson: lesson in trainee.done for lesson in LESSON_IDS},
        shipped=shipped,
        wrong=trainee.wrong,
        wrong_pm=trainee.wrong * PER_MILLE // shipped if shipped else None,
        on_time=trainee.on_time,
        on_time_pm=trainee.on_time * PER_MILLE // shipped if shipped else None,
        mistakes=trainee.mistakes,
        last_at=trainee.last_us,
        assigned_at=trainee.assigned_us,
    )
