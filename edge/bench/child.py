"""A real `floorgate serve` to measure, and a real hub, each in its own process."""

import hashlib
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiohttp

from edge.bench.floor import PIN

START_S_MAX: Final = 60.0
BOX: Final = "bench"
TOKEN: Final = "bench-token"  # noqa: S105 - of a hub that lives as long as the bench


class Child:
    """The process, its address, and how long its start took."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, data: Path) -> None:
        self.process = process
        self.url = url
        self.data = data

    @property
    def resident_mib(self) -> float:
        """Resident memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def tls(self) -> ssl.SSLContext:
        """Return a context that trusts this box."""
        context = ssl.create_default_context(cafile=str(self.data / "tls" / "ca.pem"))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context


@contextmanager
def serving(data: Path, *, slow_flush: bool = False, hub: str = "") -> Iterator[Child]:
    """Serve the box whose data folder is `data`, linked to `hub` if any, until the block ends."""
    config = data.parent / f"{data.name}.toml"
    link = f'[hub]\nurl = "{hub.replace("http", "ws")}/link"\ntoken = "{TOKEN}"\n' if hub else ""
    config.write_text(
        f'data = "{data}"\n[box]\nid = "{BOX}"\n[http]\nhost = "127.0.0.1"\nport = 0\n'
        f'open_devices = true\n[discovery]\ninterfaces = ["127.0.0.1"]\n{link}'
    )
    module = "edge.bench.slow" if slow_flush else "edge"
    with _process(module, "serve", "--config", str(config)) as (process, line):
        assert line.startswith("serving "), f"the box did not start: {line!r}"
        yield Child(process, line.split()[1], data)


@contextmanager
def hub_of(data: Path) -> Iterator[str]:
    """Serve a hub for that box until the block ends; give its address."""
    words = ("hub", "--data", str(data), "--port", "0", "--box", f"{BOX}={TOKEN}")
    with _process("edge", *words) as (_, line):
        assert line.startswith("hub at "), f"the hub did not start: {line!r}"
        yield line.split()[2]


@contextmanager
def _process(module: str, *words: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run a module until the block ends; give the process and the first line that it prints."""
    command = [sys.executable, "-m", module, *words]
    # an installed box has its modules compiled
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)  # noqa: S603
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.terminate()
        process.wait(START_S_MAX)


async def until_healthy(child: Child) -> float:
    """Return the time, by the monotonic clock, of the first good answer."""
    async with aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(f"{child.url}/health", ssl=child.tls()) as response:
                    if response.ok:
                        return time.monotonic()
            except aiohttp.ClientError:
                continue


def pin_hash() -> str:
    """Return the cheap verifier of the bench's PIN: the measured path is scans, not sign-in."""
    return hashlib.scrypt(PIN.encode(), salt=bytes(16), n=2, r=8, p=1, dklen=32).hex()
