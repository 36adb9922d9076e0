"""Asking one host who it is by SNMPv1. Printer-MIB (RFC 3805), Host Resources MIB (RFC 2790)."""

import asyncio
import contextlib
import itertools
from typing import Final

from drivers.discovery.model import Kind, Sighting, Source
from drivers.discovery.passive import language_of_model, sighting_of_1284
from drivers.discovery.snmp_message import (
    NO_SUCH_NAME,
    Oid,
    Response,
    Value,
    decode_response,
    encode_get,
    parse_oid,
)

SYS_DESCRIPTION: Final = parse_oid("1.3.6.1.2.1.1.1.0")
SYS_NAME: Final = parse_oid("1.3.6.1.2.1.1.5.0")
DEVICE_DESCRIPTION: Final = parse_oid("1.3.6.1.2.1.25.3.2.1.3.1")
SERIAL_NUMBER: Final = parse_oid("1.3.6.1.2.1.43.5.1.1.17.1")
DEVICE_ID: Final = parse_oid("1.3.6.1.4.1.2699.1.2.1.2.1.1.3.1")
"""ppmPrinterIEEE1284DeviceId of the Printer Port Monitor MIB."""
ASKED: Final = (SYS_DESCRIPTION, SYS_NAME, DEVICE_DESCRIPTION, SERIAL_NUMBER, DEVICE_ID)

TRIES_MAX: Final = 2
REPLY_TIMEOUT_S: Final = 0.7
STRAYS_MAX: Final = 8
"""Datagrams looked at that are no answer, before the host counts as silent."""

_request_ids = itertools.count(1)


class _Inbox(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.datagrams: asyncio.Queue[bytes] = asyncio.Queue(STRAYS_MAX)

    def datagram_received(self, data: bytes, _: object) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self.datagrams.put_nowait(data)

    def error_received(self, _: Exception) -> None:
        """Nobody listens there: an empty datagram ends the wait."""
        self.datagram_received(b"", None)


async def look(
    host: str, port: int, community: str, at_us: int, urls: tuple[str, ...]
) -> Sighting | None:
    """Return what the printer at `host` says of itself; None when it is silent or no printer."""
    return sighting_of(await get(host, port, community, ASKED), at_us, urls)


async def get(host: str, port: int, community: str, oids: tuple[Oid, ...]) -> dict[Oid, Value]:
    """Return the values that `host` has of `oids`; none when it is silent or talks nonsense.

    Version 1 refuses a whole request for one name that is not there, so that name is left out and
    the rest asked again, at most once per name.
    """
    left = list(oids)
    loop = asyncio.get_running_loop()
    try:
        transport, inbox = await loop.create_datagram_endpoint(_Inbox, remote_addr=(host, port))
    except OSError:
        return {}
    try:
        while left:
            response = await _ask(transport, inbox, community, left)
            if response is None:
                return {}
            if response.status == 0:
                return {oid: response.values[oid] for oid in left if oid in response.values}
            if response.status != NO_SUCH_NAME or not 0 < response.index <= len(left):
                return {}
            del left[response.index - 1]
        return {}
    finally:
        transport.close()


async def _ask(
    transport: asyncio.DatagramTransport, inbox: _Inbox, community: str, oids: list[Oid]
) -> Response | None:
    for _ in range(TRIES_MAX):
        request_id = next(_request_ids) & 0x7FFF_FFFF
        transport.sendto(encode_get(request_id, community, oids))
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_S):
                for _ in range(STRAYS_MAX):
                    datagram = await inbox.datagrams.get()
                    if not datagram:
                        return None
                    with contextlib.suppress(ValueError):
                        response = decode_response(datagram)
                        if response.request_id == request_id:
                            return response
        except TimeoutError:
            continue
    return None


def sighting_of(values: dict[Oid, Value], at_us: int, urls: tuple[str, ...]) -> Sighting | None:
    """Return what the values say of a printer; None when none of them is a printer's."""
    description, serial, device_id = (
        _text(values.get(oid)) for oid in (DEVICE_DESCRIPTION, SERIAL_NUMBER, DEVICE_ID)
    )
    if not (description or serial or device_id):
        return None
    seen = Sighting(
        source=Source.SNMP,
        at_us=at_us,
        kind=Kind.PRINTER,
        urls=urls,
        serial=serial,
        name=_text(values.get(SYS_NAME)),
        model=description,
        language=language_of_model("", description),
        note=_text(values.get(SYS_DESCRIPTION)),
    )
    raw = values.get(DEVICE_ID)
    return sighting_of_1284(raw, seen) if isinstance(raw, bytes) and raw else seen


def _text(value: Value) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
