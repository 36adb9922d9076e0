"""Runs the checks, in the order in which a person would mend things."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from edge.app.findings import Finding
from edge.config import Config
from edge.doctor.checks import (
    backups,
    blobs,
    certificate,
    clock,
    disk,
    fonts,
    hub,
    journal,
    keys,
    libraries,
    memory,
    pdas,
    printers,
    queues,
    retention,
    scanners,
    service,
    spare,
    storage,
    units,
    upgrade,
)
from edge.doctor.patient import Patient, finding, samples

Check = Callable[[Patient], list[Finding]]
CHECKS: Final[dict[str, Check]] = {
    "disk": disk.check,
    "storage": storage.check,
    "journal": journal.check,
    "keys": keys.check,
    "blobs": blobs.check,
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
    "retention": retention.check,
    "spare": spare.check,
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
                    name, "warn", f"检查本身失败：{problem}", f"The check itself failed: {problem}"
                )
            )
    return found


async def examine_running(
    config: Config,
    now_us: int,
    health: msgspec.Struct,
    figures: str,
) -> list[Finding]:
    """Return what a running box finds of itself, without what costs a processor's seconds."""
    patient = Patient(
        config=config,
        now_us=now_us,
        health=msgspec.to_builtins(health),
        figures=samples(figures),
        is_deep=False,
    )
    return await asyncio.to_thread(examine, patient)
