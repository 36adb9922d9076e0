"""`floorgate demo`."""

import argparse
from pathlib import Path
from typing import Any, Final

from edge.cli.output import WRONG_USAGE, fail, run_service

BOTS_MAX: Final = 50


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    demo = verbs.add_parser("demo", help="show the main job: hub, box, printers and orders")
    demo.add_argument("--data", type=Path, default=Path(".demo"), help="folder of the demo")
    demo.add_argument("--port-base", type=int, default=8440, help="first of seven ports")
    demo.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets PDAs of the network in")
    demo.add_argument(
        "--orders", type=Path, metavar="FILE", help="orders to replay, .csv or .jsonl"
    )
    demo.add_argument("--speed", default="1", help="times the file's own pace, or max")
    demo.add_argument("--cancel-share", type=float, default=0.0, help="share cancelled in mid-pick")
    demo.add_argument("--headless", action="store_true", help="no page; bots work at once")
    demo.add_argument("--until-idle", action="store_true", help="end when all orders have ended")
    demo.add_argument("--seed", type=int, default=1, help="the same seed draws the same")
    demo.add_argument("--pickers", type=int, default=4, help="bots that pick")
    demo.add_argument("--packers", type=int, default=3, help="bots that pack")
    demo.add_argument("--wan-down", action="store_true", help="cut the link to the hub")
    demo.add_argument("--wipe", action="store_true", help="begin anew")
    demo.add_argument("--json", action="store_true", help="print JSON lines")
    demo.set_defaults(run=show)


def show(args: argparse.Namespace) -> int:
    """Run the demo until Ctrl-C, or until all orders have ended."""
    from edge.demo.floor import FloorLostError, RefusedError  # noqa: PLC0415 - only this verb
    from edge.demo.run import Options, run_demo  # noqa: PLC0415 - only this verb needs it
    from edge.demo.site import DemoError  # noqa: PLC0415

    speed = _speed(args.speed)
    if speed is None:
        return fail(f"--speed {args.speed}: a number from 0, or max", WRONG_USAGE)
    if not 0 <= args.cancel_share <= 1:
        return fail(f"--cancel-share {args.cancel_share}: 0 to 1", WRONG_USAGE)
    if not (0 <= args.pickers <= BOTS_MAX and 0 <= args.packers <= BOTS_MAX):
        return fail(f"--pickers, --packers: 0 to {BOTS_MAX}", WRONG_USAGE)
    given = {name: value for name, value in vars(args).items() if name in Options.__struct_fields__}
    options = Options(**{**given, "speed": speed})
    try:
        return run_service(lambda: run_demo(options))
    except (DemoError, FloorLostError, RefusedError) as error:
        return fail(str(error))


def _speed(text: str) -> float | None:
    """Return how many times faster than its own pace a file is replayed; 0: nothing waits."""
    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        return None
    return speed if 0 <= speed < float("inf") else None
