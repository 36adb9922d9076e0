"""SNMPv1 GET, its encoding and decoding in BER. Pure. RFC 1157, RFC 1155; X.690 clause 8."""

from typing import Final, TypeAlias

import msgspec

Oid: TypeAlias = tuple[int, ...]
Value: TypeAlias = bytes | int | Oid | None

MESSAGE_BYTES_MAX: Final = 8_192
PARTS_MAX: Final = 256
NO_SUCH_NAME: Final = 2
_VERSION_1: Final = 0
_INTEGER, _OCTETS, _NULL, _OID, _SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
_GET, _RESPONSE = 0xA0, 0xA2
_UNSIGNED: Final = (0x41, 0x42, 0x43)  # Counter, Gauge, TimeTicks
_BYTES: Final = (_OCTETS, 0x40, 0x44)  # OCTET STRING, IpAddress, Opaque
_ID_BYTES_MAX: Final = 5
"""Of one number of an object id: 32 bits."""


class Response(msgspec.Struct, frozen=True):
    """A GetResponse. `status` is 0 when all is well; `index` counts the wrong one from 1."""

    request_id: int
    status: int
    index: int
    values: dict[Oid, Value]


def parse_oid(dotted: str) -> Oid:
    """Return the numbers of an object id written with dots."""
    return tuple(int(part) for part in dotted.strip(".").split("."))


def encode_get(request_id: int, community: str, oids: list[Oid]) -> bytes:
    """Return a GetRequest for `oids`. `request_id` is 0 … 2³¹ - 1."""
    wanted = b"".join(_tlv(_SEQUENCE, _oid(oid) + _tlv(_NULL, b"")) for oid in oids)
    request = _int(request_id) + _int(0) + _int(0) + _tlv(_SEQUENCE, wanted)
    head = _int(_VERSION_1) + _tlv(_OCTETS, community.encode())
    return _tlv(_SEQUENCE, head + _tlv(_GET, request))


def decode_response(message: bytes) -> Response:
    """Return what a GetResponse says; raise `ValueError` for anything else."""
    if len(message) > MESSAGE_BYTES_MAX:
        raise ValueError("too long")
    version, community, response = _parts(_only(message, _SEQUENCE), 3)
    if _number(version) != _VERSION_1 or community[0] != _OCTETS or response[0] != _RESPONSE:
        raise ValueError("not a response of version 1")
    request_id, status, index, bindings = _parts(response[1], 4)
    values: dict[Oid, Value] = {}
    for tag, body in _all_parts(_body(bindings, _SEQUENCE)):
        name, value = _parts(_body((tag, body), _SEQUENCE), 2)
        values[_oid_of(_body(name, _OID))] = _value(value)
    return Response(_number(request_id), _number(status), _number(index), values)


def _tlv(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:  # noqa: PLR2004 - the short form
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _int(value: int) -> bytes:
    return _tlv(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _oid(oid: Oid) -> bytes:
    body = b""
    for number in (oid[0] * 40 + oid[1], *oid[2:]):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(0x80 | number & 0x7F)
        body += bytes(reversed(digits))
    return _tlv(_OID, body)


def _all_parts(body: bytes) -> list[tuple[int, bytes]]:
    """Return tag and content of each element of `body`."""
    parts: list[tuple[int, bytes]] = []
    at = 0
    while at < len(body):
        if len(parts) == PARTS_MAX or at + 2 > len(body):
            raise ValueError("too many parts, or cut off")
        tag, size = body[at], body[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            if not 0 < count <= 3 or at + count > len(body):  # noqa: PLR2004 - 16 MB is plenty
                raise ValueError("no usable length")
            size = int.from_bytes(body[at : at + count], "big")
            at += count
        if at + size > len(body):
            raise ValueError("cut off")
        parts.append((tag, body[at : at + size]))
        at += size
    return parts


def _parts(body: bytes, count: int) -> list[tuple[int, bytes]]:
    parts = _all_parts(body)
    if len(parts) != count:
        raise ValueError(f"{len(parts)} parts instead of {count}")
    return parts


def _body(part: tuple[int, bytes], tag: int) -> bytes:
    if part[0] != tag:
        raise ValueError(f"tag {part[0]:#x} instead of {tag:#x}")
    return part[1]


def _only(message: bytes, tag: int) -> bytes:
    return _body(_parts(message, 1)[0], tag)


def _number(part: tuple[int, bytes]) -> int:
    body = _body(part, _INTEGER)
    if not 0 < len(body) <= 8:  # noqa: PLR2004 - 64 bits are plenty
        raise ValueError("no usable number")
    return int.from_bytes(body, "big", signed=True)


def _oid_of(body: bytes) -> Oid:
    if not body or body[-1] & 0x80:
        raise ValueError("object id cut off")
    numbers: list[int] = []
    value = digits = 0
    for byte in body:
        value = value << 7 | byte & 0x7F
        digits += 1
        if digits > _ID_BYTES_MAX:
            raise ValueError("object id too large")
        if not byte & 0x80:
            numbers.append(value)
            value = digits = 0
    first = min(numbers[0] // 40, 2)
    return (first, numbers[0] - first * 40, *numbers[1:])


def _value(part: tuple[int, bytes]) -> Value:
    tag, body = part
    if tag == _INTEGER:
        return _number(part)
    if tag in _UNSIGNED:
        return int.from_bytes(body[:9], "big")
    if tag in _BYTES:
        return body
    if tag == _OID:
        return _oid_of(body)
    return None
