"""Is there room?"""

from shutil import disk_usage
from typing import Final

from edge.app.findings import Finding, Severity
from edge.doctor.patient import Patient, finding
from edge.store.room import BALLAST

WHY: Final = (
    "空间不足时边缘盒只读:命令被拒绝,数据不丢",
    "Without room the box only reads: commands are refused, nothing is lost",
)


def check(patient: Patient) -> list[Finding]:
    """Look at the disk of the data and that of the backups."""
    found, limits = [], patient.config.disk
    for path in dict.fromkeys((patient.data, patient.backups)):
        if not path.exists():
            continue
        mb = disk_usage(path).free // 1024**2
        texts = (f"{path} 剩余 {mb} MB", f"{path} has {mb} MB free")
        if mb >= limits.warn_mb:
            found.append(finding("disk", "good", *texts))
            continue
        severity: Severity = "bad" if mb < limits.stop_mb else "warn"
        ballast = patient.data / BALLAST
        release = f"sudo rm {ballast}; " if severity == "bad" and ballast.exists() else ""
        do = f"{release}sudo du -xh --max-depth=2 {path} | sort -h | tail"
        found.append(finding("disk", severity, *texts, why=WHY, do=do))
    return found
