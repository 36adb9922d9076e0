"""The arguments of `floorgate journal` and of `floorgate replay`."""

import argparse
from datetime import date
from pathlib import Path
from typing import Any, Final

from edge.cli.words import add_config, add_language, count

SHOWN: Final = 50
EXIT_CODES: Final = "exit codes: 0 all is well, 1 something is wrong, 2 wrong usage"

VERIFY = """Check the chain: every entry, in order, gives the hash that stands beside it, and every
signed head is the one that was signed. Names each entry that was changed, left out, moved or
repeated. Give a box's data folder (it may be running; nothing is written), or a file made by
`floorgate journal export`, which needs no box."""
SHOW = """Print what happened, one line an entry, oldest first: number, time, what, on what, by
whom. Without --order and --after these are the newest entries."""
DAILY = """How often the hub stopped orders on one day, by category: how many took effect, were
taken back, overruled, came too late or still wait, and the mean time from the hub's word to the
effect and of each stage on the way: hub to box, box to PDA, PDA to person. The box may run."""
EXPORT = """Write the whole journal to one file that `floorgate journal verify FILE` checks on any
machine. It holds no names, phones or addresses: the journal only has their hashes."""
REPLAY = """Apply the journal from its first entry to fresh documents and compare them with the
stored ones, byte by byte. Reads only; the box may be running."""


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    parser = verbs.add_parser("journal", help="check, show or export what happened here")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    check = _verb(actions, "verify", "check that nothing was changed or left out", VERIFY)
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="an exported journal")
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(run=_run, action="verify")

    show = _verb(actions, "show", "print the timeline of the box or of an order", SHOW)
    show.add_argument("--order", metavar="ID", help="only what concerns this order")
    show.add_argument("--after", type=int, metavar="SEQ", help="only entries behind this one")
    show.add_argument("--limit", type=count, default=SHOWN, metavar="N", help="at most so many")
    show.add_argument("--json", action="store_true", help="print JSON lines")
    show.set_defaults(run=_run, action="show_entries")

    daily = _verb(actions, "interceptions", "how often and how fast orders were stopped", DAILY)
    daily.add_argument("--day", type=_day, metavar="YYYY-MM-DD", help="default: today")
    add_language(daily)
    daily.add_argument("--json", action="store_true", help="print one JSON object")
    daily.set_defaults(run=_run, action="interceptions")

    export = _verb(actions, "export", "write the journal to a file", EXPORT)
    export.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the file to write"
    )
    export.set_defaults(run=_run, action="export_journal")

    again = _verb(verbs, "replay", "check the stored state against the journal", REPLAY)
    again.add_argument(
        "--check", action="store_true", required=True, help="compare, change nothing"
    )
    again.add_argument("--json", action="store_true", help="print one JSON object")
    again.set_defaults(run=_run, action="replay")


def _verb(
    verbs: "argparse._SubParsersAction[Any]", name: str, short: str, description: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=short, description=description, epilog=EXIT_CODES
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the box's folder; default: that of the config"
    )
    add_config(parser)
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: write it as 请写成 2026-11-30") from error


def _run(args: argparse.Namespace) -> int:
    from edge.cli import journal_actions  # noqa: PLC0415 - only these verbs need store and law

    code: int = getattr(journal_actions, args.action)(args)
    return code
