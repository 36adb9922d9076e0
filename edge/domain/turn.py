"""One command being decided."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from edge.domain.commands import Command
from edge.domain.entries import Draft, PersonalRecord
from edge.domain.model import Assignment, Box, Order, Session
from edge.domain.projections import apply
from edge.domain.rules import Ruleset
from edge.domain.rules.compiled import Asked
from edge.domain.world import World


class Env(msgspec.Struct, frozen=True):
    """What a decision may know besides the state: time, and where ids and salt come from."""

    now_us: int
    boot_us: int
    boot_id: str
    new_id: Callable[[], str]
    new_salt: Callable[[], bytes]
    box: str = ""
    """Id of this box."""
    head_seq: int = 0
    """Sequence of the newest entry."""
    is_time_trusted: bool = False
    """Whether the hub or NTP confirms the wall clock."""


class Seen(msgspec.Struct, frozen=True):
    """An order as expressions see it, and what that was made of."""

    facts: dict[str, Any]
    asked: Asked
    order: Order
    content: Assignment


class Turn:
    """A command, the world that it changes, and the entries written so far."""

    def __init__(self, world: World, command: Command, env: Env, rules: Ruleset) -> None:
        self.world = world
        self.command = command
        self.env = env
        self.rules = rules
        self.drafts: list[Draft] = []
        self.personal: list[PersonalRecord] = []
        self.seen: dict[str, Seen] = {}
        """Orders as expressions saw them in this turn, by id."""

    def emit(
        self,
        kind: str,
        subject: str,
        refs: Iterable[str] = (),
        /,
        **data: Any,  # noqa: ANN401
    ) -> None:
        """Write an entry, and apply it to the world at once."""
        command = self.command
        draft = Draft(
            at_us=self.env.now_us,
            device_at_us=command.captured_us,
            kind=kind,
            subject=subject,
            refs=tuple(dict.fromkeys((subject, *refs))),
            actor=command.actor,
            device=command.device,
            via=command.via,
            cause=command.id,
            rules=self.rules.label,
            data=data,
            seq=self.env.head_seq + len(self.drafts) + 1,
        )
        apply(self.world, draft)
        self.drafts.append(draft)

    @property
    def station(self) -> str:
        """The packing station of the session that sent the command, or nothing."""
        session = self.world.get(Session, self.command.session)
        return session.station if session else ""

    @property
    def box(self) -> Box:
        """This box."""
        return self.world.the(Box, "box")
