"""The arguments of `floorgate spare prepare | status | follow | take-over`."""

import argparse
from pathlib import Path
from typing import Any, Final

from edge.cli.words import add_config

EXIT_CODES: Final = "exit codes: 0 done, 1 something is wrong, 2 wrong usage"

PREPARE = """Make a folder the share of this box, once: best on another machine, mounted here. Then
name it as `feeds` in [spare] of the configuration and restart the box, which feeds it from then on.
The share holds the box's secrets and names of customers, and is not encrypted."""
STATUS = """Say how far the spare is. On the box: what its share has not got yet. On a spare: how
far it is behind what the share says of the box."""
FOLLOW = """Be the spare of a box: take what comes to its share (`follows` in [spare] of the
configuration), check it, and apply it, until Ctrl-C. This machine needs the same version of
Floorgate, and the same `id` in [box]. With --once take what is there, and end."""
TAKE = """Make this spare the box. The box must be off. The journal goes on here in a new epoch; an
old box that comes back sees it at the hub or on the share, and stops for good. What the box did
after it fed its share last is not here; how much that may be is said."""


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    parser = verbs.add_parser("spare", help="a second machine that can become the box")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    prepare = _verb(actions, "prepare", "make a folder the share of this box", PREPARE)
    prepare.add_argument("share", type=Path, metavar="DIR", help="the folder")
    _verb(actions, "status", "how far the spare is", STATUS)
    follow = _verb(actions, "follow", "be the spare of a box", FOLLOW)
    follow.add_argument("--once", action="store_true", help="take what is there, and end")
    take = _verb(actions, "take-over", "make this spare the box", TAKE)
    take.add_argument("--force", action="store_true", help="even where the box was alive just now")


def _verb(
    actions: "argparse._SubParsersAction[Any]", name: str, short: str, description: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=short, description=description, epilog=EXIT_CODES
    )
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run, action=name.replace("-", "_"))
    return parser


def _run(args: argparse.Namespace) -> int:
    from edge.cli import backup_actions, spare_actions  # noqa: PLC0415 - only these verbs need it

    return backup_actions.guarded(getattr(spare_actions, args.action), args)
