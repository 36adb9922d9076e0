"""The door for those who own the box: a socket in its data folder that only they can open.

The file's mode is the key: 0600, the service's own user. Who comes is known from the kernel
(SO_PEERCRED) and stands in the journal. What changes something goes through it as a command.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from edge.app.devicekeys import DeviceKeys
from edge.app.firstadmin import FirstAdmin
from edge.app.floor import Reply, refuse
from edge.app.ports import BusyError
from edge.app.retention import Retention
from edge.app.rulekeeping import RuleKeeper
from edge.domain.commands import SnapshotKeep
from edge.domain.refusals import RefusedError
from edge.http.devices import VERBS, DeviceDoor
from edge.http.doctor import Clinic, Fix
from edge.http.guard import Handler
from edge.http.wire import BODY_BYTES_MAX, json_response, read_json

SOCKET: Final = "admin.sock"
REASON_CHARS_MAX: Final = 200
_CREDENTIALS: Final = struct.Struct("3i")


class Publish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ruleset from a file, and its signature (both base64 in JSON)."""

    document: bytes
    signature: bytes


class AdminCodeAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`first`: only where there is no admin yet."""

    first: bool = False


class RollBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the ruleset before is brought back."""

    reason: str = ""


class AdminDoor:
    """Serves the socket `admin.sock`."""

    def __init__(
        self,
        folder: Path,
        keeper: RuleKeeper,
        devices: DeviceDoor,
        keys: DeviceKeys,
        cut: Callable[[SnapshotKeep], Awaitable[Reply]],
        retention: Retention,
        first_admin: FirstAdmin,
        clinic: Clinic,
    ) -> None:
        self._folder = folder
        self._keeper = keeper
        self._keys = keys
        self._first_admin = first_admin
        self._devices = devices
        self._cut = cut
        self._retention = retention
        self._clinic = clinic
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_refusing])
        app.router.add_post("/journal/cut", self._cut_journal)
        app.router.add_get("/retention", self._show_due)
        app.router.add_post("/retention", self._erase)
        app.router.add_post("/pairings", self._invite)
        app.router.add_post("/admin-codes", self._let_admin_in)
        app.router.add_post("/rulesets", self._publish)
        app.router.add_post("/rulesets/rollback", self._roll_back)
        app.router.add_post("/doctor/fix", self._mend)
        app.router.add_get("/devices", self._show_devices)
        app.router.add_post(f"/devices/{{verb:{'|'.join(VERBS)}}}", self._do_device)
        self._runner = web.AppRunner(app, access_log=None)

    async def open(self) -> None:
        """Begin to listen."""
        await self._runner.setup()
        path = self._folder / SOCKET
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # A socket's path holds 107 bytes; through the folder's descriptor any folder will do.
        folder = os.open(self._folder, os.O_PATH | os.O_DIRECTORY)
        before = os.umask(0o177)
        try:
            listener.bind(f"/proc/self/fd/{folder}/{SOCKET}")
        finally:
            os.umask(before)
            os.close(folder)
        listener.settimeout(0)
        await web.SockSite(self._runner, listener).start()

    async def close(self) -> None:
        """Stop listening; safe to call twice."""
        await self._runner.cleanup()
        await asyncio.to_thread((self._folder / SOCKET).unlink, missing_ok=True)

    async def _invite(self, request: web.Request) -> web.StreamResponse:
        """Return a code for the first PDA: nobody can sign in before it is let in."""
        return json_response(self._keys.new_code(_who(request)))

    async def _cut_journal(self, request: web.Request) -> web.StreamResponse:
        """Let entries go that are in the archive, proved (`floorgate archive`)."""
        return _said(await self._cut(await read_json(request, SnapshotKeep)))

    async def _show_due(self, _: web.Request) -> web.StreamResponse:
        """Return what is past its time, and what will be within a week."""
        return json_response({"ok": True, "facts": await self._retention.due()})

    async def _erase(self, _: web.Request) -> web.StreamResponse:
        """Erase what is past its time (`floorgate erase`)."""
        return json_response({"ok": True, "facts": await self._retention.sweep()})

    async def _let_admin_in(self, request: web.Request) -> web.StreamResponse:
        """Return a code that makes an admin: there is no password to begin with."""
        asked = await read_json(request, AdminCodeAsked)
        if asked.first and await self._first_admin.has_admin():
            raise RefusedError("admin_known")
        return json_response(self._first_admin.new_code(_who(request)))

    async def _publish(self, request: web.Request) -> web.StreamResponse:
        asked = await read_json(request, Publish)
        return _said(await self._keeper.publish(asked.document, asked.signature, _who(request)))

    async def _roll_back(self, request: web.Request) -> web.StreamResponse:
        asked = await read_json(request, RollBack)
        return _said(await self._keeper.roll_back(asked.reason[:REASON_CHARS_MAX], _who(request)))

    async def _mend(self, request: web.Request) -> web.StreamResponse:
        asked = await read_json(request, Fix)
        return json_response(await self._clinic.mend(asked.fix, _who(request)))

    async def _show_devices(self, _: web.Request) -> web.StreamResponse:
        return json_response(await self._devices.show())

    async def _do_device(self, request: web.Request) -> web.StreamResponse:
        return _said(await self._devices.do(request, _who(request)))


@web.middleware
async def _refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as error:
        return _said(refuse("", error.refusal.code, **error.refusal.facts))
    except BusyError:
        return _said(refuse("", "busy", seconds=1))
    except web.HTTPRequestEntityTooLarge:
        return _said(refuse("", "too_large", bytes_max=BODY_BYTES_MAX))


def _said(reply: Reply) -> web.Response:
    return json_response(reply, reply.status)


def _who(request: web.Request) -> str:
    """Return the user of the machine who opened the connection."""
    assert request.transport is not None
    peer = request.transport.get_extra_info("socket")
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return f"uid:{_CREDENTIALS.unpack(raw)[1]}"
