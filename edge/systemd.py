"""What systemd hands to a service and wants to hear from it: sd_notify(3), sd_listen_fds(3).

Without systemd nothing of this is there, and every function here does nothing.
"""

import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

FIRST_FD: Final = 3
"""SD_LISTEN_FDS_START."""
FDS_MAX: Final = 16
READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"
CREDENTIALS: Final = "floorgate"
"""Name that the unit gives to its folder of credentials: a file in it is `floorgate_FILE`."""


def notify(state: str, environ: Mapping[str, str] = os.environ) -> None:
    """Send `state`, lines of `KEY=value`, to systemd."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
        contextlib.suppress(OSError),  # nobody listens any more: systemd will judge by that
    ):
        channel.sendto(state.encode(), address)


def listening(environ: Mapping[str, str] = os.environ) -> dict[int, socket.socket]:
    """Return the sockets that systemd opened for this process, by port."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    count = min(int(environ.get("LISTEN_FDS", "0")), FDS_MAX)
    sockets = [socket.socket(fileno=fd) for fd in range(FIRST_FD, FIRST_FD + count)]
    for each in sockets:
        each.settimeout(0)
        os.set_inheritable(each.fileno(), False)  # noqa: FBT003 - has no name
    return {each.getsockname()[1]: each for each in sockets}


def credential(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return a secret that the unit was given, or nothing."""
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    path = Path(folder) / f"{CREDENTIALS}_{name}"
    return path.read_text("utf-8").strip() if folder and path.is_file() else ""
