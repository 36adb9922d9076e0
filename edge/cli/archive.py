"""The arguments of `floorgate archive`."""

import argparse
from typing import Any, Final

from edge.cli.words import add_config

EXIT_CODES: Final = "exit codes: 0 done, 1 something is wrong, 2 wrong usage"

ARCHIVE = """Move what is older than `keep_days` of [archive] from the live journal to the archive,
and prove it before anything is removed: the chain, its signed heads, and the documents that replay
gives. The box may be running. Timelines of old orders still open. With a hub, only entries that it
has countersigned are moved, and beyond `max_mb` the oldest files go. With --check, look the whole
archive over instead: each file, and that each goes on where the one before it ends."""


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    parser = verbs.add_parser(
        "archive",
        help="move old entries to the archive, proved",
        description=ARCHIVE,
        epilog=EXIT_CODES,
    )
    add_config(parser)
    parser.add_argument("--check", action="store_true", help="look the archive over")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from edge.cli import archive_actions, backup_actions  # noqa: PLC0415 - only this verb needs it

    verb = archive_actions.check if args.check else archive_actions.archive
    return backup_actions.guarded(verb, args)
