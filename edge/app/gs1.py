"""What a scanned code carries beyond a number: GTIN, lot, expiry and serial by GS1 (PICK-3).

Parsed at the door by `biip` (GS1 General Specifications, sections 3 and 5): the law gets the parts.
"""

import re
from typing import Final

from edge.domain.commands import Gs1

_MAY_BE_GS1: Final = re.compile(r"\](C1|e0|d2|Q3|J1)|(01|02|00)\d{14}|.*\x1d", re.DOTALL)
"""A GS1 symbology identifier (ISO/IEC 15424), a leading GTIN or SSCC, or an FNC1."""
CODE_CHARS_MAX: Final = 256


def parse_gs1(code: str) -> Gs1 | None:
    """Return the parts of a GS1 code; None for any other code, and for one that is malformed."""
    if len(code) > CODE_CHARS_MAX or not _MAY_BE_GS1.match(code):
        return None
    from biip import ParseError, parse  # noqa: PLC0415 - loaded when the first such code comes

    try:
        message = parse(code).gs1_message
    except ParseError:
        return None
    if message is None or not message.element_strings:
        return None
    gtin = message.element_strings.get(ai="01") or message.element_strings.get(ai="02")
    expiry = message.element_strings.get(ai="17") or message.element_strings.get(ai="15")
    lot = message.element_strings.get(ai="10")
    serial = message.element_strings.get(ai="21")
    return Gs1(
        codes=_forms(gtin.value) if gtin else (),
        lot=lot.value if lot else "",
        expiry=expiry.date.isoformat() if expiry and expiry.date else "",
        serial=serial.value if serial else "",
    )


def _forms(gtin: str) -> tuple[str, ...]:
    """Return the forms in which catalogues write a GTIN-14: without its leading zeros."""
    return tuple(gtin[-size:] for size in (14, 13, 12, 8) if not gtin[:-size].strip("0"))
