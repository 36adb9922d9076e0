"""What verbs share: exit codes, printing, running a service until Ctrl-C."""

import asyncio
import contextlib
import json
import signal
import sys
import unicodedata
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

GOOD: Final = 0
FOUND_WRONG: Final = 1
WRONG_USAGE: Final = 2
PIPE_CLOSED: Final = 141
"""Whoever read the output stopped; what a shell calls a process that SIGPIPE ended."""
NOT_THE_BOX: Final = 4
"""Another machine is the box; systemd does not start the service again (floorgate.service)."""


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def say_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print one line of JSON at once."""
    say(json.dumps(value, ensure_ascii=False))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of equally many cells as lines whose columns stand below each other."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def columns(text: str) -> int:
    """Return how many columns a text takes at a terminal: a Chinese character two (UAX 11)."""
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


def fail(text: str, code: int = FOUND_WRONG) -> int:
    """Say on standard error what is wrong, and return the exit code for it."""
    print(f"floorgate: {text}", file=sys.stderr)
    return code


def run_service(make: Callable[[], Coroutine[Any, Any, int | None]]) -> int:
    """Run a service on uvloop until it ends, or until Ctrl-C or SIGTERM ends it cleanly."""
    import uvloop  # noqa: PLC0415 - only services need these

    from edge import logs  # noqa: PLC0415

    logs.start()

    async def until_signal() -> int:
        task = asyncio.ensure_future(make())
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, task.cancel)
        logs.obey_signals(loop.add_signal_handler)
        with contextlib.suppress(asyncio.CancelledError):
            return await task or GOOD
        return GOOD

    return int(uvloop.run(until_signal()))
