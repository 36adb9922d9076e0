"""What every request passes before a handler sees it: origin, size, who asks and whether they may.

One place turns whatever goes wrong into the one error shape, and one dresses every answer.
"""

import hashlib
import math
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog
from aiohttp import web

from edge.app.access import ROLES, Who
from edge.app.devicekeys import DeviceKeys
from edge.app.floor import refuse
from edge.app.ports import BusyError
from edge.app.sessions import Sessions, SignIn
from edge.domain.model import Session
from edge.domain.refusals import RefusedError
from edge.http.limits import Limit, Limits
from edge.http.wire import BODY_BYTES_MAX, error_response, json_response

API: Final = "/api/"
COOKIE: Final = "__Host-floor"
"""The prefix makes browsers refuse it from another host, over plain HTTP, or for a part of the site
(draft-ietf-httpbis-rfc6265bis, 4.1.3.2)."""
PLAIN_COOKIE: Final = "floor"
"""Its name where the box serves plain HTTP: on a loopback, for demonstrations and tests."""
FLOOR_HEADER: Final = "X-Floor"
OWN_FETCHES: Final = ("same-origin", "none")
"""What `Sec-Fetch-Site` says of the box's own page, and of an address that a person typed."""
TURNED_AWAY: Final = ("origin_refused", "role_missing", "too_many")
"""What somebody may have tried on purpose: it is logged (OWASP ASVS 5.0, 16.3.2 and 16.3.3)."""
CALLER: Final = web.RequestKey("caller", Session)


def content_security_policy(scripts: Iterable[str] = (), styles: Iterable[str] = ()) -> str:
    """Return the policy of an answer; what stands inside a page runs by its own hash only."""
    return (
        f"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{_hashes(scripts)}; "
        f"style-src 'self'{_hashes(styles)}; "
        "img-src 'self' blob: data:; media-src 'self'; connect-src 'self'; manifest-src 'self'; "
        "worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types sw lit-html"
    )


def _hashes(texts: Iterable[str]) -> str:
    """Return sources that allow just these texts (CSP Level 3, 2.3.1)."""
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return "".join(f" 'sha256-{b64encode(digest).decode()}'" for digest in digests)


HEADERS: Final = {
    "Content-Security-Policy": content_security_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}
"""No Strict-Transport-Security: it would shut the plain enrolment page, which is the way back for
a PDA that has lost the box's authority (docs/ASVS.md, 3.4.1)."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()


class Guard:
    """Middleware of the box's door."""

    def __init__(
        self, sessions: Sessions, keys: DeviceKeys, limits: Limits, origins: frozenset[str]
    ) -> None:
        self._sessions = sessions
        self._keys = keys
        self._limits = limits
        self._origins = origins

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request through `handler`, whatever goes wrong."""
        try:
            self._check_origin(request)
            response = await handler(request)
        except RefusedError as error:
            if (code := error.refusal.code) in TURNED_AWAY:
                _note(request, code)
            response = error_response(refuse("", code, **error.refusal.facts))
        except BusyError:
            response = error_response(refuse("", "busy", seconds=1))
        except web.HTTPRequestEntityTooLarge:
            response = error_response(refuse("", "too_large", bytes_max=BODY_BYTES_MAX))
        except web.HTTPException as error:
            response = _plain(request, error)
        except Exception:
            log.exception("request failed", method=request.method, path=request.path)
            response = error_response(refuse("", "internal"))
        return response

    async def dress(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give an answer, whichever it is, the headers that all have."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.path.startswith(API):
            response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Server"] = "floorgate"

    def _check_origin(self, request: web.Request) -> None:
        """Refuse what another site's page may have sent (OWASP ASVS 5.0, 3.5 and 4.4.2)."""
        headers = request.headers
        origin = headers.get("Origin")
        if origin is not None:
            if origin != f"{request.scheme}://{request.host}" and origin not in self._origins:
                raise RefusedError("origin_refused", origin=origin[:100])
        elif request.path.startswith(API):
            if (site := headers.get("Sec-Fetch-Site", "none")) not in OWN_FETCHES:
                raise RefusedError("origin_refused", origin=site[:100])
            if "Upgrade" in headers and "Authorization" not in headers:
                raise RefusedError("origin_refused", origin="no Origin header")
        writes = request.method not in ("GET", "HEAD", "OPTIONS")
        if writes and headers.get(FLOOR_HEADER) != "1":
            raise RefusedError("origin_refused", origin=f"no {FLOOR_HEADER} header")

    def admitting(
        self,
        who: Who,
        handler: Handler,
        *,
        takes_secret: bool = False,
        while_locked: bool = False,
    ) -> Handler:
        """Return `handler` behind the questions who asks, whether they may, and how often."""

        async def admitted(request: web.Request) -> web.StreamResponse:
            if takes_secret:
                _charge(self._limits.secrets, request.remote or "")
            if who is None:
                _charge(self._limits.addresses, request.remote or "")
            else:
                session = await self.session(request)
                if session.locked_us is not None and not while_locked:
                    raise RefusedError("session_locked")
                request[CALLER] = session
                if who.isdisjoint(session.roles):
                    raise RefusedError("role_missing", roles=[r for r in ROLES if r in who])
            return await handler(request)

        return admitted

    def charge(self, session: Session, commands: int) -> None:
        """Count a list of commands as that many requests, of which one is counted already."""
        _charge(self._limits.devices, session.device, commands - 1)

    async def _recognise(self, request: web.Request) -> Session | None:
        """Return the open session that a request shows a token of, or None."""
        bearer = request.headers.get("Authorization", "")
        shown = request.cookies.get(cookie_name(request), "")
        token = bearer.removeprefix("Bearer ") if bearer else shown
        return await self._sessions.recognise(token) if token else None

    async def session(self, request: web.Request) -> Session:
        """Return the session of a request, or refuse."""
        session = await self._recognise(request)
        if session is None:
            _charge(self._limits.addresses, request.remote or "")
            raise RefusedError("not_signed_in")
        _charge(self._limits.devices, session.device)
        if await self._keys.is_revoked(session.device):
            raise RefusedError("device_revoked")
        self._keys.saw(session.device)
        return session

    async def check_device(self, asked: SignIn) -> None:
        """Refuse a sign-in at a device that nobody let in, or that is not the one it says."""
        await self._keys.check(asked.device, asked.proof)


def caller(request: web.Request) -> Session:
    """Return the session of who asks, on a route that needs one."""
    return request[CALLER]


def _note(request: web.Request, code: str) -> None:
    """Log who was turned away from where: the device where it is known, or the address."""
    session, resource = request.get(CALLER), request.match_info.route.resource
    where = resource.canonical if resource else ""
    who = session.device if session else request.remote
    log.warning("request refused", code=code, method=request.method, path=where, who=who)


def _charge(limit: Limit, key: str, n: int = 1) -> None:
    if wait_s := limit.take(key, n):
        raise RefusedError("too_many", seconds=math.ceil(wait_s))


def cookie_name(request: web.Request) -> str:
    """Return the name of the session's cookie where the request came in."""
    return COOKIE if request.secure else PLAIN_COOKIE


def _plain(request: web.Request, error: web.HTTPException) -> web.Response:
    if error.status == web.HTTPNotFound.status_code:
        return error_response(refuse("", "not_found", path=request.path[:200]))
    if error.status == web.HTTPMethodNotAllowed.status_code:
        return json_response(
            {"ok": False, "code": "method_not_allowed", "facts": {}, "hint": "method_not_allowed"},
            status=error.status,
        )
    return json_response(
        {"ok": False, "code": "malformed", "facts": {"problem": error.reason}, "hint": "malformed"},
        status=error.status,
    )
