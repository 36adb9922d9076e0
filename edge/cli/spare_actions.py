"""What `floorgate spare` does; loaded when it runs."""

import argparse
import asyncio
import contextlib
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

import structlog

from edge.app.ports import Head
from edge.cli.backup_actions import stamp, stopped, tell
from edge.cli.output import FOUND_WRONG, GOOD, fail, run_service
from edge.cli.words import worded
from edge.clock import SystemClock, SystemIds
from edge.config import Config
from edge.doctor.patient import ask
from edge.store import durable
from edge.store.backup import BackupError
from edge.store.feed import FeedError
from edge.store.fence import FENCE, lift_fence
from edge.store.following import SPARE, Followed, Follower, read_note
from edge.store.journal import DATABASE, Journal, NoJournalError
from edge.store.locks import hold
from edge.store.restore import begin_epoch, copy_to_stage, finish_switch, switch
from edge.store.share import Share, ShareState, Taken

TAKEN_OVER: Final = ".spare-taken-over"
FOLLOW_S: Final = 1.0
AGAIN_S: Final = 10.0
ALIVE_S: Final = 20
"""A box that fed its share so lately is taken for alive."""
GAP_S_MAX: Final = 60
US_PER_S: Final = 1_000_000

log = structlog.get_logger()


def prepare(args: argparse.Namespace, config: Config) -> int:
    """Make a folder the share of this box."""
    Share(args.share).prepare(config.box.id, version("floorgate"))
    feeds = f'feeds = "{args.share.resolve()}"'
    facts = {"ok": True, "share": str(args.share), "box": config.box.id}
    tell(args, facts, f"{args.share} is the share of box {config.box.id}\n"
                      f"next: write {feeds} under [spare] of {args.config}, then restart the box",
                      f"{args.share} 现在是盒子 {config.box.id} 的共享\n"
                      f"下一步：在 {args.config} 的 [spare] 里写 {feeds}，然后重启盒子"
        )  # fmt: skip
    return GOOD


def status(args: argparse.Namespace, config: Config) -> int:
    """Say how far the spare is."""
    if (Path(config.data) / SPARE).exists():
        return _spare_status(args, config)
    if not config.spare.feeds:
        return fail(
            worded(
                args,
                f"{args.config}: names no share; floorgate spare prepare DIR makes one",
                f"{args.config}：没有写共享；请先：floorgate spare prepare 目录",
            )
        )
    health, _ = ask(config)
    if health is None or not health.get("spare"):
        return fail(
            worded(
                args,
                "the box does not answer; see: systemctl status floorgate",
                "边缘盒没有应答；请看：systemctl status floorgate",
            )
        )
    spare = health["spare"]
    en, zh = _gap(spare["gap_entries"], spare["gap_s"])
    if spare["problem"]:
        en, zh = f"{en}; {spare['problem']}", f"{zh}；{spare['problem_zh']}"
    tell(args, spare, f"{spare['share']}: {en}", f"{spare['share']}：{zh}")
    return GOOD if spare["ok"] else FOUND_WRONG


def _spare_status(args: argparse.Namespace, config: Config) -> int:
    folder = Path(config.data) / SPARE
    note = read_note(folder)
    if note is None:
        return fail(
            worded(
                args,
                f"{folder}: has followed no share yet; see: systemctl status floorgate-spare",
                f"{folder}：还没有跟随过共享；请看：systemctl status floorgate-spare",
            )
        )
    facts = _standing(folder, note, SystemClock().now_us())
    en, zh = _gap(facts["gap_entries"], facts["heard_s"])
    box, epoch, seq = facts["box"], facts["epoch"], facts["seq"]
    tell(
        args,
        facts,
        f"spare of box {box}, entry {seq:,} of epoch {epoch}: {en}",
        f"盒子 {box} 的备机，到纪元 {epoch} 的第 {seq:,} 条：{zh}",
    )
    return GOOD if facts["ok"] else FOUND_WRONG


def _standing(folder: Path, note: Followed, now_us: int) -> dict[str, Any]:
    """Return how far a spare is, and how long ago its box was heard of."""
    try:
        with contextlib.closing(Journal(folder)) as journal:
            head = journal.head()
    except NoJournalError:
        head = Head(0, 0, b"")
    heard_s = max(0, now_us - note.heard.at_us) // US_PER_S
    gap = _missing(note.heard, head)
    return {
        "ok": not gap and heard_s < GAP_S_MAX,
        "box": note.heard.box,
        "epoch": head.epoch,
        "seq": head.seq,
        "gap_entries": gap,
        "heard_s": heard_s,
    }


def _gap(entries: int, seconds: float) -> tuple[str, str]:
    """Return in English and in Chinese how far a spare is behind."""
    if not entries:
        return (
            f"nothing is missing; the box was heard of {seconds:.0f} s ago",
            f"什么都不缺；{seconds:.0f} 秒前听到过盒子",
        )
    return (
        f"{entries:,} entries are missing, of the last {seconds:.0f} s",
        f"缺最近 {seconds:.0f} 秒的 {entries:,} 条",
    )


# ---- on the spare -------------------------------------------------------------------------------


def follow(args: argparse.Namespace, config: Config) -> int:
    """Be the spare of a box."""
    data = Path(config.data)
    if not config.spare.follows:
        raise BackupError(
            f"{args.config}: [spare] names no share that it follows",
            f"{args.config}：[spare] 里没有写要跟随的共享（follows）",
        )
    share = Share(Path(config.spare.follows))
    share.state(config.box.id)  # before this machine becomes a spare
    with stopped(data), _only_one(data):
        finish_switch(data)
        if (data / DATABASE).exists() and not (data / FENCE).exists():
            raise BackupError(
                f"{data}: is a box, not a spare; where another one took over from it start it once",
                f"{data}：是盒子，不是备机；如果另一台已接替它，请先启动它一次",
            )
        with contextlib.closing(Follower(data / SPARE, share, box=config.box.id)) as follower:
            if args.once:
                follower.follow(SystemClock().now_us())
                return _spare_status(args, config)
            return run_service(lambda: _follow(follower))


async def _follow(follower: Follower) -> int:
    clock, problem = SystemClock(), ""
    while True:
        try:
            await asyncio.to_thread(follower.follow, clock.now_us())
        except (FeedError, OSError, sqlite3.OperationalError) as error:
            if not problem:
                log.warning("the spare does not follow", problem=str(error))
            problem = str(error)
            await asyncio.sleep(AGAIN_S)
        else:
            if problem:
                log.info("the spare follows again")
            problem = ""
            await asyncio.sleep(FOLLOW_S)


def take_over(args: argparse.Namespace, config: Config) -> int:
    """Make this spare the box."""
    data, clock = Path(config.data), SystemClock()
    with stopped(data), _only_one(data):
        finish_switch(data)
        durable.remove_tree(data / TAKEN_OVER)
        note = read_note(data / SPARE)
        if note is None:
            raise BackupError(
                f"{data}: is no spare; first: floorgate spare follow",
                f"{data}：不是备机；请先：floorgate spare follow",
            )
        share = Share(Path(note.share))
        with contextlib.closing(Follower(data / SPARE, share, box=config.box.id)) as follower:
            heard, problem = _last_look(follower, note, clock.now_us())
            head = follower.head
        if head is None or not head.seq:
            raise BackupError(
                f"{data}: the spare has nothing yet; {problem or 'wait for a base'}",
                f"{data}：备机还什么都没有；{problem or '请等第一份完整副本'}",
            )
        heard_s = max(0, clock.now_us() - heard.at_us) // US_PER_S
        if heard_s < ALIVE_S and not args.force:
            raise BackupError(
                f"box {config.box.id} fed its share {heard_s} s ago: it runs. Switch it off first; "
                "to take over all the same: --force",
                f"盒子 {config.box.id} 在 {heard_s} 秒前还写过共享：它在运行。请先关掉它；"
                "仍要接替：--force",
            )
        epoch = 1 + max(head.epoch, _epoch_taken(share))
        begin_epoch(copy_to_stage(data / SPARE, data), config.box.id, epoch, clock, SystemIds())
        is_fenced = _fence(share, Taken(config.box.id, epoch, clock.now_us()))
        switch(data, stamp())
        lift_fence(data)
        durable.move(data / SPARE, data / TAKEN_OVER)  # half removed it would be a spare still
        durable.remove_tree(data / TAKEN_OVER)
    facts = {
        "ok": True,
        "box": config.box.id,
        "epoch": epoch,
        "seq": head.seq,
        "gap_entries": _missing(heard, head),
        "gap_s": heard_s,
        "fenced": is_fenced,
        "share_problem": problem,
    }
    tell(args, facts, _told(facts, EN), _told(facts, ZH))
    return GOOD


def _last_look(follower: Follower, note: Followed, now_us: int) -> tuple[ShareState, str]:
    """Take what the share still has; return where the box stood, and why that is not known."""
    try:
        return follower.follow(now_us), ""
    except (FeedError, OSError) as error:
        return note.heard, str(error)


def _missing(heard: ShareState, head: Head) -> int:
    """Return how many entries the box shipped, as far as is known, that are not here."""
    return max(0, heard.at.seq - head.seq) if heard.at.epoch == head.epoch else heard.at.seq


class Told(NamedTuple):
    """What is said of a take-over: always, and where the share could not be read or written."""

    taken: str
    unread: str
    unwritten: str
    next: str


EN: Final = Told(
    "this machine is box {box} now, in epoch {epoch}, behind entry {seq:,} of the one before\n"
    "the gap: {gap_entries:,} entries that it shipped are not here, nor is what the box did in\n"
    "  the {gap_s:,} s since it was heard of; the hub may have it, the old box's disk too",
    "the share could not be read: {share_problem}",
    "the share could not be written: keep the old box off the network",
    "next: sudo systemctl start floorgate; sudo -u floorgate floorgate replay --check",
)
ZH: Final = Told(
    "本机现在是盒子 {box}，纪元 {epoch}，接在上一纪元的第 {seq:,} 条之后\n"
    "差距：它发出的 {gap_entries:,} 条不在这里，最后听到它之后的 {gap_s:,} 秒里它做的事也不在；\n"
    "  这些可能在中枢，也在旧盒子的盘上",
    "共享读不了：{share_problem}",
    "共享写不了：不要让旧盒子再接入网络",
    "下一步：sudo systemctl start floorgate；sudo -u floorgate floorgate replay --check",
)


def _told(facts: dict[str, Any], words: Told) -> str:
    lines = [
        words.taken,
        words.unread if facts["share_problem"] else "",
        "" if facts["fenced"] else words.unwritten,
        words.next,
    ]
    return "\n".join(filter(None, lines)).format(**facts)


def _epoch_taken(share: Share) -> int:
    with contextlib.suppress(FeedError, OSError):
        if taken := share.taken():
            return taken.epoch
    return 0


def _fence(share: Share, taken: Taken) -> bool:
    try:
        share.take_over(taken)
    except OSError:
        return False
    return True


def _only_one(data: Path) -> TextIO:
    taken = BackupError(
        f"{data}: a spare follows already; first: sudo systemctl stop floorgate-spare",
        f"{data}：备机已在跟随；请先：sudo systemctl stop floorgate-spare",
    )
    return hold(data / ".spare-lock", taken)
