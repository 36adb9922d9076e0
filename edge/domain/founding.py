"""The box is founded; and the one thing that nobody may do."""

from typing import Any

from edge.domain.commands import BoxFound, StatusSet
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn

Facts = dict[str, Any]


def found_box(turn: Turn, data: BoxFound) -> Facts:
    """Write the first entries of a journal."""
    turn.emit("box.founded", "box", name=data.name)
    label = turn.rules.label
    subject = f"ruleset:{label}"
    turn.emit("ruleset.activated", subject, label=label, document=data.document, signed_by="box")
    return {"rules": label}


def refuse_status(_: Turn, data: StatusSet) -> Facts:
    """Refuse to set a status: it changes by an action with its evidence, or not at all (FLOW-3)."""
    raise RefusedError("status_is_not_set", order=data.order_id, status=data.status)
