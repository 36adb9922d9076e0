"""`floorgate devices fake`: a virtual label printer at a TCP port or at a pty."""

import argparse
import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from drivers.api import fake_printer, plug_cable, seeded_faults
from edge.cli.output import fail, run_service, say, say_json

LANGS: Final = ("tspl", "zpl", "escpos")
FAULT_S_MAX: Final = 5.0
PROBLEMS_POLL_S: Final = 0.5


def add_fake(group: "argparse._SubParsersAction[Any]") -> None:
    """Add the verb."""
    fake = group.add_parser(
        "fake",
        help="run a virtual label printer",
        description="Runs a virtual label printer until Ctrl-C: it speaks the real language, keeps "
        "each label as a picture, and fails as real ones do. Says its URL first.",
    )
    fake.add_argument("--lang", choices=LANGS, required=True, help="what it speaks")
    fake.add_argument("--host", default="127.0.0.1", help="address to listen at (127.0.0.1)")
    fake.add_argument("--port", type=int, default=0, metavar="N", help="TCP port; 0 = a free one")
    fake.add_argument("--pty", type=Path, metavar="PATH",
                      help="be at the other end of a cable too: a pty linked at PATH")  # fmt: skip
    fake.add_argument("--out", type=Path, metavar="DIR", help="folder for the labels, as PNG")
    fake.add_argument("--model", default="", help="the name that it gives when asked")
    fake.add_argument("--seconds-per-label", type=float, default=0.3, metavar="S",
                      help="how long a label takes (0.3)")  # fmt: skip
    fake.add_argument("--faults", type=float, default=0.0, metavar="SHARE",
                      help="share of labels that meets a fault (0.1 = every tenth): paper, head, "
                      "ribbon, pause, power, a cut line, no answer, a late answer")  # fmt: skip
    fake.add_argument("--seed", type=int, default=1, metavar="N", help="which faults (1)")
    fake.add_argument("--json", action="store_true", help="print JSON lines")
    fake.set_defaults(run=run_fake)


def run_fake(args: argparse.Namespace) -> int:
    """Run the printer until Ctrl-C."""
    if not 0 <= args.faults <= 1:
        return fail(f"--faults {args.faults:g} is no share: give 0 to 1, such as 0.1", 2)
    try:
        return run_service(lambda: _serve(args))
    except OSError as error:
        return fail(f"{error}: choose another --port or --pty")


async def _serve(args: argparse.Namespace) -> int | None:
    tell: Callable[[dict[str, Any]], None]
    tell = say_json if args.json else lambda event: say(_line(event))
    printer = fake_printer(
        args.lang,
        args.host,
        args.port,
        args.out,
        args.model,
        lambda label: tell(
            {"label": label.n, "copy": label.copy_id, "path": str(label.path or "")}
        ),
    )
    printer.seconds_per_label = args.seconds_per_label
    printer.plan = seeded_faults(args.seed, args.faults, FAULT_S_MAX)
    async with contextlib.AsyncExitStack() as stack:
        await printer.start()
        stack.push_async_callback(printer.stop)
        urls = [printer.url]
        if args.pty is not None:
            cable = plug_cable(printer, args.pty.absolute())
            await cable.plug_in()
            stack.callback(cable.unplug)
            urls.append(f"serial://{args.pty.absolute()}?lang={args.lang}")
        tell({"urls": urls, "model": printer.model})
        await _tell_problems(printer.problems, tell)
    return None


async def _tell_problems(problems: list[str], tell: Callable[[dict[str, Any]], None]) -> None:
    told = 0
    while True:
        for problem in problems[told:]:
            tell({"problem": problem})
        told = len(problems)
        await asyncio.sleep(PROBLEMS_POLL_S)


def _line(event: dict[str, Any]) -> str:
    if "urls" in event:
        return f"{event['model']} at {' and '.join(event['urls'])}"
    if "problem" in event:
        return f"a real printer would stumble: {event['problem']}"
    return f"label {event['label']} ({event['copy']}) {event['path']}".rstrip()
