"""`floorgate selftest`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from edge.cli.output import FOUND_WRONG, GOOD, fail, run_service, say, say_json
from edge.cli.words import worded
from edge.domain.foreign import in_chinese


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verb."""
    selftest = verbs.add_parser(
        "selftest",
        help="hurt a floor of its own and measure how it stands that; about a minute",
        description="Starts a hub, a box and two printers of its own on free ports of the loopback"
        " and in a folder of its own, lets bots work, takes paper, link and box away, and prints"
        " rule latency, self-healed share, consistency and recovery time. The box that serves this"
        " site is not touched. A machine that is slow or busy gets as many times longer, up to five"
        " minutes, and the verdict says so. Exit code 0 where every target is reached.",
    )
    selftest.add_argument("--scratch", type=Path, metavar="DIR", help="where its folder is made")
    selftest.add_argument("--json", action="store_true", help="print one JSON object")
    selftest.set_defaults(run=run_selftest)


def run_selftest(args: argparse.Namespace) -> int:
    """Run the self-test and print its verdict."""
    from edge.demo.floor import FloorLostError, RefusedError  # noqa: PLC0415 - only this verb
    from edge.demo.site import DemoError  # noqa: PLC0415
    from edge.selftest.run import selftest  # noqa: PLC0415

    def words(text: str) -> str:
        return worded(args, text, in_chinese(text))

    async def run() -> int:
        verdict = await selftest(
            lambda text: print(f"… {words(text)}", file=sys.stderr, flush=True), args.scratch
        )
        if args.json:
            say_json(verdict.facts())
        else:
            for problem in verdict.problems:
                say(f"! {words(problem)}")
            say(verdict.table())
        return GOOD if verdict.is_good else FOUND_WRONG

    try:
        return run_service(run)
    except (DemoError, FloorLostError, RefusedError, OSError) as error:
        return fail(words(str(error)))
