"""Every route of the box, with what it takes and gives. OpenAPI is generated from this table."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from edge.app.access import Who, who_may
from edge.app.approvals import Approvals, Signing
from edge.app.floor import COMMANDS_MAX, Floor, Reply, refuse
from edge.app.reads import LIST_MAX, ONLY, Reads
from edge.app.sessions import Sessions, SessionView, SignIn
from edge.domain.commands import Envelope, StatusSet
from edge.domain.ids import ID_CHARS_MAX
from edge.domain.label_views import FixRow
from edge.domain.printviews import HealingRow, PrintJobView, healing_row
from edge.domain.refusals import RefusedError
from edge.domain.rules import Reason
from edge.domain.views import JobView, OrderView, PackRow, PackView, TaskView
from edge.domain.views_approvals import ApprovalView
from edge.http.guard import Guard, caller, cookie_name
from edge.http.wire import error_response, json_response, read_json

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Route(msgspec.Struct, frozen=True):
    """One route: what it takes, what it gives. Who may use it is said in edge/app/access.py."""

    method: str
    path: str
    handler: Handler
    summary: str
    takes: Any = None
    gives: Any = None
    refusals: tuple[str, ...] = ()

    @property
    def who(self) -> Who:
        """Who may use it."""
        return who_may(self.method, self.path)


class StatusBody(msgspec.Struct, frozen=True):
    """An attempt to set a status."""

    status: str = ""


class Resumed(msgspec.Struct, frozen=True):
    """The caller's session."""

    ok: bool
    session: SessionView


class SignedIn(msgspec.Struct, frozen=True):
    """A session that was opened. `token`: empty for a browser, which keeps it as a cookie."""

    ok: bool
    session: SessionView
    token: str


class OrderPage(msgspec.Struct, frozen=True):
    """Some orders, after which id the next page begins, and how many are in each state."""

    orders: list[OrderView]
    next: str | None
    counts: dict[str, int]


class Handlers:
    """Answers requests."""

    def __init__(
        self,
        floor: Floor,
        reads: Reads,
        sessions: Sessions,
        approvals: Approvals,
        guard: Guard,
    ) -> None:
        self._floor = floor
        self._approvals = approvals
        self._reads = reads
        self._sessions = sessions
        self._guard = guard

    # ---- session ------------------------------------------------------------------------------

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Open a session."""
        asked = await read_json(request, SignIn)
        await self._guard.check_device(asked)
        reply, token = await self._sessions.sign_in(asked)
        if not reply.ok:
            return error_response(reply)
        session = await self._sessions.recognise(token)
        if session is None:  # somebody signed in at this device right behind
            raise RefusedError("not_signed_in")
        view = await self._sessions.view(session)
        # A browser has it in its cookie, where no script can read it.
        told = "" if "Sec-Fetch-Site" in request.headers else token
        response = json_response(SignedIn(ok=True, session=view, token=told))
        response.set_cookie(
            cookie_name(request),
            token,
            httponly=True,
            secure=request.secure,
            samesite="Strict",
            path="/",
        )
        return response

    async def session(self, request: web.Request) -> web.StreamResponse:
        """Return the caller's session."""
        session = caller(request)
        return json_response(Resumed(ok=True, session=await self._sessions.view(session)))

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """Close the caller's session."""
        reply = await self._sessions.sign_out(caller(request))
        response = json_response({"ok": True}) if reply.ok else error_response(reply)
        response.del_cookie(cookie_name(request), path="/", secure=request.secure)
        return response

    # ---- commands -----------------------------------------------------------------------------

    async def commands(self, request: web.Request) -> web.StreamResponse:
        """Answer a list of commands, each by itself, in order."""
        session = caller(request)
        envelopes = await read_json(request, list[Envelope])
        if not 0 < len(envelopes) <= COMMANDS_MAX:
            raise RefusedError("malformed", problem=f"1 to {COMMANDS_MAX} commands", kind="")
        self._guard.charge(session, len(envelopes))
        replies = [await self._floor.handle(each, session) for each in envelopes]
        return json_response(replies)

    async def set_status(self, request: web.Request) -> web.StreamResponse:
        """Refuse to set a status, on record."""
        session = caller(request)
        body = await read_json(request, StatusBody) if request.can_read_body else StatusBody()
        data = StatusSet(request.match_info["id"][:64], body.status[:64])
        reply = await self._floor.reply(
            data, via="api", actor=session.person, device=session.device, session=session.id
        )
        return error_response(reply)

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """Sign an approval by badge and PIN, on whatever device is at hand."""
        session = caller(request)
        asked = await read_json(request, Signing)
        approval_id = request.match_info["id"][:ID_CHARS_MAX]
        reply = await self._approvals.decide(session, approval_id, asked)
        return json_response(reply) if reply.ok else error_response(reply)

    # ---- reads --------------------------------------------------------------------------------

    async def tasks(self, _: web.Request) -> web.StreamResponse:
        """Return the open tasks."""
        return json_response({"tasks": await self._reads.open_tasks()})

    async def task(self, request: web.Request) -> web.StreamResponse:
        """Return a task."""
        task_id = request.match_info["id"]
        return _found(await self._reads.task(task_id), "unknown_task", task=task_id)

    async def packing(self, _: web.Request) -> web.StreamResponse:
        """Return what waits for packing."""
        return json_response({"orders": await self._reads.to_pack()})

    async def pack(self, request: web.Request) -> web.StreamResponse:
        """Return an order for packing."""
        code = request.match_info["code"]
        return _found(await self._reads.pack(code), "unknown_order", order=code)

    async def orders(self, request: web.Request) -> web.StreamResponse:
        """Return orders, page by page, with the number in each state."""
        query = request.query
        state, after = query.get("state", ""), query.get("after", "")
        only = next((each for each in ONLY if each in query), "")
        found = await self._reads.orders(state, after, only=only)
        more = found[-1].id if len(found) == LIST_MAX else None
        return json_response(OrderPage(found, more, await self._reads.order_counts()))

    async def order(self, request: web.Request) -> web.StreamResponse:
        """Return an order."""
        order_id = request.match_info["id"]
        return _found(await self._reads.order(order_id), "unknown_order", order=order_id)

    async def approvals(self, request: web.Request) -> web.StreamResponse:
        """Return what the caller may decide, and what they asked."""
        session = caller(request)
        return json_response({"approvals": await self._reads.approvals(session)})

    async def approval(self, request: web.Request) -> web.StreamResponse:
        """Return an approval."""
        approval_id = request.match_info["id"]
        found = await self._reads.approval(approval_id)
        return _found(found, "unknown_approval", approval=approval_id)

    async def reasons(self, _: web.Request) -> web.StreamResponse:
        """Return the reasons that a person may choose."""
        return json_response((await self._reads.rules()).document.reasons)

    async def fix_queue(self, _: web.Request) -> web.StreamResponse:
        """Return the orders whose waybill cannot be printed as they are."""
        return json_response({"orders": await self._reads.fix_queue()})

    async def print_jobs(self, request: web.Request) -> web.StreamResponse:
        """Return the print jobs that are not done."""
        found = await self._reads.print_jobs(request.query.get("station", ""))
        return json_response({"jobs": found})

    async def print_healing(self, _: web.Request) -> web.StreamResponse:
        """Return how much of what went wrong in printing mended itself, day by day."""
        return json_response({"days": [healing_row(d) for d in await self._reads.print_days()]})

    async def jobs(self, request: web.Request) -> web.StreamResponse:
        """Return the print jobs of an order."""
        return json_response({"jobs": await self._reads.jobs(request.query.get("order", ""))})


def _found(view: Any, code: str, **asked: str) -> web.Response:  # noqa: ANN401 - a view or None
    if view is None:
        return error_response(refuse("", code, **asked))
    return json_response(view)


def routes(handlers: Handlers) -> list[Route]:
    """Return the API's routes."""
    h, api = handlers, "/api/v1"
    return [
        Route("POST", f"{api}/session", h.sign_in, "Sign in by badge and PIN", SignIn, SignedIn,
              refusals=("sign_in_failed", "pin_needed", "pin_new_needed",
              "pin_weak", "pin_expired", "badge_old", "locked_out", "badge_locked", "device_locked",
              "device_unknown", "device_revoked", "device_proof")),
        Route("GET", f"{api}/session", h.session, "The caller's session", gives=Resumed),
        Route("DELETE", f"{api}/session", h.sign_out, "Sign out"),
        Route("POST", f"{api}/commands", h.commands, "Send commands", list[Envelope],
              list[Reply], refusals=("malformed", "busy")),
        Route("PUT", f"{api}/orders/{{id}}/status", h.set_status, "Always refused: a status is "
              "the result of an action", StatusBody, refusals=("status_is_not_set",)),
        Route("GET", f"{api}/tasks", h.tasks, "Open tasks, the fast lane first",
              gives=dict[str, list[TaskView]]),
        Route("GET", f"{api}/tasks/{{id}}", h.task, "A task with its steps", gives=TaskView,
              refusals=("unknown_task",)),
        Route("GET", f"{api}/packing", h.packing, "Orders waiting for or in packing",
              gives=dict[str, list[PackRow]]),
        Route("GET", f"{api}/packing/{{code}}", h.pack, "An order for packing, by id or tote",
              gives=PackView, refusals=("unknown_order",)),
        Route("GET", f"{api}/orders", h.orders, "Orders, page by page", gives=OrderPage),
        Route("GET", f"{api}/orders/{{id}}", h.order, "An order", gives=OrderView,
              refusals=("unknown_order", "order_archived")),
        Route("GET", f"{api}/approvals", h.approvals, "Open approvals that the caller may decide, "
              "and the caller's own requests", gives=dict[str, list[ApprovalView]]),
        Route("GET", f"{api}/approvals/{{id}}", h.approval, "An approval, its facts as they are "
              "now", gives=ApprovalView, refusals=("unknown_approval",)),
        Route("POST", f"{api}/approvals/{{id}}/decide", h.decide, "Sign an approval by badge and "
              "PIN", Signing, Reply, refusals=("sign_in_failed", "locked_out", "approval_stale",
              "approval_role", "unknown_approval")),
        Route("GET", f"{api}/reasons", h.reasons, "Reasons to choose from",
              gives=dict[str, list[Reason]]),
        Route("GET", f"{api}/labels/fix-queue", h.fix_queue, "Orders whose waybill cannot be "
              "printed as they are, with what would help", gives=dict[str, list[FixRow]]),
        Route("GET", f"{api}/jobs", h.jobs, "Print jobs of an order",
              gives=dict[str, list[JobView]]),
        Route("GET", f"{api}/print-jobs", h.print_jobs, "Print jobs that are not done, of a "
              "station or of all", gives=dict[str, list[PrintJobView]]),
        Route("GET", f"{api}/reports/print-healing", h.print_healing, "How much of what went "
              "wrong in printing mended itself, day by day", gives=dict[str, list[HealingRow]]),
    ]  # fmt: skip
