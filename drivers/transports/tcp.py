"""A device at a TCP port, such as a printer's 9100."""

import asyncio
import socket
from typing import ClassVar, Final

from drivers.api import DriverError
from drivers.transports.descriptor import (
    RECEIVE_BYTES_MAX,
    STALL_TIMEOUT_S,
    DescriptorLink,
    Handle,
)

CONNECT_TIMEOUT_S: Final = 5.0


class TcpLink(DescriptorLink):
    """See `drivers.transports.Link`."""

    is_cable: bool = False
    ends_with_empty_read: ClassVar[bool] = True

    def __init__(self, host: str, port: int, stall_timeout_s: float = STALL_TIMEOUT_S) -> None:
        super().__init__(f"{host}:{port}", stall_timeout_s)
        self._host = host
        self._port = port

    async def _connect(self) -> Handle:
        loop = asyncio.get_running_loop()
        connection: socket.socket | None = None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
                family, kind, proto, _, address = found[0]
                connection = socket.socket(family, kind, proto)
                connection.settimeout(0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.sock_connect(connection, address)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, OSError):  # TimeoutError is one
                raise DriverError(
                    "open",
                    self.subject,
                    str(error) or f"no answer in {CONNECT_TIMEOUT_S:g} s",
                    "check that the printer is switched on, on the network, and at this address",
                    is_retryable=True,
                ) from error
            raise
        return connection

    def _settle(self, handle: Handle) -> None:
        """Take what is unread: closing over it makes Linux reset the connection.

        A printer may then drop a label that it has not yet taken from its own buffer.
        """
        assert isinstance(handle, socket.socket)
        while handle.recv(RECEIVE_BYTES_MAX):
            pass
