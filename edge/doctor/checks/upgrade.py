"""Was the last upgrade seen to be well?"""

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding


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
                do="sudo ./install.sh (again), or: sudo ./install.sh rollback",
            )
        ]
    return [finding("upgrade", "good", "没有未确认的升级", "No upgrade is unconfirmed")]
