"""`floorgate sim`."""

import argparse
import logging
from typing import Any

import msgspec

from edge.cli.output import FOUND_WRONG, GOOD, say, say_json


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    sim = verbs.add_parser(
        "sim",
        help="run simulated worlds and check them",
        description="Runs hub, box, printers and people in one thread on a virtual clock, with"
        " seeded faults. The same seed is the same world to the byte.",
    )
    sim.add_argument("--seed", type=int, default=0, help="the first world")
    sim.add_argument("--seeds", type=int, default=1, help="how many worlds")
    sim.add_argument(
        "--printing",
        action="store_true",
        help="labels through the print queue and virtual printers instead of worlds",
    )
    sim.add_argument("--jobs", type=int, default=1_000, help="with --printing: how many labels")
    sim.add_argument(
        "--hall",
        choices=("mixed", "zpl", "tsc", "clones", "receipts"),
        default="mixed",
        help="with --printing: which printers (mixed: ZPL and TSC; clones: TSPL without a count)",
    )
    sim.add_argument("--json", action="store_true", help="print one JSON object")
    sim.set_defaults(run=simulate)


def simulate(args: argparse.Namespace) -> int:
    """Run worlds, say what is wrong with them and what they came to."""
    import structlog  # noqa: PLC0415 - only this verb needs these

    from edge.sim.summary import judge, sum_up  # noqa: PLC0415

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if args.printing:
        return _print(args)
    worlds = [judge(seed) for seed in range(args.seed, args.seed + args.seeds)]
    summary = sum_up(worlds)
    if args.json:
        wrong = [world for world in worlds if world.found]
        shown = worlds if args.seeds == 1 else wrong
        say_json(msgspec.to_builtins(summary) | {"worlds": msgspec.to_builtins(shown)})
    else:
        for world in worlds:
            for found in world.found:
                say(f"seed {world.seed}: {found}")
        say(str(summary))
    return FOUND_WRONG if summary.wrong else GOOD


def _print(args: argparse.Namespace) -> int:
    """Run labels through the print queue, and say what is wrong and what became of them."""
    from edge.sim.printing.run import judged  # noqa: PLC0415

    report = judged(max(1, args.jobs), args.seed, args.hall)
    if args.json:
        say_json(msgspec.to_builtins(report))
    else:
        say(str(report))
    return FOUND_WRONG if report.found else GOOD
