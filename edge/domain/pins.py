"""Which PINs are refused: six digits are few enough without the ones that everybody tries first."""

import itertools
from typing import Final

DIGITS: Final = 6
_KINDS_MIN: Final = 3
"""Different digits that a PIN must have."""
_COMMON: Final = frozenset(
    {
        *("147258", "147369", "159357", "159753", "258369", "258456", "321654", "357159", "369258"),
        *("456123", "520131", "521131", "131452", "741852", "789456", "852963", "963852", "112358"),
        *("314159", "271828", "102030", "010203", "246810", "135791"),
    }
)
"""Walks over the keypad and numbers that mean something, which no rule below catches."""


def why_weak(pin: str) -> str:
    """Return why a PIN must not be used: `digits` or `weak`; nothing where it may."""
    if len(pin) != DIGITS or not (pin.isascii() and pin.isdecimal()):
        return "digits"
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    is_weak = (
        len(set(pin)) < _KINDS_MIN
        or len(steps) == 1  # 123456, 975319
        or pin in pin[:2] * 3 + pin[:3] * 2  # 121212, 123123
        or pin == pin[::-1]  # 123321
        or pin[::2] == pin[1::2]  # 112233
        or pin in _COMMON
    )
    return "weak" if is_weak else ""
