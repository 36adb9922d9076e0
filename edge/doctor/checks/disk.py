"""Is there room?"""

from shutil import disk_usage
from typing import Final

from edge.app.findings import Finding, Severity
from edge.doctor.patient import Patient, finding

WARN_BYTES: Final = 2 * 1024**3
BAD_BYTES: Final = 512 * 1024**2
WHY: Final = (
    "磁盘满了,边缘盒拒绝所有命令(数据不会丢)",
    "On a full disk the box refuses every command (nothing is lost)",
)


def check(patient: Patient) -> list[Finding]:
    """Look at the disk of the data and that of the backups."""
    found = []
    for path in dict.fromkeys((patient.data, patient.backups)):
        if not path.exists():
            continue
        free = disk_usage(path).free
        mb = free // 1024**2
        texts = (f"{path} 剩余 {mb} MB", f"{path} has {mb} MB free")
        if free >= WARN_BYTES:
            found.append(finding("disk", "good", *texts))
            continue
        severity: Severity = "bad" if free < BAD_BYTES else "warn"
        found.append(
            finding(
                "disk",
                severity,
                *texts,
                why=WHY,
                do=f"sudo du -xh --max-depth=2 {path} | sort -h | tail",
            )
        )
    return found
