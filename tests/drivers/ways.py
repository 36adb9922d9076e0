"""How the driver tests reach virtual printers: by network, by two ptys of socat, by one pty."""

import asyncio
import subprocess
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import pytest

from drivers.api import Printer
from drivers.fakes.cable import Cable
from drivers.fakes.printer import FakePrinter


class Plug(Protocol):
    """What connects a virtual printer with the box."""

    async def plug_in(self) -> None:
        """Connect, again after it was cut."""

    def unplug(self) -> None:
        """Cut."""


class Network:
    """TCP: nothing to plug."""

    async def plug_in(self) -> None: ...

    def unplug(self) -> None: ...


class NullModem(Cable):
    """Two ptys that socat joins: the printer's end, and the box's beside it."""

    def __init__(self, printer: FakePrinter, path: Path) -> None:
        super().__init__(printer, path.with_suffix(".far"), has_pty=False)
        self._near = path
        self._socat: subprocess.Popen[bytes] | None = None

    async def plug_in(self) -> None:
        ends = [f"pty,raw,echo=0,link={path}" for path in (self._near, self.path)]
        try:
            self._socat = subprocess.Popen(["socat", *ends])  # noqa: ASYNC220 - it starts at once
        except FileNotFoundError:
            pytest.fail("socat is missing: apt install socat")
        while not (self._near.exists() and self.path.exists()):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.005)
        await super().plug_in()

    def unplug(self) -> None:
        super().unplug()
        if self._socat is not None:
            self._socat.kill()
            self._socat.wait()
        self._near.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


Rig = tuple[FakePrinter, Printer, Plug]
Printing = Callable[..., AbstractAsyncContextManager[Rig]]


def at(fake: FakePrinter, by: str, path: Path) -> tuple[str, Plug]:
    """Return the URL at which a printer is reached, and what connects it."""
    if by == "tcp":
        return fake.url, Network()
    if by == "serial":
        return f"serial://{path}?lang={fake.lang}&baud=115200", NullModem(fake, path)
    return f"usb://{path}?lang={fake.lang}", Cable(fake, path)
