"""What the ways to a device have in common: bytes in and out of one file descriptor.

Works on the bare descriptor, because buffered writers cannot say how many bytes the system took
before a connection broke, and that number decides whether a label may be sent again.
"""

import asyncio
import contextlib
import os
import select
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Final, Protocol

from drivers.api import DriverError

STALL_TIMEOUT_S: Final = 20.0
"""Longest time in which an open printer takes not one more byte."""
RECEIVE_BYTES_MAX: Final = 4_096
CHUNK_BYTES_MAX: Final = 65_536
EMPTY_READ_PAUSE_S: Final = 0.01
"""A USB printer may answer "nothing" at once, again and again."""


class Handle(Protocol):
    """What is open: a socket, a serial port, a device file. Never blocks."""

    def fileno(self) -> int:
        """Return its descriptor."""

    def close(self) -> None:
        """Give it back to the system."""


class DescriptorLink:
    """See `drivers.transports.Link`. A subclass says how to connect."""

    is_cable: bool = True
    ends_with_empty_read: ClassVar[bool] = False
    """Whether reading nothing means that the other end has closed."""

    def __init__(self, subject: str, stall_timeout_s: float = STALL_TIMEOUT_S) -> None:
        self.subject = subject
        self._stall_timeout_s = stall_timeout_s
        self._handle: Handle | None = None
        self._waiting: asyncio.Future[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether bytes can be sent, as far as is known."""
        return self._handle is not None

    async def open(self) -> None:
        """Connect; nothing happens when open."""
        if self._handle is None:
            self._handle = await self._connect()

    async def send(self, data: bytes) -> int:
        """Send all of `data`; a failure says exactly how much the system took."""
        handle = self._opened("send")
        sent = 0
        view = memoryview(data)
        try:
            while sent < len(data):
                try:
                    sent += os.write(handle.fileno(), view[sent : sent + CHUNK_BYTES_MAX])
                except BlockingIOError:
                    async with asyncio.timeout(self._stall_timeout_s):
                        await self._ready(handle, to_write=True)
            await self._drain(handle)
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):  # TimeoutError is one
                raise DriverError(
                    "send",
                    self.subject,
                    str(error) or f"the printer took no byte in {self._stall_timeout_s:g} s",
                    "check power, cable, paper and head; scan the label if one came out",
                    is_retryable=sent == 0,
                    bytes_out=sent,
                ) from error
            raise
        return sent

    async def receive(self, timeout_s: float) -> bytes:
        """Return what has come; b"" when nothing came in time.

        Waits for bytes without taking them: one that came at the very moment of the time-out stays
        for the next call, and a lost token would be a lost proof.
        """
        handle = self._opened("receive")
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._ready(handle, to_write=False)
            data = os.read(handle.fileno(), RECEIVE_BYTES_MAX)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._lost(str(error)) from error
        if not data and (self.ends_with_empty_read or _has_hung_up(handle)):
            raise self._lost("the printer closed the connection")
        if not data:
            await asyncio.sleep(min(timeout_s, EMPTY_READ_PAUSE_S))
        return data

    def close(self) -> None:
        """Disconnect; may be called at any time, any number of times."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        if self._waiting is not None:
            loop = self._waiting.get_loop()
            loop.remove_reader(handle.fileno())
            loop.remove_writer(handle.fileno())
            _tell(self._waiting)  # wakes its user, who finds the link closed
        with contextlib.suppress(OSError):
            self._settle(handle)
        with contextlib.suppress(OSError):
            handle.close()

    @abstractmethod
    async def _connect(self) -> Handle:
        """Return what is open; raise `DriverError`."""

    async def _drain(self, handle: Handle) -> None:
        """Wait until the system has passed on what it took, where it tells."""

    def _settle(self, handle: Handle) -> None:
        """Do what must come before closing; never blocks."""

    def _opened(self, op: str) -> Handle:
        if self._handle is None:
            raise DriverError(
                op, self.subject, "not connected", "open the printer first", is_retryable=True
            )
        assert self._waiting is None, "one exchange at a time"
        return self._handle

    async def _ready(self, handle: Handle, *, to_write: bool) -> None:
        """Wait until a read or write will not block; raise `OSError` if closed meanwhile."""
        loop = asyncio.get_running_loop()
        watch: Callable[..., Any] = loop.add_writer if to_write else loop.add_reader
        unwatch = loop.remove_writer if to_write else loop.remove_reader
        self._waiting = ready = loop.create_future()
        watch(handle.fileno(), _tell, ready)
        try:
            await ready
        finally:
            self._waiting = None
            if self._handle is handle:
                unwatch(handle.fileno())
        if self._handle is not handle:
            raise OSError("closed while waiting")

    def _lost(self, cause: str) -> DriverError:
        self.close()
        return DriverError(
            "receive",
            self.subject,
            cause,
            "check the printer's power and cable, then open it again",
            is_retryable=True,
        )


def _tell(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def _has_hung_up(handle: Handle) -> bool:
    poll = select.poll()
    poll.register(handle.fileno(), 0)  # hang-ups are told unasked
    return bool(poll.poll(0))
