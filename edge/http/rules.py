"""Routes about rulesets for those who look over the floor: what is in force, what was before.

To publish one takes the key of the hub or of the box; what was in force already needs no new proof.
"""

from typing import Final

import msgspec
from aiohttp import web

from edge.app.floor import Floor, Reply
from edge.app.rulebook import RuleBook, RulesView
from edge.app.sandbox import SandboxReport
from edge.domain.commands import RulesetRollback
from edge.http.guard import caller
from edge.http.routes import Route
from edge.http.wire import error_response, json_response, read_json

REASON_CHARS_MAX: Final = 200


class RollBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A roll-back: from which ruleset (the one that was shown), and why."""

    rules: str
    reason: str = ""


class RuleHandlers:
    """Answers requests about rulesets."""

    def __init__(self, book: RuleBook, floor: Floor) -> None:
        self._book = book
        self._floor = floor

    async def rulesets(self, _: web.Request) -> web.StreamResponse:
        """Return what is in force, what was, and what changed."""
        return json_response(await self._book.read())

    async def try_back(self, _: web.Request) -> web.StreamResponse:
        """Return what a roll-back would change."""
        return json_response(await self._book.try_back())

    async def roll_back(self, request: web.Request) -> web.StreamResponse:
        """Bring back the ruleset before, unless another came into force meanwhile."""
        session = caller(request)
        asked = await read_json(request, RollBack)
        reply = await self._floor.reply(
            RulesetRollback(asked.reason[:REASON_CHARS_MAX], asked.rules),
            via="api",
            actor=session.person,
            device=session.device,
            session=session.id,
        )
        return json_response(reply) if reply.ok else error_response(reply)


def rule_routes(handlers: RuleHandlers) -> list[Route]:
    """Return the routes."""
    h, api = handlers, "/api/v1/rulesets"
    return [
        Route("GET", api, h.rulesets, "The ruleset in force, those before it, and what changed",
              gives=RulesView),
        Route("GET", f"{api}/back/trial", h.try_back, "What a roll-back would change about recent "
              "orders", gives=SandboxReport, refusals=("no_ruleset_before",)),
        Route("POST", f"{api}/rollback", h.roll_back, "Bring back the ruleset before", RollBack,
              Reply, refusals=("no_ruleset_before", "ruleset_not_in_force")),
    ]  # fmt: skip
