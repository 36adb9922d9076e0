"""A folder's own list of names, flushed: what was renamed there survives a power cut."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Flush a folder's own list of names."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
