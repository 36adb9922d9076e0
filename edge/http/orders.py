"""Routes about what may be done with an order, what was done, and the workflow that says so."""

from typing import Any

import msgspec
from aiohttp import web

from edge.app.reads import Reads
from edge.domain.asking import Asking, known_actions
from edge.domain.commands import CODE_CHARS_MAX
from edge.domain.gates import GATES
from edge.domain.ids import ID_CHARS_MAX
from edge.domain.model import Name
from edge.domain.refusals import RefusedError
from edge.domain.returning import suggest
from edge.domain.rules import Workflow
from edge.domain.rules.document import ReturnCode, Returns
from edge.domain.story import StoryStep, people_of, story
from edge.http.pictures import PictureHandlers, picture_routes
from edge.http.routes import Route
from edge.http.wire import json_response


class TimelineView(msgspec.Struct, frozen=True):
    """What happened to an order, oldest first, and the names of the people who did it.

    `entries` are as journalled, `steps` tell each with its why.
    """

    entries: list[dict[str, Any]]
    people: dict[str, Name]
    steps: list[StoryStep]


class GateRow(msgspec.Struct, frozen=True):
    """A gate, what it is called, and when it is open."""

    code: str
    name: Name
    opens: Name


class WorkflowView(msgspec.Struct, frozen=True):
    """The active ruleset's label, its states and transitions, and the gates there are."""

    rules: str
    workflow: Workflow
    gates: list[GateRow]


class ReturnCodes(msgspec.Struct, frozen=True):
    """The codes of returns, those that the text asked about suggests (the best first), the bins."""

    codes: list[ReturnCode]
    suggest: list[str]
    bins: Returns


class OrderHandlers:
    """Answers requests about actions, timelines and the workflow."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def why_not(self, request: web.Request) -> web.StreamResponse:
        """Return what is missing for an action, or for every action of the order's state."""
        order_id, action = request.match_info["id"], request.query.get("action", "")
        known = known_actions(await self._reads.rules())
        if action and action not in known:
            raise RefusedError("malformed", problem=f"action: one of {', '.join(known)}", kind="")
        found = await self._reads.why_not(order_id, action)
        if found is None:
            raise RefusedError("unknown_order", order=order_id)
        return json_response(found)

    async def timeline(self, request: web.Request) -> web.StreamResponse:
        """Return all that happened to an order."""
        entries = await self._reads.timeline(request.match_info["id"])
        people = await self._reads.names_of(people_of(entries))
        return json_response(TimelineView(entries, people, story(entries, people)))

    async def workflow(self, _: web.Request) -> web.StreamResponse:
        """Return states, transitions and gates of the active ruleset."""
        rules = await self._reads.rules()
        gates = [GateRow(each.code, each.name, each.opens) for each in GATES.values()]
        return json_response(WorkflowView(rules.label, rules.document.workflow, gates))

    async def message(self, request: web.Request) -> web.StreamResponse:
        """Return a text of the hub, which an alarm names."""
        message = request.match_info["id"][:ID_CHARS_MAX]
        return json_response(MessageView(message, await self._reads.message(message)))

    async def return_codes(self, request: web.Request) -> web.StreamResponse:
        """Return the codes of returns, and which of them a text suggests."""
        rules = await self._reads.rules()
        suggested = suggest(rules, request.query.get("text", "")[:CODE_CHARS_MAX])
        codes, bins = list(rules.document.return_codes), rules.document.returns
        return json_response(ReturnCodes(codes, suggested, bins))


class MessageView(msgspec.Struct, frozen=True):
    """A text of the hub; empty where it was erased."""

    id: str
    text: Name


def order_routes(reads: Reads) -> list[Route]:
    """Return the routes about actions, timelines and the workflow, and those of pictures."""
    h, api = OrderHandlers(reads), "/api/v1"
    return [
        Route("GET", f"{api}/orders/{{id}}/why-not", h.why_not, "What is missing for an action of "
              "an order, before it is tried", gives=Asking, refusals=("unknown_order",)),
        Route("GET", f"{api}/orders/{{id}}/timeline", h.timeline, "All that happened to an order, "
              "each step with its why", gives=TimelineView),
        Route("GET", f"{api}/workflow", h.workflow, "States, transitions and gates",
              gives=WorkflowView),
        Route("GET", f"{api}/return-codes", h.return_codes, "Codes of returns, and which of them a "
              "text suggests", gives=ReturnCodes),
        Route("GET", f"{api}/messages/{{id}}", h.message, "A text of the hub, which an alarm names",
              gives=MessageView),
        *picture_routes(PictureHandlers(reads)),
    ]  # fmt: skip
