# ruff: noqa: SIM300 - what is expected stands first
"""Serial and USB links on ptys and on what is no device at all."""

import asyncio
import os
import pty
import tty
from pathlib import Path

import pytest

from drivers.api import DriverError
from drivers.transports.descriptor import DescriptorLink
from drivers.transports.serial import SerialLink
from drivers.transports.usb import UsbLink

LINKS = [SerialLink, UsbLink]


def made(kind: type, path: str, stall_timeout_s: float = 5.0) -> DescriptorLink:
    if kind is SerialLink:
        return SerialLink(path, 115_200, stall_timeout_s=stall_timeout_s)
    return UsbLink(path, stall_timeout_s)


@pytest.fixture
def line() -> tuple[int, str]:
    """Return the far end of a cable, and the near end's path."""
    far, near = pty.openpty()
    tty.setraw(near)
    return far, os.ttyname(near)


@pytest.mark.parametrize("kind", LINKS)
async def test_a_device_that_takes_nothing_more(kind: type, line: tuple[int, str]) -> None:
    """A printer that stalls ends the send with what the system took, not retryable. PRN-2."""
    _, path = line
    link = made(kind, path, stall_timeout_s=0.1)
    await link.open()
    with pytest.raises(DriverError, match="took no byte") as caught:
        await link.send(bytes(1_000_000))
    assert 0 < caught.value.bytes_out < 1_000_000
    assert not caught.value.is_retryable
    assert not link.is_open


@pytest.mark.parametrize("kind", LINKS)
async def test_an_unplugged_device_is_found_gone(kind: type, line: tuple[int, str]) -> None:
    """Pulled while an answer is awaited: an error at once; what follows says not connected."""
    far, path = line
    link = made(kind, path)
    await link.open()
    waiting = asyncio.create_task(link.receive(10))
    await asyncio.sleep(0)
    os.close(far)
    with pytest.raises(DriverError):
        await waiting
    with pytest.raises(DriverError, match="not connected"):
        await link.send(b"x")


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("what", ["missing", "file", "folder"])
async def test_what_is_no_device_is_explained(kind: type, what: str, tmp_path: Path) -> None:
    """A wrong path is a retryable error that says where to look, and leaves nothing open."""
    path = tmp_path / what
    if what == "file":
        path.write_text("not a device")
    elif what == "folder":
        path.mkdir()
    link = made(kind, str(path))
    with pytest.raises(DriverError) as caught:
        await link.open()
    assert (0, True) == (caught.value.bytes_out, caught.value.is_retryable)
    assert "ls -l /dev/" in caught.value.hint
    assert not link.is_open


async def test_a_port_has_one_user(line: tuple[int, str]) -> None:
    """A second program on a serial port is told, and the first is not disturbed."""
    far, path = line
    first, second = SerialLink(path), SerialLink(path)
    await first.open()
    with pytest.raises(DriverError, match="exclusively lock"):
        await second.open()
    await first.send(b"x")
    assert b"x" == os.read(far, 1)
    first.close()


@pytest.mark.parametrize("kind", LINKS)
async def test_closing_wakes_a_wait(kind: type, line: tuple[int, str]) -> None:
    """close() from elsewhere ends a wait with an error, and may be called again."""
    link = made(kind, line[1])
    await link.open()
    waiting = asyncio.create_task(link.receive(10))
    await asyncio.sleep(0)
    link.close()
    link.close()
    with pytest.raises(DriverError):
        await waiting
