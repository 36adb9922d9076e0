"""Scanners at a TCP port: some wait for us, others dial us."""

import asyncio
import contextlib
import socket
from typing import Final

from drivers.api import OnScan
from drivers.scanners.framing import Framing, read_code
from drivers.scanners.source import Reading, Source

CONNECT_S: Final = 5.0
READ_BYTES_MAX: Final = 4_096
CLIENTS_MAX: Final = 32
HEAD_BYTES_MAX: Final = 4_096
BODY_BYTES_MAX: Final = 4_096
BODY_S: Final = 5.0
"""For a head or a body that was begun."""
RESULT: Final = b"vgdecoderesult="
"""What an RTscan device sends: `vgdecoderesult=<code>&&devicenumber=<n>`."""
RESULT_DONE: Final = b"code=0000&&desc=ok"
HTTP_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HTTP_WRONG: Final = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    channel = writer.get_extra_info("socket")
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
    channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


class TcpScanner(Source):
    """A scanner that waits for the box to connect."""

    def __init__(self, host: str, port: int, framing: Framing, handle: OnScan) -> None:
        super().__init__(f"{host}:{port}", framing, handle)
        self._address = (host, port)

    async def _listen(self) -> None:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(*self._address, limit=READ_BYTES_MAX)
        _keep_alive(writer)
        self._note(is_open=True)
        reading = Reading(self._framing, self._take)
        try:
            while data := await reader.read(READ_BYTES_MAX):
                reading.feed(data)
        finally:
            reading.close()
            writer.close()


class ListeningScanner(Source):
    """A port that scanners dial: bare codes, RTscan's form, or HTTP with the code as its body.

    The latter two are answered after the scan was handled, so that a device which gets no answer
    sends it again.
    """

    def __init__(self, host: str, port: int, framing: Framing, handle: OnScan) -> None:
        super().__init__(f"{host}:{port}", framing, handle)
        self._address = (host, port)
        self._clients = 0
        self.port = port
        """The port in use, where 0 was asked for."""

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._client, *self._address, limit=HEAD_BYTES_MAX)
        self.port = server.sockets[0].getsockname()[1]
        self._note(is_open=True)
        async with server:
            await server.serve_forever()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._clients >= CLIENTS_MAX:
            writer.close()
            return
        self._clients += 1
        _keep_alive(writer)
        try:
            await self._serve_client(reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the device went away, or was none
        finally:
            self._clients -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        reading = Reading(self._framing, self._take)
        try:
            while data := await reader.read(READ_BYTES_MAX):
                if data.startswith((b"POST ", b"PUT ")):
                    await self._http(data, reader, writer)
                    return
                if data.startswith(RESULT):
                    await self._result(data, writer)
                else:
                    reading.feed(data)
        finally:
            reading.close()

    async def _http(
        self, data: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with asyncio.timeout(BODY_S):
            if b"\r\n\r\n" not in data:
                data += await reader.readuntil(b"\r\n\r\n")
            head, _, body = data.partition(b"\r\n\r\n")
            length = _content_length(head)
            if length is not None and len(body) < length:
                body += await reader.readexactly(length - len(body))
        if length is None:
            writer.write(HTTP_WRONG)
        else:
            await self._handle(read_code(body[:length].strip(b"\r\n")))
            writer.write(HTTP_OK)
        await writer.drain()

    async def _result(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        code, _, _ = data.removeprefix(RESULT).partition(b"&&devicenumber=")
        await self._handle(read_code(code.strip(b"\r\n"), data))
        writer.write(RESULT_DONE)
        await writer.drain()


def _content_length(head: bytes) -> int | None:
    """Return how long the body is, or None where that is missing or out of bounds."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
            return length if length <= BODY_BYTES_MAX else None
    return None
