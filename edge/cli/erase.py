"""`floorgate erase`: what is past its time goes now, or is told before."""

import argparse
from typing import Any, Final

from edge.cli.door import UsageError, add_box, ask, folder_of
from edge.cli.output import FOUND_WRONG, GOOD, fail, say, say_json

DESCRIPTION: Final = """Erase personal data, photos and videos that are past their time: the days
that [retention] of the configuration gives each kind, counted from the last change of the record
and of its order. What belongs to an order that is open, or to somebody who works here, stays. The
running box does so by itself once a day. With --show, only say what would go, now and within a
week. Run it as the service's user: sudo -u floorgate floorgate erase"""
CLOCK: Final = "the clock is not confirmed by NTP or the hub, so nothing is erased: timedatectl"


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
        return fail(str(error))
    facts = answer["facts"]
    if args.json:
        say_json(answer)
    elif args.show:
        say(f"past their time: {_told(facts['now'])}\nwithin a week: {_told(facts['soon'])}")
    elif facts["clock"]:
        say(f"{facts['erased']:,} records erased, {facts['pictures']:,} photos and videos dropped; "
            f"{facts['waiting']:,} records stay until their orders end")  # fmt: skip
    else:
        return fail(CLOCK)
    return GOOD if facts.get("clock", True) else FOUND_WRONG


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items()) or "nothing"
