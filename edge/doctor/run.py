"""Runs the checks, in the order in which a person would mend things."""

from collections.abc import Callable, Sequence
from typing import Final

from edge.app.findings import Finding
from edge.doctor.checks import (
    backups,
    certificate,
    clock,
    disk,
    fonts,
    hub,
    journal,
    libraries,
    memory,
    pdas,
    printers,
    queues,
    scanners,
    service,
    storage,
    units,
    upgrade,
)
from edge.doctor.patient import Patient, finding

Check = Callable[[Patient], list[Finding]]
CHECKS: Final[dict[str, Check]] = {
    "disk": disk.check,
    "storage": storage.check,
    "journal": journal.check,
    "service": service.check,
    "units": units.check,
    "upgrade": upgrade.check,
    "clock": clock.check,
    "certificate": certificate.check,
    "hub": hub.check,
    "printers": printers.check,
    "scanners": scanners.check,
    "pdas": pdas.check,
    "queues": queues.check,
    "memory": memory.check,
    "libraries": libraries.check,
    "fonts": fonts.check,
    "backups": backups.check,
}


def examine(patient: Patient, names: Sequence[str] = ()) -> list[Finding]:
    """Return what the named checks find, or all; one that breaks is a finding itself."""
    found: list[Finding] = []
    for name, check in CHECKS.items():
        if names and name not in names:
            continue
        try:
            found += check(patient)
        except Exception as error:  # noqa: BLE001 - the others must be heard
            problem = f"{type(error).__name__}: {error}"
            found.append(
                finding(
                    name, "warn", f"检查本身失败:{problem}", f"The check itself failed: {problem}"
                )
            )
    return found
