"""Uploads of photos and videos: in pieces, resumed where the last one ended."""

import re
from typing import Final

from aiohttp import web

from edge.app.ports import Blobs, BlobState
from edge.domain.refusals import RefusedError
from edge.http.routes import Route
from edge.http.wire import BODY_BYTES_MAX, json_response, read_body

_RANGE: Final = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")


class BlobHandlers:
    """Answers uploads."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def put(self, request: web.Request) -> web.StreamResponse:
        """Take a blob, or the piece of one that `Content-Range` names (RFC 9110, 14.4)."""
        body = await read_body(request)
        offset, size = _place(request.headers.get("Content-Range"), len(body))
        return json_response(
            await self._blobs.append(request.match_info["sha256"], offset, size, body)
        )

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Return how much of a blob is here."""
        return json_response(await self._blobs.state(request.match_info["sha256"]))


def _place(content_range: str | None, received: int) -> tuple[int, int]:
    """Return where a body of `received` bytes begins in its blob, and the blob's size."""
    if content_range is None:
        return 0, received
    found = _RANGE.fullmatch(content_range)
    if found is None:
        problem = "Content-Range: bytes FIRST-LAST/SIZE"
        raise RefusedError("malformed", problem=problem, kind="blob")
    first, last, size = map(int, found.groups())
    if last - first + 1 != received:
        problem = f"Content-Range names {last - first + 1} bytes, the body has {received}"
        raise RefusedError("malformed", problem=problem, kind="blob")
    return first, size


def blob_routes(handlers: BlobHandlers) -> list[Route]:
    """Return the routes of uploads."""
    path = "/api/v1/blobs/{sha256}"
    return [
        Route("PUT", path, handlers.put, f"Upload a photo or video, whole or in pieces of at most "
              f"{BODY_BYTES_MAX} bytes by Content-Range", gives=BlobState,
              refusals=("too_large", "blob_offset", "blob_differs", "media_refused", "disk_full")),
        Route("GET", path, handlers.get, "How much of a blob is here", gives=BlobState),
    ]  # fmt: skip
