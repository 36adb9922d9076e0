"""May the box read the scanners that are plugged in?"""

import os
from pathlib import Path
from typing import Final

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding

PORTS: Final = ("ttyACM*", "ttyUSB*", "hidraw*")


def check(_: Patient) -> list[Finding]:
    """Look at serial ports and HID devices, as the user that asks."""
    found = [port for kind in PORTS for port in sorted(Path("/dev").glob(kind))]
    closed = [str(port) for port in found if not os.access(port, os.R_OK)]
    if closed:
        return [
            finding(
                "scanners",
                "warn",
                f"无权读取 {', '.join(closed)}",
                f"{', '.join(closed)} cannot be read",
                why=("扫码枪扫了没有反应", "Scans there are not heard"),
                do="sudo udevadm trigger; sudo -u floorgate floorgate doctor scanners",
            )
        ]
    return [
        finding(
            "scanners",
            "good",
            f"{len(found)} 个串口与 HID 设备可读",
            f"{len(found)} serial and HID devices can be read",
        )
    ]
