"""Photos read for a person: what codes are on them, and which may be a waybill's number (PRN-8)."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from drivers.api import Code
from edge.app.gs1 import parse_gs1
from edge.domain.commands import Gs1

_NUMBER: Final = re.compile(r"[A-Z]{0,5}\d{8,20}[A-Z]{0,2}", re.ASCII)
_RETAIL: Final = ("EAN-13", "EAN-8", "UPC-A", "UPC-E")


class DecodedCode(msgspec.Struct, frozen=True):
    """A code on a photo."""

    text: str
    symbology: str
    aim: str
    corners: tuple[tuple[int, int], ...]
    waybill: bool
    """Whether it looks like a carrier's waybill number: a person still confirms."""
    gs1: Gs1 | None


def describe(codes: Sequence[Code]) -> list[DecodedCode]:
    """Return what people are told of codes; those that look like waybill numbers first."""
    described = [
        DecodedCode(
            text=code.text,
            symbology=code.symbology,
            aim=code.aim,
            corners=code.corners,
            waybill=code.symbology not in _RETAIL and bool(_NUMBER.fullmatch(code.text)),
            gs1=parse_gs1(code.aim + code.text) if code.aim else parse_gs1(code.text),
        )
        for code in codes
    ]
    return sorted(described, key=lambda code: not code.waybill)
