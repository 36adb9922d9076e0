"""What a self-check says: what was found, why it matters, and the next command."""

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


def is_well(findings: list[Finding]) -> bool:
    """Tell whether nothing is wrong."""
    return not any(finding.severity in WRONG for finding in findings)
