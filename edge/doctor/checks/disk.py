"""Is there room?"""

from shutil import disk_usage
from typing import Final

from edge.app.findings import Finding, Severity
from edge.doctor.patient import Patient, finding
from edge.domain.model import Name
from edge.store.room import BALLAST

WHY: Final = (
    "低于 [disk] 的 stop_mb 时边缘盒只读：命令被拒绝，数据不丢",
    "Below stop_mb of [disk] the box only reads: commands are refused, nothing is lost",
)

WHY_BACKUPS: Final = (
    "没有地方放下一份备份，升级也会因此停下",
    "The next backup has no room, and no upgrade begins without one",
)
WHY_PARTS: Final = (
    "满了以后，新的照片会被拒绝；没有中枢的归档不会自己变小",
    "When they are full, new photos are refused; without a hub the archive never shrinks by itself",
)
NAMES: Final = {
    "archive": Name("归档", "Files of the archive"),
    "blobs": Name("照片和视频", "Photos and videos"),
}
DO_PARTS: Final = {
    "archive": "sudo -u floorgate floorgate archive; sudo du -sh /var/lib/floorgate/archive",
    "blobs": "sudo du -sh /var/lib/floorgate/blobs",
}


def check(patient: Patient) -> list[Finding]:
    """Look at the disk of the data and that of the backups."""
    found, limits = [], patient.config.disk
    for path in dict.fromkeys((patient.data, patient.backups)):
        if not path.exists():
            continue
        mb = disk_usage(path).free // 1024**2
        zh, en = f"{path} 剩余 {mb} MB", f"{path} has {mb} MB free"
        if mb >= limits.warn_mb:
            found.append(finding("disk", "good", zh, en))
            continue
        severity: Severity = "bad" if mb < limits.stop_mb else "warn"
        bound_mb = limits.stop_mb if severity == "bad" else limits.warn_mb
        texts = (f"{zh}，低于 {bound_mb} MB", f"{en}, less than {bound_mb} MB")
        is_own = patient.data.exists() and path.stat().st_dev == patient.data.stat().st_dev
        ballast = patient.data / BALLAST
        helps = is_own and severity == "bad" and ballast.exists()
        release = f"sudo rm {ballast}; " if helps else ""
        do = f"{release}sudo du -xh --max-depth=2 {path} | sort -h | tail"
        why = WHY if is_own else WHY_BACKUPS
        found.append(finding("disk", severity, *texts, why=why, do=do))
    return found + [_filling(patient, part) for part in (patient.health or {}).get("filling", ())]


def _filling(patient: Patient, part: str) -> Finding:
    """Name a part of the box's folder that is near its bound, and what helps."""
    used_mb = int(patient.figures.get(f'part_bytes{{part="{part}"}}', 0)) // 1024**2
    return finding(
        "disk",
        "warn",
        f"{NAMES[part].zh}已用 {used_mb} MB，接近上限",
        f"{NAMES[part].en} take {used_mb} MB, near their bound",
        why=WHY_PARTS,
        do=DO_PARTS[part],
    )
