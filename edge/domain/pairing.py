"""PDAs are let onto the floor by a person, known by a key of their own, and sent off at once.

The code, and the proof that the PDA holds its key, are checked at the door; here it is on record.
"""

from typing import Any

from edge.domain.commands import DevicePair, DeviceRename, DeviceRevoke
from edge.domain.model import Pda
from edge.domain.refusals import RefusedError
from edge.domain.turn import Turn

Facts = dict[str, Any]


def pair(turn: Turn, data: DevicePair) -> Facts:
    """Take a PDA in; one that was here before gets its new key (lost storage, re-paired)."""
    known = turn.world.get(Pda, data.pda)
    if known is not None and known.revoked_us is None and known.key == data.key:
        return {"pda": data.pda}
    facts = {"name": data.name, "key": data.key, "engine": data.engine}
    turn.emit("device.paired", f"pda:{data.pda}", pda=data.pda, persisted=data.persisted, **facts)
    return {"pda": data.pda}


def rename(turn: Turn, data: DeviceRename) -> Facts:
    """Give a PDA another name."""
    pda = _the_pda(turn, data.pda)
    if pda.name != data.name:
        turn.emit("device.renamed", f"pda:{pda.id}", pda=pda.id, name=data.name)
    return {"pda": pda.id}


def revoke(turn: Turn, data: DeviceRevoke) -> Facts:
    """Send a PDA off: nothing that it sends counts from now on."""
    pda = _the_pda(turn, data.pda)
    turn.emit("device.revoked", f"pda:{pda.id}", pda=pda.id, reason=data.reason)
    return {"pda": pda.id}


def check(turn: Turn) -> None:
    """Refuse the command of a PDA that was sent off."""
    pda = turn.world.get(Pda, turn.command.device)
    if pda is not None and pda.revoked_us is not None:
        raise RefusedError("device_revoked")


def _the_pda(turn: Turn, pda_id: str) -> Pda:
    pda = turn.world.get(Pda, pda_id)
    if pda is None or pda.revoked_us is not None:
        raise RefusedError("unknown_pda", pda=pda_id)
    return pda
