"""Rulesets from files: signed by a key of this box, activated and rolled back as commands.

The key is made when the box first starts, and lies in its data folder, readable by its owner alone:
who may read it may change the rules, and nobody else. The hub needs no such key; its instructions
are signed as a whole.
"""

from typing import Final

from edge.app.floor import Floor, Reply
from edge.domain.commands import RulesetActivate, RulesetRollback
from sync.api import is_signed, key_id, public_key, sign

DOMAIN: Final = b"floorgate ruleset\0"
"""Goes before what is signed: no other signature of this key means a ruleset."""


def sign_ruleset(key: bytes, document: bytes) -> bytes:
    """Return the signature of a ruleset by the 32-byte private `key`."""
    return sign(key, DOMAIN + document)


class RuleKeeper:
    """The door of rulesets that come from files."""

    def __init__(self, floor: Floor, key: bytes) -> None:
        self._floor = floor
        self._public = public_key(key)

    async def publish(self, document: bytes, signature: bytes, actor: str) -> Reply:
        """Activate a ruleset if it is signed by this box's key; refused like any other if not."""
        good = is_signed(self._public, signature, DOMAIN + document)
        signed_by = f"key:{key_id(self._public)}" if good else ""
        data = RulesetActivate(document, signed_by)
        return await self._floor.reply(data, via="cli", actor=actor)

    async def roll_back(self, reason: str, actor: str) -> Reply:
        """Bring back the ruleset before."""
        return await self._floor.reply(RulesetRollback(reason), via="cli", actor=actor)
