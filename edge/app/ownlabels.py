"""The site's own labels: a printer's test label, stickers, the label of the box (DEV-6, PRN-7)."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import structlog

from drivers.api import LabelError, Raster
from edge.app.floor import Floor
from edge.app.oneoff import Outcome, print_once
from edge.app.printers import PrinterBoard
from edge.domain.commands import DeviceLabelReport, DeviceTestReport
from edge.domain.devices import sticker_code
from edge.domain.model import Device, Station
from edge.domain.stickers import station_code

HERE: Final = "扫码在此登录 SCAN TO SIGN IN"
"""What a station's sticker is for."""

log = structlog.get_logger()

Render: TypeAlias = Callable[[str, dict[str, Any]], Raster]
"""A built-in template's name and its fields → the label."""


class OwnLabels:
    """Prints labels. Each leaves at most once; what went wrong is told, not tried again."""

    def __init__(
        self,
        floor: Floor,
        board: PrinterBoard,
        render: Render,
        box_fields: Callable[[], dict[str, Any]],
    ) -> None:
        self._floor = floor
        self._board = board
        self._render = render
        self._box_fields = box_fields

    async def test(self, device: Device, station: str) -> None:
        """Print the test label that was asked for, and report what became of it."""
        assert device.test is not None
        test = device.test.id
        fields = sticker_fields(device, station, test)
        outcome = await self._print(device.id, lambda: self._render("sticker", fields), test)
        await self.report_test(device.id, test, outcome.reason)

    async def report_test(self, device_id: str, test: str, reason: str) -> None:
        """Say what became of a test label; without a reason it left."""
        data = DeviceTestReport(device_id, test, reason)
        await self._floor.insist(data, via="driver", actor="printing")

    async def stick(self, printer: Device, subject: Station | Device | None, place: str) -> None:
        """Print the label that was asked for of a printer, and report what became of it.

        It is the sticker of a station, of a device that stands at `place`, or the box's own label.
        """
        assert printer.label is not None

        def made() -> Raster:
            match subject:
                case Station():
                    return self._render("sticker", station_fields(subject.id, subject.name.zh))
                case Device():
                    return self._render("sticker", sticker_fields(subject, place))
                case _:
                    return self._render("box", self._box_fields())

        outcome = await self._print(printer.id, made, printer.label.id)
        await self.report(printer.id, printer.label.id, outcome)

    async def report(self, device_id: str, label: str, outcome: Outcome) -> None:
        """Say what became of a sticker, or of the box's label."""
        proof = "" if outcome.reason else outcome.proof.value
        data = DeviceLabelReport(device_id, label, proof, outcome.reason)
        await self._floor.insist(data, via="driver", actor="printing")

    async def _print(self, device_id: str, make: Callable[[], Raster], label: str) -> Outcome:
        slot = self._board.get(device_id)
        if slot is None:
            return Outcome("offline")
        try:
            picture = await asyncio.to_thread(make)
            return await print_once(self._board, slot, picture, f"own-{label}")
        except LabelError as error:
            log.warning("label cannot be made", device=device_id, problem=str(error),
                        hint=error.hint)  # fmt: skip
            return Outcome("label")
        except Exception:
            log.exception("label failed", device=device_id)
            return Outcome("internal")


def sticker_fields(device: Device, place: str, test: str = "") -> dict[str, Any]:
    """Return the fields of the template `sticker` for a device that stands at `place`."""
    serials = [each.partition(":")[2] for each in device.ids if each.startswith("serial:")]
    fields = {
        "code": sticker_code(device.id, test),
        "name": device.fact("name") or device.id,
        "station": place,
        "model": f"{device.fact('make')} {device.fact('model')}".strip(),
        "serial": f"SN {serials[0]}" if serials else "",
    }
    return {name: value for name, value in fields.items() if value}


def station_fields(station: str, name: str) -> dict[str, Any]:
    """Return the fields of the template `sticker` for a station."""
    return {"code": station_code(station), "name": name, "station": station, "act": HERE}
