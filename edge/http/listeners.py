"""Which process listens at a port of this machine, as far as this user may see (Linux)."""

from contextlib import suppress
from pathlib import Path
from typing import Final

LISTENS: Final = "0A"
"""TCP_LISTEN in /proc/net/tcp (include/net/tcp_states.h)."""


def listener(port: int) -> str:
    """Return name and number of a process that listens at a TCP port; empty where none is seen."""
    inodes = {f"socket:[{inode}]" for inode in _sockets(port)}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended, or it is somebody else's
            if any(_links_to(file, inodes) for file in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return ""


def _links_to(file: Path, targets: set[str]) -> bool:
    try:
        return str(file.readlink()) in targets
    except FileNotFoundError:  # closed meanwhile
        return False


def _sockets(port: int) -> list[str]:
    """Return the inodes of the sockets that listen at a port."""
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        if (path := Path("/proc/net", table)).is_file()
        for line in path.read_text().splitlines()[1:]
    ]
    return [
        row[9] for row in rows if row[3] == LISTENS and int(row[1].rpartition(":")[2], 16) == port
    ]
