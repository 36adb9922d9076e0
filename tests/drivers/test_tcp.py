"""The TCP link on a real socket."""

import asyncio
from itertools import cycle

from drivers.transports.tcp import TcpLink

BYTES = 1_500
WAITS_S = (0.0, 0.0001, 0.0003, 0.0007)


async def test_no_byte_is_lost_at_a_time_out() -> None:
    """Bytes that come just as a wait ends are there for the next: a token is a proof (PRN-4)."""
    sent = bytes(n % 251 for n in range(BYTES))
    hung_up = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in sent:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.0002)
        writer.close()
        await writer.wait_closed()
        hung_up.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    link = TcpLink("127.0.0.1", server.sockets[0].getsockname()[1])
    await link.open()
    heard = b""
    for wait_s in cycle(WAITS_S):
        heard += await link.receive(wait_s)
        if len(heard) == BYTES:
            break
        await asyncio.sleep(0)
    link.close()
    await hung_up.wait()
    server.close()
    await server.wait_closed()
    assert sent == heard
