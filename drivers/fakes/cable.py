"""A virtual printer at the other end of a cable: a pty in place of a serial or USB device."""

import asyncio
import contextlib
import os
import pty
import tty
from pathlib import Path
from typing import Final

from drivers.fakes.printer import READ_BYTES_MAX, FakePrinter, Wire

_BOTH_WAYS: Final = os.O_RDWR | os.O_NOCTTY


class Cable:
    """Connects a printer with a pty that hosts find at `path`, or with the device file there.

    Unlike a network, a cable has no connections: half a picture stays half a picture until the
    printer is told to drop it, or loses power.
    """

    def __init__(self, printer: FakePrinter, path: Path, *, has_pty: bool = True) -> None:
        self._printer = printer
        self._has_pty = has_pty
        self.path = path
        self._files: list[int] = []
        self._wire: Wire | None = None
        self._reading: asyncio.Task[None] | None = None

    async def plug_in(self) -> None:
        """Connect; nothing happens when connected."""
        if self._files:
            return
        if self._has_pty:
            end, host_end = pty.openpty()
            tty.setraw(host_end)
            self.path.symlink_to(os.ttyname(host_end))
            self._files = [end, host_end]  # its own host end keeps it alive between hosts
        else:
            end = os.open(self.path, _BOTH_WAYS)
            self._files = [end]
        os.set_blocking(end, False)
        self._wire = Wire(self._printer, self._write, self.unplug)
        self._printer.attach(self._wire)
        self._reading = asyncio.create_task(self._read(end, self._wire))

    def unplug(self) -> None:
        """Pull the cable: the host finds the device gone. May be called any number of times."""
        files, self._files = self._files, []
        if not files or self._wire is None or self._reading is None:
            return
        self._printer.detach(self._wire)
        asyncio.get_running_loop().remove_reader(files[0])
        if self._reading is not asyncio.current_task():
            self._reading.cancel()
        for each in files:
            os.close(each)
        if self._has_pty:
            self.path.unlink(missing_ok=True)

    async def _read(self, end: int, wire: Wire) -> None:
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        loop.add_reader(end, news.set)
        while self._files:
            try:
                data = os.read(end, READ_BYTES_MAX)
            except BlockingIOError:
                news.clear()
                await news.wait()
                continue
            except OSError:
                break
            if not data:
                break
            with contextlib.suppress(ConnectionResetError):
                await wire.feed(data)

    def _write(self, words: bytes) -> None:
        if self._files:
            with contextlib.suppress(OSError):  # nobody reads: the words are lost
                os.write(self._files[0], words)
