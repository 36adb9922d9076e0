"""JSON in and out, in the one shape that every answer has."""

from typing import Any, TypeVar

import msgspec
from aiohttp import web

from edge.app.floor import Reply
from edge.domain.refusals import RefusedError

T = TypeVar("T")


def json_response(value: Any, status: int = 200) -> web.Response:  # noqa: ANN401 - any JSON value
    """Return `value` as a response."""
    headers = {"Cache-Control": "no-store"}
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def error_response(reply: Reply) -> web.Response:
    """Return a "no" as a response."""
    shape = {"ok": False, "code": reply.code, "facts": reply.facts, "hint": reply.hint}
    return json_response(shape, status=reply.status)


async def read_json(request: web.Request, shape: type[T]) -> T:
    """Return the request's body as `shape`; refuse what is not."""
    try:
        return msgspec.json.decode(await request.read(), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError("malformed", problem=str(error)[:300], kind=request.path) from error
