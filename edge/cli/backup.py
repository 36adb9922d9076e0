"""The arguments of `floorgate backup`, `floorgate restore` and `floorgate new-epoch`."""

import argparse
from pathlib import Path
from typing import Any, Final

from edge.cli.words import add_config, count

TO: Final = Path("/var/backups/floorgate")
EXIT_CODES: Final = "exit codes: 0 done, 1 something is wrong, 2 wrong usage"

BACKUP = """Back up the box while it runs: database, keys, certificates, blobs, archive and
configuration, as one folder. It is restored into scratch and checked (chain and replay) before it
gets its name and before older ones are removed. It holds the box's secrets and names of customers,
and is not encrypted: keep it where only you can read it, best on another machine."""
RESTORE = """Make a backup the box again. The box must be stopped. What is there is kept beside, in
`.before-restore-TIME` of the data folder. The journal goes on in a new epoch, so that the hub sees
that the box was restored; what the box did after the backup is at the hub alone. The configuration
is not replaced: the backup holds a copy of it."""
EPOCH = """Let the journal of a stopped box go on in a new epoch, with all that it knows. The way
out when the hub refuses the box with `epoch_behind` or `fork`. First make sure that no second
machine runs as this box. With --new-key also where the box's key is lost and no backup has it: the
hub then takes the box by a new token."""


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    backup = _verb(verbs, "backup", "back up the box, and prove that it can be restored", BACKUP)
    backup.add_argument(
        "--to",
        type=Path,
        default=TO,
        metavar="DIR",
        help="default: /var/backups/floorgate",
    )
    backup.add_argument(
        "--keep", type=count, metavar="N", help="remove older ones of this name beyond N"
    )
    backup.add_argument(
        "--name", type=_name, default="floorgate", metavar="PREFIX", help="how the folder begins"
    )
    backup.set_defaults(run=_run, action="back_up")

    restore = _verb(verbs, "restore", "make a backup the box again", RESTORE)
    restore.add_argument("backup", type=Path, metavar="FILE", help="the folder of a backup")
    restore.add_argument(
        "--replace", action="store_true", help="even where what is there is newer, or unreadable"
    )
    restore.set_defaults(run=_run, action="restore")

    epoch = _verb(verbs, "new-epoch", "let the journal go on in a new epoch", EPOCH)
    epoch.add_argument(
        "--new-key", action="store_true", help="with a new key of the box, for one that is lost"
    )
    epoch.set_defaults(run=_run, action="new_epoch")


def _verb(
    verbs: "argparse._SubParsersAction[Any]", name: str, short: str, description: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=short, description=description, epilog=EXIT_CODES
    )
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _name(text: str) -> str:
    if not text.replace("-", "").replace("_", "").isalnum():
        raise argparse.ArgumentTypeError("letters, digits, - and _ only 只能用字母、数字、- 和 _")
    return text


def _run(args: argparse.Namespace) -> int:
    from edge.cli import backup_actions  # noqa: PLC0415 - only these verbs need store and law

    return backup_actions.guarded(getattr(backup_actions, args.action), args)
