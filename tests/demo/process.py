"""A demo as a process of its own, as outsiders start and end it."""

import asyncio
import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.demo.site import PORTS

WAIT_S = 60.0
POLL_S = 0.05
BASE_MIN, BASE_MAX = 20_000, 32_000
"""Below what the kernel gives away (`ip_local_port_range`)."""


def free_base() -> int:
    """Return the first of so many free ports as a demo takes.

    None is one of those that the kernel gives to whoever asks for any: it would be gone by then.
    """
    while True:
        base = BASE_MIN + secrets.randbelow(BASE_MAX - BASE_MIN)
        try:
            for port in range(base, base + len(PORTS)):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return base


async def until(holds: Callable[[], object]) -> None:
    """Poll a condition outside this process."""
    end_at = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end_at, "waited in vain"
        await asyncio.sleep(POLL_S)


def children(pid: int) -> dict[str, int]:
    """Return the running children of a demo by their verb."""
    found: dict[str, int] = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        found |= {verb: int(child) for verb in ("serve", "hub") if verb.encode() in words}
    return found


class Running:
    """A demo that was started."""

    def __init__(self, data: Path, base: int, *options: str) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "edge", "demo", "--json"),
                *("--data", str(data), "--port-base", str(base), *options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def first_line(self) -> dict[str, Any]:
        """Return the addresses."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.end()[2]
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> tuple[int, list[dict[str, Any]], str]:
        """Return exit code, the remaining lines and what was said beside them."""
        out, said = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], said
