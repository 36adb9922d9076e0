"""What `floorgate rules` does; loaded when one of its verbs runs."""

import argparse
import asyncio
import base64
import contextlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.app.ports import Reader
from edge.app.rulekeeping import sign_ruleset
from edge.app.sandbox import GIVEN_PREFIX, Sandbox, SandboxReport
from edge.app.telling import cause_zh
from edge.cli.door import UsageError, ask, folder_of
from edge.cli.output import FOUND_WRONG, GOOD, WRONG_USAGE, aligned, fail, say, say_json
from edge.cli.words import language_of, page_text, refusal_lines, refused, worded
from edge.domain.model import Box, Name, RulesetHistory, RulesetRecord
from edge.domain.rules import DOCUMENT_BYTES_MAX, Problem, RulesetError, diff_documents, in_force
from edge.domain.trial import judge
from edge.store.journal import Journal, NoJournalError
from edge.store.reader import SqliteReader
from edge.store.sqlite import NewerSchemaError

SIGNATURE_BYTES: Final = 64
ORDERS_MAX: Final = 200
WORDS: Final = {
    "good": Name("{file}: {label} 没有问题", "{file}: {label} is good"),
    "faults": Name("{file}: {count} 个问题", "{file}: problems found: {count}"),
    "not_compared": Name(
        "无法比较：{said}；请先运行 floorgate rules check",
        "cannot compare: {said}; run: floorgate rules check",
    ),
    "changes": Name("{count} 处不同", "{count} changes"),
    "no_change": Name("没有不同", "no change"),
    "in_force": Name("现行规则集：{label}", "{label} is in force"),
    "back_to": Name("回退将恢复 {label}", "a roll-back leads to {label}"),
    "first_order": Name("{took} 秒后判定首单", "first order after {took} s"),
    "rolled_back": Name("回退人", "rolled back to by"),
    "signed": Name("签名", "signed by"),
    "order": Name("订单", "order"),
    "what": Name("变化项", "what"),
    "before": Name("现在", "before"),
    "after": Name("之后", "after"),
    "not_tried": Name("未试算：请先改正以上问题", "not tried: mend these first"),
    "tried": Name(
        "{rules} 对比 {against}：近期 {recent} 单与自拟 {given} 单中，{changed} 单会改变",
        "{rules} against {against}: {changed} of {recent} recent and {given} made orders change",
    ),
    "signature": Name("签名已写入 {signature}", "the signature is in {signature}"),
    "decides": Name(
        "{rules} 从下一个动作起生效；之前是 {before}",
        "{rules} decides from the next command on; before it, {before} did",
    ),
    "unknown_skus": Name("商品目录里没有：{skus}", "not in the catalogue: {skus}"),
}


def check(args: argparse.Namespace) -> int:
    """Check a ruleset."""
    return _guarded(args, lambda: _check(args))


def diff(args: argparse.Namespace) -> int:
    """Compare two rulesets."""
    return _guarded(args, lambda: _diff(args))


def sandbox(args: argparse.Namespace) -> int:
    """Show what a ruleset would change."""
    return _guarded(args, lambda: _sandbox(args))


def publish(args: argparse.Namespace) -> int:
    """Sign a ruleset and let it decide."""
    return _guarded(args, lambda: _publish(args))


def rollback(args: argparse.Namespace) -> int:
    """Bring back the ruleset before."""
    return _guarded(
        args,
        lambda: _told(args, ask(folder_of(args), "/rulesets/rollback", {"reason": args.reason})),
    )


def show(args: argparse.Namespace) -> int:
    """Print what is in force."""
    return _guarded(args, lambda: _show(args))


def _guarded(args: argparse.Namespace, verb: Callable[[], int]) -> int:
    try:
        return verb()
    except UsageError as error:
        return refused(args, error, WRONG_USAGE)


def _words(args: argparse.Namespace, key: str, **facts: Any) -> str:  # noqa: ANN401
    text = WORDS[key]
    return worded(args, text.en.format(**facts), text.zh.format(**facts))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(DOCUMENT_BYTES_MAX + 1)  # one byte more is enough to refuse it
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: {error.strerror}", f"读不了 {path}：{cause_zh(error)}")


# ---- check, diff ------------------------------------------------------------------------------


def _check(args: argparse.Namespace) -> int:
    raw = _read(args.file)
    problems = []
    label = ""
    try:
        judge(raw)
        label = in_force(raw).label
    except RulesetError as error:
        problems = error.problems
    if args.json:
        found = msgspec.to_builtins(problems)
        say_json({"ok": not problems, "rules": label, "problems": found})
    else:
        for problem in problems:
            say(f"{args.file}: {problem.told(language_of(args))}")
        key = "faults" if problems else "good"
        say(_words(args, key, file=args.file, count=len(problems), label=label))
    return FOUND_WRONG if problems else GOOD


def _diff(args: argparse.Namespace) -> int:
    new = _read(args.file)
    old = _read(args.other) if args.other else _in_force(folder_of(args))[1].document
    try:
        changes = diff_documents(old, new)
    except RulesetError as error:
        said = error.problems[0].told(language_of(args))
        return fail(_words(args, "not_compared", said=said))
    if args.json:
        say_json({"ok": True, "changes": msgspec.to_builtins(changes)})
        return GOOD
    for change in changes:
        say(str(change))
    say(_words(args, "changes" if changes else "no_change", count=len(changes)))
    return GOOD


# ---- what the box has -------------------------------------------------------------------------


async def _with_reader(folder: Path, ask: Callable[[Reader], Any]) -> Any:  # noqa: ANN401
    reader = await SqliteReader.open(folder / "floor.db")
    try:
        return await ask(reader)
    finally:
        await reader.close()


def _in_force(folder: Path) -> tuple[Box, RulesetRecord, RulesetHistory]:
    async def ask(reader: Reader) -> tuple[Box, RulesetRecord, RulesetHistory]:
        box = await reader.doc(Box, "box")
        if not isinstance(box, Box):
            raise UsageError(
                f"{folder} holds no box yet; start it once", f"{folder} 还没有边缘盒；请先启动一次"
            )
        record = await reader.doc(RulesetRecord, box.rules)
        history = await reader.doc(RulesetHistory, "box")
        assert isinstance(record, RulesetRecord)
        return (
            box,
            record,
            history if isinstance(history, RulesetHistory) else RulesetHistory(id="box"),
        )

    _head(folder)
    found: tuple[Box, RulesetRecord, RulesetHistory] = asyncio.run(_with_reader(folder, ask))
    return found


def _head(folder: Path) -> int:
    """Return the newest entry's number; refuse a folder without a journal."""
    try:
        with contextlib.closing(Journal(folder)) as journal:
            return journal.last_seq()
    except (NoJournalError, NewerSchemaError) as error:
        raise UsageError(str(error), error.told("zh")) from error


def _show(args: argparse.Namespace) -> int:
    box, record, history = _in_force(folder_of(args))
    if args.document:
        sys.stdout.buffer.write(record.document)  # to the byte: a signature covers it
        sys.stdout.flush()
        return GOOD
    if args.json:
        say_json({"ok": True, "rules": box.rules, "history": msgspec.to_builtins(history)})
        return GOOD
    say(_words(args, "in_force", label=box.rules))
    if history.before:
        say(_words(args, "back_to", label=history.before[-1]))
    for push in reversed(history.pushes):
        since = push.issued_us or push.received_us
        took_s = (push.first_us - since) / 1e6
        took = _words(args, "first_order", took=f"{took_s:.2f}") if push.first_us else ""
        by = _words(args, "rolled_back" if push.back else "signed")
        when = datetime.fromtimestamp(push.received_us / 1e6, UTC).isoformat(" ", "seconds")
        say(f"  {when}  {push.label:<20} {by} {push.signed_by:<22} {took}".rstrip())
    return GOOD


# ---- sandbox ----------------------------------------------------------------------------------


def _sandbox(args: argparse.Namespace) -> int:
    raw = _read(args.file)
    given = _orders(args.orders) if args.orders else []
    folder = folder_of(args)
    head = _head(folder)
    recent = max(0, args.recent)

    async def ask(reader: Reader) -> SandboxReport:
        return await Sandbox(reader, lambda: head).run(raw, given, recent)

    report: SandboxReport = asyncio.run(_with_reader(folder, ask))
    if args.json:
        say_json({"ok": not report.problems, **msgspec.to_builtins(report)})
        return FOUND_WRONG if report.problems else GOOD
    for problem in report.problems:
        say(f"{args.file}: {problem.told(language_of(args))}")
    if report.problems:
        say(_words(args, "not_tried"))
        return FOUND_WRONG
    language = language_of(args)
    rows = [tuple(_words(args, key) for key in ("order", "what", "before", "after"))]
    for each in report.differences:
        what = page_text(f"what.{each.what}", language)
        rows.append((_named(each.order, language), what, each.before, each.after))
    for line in aligned(rows) if report.differences else ():
        say(line)
    changed = len({each.order for each in report.differences})
    facts = {name: getattr(report, name) for name in ("rules", "against", "recent", "given")}
    say(_words(args, "tried", changed=changed, **facts))
    return GOOD


def _named(order: str, language: str) -> str:
    """Return the order's id, or what a made order tries, in words."""
    _, made, sample = order.partition(GIVEN_PREFIX)
    return page_text(f"sample.{sample}", language) if made else order


def _orders(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text("utf-8").splitlines()
        return [msgspec.json.decode(line, type=dict[str, Any]) for line in lines if line.strip()]
    except OSError as error:
        raise _unreadable(path, error) from error
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{path}: a JSON object on each line is needed: {error}",
            f"{path}：每行应为一个 JSON 对象：{error}",
        ) from error


# ---- publish, rollback ------------------------------------------------------------------------


def _publish(args: argparse.Namespace) -> int:
    raw = _read(args.file)
    folder = folder_of(args)
    signature = _signature(args.signature) if args.signature else sign_ruleset(_key(folder), raw)
    if args.sign_only:
        path = args.file.with_name(f"{args.file.name}.sig")
        path.write_bytes(signature)
        return _told(args, {"ok": True, "facts": {"signature": str(path)}})
    return _told(
        args, ask(folder, "/rulesets", {"document": _text(raw), "signature": _text(signature)})
    )


def _told(args: argparse.Namespace, answer: dict[str, Any]) -> int:
    """Print what the box answered, and return the exit code for it."""
    facts = answer.get("facts", {})
    if args.json:
        say_json(answer)
        return GOOD if answer["ok"] else FOUND_WRONG
    if answer["ok"]:
        say(_words(args, "signature" if "signature" in facts else "decides", **facts))
        if skus := facts.get("unknown_skus"):
            say(_words(args, "unknown_skus", skus=", ".join(skus)))
        return GOOD
    language = language_of(args)
    for each in msgspec.convert(facts.get("problems", []), list[Problem]):
        say(f"{args.file}: {each.told(language)}")
    rest = {name: fact for name, fact in facts.items() if name not in ("problems", "count")}
    said, *more = refusal_lines(answer["code"], rest, language)
    return fail("\n  ".join([f"{said} ({answer['code']})", *more]))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _key(folder: Path) -> bytes:
    path = folder / "keys" / "rules.key"
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} is not there; the box makes it when it first starts",
            f"没有 {path}；边缘盒第一次启动时会生成它",
        ) from error
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}; run this as the user of the service (sudo -u floorgate)",
            f"{path}：{cause_zh(error)}；请用服务的用户运行（sudo -u floorgate）",
        ) from error


def _signature(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(raw) == SIGNATURE_BYTES:
        return raw
    try:
        return bytes.fromhex(raw.decode().strip())
    except ValueError as error:
        raise UsageError(
            f"{path}: 64 bytes or 128 hex digits are needed",
            f"{path}：应为 64 字节或 128 位十六进制数字",
        ) from error
