"""JSON in and out, in the one shape that every answer has."""

import asyncio
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from edge.app.floor import Reply
from edge.domain.refusals import HTTP_STATUS, Fault, RefusedError

T = TypeVar("T")

BODY_BYTES_MAX: Final = 1024 * 1024
BODY_S: Final = 30.0
"""How long a body may take to come; a megabyte takes a PDA at the edge of the Wi-Fi ten seconds."""
CHUNK_BYTES: Final = 64 * 1024
NUMBER_DIGITS_MAX: Final = 15
"""Of a number in an address: what SQLite and JavaScript hold exactly."""


def json_response(value: Any, status: int = 200) -> web.Response:  # noqa: ANN401 - any JSON value
    """Return `value` as a response."""
    headers = {"Cache-Control": "no-store"}
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def error_response(reply: Reply) -> web.Response:
    """Return a "no" as a response; where waiting helps it says how long (RFC 9110, 10.2.3)."""
    shape = {"ok": False, "code": reply.code, "facts": reply.facts, "hint": reply.hint}
    response = json_response(shape, status=reply.status)
    if reply.status == HTTP_STATUS[Fault.LIMIT] and (seconds := (reply.facts or {}).get("seconds")):
        response.headers["Retry-After"] = str(seconds)
    return response


async def read_body(request: web.Request, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """Return the request's body; refuse one that is too large, too slow, broken, or breaks off."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.content.iter_chunked(CHUNK_BYTES):
                body += chunk
                if len(body) > bytes_max:
                    raise RefusedError("too_large", bytes_max=bytes_max)
    except TimeoutError as error:
        raise RefusedError("body_late", seconds=int(BODY_S)) from error
    except (web.RequestPayloadError, ConnectionError) as error:
        problem = " ".join(str(error).split())[:300]
        raise RefusedError("malformed", problem=problem, kind=request.path) from error
    return bytes(body)


def number(request: web.Request, name: str) -> int | None:
    """Return a number of the request's query, None where it is not given; refuse what is none."""
    text = request.query.get(name)
    if text is None:
        return None
    if not text.isdecimal() or len(text) > NUMBER_DIGITS_MAX:
        problem = f"{name}: a number of at most {NUMBER_DIGITS_MAX} digits"
        raise RefusedError("malformed", problem=problem, kind=request.path)
    return int(text)


async def read_json(request: web.Request, shape: type[T]) -> T:
    """Return the request's body as `shape`; refuse what is not."""
    if request.content_type != "application/json":
        problem = "Content-Type: application/json"
        raise RefusedError("malformed", problem=problem, kind=request.path)
    try:
        return msgspec.json.decode(await read_body(request), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("malformed", problem=str(error)[:300], kind=request.path) from error
