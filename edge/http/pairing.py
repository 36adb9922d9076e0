"""Routes by which a PDA is let in, listed and known again."""

from typing import Final

import msgspec
import segno
from aiohttp import web

from edge.app.devicekeys import DeviceKeys, PairRequest, PdaView
from edge.app.floor import Reply
from edge.http.guard import caller
from edge.http.routes import Route
from edge.http.wire import error_response, json_response, read_json

PAGE: Final = "/enrol/pair.html"


class Challenge(msgspec.Struct, frozen=True):
    """A nonce to sign, good for a minute and for one proof."""

    nonce: str


class Invitation(msgspec.Struct, frozen=True):
    """What lets one PDA in: a picture of `url` to scan, or `short` to type."""

    url: str
    short: str
    qr: str
    expires_at: int


class PairingHandlers:
    """Answers requests about PDAs."""

    def __init__(self, keys: DeviceKeys) -> None:
        self._keys = keys

    async def challenge(self, _: web.Request) -> web.StreamResponse:
        """Return a nonce."""
        return json_response(Challenge(self._keys.new_nonce()))

    async def pair(self, request: web.Request) -> web.StreamResponse:
        """Let a PDA in by its code."""
        reply = await self._keys.pair(await read_json(request, PairRequest))
        return json_response(reply) if reply.ok else error_response(reply)

    async def invite(self, request: web.Request) -> web.StreamResponse:
        """Return a code for one PDA."""
        code = self._keys.new_code(caller(request).person)
        # The code stands behind `#`, which browsers never send and no log holds.
        url = f"{request.scheme}://{request.host}{PAGE}#{code.code}"
        picture = segno.make(url, error="m", micro=False).svg_data_uri(border=4, light="#fff")
        return json_response(Invitation(url, code.short, picture, code.expires_at))

    async def pdas(self, _: web.Request) -> web.StreamResponse:
        """Return the PDAs that were let in."""
        return json_response({"pdas": await self._keys.pdas()})


def pairing_routes(handlers: PairingHandlers) -> list[Route]:
    """Return the routes about PDAs."""
    h, api = handlers, "/api/v1"
    return [
        Route("GET", f"{api}/challenge", h.challenge, "A nonce that a PDA signs", gives=Challenge),
        Route("POST", f"{api}/pair", h.pair, "Let this PDA in by a one-time code", PairRequest,
              Reply, refusals=("pair_code", "device_proof", "malformed")),
        Route("POST", f"{api}/pairings", h.invite, "A one-time code that lets one PDA in",
              gives=Invitation, refusals=("pair_too_often",)),
        Route("GET", f"{api}/pdas", h.pdas, "PDAs that were let in",
              gives=dict[str, list[PdaView]]),
    ]  # fmt: skip
