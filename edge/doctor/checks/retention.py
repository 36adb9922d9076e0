"""Does what is past its time go?"""

from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import DAY_S, US_PER_S, Patient, finding

LATE_DAYS: Final = 2
WHY: Final = (
    "过期的客户资料和照片应当按期删除",
    "Personal data and photos must go after their time",
)
DO: Final = "sudo -u floorgate floorgate erase --show; sudo -u floorgate floorgate erase"


def check(patient: Patient) -> list[Finding]:
    """Look at when everything was looked through last, and what waits."""
    swept_s = patient.figures.get("retention_swept_seconds")
    if patient.health is None:
        return [
            finding("retention", "note", "边缘盒未运行，无从得知", "Unknown: the box does not run")
        ]
    if swept_s is None:
        texts = ("还没有按期删除过", "Nothing was looked through yet")
        return [finding("retention", "note", *texts, do=DO)]
    days = int(patient.now_us / US_PER_S - swept_s) // DAY_S
    waiting = int(patient.figures.get("retention_waiting", 0))
    if days >= LATE_DAYS:
        texts = (f"{days} 天没有按期删除", f"Nothing was erased for {days} days")
        return [finding("retention", "warn", *texts, why=WHY, do=DO)]
    texts = (
        f"已按期删除；{waiting} 条等订单了结",
        f"What is past its time is gone; {waiting} records wait for their orders to end",
    )
    return [finding("retention", "good", *texts)]
