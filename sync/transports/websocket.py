"""The link over a WebSocket, one binary message a frame (RFC 6455); either end."""

import asyncio
import ssl
from typing import Final

import aiohttp
from aiohttp import web

from sync.errors import LinkLostError, MalformedError
from sync.messages import FRAME_BYTES_MAX
from sync.ports import Connect, Link

SEND_S: Final = 30.0
"""A peer that takes no frame for this long is gone."""

_Socket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse


class WebSocketLink:
    """A `Link` over an open WebSocket; `session` is closed with it."""

    def __init__(self, socket: _Socket, session: aiohttp.ClientSession | None = None) -> None:
        self._socket = socket
        self._session = session

    async def send(self, frame: bytes) -> None:
        """Send one frame; raise `LinkLostError` once the connection has ended."""
        try:
            async with asyncio.timeout(SEND_S):
                await self._socket.send_bytes(frame)
        except (OSError, RuntimeError, TimeoutError, aiohttp.ClientError) as error:
            raise _lost("send", str(error) or type(error).__name__) from error

    async def receive(self) -> bytes:
        """Return the next frame; raise `LinkLostError` at the end, `MalformedError` on text."""
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            return bytes(message.data)
        if message.type is aiohttp.WSMsgType.TEXT:
            raise MalformedError("receive", "peer", "a text message", "frames are binary messages")
        if message.type is aiohttp.WSMsgType.ERROR:
            raise _lost("receive", str(message.data))
        raise _lost("receive", f"closed with code {self._socket.close_code}")

    async def close(self) -> None:
        """End the connection; may be called any number of times."""
        try:
            await self._socket.close()
        finally:
            if self._session is not None:
                await self._session.close()


def websocket(url: str, tls: ssl.SSLContext | None = None) -> Connect:
    """Return a `Connect` to the hub at `url` (`ws://host:port/link` or `wss://…`)."""

    async def connect() -> Link:
        session = aiohttp.ClientSession()
        try:
            socket = await session.ws_connect(
                url, max_msg_size=FRAME_BYTES_MAX, ssl=tls or True, autoping=True
            )
        except (OSError, aiohttp.ClientError) as error:
            await session.close()
            raise _lost("connect", str(error) or type(error).__name__, url) from error
        except BaseException:
            await session.close()
            raise
        return WebSocketLink(socket, session)

    return connect


def _lost(op: str, cause: str, subject: str = "link") -> LinkLostError:
    hint = "check the network and the address; the next link resumes"
    return LinkLostError(op, subject, cause, hint, is_retryable=True)
