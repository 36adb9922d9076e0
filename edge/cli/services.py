"""`floorgate serve` and `floorgate hub`."""

import argparse
import gc
from pathlib import Path
from typing import Any, Final

from edge.app.telling import cause_zh
from edge.cli.output import NOT_THE_BOX, WRONG_USAGE, fail, run_service, say
from edge.cli.words import add_config, refused, worded

HUB_PORT: Final = 8470


def add_verbs(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add this module's verbs."""
    serve = verbs.add_parser("serve", help="serve the box until Ctrl-C")
    add_config(serve)
    serve.set_defaults(run=serve_box)
    hub = verbs.add_parser("hub", help="serve the reference hub until Ctrl-C")
    hub.add_argument("--data", type=Path, required=True, help="folder of all that it keeps")
    hub.add_argument("--host", default="127.0.0.1", help="address to serve at")
    hub.add_argument("--port", type=int, default=HUB_PORT, help="port to serve at")
    hub.add_argument(
        "--box",
        action="append",
        default=[],
        metavar="ID=TOKEN",
        help="a box that may enrol, and its token; may be given several times",
    )
    hub.set_defaults(run=serve_hub)


def serve_box(args: argparse.Namespace) -> int:
    """Serve a box."""
    gc.disable()  # all that a start builds stays; the box puts it out of sight when it is there
    from edge import bootstrap  # noqa: PLC0415 - only this verb needs it
    from edge.config import ConfigError, load_config  # noqa: PLC0415

    try:
        config = load_config(args.config)
        return run_service(lambda: bootstrap.serve_box(config, lambda url: say(f"serving {url}")))
    except bootstrap.NotTheBoxError as error:
        return refused(args, error, NOT_THE_BOX)
    except (bootstrap.UnusableError, ConfigError) as error:
        return refused(args, error)


def serve_hub(args: argparse.Namespace) -> int:
    """Serve the reference hub."""
    from sync.api import run_hub  # noqa: PLC0415 - only this verb needs it

    boxes = {}
    for pair in args.box:
        box, separator, token = pair.partition("=")
        if not separator:
            text = worded(args, f"--box {pair}: write ID=TOKEN", f"--box {pair}：请写成 编号=令牌")
            return fail(text, WRONG_USAGE)
        boxes[box] = token

    def ready(url: str) -> None:
        say(f"hub at {url}")

    try:
        return run_service(lambda: run_hub(args.data, args.host, args.port, boxes, on_ready=ready))
    except OSError as error:
        what = f"{args.host}:{args.port}"
        return fail(
            worded(
                args,
                f"the hub cannot open {what} or {args.data}: {error}",
                f"中枢打不开 {what} 或 {args.data}：{cause_zh(error)}",
            )
        )
