"""Does work pile up?"""

from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

FULL_SHARE: Final = 0.5
NAMES_ZH: Final = {"commands": "命令", "print": "打印", "push": "推送", "timers": "计时"}


def check(patient: Patient) -> list[Finding]:
    """Look for queues that are half full."""
    if patient.health is None:
        return [
            finding("queues", "note", "边缘盒未运行，无从得知", "Unknown: the box does not run")
        ]
    found = []
    for name, depth in patient.figures.items():
        if not name.startswith("queue_depth{"):
            continue
        bound = patient.figures.get(name.replace("queue_depth", "queue_depth_max"), 0)
        queue = name.partition('"')[2].rstrip('"}')
        if bound and depth / bound >= FULL_SHARE:
            found.append(
                finding(
                    "queues",
                    "warn",
                    f"队列“{NAMES_ZH.get(queue, queue)}”：{depth:.0f}/{bound:.0f}",
                    f"Queue {queue}: {depth:.0f} of {bound:.0f}",
                    why=("满了之后新的请求会被推迟", "Once full, new work is put off"),
                    do="top; sudo -u floorgate floorgate doctor storage printers",
                )
            )
    return found or [finding("queues", "good", "队列不长", "No queue is long")]
