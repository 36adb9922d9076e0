"""Approvals: what was asked, on what data, and everybody's opinion."""

from typing import Any

import msgspec

from edge.domain.model.base import Doc


class Opinion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one person answered, and why. `remote`: through the hub."""

    person: str
    roles: tuple[str, ...]
    answer: str
    at_us: int
    opinion: str = ""
    remote: bool = False


class Approval(Doc, frozen=True, kw_only=True, omit_defaults=True):
    """A request that superiors decide once. `state`: open, decided, expired or withdrawn."""

    KIND = "approval"
    kind: str
    state: str
    order: str = ""
    reason: str = ""
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    asked_by: str = ""
    """Who asked; nobody where a rule did."""
    asked_us: int
    facts: dict[str, Any]
    """What stood there when it was asked."""
    sign: tuple[tuple[str, ...], ...]
    chain: tuple[tuple[str, ...], ...] = ()
    remote: bool = False
    timeout_us: int
    level: int = 0
    """How many superiors of `chain` were called in."""
    stuck: bool = False
    """Whether it was passed on or left unanswered at least once."""
    opinions: tuple[Opinion, ...] = ()
    answer: str = ""
    timers: tuple[str, ...] = ()
    """What runs for it: until the next superior, until it expires."""
    call: str = ""
    """The alarm that calls those who may sign."""

    def superiors(self) -> tuple[str, ...]:
        """Return the roles that time-outs have called in."""
        return tuple(role for roles in self.chain[: self.level] for role in roles)

    def signers(self) -> tuple[str, ...]:
        """Return every role of which a person may sign now."""
        named = (*(role for roles in self.sign for role in roles), *self.superiors())
        return tuple(dict.fromkeys(named))

    def terms(self) -> dict[str, str]:
        """Return who may decide it and who asked, while it is open."""
        if self.state != "open":
            return {}
        asked = {"asked_by": self.asked_by} if self.asked_by else {}
        return asked | {f"role:{role}": "due" for role in self.signers()}
