"""`floorgate erase`: what is past its time goes now, or is told before."""

import argparse
from typing import Any, Final

from edge.cli.door import UsageError, add_box, ask, folder_of, told
from edge.cli.output import FOUND_WRONG, GOOD, fail, say, say_json
from edge.cli.words import refused, worded

DESCRIPTION: Final = """Erase personal data, photos and videos that are past their time: the days
that [retention] of the configuration gives each kind, counted from the last change of the record
and of its order. What belongs to an order that is open, or to somebody who works here, stays. The
running box does so by itself once a day. With --show, only say what would go, now and within a
week. Run it as the service's user: sudo -u floorgate floorgate erase"""
CLOCK: Final = "the clock is not confirmed by NTP or the hub, so nothing is erased: timedatectl"
CLOCK_ZH: Final = "时钟没有得到 NTP 或中枢证实，所以一条也没有删：timedatectl"
KINDS_ZH: Final = {
    "recipient": "收件人", "message": "留言", "return": "退货说明", "freeze": "冻结说明",
    "person": "员工姓名", "pin": "PIN", "photo": "照片", "video": "视频",
}  # fmt: skip


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    parser = verbs.add_parser(
        "erase",
        help="erase personal data and photos after their time",
        description=DESCRIPTION,
        epilog="exit codes: 0 done, 1 something is wrong, 2 wrong usage",
    )
    add_box(parser)
    parser.add_argument("--show", action="store_true", help="only say what would go")
    parser.set_defaults(run=erase)


def erase(args: argparse.Namespace) -> int:
    """Erase what is past its time, or say what that is."""
    try:
        answer = ask(folder_of(args), "/retention", None if args.show else {})
    except UsageError as error:
        return refused(args, error)
    if not answer["ok"]:
        return told(args, answer)
    facts = answer["facts"]
    if args.json:
        say_json(answer)
    elif args.show:
        now, soon = facts["now"], facts["soon"]
        say(
            worded(
                args,
                f"past their time: {_told(now)}\nwithin a week: {_told(soon)}",
                f"已到期：{_told_zh(now)}\n一周内到期：{_told_zh(soon)}",
            )
        )
    elif facts["clock"]:
        erased, pictures, waiting = facts["erased"], facts["pictures"], facts["waiting"]
        orders = facts["orders"]
        say(
            worded(
                args,
                f"{erased:,} records erased, {pictures:,} photos and videos dropped; "
                f"{waiting:,} records stay until their orders end; documents of {orders:,} orders "
                "that ended long ago let go",
                f"已删资料 {erased:,} 条，照片和视频 {pictures:,} 份；"
                f"另有 {waiting:,} 条等订单了结后再删；清走早已了结的订单 {orders:,} 个",
            )
        )
    else:
        return fail(worded(args, CLOCK, CLOCK_ZH))
    return GOOD if facts.get("clock", True) else FOUND_WRONG


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items()) or "nothing"


def _told_zh(counts: dict[str, int]) -> str:
    named = (f"{KINDS_ZH.get(kind, kind)} {count:,}" for kind, count in counts.items())
    return "，".join(named) or "没有"
