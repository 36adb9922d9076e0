"""Would another machine have what this one has?"""

from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

GAP_S_MAX: Final = 60
WHY: Final = (
    "盒子坏了，备机缺的这一段只能向中枢要",
    "If the box dies, what the spare has not got can only come from the hub",
)
DO: Final = "floorgate spare status; mount; journalctl -u floorgate -g spare -n 20"


def check(patient: Patient) -> list[Finding]:
    """Look at the gap between the box and its share."""
    feeds = patient.config.spare.feeds
    if not feeds:
        return [
            finding(
                "spare",
                "note",
                "没有配置备机",
                "No spare is configured",
                do="floorgate spare prepare /mnt/spare",
            )
        ]
    if patient.health is None or not patient.health.get("spare"):
        return [finding("spare", "note", "边缘盒未运行，无从得知", "Unknown: the box does not run")]
    spare = patient.health["spare"]
    gap, seconds, problem = spare["gap_entries"], spare["gap_s"], spare["problem"]
    if spare["ok"]:
        texts = (f"共享 {feeds} 缺 {gap} 条", f"The share {feeds} lacks {gap} entries")
        return [finding("spare", "good", *texts)]
    return [
        finding(
            "spare",
            "bad" if seconds > GAP_S_MAX else "warn",
            f"共享 {feeds} 缺 {gap} 条，最旧 {seconds:.0f} 秒：{problem}",
            f"The share {feeds} lacks {gap} entries, the oldest of {seconds:.0f} s ago: {problem}",
            why=WHY,
            do=DO,
        )
    ]
