"""The ports that people come in by: HTTPS for everything, plain HTTP for the enrolment page.

A door accepts connections itself, before a word of TLS or HTTP is said, so that it can hold each
address to its share: a PDA gone wild, or a machine that does nothing but connect, leaves room for
all others.
"""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import structlog
from aiohttp import web

from edge.app.tasks import Tasks
from edge.app.telling import ToldError, cause_zh
from edge.http.listeners import listener

SHUTDOWN_S: Final = 5.0
IDLE_S: Final = 30.0
"""How long a connection may go without a whole request, from its first byte on."""
HANDSHAKE_S: Final = 10.0
"""How long a connection may take to agree on its keys."""
CONNECTIONS_MAX: Final = 4_000
"""Open at a door at once; the service may have 8,192 files open."""
ADDRESS_CONNECTIONS_MAX: Final = 1_000
"""Of these from one address: 200 PDAs behind one router, when all of them load the page."""
BACKLOG: Final = 256
BREATH_S: Final = 0.5
"""How long a door waits that could not accept a connection, for want of files."""
SILENT_S: Final = 60.0
"""Connections that are turned away are told of once in this time, not one by one."""

log = structlog.get_logger()


class PortError(ToldError):
    """A port cannot be opened; the text says what to do."""


class Shares:
    """The open connections of a door, by address."""

    def __init__(
        self, each_max: int = ADDRESS_CONNECTIONS_MAX, all_max: int = CONNECTIONS_MAX
    ) -> None:
        self._each_max = each_max
        self._all_max = all_max
        self._of: defaultdict[str, list[socket.socket]] = defaultdict(list)

    def take(self, address: str, connection: socket.socket) -> bool:
        """Count a connection until it is closed; return False where it is one too many."""
        if self._is_full(address):
            self._forget_closed()
            if self._is_full(address):
                return False
        self._of[address].append(connection)
        return True

    def _is_full(self, address: str) -> bool:
        total = sum(map(len, self._of.values()))
        return len(self._of.get(address, ())) >= self._each_max or total >= self._all_max

    def _forget_closed(self) -> None:
        for address, connections in tuple(self._of.items()):
            self._of[address] = [each for each in connections if each.fileno() >= 0]
            if not self._of[address]:
                del self._of[address]


class Door:
    """Serves one application at one port until it is closed."""

    def __init__(self, app: web.Application, key: str, shares: Shares | None = None) -> None:
        """Take the application, and the configuration's `key` of its port, for messages."""
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=SHUTDOWN_S, keepalive_timeout=IDLE_S
        )
        self._key = key
        self._shares = shares or Shares()
        self._listener: socket.socket | None = None
        self._tasks = Tasks()
        self._silent_until_s = 0.0

    async def open(
        self,
        host: str,
        port: int,
        *,
        handed: Mapping[int, socket.socket],
        tls: ssl.SSLContext | None = None,
    ) -> int:
        """Begin to listen, on the socket that systemd handed for the port if there is one.

        Returns:
            The port.

        Raises:
            PortError: it cannot be opened.
        """
        await self._runner.setup()
        try:
            listener = handed[port] if port in handed else _listen(host, port)
        except OSError as error:
            raise _shut(host, port, self._key, error) from error
        self._listener = listener
        self._tasks.start(self._accept(listener, tls), f"door {self._key}")
        opened: int = listener.getsockname()[1]
        return opened

    async def close(self) -> None:
        """Stop listening, and end what goes on; safe to call twice."""
        await self._tasks.stop()
        if self._listener:
            self._listener.close()
        await self._runner.cleanup()

    async def _accept(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(listener)
            except OSError as error:
                self._warn("connections cannot be accepted", error=str(error))
                await asyncio.sleep(BREATH_S)
                continue
            if self._shares.take(peer[0], connection):
                self._tasks.start(self._serve(connection, tls), f"connection at {self._key}")
            else:
                connection.close()
                self._warn("connections are turned away", address=peer[0])

    async def _serve(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Hand a connection over to the application, once TLS stands."""
        assert self._runner.server is not None
        with contextlib.suppress(OSError):  # nobody is there who could be told
            await asyncio.get_running_loop().connect_accepted_socket(
                self._runner.server,
                connection,
                ssl=tls,
                ssl_handshake_timeout=HANDSHAKE_S if tls else None,
            )

    def _warn(self, what: str, **facts: str) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._silent_until_s:
            self._silent_until_s = now_s + SILENT_S
            log.warning(what, **facts)


def _shut(host: str, port: int, key: str, error: OSError) -> PortError:
    """Return why a port cannot be opened, and by whom it is taken where that can be seen."""
    is_named = (error.errno or 0) > 0
    cause = os.strerror(error.errno or 0) if is_named else "there is no such host"
    at = f"{host}:{port} cannot be opened ({cause})"
    at_zh = f"{host}:{port} 打不开（{cause_zh(error)}）"
    if error.errno == errno.EADDRINUSE:
        who, look = listener(port), f"sudo ss -Hltnp sport = {port}"
        by = f"{who} has it" if who else f"see who has it: {look}"
        by_zh = f"{who} 占用着它" if who else f"看是谁占用：{look}"
        return PortError(
            f"{at}; {by}; end what uses it, or set {key}",
            f"{at_zh}；{by_zh}；请结束占用它的程序，或改 {key}",
        )
    if error.errno == errno.EACCES:
        return PortError(
            f"{at}; let systemd open it (sudo systemctl start floorgate.socket), or set {key} to "
            "1024 or more",
            f"{at_zh}；请让 systemd 打开（sudo systemctl start floorgate.socket），或把 {key} 设为 "
            "1024 以上",
        )
    return PortError(f"{at}; set {key}, or http.host", f"{at_zh}；请改 {key} 或 http.host")


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        OSError: the address is not this machine's, or the port is taken or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listener.settimeout(0)
    return listener
