"""A virtual printer reached within the process, for runs of thousands of labels."""

import asyncio
import contextlib
from typing import Final

from drivers.api import DriverError
from drivers.fakes.printer import FakePrinter, Wire

CHUNK_BYTES_MAX: Final = 4_096


class MemoryLink:
    """See `drivers.transports.Link`. At a cable's end the printer keeps what it got of a copy."""

    def __init__(self, printer: FakePrinter, *, is_cable: bool = False) -> None:
        self.is_cable = is_cable
        self.subject = f"memory:{printer.model}"
        self._printer = printer
        self._wire: Wire | None = None
        self._heard = b""
        self._news = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether bytes can be sent."""
        return self._wire is not None

    async def open(self) -> None:
        """Connect, unless the printer is off; nothing happens when open."""
        if self._wire is None:
            if not self._printer.is_on:
                raise self._error("open", "it is off")
            if self._printer.unplugged:
                raise self._error("open", "no such device")
            self._heard = b""
            wire = self._printer.cable() if self.is_cable else Wire(self._printer)
            wire.write, wire.cut = self._hear, self.close
            self._wire = wire
            self._printer.attach(wire)

    async def send(self, data: bytes) -> int:
        """Send all of `data`; a failure says how much the printer may have taken."""
        wire = self._opened("send")
        sent = 0
        while sent < len(data):
            chunk = data[sent : sent + CHUNK_BYTES_MAX]
            sent += len(chunk)
            with contextlib.suppress(ConnectionResetError):
                await wire.feed(chunk)
            if self._wire is not wire:
                raise self._error("send", "the line broke", bytes_out=sent)
        return sent

    async def receive(self, timeout_s: float) -> bytes:
        """Return what the printer said; b"" when nothing came in time."""
        wire = self._opened("receive")
        if not self._heard:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._news.wait()
        if self._wire is not wire:
            raise self._error("receive", "the line broke")
        heard, self._heard = self._heard, b""
        return heard

    def close(self) -> None:
        """Disconnect; may be called at any time, any number of times."""
        wire, self._wire = self._wire, None
        if wire is not None:
            self._printer.detach(wire)
            self._news.set()

    def _hear(self, words: bytes) -> None:
        self._heard += words
        self._news.set()

    def _opened(self, op: str) -> Wire:
        if self._wire is None:
            raise self._error(op, "not connected")
        return self._wire

    def _error(self, op: str, cause: str, bytes_out: int = 0) -> DriverError:
        return DriverError(
            op,
            self.subject,
            cause,
            "open it again",
            is_retryable=not bytes_out,
            bytes_out=bytes_out,
        )
