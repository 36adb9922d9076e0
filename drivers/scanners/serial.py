"""Scanners at a serial port, real or by USB (CDC ACM, CH340 …)."""

from typing import Final

import serial

from drivers.api import OnScan
from drivers.scanners.framing import Framing
from drivers.scanners.source import Reading, Source, read_descriptor

READ_BYTES_MAX: Final = 4_096


class SerialScanner(Source):
    """Reads in the event loop itself: a thread costs three times the latency."""

    def __init__(self, path: str, baud: int, framing: Framing, handle: OnScan) -> None:
        super().__init__(path, framing, handle)
        self._baud = baud

    async def _listen(self) -> None:
        try:
            port = serial.Serial(self.subject, self._baud, timeout=0, exclusive=True)
        except (serial.SerialException, ValueError) as error:
            raise OSError(str(error)) from error
        reading = Reading(self._framing, self._take)
        try:
            self._note(is_open=True)
            await read_descriptor(port.fileno(), READ_BYTES_MAX, reading.feed)
        finally:
            reading.close()
            port.close()
