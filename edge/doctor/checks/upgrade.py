"""Was the last upgrade seen to be well?"""

from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

BACK: Final = "sudo /opt/floorgate/current/share/install.sh rollback"


def check(patient: Patient) -> list[Finding]:
    """Look for the mark of an upgrade that was cut off."""
    if (patient.base / "unconfirmed").exists():
        return [
            finding(
                "upgrade",
                "warn",
                "升级未完成确认",
                "An upgrade was never seen to be well",
                why=("可能在安装途中断电", "The power may have failed during it"),
                do=(
                    f"在新版本的安装包目录里再装一次：sudo ./install.sh；或回到上一版本：{BACK}",
                    f"Once more in the new archive's folder: sudo ./install.sh; or back: {BACK}",
                ),
            )
        ]
    return [finding("upgrade", "good", "没有未确认的升级", "No upgrade is unconfirmed")]
