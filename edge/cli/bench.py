"""`floorgate bench`."""

import argparse
import sys
from importlib import import_module
from typing import Any, Final

import msgspec

from edge.cli.output import GOOD, say, say_json

PARTS: Final = {
    "spine": "edge.bench.spine",
    "law": "edge.bench.law",
    "devices": "edge.bench.devices",
}
"""Module of each part; its `run` takes what is told of progress, and returns figures."""


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    bench = verbs.add_parser(
        "bench",
        help="measure a part of Floorgate on this machine",
        description="Prints each figure with its floor or peer of the same run. A figure that "
        "misses its target is no error: timings belong to the machine.",
    )
    bench.add_argument("part", choices=PARTS)
    bench.add_argument("--json", action="store_true", help="one JSON line")
    bench.set_defaults(run=bench_part)


def bench_part(args: argparse.Namespace) -> int:
    """Measure one part and print its figures."""
    from edge.bench.figures import machine, table  # noqa: PLC0415 - only this verb needs it

    figures = import_module(PARTS[args.part]).run(
        lambda text: print(f"… {text}", file=sys.stderr, flush=True)
    )
    if args.json:
        say_json({"machine": machine(), "figures": msgspec.to_builtins(figures)})
    else:
        say(", ".join(f"{name} {value}" for name, value in machine().items()))
        say(table(figures))
    return GOOD
