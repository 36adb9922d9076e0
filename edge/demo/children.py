"""A child process that is kept running, as systemd keeps a service: killed, it starts again."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final

from edge.demo.site import DemoError

READY_S: Final = 60.0
STOP_S: Final = 2.0
RESTARTS_MAX: Final = 100
RESTART_S: Final = 0.1
RESTART_FAILED_S: Final = 2.0
"""Before the next try, where a start failed."""
TAIL_LINES_MAX: Final = 5


class Child:
    """`floorgate <arguments>`, kept running until `stop`. `say` is told of each restart."""

    def __init__(
        self, name: str, arguments: Sequence[str], log: Path, say: Callable[[str], None]
    ) -> None:
        self.name = name
        self.restarts = 0
        self._arguments = arguments
        self._log = log
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process at this moment; 0 while there is none."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else 0

    async def start(self) -> None:
        """Return when the child says that it serves; raise `DemoError` if it does not."""
        with self._log.open("ab") as log:
            await self._spawn(log)
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self) -> None:
        """End the child, by force if it takes longer than `STOP_S`; may be called any time."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _spawn(self, log: IO[bytes]) -> None:
        # The child ends with the demo even where the demo is killed outright, and Ctrl-C in the
        # terminal reaches the demo alone.
        log_from = os.fstat(log.fileno()).st_size
        guard = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
        self._process = await asyncio.create_subprocess_exec(
            *guard,
            sys.executable,
            "-m",
            "edge",
            *self._arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        stdout = self._process.stdout
        assert stdout is not None
        try:
            line = await asyncio.wait_for(stdout.readline(), READY_S)
        except TimeoutError:
            line = b""
        if not line:
            raise DemoError(f"the {self.name} does not start: {self._tail(log_from)}")
        log.write(line)

    async def _keep(self) -> None:
        """Write what the child says to its log; start it again when it ends."""
        while True:
            process = self._process
            assert process is not None
            assert process.stdout is not None
            with self._log.open("ab") as log:
                while line := await process.stdout.readline():
                    log.write(line)
                    log.flush()
                code = await process.wait()
                self.restarts += 1
                if self.restarts > RESTARTS_MAX:
                    self._say(f"the {self.name} ended {self.restarts} times; see {self._log}")
                    return
                how = signal.Signals(-code).name if code < 0 else f"exit {code}"
                self._say(f"the {self.name} ended ({how}); starting it again")
                await asyncio.sleep(RESTART_S)
                try:
                    await self._spawn(log)
                except DemoError as error:
                    self._say(str(error))
                    await asyncio.sleep(RESTART_FAILED_S)

    def _tail(self, log_from: int) -> str:
        with self._log.open(errors="replace") as log:
            log.seek(log_from)
            last = deque(log, TAIL_LINES_MAX)
        return " ".join(line.strip() for line in last) or f"it said nothing; see {self._log}"
