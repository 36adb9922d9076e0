"""Locks between processes: a file each, held until it is closed, however the process ends."""

import fcntl
import threading
from pathlib import Path
from typing import Final, TextIO

LOCK: Final = "lock"
"""Name of the lock of a box's folder."""


def hold(path: Path, taken: Exception, *, wait_s: float = 0.0) -> TextIO:
    """Return the open lock file `path`, held until it is closed.

    Raises:
        The exception `taken`: another process still holds it after `wait_s`.
    """
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if not (wait_s and _comes_free(lock, wait_s)):
            lock.close()
            raise taken from error
    return lock


def _comes_free(lock: TextIO, wait_s: float) -> bool:
    """Wait for a lock; its own wait knows no time-out, so a thread has to do it."""
    waiting = threading.Thread(target=fcntl.flock, args=(lock, fcntl.LOCK_EX), daemon=True)
    waiting.start()
    waiting.join(wait_s)
    return not waiting.is_alive()
