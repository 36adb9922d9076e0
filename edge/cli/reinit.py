"""The arguments of `floorgate reinit`."""

import argparse
from typing import Any, Final

from edge.cli.words import add_config

EXIT_CODES: Final = "exit codes: 0 done, 1 something is wrong, 2 wrong usage"

REINIT = """Build a dead box again from the hub's copy of its journal, without a backup. The box
must be stopped; what is there is kept beside, in `.before-restore-TIME`. Where the box's key died
with its disk, make a new enrolment token for it at the hub, and give it with --token.
Afterwards the journal is checked by chain and replay, and its head is the hub's; it goes on in a
new epoch. What the hub never had is lost: the last entries before the death, and photos."""


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    parser = verbs.add_parser(
        "reinit",
        help="build a dead box again from the hub's copy",
        description=REINIT,
        epilog=EXIT_CODES,
    )
    add_config(parser)
    parser.add_argument(
        "--from-hub", action="store_true", required=True, help="from the hub's copy, nothing else"
    )
    parser.add_argument("--token", default="", help="a new token of the hub, for a new key")
    parser.add_argument(
        "--replace", action="store_true", help="even where what is there is newer, or unreadable"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from edge.cli import backup_actions, reinit_actions  # noqa: PLC0415 - only this verb needs it

    return backup_actions.guarded(reinit_actions.reinit, args)
