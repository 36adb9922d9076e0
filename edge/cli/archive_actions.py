"""What `floorgate archive` does; loaded when it runs."""

import argparse
import contextlib
from pathlib import Path
from typing import Final

import msgspec

from edge.cli.backup_actions import stopped, tell
from edge.cli.door import UsageError, ask
from edge.cli.output import FOUND_WRONG, GOOD, say
from edge.cli.words import refused, worded
from edge.clock import SystemClock, SystemIds
from edge.config import Config
from edge.domain.commands import SnapshotKeep
from edge.store.archive import ARCHIVE, Archive, ArchiveError
from edge.store.backup import BackupError
from edge.store.cutting import Cut, CutError, check_archive, prepare_cut
from edge.store.journal import DATABASE, NoJournalError
from edge.store.locks import hold
from edge.store.restore import name_snapshot
from edge.store.sqlite import SqliteStore

DAY_US: Final = 86_400_000_000
MB: Final = 1024**2


def archive(args: argparse.Namespace, config: Config) -> int:
    """Move old entries to the archive."""
    data = Path(config.data)
    taken = BackupError(
        f"{data}: the archive is being written; wait for it", f"{data}：正在归档；请等它完成"
    )
    until_us = SystemClock().now_us() - config.archive.keep_days * DAY_US
    try:
        with hold(data / ".archive-lock", taken):
            cut = prepare_cut(data, until_us, needs_hub=bool(config.hub.url))
            if cut is None:
                return _nothing(args, config)
            _let_go(data, config, cut)
            bound = config.archive.max_mb * MB if config.hub.url else None
            gone = Archive(data / ARCHIVE).prune(cut.epoch, cut.seq, bound)
    except (ArchiveError, CutError, NoJournalError, UsageError) as error:
        return refused(args, error)
    facts = {
        "ok": True,
        "epoch": cut.epoch,
        "seq": cut.seq,
        "entries": cut.entries,
        "removed": [each.name for each in gone],
    }
    tell(args, facts, f"{cut.entries:,} entries up to {cut.seq:,} went to the archive, checked; "
                      f"{len(gone)} old files removed",
                      f"已归档并核对 {cut.entries:,} 条，到第 {cut.seq:,} 条；"
                      f"删除旧文件 {len(gone)} 个")  # fmt: skip
    return GOOD


def _nothing(args: argparse.Namespace, config: Config) -> int:
    days = config.archive.keep_days
    by_hub, by_hub_zh = (
        (" and is countersigned by the hub", "且中枢已会签") if config.hub.url else ("", "")
    )
    tell(
        args,
        {"ok": True, "entries": 0},
        f"nothing is older than {days} days{by_hub}",
        f"没有早于 {days} 天{by_hub_zh}的条目",
    )
    return GOOD


def _let_go(data: Path, config: Config, cut: Cut) -> None:
    """Let the box name the snapshot and remove the entries; where none runs, do it here."""
    snapshot = SnapshotKeep(cut.epoch, cut.seq, cut.head, cut.docs, cut.sha256)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(stopped(data))
        except BackupError:
            answer = ask(data, "/journal/cut", msgspec.to_builtins(snapshot))
            if not answer["ok"]:
                raise CutError(
                    f"the box refused: {answer['code']}; repeat later",
                    f"边缘盒拒绝了：{answer['code']}；请稍后再试",
                ) from None
            return
        store = stack.enter_context(contextlib.closing(SqliteStore(data / DATABASE)))
        name_snapshot(data, store, config.box.id, snapshot, SystemClock(), SystemIds())
        store.cut_to = cut.seq
        while store.cut_some():
            store.checkpoint_if_due()


def check(args: argparse.Namespace, config: Config) -> int:
    """Look the archive over."""
    problems, files = {}, 0
    for path, problem in check_archive(Path(config.data)):
        files += 1
        if problem:
            problems[path.name] = str(problem)
            if not args.json:
                say(worded(args, f"{path.name}: {problem}", f"{path.name}：{problem.told('zh')}"))
    facts = {"ok": not problems, "files": files, "problems": problems}
    tell(args, facts, f"{'NOT GOOD' if problems else 'good'}: {files} files",
         f"{'有问题' if problems else '完好'}：{files} 个文件")  # fmt: skip
    return FOUND_WRONG if problems else GOOD
