"""What a self-check says: what was found, why it matters, and the next command."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

import msgspec

from edge.domain.model import Name

Severity = Literal["good", "note", "warn", "bad"]
"""`note`: not so by choice. `warn`: will break something. `bad`: breaks something now."""
WRONG: Final = ("warn", "bad")


class Finding(msgspec.Struct, frozen=True):
    """One thing that a check found, in both languages."""

    check: str
    severity: Severity
    found: Name
    why: Name = Name("", "")
    next: Name = Name("", "")
    """The next command, or what to do by hand."""
    fix: str = ""
    """What the box can safely do about it by itself, when asked: a name of `Remedies`."""


Remedies = Mapping[str, Callable[[], Awaitable[None]]]
"""What the box can do about a finding, by the finding's `fix`. Each may be done at any time."""


def is_well(findings: list[Finding]) -> bool:
    """Tell whether nothing is wrong."""
    return not any(finding.severity in WRONG for finding in findings)
