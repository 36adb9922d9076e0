"""IEEE 1284 ids and TXT records: real ones read, nonsense survived."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Kind, Sighting, Source
from drivers.discovery.identity import TEXT_CHARS_MAX, clean
from drivers.discovery.passive import (
    SERVICE_TYPES,
    Service,
    language_of_commands,
    language_of_model,
    parse_ieee1284,
    sighting_of_1284,
    sighting_of_service,
)

BASE = Sighting(source=Source.USB, at_us=0, urls=("usb:///dev/usb/lp0",))


@pytest.mark.parametrize(
    ("device_id", "expected"),
    [
        (b"MFG:TSC;CMD:TSPL2;MDL:TE210;CLS:PRINTER;SN:T4419;", ("TSC", "TE210", "tspl", "T4419")),
        (
            b"MANUFACTURER:Zebra Technologies ;COMMAND SET:ZPL;MODEL:ZTC ZD421-203dpi;SERN:D2J204;",
            ("Zebra Technologies", "ZTC ZD421-203dpi", "zpl", "D2J204"),
        ),
        (b"MFG:EPSON;CMD:ESC/POS;MDL:TM-T20III;CLS:PRINTER;", ("EPSON", "TM-T20III", "escpos", "")),
        (b"MFG:Printer;MDL:POS58;;:x;CMD", ("Printer", "POS58", "", "")),
    ],
)
def test_a_device_id_tells_make_model_and_language(
    device_id: bytes, expected: tuple[str, ...]
) -> None:
    """The ids that printers give over USB are read, with long and short keys (DEV-2)."""
    seen = sighting_of_1284(device_id, BASE)
    assert expected == (seen.make, seen.model, seen.language, seen.serial)


def test_command_sets_name_the_first_known_language() -> None:
    """ESC/POS has a slash in it, ZPL comes with numerals, an unknown set names nothing."""
    named = ["EPL2,ZPL II;TSPL", "ESC/POS,TSPL", "XPP,XL,TSPL2", "PCL,PS", ""]
    assert [language_of_commands(text) for text in named] == ["zpl", "escpos", "tspl", "", ""]
    assert [
        language_of_model(*words) for words in (("", "ZTC ZD421"), ("TSC", "TE210"), ("HP", "M404"))
    ] == ["zpl", "tspl", ""]


def test_a_placeholder_service_is_nothing() -> None:
    """`_printer` at port 0 means that there is no LPD; a strange type is not looked at."""
    assert None is sighting_of_service(
        Service("_printer._tcp.local.", "x", 0, ("10.0.0.9",), {}), 0
    )
    assert None is sighting_of_service(Service("_ssh._tcp.local.", "x", 22, ("10.0.0.9",), {}), 0)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_device_id_makes_a_sighting(raw: bytes) -> None:
    """Invariant: any bytes give bounded printable texts, and the identity code takes them."""
    fields = parse_ieee1284(raw)
    assert all(value == value.strip() for value in fields.values())
    _is_clean(clean(sighting_of_1284(raw, BASE)))


TXT = st.dictionaries(
    st.sampled_from([b"ty", b"rp", b"UUID", b"usb_CMD", b"USB_mdl", b"note", b"product"])
    | st.binary(max_size=9),
    st.none() | st.binary(max_size=60),
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(SERVICE_TYPES)),
    st.text(max_size=63),
    st.integers(0, 70_000),
    st.lists(st.sampled_from(["10.0.0.9", "224.0.0.1", "::1", "nonsense", ""]), max_size=10),
    TXT,
)
def test_any_service_makes_a_sighting_or_none(
    type_: str, name: str, port: int, addresses: list[str], txt: dict[bytes, bytes | None]
) -> None:
    """Invariant: whatever is announced, URLs are plain and of unicast addresses."""
    seen = sighting_of_service(Service(type_, name, port, tuple(addresses), txt), 0)
    if seen is None:
        return
    assert Kind.PRINTER is seen.kind
    for url in seen.urls:
        assert url.isascii()
        assert url.isprintable()
        assert "?" not in url
        assert "224." not in url
    _is_clean(clean(seen))


def _is_clean(seen: Sighting) -> None:
    for text in (seen.name, seen.make, seen.model, seen.serial, seen.uuid, seen.note):
        assert text.isprintable()
        assert len(text) <= TEXT_CHARS_MAX
