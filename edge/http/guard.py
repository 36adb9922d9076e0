"""What every request passes before a handler sees it: size, origin, a session where one is due.

One place turns whatever goes wrong into the one error shape.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from edge.app.devicekeys import DeviceKeys
from edge.app.floor import refuse
from edge.app.ports import BusyError
from edge.app.sessions import Sessions, SignIn
from edge.domain.model import Session
from edge.domain.refusals import RefusedError
from edge.http.wire import error_response, json_response

BODY_BYTES_MAX: Final = 1024 * 1024
COOKIE: Final = "floor"
FLOOR_HEADER: Final = "X-Floor"

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types sw lit-html"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()


class Guard:
    """Middleware of the box's door."""

    def __init__(self, sessions: Sessions, keys: DeviceKeys, origins: frozenset[str]) -> None:
        self._sessions = sessions
        self._keys = keys
        self._origins = origins

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request through `handler`, whatever goes wrong."""
        try:
            self._check_origin(request)
            response = await handler(request)
        except RefusedError as error:
            response = error_response(refuse("", error.refusal.code, **error.refusal.facts))
        except BusyError:
            response = error_response(refuse("", "busy", seconds=1))
            response.headers["Retry-After"] = "1"
        except web.HTTPRequestEntityTooLarge:
            response = error_response(refuse("", "too_large", bytes_max=BODY_BYTES_MAX))
        except web.HTTPException as error:
            response = _plain(request, error)
        except Exception:
            log.exception("request failed", method=request.method, path=request.path)
            response = error_response(refuse("", "internal"))
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    def _check_origin(self, request: web.Request) -> None:
        """Refuse what another site's page may have sent (OWASP ASVS 5.0, 3.5)."""
        origin = request.headers.get("Origin")
        own = f"{request.scheme}://{request.host}"
        if origin is not None and origin != own and origin not in self._origins:
            raise RefusedError("origin_refused", origin=origin[:100])
        writes = request.method not in ("GET", "HEAD", "OPTIONS")
        if writes and request.headers.get(FLOOR_HEADER) != "1":
            raise RefusedError("origin_refused", origin=f"no {FLOOR_HEADER} header")

    async def session(self, request: web.Request) -> Session:
        """Return the session of a request, or refuse."""
        bearer = request.headers.get("Authorization", "")
        token = bearer.removeprefix("Bearer ") if bearer else request.cookies.get(COOKIE, "")
        session = await self._sessions.recognise(token) if token else None
        if session is None:
            raise RefusedError("not_signed_in")
        if await self._keys.is_revoked(session.device):
            raise RefusedError("device_revoked")
        return session

    async def check_device(self, asked: SignIn) -> None:
        """Refuse a sign-in at a device that nobody let in, or that is not the one it says."""
        await self._keys.check(asked.device, asked.proof)


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
