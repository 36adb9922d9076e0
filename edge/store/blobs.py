"""Photos and videos, kept by the hash of their content.

A blob comes in pieces, in order, into `partial/<sha256>`. When all of it is there it is flushed,
its hash and its kind are checked, and it is renamed to `<2 hex>/<2 hex>/<sha256>`. So a name that
exists holds exactly the content that it says, whatever was interrupted.
"""

import asyncio
import errno
import hashlib
import os
import re
import threading
from pathlib import Path
from typing import Final

from edge.app.ports import BlobState
from edge.domain.refusals import RefusedError
from edge.store.durable import sync_folder

BLOB_BYTES_MAX: Final = 32 * 1024 * 1024
TOTAL_BYTES_MAX: Final = 20 * 1024**3
PARTIALS_MAX: Final = 64
"""Blobs that may be on their way at once; the one that came on least recently makes room."""
HEAD_BYTES: Final = 16
"""So many bytes tell what a file is."""
WHOLE: Final = "[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """A folder of blobs. Its work is done in threads; one piece is taken at a time."""

    def __init__(self, root: Path, total_bytes_max: int = TOTAL_BYTES_MAX) -> None:
        self._root = root
        self._partial = root / "partial"
        self.total_bytes_max = total_bytes_max
        self._used_bytes: int | None = None
        self._lock = threading.Lock()

    def used_bytes(self) -> int:
        """Return the bytes of all blobs that are whole."""
        with self._lock:
            return self._used()

    async def state(self, sha256: str) -> BlobState:
        """Return how much of a blob is here; offset 0 where nothing is known of it."""
        return await asyncio.to_thread(self._look, check_name(sha256))

    async def append(self, sha256: str, offset: int, size: int, piece: bytes) -> BlobState:
        """Take the next piece of a blob of `size` bytes; durable when `done` is returned.

        A blob that is here already is answered `done`, whatever is sent. After a refusal what was
        there before is there still, but for `blob_differs` and `media_refused`: those begin anew.

        Raises:
            RefusedError: `malformed`, `too_large`, `blob_offset` (go on from `offset`),
                `blob_differs`, `media_refused`, `disk_full`.
        """
        return await asyncio.to_thread(self._append, check_name(sha256), offset, size, piece)

    async def drop(self, sha256: str) -> None:
        """Remove a blob, or what came of it; one that is not here is no fault."""
        await asyncio.to_thread(self._drop, check_name(sha256))

    async def older(self, before_us: int) -> list[str]:
        """Return the blobs of which nothing came since a time, those that are not whole too."""
        return await asyncio.to_thread(self._older, before_us)

    def _drop(self, sha256: str) -> None:
        with self._lock:
            path = self._path(sha256)
            if path.exists():
                self._used_bytes = self._used() - path.stat().st_size
                path.unlink()
                sync_folder(path.parent)
            (self._partial / sha256).unlink(missing_ok=True)

    def _older(self, before_us: int) -> list[str]:
        with self._lock:
            files = (*self._root.glob(WHOLE), *self._partial.glob("*"))
            return [each.name for each in files if each.stat().st_mtime_ns < before_us * 1_000]

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def _look(self, sha256: str) -> BlobState:
        with self._lock:
            return self._state(sha256)

    def _state(self, sha256: str) -> BlobState:
        path, partial = self._path(sha256), self._partial / sha256
        if path.exists():
            with path.open("rb") as file:
                media_type = sniff(file.read(HEAD_BYTES))
            size = path.stat().st_size
            return BlobState(sha256, size, size=size, media_type=media_type, done=True)
        return BlobState(sha256, partial.stat().st_size if partial.exists() else 0)

    def _append(self, sha256: str, offset: int, size: int, piece: bytes) -> BlobState:
        if not 0 < size <= BLOB_BYTES_MAX:
            raise RefusedError("too_large", bytes_max=BLOB_BYTES_MAX)
        if not piece or offset < 0 or offset + len(piece) > size:
            raise RefusedError("malformed", problem="a piece lies within its blob", kind="blob")
        with self._lock:
            known = self._state(sha256)
            if known.done:
                return known
            here = known.offset if known.offset < size else 0  # more than all of it is not it
            if offset != here:
                raise RefusedError("blob_offset", offset=here)
            if offset == 0 and sniff(piece) == "" and len(piece) >= HEAD_BYTES:
                raise RefusedError("media_refused")
            try:
                return self._write(sha256, offset, size, piece)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise RefusedError("disk_full") from error
                raise

    def _write(self, sha256: str, offset: int, size: int, piece: bytes) -> BlobState:
        partial = self._partial / sha256
        if offset == 0:
            self._make_room(size)
        with partial.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(piece)
            file.flush()
            if offset + len(piece) == size:
                os.fsync(file.fileno())
        if offset + len(piece) < size:
            return BlobState(sha256, offset + len(piece), size=size)
        return self._finish(sha256, partial)

    def _finish(self, sha256: str, partial: Path) -> BlobState:
        with partial.open("rb") as file:
            media_type = sniff(file.read(HEAD_BYTES))
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != sha256 or not media_type:
            partial.unlink()
            raise RefusedError("media_refused" if digest == sha256 else "blob_differs")
        path = self._path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(path)
        for folder in (path.parent, path.parent.parent, self._root):
            sync_folder(folder)
        self._used_bytes = self._used() + path.stat().st_size
        return self._state(sha256)

    def _make_room(self, size: int) -> None:
        self._partial.mkdir(parents=True, exist_ok=True)
        if self._used() + size > self.total_bytes_max:
            raise RefusedError("disk_full")
        partials = sorted(self._partial.iterdir(), key=lambda each: each.stat().st_mtime_ns)
        for oldest in partials[: max(0, len(partials) + 1 - PARTIALS_MAX)]:
            oldest.unlink()

    def _used(self) -> int:
        """Return the bytes of all blobs that are whole; counted once, then kept."""
        if self._used_bytes is None:
            self._used_bytes = sum(each.stat().st_size for each in self._root.glob(WHOLE))
        return self._used_bytes


def check_name(sha256: str) -> str:
    """Return the name of a blob, or refuse what is none."""
    if _SHA256.fullmatch(sha256) is None:
        problem = "a blob is named by its SHA-256, in 64 lower-case hex digits"
        raise RefusedError("malformed", problem=problem, kind="blob")
    return sha256


def sniff(head: bytes) -> str:
    """Return the media type that a file's first bytes say (WHATWG MIME Sniffing), or nothing.

    Whatever the sender called it: only pictures and videos that PDAs take are known.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"
    return ""
