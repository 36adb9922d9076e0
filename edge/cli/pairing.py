"""`floorgate devices pair`: a code for the first PDA; leaders let in those that follow."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from edge.cli.output import GOOD, say, say_json
from edge.cli.words import add_config, refused, worded

PAGE: Final = "/enrol/pair.html"
HTTPS_PORT: Final = 443


def add_pair(group: "argparse._SubParsersAction[Any]") -> None:
    """Add the verb."""
    pair = group.add_parser(
        "pair",
        help="a one-time code that lets one PDA in",
        description="Asks the running box for a code that lets one PDA in within 5 minutes, and "
        "shows it as a QR code.",
    )
    add_config(pair)
    pair.add_argument("--data", type=Path, help="the box's folder; default: that of the config")
    pair.add_argument("--json", action="store_true", help="print one JSON object")
    pair.set_defaults(run=pair_device)


def pair_device(args: argparse.Namespace) -> int:
    """Print a code."""
    from edge.cli import door  # noqa: PLC0415 - only this verb needs the box's socket
    from edge.config import ConfigError, load_config  # noqa: PLC0415

    try:
        answer = door.ask(door.folder_of(args), "/pairings", {})
    except door.UsageError as error:
        return refused(args, error)
    if "code" not in answer or not answer.get("short"):
        return door.told(args, {"ok": False, **answer})
    if args.json:
        say_json(answer)
        return GOOD
    try:
        http = load_config(args.config).http
        names, port = http.names or ("localhost",), http.port
    except ConfigError:
        names, port = ("localhost",), HTTPS_PORT
    place = names[0] if port == HTTPS_PORT else f"{names[0]}:{port}"
    url = f"https://{place}{PAGE}#{answer['code']}"
    import segno  # noqa: PLC0415 - only people need the picture

    segno.make(url, error="m", micro=False).terminal(sys.stdout, compact=True, border=2)
    say(
        worded(
            args,
            f"{url}\nby hand: {answer['short']}\ngood for 5 minutes, once",
            f"{url}\n手输：{answer['short']}\n5 分钟内有效，用一次",
        )
    )
    return GOOD
