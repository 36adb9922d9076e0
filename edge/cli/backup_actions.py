"""What `floorgate backup`, `restore` and `new-epoch` do; loaded when one of them runs."""

import argparse
import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from edge.app.ports import Head
from edge.app.telling import ToldError, cause_zh
from edge.cli.output import GOOD, WRONG_USAGE, say, say_json
from edge.cli.words import refused, worded
from edge.clock import SystemClock, SystemIds
from edge.config import Config, ConfigError, load_config
from edge.store import durable
from edge.store.backup import STAMP, BackupError, make_backup, prune, read_manifest
from edge.store.boxkey import box_key, renew_key
from edge.store.feed import FeedError
from edge.store.fence import RoleError, lift_fence, read_fence
from edge.store.journal import DATABASE, Journal
from edge.store.locks import LOCK, hold
from edge.store.restore import STAGE, begin_epoch, copy_to_stage, finish_switch, stage, switch
from edge.store.share import Share

_DISK: Final = "sudo -u floorgate floorgate doctor disk"
_TOKEN: Final = (
    "\nfirst: make a new token at the hub; write it to /etc/floorgate/credentials/hub-token",
    "\n先在中枢给这个盒子发一个新的令牌，写进 /etc/floorgate/credentials/hub-token",
)
"""What a new key needs at the hub."""


def guarded(verb: Callable[[argparse.Namespace, Config], int], args: argparse.Namespace) -> int:
    """Run a verb; say in one line what went wrong."""
    try:
        return verb(args, load_config(args.config))
    except ConfigError as error:
        return refused(args, error, WRONG_USAGE)
    except ToldError as error:
        return refused(args, error)
    except PermissionError:
        raise  # which is said alike of all verbs
    except OSError as error:
        where = error.filename or args.config
        disk = ToldError(
            f"{where}: {error.strerror}; nothing was replaced; see: {_DISK}",
            f"{where}：{cause_zh(error)}；什么都没有被替换；请看：{_DISK}",
        )
        return refused(args, disk)


def back_up(args: argparse.Namespace, config: Config) -> int:
    """Make a backup, prove it, then remove old ones."""
    began_s = time.monotonic()
    made = make_backup(
        Path(config.data),
        args.config,
        args.to,
        name=f"{args.name}-{stamp()}",
        now_us=SystemClock().now_us(),
        version=version("floorgate"),
    )
    gone = prune(args.to, args.name, args.keep) if args.keep else []
    size = sum(part.size for part in made.manifest.parts.values())
    facts = {
        "ok": True,
        "backup": str(made.path),
        "box": made.manifest.box,
        "epoch": made.manifest.epoch,
        "seq": made.manifest.seq,
        "bytes": size,
        "seconds": round(time.monotonic() - began_s, 3),
        "removed": gone,
    }
    tell(
        args,
        facts,
        f"{made.path}: {made.manifest.seq:,} entries, {size:,} bytes, restored in scratch and "
        f"checked; {len(gone)} old ones removed",
        f"{made.path}：{made.manifest.seq:,} 条，{size:,} 字节，已试恢复并核对；删除旧备份 "
        f"{len(gone)} 份",
    )
    return GOOD


def restore(args: argparse.Namespace, config: Config) -> int:
    """Make a backup the box."""
    data = Path(config.data)
    manifest = read_manifest(args.backup)
    if manifest.box != config.box.id:
        raise BackupError(
            f"{args.backup}: of box {manifest.box}, this is {config.box.id}; to take over its "
            f'identity set id = "{manifest.box}" in [box] of {args.config}',
            f"{args.backup}：是盒子 {manifest.box} 的备份，本机是 {config.box.id}；要接替它，"
            f'请在 {args.config} 的 [box] 里写 id = "{manifest.box}"',
        )
    with stopped(data):
        finish_switch(data)
        there = there_is(data, is_replaced=args.replace)
        if there and (there.epoch, there.seq) > (manifest.epoch, manifest.seq) and not args.replace:
            raise BackupError(
                f"{data}: stands at entry {there.seq:,} of epoch {there.epoch}, the backup at "
                f"{manifest.seq:,} of {manifest.epoch}; to go back all the same: --replace",
                f"{data}：在纪元 {there.epoch} 的第 {there.seq:,} 条，备份在纪元 "
                f"{manifest.epoch} 的第 "
                f"{manifest.seq:,} 条；仍要退回去：--replace",
            )
        folder = stage(args.backup, manifest, data)
        epoch = 1 + max(manifest.epoch, there.epoch if there else 0, epoch_elsewhere(config))
        begin_epoch(folder, config.box.id, epoch, SystemClock(), SystemIds())
        before = switch(data, stamp())
        lift_fence(data)
    facts = {
        "ok": True,
        "box": config.box.id,
        "epoch": epoch,
        "before": str(before) if before else None,
    }
    kept, kept_zh = replaced(before)
    tell(
        args,
        facts,
        f"restored as of entry {manifest.seq:,}; epoch {epoch} begins{kept}"
        "\nnext: sudo systemctl start floorgate",
        f"已恢复到第 {manifest.seq:,} 条；纪元 {epoch} 开始{kept_zh}"
        "\n下一步：sudo systemctl start floorgate",
    )
    return GOOD


def new_epoch(args: argparse.Namespace, config: Config) -> int:
    """Let the journal go on in a new epoch, with a new key of the box where one is asked for."""
    data = Path(config.data)
    with stopped(data):
        finish_switch(data)
        there = _head(data) if (data / DATABASE).exists() else None
        if there is None or not there.seq:
            raise BackupError(
                f"{data}: there is no journal yet; start the box once",
                f"{data}：还没有账本；请先启动一次边缘盒",
            )
        if not args.new_key:
            with contextlib.closing(Journal(data)) as journal:
                box_key(data, journal.db)
        folder = copy_to_stage(data, data)
        if args.new_key:
            renew_key(folder)
        epoch = 1 + max(there.epoch, epoch_elsewhere(config))
        head = begin_epoch(folder, config.box.id, epoch, SystemClock(), SystemIds())
        before = switch(data, stamp())
        lift_fence(data)
    facts = {
        "ok": True,
        "box": config.box.id,
        "epoch": head.epoch,
        "before": str(before) if before else None,
    }
    token, token_zh = _TOKEN if args.new_key and config.hub.url else ("", "")
    tell(
        args,
        facts,
        f"epoch {head.epoch} begins behind entry {there.seq:,} of {there.epoch}{token}"
        "\nnext: sudo systemctl start floorgate",
        f"纪元 {head.epoch} 从纪元 {there.epoch} 的第 {there.seq:,} 条之后开始{token_zh}"
        "\n下一步：sudo systemctl start floorgate",
    )
    return GOOD


def epoch_elsewhere(config: Config) -> int:
    """Return the latest epoch of this box that is known to run elsewhere, 0 where none is."""
    epochs = [0]
    with contextlib.suppress(RoleError):  # the next epoch lifts what cannot be read, too
        if fence := read_fence(Path(config.data)):
            epochs.append(fence.epoch)
    with contextlib.suppress(FeedError, OSError):
        share = Share(Path(config.spare.feeds)) if config.spare.feeds else None
        if share and (taken := share.taken()):
            epochs.append(taken.epoch)
    return max(epochs)


def replaced(before: Path | None) -> tuple[str, str]:
    """Return in both languages where the data of before went; nothing where there were none."""
    if not before or not (before / DATABASE).exists():
        return "", ""
    return f"; what was there is in {before}", f"；原来的数据在 {before}"


def tell(args: argparse.Namespace, facts: dict[str, Any], en: str, zh: str) -> None:
    """Say what was done, as JSON or as text."""
    if args.json:
        say_json(facts)
    else:
        say(worded(args, en, zh))


def stamp() -> str:
    """Return this second, as it stands in names."""
    return datetime.fromtimestamp(SystemClock().now_us() / 1e6, UTC).strftime(STAMP)


@contextlib.contextmanager
def stopped(data: Path) -> Iterator[None]:
    """Hold the box's lock, so that none runs meanwhile."""
    durable.make_folder(data)
    runs = BackupError(
        f"{data}: the box runs; first: sudo systemctl stop floorgate",
        f"{data}：边缘盒在运行；请先：sudo systemctl stop floorgate",
    )
    with hold(data / LOCK, runs):
        yield
        durable.remove_tree(data / STAGE)


def there_is(data: Path, *, is_replaced: bool) -> Head | None:
    """Return where the journal stands that is there; None where there is none to be read."""
    if not (data / DATABASE).exists():
        return None
    try:
        return _head(data)
    except ToldError as error:
        if is_replaced:
            return None
        raise BackupError(
            f"{error}; to replace it all the same: --replace",
            f"{cause_zh(error)}；仍要替换它：--replace",
        ) from error


def _head(data: Path) -> Head:
    """Return where a journal stands; raises `ToldError` where it cannot be read."""
    try:
        with contextlib.closing(Journal(data)) as journal:
            return journal.head()
    except sqlite3.DatabaseError as error:
        path = data / DATABASE
        raise BackupError(f"{path}: {error}", f"{path}：{cause_zh(error)}") from error
