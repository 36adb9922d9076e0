"""Is the box still who the hub and the PDAs know?"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding
from edge.store.boxkey import key_fault
from edge.store.journal import BOX_KEY, DATABASE, Journal, NoJournalError
from edge.store.sqlite import NewerSchemaError

CA_KEY: Final = "tls/ca.key"
NEW_KEY: Final = "sudo -u floorgate floorgate new-epoch --new-key"
WHY: Final = {
    BOX_KEY: (
        f"中枢凭它认这台盒子，账本用它签名；没有它，盒子下次不启动。备份里也没有？停下盒子：{NEW_KEY}",
        f"It names the box to the hub and signs the journal. In no backup? Stop the box: {NEW_KEY}",
    ),
    CA_KEY: (
        "没有它，盒子的证书到期不能续，PDA 要重新装证书",
        "Without it the box cannot renew its certificate, and PDAs must be enrolled again",
    ),
}


def check(patient: Patient) -> list[Finding]:
    """Look for the keys that cannot be made again."""
    data = patient.data
    if not (data / DATABASE).exists():
        return []  # a new box has none, and what is lost the check of the journal says
    faults = {BOX_KEY: _box_key(data)}
    if patient.config.http.tls and not patient.config.http.certificate:
        path = data / CA_KEY
        faults[CA_KEY] = None if path.is_file() else (f"{path} is missing", f"缺少 {path}")
    return [
        finding(
            "keys",
            "bad",
            fault[1],
            fault[0],
            why=WHY[key],
            do=(
                "sudo ls -t /var/backups/floorgate; "
                f"sudo cp -p /var/backups/floorgate/NAME/{key} {data / key}"
            ),
        )
        for key, fault in faults.items()
        if fault
    ] or [finding("keys", "good", "密钥都在", "The keys are there")]


def _box_key(data: Path) -> tuple[str, str] | None:
    """Return what is wrong with the box's key; a journal that cannot be read has its own check."""
    try:
        with closing(Journal(data)) as journal:
            return key_fault(data, journal.db)
    except (NoJournalError, NewerSchemaError, sqlite3.DatabaseError):
        return None
