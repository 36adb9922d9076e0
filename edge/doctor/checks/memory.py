"""Is there memory left?"""

from pathlib import Path
from typing import Final

from edge.app.findings import Finding, Severity
from edge.doctor.patient import Patient, finding

WARN_MB: Final = 150
KB_A_MB: Final = 1024


def check(_: Patient) -> list[Finding]:
    """Look at what the kernel could still give (proc(5), meminfo)."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text("ascii").splitlines())
    mb = int(lines["MemAvailable"].split()[0]) // KB_A_MB
    severity: Severity = "good" if mb >= WARN_MB else "warn"
    return [
        finding(
            "memory",
            severity,
            f"可用内存 {mb} MB",
            f"{mb} MB of memory are available",
            why=("内存用尽时系统会杀掉进程", "Without any the kernel ends processes"),
            do="ps aux --sort=-rss | head",
        )
    ]
