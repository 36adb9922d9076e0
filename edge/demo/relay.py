"""A stretch of network that can be cut: the demo's WAN between box and hub."""

import asyncio
import contextlib
from typing import Final

CHUNK_BYTES_MAX: Final = 64 * 1024
CONNECTIONS_MAX: Final = 100


class Relay:
    """Passes TCP connections from `host`:`port` on to `to_port`, unless it is cut."""

    def __init__(self, host: str, port: int, to_port: int, *, is_up: bool = True) -> None:
        self.is_up = is_up
        self._host = host
        self._port = port
        self._to_port = to_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        """The port in use, also where 0 was asked for."""
        return self._port

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End everything; may be called any time."""
        if self._server is not None:
            self._server.close()
        writers = tuple(self._writers)
        self.switch(is_up=False)
        for writer in writers:
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def switch(self, *, is_up: bool) -> None:
        """Cut or mend: a cut breaks all connections and lets no new one through."""
        self.is_up = is_up
        if not is_up:
            for writer in tuple(self._writers):
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_up or len(self._writers) >= CONNECTIONS_MAX:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(self._host, self._to_port)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        ways = (
            asyncio.create_task(_pump(reader, far_writer)),
            asyncio.create_task(_pump(far_reader, writer)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers -= both
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for each in both:
                each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES_MAX):
            writer.write(data)
            await writer.drain()
