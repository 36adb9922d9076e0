"""A proxy between box and hub that knows no WebSocket: the link goes by requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from aiohttp import hdrs, web

BODY_BYTES_MAX: Final = 8 * 1024 * 1024


@asynccontextmanager
async def without_websockets(hub: str) -> AsyncIterator[str]:
    """Pass requests on to `hub` until the block ends; give the address to send them to."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as client:

        async def pass_on(request: web.Request) -> web.StreamResponse:
            if hdrs.UPGRADE in request.headers:
                raise web.HTTPBadRequest
            url, body = f"{hub}{request.path}", await request.read()
            async with client.request(request.method, url, data=body) as reply:
                return web.Response(status=reply.status, body=await reply.read())

        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_route("*", "/link{rest:.*}", pass_on)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()
