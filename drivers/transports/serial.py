"""A device at a serial port: RS-232, a USB adapter, Bluetooth SPP."""

import asyncio
import contextlib
import termios
from typing import Final, Literal, get_args

import serial

from drivers.api import DriverError
from drivers.transports.descriptor import STALL_TIMEOUT_S, DescriptorLink, Handle

BAUD_DEFAULT: Final = 9_600
Flow = Literal["none", "rtscts", "xonxoff"]
FLOWS: Final[tuple[Flow, ...]] = get_args(Flow)
DRAIN_POLL_S: Final = 0.01


class SerialLink(DescriptorLink):
    """See `drivers.transports.Link`. 8 data bits, no parity, one stop bit.

    `send` returns when the port has passed on all bytes, not when its buffer has taken them.
    """

    def __init__(
        self,
        path: str,
        baud: int = BAUD_DEFAULT,
        flow: Flow = "none",
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        super().__init__(path, stall_timeout_s)
        self._baud = baud
        self._flow = flow

    async def _connect(self) -> Handle:
        try:
            port: Handle = serial.Serial(
                self.subject,
                self._baud,
                timeout=0,
                write_timeout=0,
                rtscts=self._flow == "rtscts",
                xonxoff=self._flow == "xonxoff",
                exclusive=True,
            )
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise DriverError(
                "open",
                self.subject,
                str(error),
                "check the cable and the path (ls -l /dev/serial/by-id), that this account may"
                " use it (group dialout), and that nothing else has it open",
                is_retryable=True,
            ) from error
        return port

    async def _drain(self, handle: Handle) -> None:
        assert isinstance(handle, serial.Serial)
        loop = asyncio.get_running_loop()
        left, moved_s = handle.out_waiting, loop.time()
        while left:
            await asyncio.sleep(DRAIN_POLL_S)
            if not self.is_open:
                raise OSError("closed while waiting")
            before, left = left, handle.out_waiting
            moved_s = loop.time() if left < before else moved_s
            if loop.time() - moved_s > self._stall_timeout_s:
                raise TimeoutError

    def _settle(self, handle: Handle) -> None:
        """Drop what the port still holds: closing would wait for it, and the whole box with it."""
        assert isinstance(handle, serial.Serial)
        if not handle.out_waiting:
            return  # asked, because flushing a pty takes back what the other end has not read
        with contextlib.suppress(termios.error):  # unplugged: nothing is held any more
            termios.tcflush(handle.fileno(), termios.TCOFLUSH)
