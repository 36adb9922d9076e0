"""Does the disk keep what it says it keeps, and how fast?"""

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from edge.app.findings import Finding
from edge.app.telling import cause_zh
from edge.doctor.patient import Patient, finding

TRIES: Final = 15
BLOCK_BYTES: Final = 4_096
SLOW_S: Final = 0.05
TOO_QUICK_S: Final = 0.000_015
"""No medium flushes a block sooner; who answers so has not written it."""
VOLATILE: Final = ("tmpfs", "ramfs")
WHY_SLOW: Final = ("每次扫码都等磁盘落盘", "Every scan waits for this flush")
WHY_LIES: Final = ("断电会丢掉已确认的扫码", "A power cut would lose scans that were confirmed")


def check(patient: Patient) -> list[Finding]:
    """Write and flush a few blocks in the data folder."""
    data = patient.data
    if not data.is_dir():
        return [
            finding(
                "storage",
                "bad",
                f"没有数据目录 {data}",
                f"There is no folder {data}",
                why=("边缘盒无法记账", "The box cannot keep its journal"),
                do=f"findmnt -T {data}; sudo systemd-tmpfiles --create",
            )
        ]
    kind = _file_system(data)
    if kind in VOLATILE:
        return [
            finding(
                "storage",
                "bad",
                f"{data} 在内存盘({kind})上",
                f"{data} is in memory ({kind})",
                why=WHY_LIES,
                do=("把 data 改到真正的磁盘", "Set `data` to a folder on a disk"),
            )
        ]
    try:
        took_s = _flush_s(data)
    except OSError as error:
        return [
            finding(
                "storage",
                "bad",
                f"无法写入 {data}：{cause_zh(error)}",
                f"{data} cannot be written: {error.strerror}",
                why=("边缘盒无法记账", "The box cannot keep its journal"),
                do=f"sudo dmesg -T | tail; findmnt -T {data}",
            )
        ]
    ms = f"{took_s * 1_000:.2f}"
    if took_s > SLOW_S:
        return [
            finding(
                "storage",
                "warn",
                f"落盘要 {ms} 毫秒",
                f"A flush takes {ms} ms",
                why=WHY_SLOW,
                do=f"vmstat 1 5; findmnt -T {data}; sudo dmesg -T | tail",
            )
        ]
    if took_s < TOO_QUICK_S:
        return [
            finding(
                "storage",
                "warn",
                f"落盘只要 {ms} 毫秒，不可信",
                f"A flush takes {ms} ms: too quick to be true",
                why=WHY_LIES,
                do="findmnt -o SOURCE,FSTYPE,OPTIONS -T " + str(data),
            )
        ]
    return [
        finding("storage", "good", f"落盘 {ms} 毫秒({kind})", f"A flush takes {ms} ms ({kind})")
    ]


def _flush_s(folder: Path) -> float:
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(TRIES):
            file.write(bytes(BLOCK_BYTES))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def _file_system(path: Path) -> str:
    """Return the kind of file system that a path is on (proc(5), mounts)."""
    best = ("", "")
    resolved = path.resolve()
    for line in Path("/proc/mounts").read_text("utf-8").splitlines():
        _, where, kind, *_ = line.split()
        if resolved.is_relative_to(where) and len(where) >= len(best[0]):
            best = (where, kind)
    return best[1]
