"""Is all that Floorgate is built on there?"""

import sqlite3
from importlib.metadata import PackageNotFoundError, requires, version

from edge.app.findings import Finding
from edge.doctor.patient import Patient, finding


def check(_: Patient) -> list[Finding]:
    """Compare what is installed with what this version needs."""
    try:
        needed = requires("floorgate") or []
        ours = version("floorgate")
    except PackageNotFoundError:
        needed, ours = [], "?"
    missing = [name for name in map(_name, needed) if name and not _is_there(name)]
    if missing:
        return [
            finding(
                "libraries",
                "bad",
                f"缺少 {', '.join(missing)}",
                f"{', '.join(missing)} missing",
                why=("相关功能会失败", "What uses them fails"),
                do=(
                    "在安装包目录里再装一次：sudo ./install.sh",
                    "Install again, in the folder of the archive: sudo ./install.sh",
                ),
            )
        ]
    text = f"Floorgate {ours}, SQLite {sqlite3.sqlite_version}"
    return [finding("libraries", "good", text, text)]


def _name(requirement: str) -> str:
    """Return the package of a requirement, or nothing where it is for development."""
    head, _, marker = requirement.partition(";")
    return "" if "extra" in marker else head.split("[")[0].split("=")[0].strip(" <>!~")


def _is_there(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False
