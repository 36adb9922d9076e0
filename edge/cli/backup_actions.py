"""What `floorgate backup`, `restore` and `new-epoch` do; loaded when one of them runs."""

import argparse
import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge.app.ports import Head
from edge.cli.output import GOOD, WRONG_USAGE, fail, say, say_json
from edge.clock import SystemClock, SystemIds
from edge.config import Config, ConfigError, load_config
from edge.store import durable
from edge.store.backup import STAMP, BackupError, make_backup, prune, read_manifest
from edge.store.feed import FeedError
from edge.store.fence import read_fence
from edge.store.journal import DATABASE, Journal, NoJournalError
from edge.store.locks import LOCK, hold
from edge.store.restore import STAGE, begin_epoch, copy_to_stage, finish_switch, stage, switch
from edge.store.share import Share
from edge.store.sqlite import NewerSchemaError


def guarded(verb: Callable[[argparse.Namespace, Config], int], args: argparse.Namespace) -> int:
    """Run a verb; say in one line what went wrong."""
    try:
        return verb(args, load_config(args.config))
    except ConfigError as error:
        return fail(str(error), WRONG_USAGE)
    except (BackupError, FeedError, NewerSchemaError) as error:
        return fail(str(error))
    except OSError as error:
        where = error.filename or ""
        return fail(f"{where}: {error.strerror}; nothing was replaced; see: floorgate doctor disk")


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
    tell(args, facts, f"{made.path}: {made.manifest.seq:,} entries, {size:,} bytes, restored in "
                       f"scratch and checked; {len(gone)} old ones removed")  # fmt: skip
    return GOOD


def restore(args: argparse.Namespace, config: Config) -> int:
    """Make a backup the box."""
    data = Path(config.data)
    manifest = read_manifest(args.backup)
    if manifest.box != config.box.id:
        raise BackupError(
            f"{args.backup}: of box {manifest.box}, this is {config.box.id}; to take over its "
            f'identity set id = "{manifest.box}" in [box] of {args.config}'
        )
    with stopped(data):
        finish_switch(data)
        there = there_is(data, is_replaced=args.replace)
        if there and (there.epoch, there.seq) > (manifest.epoch, manifest.seq) and not args.replace:
            raise BackupError(
                f"{data}: stands at entry {there.seq:,} of epoch {there.epoch}, the backup at "
                f"{manifest.seq:,} of {manifest.epoch}; to go back all the same: --replace"
            )
        folder = stage(args.backup, manifest, data)
        epoch = 1 + max(manifest.epoch, there.epoch if there else 0, epoch_elsewhere(config))
        begin_epoch(folder, config.box.id, epoch, SystemClock(), SystemIds())
        before = switch(data, stamp())
    facts = {"ok": True, "box": config.box.id, "epoch": epoch, "before": str(before)}
    tell(args, facts, f"restored as of entry {manifest.seq:,}; epoch {epoch} begins; what was "
                       f"there is in {before}\nnext: systemctl start floorgate")  # fmt: skip
    return GOOD


def new_epoch(args: argparse.Namespace, config: Config) -> int:
    """Let the journal go on in a new epoch."""
    data = Path(config.data)
    with stopped(data):
        finish_switch(data)
        there = there_is(data, is_replaced=False)
        if there is None or not there.seq:
            raise BackupError(f"{data}: there is no journal yet; start the box once")
        folder = copy_to_stage(data, data)
        epoch = 1 + max(there.epoch, epoch_elsewhere(config))
        head = begin_epoch(folder, config.box.id, epoch, SystemClock(), SystemIds())
        before = switch(data, stamp())
    facts = {"ok": True, "box": config.box.id, "epoch": head.epoch, "before": str(before)}
    tell(args, facts, f"epoch {head.epoch} begins behind entry {there.seq:,} of {there.epoch}\n"
                       "next: systemctl start floorgate")  # fmt: skip
    return GOOD


def epoch_elsewhere(config: Config) -> int:
    """Return the latest epoch of this box that was seen elsewhere: the next one opens its fence."""
    fence = read_fence(Path(config.data))
    with contextlib.suppress(FeedError, OSError):
        share = Share(Path(config.spare.feeds)) if config.spare.feeds else None
        if share and (taken := share.taken()):
            return max(taken.epoch, fence.epoch if fence else 0)
    return fence.epoch if fence else 0


def tell(args: argparse.Namespace, facts: dict[str, Any], text: str) -> None:
    """Say what was done, as JSON or as text."""
    if args.json:
        say_json(facts)
    else:
        say(text)


def stamp() -> str:
    """Return this second, as it stands in names."""
    return datetime.fromtimestamp(SystemClock().now_us() / 1e6, UTC).strftime(STAMP)


@contextlib.contextmanager
def stopped(data: Path) -> Iterator[None]:
    """Hold the box's lock, so that none runs meanwhile."""
    durable.make_folder(data)
    with hold(data / LOCK, BackupError(f"{data}: the box runs; first: systemctl stop floorgate")):
        yield
        durable.remove_tree(data / STAGE)


def there_is(data: Path, *, is_replaced: bool) -> Head | None:
    """Return where the journal stands that is there; None where there is none to be read."""
    if not (data / DATABASE).exists():
        return None
    try:
        with contextlib.closing(Journal(data)) as journal:
            return journal.head()
    except (NoJournalError, NewerSchemaError, sqlite3.DatabaseError) as error:
        if is_replaced:
            return None
        raise BackupError(f"{error}; to replace it all the same: --replace") from error
