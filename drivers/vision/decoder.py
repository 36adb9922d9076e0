"""Hands pictures to worker processes: few, bounded in time, gone when nobody needs them."""

import asyncio
import contextlib
import sys
from typing import Final

import msgspec
import structlog

from drivers.api import Code, ImageError
from drivers.vision import check_bytes
from drivers.vision.worker import LENGTH, Reply

WORKERS_MAX: Final = 2
WAITING_MAX: Final = 16
ANSWER_S: Final = 10.0
IDLE_S: Final = 60.0
REPLY_BYTES_MAX: Final = 1_000_000

log = structlog.get_logger()
_decode = msgspec.msgpack.Decoder(Reply).decode


class WorkerDecoder:
    """Reads codes from pictures; nothing of it runs before the first one comes."""

    def __init__(self, workers_max: int = WORKERS_MAX, answer_s: float = ANSWER_S) -> None:
        self._answer_s = answer_s
        self._turns = asyncio.Semaphore(workers_max)
        self._idle: list[asyncio.subprocess.Process] = []
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def workers(self) -> int:
        """Processes that wait for a picture."""
        return len(self._idle)

    async def decode(self, data: bytes) -> list[Code]:
        """Return the codes on a picture, from top to bottom.

        Raises:
            ImageError: it is no picture, it is beyond the bounds, or it could not be read in time.
        """
        check_bytes(data)
        if self._waiting >= WAITING_MAX:
            raise ImageError("too many pictures wait", "try again in a few seconds")
        self._waiting += 1
        try:
            async with self._turns:
                return await self._ask(data)
        finally:
            self._waiting -= 1

    async def _ask(self, data: bytes) -> list[Code]:
        worker = await self._worker()
        try:
            async with asyncio.timeout(self._answer_s):
                reply = await _exchange(worker, data)
        except BaseException as error:
            await _end(worker)
            if isinstance(error, TimeoutError | OSError | EOFError | ValueError):
                log.warning("picture not read", problem=repr(error), size=len(data))
                raise ImageError(
                    "the picture could not be read", "photograph the code closer and straight on"
                ) from error
            raise
        self._idle.append(worker)
        self._rest()
        if reply.cause:
            raise ImageError(reply.cause, reply.hint)
        return reply.codes

    async def _worker(self) -> asyncio.subprocess.Process:
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "drivers.vision.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=REPLY_BYTES_MAX,
        )  # fmt: skip

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self.dismiss)

    def dismiss(self) -> None:
        """Let the processes that wait go; the next picture starts another."""
        while self._idle:
            worker = self._idle.pop()
            if worker.stdin is not None:
                worker.stdin.close()

    async def close(self) -> None:
        """End every process."""
        if self._timer is not None:
            self._timer.cancel()
        workers, self._idle = self._idle, []
        for worker in workers:
            await _end(worker)


async def _exchange(worker: asyncio.subprocess.Process, data: bytes) -> Reply:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(LENGTH.pack(len(data)) + data)
    await worker.stdin.drain()
    (length,) = LENGTH.unpack(await worker.stdout.readexactly(LENGTH.size))
    if length > REPLY_BYTES_MAX:
        raise ValueError(f"a reply of {length} bytes")
    return _decode(await worker.stdout.readexactly(length))


async def _end(worker: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()
