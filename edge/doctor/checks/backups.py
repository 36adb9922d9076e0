"""How old is the newest backup?"""

from typing import Final

from edge.app.findings import Finding, Severity
from edge.app.telling import cause_zh
from edge.doctor.patient import DAY_S, US_PER_S, Patient, finding
from edge.store.backup import BackupError, newest, read_manifest

AGE_DAYS_MAX: Final = 2
WHY: Final = ("盘坏了只能回到最近一次备份", "After a dead disk you are back at the newest backup")
DO: Final = "sudo systemctl start floorgate-backup; sudo journalctl -u floorgate-backup -n 20"


def check(patient: Patient) -> list[Finding]:
    """Read the newest backup's manifest."""
    path = newest(patient.backups) if patient.backups.is_dir() else None
    if path is None:
        return [
            finding(
                "backups",
                "warn",
                f"{patient.backups} 里没有备份",
                f"There is no backup in {patient.backups}",
                why=WHY,
                do=DO,
            )
        ]
    try:
        made_us = read_manifest(path).made_us
    except BackupError as error:
        return [
            finding(
                "backups",
                "bad",
                f"最近的备份不可用：{cause_zh(error)}",
                f"The newest backup cannot be used: {error}",
                why=WHY,
                do=DO,
            )
        ]
    days = (patient.now_us - made_us) // US_PER_S // DAY_S
    severity: Severity = "warn" if days >= AGE_DAYS_MAX else "good"
    return [
        finding(
            "backups",
            severity,
            f"最近的备份 {days} 天前：{path.name}",
            f"The newest backup is {days} days old: {path.name}",
            why=WHY,
            do=DO,
        )
    ]
