"""The command line."""

import argparse
import os
import sqlite3
import sys

from edge.app.telling import ToldError
from edge.cli import (
    admin,
    archive,
    backup,
    bench,
    bundle,
    decode,
    demo,
    devices,
    docs,
    doctor,
    erase,
    journal,
    labels,
    orders,
    reinit,
    rules,
    selftest,
    services,
    setup,
    sim,
    spare,
)
from edge.cli.helping import speaking, spoken
from edge.cli.output import PIPE_CLOSED, WRONG_USAGE
from edge.cli.words import of_database, of_system, refused

VERBS = (
    services,
    setup,
    backup,
    spare,
    archive,
    erase,
    reinit,
    doctor,
    demo,
    journal,
    orders,
    devices,
    labels,
    rules,
    decode,
    docs,
    sim,
    selftest,
    bundle,
    bench,
    admin,
)


def command_line() -> argparse.ArgumentParser:
    """Return the parser of all verbs; what it parses has the verb as `run`."""
    parser = argparse.ArgumentParser(
        prog="floorgate",
        description="The box through which every order of a warehouse moves by a real action.",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for module in VERBS:
        module.add_verbs(verbs)
    return parser


def main() -> None:
    """Run `floorgate`. Who reads no further, as `head` does, ends it without a word."""
    try:
        try:
            _run()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes nowhere
        raise SystemExit(PIPE_CLOSED) from None


def _run() -> None:
    parser = command_line()
    with speaking(parser, spoken(sys.argv[1:])):
        args = parser.parse_args()
        if not hasattr(args, "run"):
            parser.print_help()
            raise SystemExit(WRONG_USAGE)
    raise SystemExit(_told(args))


def _told(args: argparse.Namespace) -> int:
    """Run a verb; what it leaves unsaid of disk and database is said here, for all of them."""
    try:
        return int(args.run(args))
    except BrokenPipeError:
        raise
    except ToldError as error:
        return refused(args, error)
    except sqlite3.DatabaseError as error:
        return refused(args, of_database(args, error))
    except OSError as error:
        return refused(args, of_system(error))


if __name__ == "__main__":
    main()
