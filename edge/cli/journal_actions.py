"""What `floorgate journal` and `floorgate replay` do; loaded when one of them runs."""

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.app.telling import ToldError, cause_zh
from edge.cli.interceptions import tell_interceptions
from edge.cli.output import FOUND_WRONG, GOOD, WRONG_USAGE, fail, say, say_json
from edge.cli.words import refused, worded
from edge.config import ConfigError, load_config
from edge.store.journal import Item, Journal, NoJournalError, box_of, check_chain, finding_zh
from edge.store.replay import check_replay
from edge.store.sqlite import NewerSchemaError
from sync.api import (
    GENESIS,
    Entry,
    ExportedEntry,
    Header,
    MalformedError,
    Report,
    decode_entry,
    public_key,
    verify_export,
    write_export,
)

PROGRESS_ENTRIES: Final = 20_000
DATA_CHARS_MAX: Final = 120


def verify(args: argparse.Namespace) -> int:
    """Check a journal."""
    if args.file and args.data:
        return fail(
            worded(args, "give a file or --data, not both", "文件和 --data 只能给一个"), WRONG_USAGE
        )
    if args.file:
        return _verify_file(args)
    return _on_journal(args, lambda journal, data: _verify_folder(args, journal, data))


def show_entries(args: argparse.Namespace) -> int:
    """Print entries."""
    return _on_journal(args, lambda journal, _: _show(args, journal))


def interceptions(args: argparse.Namespace) -> int:
    """Report on the interceptions of a day (FRZ-6)."""
    return _on_journal(args, lambda journal, _: tell_interceptions(args, journal))


def export_journal(args: argparse.Namespace) -> int:
    """Export a journal."""
    return _on_journal(args, lambda journal, data: _export(args, journal, data))


def replay(args: argparse.Namespace) -> int:
    """Check the documents by replay."""
    return _on_journal(args, lambda journal, _: _replay(args, journal))


def _on_journal(args: argparse.Namespace, verb: Callable[[Journal, Path], int]) -> int:
    """Run a verb on the journal that the arguments name."""
    try:
        data = args.data or Path(load_config(args.config).data)
    except ConfigError as error:
        folder = ToldError(
            f"{error}; or name the box's folder with --data DIR",
            f"{error.told('zh')}；也可以用 --data 目录 指定边缘盒的数据目录",
        )
        return refused(args, folder, WRONG_USAGE)
    try:
        with contextlib.closing(Journal(data)) as journal:
            return verb(journal, data)
    except (NoJournalError, NewerSchemaError) as error:
        return refused(args, error, WRONG_USAGE)


# ---- verify -----------------------------------------------------------------------------------


def _verify_file(args: argparse.Namespace) -> int:
    try:
        report = verify_export(args.file)
    except MalformedError as error:
        if args.json:
            say_json({"ok": False, "problem": str(error), "hint": error.hint})
            return FOUND_WRONG
        return fail(
            worded(
                args,
                f"{args.file}: {error}; {error.hint}",
                f"{args.file}：不是完整的导出文件（{error.cause}）；请重新导出账本",
            )
        )
    except OSError as error:
        return fail(_unusable(args, args.file, error), WRONG_USAGE)
    return _tell(args, report)


def _verify_folder(args: argparse.Namespace, journal: Journal, data: Path) -> int:
    last = journal.last_seq()
    report = check_chain(journal, data, lambda count: _progress_at(count, last))
    _progress(last, last)
    return _tell(args, report)


def _tell(args: argparse.Namespace, report: Report) -> int:
    code = GOOD if report.ok else FOUND_WRONG
    if args.json:
        say_json({"ok": report.ok, **msgspec.to_builtins(report), "head": report.head.hex()})
        return code
    for finding in report.findings:
        detail = worded(args, finding.detail, finding_zh(finding))
        say(f"{finding.kind:>20}  {detail}")
    if dropped := report.findings_dropped:
        say(worded(args, f"{dropped:>20}  findings more", f"{dropped:>20}  处没有列出"))
    head = report.head.hex()[:16]
    say(
        worded(
            args,
            f"{'good' if report.ok else 'NOT GOOD'}: box {report.box or '?'}, "
            f"epoch {report.epoch}, "
            f"{report.entries:,} entries up to {report.seq:,}, "
            f"{report.checkpoints:,} signed heads, head {head}",
            f"{'完好' if report.ok else '有问题'}：盒子 {report.box or '?'}，纪元 {report.epoch}，"
            f"{report.entries:,} 条，到第 {report.seq:,} 条，"
            f"签名的账本头 {report.checkpoints:,} 个，账本头 {head}",
        )
    )
    return code


# ---- show, export, replay ---------------------------------------------------------------------


def _show(args: argparse.Namespace, journal: Journal) -> int:
    if args.order:
        ref = f"order:{args.order}"
        raws = journal.archive.timeline(ref, args.limit) if args.after is None else []
        raws += journal.timeline(ref, args.after or 0, args.limit - len(raws))
        raws = list(dict.fromkeys(raws))  # where the journal was cut one may stand in both
        if not raws and not args.after:
            return fail(
                worded(
                    args, f"no order {args.order} in this journal", f"账本里没有订单 {args.order}"
                )
            )
    else:
        after = journal.last_seq() - args.limit if args.after is None else args.after
        raws = _first(journal.raw(max(0, after)), args.limit)
    for raw in raws:
        entry = decode_entry(raw)
        say(msgspec.json.encode(msgspec.structs.asdict(entry)).decode() if args.json
            else _line(entry))  # fmt: skip
    return GOOD


def _unusable(args: argparse.Namespace, path: Path, error: OSError) -> str:
    return worded(args, f"{path}: {error.strerror}", f"{path}：{cause_zh(error)}")


def _first(chunks: Iterable[list[tuple[int, bytes]]], limit: int) -> list[bytes]:
    raws: list[bytes] = []
    for chunk in chunks:
        raws += [raw for _, raw in chunk[: limit - len(raws)]]
        if len(raws) == limit:
            break
    return raws


def _line(entry: Entry) -> str:
    at = datetime.fromtimestamp(entry.at_us / 1_000_000, UTC).astimezone()
    data = " ".join(f"{name}={_short(value)}" for name, value in entry.data.items())
    if len(data) > DATA_CHARS_MAX:
        data = data[: DATA_CHARS_MAX - 1] + "…"
    who = f"{entry.actor}@{entry.device}" if entry.device != entry.actor else entry.actor
    when = at.isoformat(" ", "milliseconds")
    return f"{entry.seq:>8}  {when}  {entry.kind:<22} {entry.subject}  {who}  {data}".rstrip()


def _short(value: Any) -> str:  # noqa: ANN401 - whatever an entry holds
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _export(args: argparse.Namespace, journal: Journal, data: Path) -> int:
    key = data / "keys" / "box.key"
    if not key.is_file():
        text = worded(
            args,
            f"{key}: no such file; the export names the box by its key",
            f"{key}：没有这个文件；导出要用盒子的密钥来署名",
        )
        return fail(text, WRONG_USAGE)
    items = journal.items()
    first = next(items, None)
    if not isinstance(first, ExportedEntry):
        return fail(worded(args, f"{data}: the journal is empty", f"{data}：账本是空的"))
    after = journal.after() or (0, 0, GENESIS)
    header = Header(box_of(first.raw), public_key(key.read_bytes()), after)
    try:
        with args.output.open("wb") as file:
            rest = _with_progress(items, journal.last_seq())
            entries = write_export(file, header, chain([first], rest))
    except OSError as error:
        return fail(_unusable(args, args.output, error))
    say(
        worded(
            args,
            f"{entries:,} entries of box {header.box} in {args.output}",
            f"盒子 {header.box} 的 {entries:,} 条已写入 {args.output}",
        )
    )
    return GOOD


def _replay(args: argparse.Namespace, journal: Journal) -> int:
    last = journal.last_seq()
    report = check_replay(journal, lambda seq: _progress(seq, last))
    _progress(last, last)
    code = GOOD if report.ok else FOUND_WRONG
    if args.json:
        say_json({"ok": report.ok, **msgspec.to_builtins(report)})
        return code
    for difference in report.differences:
        detail = worded(args, difference.detail, difference.detail_zh)
        say(f"{difference.kind} {difference.id}: {detail}")
    if report.differences_dropped:
        more = report.differences_dropped
        say(worded(args, f"and {more:,} more", f"另有 {more:,} 处"))
    say(
        worded(
            args,
            f"{'equal' if report.ok else 'NOT EQUAL'}: {report.entries:,} entries give "
            f"{report.docs:,} documents",
            f"{'一致' if report.ok else '不一致'}：{report.entries:,} 条重放得 "
            f"{report.docs:,} 份文档",
        )
    )
    return code


# ---- progress ---------------------------------------------------------------------------------


def _with_progress(items: Iterator[Item], last: int) -> Iterator[Item]:
    for count, item in enumerate(items, 1):
        yield item
        _progress_at(count, last)
    _progress(last, last)


def _progress_at(count: int, last: int) -> None:
    if count % PROGRESS_ENTRIES == 0:
        _progress(count, last)


def _progress(done: int, last: int) -> None:
    """Say on a terminal how far a long walk is; the last word wipes the line."""
    if sys.stderr.isatty():
        text = f"\r{done:,} of {last:,} entries" if done < last else "\r\033[K"
        print(text, end="", file=sys.stderr, flush=True)
