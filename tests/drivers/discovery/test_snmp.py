"""The own SNMPv1 GET, against pysnmp as oracle and net-snmp's agent as peer."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

from drivers.api import Source
from drivers.discovery import snmp
from drivers.discovery.snmp_message import (
    MESSAGE_BYTES_MAX,
    Oid,
    decode_response,
    encode_get,
    parse_oid,
)
from tests.drivers.discovery.peers import process, tool

V1 = api.PROTOCOL_MODULES[api.SNMP_VERSION_1]
OIDS = st.tuples(
    st.just(1), st.integers(0, 39), *[st.integers(0, 2**32 - 1)] * 3, st.integers(0, 200)
)
VALUES = st.one_of(
    st.binary(max_size=300), st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1), OIDS
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31 - 1), st.text(max_size=200), st.lists(OIDS, min_size=1, max_size=5))
def test_pysnmp_reads_our_request(request_id: int, community: str, oids: list[Oid]) -> None:
    """Invariant: a stranger's decoder finds id, community and names in what we encode."""
    message, rest = decoder.decode(encode_get(request_id, community, oids), asn1Spec=V1.Message())
    pdu = V1.apiMessage.get_pdu(message)
    assert rest == b""
    assert community.encode() == bytes(V1.apiMessage.get_community(message))
    assert request_id == int(V1.apiPDU.get_request_id(pdu))
    assert oids == [tuple(name) for name, _ in V1.apiPDU.get_varbinds(pdu)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31 - 1), st.dictionaries(OIDS, VALUES, max_size=5))
def test_we_read_pysnmps_response(request_id: int, values: dict[Oid, bytes | int | Oid]) -> None:
    """Invariant: what a stranger encodes comes out as it went in; cut anywhere, it is refused."""
    pdu = V1.GetResponsePDU()
    V1.apiPDU.set_defaults(pdu)
    V1.apiPDU.set_request_id(pdu, request_id)
    V1.apiPDU.set_varbinds(pdu, [(oid, _foreign(value)) for oid, value in values.items()])
    message = V1.Message()
    V1.apiMessage.set_defaults(message)
    V1.apiMessage.set_pdu(message, pdu)
    raw = encoder.encode(message)
    response = decode_response(raw)
    assert (request_id, 0, values) == (response.request_id, response.status, response.values)
    for cut in range(0, len(raw), max(1, len(raw) // 20)):
        with pytest.raises(ValueError):  # noqa: PT011 - any text
            decode_response(raw[:cut])


def _foreign(value: bytes | int | Oid) -> object:
    if isinstance(value, bytes):
        return V1.OctetString(value)
    if isinstance(value, tuple):
        return V1.ObjectIdentifier(value)
    return V1.Integer(value) if value < 2**31 else V1.Gauge(value)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=4), st.integers(0, 90))
def test_hostile_responses_are_refused(noise: bytes, patch: bytes, at: int) -> None:
    """Invariant: any bytes, and any damage to a good message, decode or raise `ValueError`."""
    good = bytearray(encode_get(7, "public", [snmp.SYS_NAME]))
    good[at : at + len(patch)] = patch
    for message in (noise, bytes(good), b"\x30" + noise):
        with contextlib.suppress(ValueError):
            decode_response(message)


def test_a_message_over_the_limit_is_refused() -> None:
    """A datagram longer than `MESSAGE_BYTES_MAX` is not looked into."""
    with pytest.raises(ValueError, match="too long"):
        decode_response(bytes(MESSAGE_BYTES_MAX + 1))


OVERRIDES = {
    snmp.DEVICE_DESCRIPTION: "TSC TE210",
    snmp.SERIAL_NUMBER: "T4419210073",
    snmp.DEVICE_ID: "MFG:TSC;MDL:TE210;CMD:TSPL2;CLS:PRINTER;",
}


@pytest.fixture
def agent(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    """Run snmpd as a printer's agent with the values in `request.param`; yield its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = [f"agentAddress udp:127.0.0.1:{port}", "rocommunity public 127.0.0.1"]
    for oid, text in request.param.items():
        lines.append(f'override .{".".join(map(str, oid))} octet_str "{text}"')
    conf = tmp_path / "snmpd.conf"
    conf.write_text("\n".join(lines) + "\n")
    command = (tool("snmpd"), "-f", "-Lo", "-C", "-c", str(conf), "-I", "-smux")
    env = {"SNMP_PERSISTENT_DIR": str(tmp_path)}
    with process(*command, "-p", str(tmp_path / "pid"), env=env) as running:
        assert running.stdout is not None
        while b"NET-SNMP version" not in (line := running.stdout.readline()):
            assert line, "snmpd ended"
        yield port


@pytest.mark.parametrize("agent", [OVERRIDES], indirect=True)
async def test_net_snmp_tells_model_serial_and_language(agent: int) -> None:
    """A Printer-MIB agent names a printer, its serial number and language (DEV-1, DEV-2)."""
    seen = await snmp.look("127.0.0.1", agent, "public", 5, ("tcp://127.0.0.1:9100",))
    assert seen is not None
    assert (
        seen.source,
        seen.serial,
        seen.model,
        seen.make,
        seen.language,
    ) == (Source.SNMP, "T4419210073", "TSC TE210", "TSC", "tspl")


@pytest.mark.parametrize("agent", [{snmp.SERIAL_NUMBER: "T4419210073"}], indirect=True)
async def test_a_name_that_an_agent_lacks_does_not_hide_the_others(agent: int) -> None:
    """Version 1 refuses a request for one missing name; the others are asked again."""
    values = await snmp.get("127.0.0.1", agent, "public", snmp.ASKED)
    assert values[snmp.SERIAL_NUMBER] == b"T4419210073"
    assert snmp.DEVICE_ID not in values
    assert values[snmp.SYS_DESCRIPTION]


@pytest.mark.parametrize("agent", [{}], indirect=True)
async def test_a_host_that_is_no_printer_is_none(agent: int) -> None:
    """A switch or a server with an agent is not listed as a printer."""
    assert None is await snmp.look("127.0.0.1", agent, "public", 5, ())
    assert await snmp.get("127.0.0.1", agent, "wrong", (parse_oid("1.3.6.1.2.1.1.1.0"),)) == {}


async def test_an_agent_that_talks_nonsense_or_not_at_all_is_none() -> None:
    """Noise, another request's answer and a closed port end in nothing, soon."""
    loop = asyncio.get_running_loop()

    class Liar(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.DatagramTransport", transport)

        def datagram_received(self, data: bytes, addr: object) -> None:
            for noise in (b"\x30\xff", data, bytes(2_000), encode_get(1, "x", [])):
                self.transport.sendto(noise, addr)  # type: ignore[arg-type]

    transport, _ = await loop.create_datagram_endpoint(Liar, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    assert await snmp.get("127.0.0.1", port, "public", snmp.ASKED) == {}
    transport.close()
    assert await snmp.get("127.0.0.1", port, "public", snmp.ASKED) == {}
