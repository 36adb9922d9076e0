"""Does the box answer?"""

from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

WHY: Final = ("没有它，没有一单能动", "Without it no order moves")
DISK: Final = "sudo -u floorgate floorgate doctor disk"


def check(patient: Patient) -> list[Finding]:
    """Ask the running box whether it takes commands."""
    health = patient.health
    if health is None:
        return [
            finding(
                "service",
                "bad",
                "边缘盒没有应答",
                "The box does not answer",
                why=WHY,
                do="sudo systemctl restart floorgate; sudo journalctl -u floorgate -n 50",
            )
        ]
    if not health["ok"]:
        return [
            finding(
                "service",
                "bad",
                "边缘盒不接受命令",
                "The box takes no commands",
                why=WHY,
                do="sudo journalctl -u floorgate -n 50",
            )
        ]
    if health.get("disk") == "read_only":
        texts = ("边缘盒只读，不接受命令：磁盘没有空间", "The box only reads: the disk has no room")
        return [finding("service", "bad", *texts, why=WHY, do=DISK)]
    return [
        finding(
            "service", "good", f"在运行，账本 {health['seq']} 条", f"Runs, {health['seq']} entries"
        )
    ]
