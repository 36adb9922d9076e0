"""The register of what a state can do when an order enters it; `effects` fills it.

A ruleset names effects in `workflow.states[].enter`. An effect does nothing where nothing is to be
done: an order may enter the same state twice.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from edge.domain.model import Name, Order
from edge.domain.turn import Turn

Run = Callable[[Turn, Order], None]


class Effect(msgspec.Struct, frozen=True):
    """Something done on entry to a state, and its name for people."""

    code: str
    run: Run
    name: Name


ENTER: Final[dict[str, Effect]] = {}


def effect(zh: str, en: str) -> Callable[[Run], Run]:
    """Register an effect under its function's name."""

    def register(run: Run) -> Run:
        assert run.__name__ not in ENTER, run.__name__
        ENTER[run.__name__] = Effect(run.__name__, run, Name(zh, en))
        return run

    return register
