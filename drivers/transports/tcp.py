"""A device at a TCP port, such as a printer's 9100.

Works on the bare socket, because `StreamWriter` cannot say how many bytes the system took before a
connection broke, and that number decides whether a label may be sent again.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

from drivers.api import DriverError

CONNECT_TIMEOUT_S: Final = 5.0
STALL_TIMEOUT_S: Final = 20.0
"""Longest time in which an open printer takes not one more byte."""
RECEIVE_BYTES_MAX: Final = 4_096
CHUNK_BYTES_MAX: Final = 65_536


class TcpLink:
    """See `drivers.transports.Link`."""

    def __init__(self, host: str, port: int, stall_timeout_s: float = STALL_TIMEOUT_S) -> None:
        self.subject = f"{host}:{port}"
        self._host = host
        self._port = port
        self._stall_timeout_s = stall_timeout_s
        self._socket: socket.socket | None = None
        self._is_in_use = False

    @property
    def is_open(self) -> bool:
        """Whether bytes can be sent, as far as is known."""
        return self._socket is not None

    async def open(self) -> None:
        """Connect; nothing happens when open."""
        if self._socket is not None:
            return
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
        self._socket = connection

    async def send(self, data: bytes) -> int:
        """Send all of `data`; a failure says exactly how much the system took."""
        sent = 0
        view = memoryview(data)
        with self._use("send") as connection:
            try:
                while sent < len(data):
                    try:
                        sent += connection.send(view[sent : sent + CHUNK_BYTES_MAX])
                    except BlockingIOError:
                        async with asyncio.timeout(self._stall_timeout_s):
                            await _writable(connection)
            except BaseException as error:
                self.close()
                if isinstance(error, OSError):  # TimeoutError is one
                    raise DriverError(
                        "send",
                        self.subject,
                        str(error) or f"the printer took no byte in {self._stall_timeout_s:g} s",
                        "check power, cable, paper and head; scan the label if one came out",
                        is_retryable=sent == 0,
                        bytes_out=sent,
                    ) from error
                raise
        return sent

    async def receive(self, timeout_s: float) -> bytes:
        """Return what has come; b"" when nothing came in time.

        Waits for bytes without taking them: `sock_recv` would lose those that it had taken at the
        very moment of the time-out, and a lost token is a lost proof.
        """
        with self._use("receive") as connection:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await _readable(connection)
            try:
                data = connection.recv(RECEIVE_BYTES_MAX)
            except BlockingIOError:
                return b""
            except OSError as error:
                raise self._lost(str(error)) from error
            if not data:
                raise self._lost("the printer closed the connection")
            return data

    def close(self) -> None:
        """Disconnect; may be called at any time, any number of times."""
        connection, self._socket = self._socket, None
        if connection is None:
            return
        if self._is_in_use:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # wakes its user, who closes it
            return
        with contextlib.suppress(OSError):
            # Closing with unread bytes makes Linux reset the connection, and a printer may then
            # drop a label that it has not yet taken from its own buffer.
            while connection.recv(RECEIVE_BYTES_MAX):
                pass
        connection.close()

    @contextlib.contextmanager
    def _use(self, op: str) -> Iterator[socket.socket]:
        connection = self._socket
        if connection is None:
            raise DriverError(
                op, self.subject, "not connected", "open the printer first", is_retryable=True
            )
        assert not self._is_in_use, "one exchange at a time"
        self._is_in_use = True
        try:
            yield connection
        finally:
            self._is_in_use = False
            if self._socket is not connection:
                connection.close()

    def _lost(self, cause: str) -> DriverError:
        self.close()
        return DriverError(
            "receive",
            self.subject,
            cause,
            "check the printer's power and cable, then open it again",
            is_retryable=True,
        )


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(connection, _tell, ready)
    try:
        await ready
    finally:
        loop.remove_reader(connection)


async def _writable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(connection, _tell, ready)
    try:
        await ready
    finally:
        loop.remove_writer(connection)


def _tell(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
