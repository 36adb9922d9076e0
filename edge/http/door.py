"""The ports that people come in by: HTTPS for everything, plain HTTP for the enrolment page."""

import socket
import ssl
from collections.abc import Mapping
from typing import Final

from aiohttp import web

SHUTDOWN_S: Final = 5.0
IDLE_S: Final = 30.0
"""How long a connection may go without a whole request, from its first byte on."""


class PortError(Exception):
    """A port cannot be opened; the text says what to do."""


class Door:
    """Serves one application at one port until it is closed."""

    def __init__(self, app: web.Application, key: str) -> None:
        """Take the application, and the configuration's `key` of its port, for messages."""
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=SHUTDOWN_S, keepalive_timeout=IDLE_S
        )
        self._key = key

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
        site: web.BaseSite = (
            web.SockSite(self._runner, handed[port], ssl_context=tls)
            if port in handed
            else web.TCPSite(self._runner, host, port, ssl_context=tls)
        )
        try:
            await site.start()
        except OSError as error:
            raise PortError(
                f"{host}:{port} cannot be opened ({error.strerror}); "
                f"end what uses it, or set {self._key}"
            ) from error
        opened: int = self._runner.addresses[0][1]
        return opened

    async def close(self) -> None:
        """Stop listening; safe to call twice."""
        await self._runner.cleanup()
