"""Would another machine have what this one has?"""

from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

GAP_S_MAX: Final = 60
WHY: Final = (
    "盒子坏了，备机缺的这一段只能向中枢要",
    "If the box dies, what the spare has not got can only come from the hub",
)
STATUS: Final = "sudo -u floorgate floorgate spare status"
LOG: Final = "sudo journalctl -u floorgate -g spare -n 20"
PREPARE: Final = "sudo -u floorgate floorgate spare prepare /srv/floorgate-spare"


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
                do=(
                    f"要有备机：见运维手册第 8 节“备机”，{PREPARE}",
                    f"For one see 'A spare' in section 8 of the run-book: {PREPARE}",
                ),
            )
        ]
    if patient.health is None or not patient.health.get("spare"):
        return [finding("spare", "note", "边缘盒未运行，无从得知", "Unknown: the box does not run")]
    spare = patient.health["spare"]
    gap, seconds = spare["gap_entries"], spare["gap_s"]
    if spare["ok"]:
        texts = (f"共享 {feeds} 缺 {gap} 条", f"The share {feeds} lacks {gap} entries")
        return [finding("spare", "good", *texts)]
    return [
        finding(
            "spare",
            "bad" if seconds > GAP_S_MAX else "warn",
            f"共享 {feeds} 缺 {gap} 条，最旧 {seconds:.0f} 秒：{spare['problem_zh']}",
            f"The share {feeds} lacks {gap} entries, the oldest of {seconds:.0f} s ago: "
            f"{spare['problem']}",
            why=WHY,
            do=f"findmnt -T {feeds}; df -h {feeds}; {STATUS}; {LOG}",
        )
    ]
