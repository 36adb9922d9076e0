"""Does systemd keep the box running, and back it up?"""

import subprocess
from pathlib import Path
from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

UNITS: Final = (
    "floorgate.service",
    "floorgate.socket",
    "floorgate-backup.timer",
    "floorgate-archive.timer",
)
ANSWER_S: Final = 10.0


def check(_: Patient) -> list[Finding]:
    """Ask systemd for the units that ought to be active."""
    if not Path("/run/systemd/system").is_dir():
        return [finding("units", "note", "本机没有运行 systemd", "systemd does not run here")]
    down = [unit for unit in UNITS if not _is_active(unit)]
    if down:
        return [
            finding(
                "units",
                "bad",
                f"未运行：{', '.join(down)}",
                f"Not active: {', '.join(down)}",
                why=("断电重启后边缘盒不会自己起来", "After a power cut nothing starts by itself"),
                do=f"sudo systemctl enable --now {' '.join(down)}",
            )
        ]
    return [finding("units", "good", "服务与定时器都在", "Service and timers are active")]


def _is_active(unit: str) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - names of ours
            ["systemctl", "is-active", "--quiet", unit],  # noqa: S607 - wherever it is
            check=False,
            timeout=ANSWER_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
