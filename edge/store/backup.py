"""A backup of a box: taken while it runs, proved by restoring it, then given its name.

A backup is a folder `PREFIX-YYYYmmddTHHMMSSZ` with the database (compressed), keys, certificates,
blobs, archive, the configuration, and `manifest.json`, which names the SHA-256 of each. It is built
as `.partial`, restored into `.scratch`, checked there (chain and replay), flushed, and renamed: a
power cut at any step leaves the backups that were there. Blobs and archive files never change once
they have their name: those of the backup before are linked, not copied. It is not encrypted.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, TextIO

import msgspec
import zstandard

from edge.app.telling import ToldError, cause, cause_zh
from edge.store import durable
from edge.store.archive import ARCHIVE
from edge.store.journal import (
    BOX_KEY,
    DATABASE,
    Journal,
    NoJournalError,
    check_chain,
    finding_zh,
)
from edge.store.locks import hold
from edge.store.replay import check_replay
from edge.store.sqlite import SCHEMA_VERSION, NewerSchemaError
from sync.api import BROKEN_BYTES, Report

FORMAT: Final = "floorgate-backup"
FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
PACKED: Final = f"{DATABASE}.zst"
CONFIG: Final = "floorgate.toml"
KEPT: Final = ("keys", "tls", "blobs", ARCHIVE)
"""Folders of a box that a backup holds, besides the database."""
UNCHANGING: Final = ("blobs", ARCHIVE)
UNFINISHED: Final = "partial"
"""Folder of blobs that are not whole yet."""
DOCTOR: Final = "sudo -u floorgate floorgate doctor"
STAMP: Final = "%Y%m%dT%H%M%SZ"
"""How a moment, UTC, stands in names."""
WAIT_S_MAX: Final = 600.0
"""How long a backup waits for another one to end: the nightly one, when an upgrade begins."""
LEVEL: Final = 6
PIECE_BYTES: Final = 1024 * 1024
PARTS_MAX: Final = 1_000_000
MANIFEST_BYTES_MAX: Final = 256 * 1024 * 1024
DATABASE_BYTES_MAX: Final = 64 * 1024**3
PARTIAL, SCRATCH, PRUNED = ".partial", ".scratch", ".pruned"
WAYS: Final = (PARTIAL, SCRATCH, PRUNED)
"""Names under which a power cut may leave things; the next backup removes them."""


class BackupError(ToldError):
    """A backup cannot be made or used; the text says why and what to do."""


class Part(msgspec.Struct, frozen=True):
    """One file of a backup, as it stands there."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds and where its box stood."""

    version: str
    schema: int
    box: str
    epoch: int
    seq: int
    head: str
    """Hash of the newest entry, in hex."""
    made_us: int
    parts: Annotated[dict[str, Part], msgspec.Meta(max_length=PARTS_MAX)]
    """Each file, by its path in the backup."""
    format: str = FORMAT
    v: int = FORMAT_VERSION


class Sealed(msgspec.Struct, frozen=True):
    """A manifest with its own SHA-256, as it is written."""

    sha256: str
    manifest: msgspec.Raw


class Backup(msgspec.Struct, frozen=True):
    """A backup on disk."""

    path: Path
    manifest: Manifest


def make_backup(
    data: Path, config: Path, to: Path, *, name: str, now_us: int, version: str
) -> Backup:
    """Back up the box in `data`, running or not, as the folder `name` (`PREFIX-STAMP`) in `to`.

    One of the same second gets the name of the next one; one under way is waited for.

    Raises:
        BackupError: the box cannot be read, or what was written did not stand the proof.
        OSError: the disk is full, or may not be written.
    """
    durable.make_folder(to)
    with _only_one(to):
        _clean(to)
        name = _free(to, name)
        partial = to / (name + PARTIAL)
        durable.make_folder(partial)
        before = newest(to)
        _keep_database(data / DATABASE, partial / PACKED)
        for folder in KEPT:
            _keep_folder(data, folder, partial, before)
        shutil.copyfile(config, partial / CONFIG)
        (partial / CONFIG).chmod(durable.PRIVATE)
        durable.sync_file(partial / CONFIG)
        scratch = to / (name + SCRATCH)
        parts = _parts(partial)
        unpack(partial, parts, scratch, may_link=True)
        head = _proved(data, scratch)
        durable.remove_tree(scratch)
        manifest = Manifest(
            version=version,
            schema=SCHEMA_VERSION,
            box=head.box,
            epoch=head.epoch,
            seq=head.seq,
            head=head.head.hex(),
            made_us=now_us,
            parts=parts,
        )
        raw = msgspec.json.encode(manifest)
        sealed = Sealed(hashlib.sha256(raw).hexdigest(), msgspec.Raw(raw))
        durable.write_file(partial / MANIFEST, msgspec.json.encode(sealed))
        durable.sync_tree(partial)
        durable.move(partial, to / name)
        return Backup(to / name, manifest)


def prune(to: Path, prefix: str, keep: int) -> list[str]:
    """Remove the oldest backups of a prefix beyond `keep`; return their names."""
    with _only_one(to):
        names = sorted(each.name for each in to.glob(f"{prefix}-*") if _is_whole(each))
        gone = names[: max(0, len(names) - keep)]
        for name in gone:
            durable.move(to / name, to / (name + PRUNED))  # half removed it has no name any more
            durable.remove_tree(to / (name + PRUNED))
        return gone


def newest(to: Path) -> Path | None:
    """Return the newest backup in a folder."""
    found = [each for each in to.glob("*-*Z") if _is_whole(each)]
    return max(found, key=lambda each: each.name.rpartition("-")[2], default=None)


def read_manifest(path: Path) -> Manifest:
    """Return what a backup says of itself.

    Raises:
        BackupError: it is no backup, cut, changed, or of a newer Floorgate.
    """
    file = path / MANIFEST
    try:
        with file.open("rb") as opened:
            sealed = msgspec.json.decode(opened.read(MANIFEST_BYTES_MAX), type=Sealed)
        raw = bytes(sealed.manifest)
        if hashlib.sha256(raw).hexdigest() != sealed.sha256:
            raise BackupError(
                f"{file}: changed since it was written; take another backup",
                f"{file}：写成之后被改动过；请换一份备份",
            )
        manifest = msgspec.json.decode(raw, type=Manifest)
    except OSError as error:
        raise BackupError(
            f"{file}: {error.strerror}; give the folder of a backup",
            f"{file}：{cause_zh(error)}；请给出一份备份的目录",
        ) from error
    except BROKEN_BYTES as error:
        raise BackupError(
            f"{file}: {error}; take another backup", f"{file}：{cause_zh(error)}；请换一份备份"
        ) from error
    if (manifest.format, manifest.v) != (FORMAT, FORMAT_VERSION):
        raise BackupError(
            f"{path}: made by a newer Floorgate; install that one first",
            f"{path}：由更新的 Floorgate 做成；请先安装那个版本",
        )
    if manifest.schema > SCHEMA_VERSION:
        raise BackupError(
            f"{path}: its database has schema {manifest.schema}, this Floorgate knows "
            f"{SCHEMA_VERSION}; install Floorgate {manifest.version} first",
            f"{path}：其数据库的版本是 {manifest.schema}，这个 Floorgate 只认识到 "
            f"{SCHEMA_VERSION}；"
            f"请先安装 Floorgate {manifest.version}",
        )
    for needed in (PACKED, BOX_KEY):
        if needed not in manifest.parts:
            raise BackupError(
                f"{path}: holds no {needed}; take another backup",
                f"{path}：缺少 {needed}；请换一份备份",
            )
    return manifest


def unpack(backup: Path, parts: dict[str, Part], into: Path, *, may_link: bool) -> None:
    """Lay out a box's folder from a backup, checking every file on the way.

    With `may_link` (for a look only) files are linked where the file system allows it.

    Raises:
        BackupError: a file is missing, cut or changed.
    """
    durable.remove_tree(into)
    for name, part in parts.items():
        path = Path(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise BackupError(
                f"{backup}: names {name}, which lies outside it; take another backup",
                f"{backup}：写着 {name}，在备份之外；请换一份备份",
            )
        try:
            durable.make_folder((into / path).parent)
            found = _unpack_part(backup / path, into / path, may_link=may_link)
        except (OSError, ValueError, zstandard.ZstdError) as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise BackupError(
                f"{backup / name}: {cause(error)}; take another backup",
                f"{backup / name}：{cause_zh(error)}；请换一份备份",
            ) from error
        if found != (part.sha256, part.size):
            raise BackupError(
                f"{backup / path}: cut or changed; take another backup",
                f"{backup / path}：被截断或改动过；请换一份备份",
            )


def _unpack_part(source: Path, target: Path, *, may_link: bool) -> tuple[str, int]:
    """Lay out one file; return SHA-256 and size of it as it stands in the backup."""
    if source.name == PACKED:
        unpack_file(source, target.with_suffix(""))
        return _digest(source)
    if source.name == CONFIG or (may_link and _linked(source, target)):
        return _digest(source)
    return copy_file(source, target)


def prove(folder: Path) -> Report:
    """Check a box's folder as a whole: its chain, its signed heads, and replay.

    Raises:
        BackupError: it is not what a box would have written.
    """
    try:
        with closing(Journal(folder)) as journal:
            report = check_chain(journal, folder)
            if not report.entries:
                raise BackupError(
                    f"{folder}: the journal is empty; start the box once",
                    f"{folder}：账本是空的；请先启动一次边缘盒",
                )
            if not report.ok:
                raise BackupError(
                    f"the journal is broken: {report.findings[0].detail}",
                    f"账本有误：{finding_zh(report.findings[0])}",
                )
            replayed = check_replay(journal)
            if not replayed.ok:
                worst = replayed.differences[0]
                what = f"{worst.kind} {worst.id}"
                raise BackupError(
                    f"replay differs: {what} {worst.detail}",
                    f"重放结果不同：{what} {worst.detail_zh}",
                )
            return report
    except (NoJournalError, NewerSchemaError, sqlite3.DatabaseError) as error:
        raise BackupError(f"{folder}: {error}", f"{folder}：{cause_zh(error)}") from error


def _proved(data: Path, scratch: Path) -> Report:
    """Prove what was just copied from a box; where that fails it is the box that is ill."""
    try:
        return prove(scratch)
    except BackupError as error:
        raise BackupError(
            f"{data}: {error}; so there is no backup; see: {DOCTOR}",
            f"{data}：{cause_zh(error)}；所以没有备份；请看：{DOCTOR}",
        ) from error


# ---- files --------------------------------------------------------------------------------------


def _only_one(to: Path) -> TextIO:
    taken = BackupError(
        f"{to}: another backup is under way; wait for it", f"{to}：另一份备份正在进行；请等它完成"
    )
    return hold(to / ".lock", taken, wait_s=WAIT_S_MAX)


def _free(to: Path, name: str) -> str:
    """Return the name, of a later second where there is a backup of that one already."""
    while (to / name).exists():
        prefix, _, second = name.rpartition("-")
        later = datetime.strptime(second, STAMP).replace(tzinfo=UTC) + timedelta(seconds=1)
        name = f"{prefix}-{later.strftime(STAMP)}"
    return name


def _clean(to: Path) -> None:
    for each in to.iterdir():
        if each.name.endswith(WAYS):
            durable.remove_tree(each)


def _is_whole(path: Path) -> bool:
    return not path.name.endswith(WAYS) and (path / MANIFEST).is_file()


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that may be in use, as of one moment.

    Raises:
        BackupError: it is not there, or damaged.
    """
    if not source.is_file():
        raise BackupError(
            f"{source}: no such file; is `data` in the configuration right?",
            f"{source}：没有这个文件；配置里的 `data` 对吗？",
        )
    target.touch(durable.PRIVATE)
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as box,
            closing(sqlite3.connect(target)) as copy,
        ):
            box.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target.parent)) from error
        raise BackupError(
            f"{source}: {error}; see: {DOCTOR}",
            f"{source}：{cause_zh(error)}；请看：{DOCTOR}",
        ) from error
    durable.sync_file(target)


def _keep_database(source: Path, target: Path) -> None:
    """Copy and compress a database."""
    plain = target.with_suffix("")
    copy_database(source, plain)
    pack_file(plain, target)
    plain.unlink()


def pack_file(source: Path, target: Path) -> None:
    """Compress a file durably; damage to the result is noticed when it is unpacked."""
    target.touch(durable.PRIVATE)
    with source.open("rb") as file, target.open("wb") as packed:
        zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).copy_stream(file, packed)
    durable.sync_file(target)


def unpack_file(source: Path, target: Path) -> None:
    """Unpack a compressed database durably.

    Raises:
        BackupError: it unpacks to more than a database may be.
        OSError, zstandard.ZstdError: it cannot be read, or is damaged.
    """
    target.touch(durable.PRIVATE)
    written = 0
    with source.open("rb") as packed, target.open("wb") as file:
        for piece in zstandard.ZstdDecompressor().read_to_iter(packed):
            written += len(piece)
            if written > DATABASE_BYTES_MAX:
                raise BackupError(
                    f"{source}: unpacks to more than a database may be",
                    f"{source}：解开后超过数据库允许的大小",
                )
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _keep_folder(data: Path, folder: str, partial: Path, before: Path | None) -> None:
    """Copy a folder of the box; what the backup before has already is linked."""
    for source in sorted((data / folder).rglob("*")):
        path = source.relative_to(data)
        unfinished = source.suffix in (".new", ".partial") or UNFINISHED in path.parts
        if unfinished or not source.is_file():
            continue
        target = partial / path
        durable.make_folder(target.parent)
        if before and folder in UNCHANGING and _linked(before / path, target):
            continue
        with contextlib.suppress(FileNotFoundError):  # gone while we looked
            copy_file(source, target)


def _linked(source: Path, target: Path) -> bool:
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def copy_file(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file durably and return its SHA-256 and size."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file:
        target.touch(durable.PRIVATE)
        with target.open("wb") as copy:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
                size += copy.write(piece)
            copy.flush()
            os.fsync(copy.fileno())
    return digest.hexdigest(), size


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def _parts(partial: Path) -> dict[str, Part]:
    found = {}
    for file in sorted(partial.rglob("*")):
        if file.is_file():
            sha256, size = _digest(file)
            found[str(file.relative_to(partial))] = Part(size, sha256)
    return found
