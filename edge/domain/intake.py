"""An order's content has come or changed: it is judged by what makes it urgent or must stop it."""

from typing import Final

from edge.domain.breakers import trip
from edge.domain.carriers import judge
from edge.domain.priorities import judge_priority
from edge.domain.turn import Turn

_CONTENT: Final = (
    "order.assigned",
    "order.amended",
    "order.updated",
    "order.changed",
    "order.risk_changed",
    "order.tagged",
)
_AGAIN: Final = "order.resent"
"""It needs another label: what the first one was made of may be erased by now."""


def follow(turn: Turn) -> None:
    """Judge each order whose content this decision brought or changed."""
    for draft in tuple(turn.drafts):
        if draft.kind in _CONTENT or draft.kind == _AGAIN:
            judge(turn, draft.data["order"])
        if draft.kind in _CONTENT:
            judge_priority(turn, draft.data["order"])
            trip(turn, draft.data["order"])
