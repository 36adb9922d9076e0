"""`floorgate admin code`: a one-time code that makes an admin, for the first start and for need."""

import argparse
from typing import Any

from edge.cli.output import GOOD, WRONG_USAGE, say, say_json
from edge.cli.words import refused, worded


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    from edge.cli.door import add_box  # noqa: PLC0415 - loads the configuration's reader

    group = verbs.add_parser("admin", help="let an admin in").add_subparsers(
        title="actions", metavar="ACTION", required=True
    )
    code = group.add_parser(
        "code",
        help="a one-time code that makes an admin",
        description="Asks the running box for a code that makes one admin within 30 minutes: on "
        "the sign-in screen press 'First admin', type the code, a name and a PIN, and print the "
        "badge. The code before it is void, and three wrong tries void this one.",
    )
    code.add_argument("--first", action="store_true", help="only where there is no admin yet")
    add_box(code)
    code.set_defaults(run=show_code)


def show_code(args: argparse.Namespace) -> int:
    """Print a code."""
    from edge.cli import door  # noqa: PLC0415 - only this verb needs the box's socket

    try:
        answer = door.ask(door.folder_of(args), "/admin-codes", {"first": args.first})
    except door.UsageError as error:
        return refused(args, error, WRONG_USAGE)
    if args.first and answer.get("code") == "admin_known":
        return GOOD
    if not answer.get("code") or "ok" in answer:
        return door.told(args, {"ok": False, **answer})
    if args.json:
        say_json(answer)
    else:
        say(
            worded(
                args,
                f"code for an admin: {answer['code']}\ngood for 30 minutes, once",
                f"管理员代码：{answer['code']}\n30 分钟内有效，用一次",
            )
        )
    return GOOD
