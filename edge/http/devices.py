"""Devices and stations over the API, and for those who own the box through the admin door."""

from typing import Any, Final

from aiohttp import web

from edge.app.devicereads import DeviceList, DeviceReads
from edge.app.deviceurl import check_device_url
from edge.app.floor import Floor, Reply
from edge.domain.commands import DeviceAdd, parse_data
from edge.domain.device_views import DeviceView, StationView
from edge.domain.ids import ID_CHARS_MAX
from edge.http.guard import caller
from edge.http.routes import Route
from edge.http.wire import json_response, read_json

VERBS: Final = ("adopt", "add", "bind", "unbind", "forget", "test", "prove", "label")
"""What the admin door can do with devices: the commands `device.<verb>`."""


class DeviceHandlers:
    """Answers reads of devices."""

    def __init__(self, reads: DeviceReads) -> None:
        self._reads = reads

    async def devices(self, request: web.Request) -> web.StreamResponse:
        """Return the devices that the caller may see."""
        return json_response(await self._reads.devices(caller(request)))

    async def device(self, request: web.Request) -> web.StreamResponse:
        """Return a device."""
        session = caller(request)
        device_id = request.match_info["id"][:ID_CHARS_MAX]
        return json_response(await self._reads.device(device_id, session))

    async def stations(self, _: web.Request) -> web.StreamResponse:
        """Return the stations."""
        return json_response({"stations": await self._reads.stations()})


def device_routes(handlers: DeviceHandlers) -> list[Route]:
    """Return the routes of devices and stations."""
    h, api = handlers, "/api/v1"
    return [
        Route("GET", f"{api}/devices", h.devices, "Found and adopted devices, with what ails them",
              gives=DeviceList),
        Route("GET", f"{api}/devices/{{id}}", h.device, "A device", gives=DeviceView,
              refusals=("unknown_device",)),
        Route("GET", f"{api}/stations", h.stations, "Stations, with their printers and scanners",
              gives=dict[str, list[StationView]]),
    ]  # fmt: skip


class DeviceDoor:
    """What the admin door offers of devices: `floorgate devices` is its client."""

    def __init__(self, floor: Floor, reads: DeviceReads) -> None:
        self._floor = floor
        self._reads = reads

    async def show(self) -> dict[str, Any]:
        """Return devices and stations."""
        found = await self._reads.devices()
        stations = await self._reads.stations()
        return {"devices": found.devices, "problems": found.problems, "stations": stations}

    async def do(self, request: web.Request, actor: str) -> Reply:
        """Carry out `device.<verb>` with the data in the body."""
        verb = request.match_info["verb"]
        data = parse_data(f"device.{verb}", await read_json(request, dict[str, Any]))
        if isinstance(data, DeviceAdd):
            check_device_url(data)
        return await self._floor.reply(data, via="cli", actor=actor)
