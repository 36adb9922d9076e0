"""Files that survive a power cut whole or not at all: flushed, then renamed, then the folder."""

import os
import secrets
import shutil
from pathlib import Path
from typing import Final

from sync.api import sync_folder

__all__ = [
    "KEY_BYTES",
    "PRIVATE",
    "make_folder",
    "move",
    "remove_tree",
    "secret",
    "sync_file",
    "sync_folder",
    "sync_tree",
    "write_file",
]

PRIVATE: Final = 0o600
KEY_BYTES: Final = 32


def sync_file(path: Path) -> None:
    """Flush a file's content."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_file(path: Path, content: bytes) -> None:
    """Write a small file; only its owner may read it."""
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    move(fresh, path)


def secret(path: Path) -> bytes:
    """Return the 32 secret bytes in `path`, made there at the first call."""
    make_folder(path.parent)
    if not path.exists():
        write_file(path, secrets.token_bytes(KEY_BYTES))
    return path.read_bytes()


def move(source: Path, target: Path) -> None:
    """Rename a file or folder within a file system; a file there before is replaced."""
    source.replace(target)
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)


def make_folder(path: Path) -> None:
    """Make a folder that only its owner may enter, with its parents."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it; one that is not there is no matter."""
    shutil.rmtree(path, ignore_errors=True)


def sync_tree(root: Path) -> None:
    """Flush the lists of names of a folder and of all folders in it."""
    for folder, _, _ in os.walk(root, topdown=False):
        sync_folder(Path(folder))
