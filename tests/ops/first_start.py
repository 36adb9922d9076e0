"""Run by a test: sets a box up and starts it for the first time, the power cut at every file step.

first_start.py FOLDER: what the steps are, the interpreter tells (its audit events), so a file that
is added is cut too. Each attempt goes on from what the cut before left; prints how many there were.
Inside SQLite's own files cuts are simulated in tests/store.
"""

import asyncio
import os
import re
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, Final

from edge.__main__ import command_line
from edge.bootstrap import BoxProcess
from edge.cli.setup import set_up
from edge.config import load_config

STEPS: Final = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink",
                "os.truncate", "os.chmod", "sqlite3.connect")  # fmt: skip
ATTEMPTS_MAX: Final = 500
WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def main(folder: Path) -> None:
    """Attempt until nothing new is done."""
    seen = folder / "seen"
    seen.touch()
    for _ in range(ATTEMPTS_MAX):
        child = os.fork()
        if not child:
            attempt(folder, seen)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
    sys.stdout.write(f"{len(seen.read_text().splitlines())}\n")


def attempt(folder: Path, seen: Path) -> None:
    """Set up and start; ends the process at a step that was not cut yet, as the power does."""
    known, place = set(seen.read_text().splitlines()), str(folder / "box")

    def on_step(event: str, args: tuple[Any, ...]) -> None:
        if event not in STEPS or not any(str(each).startswith(place) for each in args[:2]):
            return
        if event == "open" and not (isinstance(args[2], int) and args[2] & WRITES):
            return
        step = f"{event} {re.sub('[0-9]+', 'N', str(args[0]).removeprefix(place))}"
        if step not in known:
            with seen.open("a") as file:
                file.write(f"{step}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(on_step)
    try:
        config = folder / "box" / "floorgate.toml"
        words = ("--config", str(config), "--data", str(folder / "box" / "data"), "--token", "T")
        asked = ("--name", "N", "--id", "b", "--network", "", "--hub", "", "--port", "0")
        set_up(command_line().parse_args(["setup", "--yes", *words, *asked]))
        asyncio.run(start(config))
    except BaseException:  # noqa: BLE001 - this process is a copy of the one that goes on
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


async def start(config: Path) -> None:
    """Start the box, and stop it."""
    settings = load_config(config, {"FLOORGATE_DISCOVERY_ENABLED": "false"})
    box = BoxProcess(settings)
    await box.open()
    await box.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
