"""The command line: one function per verb."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

FOUND_WRONG: Final = 1
WRONG_USAGE: Final = 2


def main() -> None:
    """Run `floorgate`."""
    parser = _parser()
    args = parser.parse_args()
    if not hasattr(args, "run"):
        parser.print_help()
        raise SystemExit(WRONG_USAGE)
    raise SystemExit(args.run(args))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="floorgate",
        description="The box through which every order of a warehouse moves by a real action.",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    serve = verbs.add_parser("serve", help="serve the box until Ctrl-C")
    serve.add_argument("--config", type=Path, default=Path("/etc/floorgate/floorgate.toml"))
    serve.set_defaults(run=_serve)
    hub = verbs.add_parser("hub", help="serve the reference hub until Ctrl-C")
    hub.add_argument("--data", type=Path, required=True, help="folder of all that the hub keeps")
    hub.add_argument("--host", default="127.0.0.1")
    hub.add_argument("--port", type=int, default=8470)
    hub.add_argument(
        "--box",
        action="append",
        default=[],
        metavar="ID=TOKEN",
        help="a box that may enrol, and its token; may be given several times",
    )
    hub.set_defaults(run=_hub)
    return parser


def _serve(args: argparse.Namespace) -> int:
    """Serve a box."""
    from edge.bootstrap import TakenError, serve_box  # noqa: PLC0415 - only this verb needs it
    from edge.config import ConfigError, load_config  # noqa: PLC0415

    try:
        config = load_config(args.config)
        return _run(lambda: serve_box(config, lambda url: _say(f"serving {url}")))
    except (ConfigError, TakenError) as error:
        return _fail(str(error))


def _hub(args: argparse.Namespace) -> int:
    """Serve the reference hub."""
    from sync.api import run_hub  # noqa: PLC0415 - only this verb needs it

    boxes = {}
    for pair in args.box:
        box, separator, token = pair.partition("=")
        if not separator:
            return _fail(f"--box {pair}: write ID=TOKEN", WRONG_USAGE)
        boxes[box] = token
    with contextlib.suppress(asyncio.CancelledError):
        return _run(
            lambda: run_hub(
                args.data, args.host, args.port, boxes, on_ready=lambda url: _say(f"hub at {url}")
            )
        )
    return 0


def _run(make: Callable[[], Coroutine[Any, Any, int | None]]) -> int:
    """Run a service on uvloop until it ends, or until Ctrl-C or SIGTERM ends it cleanly."""
    import uvloop  # noqa: PLC0415 - only services need it

    async def until_signal() -> int:
        task = asyncio.ensure_future(make())
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            return await task or 0
        return 0

    return uvloop.run(until_signal())


def _say(text: str) -> None:
    print(text, flush=True)


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print one line of JSON."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def _fail(text: str, code: int = FOUND_WRONG) -> int:
    print(f"floorgate: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
