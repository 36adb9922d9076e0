"""`floorgate bench`."""

import argparse
import logging
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.cli.output import FOUND_WRONG, GOOD, say, say_json

PARTS: Final = {
    "spine": "edge.bench.spine",
    "law": "edge.bench.law",
    "devices": "edge.bench.devices",
    "pda": "edge.bench.pda",
}
"""Module of each part; its `run` takes what is told of progress, and returns figures."""
ALL: Final = "all"
PAGE: Final = Path("docs/BENCHMARKS.md")


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    bench = verbs.add_parser(
        "bench",
        help="measure a part of Floorgate on this machine",
        description="Prints each figure with its floor or peer of the same run. A figure that "
        "misses its target is no error: timings belong to the machine. All parts take at most "
        "20 minutes; Ctrl-C keeps what was measured.",
    )
    bench.add_argument("part", choices=(*PARTS, ALL), help="what to measure")
    bench.add_argument("--json", action="store_true", help="print one JSON object")
    bench.add_argument(
        "--write", type=Path, nargs="?", const=PAGE, metavar="FILE",
        help="write the table to FILE, by default docs/BENCHMARKS.md",
    )  # fmt: skip
    bench.set_defaults(run=bench_part)


def bench_part(args: argparse.Namespace) -> int:
    """Measure one part, or all, and print the figures."""
    from edge import logs  # noqa: PLC0415 - only this verb needs it
    from edge.bench import page  # noqa: PLC0415
    from edge.bench.figures import machine, table  # noqa: PLC0415

    def say_now(text: str) -> None:
        print(f"… {text}", file=sys.stderr, flush=True)

    logs.start()  # standard output carries the figures alone
    logs.set_level(logging.WARNING)
    if args.part == ALL:
        done = page.measure_all(PARTS, say_now, page.part_command)
    else:
        done = page.measure(args.part, PARTS[args.part], say_now)
    if args.write:
        args.write.write_text(page.page(done, machine(), page.today()), "utf-8")
    if args.json:
        say_json({"machine": machine()} | msgspec.to_builtins(done))
    else:
        say(", ".join(f"{name} {value}" for name, value in machine().items()))
        say(table(done.figures))
        for problem in done.problems:
            say(f"not measured: {problem}")
    return FOUND_WRONG if done.problems else GOOD
