"""What the demo's clients of box and hub have in common."""

import ssl
from types import TracebackType
from typing import Final, Self

import aiohttp

CONNECTIONS_MAX: Final = 8


class Caller:
    """An asynchronous context manager that holds one HTTP session. `tls`: whom it trusts."""

    def __init__(self, request_s: float, tls: ssl.SSLContext | None = None) -> None:
        self._request_s = request_s
        self._tls: ssl.SSLContext | bool = tls if tls is not None else True
        self._opened: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._opened = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=CONNECTIONS_MAX),
            timeout=aiohttp.ClientTimeout(total=self._request_s),
            headers={"X-Floor": "1"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the HTTP session; may be called again."""
        if self._opened is not None:
            await self._opened.close()

    @property
    def _http(self) -> aiohttp.ClientSession:
        assert self._opened is not None, "use `async with`"
        return self._opened
