"""ippeveprinter as a peer: a real IPP printer with its own spool, port and message bus.

It insists on a D-Bus, and needs no more of it than that it answers: a private one without avahi.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

BUS = """<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/>
<allow own="*"/></policy></busconfig>
"""
JOB = """#!/bin/sh
touch {folder}/begun
while [ -e {folder}/hold ]; do sleep 0.02; done
. {folder}/job
"""
READY_S = 10.0


class IppEve:
    """A running printer. `job` is what its job script does from now on."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"ipp://localhost:{port}/ipp/print"

    def job(self, script: str = "exit 0") -> None:
        """Set what becomes of jobs: a shell script, its standard error read by the printer."""
        (self.folder / "job").write_text(script)

    def hold(self, *, is_held: bool) -> None:
        """Keep jobs in the middle, or let them go on."""
        path = self.folder / "hold"
        path.touch() if is_held else path.unlink(missing_ok=True)

    async def begins(self) -> None:
        """Wait until a job is in the middle; before that, a cancel may be overtaken by it."""
        await _until((self.folder / "begun").exists)

    @property
    def documents(self) -> list[Path]:
        """The files that it got, oldest first."""
        found = [path for path in (self.folder / "spool").iterdir() if path.suffix != ".prn"]
        return sorted(found)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def running(folder: Path, formats: str) -> AsyncIterator[IppEve]:
    """Run a printer that takes `formats`."""
    printer = IppEve(folder, _free_port())
    (folder / "spool").mkdir(parents=True)
    (folder / "bus.conf").write_text(BUS.format(path=folder / "bus"))
    script = folder / "job.sh"
    script.write_text(JOB.format(folder=folder))
    script.chmod(0o755)
    printer.job()
    environment = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder / 'bus'}"}
    command = ["ippeveprinter", "-p", str(printer.port), "-n", "localhost", "-r", "off", "-k"]
    command += ["-f", formats, "-c", str(script), "-d", str(folder / "spool"), "-M", "Deli"]
    with contextlib.ExitStack() as stack, (folder / "log").open("wb") as log:
        try:
            bus = ["dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork", "--nopidfile"]
            stack.enter_context(_ended(subprocess.Popen(bus, stdout=log, stderr=log)))  # noqa: ASYNC220
            await _until((folder / "bus").exists)
            own = subprocess.Popen(  # noqa: ASYNC220 - both start at once
                [*command, "-m", "Page", "X"], env=environment, stdout=log, stderr=log
            )
        except FileNotFoundError:
            pytest.fail("a peer is missing: apt install cups-ipp-utils dbus")
        stack.enter_context(_ended(own))
        await _until(lambda: _answers(printer.port))
        yield printer
        printer.hold(is_held=False)


@contextlib.contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(READY_S):
        while not is_so():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
