"""Test labels: a printer's sticker with a code of its own, printed once, scanned back (PRN-7)."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from drivers.api import LabelError, Raster
from edge.app.floor import Floor
from edge.app.oneoff import print_once
from edge.app.printers import PrinterBoard
from edge.domain.commands import DeviceTestReport
from edge.domain.devices import sticker_code
from edge.domain.model import Device

log = structlog.get_logger()

RenderSticker = Callable[[dict[str, Any]], Raster]


class TestLabels:
    """Prints test labels. Each leaves at most once; what went wrong is told, not tried again."""

    def __init__(self, floor: Floor, board: PrinterBoard, render: RenderSticker) -> None:
        self._floor = floor
        self._board = board
        self._render = render

    async def print(self, device: Device, station: str) -> None:
        """Print the test label that was asked for, and report what became of it."""
        assert device.test is not None
        try:
            reason = await self._print(device, device.test.id, station)
        except LabelError as error:
            log.warning("test label cannot be made", device=device.id, problem=str(error))
            reason = "label"
        except Exception:
            log.exception("test label failed", device=device.id)
            reason = "internal"
        await self.report(device.id, device.test.id, reason)

    async def report(self, device_id: str, test: str, reason: str) -> None:
        """Say what became of a test label; without a reason it left."""
        data = DeviceTestReport(device_id, test, reason)
        await self._floor.insist(data, via="driver", actor="printing")

    async def _print(self, device: Device, test: str, station: str) -> str:
        """Return why it did not come out, or nothing."""
        slot = self._board.get(device.id)
        if slot is None:
            return "offline"
        picture = await asyncio.to_thread(self._render, sticker_fields(device, test, station))
        return await print_once(self._board, slot, picture, f"test-{test}")


def sticker_fields(device: Device, test: str, station: str) -> dict[str, Any]:
    """Return the fields of the template `sticker`."""
    serials = [each.partition(":")[2] for each in device.ids if each.startswith("serial:")]
    fields = {
        "code": sticker_code(device.id, test),
        "name": device.fact("name") or device.id,
        "station": station,
        "model": f"{device.fact('make')} {device.fact('model')}".strip(),
        "serial": f"SN {serials[0]}" if serials else "",
    }
    return {name: value for name, value in fields.items() if value}
