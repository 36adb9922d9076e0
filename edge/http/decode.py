"""Reading the codes of a photo that a PDA took."""

from typing import Final

import msgspec
from aiohttp import web

from drivers.api import Decoder, ImageError
from edge.app.decoding import DecodedCode, describe
from edge.domain.foreign import in_both
from edge.domain.refusals import RefusedError
from edge.http.routes import Route
from edge.http.wire import json_response, read_body

PHOTO_BYTES_MAX: Final = 12 * 1024 * 1024


class Decoded(msgspec.Struct, frozen=True):
    """What is on a photo."""

    codes: list[DecodedCode]


class DecodeHandlers:
    """Answers photos."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    async def decode(self, request: web.Request) -> web.StreamResponse:
        """Return the codes on the photo in the body."""
        try:
            codes = await self._decoder.decode(await read_body(request, PHOTO_BYTES_MAX))
        except ImageError as error:
            cause, advice = in_both(error.cause), in_both(error.hint)
            raise RefusedError("photo_unreadable", cause=cause, advice=advice) from error
        return json_response(Decoded(describe(codes)))


def decode_routes(handlers: DecodeHandlers) -> list[Route]:
    """Return the route of photos."""
    return [
        Route("POST", "/api/v1/decode", handlers.decode, "Read the codes on a photo of at most "
              f"{PHOTO_BYTES_MAX} bytes (JPEG, PNG, WebP, BMP, GIF)", gives=Decoded,
              refusals=("too_large", "photo_unreadable")),
    ]  # fmt: skip
